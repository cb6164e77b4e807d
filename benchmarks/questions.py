"""The questions of the race: what is asked of Forløp, and how its answer reads as bare numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from adapters.answers import Asked
from adapters.profiles import default_profile
from benchmarks import by_hand
from domain.calendar import Period
from projections.columnar.tables import day_number, literal
from projections.layout import Row, Table

AT: Final = date(2021, 12, 31)
YEAR: Final = Period.closed(date(2020, 1, 1), date(2020, 12, 31))
FIVE_YEARS: Final = Period.closed(date(2016, 1, 1), date(2020, 12, 31))
Numbers = list[tuple[Any, ...]]
_PROFILE: Final = default_profile()
POSITIVE: Final = tuple(
    code for code in _PROFILE.lists["destination"] if _PROFILE.is_positive(code)
)


@dataclass(frozen=True)
class Raced:
    """A question, the columns that are compared, and the same in SQL.

    `totalled`: the SQL ends in a row of the total. `target` is the most seconds that the engine
    may take over ten million events, where the project sets itself one.
    """

    name: str
    asked: Asked
    columns: tuple[str, ...]
    sql: str
    totalled: bool = False
    target: float | None = None

    def hand_written(self, known_at: int) -> str:
        period = self.asked.period or YEAR
        days = {"first": day_number(period.start), "last": day_number(period.last)}
        positive = ", ".join(map(literal, POSITIVE))
        at = day_number(self.asked.at or period.last)
        return self.sql.format(known=known_at, at=at, positive=positive, **days)

    def numbers(self, table: Table) -> Numbers:
        """An answer's columns, in its order; the total last, where there is one."""
        rows = [self._row(row) for row in table.rows]
        if self.totalled and self.asked.by:
            assert table.total is not None
            rows.append((*(None for _ in self.asked.by), *self._row(table.total)[-self._width :]))
        return rows

    def _row(self, row: Row) -> tuple[Any, ...]:
        return tuple(_READ.get(name, _as_it_is)(row.get(name)) for name in self.columns)

    @property
    def _width(self) -> int:
        return len(self.columns) - len(self.asked.by)


def _as_it_is(value: Any) -> Any:
    return value


_STEPS: Final = ("referred", "met", "assessed", "enrolled", "in_measure", "exited_positive")
_READ: Final[Mapping[str, Callable[[Any], Any]]] = {
    "date": lambda text: day_number(date.fromisoformat(text)),
    "step": _STEPS.index,
    "horizon": lambda text: int(text.rstrip("my")) // (12 if text.endswith("m") else 1),
}

RACED: Final = (
    Raced("stock", Asked("stock", at=AT), ("persons", "spells"), by_hand.STOCK, target=0.1),
    Raced(
        "stock by target group",
        Asked("stock", at=AT, by=("target_group",)),
        ("target_group", "persons", "spells"),
        by_hand.STOCK_BY_GROUP,
        totalled=True,
        target=0.1,
    ),
    Raced(
        "flow of measures, a year, by measure",
        Asked("flow", period=YEAR, of="measure", by=("measure",)),
        ("measure", "persons", "spells", "inflow", "outflow"),
        by_hand.FLOW,
        totalled=True,
        target=0.1,
    ),
    Raced(
        "dwell of measures by measure, with Kaplan-Meier median",
        Asked("dwell", at=AT, of="measure", by=("measure",)),
        (
            "measure",
            "spells",
            "completed",
            "mean_days_completed",
            "median_days_completed",
            "mean_months_all",
            "km_median_days",
        ),
        by_hand.DWELL,
        target=0.1,
    ),
    Raced(
        "exits of a year by destination",
        Asked("exits", period=YEAR, at=AT, by=("destination",)),
        ("destination", "exits", "final", "returned", "pending"),
        by_hand.EXITS,
        totalled=True,
        target=0.1,
    ),
    Raced(
        "series, 60 months",
        Asked("series", period=FIVE_YEARS),
        ("date", "stock", "stock_spells", "inflow", "outflow", "flow"),
        by_hand.SERIES,
        target=0.5,
    ),
    Raced(
        "outcomes",
        Asked("outcomes", at=AT),
        ("horizon", "reached", "in_work_or_education"),
        by_hand.OUTCOMES,
    ),
    Raced("returns", Asked("returns", at=AT), ("months", "exits", "returned"), by_hand.RETURNS),
    Raced(
        "funnel, a year's referrals",
        Asked("funnel", period=YEAR, at=AT),
        ("step", "persons", "median_days"),
        by_hand.FUNNEL,
    ),
    Raced(
        "chains",
        Asked("chains", at=AT),
        (
            "measure",
            "next_measure",
            "count",
            "median_days_start_to_start",
            "median_days_stop_to_start",
        ),
        by_hand.CHAINS,
    ),
)
