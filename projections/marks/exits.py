"""Exits, outcomes and returns: figures of leaving a programme, and of what came after."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Literal

from domain.calendar import Length, add_months
from domain.events import Enrolled, MeasureStarted, OutcomeObserved, Reentered
from domain.history import Fact
from domain.journey import Exit, Journey
from projections.question import RETURN_MONTHS, Question, Value
from projections.tally import Mark
from projections.views import Lens, time_values

ExitClass = Literal["returned", "final", "pending"]


def exits(question: Question, lens: Lens, journey: Journey) -> Iterator[Mark]:
    """Each exit by the cutoff: returned, final or pending."""
    for exit_ in counted_exits(question, journey):
        what, back = classify(exit_, journey, question.window, question.at)
        cells = lens.cells(journey, _own(question, lens, exit_, journey), exit_.event.occurred_on)
        told = observed(question, exit_, journey) if "destination" in lens.own else None
        because = tuple(fact for fact in (back, told) if fact)
        adds = (("exits", 1), (what, 1))
        yield Mark(cells, exit_, adds, because=because, on=exit_.event.occurred_on)


def outcomes(question: Question, lens: Lens, journey: Journey) -> Iterator[Mark]:
    """Each final exit that has reached a horizon: in work or school on that anniversary or not."""
    for exit_ in counted_exits(question, journey):
        what, _ = classify(exit_, journey, question.window, question.at)
        if what != "final":
            continue
        left_on = exit_.event.occurred_on
        told = observed(question, exit_, journey) if "destination" in lens.own else None
        cells = lens.cells(journey, _own(question, lens, exit_, journey), left_on)
        for index, horizon in enumerate(question.horizons):
            anniversary = horizon.after(left_on)
            if anniversary <= question.at:
                fact = latest_outcome(exit_, journey, anniversary)
                good = int(lens.profile.is_positive(_told(fact)))
                adds = (("reached", 1), ("in_work_or_education", good))
                because = tuple(one for one in (fact, told) if one)
                yield Mark(cells, exit_, adds, extra=(index,), because=because, on=left_on)


def returns(question: Question, lens: Lens, journey: Journey) -> Iterator[Mark]:
    """Each exit old enough: back in the same programme within the time, or not."""
    for exit_ in counted_exits(question, journey):
        left_on = exit_.event.occurred_on
        told = observed(question, exit_, journey) if "destination" in lens.own else None
        cells = lens.cells(journey, _own(question, lens, exit_, journey), left_on)
        for months in RETURN_MONTHS:
            last = add_months(left_on, months)
            if last <= question.at:
                back = first_back(exit_, journey, last, same_programme=True)
                adds = (("exits", 1), ("returned", int(back is not None)))
                because = tuple(one for one in (back, told) if one)
                yield Mark(cells, exit_, adds, extra=(months,), because=because, on=left_on)


def counted_exits(question: Question, journey: Journey) -> Iterator[Exit]:
    """The exits by the cutoff, of the programme and in the period where those are given."""
    for exit_ in journey.exits:
        day = exit_.event.occurred_on
        if (
            day <= question.at
            and (question.period is None or day in question.period)
            and question.programme in (None, exit_.event.programme)
        ):
            yield exit_


def classify(
    exit_: Exit, journey: Journey, window: Length, at: date
) -> tuple[ExitClass, Fact | None]:
    """What an exit is when days up to `at` count, and what came back, if anything.

    Returned: an entry into any programme or a measure's start after it, by the window's last day,
    which is counted as Norwegian law counts deadlines. Final: none, and that day has passed or is.
    """
    last = window.after(exit_.event.occurred_on)
    back = first_back(exit_, journey, min(last, at), same_programme=False)
    if back is not None:
        return "returned", back
    return ("final" if last <= at else "pending"), None


def first_back(exit_: Exit, journey: Journey, last: date, *, same_programme: bool) -> Fact | None:
    """The first fact after an exit, by a day, that is a return."""
    kinds = (Enrolled, Reentered) if same_programme else (Enrolled, Reentered, MeasureStarted)
    found = [
        sign
        for kind in kinds
        for sign in journey.signs[kind]
        if sign[0] > exit_.order
        and sign[1].event.occurred_on <= last
        and (
            not same_programme or getattr(sign[1].event, "programme", None) == exit_.event.programme
        )
    ]
    return min(found, key=lambda sign: sign[0])[1] if found else None


def latest_outcome(exit_: Exit, journey: Journey, last: date) -> Fact | None:
    """The latest observation after an exit, up to a day and with it."""
    found = None
    for order, fact in journey.signs[OutcomeObserved]:
        if order > exit_.order and fact.event.occurred_on <= last:
            found = fact
    return found


def observed(question: Question, exit_: Exit, journey: Journey) -> Fact | None:
    """What tells the destination of an exit that came without one, within the window."""
    if exit_.event.destination != "unknown":
        return None
    last = min(question.window.after(exit_.event.occurred_on), question.at)
    return latest_outcome(exit_, journey, last)


def destination(question: Question, exit_: Exit, journey: Journey) -> str:
    """Where an exit led: as it was registered, or by what was observed within the window."""
    fact = observed(question, exit_, journey)
    return exit_.event.destination if fact is None else _told(fact) or "unknown"


def _told(fact: Fact | None) -> str | None:
    if fact is None:
        return None
    assert isinstance(fact.event, OutcomeObserved)
    return fact.event.outcome


def _own(question: Question, lens: Lens, exit_: Exit, journey: Journey) -> dict[str, Value]:
    own: dict[str, Value] = dict(time_values(lens.own, exit_.event.occurred_on))
    if "programme" in lens.own:
        own["programme"] = exit_.event.programme
    if "destination" in lens.own:
        own["destination"] = destination(question, exit_, journey)
    return own
