"""Estimates over a store: what is still growing, still pending, and where spells lead."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from typing import Any

from adapters.answers import Asked
from adapters.errors import WrongUseError
from adapters.many_answers import Answers
from domain.calendar import OSLO, add_months, end_of_day, month_of
from projections import estimates
from projections.marks.exits import classify, counted_exits
from projections.marks.spells import dwell
from projections.pending_exits import FollowedExit
from projections.question import Value
from projections.views import spell_value, time_values

_COUNTS = ("inflow", "outflow", "persons", "spells")


def _asked(meta: dict[str, Any], column: str | None = None) -> dict[str, Any]:
    """What it takes to estimate again: the figure that it rests on, as it was asked."""
    return {**meta, "command": "estimate", "asked": meta, "counted": column}


def again(answers: Answers, estimate: str, asked: Asked, column: str | None) -> dict[str, Any]:
    """An estimate by the name that its `meta` has; WrongUseError where that is none."""
    match estimate:
        case "nowcast":
            return nowcast(revisions(answers, asked, column or _COUNTS[0]))
        case "expected_final":
            return pending(answers, asked)
        case "competing_risks":
            return destinations(answers, asked)
    raise WrongUseError(f"there is no estimate {estimate!r}")


def revisions(answers: Answers, asked: Asked, column: str = "inflow") -> dict[str, Any]:
    """What was known of each whole month of a flow's period at the end of it, and of each month
    after it up to the knowledge time: rows of `month`, `age` (months, from 0) and `value`.

    Every month is followed as long as the first one is. WrongUseError where the period is no
    whole months, or the column no count of a flow.
    """
    period = asked.period
    if asked.figure != "flow" or period is None or column not in _COUNTS:
        raise WrongUseError(f"late registration is followed in {', '.join(_COUNTS)} of a flow")
    months = list(period.steps("month"))
    if period.start.day != 1 or period.stop.day != 1:
        raise WrongUseError("late registration is followed in whole months; mend --from or --to")
    meta = answers.answer(asked).meta
    known_at = answers.journeys(asked)[0].known_at
    rows = []
    for month in months:
        for age in range(len(months)):
            end = end_of_day(add_months(month.stop, age) - timedelta(days=1))
            if end > known_at.astimezone(OSLO):
                break
            found = answers.answer(replace(asked, period=month, known_at=end, by=()))
            value = (found.total or {})[column]
            rows.append({"month": month_of(month.start), "age": age, "value": value})
    return {
        "meta": {**_asked(meta, column), "figure": "revisions", "of": column, "by": ["month"]},
        "rows": rows,
        "total": None,
    }


def nowcast(found: dict[str, Any]) -> dict[str, Any]:
    """What the months of a revision triangle will come to; WrongUseError where it is too small."""
    try:
        return estimates.nowcast(found)
    except ValueError as error:
        raise WrongUseError(f"no nowcast: {error}") from None


def pending(answers: Answers, asked: Asked) -> dict[str, Any]:
    """The share of exits that will be final in the end, by the one dimension of `by`."""
    question, lens, journeys = answers.journeys(asked)
    groups: dict[str, list[FollowedExit]] = defaultdict(list)
    for journey in journeys:
        for one in counted_exits(question, journey):
            left_on = one.event.occurred_on
            own = {"programme": one.event.programme, "destination": one.event.destination}
            own_values: dict[str, Value] = {n: v for n, v in own.items() if n in lens.own}
            cells = lens.cells(journey, own_values | time_values(lens.own, left_on), left_on)
            what, back = classify(one, journey, question.window, question.at)
            until = back.event.occurred_on if back is not None else question.at
            window_days = (question.window.after(left_on) - left_on).days
            followed = FollowedExit((until - left_on).days, window_days, what == "returned")
            for (cell,) in cells:
                groups[str(cell) if cell is not None else "unknown"].append(followed)
    if not groups:
        raise WrongUseError("there is no exit to follow")
    return estimates.final_share(groups, question.by[0], _asked(answers.meta(question)))


def destinations(answers: Answers, asked: Asked) -> dict[str, Any]:
    """Where enrolments lead, and when: each destination against the others and against staying."""
    question, lens, journeys = answers.journeys(asked)
    spells: list[tuple[int, str | None]] = []
    for journey in journeys:
        for mark in dwell(question, lens, journey):
            if not mark.cells:
                continue
            spell: Any = mark.item
            left = spell.stopped_by(question.at)
            where = spell_value(lens.profile, spell, "destination", question.at) or "unknown"
            spells.append((spell.days_by(question.at), str(where) if left else None))
    return estimates.competing_risks(spells, _asked(answers.meta(question)))
