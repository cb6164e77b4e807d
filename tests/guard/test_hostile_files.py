"""Whatever is handed in: a clear error or a row in quarantine, never a traceback, never a part."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import os
import re
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from adapters.database import open_engine, reading
from adapters.errors import ForlopError, WrongUseError
from adapters.ingest import append_file
from adapters.profiles import default_profile
from adapters.quarantine import as_csv, slips
from adapters.readers.files import RowFile, delivery
from adapters.verification.store import verify
from domain.record import COLUMNS
from tests.guard.amounts import examples
from tests.guard.deliveries import KARI, hand_in, row, small_delivery, write_csv
from tests.guard.faults import started

HOSTILE = (
    "'; DROP TABLE events; --",
    "$(touch /tmp/owned)`id`|&;<>",
    '=HYPERLINK("http://x","y")',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "+47",
    "-1",
    "\tx",
    "../../../../etc/passwd",
    "C:\\nul",
    "\u202egnp.exe\u202c",
    "\u0000midt\u0000",
    "a\u0301\u0327" * 40,
    "\ufeff",
    "\U0010ffff",
    "x" * 5000,
    '{"a":' * 40,
    "%s%n%x",
    "\r\n\r\n",
    "",
    "  ",
)
slow_to_begin = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, Path]]:
    """One store for every input of this file: whatever came before must not matter."""
    folder = tmp_path_factory.mktemp("hostile")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FORLOP_SECRET_FILE", str(folder / "secret.key"))
        engine = open_engine(f"sqlite:///{folder / 'store.db'}", make=True)
        hand_in(engine, small_delivery())
        yield engine, folder
        assert verify(engine).findings == []
        engine.dispose()


def hand_in_bytes(store: tuple[Engine, Path], content: bytes) -> None:
    """Appends a file of these bytes: refused with a message, or every row accounted for."""
    engine, folder = store
    path = folder / "handed in"
    path.write_bytes(content)
    try:
        with delivery(str(path)) as found:
            summary = append_file(engine, RowFile(found), default_profile())
    except ForlopError as error:
        assert str(error)
        return
    counts = summary.counts
    outcomes = counts.appended + counts.duplicates + counts.held + counts.rejected
    assert counts.read == outcomes
    assert all(str(trouble) for trouble in summary.troubles.values())


HEADER = ",".join(COLUMNS).encode() + b"\n"
STARTS = (b"", HEADER, b"\xef\xbb\xbf" + HEADER, b'{"source":"x"}\n', b"PAR1", b"\x1f\x8b\x08")


@settings(slow_to_begin, max_examples=examples(300))
@given(start=st.sampled_from(STARTS), content=st.binary(max_size=600))
def test_random_bytes_under_every_format(
    store: tuple[Engine, Path], start: bytes, content: bytes
) -> None:
    hand_in_bytes(store, start + content)


def valid_file() -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    writer.writerows(small_delivery())
    return out.getvalue().encode()


@settings(slow_to_begin, max_examples=examples(300))
@given(data=st.data(), packed=st.booleans(), lines=st.booleans())
def test_a_sound_file_damaged_anywhere(
    store: tuple[Engine, Path], data: st.DataObject, packed: bool, lines: bool
) -> None:
    sound = valid_file()
    if lines:
        sound = b"\n".join(orjson.dumps(dict(one)) for one in small_delivery())
    content = bytearray(gzip.compress(sound, mtime=0) if packed else sound)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content)))
        stop = at + data.draw(st.integers(0, 20))
        content[at:stop] = data.draw(st.binary(max_size=8))
    hand_in_bytes(store, bytes(content))


anything = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=40))


@settings(slow_to_begin, max_examples=examples(300))
@given(
    cells=st.dictionaries(st.sampled_from(COLUMNS), anything, min_size=3),
    sound=st.sampled_from(small_delivery()),
    as_json=st.booleans(),
)
def test_hostile_text_in_every_field(
    store: tuple[Engine, Path], cells: dict[str, str], sound: dict[str, str], as_json: bool
) -> None:
    full = dict(sound) | cells
    if as_json:
        hand_in_bytes(store, orjson.dumps(full))
        return
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    writer.writerow(full)
    hand_in_bytes(store, out.getvalue().encode("utf-8", "surrogatepass"))


deep = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**63), st.floats(), anything),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(anything, inner)),
)


@settings(slow_to_begin, max_examples=examples(100))
@given(cells=st.dictionaries(st.one_of(st.sampled_from(COLUMNS), anything), deep, max_size=6))
def test_any_json_value_in_any_key(store: tuple[Engine, Path], cells: dict[str, Any]) -> None:
    with contextlib.suppress(TypeError):  # an integer beyond 64 bits is no JSON that we can write
        hand_in_bytes(store, orjson.dumps(cells))


@pytest.mark.parametrize("depth", [100, 2000, 100_000])
def test_json_as_deep_as_it_likes(store: tuple[Engine, Path], depth: int) -> None:
    hand_in_bytes(store, b'{"note":' + b"[" * depth + b"]" * depth + b"}\n")
    hand_in_bytes(store, b'{"note":' + b'{"a":' * depth + b"1" + b"}" * depth + b"}\n")


@pytest.mark.parametrize(
    "name", ["", "a\0b", "x" * 5000, "/dev/zero", "/dev/stdin/..", "~", "..", "\udcff.csv", "-n"]
)
def test_no_file_name_gets_further_than_a_message(name: str) -> None:
    with pytest.raises(WrongUseError), delivery(name) as found:
        RowFile(found)


def test_a_file_whose_name_is_not_text_is_read_and_named(
    store: tuple[Engine, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, folder = store
    monkeypatch.chdir(folder)
    name = os.fsdecode(b"rad\xff'; DROP TABLE x; --\n\x1b[31m.csv")
    write_csv(Path(name), [row("z1", KARI, "nothing", "2024-01-01")])
    with delivery(name) as found:
        summary = append_file(engine, RowFile(found), default_profile())
    (trouble,) = summary.troubles.values()
    assert str(trouble).encode() and str(trouble).isprintable()


def test_the_export_for_mending_holds_no_formula(store: tuple[Engine, Path]) -> None:
    engine, _ = store
    cells = dict(row("formel", KARI, "=1+1", "2024-01-01", note="=cmd|' /C calc'!A0"))
    hand_in(engine, [cells | {"office": "@SUM(1)", "provider": "-2+3", "result": "\t=1"}])
    with reading(engine) as connection:
        written = as_csv(slips(connection)).decode()
    for found in csv.reader(io.StringIO(written)):
        assert not [cell for cell in found if cell[:1] in tuple("=+-@\t\r") and not number(cell)]


def number(cell: str) -> bool:
    """Whether a cell is a plain number, as JSON may have held, which runs nothing."""
    return re.fullmatch(r"-?[0-9.]+(e[-+]?[0-9]+)?", cell) is not None


@pytest.mark.parametrize("kind", ["csv", "quoted csv", "header", "json", "gzip"])
def test_a_line_of_100_megabytes_is_one_row_in_bounded_memory(
    store: tuple[Engine, Path], kind: str
) -> None:
    engine, folder = store
    path = folder / "long"
    with gzip.open(path, "wb", 1) if kind == "gzip" else path.open("wb") as file:
        file.write(b"" if kind == "header" else b"{" if kind == "json" else HEADER)
        file.write(b'"' if kind == "quoted csv" else b"")
        for _ in range(100):
            file.write(b"x" * (1 << 20))
        file.write(b"\n")

    def work(_: Engine) -> None:
        hand_in_bytes(store, b"\n")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with contextlib.suppress(WrongUseError), delivery(str(path)) as found:
            assert append_file(engine, RowFile(found), default_profile()).counts.rejected == 1
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10
        assert grown < 80, f"{grown} MB"

    engine.dispose()
    job = started(str(engine.url), work)
    job.join()
    path.unlink()
    assert job.exitcode == 0
