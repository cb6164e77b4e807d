"""The events that suffice: those a cell was read from, what they replace, what places them.

The lineage of the marks gives the facts that the figure was read from. The support is what it
takes beside them for a fold of nothing else to give the same: the enrolment before an exit, the
stop of a spell that would otherwise run on, the fact that a correction stands in the place of.
No part of the support could be left out: each has been tried, but for the longest histories.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, Literal, TypeVar

from domain.events import Exited, Reentered
from domain.history import Cutoff, Fact, Key
from domain.journey import Exit, Journey, Spell, journey_at
from domain.linking import Person, united
from projections.explaining.aim import Aim, Plain, sums_of
from projections.reference import cutoff_of, marks_in
from projections.tally import Mark
from projections.views import Lens

K = TypeVar("K", bound=Hashable)
Role = Literal[
    "linked", "apart", "counted", "opened", "closed", "decided", "set", "place", "replaced"
]
ROLES: Final[tuple[Role, ...]] = (
    "linked", "apart", "counted", "opened", "closed", "decided", "set", "place", "replaced",
)  # fmt: skip
# How many facts are folded, trial after trial, before a long history is left as thin as it is.
_MOST_FOLDED: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Sufficient(Generic[K]):
    """One person's part of a cell, and facts that give the same, by position.

    `roles` say, by position, what each is there for; `sets` which dimensions it sets; `told_of`
    whose it is, of the person's keys (one that keeps another key apart may be the other's).
    """

    marks: tuple[Mark, ...]
    facts: tuple[Fact, ...]
    roles: dict[int, tuple[Role, ...]]
    sets: dict[int, tuple[str, ...]]
    told_of: dict[int, K]


class _Roles:
    def __init__(self) -> None:
        self.facts: dict[int, Fact] = {}
        self.roles: dict[int, set[Role]] = {}
        self.sets: dict[int, set[str]] = {}

    def add(self, fact: Fact, role: Role, name: str | None = None) -> None:
        self.facts[fact.position] = fact
        self.roles.setdefault(fact.position, set()).add(role)
        if name is not None:
            self.sets.setdefault(fact.position, set()).add(name)


def suffices(aim: Aim, lens: Lens, person: Person[K]) -> Sufficient[K] | None:
    """What one person has in a cell, and why; None for one who is not in it."""
    journeys = person.journeys(cutoff_of(aim.question))
    marks = aim.marks_of(marks_in(aim.question, lens, united(journeys)))
    return part_of(aim, lens, person, journeys, marks) if marks else None


def part_of(
    aim: Aim, lens: Lens, person: Person[K], journeys: Sequence[Journey], marks: Sequence[Mark]
) -> Sufficient[K]:
    """As `suffices`, where the journeys of the keys and their marks in the cell are there already.

    What links the keys comes first: a fold of the facts knows one person by it.
    """
    found = _Roles()
    journey = united(journeys)
    for mark in marks:
        _read_from(aim, lens, journey, mark, found)
    told_of = {fact.position: key for key, facts in person.facts.items() for fact in facts}
    chains = _Chains(fact for facts in person.facts.values() for fact in facts)
    trial = _Trial(
        aim,
        lens,
        cutoff_of(aim.question),
        chains,
        told_of,
        sums_of(marks),
        list(found.facts.values()),
    )
    for fact in _support(trial, journeys):
        found.add(fact, "place")
    for _, fact in person.links:
        found.add(fact, "linked")
    for fact in list(found.facts.values()):
        for replaced in chains.behind(fact):
            found.add(replaced, "replaced")
    for key, fact in person.apart:
        found.add(fact, "apart")
        told_of[fact.position] = key
    return Sufficient(
        tuple(marks),
        tuple(found.facts[position] for position in sorted(found.facts)),
        {at: tuple(role for role in ROLES if role in found.roles[at]) for at in found.roles},
        {at: tuple(sorted(names)) for at, names in found.sets.items()},
        {at: told_of[at] for at in found.roles},
    )


def _read_from(aim: Aim, lens: Lens, journey: Journey, mark: Mark, found: _Roles) -> None:
    """The facts that a mark was read from, by its lineage."""
    item = mark.item
    if isinstance(item, Spell):
        found.add(item.opened, "opened")
        if (closed := closed_by(aim, mark, item)) is not None:
            found.add(closed, "closed")
    elif isinstance(item, Exit):
        found.add(item.fact, "counted")
    elif item is not None:
        found.add(item, "counted")
    for fact in mark.because:
        found.add(fact, "decided")
    if mark.on is not None:
        for name, facts in lens.read(journey, mark.on, mark.period).items():
            for fact in facts:
                found.add(fact, "set", name)


def closed_by(aim: Aim, mark: Mark, spell: Spell) -> Fact | None:
    """What closed a counted spell, by the last day that the mark looks at."""
    question = aim.question
    whole = question.is_mean or question.figure == "capacity"
    last = question.at if whole or mark.on is None else mark.on
    return spell.closed if spell.stopped_by(last) else None


class _Chains:
    """What each fact replaces, and what that replaces in turn."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        self._by_key: dict[Key, Fact] = {fact.event.key: fact for fact in facts}

    def behind(self, fact: Fact) -> Iterator[Fact]:
        key = fact.event.replaced_key
        while key is not None:
            replaced = self._by_key[key]
            yield replaced
            key = replaced.event.replaced_key


