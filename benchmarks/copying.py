"""Building the columnar copy beside reading and writing the log; refreshing it after new events.

python -m benchmarks.copying --events 1000000
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import duckdb
from sqlalchemy import Engine

from adapters.answers import Asked, answer, head_at
from adapters.columnar_copy import ColumnarCopy, adbc_database
from adapters.database import reading
from adapters.profiles import default_profile
from benchmarks import stores
from benchmarks.measuring import Took, in_turn, median, timed
from benchmarks.questions import AT
from benchmarks.results import Compared, Noted, Row, keep

_NEW: Final = (1_000, 10_000, 100_000)
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
        keep("copy", given.events, rows)


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
        for new in _NEW:
            if new > position // 2:
                continue
            behind = ColumnarCopy(engine, folder / "behind.columns")
            behind.throw_away()
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
