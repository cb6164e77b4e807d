"""From sums to the rows of the contract: columns, means, medians, shares, order, totals.

Rows are in the order of their dimensions as text, unknown first. Numbers are not rounded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from operator import mul
from typing import Any, Final, TypeAlias

from domain.calendar import DAYS_IN_A_MONTH, ONE_DAY, Period
from projections import kaplan_meier
from projections.question import FUNNEL_STEPS, RETURN_MONTHS, Place, Question
from projections.tally import Counts, Extra, Sums

Row: TypeAlias = dict[str, Any]
Rows: TypeAlias = dict[Extra, Counts]
WITHOUT_TOTAL: Final = ("series", "outcomes", "returns", "funnel", "chains")


@dataclass(frozen=True, slots=True)
class Table:
    """A figure laid out: its rows, and its total where it has one."""

    rows: list[Row]
    total: Row | None


def lay_out(question: Question, sums: Sums) -> Table:
    """The rows and the total that a figure's sums give."""
    lay = _LAYOUTS["mean_stock" if question.is_mean else question.figure]
    cells = sorted(sums.groups, key=_as_text)
    if not question.by:
        cells = [()]
    rows = []
    for cell in cells:
        names = dict(zip(question.by, cell, strict=True))
        laid = lay(question, sums.groups.get(cell, {}))
        rows += [names | row for row in laid if not question.by or _says_something(row)]
    if "share_of_final" in _columns(rows):
        _share(question, rows)
    if question.figure in WITHOUT_TOTAL:
        return Table(rows, None)
    return Table(rows, _total(question, sums))


def _as_text(cell: Iterable[object]) -> list[tuple[bool, str]]:
    return [(value is not None, _text(value)) for value in cell]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _columns(rows: list[Row]) -> Iterable[str]:
    return rows[0] if rows else ()


_LABELS: Final = frozenset(
    {"date", "horizon", "target", "months", "step", "state", "reason"}
    | {"measure", "next_measure", "provider"}
)


def _says_something(row: Row) -> bool:
    """Whether a row has a number that is not zero, beside what names it."""
    return any(value not in (0, None, []) for name, value in row.items() if name not in _LABELS)


def _total(question: Question, sums: Sums) -> Row:
    if question.figure == "capacity":
        return _capacity_of(question, question.places, list(sums.total.values()))
    if question.figure == "duty":
        return _duty_counts(_all(sums.total))
    lay = _LAYOUTS["mean_stock" if question.is_mean else question.figure]
    (row,) = lay(question, sums.total)
    if "share_of_final" in row:
        row["share_of_final"] = _ratio(row["final"], row["final"])
    return row


def _all(rows: Rows) -> Counts:
    counts: Counts = Counter()
    for more in rows.values():
        counts.update(more)
    return counts


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _median(lengths: Mapping[int, int]) -> float | None:
    """The middle of how many there are of each length; of an even number, between the two."""
    count = sum(lengths.values())
    if not count:
        return None
    lower, upper = (count - 1) // 2, count // 2
    seen, below = 0, None
    for length in sorted(lengths):
        seen += lengths[length]
        if below is None and seen > lower:
            below = length
        if below is not None and seen > upper:
            return (below + length) / 2
    raise AssertionError("the upper middle is among the lengths")


def _lengths(counts: Counts, name: str) -> dict[int, int]:
    """The numbers counted under `(name, length)`, by length."""
    return {
        key[1]: number
        for key, number in counts.items()
        if isinstance(key, tuple) and key[0] == name
    }


def _stock(_: Question, rows: Rows) -> list[Row]:
    counts = _all(rows)
    return [{"persons": counts["persons"], "spells": counts["spells"]}]


def _mean_stock(question: Question, rows: Rows) -> list[Row]:
    assert question.period is not None
    return [{"mean_persons": _all(rows)["days"] / question.period.days}]


def _flow(_: Question, rows: Rows) -> list[Row]:
    counts = _all(rows)
    return [{name: counts[name] for name in ("persons", "spells", "inflow", "outflow")}]


def _series(question: Question, rows: Rows) -> list[Row]:
    assert question.period is not None
    laid = []
    for step in question.period.steps(question.every):
        stock = rows.get((step.last, "stock"), Counter())
        flow = rows.get((step.last, "flow"), Counter())
        laid.append(
            {
                "date": step.last.isoformat(),
                "stock": stock["persons"],
                "stock_spells": stock["spells"],
                "inflow": flow["inflow"],
                "outflow": flow["outflow"],
                "flow": flow["persons"],
            }
        )
    return laid


def _dwell(question: Question, rows: Rows) -> list[Row]:
    lengths: dict[tuple[int, bool], int] = dict(_all(rows))  # type: ignore[arg-type]
    completed = {days: n for (days, over), n in lengths.items() if over}
    ongoing = {days: n for (days, over), n in lengths.items() if not over}
    ended = sum(completed.values())
    spells = ended + sum(ongoing.values())
    days_completed = sum(map(mul, completed, completed.values()))
    days_all = days_completed + sum(map(mul, ongoing, ongoing.values()))
    mean, mean_all = _ratio(days_completed, ended), _ratio(days_all, spells)
    median = _median(completed)
    row: Row = {
        "spells": spells,
        "completed": ended,
        "ongoing": spells - ended,
        "mean_days_completed": mean,
        "median_days_completed": median,
        "mean_months_completed": _in_months(mean),
        "median_months_completed": _in_months(median),
        "mean_months_all": _in_months(mean_all),
        "km_median_days": kaplan_meier.median(lengths),
    }
    if question.curve:
        row["curve"] = [
            {
                "days": point.days,
                "at_risk": point.at_risk,
                "events": point.events,
                "survival": point.survival,
                "se": point.se,
            }
            for point in kaplan_meier.curve(lengths)
        ]
    return [row]


