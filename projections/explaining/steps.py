"""The rules of each figure, applied to one thing in order and told in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from domain.calendar import add_months, whole_years
from domain.events import Referred
from domain.history import Fact
from domain.journey import Exit, Journey, Spell
from projections.explaining.things import Thing
from projections.explaining.words import tell, tell_spell
from projections.marks.exits import classify, first_back, latest_outcome, observed
from projections.question import FUNNEL_STEPS, RETURN_MONTHS, SOCIAL_ASSISTANCE, Question
from projections.tally import Mark


@dataclass(frozen=True, slots=True)
class Step:
    """A rule, whether it holds, what was found, and the facts that decided it."""

    rule: str
    holds: bool
    says: str
    facts: tuple[Fact, ...] = ()


def steps_of(
    question: Question, journey: Journey, thing: Thing, seen: Sequence[Mark]
) -> Iterator[Step]:
    """The figure's own rules in order, up to the first that fails; filters come after them.

    `seen` are the marks that the figure makes of the thing when nothing is filtered on.
    """
    if isinstance(thing.item, Exit):
        yield from _exit_steps(question, journey, thing.item)
    elif isinstance(thing.item, Spell):
        yield from _spell_steps(question, thing, thing.item, bool(seen))
    elif question.figure == "funnel":
        yield from _funnel_steps(question, journey, seen)
    else:
        yield from _duty_steps(question, journey, seen)


def _spell_steps(question: Question, thing: Thing, spell: Spell, seen: bool) -> Iterator[Step]:
    closed = spell.closed if spell.stopped_by(question.at) else None
    facts = (spell.opened, closed) if closed is not None else (spell.opened,)
    yield Step(spell.kind, True, tell_spell(spell, question.at), facts)
    carried = getattr(spell.opened.event, "programme", None)
    if question.programme is not None:
        holds = carried == question.programme
        said = f"it carries the programme {carried}; asked for {question.programme}"
        yield Step("programme", holds, said, (spell.opened,))
        if not holds:
            return
    if question.figure == "chains":
        yield _next_measure(question, thing, seen)
    else:
        yield Step("time", seen, _when(question, spell), facts)


def _when(question: Question, spell: Spell) -> str:
    """How a spell lies to the days that the figure looks at."""
    at, period = question.at, question.period
    if question.figure == "stock" and period is None:
        if spell.start > at:
            return f"it starts on {spell.start}, after {at}: not yet in it"
        if spell.stop is not None and spell.stopped_by(at):
            return f"it stops on {spell.stop}, by the end of {at}: no longer in it"
        return f"it starts by {at} and has not stopped by the end of that day: in it"
    if question.figure == "dwell":
        said = f"it starts on {spell.start}, {'by' if spell.start <= at else 'after'} {at}"
        if period is not None:
            inside = "in" if spell.start in period else "outside"
            said += f", {inside} {period.start} to {period.last}"
        over = "completed" if spell.stopped_by(at) else "ongoing"
        return f"{said}: {spell.days_by(at)} days, {over}" if spell.start <= at else said
    assert period is not None
    stop = "runs on" if spell.stop is None else f"stops on {spell.stop}"
    said = f"it starts on {spell.start} and {stop}"
    inside = "is in it" if spell.touches(period) else "is not in it"
    return f"{said}; the person {inside} at some time in {period.start} to {period.last}"


def _next_measure(question: Question, thing: Thing, seen: bool) -> Step:
    if thing.after is None:
        return Step("next measure", seen, "no measure starts after it")
    said = tell(thing.after.opened)
    if not seen:
        said += f": after {question.at}"
    return Step("next measure", seen, said, (thing.after.opened,))


def _exit_steps(question: Question, journey: Journey, exit_: Exit) -> Iterator[Step]:
    left_on = exit_.event.occurred_on
    (spell,) = (one for one in journey.spells["enrolment"] if one.closed is exit_.fact)
    yield Step("exit", True, tell_spell(spell, left_on), (spell.opened, exit_.fact))
    if question.programme is not None:
        holds = exit_.event.programme == question.programme
        said = f"it leaves {exit_.event.programme}; asked for {question.programme}"
        yield Step("programme", holds, said, (exit_.fact,))
        if not holds:
            return
    if left_on > question.at:
        yield Step("cutoff", False, f"{left_on} is after the cutoff {question.at}", (exit_.fact,))
        return
    if question.period is not None:
        holds = left_on in question.period
        said = f"{left_on} is {'in' if holds else 'outside'} {_period(question)}"
        yield Step("period", holds, said, (exit_.fact,))
        if not holds:
            return
    if question.figure == "returns":
        yield from _return_steps(question, journey, exit_)
        return
    what = _class_step(question, journey, exit_)
    yield what
    if question.figure == "outcomes" and what.holds:
        yield from _horizon_steps(question, journey, exit_)
    if question.figure == "exits" and (told := observed(question, exit_, journey)) is not None:
        yield Step("destination", True, f"{tell(told)}, for none was registered", (told,))


def _period(question: Question) -> str:
    assert question.period is not None
    return f"{question.period.start} to {question.period.last}"


def _class_step(question: Question, journey: Journey, exit_: Exit) -> Step:
    """Returned, final or pending, by what came back and when; outcomes are of final exits only."""
    what, back = classify(exit_, journey, question.window, question.at)
    last = question.window.after(exit_.event.occurred_on)
    holds = what == "final" or question.figure != "outcomes"
    window = f"the window of {question.window}"
    if back is not None:
        where = "the last day of" if back.event.occurred_on == last else f"by {last}, in"
        said = f"{tell(back)}, {where} {window}: returned, so not final"
        return Step("class", holds, said, (back,))
    later = first_back(exit_, journey, date.max, same_programme=False)
    told = "nothing came back" if later is None else f"{tell(later)}, came too late"
    facts = () if later is None else (later,)
    if what == "pending":
        said = f"nothing has come back by {question.at}; {window} runs to {last}"
        return Step("class", holds, f"{said}: pending, so not final")
    return Step("class", holds, f"{told}; {window} ended on {last}: final", facts)


def _horizon_steps(question: Question, journey: Journey, exit_: Exit) -> Iterator[Step]:
    for horizon in question.horizons:
        day = horizon.after(exit_.event.occurred_on)
        fact = latest_outcome(exit_, journey, day)
        rule = f"horizon {horizon}"
        if day > question.at:
            yield Step(rule, False, f"the anniversary {day} is after the cutoff {question.at}")
        elif fact is None:
            yield Step(rule, True, f"reached on {day}; no outcome was observed by then")
        else:
            yield Step(rule, True, f"reached on {day}; the latest by then: {tell(fact)}", (fact,))


def _return_steps(question: Question, journey: Journey, exit_: Exit) -> Iterator[Step]:
    for months in RETURN_MONTHS:
        last = add_months(exit_.event.occurred_on, months)
        rule = f"{months} months"
        if last > question.at:
            yield Step(rule, False, f"{months} months are up on {last}, after {question.at}")
            continue
        back = first_back(exit_, journey, last, same_programme=True)
        if back is None:
            yield Step(rule, True, f"not back in {exit_.event.programme} by {last}")
        else:
            yield Step(rule, True, f"{tell(back)}, by {last}: returned", (back,))


def _funnel_steps(question: Question, journey: Journey, seen: Sequence[Mark]) -> Iterator[Step]:
    reached = {mark.extra[0]: mark.item for mark in seen if isinstance(mark.item, Fact)}
    if not reached:
        yield _no_referral(question, journey)
        return
    for step in FUNNEL_STEPS:
        fact = reached.get(step)
        if fact is None:
            yield Step(step, False, f"not {step.replace('_', ' ')} by {question.at}")
        else:
            yield Step(step, True, tell(fact), (fact,))


def _no_referral(question: Question, journey: Journey) -> Step:
    wanted = question.programme
    referrals = [
        fact
        for _, fact in journey.signs[Referred]
        if wanted in (None, getattr(fact.event, "programme", None))
        and fact.event.occurred_on <= question.at
    ]
    if not referrals:
        return Step("referred", False, f"never referred by {question.at}")
    said = f"first {tell(referrals[0])}: outside {_period(question)}"
    return Step("referred", False, said, (referrals[0],))


def _duty_steps(question: Question, journey: Journey, seen: Sequence[Mark]) -> Iterator[Step]:
    assert question.period is not None
    period = question.period
    spells = [
        spell
        for spell in journey.spells["benefit"]
        if getattr(spell.opened.event, "benefit", None) == SOCIAL_ASSISTANCE
    ]
    running = [spell for spell in spells if spell.touches(period)]
    told = [tell_spell(spell, question.at) for spell in running or spells]
    said = "; ".join(told) if told else "no social assistance"
    if not running:
        said += f": none in {_period(question)}"
    yield Step("social assistance", bool(running), said, tuple(s.opened for s in running))
    if question.ages is not None and running:
        yield _age_step(question, journey, bool(seen))
    for mark in seen:
        state, reason = mark.extra
        said = " for ".join(str(part) for part in (state, reason) if part)
        if isinstance(mark.item, Spell):
            said += f": {tell(mark.item.opened)}, is what held last in {_period(question)}"
            yield Step("state", True, said, (mark.item.opened,))
        else:
            yield Step("state", True, f"{said}: no duty and no exemption in {_period(question)}")


def _age_step(question: Question, journey: Journey, holds: bool) -> Step:
    assert question.ages is not None
    lowest, highest = question.ages
    day = question.at
    fact = journey.attribute_fact("birth_date", day)
    wanted = f"asked for {lowest} to {highest}" if highest else f"asked for {lowest} and over"
    if fact is None:
        return Step("age", holds, f"no birth date is known on {day}; {wanted}")
    age = whole_years(journey.attribute("birth_date", day), day)
    return Step("age", holds, f"{age} years old on {day} ({tell(fact)}); {wanted}", (fact,))
