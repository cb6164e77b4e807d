"""Files that steer the program, and what case systems send, damaged: a clear message each."""

from __future__ import annotations

import copy
import shutil
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.case_systems.deliveries import STORIES
from tests.case_systems.test_bad_input import leaves
from tests.command_line import Said, command
from tests.guard.amounts import examples
from tests.guard.deliveries import many_rows, small_delivery, write_csv
from tests.guard.test_hostile_files import HOSTILE
from tests.reports.test_own_reports import REPORT as OWN

FILES = [(system, name) for system, names in STORIES.values() for name in names]
SAMPLES = Path(__file__).parents[1] / "case_systems" / "samples"
SHIPPED = Path(__file__).parents[2] / "adapters"
PROFILE: Mapping[str, str] = {
    "profile.toml": (
        'name = "mine"\nextends = "default"\n\n[[age_bands]]\ncode = "young"\nlowest = 0\n'
        'highest = 24\n\n[[age_bands]]\ncode = "old"\nlowest = 25\n\n'
        '[[target_groups]]\ncode = "youth"\nages = [0, 24]\n'
    ),
    "codes.csv": "list,code,group,label_nb,label_en\ntarget_group,youth,,Ungdom,Youth\n",
    "offices.csv": "office,county\n0301,03\n",
    "units.csv": "municipality,unit\n0301,oslo\n",
    "sources.csv": "measure,source,ends_from,ends_to\n,komet,2024-01-01,\n",
    "places.csv": "measure,provider,from,to,places\nwage_subsidy,x,2024-01-01,2024-12-31,5\n",
}
REPORT = OWN.replace("2003-12-31", "2024-03-31").replace("tiltaksplan", "kvp")
ASKED = (
    "stock --at 2024-03-31 --by programme,sex",
    "stock --from 2024-01-01 --to 2024-03-31",
    "series --from 2024-01-01 --to 2024-06-30 --every quarter",
    "exits --at 2024-12-31 --window 90d --by destination",
    "outcomes --at 2024-12-31",
    "dwell --at 2024-12-31 --curve",
    "explain stock --at 2024-03-31 --where programme=kvp",
    "diff stock --known-at 2024-03-31 --known-at 2024-12-31 --at 2024-02-28",
)
hostile = settings(
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # to make an input smaller takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a store in it, used for every input: whatever came before must not matter."""
    folder = tmp_path_factory.mktemp("settings")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FORLOP_SECRET_FILE", str(folder / "secret.key"))
        patch.setenv("FORLOP_STORE", f"sqlite:///{folder / 'store.db'}")
        patch.setenv("FORLOP_USER", "kari")
        patch.chdir(folder)
        write_csv(folder / "rows.csv", [*small_delivery(), *many_rows(4, 20)])
        assert command("append rows.csv").code == 3
        yield folder
        assert command("verify").code == 0


def clear(said: Said) -> None:
    """Whatever a command was given, it did its work or said in a message what is wrong."""
    assert said.code in (0, 1, 2, 3), said
    assert "Traceback" not in said.err
    if said.code == 2:
        assert said.err.strip(), said


values: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([text.replace("\0", "") for text in HOSTILE]),
    st.sampled_from(["2024-02-30", "9999-12-31", "0001-01-01", [], {}, [[]], [None], {"a": 1}]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
)


def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """Bytes cut, put in, or doubled, here and there."""
    found = bytearray(content)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(found)))
        stop = at + draw(st.integers(0, 12))
        new = st.one_of(st.binary(max_size=6), st.sampled_from(HOSTILE).map(str.encode))
        found[at:stop] = draw(new)
    return bytes(found)


def altered(draw: st.DrawFn, value: Any) -> Any:
    """A JSON value with others in a few places of it."""
    changed = copy.deepcopy(value)
    for _ in range(draw(st.integers(1, 3))):
        places = leaves(changed)
        if places:
            container, key = draw(st.sampled_from(places))
            if isinstance(container, dict) and draw(st.booleans()):
                del container[key]
            else:
                container[key] = copy.deepcopy(draw(values))  # they may be altered themselves
    return changed


@st.composite
def lines_altered(draw: st.DrawFn, text: str) -> bytes:
    """A file of lines, a value, a line or some bytes of which are not what they should be."""
    if draw(st.booleans()):
        return damaged(draw, text.encode())
    lines = text.splitlines()
    at = draw(st.integers(0, len(lines) - 1))
    key, sign, _ = lines[at].partition(" = ")
    shown = draw(values.map(as_toml))
    new = f"{key} = {shown}" if sign else ",".join(draw(st.lists(st.sampled_from(HOSTILE))))
    lines[at : at + draw(st.integers(0, 1))] = [new]
    return "\n".join(lines).encode()


def as_toml(value: Any) -> str:
    return orjson.dumps(value).decode().replace("null", '""')


