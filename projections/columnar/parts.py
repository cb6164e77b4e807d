"""The building blocks of a question's SQL: parts of an answer, and small tables of days."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, lru_cache
from typing import Any, Final, TypeAlias

from domain.calendar import Period, month_of, quarter_of, year_of
from projections.columnar.tables import Columns, Runner, day_number, month_day
from projections.tally import Extra

Adds = list[tuple[Hashable, int]]
Told: TypeAlias = Mapping[Extra, Mapping[Hashable, int]]  # what is added, by what tells it apart
# What the rows of a cell, of keys and counts, add; such a part has its figure to itself.
Pour: TypeAlias = Callable[[Iterable[tuple[Any, ...]]], Told]
MOMENT: Final[Columns] = {
    "day": "INTEGER",
    "day_year": "INTEGER",
    "day_month_day": "INTEGER",
    "month": "VARCHAR",
    "quarter": "VARCHAR",
    "year": "VARCHAR",
}


@dataclass(frozen=True)
class Part:
    """One query of an answer.

    `ctes` end in `c`, a row for each thing counted: `pid`, `item` (which thing), `day`, its own
    dimensions. `keys` are columns of `c` that are grouped by beside the cell. `counts` are, by
    name, the conditions under which a thing counts; `persons`, the one under which its person
    does. `read` turns a row's keys and counts into what tells it apart and what it adds; where
    there are thousands of rows to a cell, `pour` does so for all of them at once.
    `period` is set where spells of other kinds count by touching it.

    A part may bring its `whole` query instead, from the dimensions that it is grouped by and a
    further condition on `c`; `spread` says what a row adds where that is to several at once. It
    then brings `spells` beside, of the same arguments: a row for each thing counted, of `pid`, the
    cell (`cell_0` …) and `bits`, one for each of the `width` numbers that a row of `whole` has, set
    where the thing adds to it.
    """

    ctes: Sequence[tuple[str, str]]
    counts: Mapping[str, str]
    persons: str | None = None
    keys: tuple[str, ...] = ()
    period: Period | None = None
    reader: Callable[[tuple[Any, ...], Adds], tuple[Extra, Adds]] = field(
        default=lambda keys, adds: (keys, adds)
    )
    pour: Pour | None = None
    whole: Callable[[tuple[str, ...], str], str] | None = None
    spread: Callable[[tuple[Any, ...]], Iterable[tuple[Extra, Adds]]] | None = None
    spells: Callable[[tuple[str, ...], str], str] | None = None
    width: int = 0

    def sums(self, *, several: bool) -> list[str]:
        """The sums as SQL; `several`: a thing may stand in several rows, and counts once."""
        parts = []
        if self.persons is not None:
            parts.append(f"count(DISTINCT CASE WHEN {self.persons} THEN c.pid END)")
        for condition in self.counts.values():
            item = "DISTINCT CASE WHEN {} THEN c.item END" if several else "CASE WHEN {} THEN 1 END"
            parts.append(f"count({item.format(condition)})")
        return parts

    def read(self, values: Sequence[Any]) -> Iterable[tuple[Extra, Adds]]:
        if self.spread is not None:
            return self.spread(tuple(values))
        if self.pour is not None:
            told = self.pour((tuple(values),))
            return [(extra, list(adds.items())) for extra, adds in told.items()]
        width = len(self.keys)
        adds: Adds = list(zip(self._names, values[width:], strict=True))
        return (self.reader(tuple(values[:width]), adds),)

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return (("persons",) if self.persons is not None else ()) + tuple(self.counts)


def on(day: date) -> str:
    """The columns of a day that is the same for all that is counted."""
    return f"{day_number(day)} AS day, {day.year} AS day_year, {month_day(day)} AS day_month_day"


def moment(day: date) -> tuple[Any, ...]:
    """A row of `MOMENT`."""
    return (
        day_number(day),
        day.year,
        month_day(day),
        *_names(day.year, day.month),
    )


@lru_cache(maxsize=10_000)
def _names(year: int, month: int) -> tuple[str, str, str]:
    """What a day's month, quarter and year are called."""
    first = date(year, month, 1)
    return month_of(first), quarter_of(first), year_of(first)


def put_moments(
    runner: Runner,
    table: str,
    days: Iterable[date],
    more: Mapping[str, Callable[[date], int]] | None = None,
) -> None:
    """Makes a temporary table of days with what the calendar says of them.

    `more` are further columns of whole numbers, each worked out from the day.
    """
    more = more or {}
    columns = {**MOMENT, **dict.fromkeys(more, "INTEGER")}
    rows = [(*moment(day), *(work_out(day) for work_out in more.values())) for day in days]
    runner.put(table, columns, rows)
