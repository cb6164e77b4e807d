"""The fold: a participant's counting events, in order, become spells, exits and attributes.

Pure, and with its lineage: every spell and exit holds the facts that opened and closed it.
An event without a place leaves no trace but its name in `without_place`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final, TypeAlias

from domain.calendar import Period
from domain.events import (
    Assessed,
    Enrolled,
    Event,
    Exited,
    MeasureStarted,
    Met,
    OutcomeObserved,
    Reentered,
    Referred,
    Registered,
    Sanctioned,
    StatusChanged,
)
from domain.history import EVERYTHING, Cutoff, Fact, Standstill, counting
from domain.kinds import KINDS, Kind
from domain.rules import problem_with
from domain.standing import Standing

ATTRIBUTES: Final = (
    "birth_date",
    "sex",
    "origin",
    "single_parent",
    "refugee_background",
    "office",
    "municipality",
    "status",
)
_SETTERS: Final[dict[type[Event], tuple[str, ...]]] = {
    Registered: ATTRIBUTES[:7],
    Referred: ("office", "municipality"),
    Enrolled: ("office", "municipality"),
    Reentered: ("office", "municipality"),
    StatusChanged: ("status",),
}
_SIGNS: Final = (Referred, Met, Assessed, Enrolled, Reentered, MeasureStarted, OutcomeObserved)


@dataclass(slots=True)
class Spell:
    """A stretch of days in one state, `[start, stop)`; no stop: it runs on.

    A sanction with an end set has its stop from the start; every other stop has the fact that
    `closed` the spell.
    """

    kind: Kind
    start: date
    stop: date | None
    opened: Fact
    closed: Fact | None = None

    def runs_on(self, day: date) -> bool:
        """Whether the person is in it at the end of a day."""
        return self.start <= day and (self.stop is None or day < self.stop)

    def touches(self, period: Period) -> bool:
        """Whether the person is in it at some time in a period; a spell of no days is, on its day.

        One that stops on the period's first day does not touch it.
        """
        if self.start >= period.stop:
            return False
        return (
            self.stop is None or self.stop > period.start or self.stop == self.start == period.start
        )

    def stopped_by(self, day: date) -> bool:
        return self.stop is not None and self.stop <= day

    def days_by(self, day: date) -> int:
        """Its length in days, a running one counted up to a day."""
        stop = self.stop if self.stop is not None and self.stop <= day else day
        return (stop - self.start).days


@dataclass(frozen=True, slots=True)
class Exit:
    """A person's leaving of a programme, and how far into the history it came."""

    fact: Fact
    order: int

    @property
    def event(self) -> Exited:
        assert isinstance(self.fact.event, Exited)
        return self.fact.event


Sign: TypeAlias = tuple[int, Fact]


@dataclass(slots=True)
class Journey:
    """What one participant's counting events lead to.

    `told` are the facts that have a place, in order; an `order` is an index into it. `signs` hold
    the facts of each type that figures look for after something else, each with its order.
    """

    told: list[Fact] = field(default_factory=list)
    spells: dict[Kind, list[Spell]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    exits: list[Exit] = field(default_factory=list)
    signs: dict[type[Event], list[Sign]] = field(
        default_factory=lambda: {sign: [] for sign in _SIGNS}
    )
    standing: Standing = field(default_factory=Standing)
    without_place: list[Standstill] = field(default_factory=list)
    _running: dict[tuple[Kind, str], Spell] = field(default_factory=dict)
    _set: dict[str, tuple[list[date], list[Fact]]] = field(default_factory=dict)

    def take(self, fact: Fact) -> str | None:
        """Takes in the next fact in order; why not, where it has no place."""
        event = fact.event
        why = problem_with(event, self.standing)
        if why is not None:
            self.without_place.append(Standstill(fact, why))
            return why
        for kind, key, opens in self.standing.apply(event):
            if opens:
                until = event.until if isinstance(event, Sanctioned) else None
                spell = Spell(kind, event.occurred_on, until, fact)
                self.spells[kind].append(spell)
                self._running[kind, key] = spell
            else:
                spell = self._running.pop((kind, key))
                spell.stop, spell.closed = event.occurred_on, fact
        self._note(fact)
        self.told.append(fact)
        return None

    def _note(self, fact: Fact) -> None:
        """Keeps what the fact says of the person, and the fact itself where figures look for it."""
        event = fact.event
        for name in _SETTERS.get(type(event), ()):
            if getattr(event, name) is not None:
                days, facts = self._set.setdefault(name, ([], []))
                days.append(event.occurred_on)
                facts.append(fact)
        if isinstance(event, Exited):
            self.exits.append(Exit(fact, len(self.told)))
        elif (signs := self.signs.get(type(event))) is not None:
            signs.append((len(self.told), fact))

    @property
    def running(self) -> Collection[Spell]:
        """The spells that nothing has closed, sanctions whose end is set among them."""
        return self._running.values()

    def left_off(self) -> Journey:
        """A journey that goes on from where this one stands: what runs and what holds, no more."""
        return Journey(
            standing=self.standing.copy(),
            _running={which: replace(spell) for which, spell in self._running.items()},
            _set={name: (days[-1:], facts[-1:]) for name, (days, facts) in self._set.items()},
        )

    def take_attributes(self, journeys: Iterable[Journey], order: Mapping[int, int]) -> None:
        """Takes over what journeys say of one person; `order` is that of facts, by position."""
        gathered: dict[str, list[Fact]] = {}
        for journey in journeys:
            for name, (_, facts) in journey._set.items():
                gathered.setdefault(name, []).extend(facts)
        for name, facts in gathered.items():
            facts.sort(key=lambda fact: order[fact.position])
            self._set[name] = ([fact.event.occurred_on for fact in facts], facts)

    def attribute_fact(self, name: str, on: date) -> Fact | None:
        """The fact that sets an attribute in force on a day: the latest by then that says it."""
        days, facts = self._set.get(name, ((), ()))
        index = bisect_right(days, on)
        return facts[index - 1] if index else None

    def attribute(self, name: str, on: date) -> Any:
        """What holds of the person on a day, as known; None where nothing is."""
        fact = self.attribute_fact(name, on)
        return None if fact is None else getattr(fact.event, name)

    def facts_of(self, name: str) -> Sequence[Fact]:
        """The facts that say something of an attribute, in order."""
        return self._set.get(name, ((), ()))[1]

    def attribute_days(self) -> set[date]:
        """The days on which some attribute is set."""
        return {day for days, _ in self._set.values() for day in days}


def fold(facts: Iterable[Fact]) -> Journey:
    """The journey of one participant's counting facts, given in order."""
    journey = Journey()
    for fact in facts:
        journey.take(fact)
    return journey


def journey_at(facts: Iterable[Fact], cutoff: Cutoff = EVERYTHING) -> Journey:
    """The journey of one participant's facts, by position, as it stood at a cutoff."""
    return fold(counting(facts, cutoff))
