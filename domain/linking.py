"""Several keys of one person: which belong together at a cutoff, and their one journey.

Each key keeps its own history, sound or not by itself. Linked keys are one person when persons are
counted and when returns are looked for, over the union of their spells.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from heapq import merge as merge_sorted
from typing import Generic, TypeAlias, TypeVar

from domain.events import Linked, Unlinked
from domain.history import EVERYTHING, Cutoff, Fact, counting
from domain.journey import Exit, Journey, journey_at

K = TypeVar("K", bound=Hashable)
When: TypeAlias = tuple[date, datetime, int]


@dataclass(frozen=True, slots=True)
class Person(Generic[K]):
    """One person: the facts of each key, by position, and what makes the keys one.

    `links` are the facts that join the keys, `apart` those that keep a key of somebody else from
    being joined, each with the key that it is told of; in the order in which they came to hold.
    """

    facts: Mapping[K, Sequence[Fact]]
    links: tuple[tuple[K, Fact], ...] = ()
    apart: tuple[tuple[K, Fact], ...] = ()

    def journeys(self, cutoff: Cutoff = EVERYTHING) -> list[Journey]:
        """The journey of each key; `united` makes one of them."""
        return [journey_at(facts, cutoff) for facts in self.facts.values()]


def people(
    facts_by_key: Mapping[K, Sequence[Fact]], names: Mapping[str, K], cutoff: Cutoff = EVERYTHING
) -> list[Person[K]]:
    """Who the keys are, those of one person together, as links stand at a cutoff.

    `names` tells which key a link's `same_as` is; one that it does not know joins nothing. What was
    said last of two keys holds, whichever of them said it.
    """
    said: dict[frozenset[K], tuple[When, K, K, Fact]] = {}
    for key, facts in facts_by_key.items():
        for fact in counting(facts, cutoff):
            event = fact.event
            if isinstance(event, Linked | Unlinked) and names.get(event.same_as) in facts_by_key:
                other = names[event.same_as]
                when = (event.occurred_on, event.recorded_at, fact.position)
                latest = said.get(frozenset((key, other)))
                if latest is None or when > latest[0]:
                    said[frozenset((key, other))] = (when, key, other, fact)
    in_order = [one[1:] for one in sorted(said.values(), key=lambda one: one[0])]
    groups = {key: [key] for key in facts_by_key}
    links = []
    for key, other, fact in in_order:
        if isinstance(fact.event, Linked) and groups[key] is not groups[other]:
            links.append((key, fact))
            joined = groups[key] + groups[other]
            groups |= dict.fromkeys(joined, joined)
    joins: dict[int, list[tuple[K, Fact]]] = {}
    parts: dict[int, list[tuple[K, Fact]]] = {}
    for key, fact in links:
        joins.setdefault(id(groups[key]), []).append((key, fact))
    for key, other, fact in in_order:
        if isinstance(fact.event, Unlinked) and groups[key] is not groups[other]:
            for one in (key, other):
                parts.setdefault(id(groups[one]), []).append((key, fact))
    return [
        Person(
            {key: facts_by_key[key] for key in group},
            tuple(joins.get(name, ())),
            tuple(parts.get(name, ())),
        )
        for name, group in {id(group): group for group in groups.values()}.items()
    ]


def persons(
    facts_by_key: Mapping[K, Sequence[Fact]], names: Mapping[str, K], cutoff: Cutoff = EVERYTHING
) -> list[list[K]]:
    """The keys alone of `people`."""
    return [list(person.facts) for person in people(facts_by_key, names, cutoff)]


def united(journeys: Sequence[Journey]) -> Journey:
    """One journey of several keys' journeys: all their spells, exits and attributes, in order."""
    if len(journeys) == 1:
        return journeys[0]
    whole = Journey()
    whole.told = [fact for _, fact in merge_sorted(*map(_timed, journeys), key=lambda one: one[0])]
    order = {fact.position: index for index, fact in enumerate(whole.told)}
    for journey in journeys:
        for kind, spells in journey.spells.items():
            whole.spells[kind] += spells
        whole.exits += (Exit(one.fact, order[one.fact.position]) for one in journey.exits)
        for sign, found in journey.signs.items():
            whole.signs[sign] += ((order[fact.position], fact) for _, fact in found)
        whole.without_place += journey.without_place
    for spells in whole.spells.values():
        spells.sort(key=lambda spell: order[spell.opened.position])
    whole.exits.sort(key=lambda one: one.order)
    for found in whole.signs.values():
        found.sort(key=lambda sign: sign[0])
    whole.take_attributes(journeys, order)
    return whole


def _timed(journey: Journey) -> Iterable[tuple[When, Fact]]:
    """A journey's facts with times that never go back: a correction stands in another's place."""
    last: When | None = None
    for fact in journey.told:
        event = fact.event
        when = (event.occurred_on, event.recorded_at, fact.position)
        if last is not None and when < last:
            when = last
        last = when
        yield when, fact
