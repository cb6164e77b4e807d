"""How the figure for each month grew with knowledge time: one figure for each pair of the two."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from domain.calendar import OSLO, Period, Step, end_of_day, month_of, quarter_of, year_of
from projections.layout import Row, Table
from projections.question import Question, QuestionError

_AT_THE_END: Final = ("stock", "chains")
_CLASSED_LATER: Final = ("exits", "outcomes", "returns", "funnel", "dwell")


@dataclass(frozen=True, slots=True)
class Corner:
    """The figure of one step of the period, as known at one time."""

    step: Period
    question: Question


def corners(
    question: Question, every: Step, first: datetime | None, at: date | None
) -> list[Corner]:
    """The figures of each step of the question's period, known at each step's end from its own on.

    The last knowledge time is the question's own; `first` leaves out those before it. Figures that
    class what is in the period (exits, outcomes, returns, funnel, dwell) are cut at `at`, or at the
    day of the knowledge time where it is None, as they could have been published on that day.
    """
    if question.period is None:
        raise QuestionError("--triangle needs --from and --to: the months whose figures grow")
    if question.figure == "series":
        raise QuestionError("a series has months of its own; take stock or flow for a triangle")
    last = question.known_at.astimezone(OSLO).date()
    if last < question.period.start:
        raise QuestionError(f"nothing was known of {question.period.start} by {last}")
    ends = [step.last for step in Period.closed(question.period.start, last).steps(every)]
    found = []
    for step in question.period.steps(every):
        for day in ends:
            known_at = question.known_at if day == last else end_of_day(day)
            if day >= step.last and (first is None or known_at >= first):
                found.append(Corner(step, _cut(question, step, known_at, at or day)))
    return found


def _cut(question: Question, step: Period, known_at: datetime, at: date) -> Question:
    if question.figure in _AT_THE_END:
        return replace(question, at=step.last, period=None, known_at=known_at)
    day = at if question.figure in _CLASSED_LATER else step.last
    return replace(question, at=day, period=step, known_at=known_at)


def triangle(asked: Sequence[Corner], tables: Iterable[Table], every: Step) -> list[Row]:
    """The rows of the corners' figures, each named by the step and the day of knowledge."""
    rows = []
    for corner, table in zip(asked, tables, strict=True):
        names = {
            every: step_name(corner.step, every),
            "known_at": corner.question.known_at.astimezone(OSLO).date().isoformat(),
        }
        rows += [names | row for row in table.rows]
    return rows


def step_name(step: Period, every: Step) -> str:
    """`2003-09`, `2003-Q3`, `2003`; of a week or a day its last day."""
    match every:
        case "month":
            return month_of(step.start)
        case "quarter":
            return quarter_of(step.start)
        case "year":
            return year_of(step.start)
    return step.last.isoformat()
