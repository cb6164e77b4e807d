"""Funnel, chains and duty: figures of the way that persons take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from itertools import pairwise

from domain.calendar import whole_years
from domain.events import (
    Assessed,
    DutyExempted,
    Enrolled,
    Event,
    Exited,
    MeasureStarted,
    Met,
    Reentered,
    Referred,
)
from domain.history import Fact
from domain.journey import Journey, Spell
from projections.marks.exits import destination, observed
from projections.question import KVP, SOCIAL_ASSISTANCE, Question
from projections.tally import Mark
from projections.views import Lens, spell_values


def funnel(question: Question, lens: Lens, journey: Journey) -> Iterator[Mark]:
    """A person first referred in the period: how far, and after how many days, by the cutoff."""
    assert question.period is not None
    referral = _first(journey, _carries(question, Referred), -1, question.at)
    if referral is None or referral[1].event.occurred_on not in question.period:
        return
    order, fact = referral
    cells = lens.cells(journey, {}, question.at)
    for step, reached in _steps(question, lens, journey, order):
        if reached is not None:
            days = (reached.event.occurred_on - fact.event.occurred_on).days
            adds = (("persons", 1), (("days", days), 1))
            told = _told_by(question, journey, reached) if step == "exited_positive" else None
            because = (fact, told) if told else (fact,)
            yield Mark(cells, reached, adds, extra=(step,), because=because, on=question.at)


def _steps(
    question: Question, lens: Lens, journey: Journey, order: int
) -> Iterator[tuple[str, Fact | None]]:
    """The first fact after the referral, at an index of the history, that reaches each step."""
    yield "referred", journey.told[order]
    tests: tuple[tuple[str, Callable[[Event], bool]], ...] = (
        ("met", lambda event: isinstance(event, Met) and event.attended),
        ("assessed", lambda event: isinstance(event, Assessed)),
        ("enrolled", _carries(question, Enrolled, Reentered)),
        ("in_measure", _carries(question, MeasureStarted)),
    )
    for step, test in tests:
        found = _first(journey, test, order, question.at)
        yield step, None if found is None else found[1]
    yield "exited_positive", _first_positive_exit(question, lens, journey, order)


def _carries(question: Question, *types: type[Event]) -> Callable[[Event], bool]:
    """Whether an event is of a type and, where a programme is asked for, carries it."""
    wanted = question.programme
    return lambda event: (
        isinstance(event, types) and wanted in (None, getattr(event, "programme", None))
    )


def _first(
    journey: Journey, test: Callable[[Event], bool], after: int, at: date
) -> tuple[int, Fact] | None:
    for order in range(after + 1, len(journey.told)):
        fact = journey.told[order]
        if fact.event.occurred_on > at:
            return None
        if test(fact.event):
            return order, fact
    return None


def _first_positive_exit(
    question: Question, lens: Lens, journey: Journey, order: int
) -> Fact | None:
    """The first exit to work or school; an unknown destination may be observed in the window."""
    test = _carries(question, Exited)
    for exit_ in journey.exits:
        if (
            exit_.order > order
            and exit_.event.occurred_on <= question.at
            and test(exit_.event)
            and lens.profile.is_positive(destination(question, exit_, journey))
        ):
            return exit_.fact
    return None


def _told_by(question: Question, journey: Journey, exited: Fact) -> Fact | None:
    """What tells the destination of an exit that came without one."""
    exit_ = next(one for one in journey.exits if one.fact is exited)
    return observed(question, exit_, journey)


def chains(question: Question, lens: Lens, journey: Journey) -> Iterator[Mark]:
    """Each measure start and the same person's next one, by the cutoff; the first one's measure
    gives the dimensions of a measure."""
    spells = [
        spell
        for spell in journey.spells["measure"]
        if spell.start <= question.at
        and question.programme in (None, getattr(spell.opened.event, "programme", None))
    ]
    for first, second in pairwise(spells):
        own = spell_values(lens.profile, first, lens.own, question.at)
        cells = lens.cells(journey, own, question.at)
        adds = [("count", 1), (("start", (second.start - first.start).days), 1)]
        if first.stop is not None and first.stopped_by(question.at):
            adds.append((("stop", (second.start - first.stop).days), 1))
        extra = (_measure(first), _measure(second))
        because = (second.opened,)
        yield Mark(cells, first, tuple(adds), extra=extra, because=because, on=question.at)


def _measure(spell: Spell) -> str:
    assert isinstance(spell.opened.event, MeasureStarted)
    return spell.opened.event.measure


def duty(question: Question, lens: Lens, journey: Journey) -> Iterator[Mark]:
    """A person with social assistance in the period: on duty, exempt or neither, as held last."""
    assert question.period is not None
    period, last = question.period, question.period.last
    assistance = [
        spell
        for spell in journey.spells["benefit"]
        if getattr(spell.opened.event, "benefit", None) == SOCIAL_ASSISTANCE
        and spell.touches(period)
    ]
    if not assistance or not _is_of_age(question, journey, last):
        return
    held = [
        spell
        for kind in ("duty", "exemption")
        for spell in journey.spells[kind]
        if spell.touches(period)
    ]
    spell = max(held, key=lambda one: journey.told.index(one.opened)) if held else None
    state, reason = _state(spell)
    kvp = _kvp_assessed_by(journey, spell.start) if spell is not None else None
    adds = (("persons", 1), ("kvp_assessed_first", int(kvp is not None)))
    born = journey.attribute_fact("birth_date", last) if question.ages else None
    because = (assistance[0].opened, *(one for one in (kvp, born) if one))
    cells = lens.cells(journey, {}, last, period)
    extra = (state, reason)
    yield Mark(cells, spell, adds, extra=extra, because=because, on=last, period=period)


def _is_of_age(question: Question, journey: Journey, day: date) -> bool:
    if question.ages is None:
        return True
    born_on = journey.attribute("birth_date", day)
    lowest, highest = question.ages
    return born_on is not None and (
        lowest <= whole_years(born_on, day)
        and (highest is None or whole_years(born_on, day) <= highest)
    )


def _state(spell: Spell | None) -> tuple[str, str | None]:
    if spell is None:
        return "neither", None
    event = spell.opened.event
    return ("exempt", event.reason) if isinstance(event, DutyExempted) else ("duty", None)


def _kvp_assessed_by(journey: Journey, day: date) -> Fact | None:
    for _, fact in journey.signs[Assessed]:
        if getattr(fact.event, "kind", None) == KVP and fact.event.occurred_on <= day:
            return fact
    return None
