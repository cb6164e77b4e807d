"""The facts of one participant, and which of them count at a cutoff: both times, replacements.

Replacing works in knowledge time alone: from the moment at which a correction or an annulment is
known, what it replaces no longer counts, whatever day either happened on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from operator import itemgetter
from typing import NamedTuple, TypeAlias

from domain.events import Event, Voided, Withdrawn
from domain.rules import problem_with
from domain.standing import Standing

Key: TypeAlias = tuple[str, str]
Place: TypeAlias = tuple[datetime, int]
End: TypeAlias = tuple[date, datetime, int]


class Fact(NamedTuple):
    """An event that is in the log, and the position at which it stands there."""

    event: Event
    position: int


@dataclass(frozen=True, slots=True)
class Cutoff:
    """What a question may look at: days up to `at`, known by `known_at`, appended up to `position`.

    None means no limit.
    """

    at: date | None = None
    known_at: datetime | None = None
    position: int | None = None


EVERYTHING = Cutoff()
_DAY_AND_PLACE = itemgetter(0, 1)
_LATEST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Standstill:
    """An event without a place in a history, and why."""

    fact: Fact
    why: str


def known_from(facts: Sequence[Fact]) -> dict[Key, datetime]:
    """When each fact became known: as recorded, but no earlier than what it replaces."""
    known: dict[Key, datetime] = {}
    for fact in facts:
        event = fact.event
        replaced = event.replaced_key
        own = event.recorded_at
        known[event.key] = own if replaced is None else max(own, known.get(replaced, own))
    return known


def counting(facts: Iterable[Fact], cutoff: Cutoff = EVERYTHING) -> list[Fact]:
    """The facts that are known and not replaced at a cutoff, in the order in which they count.

    `facts` are one participant's, by position. Days come first; within a day the order of
    recording, then of append, a correction standing where the event that it replaces stood.
    Annulments have done their work and are left out.
    """
    facts = list(facts)
    if cutoff is EVERYTHING and all(fact.event.replaces is None for fact in facts):
        return sorted(facts, key=_as_told)
    live: dict[Key, tuple[date, Place, Fact]] = {}
    places: dict[Key, Place] = {}
    for fact in facts:
        event, position = fact
        if cutoff.position is not None and position > cutoff.position:
            break
        if cutoff.known_at is not None and event.recorded_at > cutoff.known_at:
            continue
        replaced, key = event.replaced_key, event.key
        if replaced is None:
            place = places[key] = (event.recorded_at, position)
        elif replaced in places:
            place = places[key] = places[replaced]
            live.pop(replaced, None)
        else:
            continue  # what it replaces is not known yet, so neither is this
        live[key] = (event.occurred_on, place, fact)
    ordered = sorted(live.values(), key=_DAY_AND_PLACE)
    return [
        fact
        for day, _, fact in ordered
        if (cutoff.at is None or day <= cutoff.at) and not isinstance(fact.event, Voided)
    ]


def _as_told(fact: Fact) -> End:
    """Where a fact that replaces nothing, and that nothing replaces, stands among such."""
    event, position = fact
    return event.occurred_on, event.recorded_at, position


def first_standstill(facts: Sequence[Fact]) -> tuple[Standstill | None, Standing]:
    """The first of some counting facts that has no place, and the standing up to it."""
    now = Standing()
    for fact in facts:
        why = problem_with(fact.event, now)
        if why is not None:
            return Standstill(fact, why), now
        now.apply(fact.event)
    return None, now


class _Retold(NamedTuple):
    """A history told anew with new facts in their places, and the standing at its end."""

    new: list[Fact]
    told: list[Fact]
    standing: Standing


class History:
    """One participant's facts as they stand in the log, sound, with room for more.

    Offers new events a place and takes those that fit. An event at the end of all others, as nine
    in ten are, is judged against the standing there; any other has the whole history told anew.
    """

    def __init__(self, facts: Iterable[Fact] = ()) -> None:
        """`facts` are all that there are, by position."""
        self._facts: list[Fact] | None = list(facts)
        self._load: Callable[[], list[Fact]] = list
        self._new: list[Fact] = []
        self.standing = Standing()
        self.end: End | None = None
        self._tried: _Retold | None = None
        if self._facts:
            self._retell(counting(self._facts))

    @classmethod
    def resumed(
        cls, standing: Standing, end: End | None, load: Callable[[], list[Fact]]
    ) -> History:
        """A history from where it was left, its facts loaded only if they are asked for."""
        history = cls()
        history._facts, history._load = None, load
        history.standing, history.end = standing, end
        return history

    @property
    def facts(self) -> list[Fact]:
        """All facts by position, those taken in with them."""
        if self._facts is None:
            self._facts = [*self._load(), *self._new]
        return self._facts

    def _retell(self, told: list[Fact]) -> None:
        standstill, standing = first_standstill(told)
        if standstill is not None:
            raise ValueError(f"position {standstill.fact.position}: {standstill.why}")
        self._end_at(told, standing)

    def _end_at(self, told: list[Fact], standing: Standing) -> None:
        self.standing, self.end = standing, _end_of(told[-1]) if told else None
        self._tried = None

    def problem_with(self, events: Sequence[Event], position: int) -> str | None:
        """Why these events, appended in this order from a position on, have no place together."""
        if len(events) == 1 and self._comes_last(events[0], position):
            return problem_with(events[0], self.standing)
        return self._replacing_problem(events) or self._retelling_problem(events, position)

    def take(self, events: Sequence[Event], position: int) -> list[Fact]:
        """Takes in events that fit, from a position on; gives the facts that they are now."""
        if len(events) == 1 and (fact := self.take_last(events[0], position)) is not None:
            return [fact]
        new, tried = _as_facts(events, position), self._tried
        self.facts.extend(new)
        if tried is not None and tried.new == new:  # just judged, and told for that
            self._end_at(tried.told, tried.standing)
        else:
            self._retell(counting(self.facts))
        return new

    def take_last(self, event: Event, position: int) -> Fact | None:
        """Takes in an event at the end of all others, if it has its place there."""
        said = event.__dict__  # pydantic is slow to give an attribute, and this is for every row
        if said["replaces"] is not None:
            return None
        end = (said["occurred_on"], said["recorded_at"], position)
        if (self.end is not None and end <= self.end) or problem_with(event, self.standing):
            return None
        self.standing.apply(event)
        self.end, self._tried = end, None
        fact = Fact(event, position)
        (self._new if self._facts is None else self._facts).append(fact)
        return fact

    def _comes_last(self, event: Event, position: int) -> bool:
        if event.replaces is not None:
            return False
        return self.end is None or (event.occurred_on, event.recorded_at, position) > self.end

    def _replacing_problem(self, events: Sequence[Event]) -> str | None:
        if all(event.replaces is None for event in events):
            return None
        keys = {fact.event.key for fact in self.facts}
        replaced = {key for fact in self.facts if (key := fact.event.replaced_key)}
        for event in events:
            target = event.replaced_key
            if target is not None:
                if target not in keys:
                    return f"replaces {event.replaces}, which is not there"
                if target in replaced and not isinstance(event, Withdrawn):
                    return f"replaces {event.replaces}, which has been replaced already"
                replaced.add(target)
            keys.add(event.key)
        return None

    def _retelling_problem(self, events: Sequence[Event], position: int) -> str | None:
        new = _as_facts(events, position)
        told = counting([*self.facts, *new])
        standstill, standing = first_standstill(told)
        if standstill is None:
            self._tried = _Retold(new, told, standing)
            return None
        if any(fact is standstill.fact for fact in new):
            return standstill.why
        other = standstill.fact.event
        return (
            f"with this, {other.TOPIC} {other.event_id} of {other.occurred_on} "
            f"would have no place: {standstill.why}"
        )


def _end_of(last: Fact) -> End:
    """Past which an event comes last. A correction stands in another's place, somewhere in its day:
    only a later day is surely past it."""
    event = last.event
    recorded_at = event.recorded_at if event.replaces is None else _LATEST
    return event.occurred_on, recorded_at, last.position


def _as_facts(events: Sequence[Event], position: int) -> list[Fact]:
    return [Fact(event, position + index) for index, event in enumerate(events)]
