"""Building the columnar copy beside reading and writing the log; refreshing it after new events.

python -m benchmarks.copying --events 1000000
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

import duckdb
from sqlalchemy import Engine

from adapters.answers import Asked, answer, head_at
from adapters.columnar_copy import ColumnarCopy
from adapters.database import reading
from adapters.log_columns import adbc_database
from adapters.profiles import default_profile
from benchmarks import stores
from benchmarks.generator import Row as EventRow
from benchmarks.measuring import Took, Work, in_turn, median, timed
from benchmarks.questions import AT
from benchmarks.results import Compared, Noted, Row, keep

_NEW: Final = (100_000, 10_000, 1_000)
_ONES: Final = (2_500, 10_000)  # events of one participant
_MANY: Final = 3_000_000  # events from which on one round says enough


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--events", type=int, default=1_000_000)
    asked.add_argument("--store", default="", help="one made before, in place of a new one")
    given = asked.parse_args()
    rounds = 1 if given.events > _MANY else 3
    with (
        stores.filled(given.events, given.store) as engine,
        tempfile.TemporaryDirectory(prefix="forlop-bench-") as folder,
    ):
        rows: list[Row] = [*_build(engine, Path(folder), rounds)]
        rows += _refresh(engine, Path(folder), rounds)
        rows += _one_participant(Path(folder))
        keep("copy", given.events, rows)


def _one_participant(folder: Path) -> Iterator[Compared]:
    """One participant with thousands of events, one in ten late or corrected: the growth."""
    took = in_turn(
        {str(count): _copied(folder, count) for count in _ONES},
        rounds=3,
    )
    few, many = _ONES
    yield Compared(
        f"a copy of one participant with {many:,} events",
        f"of one with {few:,}",
        took[str(many)],
        took[str(few)],
        note=f"{many // few} times the events",
    )


def _copied(folder: Path, count: int) -> Work:
    engine = stores.fill(f"sqlite:///{folder / f'one-{count}.db'}", _of_one(count))
    copy = ColumnarCopy(engine)

    def work() -> None:
        copy.throw_away()
        _catch_up(copy, engine, count)

    return work


def _of_one(count: int) -> Iterator[EventRow]:
    """A person who enters and leaves a programme day after day, for years."""
    random = Random(1)
    day = date(1990, 1, 1)
    for number in range(count):
        day += timedelta(days=number % 2)
        late = random.random() < 0.1
        recorded = day + timedelta(days=random.randrange(900) if late else 0)
        row = {
            "source": "arena",
            "event_id": f"E{number}",
            "participant": "D1",
            "type": ("exited" if number % 2 else "reentered") if number else "enrolled",
            "occurred_on": day.isoformat(),
            "recorded_at": f"{recorded}T12:00:00+00:00",
            "programme": "kvp",
        }
        if number % 2:
            row["destination"] = "work"
        if number > 1 and random.random() < 0.05:
            row["replaces"] = f"E{number - 2}"
        yield row


def _build(engine: Engine, folder: Path, rounds: int) -> Iterator[Compared]:
    """From nothing to the first figure, beside the log into Arrow and out as Parquet."""
    copy = ColumnarCopy(engine)
    took = in_turn(
        {
            "ours": lambda: answer(engine, default_profile(), Asked("stock", at=AT)),
            "floor": lambda: log_to_parquet(engine, folder / "log.parquet"),
        },
        rounds,
        {"ours": copy.throw_away},
    )
    beside = "the log into Arrow and out as zstd Parquet"
    yield Compared("first figure from an empty copy", beside, took["ours"], took["floor"])


def log_to_parquet(engine: Engine, path: Path) -> None:
    """All that the copy reads of the log, by the same driver, written as it is."""
    import adbc_driver_manager as adbc  # noqa: PLC0415 - comes with the stores alone

    query = (
        "SELECT id, participant_id, topic, state, occurred_on, recorded_at, source "
        "FROM events ORDER BY id"
    )
    with (
        adbc_database(engine) as database,
        adbc.AdbcConnection(database) as connection,
        adbc.AdbcStatement(connection) as statement,
        duckdb.connect() as duck,
    ):
        statement.set_sql_query(query)
        log: Any = statement.execute_query()[0]
        duck.register("log", log)
        duck.execute(f"COPY log TO '{path}' (FORMAT parquet, COMPRESSION zstd)")


def _refresh(engine: Engine, folder: Path, rounds: int) -> Iterator[Noted]:
    """A copy that lacks the last events of the log, brought up to it.

    The new ones are the last of the log, so their participants have whole histories before them.
    """
    with reading(engine) as connection:
        position, _ = head_at(connection, None)
        behind = ColumnarCopy(engine, folder / "behind.columns")
        for new in _NEW:
            if new > position // 2:
                continue
            with behind.at_least(connection, position - new):
                pass
            runs = list(_runs(engine, folder, position, rounds))
            took = median([run for run, _ in runs])
            events = runs[0][1]
            what = f"refresh after {new:,} new events"
            yield Noted(what, took.wall, "s", f"{took.cpu:.2f} s of processor time")
            yield Noted(
                f"{what}, for each of the {events:,} events of whom they touch",
                took.cpu / events * 1e6,
                "µs",
                "of processor time",
            )


def _runs(engine: Engine, folder: Path, position: int, rounds: int) -> Iterator[tuple[Took, int]]:
    """Several refreshes of the same copy, each with the events of the participants it touched."""
    for _ in range(rounds):
        path = folder / "refreshed.columns"
        shutil.copy(folder / "behind.columns", path)
        copy = ColumnarCopy(engine, path)
        took = timed(lambda: _catch_up(copy, engine, position))  # noqa: B023 - run at once
        yield took, _touched(path, folder / "behind.columns")


def _catch_up(copy: ColumnarCopy, engine: Engine, position: int) -> None:
    with reading(engine) as connection, copy.at_least(connection, position):
        pass


def _touched(after: Path, before: Path) -> int:
    """How many events those have who have one after the position where a copy stood before."""
    with duckdb.connect() as duck:
        duck.execute(f"ATTACH '{after}' AS a (READ_ONLY)")
        duck.execute(f"ATTACH '{before}' AS b (READ_ONLY)")
        found = duck.execute(
            "SELECT count(*) FROM a.log WHERE pid IN (SELECT pid FROM a.log "
            "WHERE position > (SELECT position FROM b.standing))"
        ).fetchall()
    return int(found[0][0])


if __name__ == "__main__":
    main()