@settings(hostile, max_examples=examples(10))
@given(data=st.data())
def test_what_a_case_system_sends(place: Path, data: st.DataObject) -> None:
    system, name = data.draw(st.sampled_from(FILES))
    content = (SAMPLES / name).read_bytes()
    if name.endswith(".dat") or data.draw(st.booleans()):
        content = data.draw(st.composite(damaged)(content))
    else:
        lines = content.splitlines() if name.endswith("jsonl") else [content]
        change = st.composite(altered)
        content = b"\n".join(orjson.dumps(data.draw(change(orjson.loads(one)))) for one in lines)
    (place / "sent").write_bytes(content)
    whose = "--participant p1" if system == "digisos" else ""
    clear(command(f"append --from {system} {whose} sent"))


@settings(hostile, max_examples=examples(8))
@given(data=st.data(), name=st.sampled_from(["municipal_measures", "arena_extract"]))
def test_a_mapping_and_the_list_that_it_reads(place: Path, data: st.DataObject, name: str) -> None:
    mapping = SHIPPED / "case_systems" / "data" / f"mapping_{name}.toml"
    rows = (SAMPLES / "mapping" / f"{name}.csv").read_bytes()
    if data.draw(st.booleans()):
        (place / "m.toml").write_bytes(data.draw(lines_altered(mapping.read_text("utf-8"))))
    else:
        shutil.copy(mapping, place / "m.toml")
        rows = data.draw(st.composite(damaged)(rows))
    (place / "list.csv").write_bytes(rows)
    clear(command("mapping check m.toml list.csv"))
    clear(command("append --mapping m.toml list.csv"))


@settings(hostile, max_examples=examples(10))
@given(content=lines_altered(REPORT))
def test_a_report_of_one_s_own(place: Path, content: bytes) -> None:
    (place / "own.toml").write_bytes(content)
    checked = command("report check own.toml")
    clear(checked)
    ran = command("report run own.toml")
    clear(ran)
    assert checked.code == 2 or ran.code in (0, 1, 2)


@settings(hostile, max_examples=examples(10))
@given(data=st.data(), name=st.sampled_from(sorted(PROFILE)))
def test_a_profile_s_folder(place: Path, data: st.DataObject, name: str) -> None:
    folder = place / "profile"
    folder.mkdir(exist_ok=True)
    for file, text in PROFILE.items():
        (folder / file).write_text(text, "utf-8")
    (folder / name).write_bytes(data.draw(lines_altered(PROFILE[name])))
    clear(command("profile check profile"))
    clear(command("stock --at 2024-03-31 --by age_band,county,unit --profile profile"))
    clear(command("append rows.csv --from komet --profile profile --dry-run"))
    period = "--from 2024-01-01 --to 2024-03-31"
    clear(command(f"capacity {period} --places profile/places.csv"))


@pytest.fixture(scope="module")
def published(place: Path) -> dict[str, Any]:
    assert place.is_dir()
    return {line: orjson.loads(command(f"{line} --json").out) for line in ASKED}


@settings(hostile, max_examples=examples(10))
@given(data=st.data(), line=st.sampled_from(ASKED))
def test_a_published_output_to_be_made_again(
    place: Path, published: dict[str, Any], data: st.DataObject, line: str
) -> None:
    if data.draw(st.integers(0, 3)):
        content = orjson.dumps(data.draw(st.composite(altered)(published[line])))
    else:
        content = data.draw(st.composite(damaged)(orjson.dumps(published[line])))
    (place / "published.json").write_bytes(content)
    clear(command("rerun published.json"))


@settings(hostile, max_examples=examples(10))
@given(data=st.data())
def test_a_publication_to_be_audited(
    place: Path, published: dict[str, Any], data: st.DataObject
) -> None:
    told = [published[line] for line in ASKED[:4]]
    if data.draw(st.integers(0, 3)):
        content = orjson.dumps(data.draw(st.composite(altered)(told)))
    else:
        content = data.draw(st.composite(damaged)(orjson.dumps(told)))
    folder = place / "audited"
    folder.mkdir(exist_ok=True)
    (folder / "figures.json").write_bytes(content)
    clear(command("audit audited/figures.json"))


@settings(hostile, max_examples=examples(8))
@given(data=st.data())
def test_a_list_of_erasures(place: Path, data: st.DataObject) -> None:
    store = orjson.loads(command("verify --json").out)
    line = {
        "store": store["head"],
        "participant_id": "ab" * 16,
        "erased_at": 1,
        "erased_by": "x",
        "reason": "y",
        "slips": [1],
        "subjects": ["ab"],
    }
    content = orjson.dumps(data.draw(st.composite(altered)(line)))
    (place / "list.erased").write_bytes(content)
    clear(command("erase --replay --ledger list.erased"))


def test_what_is_damaged_here_is_sound_to_begin_with(place: Path) -> None:
    assert tomllib.loads(REPORT) and tomllib.loads(PROFILE["profile.toml"])
    (place / "own.toml").write_text(REPORT, "utf-8")
    assert command("report run own.toml").code == 0
    folder = place / "sound"
    folder.mkdir()
    for file, text in PROFILE.items():
        (folder / file).write_text(text, "utf-8")
    assert command("profile check sound").code == 0
    assert command("capacity --from 2024-01-01 --to 2024-03-31 --places sound/places.csv").code == 0
