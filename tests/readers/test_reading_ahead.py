"""A long table is read by a second process: what becomes of its rows is the same."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from adapters import ingest
from adapters.database import open_engine, reading
from adapters.errors import ForlopError
from adapters.profiles import default_profile
from adapters.quarantine import slips
from adapters.readers import ahead
from adapters.readers.files import RowFile, delivery
from adapters.schema import events
from adapters.summary import Summary
from benchmarks import generator

_OWN = 40  # rows that the first process reads itself
_BAD = (
    "s,1,P1,enroled,2003-01-02,2003-01-02T10:00,,x",
    "s,2,Pø,reentered,2003-01-02,2003-01-02T10:00,kvp,",
    's,3,P1,met,2003-01-02,2003-01-02T10:00,,"a, ""b""\nc"',
    "s,4,P1,registered,2003-01-02,,,a note",
    "s,5,P1,registered,2003-01-02",
    's,6,P1,registered,2003-01-02,,,"open',
)


@pytest.fixture
def long_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Rows of every kind behind sound ones, in a file that counts as long."""
    monkeypatch.setattr(ahead, "LONG", 0)
    monkeypatch.setattr(ahead, "_STARTING", _OWN)
    monkeypatch.setitem(ingest.CHUNK, "sqlite", 25)
    path = tmp_path / "long.csv"
    generator.write_csv(path, generator.events(200))
    return path


def _append(path: Path, store: Path, source: str | None = None) -> Summary:
    engine = open_engine(f"sqlite:///{store}", make=True)
    try:
        with delivery(str(path)) as found:
            return ingest.append_file(engine, RowFile(found, source), default_profile())
    finally:
        engine.dispose()


def _stored(store: Path) -> tuple[list[Any], list[Any]]:
    """The log but for ids, keys and hashes, and what is in quarantine."""
    engine = open_engine(f"sqlite:///{store}", make=False)
    with reading(engine) as connection:
        log = connection.execute(events.select().order_by(events.c.id)).all()
        said = [(r.id, r.version, r.topic, r.occurred_on, r.source, r.source_event_id) for r in log]
        states = [r.state for r in log if b'"stamped"' not in r.state and b"sealed" not in r.state]
        waiting = [
            (s.outcome, s.why, s.line, s.cells, s.raw) for s in slips(connection, status=None)
        ]
    engine.dispose()
    return [said, states], waiting


@pytest.mark.parametrize("source", [None, "s"])
def test_what_becomes_of_every_row_is_the_same(
    source: str | None, long_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = "source,event_id,participant,type,occurred_on,recorded_at,programme,note"
    sound = [
        f"{'s' if n % 2 else ''},E{n},P{n % 7},referred,2003-01-0{n % 9 + 1},,," for n in range(100)
    ]
    if source is None:
        sound = [row if row.startswith("s") else f"t{row}" for row in sound]
    long_file.write_text("\n".join([header, *sound, *_BAD]) + "\n", "utf-8")
    apart = _append(long_file, tmp_path / "apart.db", source)
    monkeypatch.setattr(ahead, "LONG", 10**9)
    alone = _append(long_file, tmp_path / "alone.db", source)
    assert apart.as_json() == alone.as_json()
    assert apart.counts.held > 0
    assert apart.counts.rejected > 3
    assert sorted(map(str, apart.troubles.values())) == sorted(map(str, alone.troubles.values()))
    assert _stored(tmp_path / "apart.db") == _stored(tmp_path / "alone.db")


def test_a_second_process_that_dies_costs_no_row(
    long_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole chunks stay, the error says what to do, and handing the file in again completes it."""
    started: list[subprocess.Popen[bytes]] = []

    class Doomed(subprocess.Popen[bytes]):
        def __init__(self, *args: Any, **more: Any) -> None:
            super().__init__(*args, **more)
            started.append(self)
            os.kill(self.pid, signal.SIGKILL)
            self.wait()

    with monkeypatch.context() as patched:
        patched.setattr(subprocess, "Popen", Doomed)
        with pytest.raises(ForlopError, match="run the command again"):
            _append(long_file, tmp_path / "s.db")
    again = _append(long_file, tmp_path / "s.db")
    assert (again.counts.duplicates, again.counts.appended) == (_OWN, 200 - _OWN)


def test_a_table_that_breaks_off_says_so(long_file: Path, tmp_path: Path) -> None:
    import gzip  # noqa: PLC0415

    broken = tmp_path / "broken.csv.gz"
    broken.write_bytes(gzip.compress(long_file.read_bytes())[:-2000])
    with pytest.raises(ForlopError, match=r"broken\.csv\.gz breaks off"):
        _append(broken, tmp_path / "s.db")
