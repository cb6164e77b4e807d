"""A file that a second process reads ahead becomes the log that it becomes without one."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from subprocess import Popen
from typing import Any

import orjson
import pytest
from sqlalchemy import Engine, select

from adapters import ingest
from adapters.database import open_engine, reading
from adapters.errors import ForlopError
from adapters.ingest import append_file
from adapters.profiles import default_profile
from adapters.quarantine import slips
from adapters.readers import ahead
from adapters.readers.files import RowFile, delivery
from adapters.readers.packing import unpack
from adapters.schema import events
from domain.record import COLUMNS
from tests.guard.deliveries import many_rows

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
FIRST = 40  # rows that are read where they are appended
_ODD: list[dict[str, str]] = [
    {"type": "enroled", "event_id": "o1"},
    {"type": "sanctioned", "event_id": "o2", "reason": "unknown_reason"},
    {"type": "referred", "event_id": "o3", "note": 'he said "no",\nand left'},
    {"type": "referred", "event_id": "o4", "note": "Ærlig talt"},
    {"type": "exited", "event_id": "o5", "programme": "kvp", "destination": "work"},
    {"type": "linked", "event_id": "o6", "same_as": "P2"},
    {"type": "referred", "event_id": "o7", "recorded_at": "2026-01-01T00:00:00Z"},
    {"type": "voided", "event_id": "o8", "replaces": "o3"},
]


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "_WORTH_IT", 0)
    monkeypatch.setattr(ingest, "LEAST", FIRST)


@pytest.fixture(autouse=True)
def came_over(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The pieces that another process has read so far."""
    pieces: list[bytes] = []

    def taking(packed: bytes, *others: Any) -> Any:
        pieces.append(packed)
        return unpack(packed, *others)

    monkeypatch.setattr(ahead, "unpack", taking)
    return pieces


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "events.csv"
    whose = {"participant": "P1", "source": "other", "occurred_on": "2024-01-02"}
    with found.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        for place, row in enumerate(many_rows(1, 40)):
            writer.writerow(row)
            if place % 15 == 0:
                writer.writerow(whose | _ODD[place // 15 % len(_ODD)])
        file.write("too,few,cells\n\n")
        writer.writerow(whose | {"type": "met", "event_id": "last", "kind": "information"})
    return found


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = open_engine(f"sqlite:///{tmp_path}/ahead.db", make=True)
    yield made
    made.dispose()


def told(engine: Engine) -> tuple[list[Any], list[Any]]:
    """All of a log but what is drawn at random, and what waits or was refused."""
    kept = (
        events.c.topic, events.c.state, events.c.occurred_on, events.c.source_event_id,
        events.c.version,
    )  # fmt: skip
    log = []
    with reading(engine) as connection:
        for topic, state, *others in connection.execute(select(*kept).order_by(events.c.id)):
            said = orjson.loads(bytes(state))
            said |= {name: "" for name in ("sealed", "same_as") if name in said}
            log.append((topic, said, *others))
        aside = [(s.line, s.outcome, s.why, s.raw, s.cells) for s in slips(connection)]
    return log, aside


def appended(engine: Engine, path: Path, source: str | None = None) -> dict[str, Any]:
    with delivery(str(path)) as file:
        rows = RowFile(file, source)
        return dict(append_file(engine, rows, default_profile(), now=lambda: NOW).as_json())


def without_another(monkeypatch: pytest.MonkeyPatch, path: Path, source: str | None) -> Any:
    """What the file comes to where it is read by the one process."""
    other = open_engine(f"sqlite:///{path.parent}/alone.db", make=True)
    with monkeypatch.context() as patched:
        patched.setattr(ahead, "_WORTH_IT", 1 << 40)
        summary = appended(other, path, source)
    log = told(other)
    other.dispose()
    return summary, log


def test_the_log_and_the_quarantine_are_the_same(
    engine: Engine, path: Path, monkeypatch: pytest.MonkeyPatch, came_over: list[bytes]
) -> None:
    summary, log = without_another(monkeypatch, path, None)
    assert not came_over
    assert appended(engine, path) == summary
    assert came_over
    assert told(engine) == log
    assert {outcome for _, outcome, *_ in log[1]} == {"held", "rejected"}


def test_so_they_are_where_a_source_is_given(
    engine: Engine, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary, log = without_another(monkeypatch, path, "other")
    assert appended(engine, path, "other") == summary
    assert told(engine) == log


def test_the_same_file_again_is_nothing_but_duplicates(engine: Engine, path: Path) -> None:
    appended(engine, path)
    before = told(engine)
    again = appended(engine, path)
    assert (again["appended"], again["read"]) == (0, again["duplicates"] + again["rejected"])
    assert told(engine) == before


def test_a_file_with_some_known_events_among_new_ones(
    engine: Engine, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, log = without_another(monkeypatch, path, None)
    part = path.with_name("part.csv")
    part.write_text("".join(path.read_text("utf-8").splitlines(keepends=True)[:-30]), "utf-8")
    appended(engine, part)
    appended(engine, path)
    assert told(engine)[0] == log[0]


_DIES_AT_ONCE = "import sys; sys.stdin.buffer.read()"
_DIES_HALF_WAY = """
import sys
sys.path[:] = {path!r}
from adapters.readers import ahead
send = ahead._send
def cut(out, kind, content=b"", read=0):
    out.write(ahead._FRAME.pack(kind, len(content), read) + content[:100])
    sys.exit(1)
ahead._send = cut
ahead.serve()
"""


@pytest.mark.parametrize("start", [_DIES_AT_ONCE, _DIES_HALF_WAY])
def test_where_the_second_process_ends_the_first_reads_on(
    engine: Engine, path: Path, monkeypatch: pytest.MonkeyPatch, start: str
) -> None:
    summary, log = without_another(monkeypatch, path, None)
    monkeypatch.setattr(ahead, "_START", start)
    assert appended(engine, path) == summary
    assert told(engine) == log


def test_so_it_does_where_no_second_one_can_be_started(
    engine: Engine, path: Path, monkeypatch: pytest.MonkeyPatch, came_over: list[bytes]
) -> None:
    summary, log = without_another(monkeypatch, path, None)
    monkeypatch.setattr("sys.executable", str(path))
    assert appended(engine, path) == summary
    assert (told(engine), came_over) == (log, [])


def test_a_file_that_breaks_off_is_told_as_without_it(
    engine: Engine, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = path.with_suffix(".csv.gz")
    packed.write_bytes(gzip.compress(path.read_bytes())[:-20])
    with pytest.raises(ForlopError) as alone:
        without_another(monkeypatch, packed, None)
    with pytest.raises(ForlopError) as with_another:
        appended(engine, packed)
    assert str(with_another.value) == str(alone.value)
    whole = path.with_name("whole.csv")
    summary, log = without_another(monkeypatch, path.rename(whole), None)
    appended(engine, whole)
    assert told(engine)[0] == log[0]
    assert summary["appended"] == len(log[0])


def test_it_is_gone_when_the_append_is_stopped(
    engine: Engine, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Popen[bytes]] = []
    start = ahead._started

    def starting() -> Popen[bytes]:
        started.append(start())
        return started[0]

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ahead, "_started", starting)
    with delivery(str(path)) as file, pytest.raises(KeyboardInterrupt):
        append_file(engine, RowFile(file), default_profile(), done=stop)
    assert [process.returncode is None for process in started] == [False]
