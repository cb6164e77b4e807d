"""Several keys of one person: which belong together at a cutoff, and their one journey.

Each key keeps its own history, sound or not by itself. Linked keys are one person when persons are
counted and when returns are looked for, over the union of their spells.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import date, datetime
from heapq import merge as merge_sorted
from typing import TypeAlias, TypeVar

from domain.events import Linked, Unlinked
from domain.history import EVERYTHING, Cutoff, Fact, counting
from domain.journey import Exit, Journey

K = TypeVar("K", bound=Hashable)
When: TypeAlias = tuple[date, datetime, int]


def persons(
    facts_by_key: Mapping[K, Sequence[Fact]], names: Mapping[str, K], cutoff: Cutoff = EVERYTHING
) -> list[list[K]]:
    """The keys, those of one person together, as links stand at a cutoff.

    `names` tells which key a link's `same_as` is; one that it does not know joins nothing. What was
    said last of two keys holds, whichever of them said it.
    """
    said: dict[frozenset[K], tuple[When, bool]] = {}
    for key, facts in facts_by_key.items():
        for fact in counting(facts, cutoff):
            event = fact.event
            if isinstance(event, Linked | Unlinked) and event.same_as in names:
                pair = frozenset((key, names[event.same_as]))
                when = (event.occurred_on, event.recorded_at, fact.position)
                if pair not in said or when > said[pair][0]:
                    said[pair] = (when, isinstance(event, Linked))
    groups = {key: [key] for key in facts_by_key}
    for pair, (_, linked) in said.items():
        known = [key for key in pair if key in groups]
        if linked and len(known) == 2 and groups[known[0]] is not groups[known[1]]:
            joined = groups[known[0]] + groups[known[1]]
            for key in joined:
                groups[key] = joined
    return list({id(group): group for group in groups.values()}.values())


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
