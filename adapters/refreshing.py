"""Bringing a columnar copy up to a position of its log, inside one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Final

from adapters.duck_runner import DuckRunner
from adapters.log_columns import kept, read_histories, read_range
from adapters.watching import Watch, unwatched
from projections.columnar.tables import (
    DERIVED,
    FAMILIES,
    FAMILY_COLUMNS,
    all_families,
    definition,
)

if TYPE_CHECKING:
    from sqlalchemy import Engine

_RANGE: Final = 2_000_000  # positions that are read at a time
_SLICE: Final = 1_500_000  # events whose spells are worked out at a time, to bound the memory
# New events are few where the copy has so many times as many: then the database looks for the
# histories that they belong to. To go through the copy for those of more is quicker.
_FEW: Final = 200


def refresh(
    runner: DuckRunner,
    engine: Engine,
    stood_at: int,
    position: int,
    watch: Watch = unwatched,
) -> None:
    """Takes in the log from where a copy stood, 0 where there is none, up to a position.

    Inside the caller's transaction; the caller notes where the copy stands. There are as many
    spells to work out as events to read, so they count as much.
    """
    if stood_at == 0:
        _make(runner)
    new = position - stood_at
    with watch(2 * new) as done:
        if stood_at >= new * _FEW:
            read_histories(runner, engine, stood_at, position)
            done(new)
            _renew(runner)
            done(new)
        else:
            for after in range(stood_at, position, _RANGE):
                last = min(after + _RANGE, position)
                read_range(runner, engine, after, last)
                done(last - after)
            for part in _rebuild(runner, stood_at):
                done(round(part * new))


def _renew(runner: DuckRunner) -> None:
    """Works out anew the spells of all whose histories stand in front of the log's families."""
    runner.run(f"CREATE TEMPORARY VIEW log AS {all_families()}")
    runner.make("due", "SELECT DISTINCT pid FROM log")
    _take_out(runner)
    _build(runner)
    _drop_front(runner)
    runner.drop("due")


def _rebuild(runner: DuckRunner, position: int) -> Iterator[float]:
    """Works out anew the spells of all who have an event after a position, slice by slice.

    Gives what part of the whole each slice was.
    """
    if position:
        runner.make("due", f"SELECT DISTINCT pid FROM log WHERE position > {position}")
        ((count,),) = runner.rows("SELECT count(*) FROM log l JOIN due d ON d.pid = l.pid")
        _take_out(runner)
    else:
        runner.make("due", "SELECT pid FROM person")
        ((count,),) = runner.rows("SELECT count(*) FROM log")
    ((people,),) = runner.rows("SELECT count(*) FROM due")
    parts = -(-count // _SLICE)
    slices = runner.rows(
        "SELECT min(pid), max(pid) FROM (SELECT pid, "
        f"(row_number() OVER (ORDER BY pid) - 1) * {parts} // {people} AS part FROM due) p "
        "GROUP BY part ORDER BY part"
    )
    is_everything = position == 0 and parts == 1
    due = "SEMI JOIN due d ON d.pid = l.pid" if position else ""
    for first, last in slices:
        some = f"{due} WHERE l.pid BETWEEN {first} AND {last}"
        with nullcontext() if is_everything else _only(runner, some):
            _build(runner)
        yield 1 / parts
    runner.drop("due")


def _take_out(runner: DuckRunner) -> None:
    """Takes whoever is `due` out of what was worked out before."""
    for table in DERIVED:
        runner.run(f"DELETE FROM {table} WHERE pid IN (SELECT pid FROM due)")


def _build(runner: DuckRunner) -> None:
    from projections.columnar.building import build  # noqa: PLC0415 - it loads the events' types

    build(runner)


@contextmanager
def _only(runner: DuckRunner, some: str) -> Iterator[None]:
    """Temporary ones in front of the log and its families, with some of the events `l`.

    So the log is gone through once, however many joins follow.
    """
    for family in FAMILIES:
        name = f"log_{family}"
        runner.make(name, f"SELECT l.* FROM {kept(runner, name)} l {some}")
    runner.run(f"CREATE TEMPORARY VIEW log AS {all_families()}")
    yield
    _drop_front(runner)


def _drop_front(runner: DuckRunner) -> None:
    runner.run("DROP VIEW temp.log")
    for family in FAMILIES:
        runner.drop(f"temp.log_{family}")


def _make(runner: DuckRunner) -> None:
    runner.run("CREATE TABLE person (pid BIGINT, participant_id BLOB)")
    for family, columns in FAMILY_COLUMNS.items():
        runner.run(definition(f"log_{family}", columns))
    runner.run(f"CREATE VIEW log AS {all_families()}")
    for table, columns in DERIVED.items():
        runner.run(definition(table, columns))
