"""Why a person is, or is not, in a cell: the rules in order, each with the event that decided.

The verdict is the figure's own: a thing is counted if and only if the figure made a mark of it.
The steps only say, in words and by the same predicates, what led there.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from domain.calendar import show_instant
from domain.events import Voided
from domain.history import Cutoff, Fact, Key
from domain.journey import Exit, Journey, Spell
from domain.linking import Person, united
from projections.explaining.aim import Aim, labels_of
from projections.explaining.steps import Step, steps_of
from projections.explaining.things import Thing, things_of
from projections.explaining.words import show, tell
from projections.reference import cutoff_of, marks_in
from projections.tally import Mark
from projections.views import Lens

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Reasons:
    """One thing that might be counted: the rules applied to it in order, and whether it is."""

    thing: Thing
    steps: tuple[Step, ...]
    counted: bool
    adds: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """A person's part of a cell, thing by thing; and the facts that do not count, with why.

    `links` tell which facts make several keys one person, or keep another key apart.
    """

    reasons: tuple[Reasons, ...]
    left_out: tuple[Step, ...]
    links: tuple[Step, ...] = ()

    @property
    def counted(self) -> bool:
        return any(one.counted for one in self.reasons)


def trace(aim: Aim, lens: Lens, person: Person[K]) -> Trace:
    """Why one person is or is not in the cell that is aimed at."""
    question = aim.question
    cutoff = cutoff_of(question)
    journey = united(person.journeys(cutoff))
    marks = list(marks_in(question, lens, journey))
    # The same figure without its filters tells what each thing's values are.
    unfiltered = replace(question, where={}, by=())
    wide_lens = Lens(unfiltered, lens.profile, by=tuple(question.where))
    wide = list(marks_in(unfiltered, wide_lens, journey))
    reasons = []
    for thing in things_of(question, journey):
        own = [mark for mark in marks if _is_of(mark, thing)]
        counted = aim.marks_of(own)
        seen = [mark for mark in wide if _is_of(mark, thing)]
        steps = [*steps_of(question, journey, thing, seen)]
        if seen:
            steps += _filters(aim, wide_lens, journey, seen)
        if any(mark.cells for mark in own):
            steps += _rows(aim, own, counted)
        elif all(step.holds for step in steps):
            said = "each filter fits something, but no one spell fits them all"
            steps.append(Step("together", False, said))
        reasons.append(Reasons(thing, tuple(steps), bool(counted), _adds(counted)))
    facts = sorted((f for told in person.facts.values() for f in told), key=lambda f: f.position)
    left_out = tuple(_left_out(facts, cutoff, journey))
    return Trace(tuple(reasons), left_out, tuple(_links(person)))


def _links(person: Person[K]) -> Iterator[Step]:
    """What makes several keys one person, from which day on, and known since when."""
    for told, holds in ((person.links, True), (person.apart, False)):
        for _, fact in told:
            since = f"known since {_minute(fact.event.recorded_at)}"
            said = "one person under both keys" if holds else "no longer one person"
            yield Step("linked keys", holds, f"{tell(fact)}, {since}: {said}", (fact,))


def _is_of(mark: Mark, thing: Thing) -> bool:
    """Whether a mark is of a thing; one of a person (`whole`) has every mark."""
    return thing.whole or mark.item is thing.item or _opens(thing.item, mark)


def _opens(item: Spell | Exit | Fact | None, mark: Mark) -> bool:
    """A mean stock's day is of every spell that runs on it."""
    return isinstance(item, Spell) and mark.extra == () and item.opened in mark.because


def _filters(aim: Aim, lens: Lens, journey: Journey, seen: list[Mark]) -> Iterator[Step]:
    """For each filter: what the values are, by which events, and whether one is asked for."""
    question = aim.question
    for index, (name, wanted) in enumerate(question.where.items()):
        found = {cell[index] for mark in seen for cell in mark.cells}
        values = sorted(found, key=lambda value: (value is not None, show(value)))
        facts: dict[int, Fact] = {}
        for mark in seen:
            if mark.on is not None:
                for fact in lens.read(journey, mark.on, mark.period).get(name, ()):
                    facts[fact.position] = fact
        by = tuple(facts.values())
        said = f"{name} is {' and '.join(map(show, values))}"
        said += f" ({'; '.join(map(tell, by))})" if by else ""
        said += f"; asked for {' or '.join(map(show, wanted))}"
        yield Step(name, any(value in wanted for value in values), said, by)


def _rows(aim: Aim, own: list[Mark], counted: list[Mark]) -> Iterator[Step]:
    """Which rows and columns a counted thing is in, where not the whole figure is looked at."""
    if not aim.row and aim.column is None:
        return
    in_cells = [mark for mark in own if mark.cells]
    rows = {str(labels_of(aim.question, mark.extra)): mark for mark in in_cells}
    named = [
        ", ".join(f"{k} {v}" for k, v in labels_of(aim.question, mark.extra).items())
        for mark in rows.values()
    ]
    said = f"it is in the rows {'; '.join(named)}" if aim.row else "it is in the figure"
    if aim.row:
        said += f"; asked for {', '.join(f'{k} {v}' for k, v in aim.row.items())}"
    if aim.column is not None:
        what = sorted({str(name) for mark in in_cells for name, n in mark.adds if n})
        said += f"; it adds to {', '.join(what)}; asked for {aim.column}"
    yield Step("row", bool(counted), said)


def _adds(counted: list[Mark]) -> tuple[tuple[str, int], ...]:
    """What a thing adds to the columns that count by name; in how many rows, where several."""
    rows = {mark.extra for mark in counted}
    if len(rows) > 1:
        return (("rows", len(rows)),)
    sums: dict[str, int] = {}
    for mark in counted:
        for name, number in mark.adds:
            if isinstance(name, str) and number:
                sums[name] = sums.get(name, 0) + number
    return tuple(sums.items())


def _left_out(facts: Sequence[Fact], cutoff: Cutoff, journey: Journey) -> Iterator[Step]:
    """The facts that do not count in this question, each with its reason.

    What was appended after its position is not told of: the answer must stay the same for ever.
    """
    known: dict[Key, Fact] = {}
    replaced: dict[Key, Fact] = {}
    for fact in facts:
        event = fact.event
        if cutoff.position is not None and fact.position > cutoff.position:
            break
        if cutoff.known_at is not None and event.recorded_at > cutoff.known_at:
            yield _out("knowledge time", fact, f"not recorded until {_minute(event.recorded_at)}")
        elif (key := event.replaced_key) is not None and key not in known:
            yield _out("knowledge time", fact, f"replaces {event.replaces}, not known yet")
        else:
            known[event.key] = fact
            if key is not None:
                replaced[key] = fact
    for key, by in replaced.items():
        how = "annulled" if isinstance(by.event, Voided) else "corrected"
        yield _out(how, known[key], f"{how} by {tell(by)}", by)
    for still in journey.without_place:
        yield _out("soundness", still.fact, f"has no place: {still.why}")


def _out(rule: str, fact: Fact, why: str, *others: Fact) -> Step:
    return Step(rule, False, f"{tell(fact)}: {why}", (fact, *others))


def _minute(moment: datetime) -> str:
    return show_instant(moment)[:16].replace("T", " ")
