"""What it takes to take a number apart: beside the figure itself, and beside the log.

python -m benchmarks.proof --events 1000000
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any, Final

from sqlalchemy import Engine

from adapters.access_log import reader
from adapters.answers import Asked, answer
from adapters.database import reading
from adapters.explaining import SHOWN, explain
from adapters.facts import facts_of
from adapters.participants import ids_of
from adapters.profiles import default_profile
from adapters.revising import Revised, diff, grow
from benchmarks import stores
from benchmarks.measuring import in_turn, same
from benchmarks.results import Compared, keep
from domain.calendar import Length, Period, end_of_day

_PROFILE: Final = default_profile()
_BY: Final = reader("benchmark", "measuring")
_ROUNDS: Final = 3
_YEAR_END: Final = date(2020, 12, 31)
_GROUP: Final = {"target_group": ("youth_20_24",)}
_STOCK: Final = Asked("stock", at=_YEAR_END, known_at=end_of_day(_YEAR_END), where=_GROUP)
_EXITS: Final = Asked(
    "exits",
    at=date(2021, 12, 31),
    known_at=end_of_day(date(2021, 12, 31)),
    period=Period.closed(date(2020, 1, 1), _YEAR_END),
    where={"destination": ("work",)},
)
_TWO_WEEKS_LATER: Final = end_of_day(Length(days=13).after(_YEAR_END))
_MONTHS: Final = Period.closed(date(2020, 4, 1), _YEAR_END)
_TARGET: Final = "at 10 million: under 1 s"


def main() -> None:
    with stores.asked_for(__doc__) as (engine, count):
        keep("proof", count, list(_measure(engine)))


def _measure(engine: Engine) -> Iterator[Compared]:
    """Every side reads from a ready copy; the log is the store's own."""
    yield from _cell(engine, "explain a cell of a stock", _STOCK, "persons", None)
    yield from _cell(engine, "explain a cell of exits, the final ones", _EXITS, "exits", "final")
    yield from _whole_cell(engine)
    yield from _person(engine)
    by_group = replace(_STOCK, where={}, by=("target_group",))
    yield from _change(engine, "diff a cell, two weeks of knowledge", _STOCK)
    yield from _change(engine, "diff a table by target group, the same", by_group)
    moved = replace(_EXITS, at=_YEAR_END, where={})
    yield from _change(engine, "diff exits, three months later", moved, Length(3).after(_YEAR_END))
    yield from _triangle(engine)


def _cell(
    engine: Engine, what: str, asked: Asked, counted: str, column: str | None
) -> Iterator[Compared]:
    def ours(limit: int | None = SHOWN) -> dict[str, Any]:
        return explain(engine, _PROFILE, asked, {}, column, limit=limit, by=_BY).found

    (row,) = answer(engine, _PROFILE, asked).rows
    found = ours()
    same(found["rows"], [row], what)
    if column is None:
        same(found["persons"], row[counted], what)
    keys = [one["participant"] for one in found["participants"]]
    with reading(engine) as connection:
        ids = list(ids_of(connection, keys).values())

    def read() -> object:
        with reading(engine) as connection:
            return facts_of(connection, ids)

    def figure() -> object:
        return answer(engine, _PROFILE, asked)

    took = in_turn({"ours": ours, "figure": figure, "read": read}, _ROUNDS)
    told = f"{found['shown']} of {found['persons']:,} persons told of"
    yield Compared(
        what, "the figure alone", took["ours"], took["figure"], note=f"{told}; {_TARGET}"
    )
    yield Compared(what, f"reading {len(ids)} histories", took["ours"], took["read"], note=told)


def _whole_cell(engine: Engine) -> Iterator[Compared]:
    """Everybody in a cell: as long as it takes to fold them."""

    def ours() -> dict[str, Any]:
        return explain(engine, _PROFILE, _STOCK, {}, limit=None, by=_BY).found

    found = ours()
    keys = [one["participant"] for one in found["participants"]]
    same(len(keys), found["persons"], "explain a whole cell")
    with reading(engine) as connection:
        ids = list(ids_of(connection, keys).values())

    def read() -> object:
        with reading(engine) as connection:
            return facts_of(connection, ids)

    took = in_turn({"ours": ours, "read": read}, 1)
    what, note = "explain a whole cell", f"{len(keys):,} persons, all told of"
    yield Compared(what, "reading their histories", took["ours"], took["read"], note=note)


def _person(engine: Engine) -> Iterator[Compared]:
    found = explain(engine, _PROFILE, _STOCK, {}, limit=1, by=_BY).found
    key = found["participants"][0]["participant"]

    def ours() -> dict[str, Any]:
        return explain(engine, _PROFILE, _STOCK, {}, participant=key, by=_BY).found

    def read() -> object:
        with reading(engine) as connection:
            return facts_of(connection, ids_of(connection, [key]).values())

    same(ours()["in_cell"], True, "explain a person")
    took = in_turn({"ours": ours, "read": read}, _ROUNDS)
    yield Compared(
        "explain one person", "reading the history", took["ours"], took["read"], note=_TARGET
    )


def _change(engine: Engine, what: str, before: Asked, at: date | None = None) -> Iterator[Compared]:
    """Two weeks of knowledge later; or at a later cutoff, with all that is known."""
    after = replace(before, known_at=_TWO_WEEKS_LATER)
    if at is not None:
        after = replace(before, at=at)

    def ours() -> Revised:
        return diff(engine, _PROFILE, before, after, by=_BY)

    def figures() -> list[Any]:
        return [answer(engine, _PROFILE, one) for one in (before, after)]

    rows = ours().rows
    for side, alone in zip(("before", "after"), figures(), strict=True):
        told = [row[side] for row in rows]
        same(told, [{n: one[n] for n in told[0]} for one in alone.rows], f"{what}, {side}")
    persons = sum(part["persons"] for row in rows for part in row["causes"])
    took = in_turn({"ours": ours, "figures": figures}, _ROUNDS if at is None else 1)
    note = f"persons changed: {persons:,}; rows: {len(rows)}"
    note += f"; {_TARGET}" if at is None else ""
    yield Compared(what, "the two figures alone", took["ours"], took["figures"], note=note)


def _triangle(engine: Engine) -> Iterator[Compared]:
    asked = Asked("flow", period=_MONTHS, known_at=end_of_day(_YEAR_END))

    def ours() -> Revised:
        return grow(engine, _PROFILE, asked, "month")

    def figure() -> object:
        return answer(engine, _PROFILE, asked)

    corners = len(ours().rows)
    took = in_turn({"ours": ours, "figure": figure}, _ROUNDS)
    note = f"{corners} figures, one for each month and time"
    yield Compared("triangle of nine months", "one figure", took["ours"], took["figure"], note=note)


if __name__ == "__main__":
    main()