def _in_months(days: float | None) -> float | None:
    return None if days is None else days / DAYS_IN_A_MONTH


def _exits(question: Question, rows: Rows) -> list[Row]:
    counts = _all(rows)
    row: Row = {name: counts[name] for name in ("exits", "final", "returned", "pending")}
    if "destination" in question.by:
        row["share_of_final"] = None
    return [row]


def _share(question: Question, rows: list[Row]) -> None:
    """Sets each row's part of the final exits that agree with it in all but the destination."""
    others = [name for name in question.by if name != "destination"]
    finals: Counter[Hashable] = Counter()
    for row in rows:
        finals[tuple(row[name] for name in others)] += row["final"]
    for row in rows:
        whole = finals[tuple(row[name] for name in others)]
        row["share_of_final"] = _ratio(row["final"], whole)


def _outcomes(question: Question, rows: Rows) -> list[Row]:
    laid = []
    for index, horizon in enumerate(question.horizons):
        counts = rows.get((index,), Counter())
        laid.append(
            {
                "horizon": str(horizon),
                "reached": counts["reached"],
                "in_work_or_education": counts["in_work_or_education"],
                "share": _ratio(counts["in_work_or_education"], counts["reached"]),
                "target": question.targets[index] if question.targets else None,
            }
        )
    return laid


def _returns(_: Question, rows: Rows) -> list[Row]:
    laid = []
    for months in RETURN_MONTHS:
        counts = rows.get((months,), Counter())
        exits, returned = counts["exits"], counts["returned"]
        share = _ratio(returned, exits)
        laid.append({"months": months, "exits": exits, "returned": returned, "share": share})
    return laid


def _funnel(_: Question, rows: Rows) -> list[Row]:
    referred = rows.get(("referred",), Counter())["persons"]
    laid = []
    for step in FUNNEL_STEPS:
        counts = rows.get((step,), Counter())
        laid.append(
            {
                "step": step,
                "persons": counts["persons"],
                "share": _ratio(counts["persons"], referred),
                "median_days": _median(_lengths(counts, "days")),
            }
        )
    return laid


def _chains(_: Question, rows: Rows) -> list[Row]:
    laid = []
    for extra in sorted(rows, key=_as_text):
        counts = rows[extra]
        laid.append(
            {
                "measure": extra[0],
                "next_measure": extra[1],
                "count": counts["count"],
                "median_days_start_to_start": _median(_lengths(counts, "start")),
                "median_days_stop_to_start": _median(_lengths(counts, "stop")),
            }
        )
    return laid


def _capacity(question: Question, rows: Rows) -> list[Row]:
    """A row for each measure and provider with places or with somebody in one.

    Places without a provider take those whose provider has no places of its own.
    """
    named = {(place.measure, place.provider) for place in question.places}
    used: dict[tuple[Hashable, ...], list[Counts]] = {key: [] for key in named}
    for extra, counts in rows.items():
        key = extra
        if extra not in named and (extra[0], None) in named:
            key = (extra[0], None)
        used.setdefault(key, []).append(counts)
    laid = []
    for key in sorted(used, key=_as_text):
        places = tuple(p for p in question.places if (p.measure, p.provider) == key)
        row = {"measure": key[0], "provider": key[1]} | _capacity_of(question, places, used[key])
        if _says_something(row):
            laid.append(row)
    return laid


def _capacity_of(question: Question, places: Iterable[Place], used: Iterable[Counts]) -> Row:
    assert question.period is not None
    period = question.period
    there = sum(_overlap(place, period) * place.places for place in places)
    days, changes = 0, Counter[date]()
    for counts in used:
        days += counts["days"]
        for key, number in counts.items():
            if isinstance(key, tuple) and key[0] == "change":
                changes[key[1]] += number
    running = highest = 0
    for day in sorted(changes):
        running += changes[day]
        highest = max(highest, running)
    return {
        "places": there / period.days,
        "used": days / period.days,
        "used_highest": highest,
        "share_used": _ratio(days, there),
        "person_months": days / DAYS_IN_A_MONTH,
    }


def _overlap(place: Place, period: Period) -> int:
    stop = period.stop if place.stop is None else min(place.stop, period.stop)
    return max((stop - max(place.start, period.start)) // ONE_DAY, 0)


def _duty(_: Question, rows: Rows) -> list[Row]:
    return [
        {"state": extra[0], "reason": extra[1]} | _duty_counts(rows[extra])
        for extra in sorted(rows, key=_as_text)
    ]


def _duty_counts(counts: Counts) -> Row:
    return {name: counts[name] for name in ("persons", "kvp_assessed_first")}


_LAYOUTS: Final[Mapping[str, Callable[[Question, Rows], list[Row]]]] = {
    "stock": _stock,
    "mean_stock": _mean_stock,
    "flow": _flow,
    "series": _series,
    "dwell": _dwell,
    "exits": _exits,
    "outcomes": _outcomes,
    "returns": _returns,
    "funnel": _funnel,
    "chains": _chains,
    "capacity": _capacity,
    "duty": _duty,
}
