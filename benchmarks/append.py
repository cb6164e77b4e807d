"""Append beside the library used plainly, and beside what the database itself takes.

python -m benchmarks.append --events 500000 --stored 1000000
"""

from __future__ import annotations

import argparse
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, create_engine, select

import forlop
from adapters.database import open_engine, reading
from adapters.event_store import Row as LogRow
from adapters.event_store import insert_rows
from adapters.ingest import CHUNK
from adapters.schema import events, metadata
from benchmarks import generator, naive
from benchmarks.databases import KINDS, Databases, databases
from benchmarks.measuring import Took, in_turn, median, same, timed
from benchmarks.results import Compared, Row, keep, rates

_ROUNDS: Final = 3
_NAIVE: Final = 1_000  # events that the naive path is given; it takes the same time for each
_SLICES: Final = 3


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--events", type=int, default=500_000)
    asked.add_argument("--stored", type=int, default=1_000_000, help="in the store beforehand")
    asked.add_argument("--only", choices=KINDS, help="one of the databases")
    given = asked.parse_args()
    empty: list[Row] = []
    full: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="forlop-bench-") as folder:
        files = Files.written(Path(folder), given.events, given.stored)
        for kind in [given.only] if given.only else KINDS:
            with databases(kind) as made:
                empty += _empty(made, files.events, given.events)
                keep("append", given.events, empty)
                full.append(_full(made, files, given.stored))
                keep("append to a full store", given.stored, full)


@dataclass(frozen=True, slots=True)
class Files:
    """What is appended: to an empty store; before the full one is measured, and to it, and as much
    to an empty one."""

    events: Path
    before: Path
    later: list[Path]
    first: Path
    size: int
    """Events in `first`, and in each of `later`."""

    @classmethod
    def written(cls, folder: Path, count: int, stored: int) -> Files:
        size = max(count // _SLICES, 1)
        later = [folder / f"later{number}.csv" for number in range(_SLICES)]
        made = cls(folder / "events.csv", folder / "before.csv", later, folder / "first.csv", size)
        rows = generator.events(stored + size * _SLICES)
        for path, number in [(made.before, stored), *((path, size) for path in later)]:
            generator.write_csv(path, islice(rows, number))
        generator.write_csv(made.events, generator.events(count))
        generator.write_csv(made.first, generator.events(size))
        return made


def _empty(made: Databases, path: Path, count: int) -> Iterator[Row]:
    """Into an empty store: the whole way, the naive one, and the bare insert of the same rows."""
    stored, few = _stored(made, path), list(generator.events(min(_NAIVE, count)))
    urls: dict[str, str] = {}

    def fresh(side: str) -> Callable[[], None]:
        def make() -> None:
            urls[side] = made.new()

        return make

    took = in_turn(
        {
            "ours": lambda: _append(urls["ours"], path, count),
            "naive": lambda: naive.append(urls["naive"], few),
            "raw": lambda: _raw(urls["raw"], stored),
        },
        _ROUNDS,
        {side: fresh(side) for side in ("ours", "naive", "raw")},
    )
    ours, raw = _each(took["ours"], count), _each(took["raw"], count)
    plain = _each(took["naive"], len(few))
    raw_name = "raw executemany" if made.kind == "sqlite" else "raw binary COPY"
    times, share = plain.wall / ours.wall, raw.wall / ours.wall
    note = f"{times:.0f} times as fast; wanted: 45"
    yield Compared(f"append, {made.kind}, an event", "naive library path", ours, plain, "µs", note)
    note = f"{share:.0%} of its speed; wanted: 35 %"
    yield Compared(f"append, {made.kind}, an event", raw_name, ours, raw, "µs", note)
    yield from rates(f"append, {made.kind}", took["ours"], count)


def _full(made: Databases, files: Files, stored: int) -> Compared:
    """Into a store that is full already, beside the same number into an empty one."""
    url, size = made.new(), files.size
    _append(url, files.before, stored)
    full, empty = [], []
    for path in files.later:
        full.append(_timed_append(url, path, size))
        empty.append(_timed_append(made.new(), files.first, size))
    return Compared(
        f"append to {stored:,} stored, {made.kind}, an event",
        "to an empty store",
        _each(median(full), size),
        _each(median(empty), size),
        "µs",
        "wanted: at most 2",
    )


def _timed_append(url: str, path: Path, count: int) -> Took:
    return timed(lambda: _append(url, path, count))


def _append(url: str, path: Path, count: int) -> None:
    with forlop.open_store(url, make=True) as store:
        summary = store.append_file(path)
    same(summary.as_json()["appended"], count, "appended")


def _stored(made: Databases, path: Path) -> list[LogRow]:
    """The rows of the log that a file comes to, as the bare insert is given them."""
    url = made.new()
    with forlop.open_store(url, make=True) as store:
        store.append_file(path)
    engine = open_engine(url, make=False)
    with reading(engine) as connection:
        found: list[Any] = [
            (*row[:5], row[5].isoformat(), *row[6:]) for row in connection.execute(select(events))
        ]
    engine.dispose()
    return found


def _raw(url: str, rows: list[LogRow]) -> None:
    """The same rows into a table with the same columns and indexes, as fast as the driver can."""
    engine = create_engine(url)
    metadata.create_all(engine, [events])
    size = CHUNK[engine.dialect.name]
    if engine.dialect.name == "sqlite":
        _raw_sqlite(engine, rows, size)
    else:
        for start in range(0, len(rows), size):
            with engine.begin() as connection:
                insert_rows(connection, rows[start : start + size])
    engine.dispose()


def _raw_sqlite(engine: Engine, rows: list[LogRow], size: int) -> None:
    marks = ", ".join("?" * len(events.columns))
    connection = sqlite3.connect(str(engine.url.database))
    connection.execute("PRAGMA synchronous=FULL")
    for start in range(0, len(rows), size):
        some = rows[start : start + size]
        with connection:
            connection.executemany(f"INSERT INTO events VALUES ({marks})", some)
    connection.close()


def _each(took: Took, count: int) -> Took:
    return Took(took.wall / count, took.cpu / count)


if __name__ == "__main__":
    main()