@dataclass(frozen=True, slots=True)
class _Trial:
    """Whether some facts beside those read from would do."""

    aim: Aim
    lens: Lens
    cutoff: Cutoff
    chains: _Chains
    told_of: Mapping[int, Hashable]
    wanted: Plain
    read: list[Fact]

    def does(self, support: Iterable[Fact]) -> bool:
        facts = {fact.position: fact for fact in (*self.read, *support)}
        for fact in list(facts.values()):
            facts.update((one.position, one) for one in self.chains.behind(fact))
        by_key: dict[Hashable, list[Fact]] = {}
        for position in sorted(facts):
            by_key.setdefault(self.told_of[position], []).append(facts[position])
        journey = united([journey_at(some, self.cutoff) for some in by_key.values()])
        told = {fact.position for fact in journey.told}
        if any(fact.position not in told for fact in self.read):
            return False
        marks = self.aim.marks_of(marks_in(self.aim.question, self.lens, journey))
        return sums_of(marks) == self.wanted


def _support(trial: _Trial, journeys: Sequence[Journey]) -> list[Fact]:
    """Facts that with those read from do, none of which could go."""
    support = [fact for journey in journeys for fact in _closure(trial.read, journey)]
    if not trial.does(support):
        # Something read from means something else in a shorter history: take all, then thin it.
        read = {fact.position for fact in trial.read}
        told = (fact for journey in journeys for fact in journey.told)
        support = [fact for fact in told if fact.position not in read]
    return _thinned(trial, support)


def _closure(read: Iterable[Fact], journey: Journey) -> list[Fact]:
    """What places some facts in one key's journey, and what ends the spells that they open."""
    opens: dict[int, list[Spell]] = {}
    closes: dict[int, list[Spell]] = {}
    for spells in journey.spells.values():
        for spell in spells:
            opens.setdefault(spell.opened.position, []).append(spell)
            if spell.closed is not None:
                closes.setdefault(spell.closed.position, []).append(spell)
    left_before = _left_before(journey)
    waiting = list(read)
    seen = {fact.position for fact in waiting}
    added = []
    while waiting:
        position = waiting.pop().position
        nearby = [spell.opened for spell in closes.get(position, ())]
        nearby += [spell.closed for spell in opens.get(position, ()) if spell.closed is not None]
        nearby += [left_before[position]] if position in left_before else []
        for fact in nearby:
            if fact.position not in seen:
                seen.add(fact.position)
                added.append(fact)
                waiting.append(fact)
    return added


def _left_before(journey: Journey) -> dict[int, Fact]:
    """For each re-entry, the latest exit before it from the same programme."""
    left: dict[str, Fact] = {}
    before = {}
    for fact in journey.told:
        event = fact.event
        if isinstance(event, Exited):
            left[event.programme] = fact
        elif isinstance(event, Reentered):
            before[fact.position] = left[event.programme]
    return before


def _thinned(trial: _Trial, support: list[Fact]) -> list[Fact]:
    """Leaves out what can go, in parts that halve, later positions first, until nothing can."""
    kept = sorted(support, key=lambda fact: fact.position, reverse=True)
    size, folded = len(kept), 0
    while kept and size and folded < _MOST_FOLDED:
        start, shorter = 0, False
        while start < len(kept) and folded < _MOST_FOLDED:
            folded += len(trial.read) + len(kept)
            rest = kept[:start] + kept[start + size :]
            if trial.does(rest):
                kept, shorter = rest, True
            else:
                start += size
        if size > 1:
            size = (size + 1) // 2
        elif not shorter:
            break
    return kept
