"""The facts of one participant, and which of them count at a cutoff: both times, replacements.

Replacing works in knowledge time alone: from the moment at which a correction or an annulment is
known, what it replaces no longer counts, whatever day either happened on.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from operator import itemgetter
from typing import Any, Final, NamedTuple, TypeAlias

from domain.calendar import to_microseconds
from domain.events import Event, Voided, Withdrawn
from domain.rules import problem_with, takes
from domain.standing import Standing, about

Key: TypeAlias = tuple[str, str]
Place: TypeAlias = tuple[datetime, int]
End: TypeAlias = tuple[date, int, int]
"""A day, a time of recording in microseconds since 1970, and a position."""
Step: TypeAlias = tuple[End, type[Event], Any]
"""What telling a history takes of an event that replaces nothing, and that nothing replaces: where
it stands, its type, and what it is about."""
Kept: TypeAlias = Any
"""An event that is in the log, as whoever keeps it has it: see `History`."""


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
_LATEST: Final = to_microseconds(datetime.max.replace(tzinfo=UTC))


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


def _as_told(fact: Fact) -> tuple[date, datetime, int]:
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


def event_of(kept: Kept, read: Callable[[Kept], Event]) -> Event:
    """What is kept, where it is the event itself; else what `read` makes of it."""
    return kept if isinstance(kept, Event) else read(kept)


class History:
    """One participant's facts as they stand in the log, sound, with room for more.

    Offers new events a place and takes those that fit. An event at the end of all others, as nine
    in ten are, is judged against the standing there; any other has the whole history told anew.
    """

    __slots__ = ("_facts", "_load", "_new", "_read", "_steps", "_tried", "end", "standing")

    def __init__(
        self, facts: Iterable[Fact] = (), read: Callable[[Kept], Event] = Event.model_validate
    ) -> None:
        """`facts` are all that there are, by position. `read` makes the event of what
        `take_plainly` is given in its stead, if it is asked for."""
        self._facts: list[Fact] | None = list(facts)
        self._load: Callable[[], list[Fact]] = list
        self._read = read
        self._new: list[tuple[Kept, int]] = []
        self._steps: list[Step] | None = None if self._facts else []
        self.standing = Standing()
        self.end: End | None = None
        self._tried: _Retold | None = None
        if self._facts:
            self._retell(counting(self._facts))

    @classmethod
    def resumed(
        cls,
        standing: Standing,
        end: End | None,
        load: Callable[[], list[Fact]],
        read: Callable[[Kept], Event] = Event.model_validate,
    ) -> History:
        """A history from where it was left, its facts loaded only if they are asked for."""
        history = cls(read=read)
        history._facts, history._load, history._steps = None, load, None
        history.standing, history.end = standing, end
        return history

    @classmethod
    def of_steps(
        cls,
        steps: Iterable[Step],
        load: Callable[[], list[Fact]],
        read: Callable[[Kept], Event] = Event.model_validate,
    ) -> History:
        """A history of which the steps are known, none of which replaces another; ValueError where
        it is not sound."""
        history = cls(read=read)
        history._facts, history._load = None, load
        told = sorted(steps)
        standing = _told(told)
        if standing is None:
            raise ValueError("the history is not sound")
        history._tell(told, standing)
        return history

    @property
    def facts(self) -> list[Fact]:
        """All facts by position, those taken in with them."""
        if self._facts is None:
            self._facts = self._load()
        if self._new:
            read = self._read
            self._facts += [Fact(event_of(kept, read), position) for kept, position in self._new]
            self._new.clear()
        return self._facts

    def _retell(self, told: list[Fact]) -> None:
        standstill, standing = first_standstill(told)
        if standstill is not None:
            raise ValueError(f"position {standstill.fact.position}: {standstill.why}")
        self._end_at(told, standing)

    def _end_at(self, told: list[Fact], standing: Standing) -> None:
        self.standing, self.end = standing, _end_of(told[-1]) if told else None
        self._steps = self._tried = None

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
        if not self._comes_last(event, position):
            return None
        what, at = about(event), to_microseconds(event.recorded_at)
        if self.take_plainly(type(event), what, event.occurred_on, at, position, event):
            return Fact(event, position)
        return None

    def take_plainly(
        self, cls: type[Event], what: Any, on: date, at: int, position: int, kept: Kept
    ) -> bool:
        """Takes in an event that replaces nothing, if it has its place, at the end or before it.

        It is of a type, about `what`, on a day, recorded at a time in microseconds. `kept` is the
        event, or stands for it. That it is not taken says only that there is more to it.
        """
        end = (on, at, position)
        if self.end is not None and end <= self.end:
            return self._insert((end, cls, what), kept, position)
        if not takes(self.standing, cls, what, on):
            return False
        self.end, self._tried = end, None
        self._new.append((kept, position))
        if self._steps is not None:
            self._steps.append((end, cls, what))
        return True

    def _insert(self, step: Step, kept: Kept, position: int) -> bool:
        if self._steps is None:
            return False
        steps = self._steps.copy()
        insort(steps, step)
        standing = _told(steps)
        if standing is None:
            return False
        self._tell(steps, standing)
        self._new.append((kept, position))
        return True

    def _tell(self, steps: list[Step], standing: Standing) -> None:
        self._steps, self.standing, self._tried = steps, standing, None
        self.end = steps[-1][0] if steps else None

    def _comes_last(self, event: Event, position: int) -> bool:
        if event.replaces is not None:
            return False
        at = to_microseconds(event.recorded_at)
        return self.end is None or (event.occurred_on, at, position) > self.end

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


def _told(steps: Iterable[Step]) -> Standing | None:
    """The standing after some steps in their order; None where one has no place."""
    now = Standing()
    for (on, _, _), cls, what in steps:
        if not takes(now, cls, what, on):
            return None
    return now


def _end_of(last: Fact) -> End:
    """Past which an event comes last. A correction stands in another's place, somewhere in its day:
    only a later day is surely past it."""
    event = last.event
    at = to_microseconds(event.recorded_at) if event.replaces is None else _LATEST
    return event.occurred_on, at, last.position


def _as_facts(events: Sequence[Event], position: int) -> list[Fact]:
    return [Fact(event, position + index) for index, event in enumerate(events)]
