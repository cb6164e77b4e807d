"""What becomes of each row that is handed in: appended, duplicate, held, rejected, resolved.

The contract's section 2, in memory. An adapter loads what the rows touch, hands them over one at
a time in file order, and writes down what comes back; nothing here reads or writes a store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from domain.events import (
    BenefitStarted,
    BenefitStopped,
    DutyEnded,
    DutyExempted,
    DutyImposed,
    Enrolled,
    Event,
    Exited,
    IntensityChanged,
    MeasureStarted,
    MeasureStopped,
    Reentered,
    Sanctioned,
    SanctionLifted,
)
from domain.history import Fact, History, Kept, Key, event_of

Person = TypeVar("Person")  # however the adapter names a participant
Subject: TypeAlias = tuple[str, str]
Outcome = Literal["appended", "duplicate", "held", "rejected"]


@dataclass(eq=False, slots=True)
class Held(Generic[Person]):
    """A well-formed row that contradicts what is known so far. `slip` is the adapter's own name."""

    person: Person
    event: Event
    why: str
    slip: int


@dataclass(frozen=True, slots=True)
class Append(Generic[Person]):
    """An event that got its place in the log; `held` where it had waited for it."""

    person: Person
    fact: Fact
    held: Held[Person] | None = None


@dataclass(slots=True)
class Verdict(Generic[Person]):
    """What became of one row, and of the rows that were waiting for it."""

    outcome: Outcome
    why: str = ""
    appends: list[Append[Person]] = field(default_factory=list)
    held: Held[Person] | None = None
    mended: Held[Person] | None = None


@dataclass(frozen=True, slots=True)
class Known(Generic[Person]):
    """An event in the log, as far as telling duplicates needs: whose, and how to get at it.

    Of someone `erased` the content can no longer be compared: the key alone tells.
    """

    person: Person
    event: Callable[[], Event]
    erased: bool = False


