"""A figure from a ready copy loads little, says the same, and gives way where it cannot answer."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from adapters.answers import Asked, answer
from adapters.database import open_engine, writing
from adapters.profiles import default_profile
from adapters.ready import from_ready_copy
from domain.calendar import parse_day

_PROFILE = default_profile()
_ASKED = Asked("stock", at=parse_day("2003-12-31"), by=("sex",))
_ROWS = """source,event_id,participant,type,occurred_on,recorded_at,programme,same_as,sex
a,1,P1,registered,2003-01-01,2003-01-01T10:00:00Z,,,female
a,2,P1,enrolled,2003-02-01,2003-02-01T10:00:00Z,tiltaksplan,,
a,3,P2,enrolled,2003-03-01,2003-03-01T10:00:00Z,tiltaksplan,,
"""
_LINKED = "a,4,P1,linked,2003-04-01,2003-04-01T10:00:00Z,,P2,\n"
# What takes longer to load than such a figure takes to count.
_HEAVY = (
    "sqlalchemy", "pydantic", "eventsourcing", "cryptography", "rich", "domain.events",
    "adapters.event_store", "projections.reference", "projections.columnar.building",
)  # fmt: skip
_RUN = "import sys; sys.argv[0] = 'forlop'; from cli.main import run\ntry: run()\n"
_LOADED = _RUN + "finally: print(*sys.modules, file=sys.stderr)"


def forlop(store: Path, *arguments: str) -> tuple[str, set[str]]:
    """What a command prints in a process of its own, and the modules that it loaded."""
    ran = subprocess.run(
        [sys.executable, "-c", _LOADED, *arguments, "--store", f"sqlite:///{store}"],
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stdout, set(ran.stderr.split())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of two participants, whose copy is ready."""
    path = tmp_path_factory.mktemp("made") / "store.db"
    append(path, _ROWS)
    forlop(path, "stock", "--at", "2003-12-31")
    return path


@pytest.fixture
def store(made: Path, tmp_path: Path) -> Path:
    """That store, with all that lies beside it, to do anything to."""
    shutil.copytree(made.parent, tmp_path, dirs_exist_ok=True)
    return tmp_path / made.name


def append(store: Path, rows: str) -> None:
    file = store.with_suffix(".csv")
    file.write_text(rows, "utf-8")
    forlop(store, "append", str(file))


def ready(store: Path, asked: Asked = _ASKED) -> bytes | None:
    found = from_ready_copy(f"sqlite:///{store}", _PROFILE, asked)
    return None if found is None else found.as_json()


def whole_way(store: Path, asked: Asked = _ASKED, by: str = "reference") -> bytes:
    engine = open_engine(f"sqlite:///{store}", make=False)
    try:
        return answer(engine, _PROFILE, asked, by).as_json()  # type: ignore[arg-type]
    finally:
        engine.dispose()


@pytest.mark.parametrize(
    "arguments",
    [
        ("stock", "--at", "2003-12-31", "--by", "target_group,sex", "--json"),
        ("series", "--from", "2003-01-01", "--to", "2003-12-31", "--every", "quarter"),
        ("exits", "--at", "2003-12-31", "--format", "csv", "--where", "sex=female"),
        ("dwell", "--of", "enrolment", "--at", "2003-12-31", "--format", "md"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_figure_from_a_ready_copy_loads_no_database_library_and_no_event_types(
    store: Path, arguments: tuple[str, ...]
) -> None:
    _, loaded = forlop(store, *arguments)
    drawn = {"rich"} if "--format" not in arguments and "--json" not in arguments else set()
    assert "duckdb" in loaded
    assert loaded & set(_HEAVY) == drawn


def test_one_command_loads_no_other(store: Path) -> None:
    _, loaded = forlop(store, "stock", "--at", "2003-12-31", "--json")
    assert "cli.figures" in loaded
    assert not loaded & {"cli.append", "cli.explain", "cli.report", "cli.quarantine"}


def test_the_api_loads_nothing_until_a_store_is_opened() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", "import sys, forlop; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert not set(ran.stdout.split()) & {*_HEAVY, "duckdb"}


def test_a_ready_copy_says_what_the_reference_engine_says(store: Path) -> None:
    assert ready(store) == whole_way(store)


def test_a_copy_that_is_behind_gives_way_and_the_figure_has_the_new_event(store: Path) -> None:
    append(store, _ROWS + "a,5,P3,enrolled,2003-05-01,2003-05-01T10:00:00Z,tiltaksplan,,\n")
    assert ready(store) is None
    assert b'"persons": 3' in whole_way(store, by="columnar")
    assert ready(store) == whole_way(store)


def test_who_must_be_counted_by_their_events_is_not_left_out(store: Path) -> None:
    append(store, _ROWS + _LINKED)
    printed, _ = forlop(store, "stock", "--at", "2003-12-31", "--by", "sex", "--json")
    assert ready(store) is None
    assert printed.encode() == whole_way(store)


def test_an_earlier_position_counts_what_was_appended_up_to_there(store: Path) -> None:
    asked = Asked("stock", at=parse_day("2003-12-31"), position=2)
    printed, _ = forlop(store, "stock", "--at", "2003-12-31", "--position", "2", "--json")
    assert printed.encode() == whole_way(store, asked)


@pytest.mark.parametrize(
    "url",
    ["sqlite:///{}?timeout=3", "sqlite:///:memory:", "sqlite:///{}.not_there", "postgresql://x/y"],
)
def test_what_is_no_plain_store_is_left_to_who_opens_it_whole(store: Path, url: str) -> None:
    assert from_ready_copy(url.format(store), _PROFILE, _ASKED) is None


def test_a_store_of_another_version_is_left_to_who_says_so(store: Path) -> None:
    engine = open_engine(f"sqlite:///{store}", make=False)
    with writing(engine) as connection:
        connection.execute(text("UPDATE forlop_store SET value = '99' WHERE name LIKE 'schema%'"))
    engine.dispose()
    assert ready(store) is None


def test_looking_for_a_store_makes_no_file(tmp_path: Path) -> None:
    assert ready(tmp_path / "none.db") is None
    assert not list(tmp_path.iterdir())