class Intake(Generic[Person]):
    """Judges rows one at a time against the histories that it was given.

    Everything that a row touches must be loaded before it is judged: its participant's history
    and held rows, and what is known of its own key and of the key that it replaces.
    """

    def __init__(self, position: int, read: Callable[[Kept], Event] = Event.model_validate) -> None:
        """`position` is the last one in the log. `read` makes events of what `append_plainly` is
        given, if they are looked at."""
        self.position = position
        self._read = read
        self.histories: dict[Person, History] = {}
        self.known: dict[Key, Known[Person]] = {}
        self._taken: dict[Key, tuple[Person, Kept]] = {}
        self._held: dict[Key, Held[Person]] = {}
        self._waiting: dict[Person, list[Held[Person]]] = {}
        self._stirred: set[Person] = set()

    def load(self, person: Person, facts: Iterable[Fact], held: Iterable[Held[Person]]) -> None:
        """Takes in a participant's facts, by position, and the rows that wait for them."""
        history = self.histories[person] = History(facts, self._read)
        for fact in history.facts:
            self._know(person, fact.event)
        for waiting in held:
            self._wait(waiting)
        self._stirred.add(person)

    def resume(self, person: Person, history: History) -> None:
        """Takes in a participant for whom no row waits, from where the history was left."""
        self.histories[person] = history

    def append_plainly(
        self, person: Person, key: Key, cls: type[Event], what: Any, on: date, at: int, kept: Kept
    ) -> bool:
        """What `judge` comes to for most rows: a new event that replaces nothing, and is sound.

        `key` is the event's; for the others see `History.take_plainly`. Nothing is changed where
        there is more to it.
        """
        if key in self._taken or (self.known and key in self.known):
            return False
        if self._waiting and (key in self._held or person in self._waiting):
            return False
        position = self.position + 1
        if not self.histories[person].take_plainly(cls, what, on, at, position, kept):
            return False
        self.position = position
        self._taken[key] = person, kept
        return True

    def judge(self, person: Person, event: Event, slip: int) -> Verdict[Person]:
        """What becomes of one well-formed row, and then of its participant's waiting ones."""
        verdict = self._judge(person, event, slip)
        verdict.appends += self.retry(person)
        if verdict.mended is not None and verdict.mended.person != person:
            verdict.appends += self.retry(verdict.mended.person)
        return verdict

    def _judge(self, person: Person, event: Event, slip: int) -> Verdict[Person]:
        before = self._find(event.key)
        if before is not None:
            if before.erased or (before.person == person and before.event().same_content(event)):
                return Verdict("duplicate")
            why = f"event_id {event.event_id} is in the log with other content"
            return Verdict("rejected", why)
        waiting = self._held.get(event.key)
        if waiting is not None and waiting.person == person and waiting.event.same_content(event):
            return Verdict("duplicate")
        target = self._find(event.replaced_key)
        if target is not None and target.person != person:
            return Verdict(
                "rejected", f"replaces {event.replaces}, an event of another participant"
            )
        if waiting is not None:
            self._stop_waiting(waiting)
        why_not = self.histories[person].problem_with([event], self.position + 1)
        if why_not is None:
            return Verdict("appended", appends=[self._append(person, event)], mended=waiting)
        held = Held(person, event, why_not, slip)
        self._wait(held)
        self._stirred.add(person)
        return Verdict("held", why_not, held=held, mended=waiting)

    def retry(self, person: Person) -> list[Append[Person]]:
        """Gives a participant's waiting rows their places, as many as have one now.

        Earliest day first, again until none fits alone; then those that concern the same subject
        together. Nothing is tried where nothing has changed since the last time.
        """
        appends: list[Append[Person]] = []
        while person in self._stirred and self._waiting.get(person):
            new = self._first_that_fits(person) or self._group_that_fits(person)
            if not new:
                break
            appends += new
        self._stirred.discard(person)
        return appends

    def _first_that_fits(self, person: Person) -> list[Append[Person]]:
        for held in self._in_order(person):
            if not self._replaces_other(held):
                why = self.histories[person].problem_with([held.event], self.position + 1)
                if why is None:
                    self._stop_waiting(held)
                    return [self._append(person, held.event, held)]
                held.why = why
        return []

    def _group_that_fits(self, person: Person) -> list[Append[Person]]:
        tried: set[frozenset[Key]] = set()
        for group in self._groups(self._in_order(person)):
            keys = frozenset(held.event.key for held in group)
            if len(group) < 2 or keys in tried or any(map(self._replaces_other, group)):
                continue
            tried.add(keys)
            events = [held.event for held in group]
            if self.histories[person].problem_with(events, self.position + 1) is None:
                return self._append_together(person, group)
        return []

    def _append_together(
        self, person: Person, group: Sequence[Held[Person]]
    ) -> list[Append[Person]]:
        facts = self.histories[person].take([held.event for held in group], self.position + 1)
        self.position += len(group)
        for held in group:
            self._stop_waiting(held)
            self._know(person, held.event)
        self._stirred.add(person)
        return [Append(person, fact, held) for fact, held in zip(facts, group, strict=True)]

    def _append(
        self, person: Person, event: Event, held: Held[Person] | None = None
    ) -> Append[Person]:
        (fact,) = self.histories[person].take([event], self.position + 1)
        self.position += 1
        self._know(person, event)
        self._stirred.add(person)
        return Append(person, fact, held)

    def _know(self, person: Person, event: Event) -> None:
        self._taken[event.key] = person, event

    def _find(self, key: Key | None) -> Known[Person] | None:
        """An event that is in the log, or was taken in since."""
        if key is None or key in self.known or key not in self._taken:
            return None if key is None else self.known.get(key)
        person, kept = self._taken[key]
        return Known(person, lambda: event_of(kept, self._read))

    def _replaces_other(self, held: Held[Person]) -> bool:
        """Whether a row that waited turns out to replace an event of another participant."""
        target = self._find(held.event.replaced_key)
        return target is not None and target.person != held.person

    def _wait(self, held: Held[Person]) -> None:
        self._held[held.event.key] = held
        self._waiting.setdefault(held.person, []).append(held)

    def _stop_waiting(self, held: Held[Person]) -> None:
        del self._held[held.event.key]
        self._waiting[held.person].remove(held)
        self._stirred.add(held.person)

    def _in_order(self, person: Person) -> list[Held[Person]]:
        return sorted(
            self._waiting[person],
            key=lambda held: (held.event.occurred_on, held.event.recorded_at, held.slip),
        )

    def _groups(self, waiting: Sequence[Held[Person]]) -> Iterable[list[Held[Person]]]:
        """The waiting rows of each subject, with those that they replace, replaced ones first."""
        by_key = {held.event.key: held for held in waiting}
        by_subject: dict[Subject, list[Held[Person]]] = {}
        for held in waiting:
            for subject in self._subjects(held.event, by_key):
                by_subject.setdefault(subject, []).append(held)
        for concerned in by_subject.values():
            group: dict[Key, Held[Person]] = {}
            for held in concerned:
                for link in reversed(_chain(held, by_key)):
                    group.setdefault(link.event.key, link)
            yield list(group.values())

    def _subjects(self, event: Event, by_key: dict[Key, Held[Person]]) -> list[Subject]:
        """What an event concerns: its own subject, and those of the events that it replaces."""
        subjects = []
        seen: set[Key] = set()
        link: Event | None = event
        while link is not None and link.key not in seen:
            seen.add(link.key)
            if (subject := subject_of(link)) is not None and subject not in subjects:
                subjects.append(subject)
            link = self._replaced_by(link, by_key)
        return subjects

    def _replaced_by(self, event: Event, by_key: dict[Key, Held[Person]]) -> Event | None:
        target = event.replaced_key
        if target is None:
            return None
        if target in by_key:
            return by_key[target].event
        known = self._find(target)
        return None if known is None else known.event()


def _chain(held: Held[Person], by_key: dict[Key, Held[Person]]) -> list[Held[Person]]:
    """A waiting row, the waiting row that it replaces, the one that that replaces, and so on."""
    links = [held]
    while (target := links[-1].event.replaced_key) in by_key and target is not None:
        if by_key[target] in links:
            break
        links.append(by_key[target])
    return links


def subject_of(event: Event) -> Subject | None:
    """The programme, placement, benefit, sanction or duty that an event concerns, if any."""
    match event:
        case Enrolled() | Reentered() | Exited():
            return "programme", event.programme
        case MeasureStarted() | MeasureStopped() | IntensityChanged():
            return "placement", event.placement
        case BenefitStarted() | BenefitStopped():
            return "benefit", event.benefit
        case Sanctioned() | SanctionLifted():
            return "sanction", ""
        case DutyImposed() | DutyExempted() | DutyEnded():
            return "duty", ""
        case _:
            return None
