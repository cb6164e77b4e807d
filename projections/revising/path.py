"""From one question to another, one person at a time: what changed the figure, step by step.

Facts come in the order in which they became known (time, then position); then the cutoff date
moves, first over links between keys, then over all else; then the window changes. When the cutoff
moves over a return, an outcome or an exit, that is the cause; the calendar is what is left: pending
exits that became final, days that passed. Each step's change is the difference of the figure before
and after it, so the steps of a person add up to the whole change by construction.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Final, Literal, TypeAlias

from domain.codes import Profile
from domain.events import Linked, Unlinked
from domain.history import Fact, Key, known_from
from domain.journey import Exit, Journey, Spell
from domain.linking import united
from projections.explaining.aim import Plain, added, sums_of
from projections.question import Question
from projections.reference import cutoff_of, marks_in, people_of
from projections.replay import known_facts
from projections.revising.causes import OF_EXITS, Cause, cause_of, is_entry
from projections.tally import Mark
from projections.views import Lens

Role = Literal["learned", "replaced", "given_place", "lost_place", "counted", "decided"]
Delta: TypeAlias = Plain
_LATEST: Final = datetime.max.replace(tzinfo=UTC)
_LAST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Change:
    """What one step adds to the cells, why, and the facts behind it, each with its role.

    Of the calendar and the window the facts are those of the things that came out differently.
    """

    cause: Cause
    delta: Delta
    facts: tuple[tuple[Fact, Role], ...]


@dataclass(frozen=True, slots=True)
class _State:
    journeys: list[Journey]
    marks: list[Mark]
    sums: Plain

    @property
    def told(self) -> dict[Key, Fact]:
        return {fact.event.key: fact for journey in self.journeys for fact in journey.told}


class _Keys:
    """The keys that are, or were, one person: whose each fact is, and who the persons are."""

    def __init__(self, histories: Mapping[bytes, Sequence[Fact]]) -> None:
        self.histories = histories
        self.told_of = {one.position: key for key, facts in histories.items() for one in facts}
        self._linked = histories if len(histories) > 1 else ()

    def state(
        self, question: Question, lens: Lens, held: Iterable[Fact], linked_by: date | None = None
    ) -> _State:
        """What some facts add to a figure; links count up to a day, by default the question's."""
        by_key: dict[bytes, list[Fact]] = {key: [] for key in self.histories}
        for fact in sorted(held, key=lambda fact: fact.position):
            by_key[self.told_of[fact.position]].append(fact)
        # What is held is what is known: no knowledge time cuts it once more.
        asked = replace(question, known_at=_LATEST, position=_LAST, at=linked_by or question.at)
        journeys = [
            united(person.journeys()) for person in people_of(by_key.items(), self._linked, asked)
        ]
        marks: list[Mark] = []
        plain: Plain = {}
        for journey in journeys:
            own = [mark for mark in marks_in(question, lens, journey) if mark.cells]
            marks += own
            plain = added(plain, sums_of(own)) if plain else sums_of(own)
        return _State(journeys, marks, plain)


def changes_of(
    before: Question, after: Question, profile: Profile, histories: Mapping[bytes, Sequence[Fact]]
) -> list[Change]:
    """The changes of one person's part of a figure; none where it is the same before and after.

    `histories` are the facts, by position, of one participant, or of all the keys that links ever
    joined, in one way or another. The questions differ in knowledge time, position, cutoff, period
    and window alone, and the first knows no more than the second.
    """
    keys = _Keys(histories)
    first: dict[Key, Fact] = {}
    known: dict[Key, Fact] = {}
    times: dict[Key, datetime] = {}
    for facts in histories.values():
        first |= known_facts(facts, cutoff_of(before))
        known |= known_facts(facts, cutoff_of(after))
        times |= known_from(facts)
    learned = sorted(
        (fact for key, fact in known.items() if key not in first),
        key=lambda fact: (times[fact.event.key], fact.position),
    )
    if not learned and _asks_same(before, after):
        return []
    lens = Lens(before, profile)
    start = keys.state(before, lens, first.values())
    turned = replace(before, at=after.at, period=after.period, window=after.window)
    end = keys.state(turned, Lens(turned, profile), [*first.values(), *learned])
    if not _difference(start.sums, end.sums):
        return []
    return list(_changes(before, after, profile, keys, start, list(first.values()), learned, known))


def _changes(
    before: Question,
    after: Question,
    profile: Profile,
    keys: _Keys,
    start: _State,
    held: list[Fact],
    learned: Sequence[Fact],
    known: Mapping[Key, Fact],
) -> Iterator[Change]:
    """The steps from one state to another: what was learned, links, the cutoff date, the window."""
    lens, state = Lens(before, profile), start
    for fact in learned:
        held.append(fact)
        then, state = state, keys.state(before, lens, held)
        if delta := _difference(then.sums, state.sums):
            cause = cause_of(fact, before, state.marks, known)
            yield Change(cause, delta, tuple(_behind(fact, then, state, known)))
    then, state = state, keys.state(before, lens, held, linked_by=after.at)
    if delta := _difference(then.sums, state.sums):
        yield Change("linked_keys", delta, tuple(_links_between(before, after, held)))
    moved = replace(before, at=after.at, period=after.period)
    then, state = state, keys.state(moved, Lens(moved, profile), held)
    if before.figure in OF_EXITS:
        new = {fact.event.key for fact in learned}
        yield from _exits_turned(before, then, state, known, new)
    else:
        yield from _turned("calendar", then, state)
    turned = replace(moved, window=after.window)
    yield from _turned("window", state, keys.state(turned, Lens(turned, profile), held))


def _links_between(
    before: Question, after: Question, held: Iterable[Fact]
) -> Iterator[tuple[Fact, Role]]:
    """The links that came to hold, or to end, as the cutoff date moved over them."""
    first, last = sorted((before.at, after.at))
    for fact in sorted(held, key=lambda fact: fact.position):
        is_link = isinstance(fact.event, Linked | Unlinked)
        if is_link and first < fact.event.occurred_on <= last:
            yield fact, "decided"


def _asks_same(before: Question, after: Question) -> bool:
    asked = ((one.at, one.period, one.window) for one in (before, after))
    return next(asked) == next(asked)


def _turned(cause: Cause, then: _State, now: _State) -> Iterator[Change]:
    """The change that comes of asking otherwise about the same facts."""
    if delta := _difference(then.sums, now.sums):
        things = {fact.position: fact for fact in _differing(then.marks, now.marks)}
        yield Change(cause, delta, tuple((things[at], "counted") for at in sorted(things)))


def _exits_turned(
    before: Question, then: _State, now: _State, known: Mapping[Key, Fact], learned: set[Key]
) -> Iterator[Change]:
    """As `_turned` by the calendar, but exit by exit: what is counted is exits, so they add up."""
    old, new = _by_thing(then.marks), _by_thing(now.marks)
    for position in sorted({*old, *new}):
        was, is_ = old.get(position, []), new.get(position, [])
        delta = _difference(sums_of(was), sums_of(is_))
        if not delta:
            continue
        fact = _fact_of((is_ or was)[0].item)
        assert fact is not None
        had = {one.position for mark in was for one in mark.because}
        gained = {
            one.position: one for mark in is_ for one in mark.because if one.position not in had
        }
        decided = tuple(gained.values())
        cause: Cause = "calendar"
        if fact.event.key in learned:
            cause = cause_of(fact, before, (), known)
        elif any(map(is_entry, decided)):
            cause = "return"
        elif decided:
            cause = "outcome"
        behind: list[tuple[Fact, Role]] = [(fact, "counted")]
        behind += [(one, "decided") for one in decided]
        yield Change(cause, delta, tuple(behind))


def _difference(then: Plain, now: Plain) -> Delta:
    """What was added, cell by cell and row by row; what did not change is left out."""
    found: Delta = {}
    for cell in {**then, **now}:
        old, new = then.get(cell, {}), now.get(cell, {})
        rows = {extra: _less(new.get(extra, {}), old.get(extra, {})) for extra in {**old, **new}}
        if rows := {extra: numbers for extra, numbers in rows.items() if numbers}:
            found[cell] = rows
    return found


def _less(new: Mapping[Hashable, int], old: Mapping[Hashable, int]) -> dict[Hashable, int]:
    changed = {name: new.get(name, 0) - old.get(name, 0) for name in {**old, **new}}
    return {name: number for name, number in changed.items() if number}


def _behind(
    fact: Fact, then: _State, now: _State, known: Mapping[Key, Fact]
) -> Iterator[tuple[Fact, Role]]:
    """A fact that became known, what it replaces, and what it gives or takes a place."""
    yield fact, "learned"
    replaced = fact.event.replaced_key
    if replaced is not None:
        yield known[replaced], "replaced"
    own = {fact.event.key, replaced}
    told, tells = then.told, now.told
    for key, one in tells.items():
        if key not in told and key not in own:
            yield one, "given_place"
    for key, one in told.items():
        if key not in tells and key not in own:
            yield one, "lost_place"


def _differing(then: Sequence[Mark], now: Sequence[Mark]) -> Iterator[Fact]:
    """The facts that opened or are the things whose marks differ."""
    old, new = _by_thing(then), _by_thing(now)
    for position in {**old, **new}:
        was, is_ = old.get(position, []), new.get(position, [])
        if sums_of(was) != sums_of(is_):
            fact = _fact_of((is_ or was)[0].item)
            assert fact is not None
            yield fact


def _by_thing(marks: Sequence[Mark]) -> dict[int, list[Mark]]:
    """Marks by the position of the fact that opened or is what they count."""
    found: dict[int, list[Mark]] = {}
    for mark in marks:
        fact = _fact_of(mark.item)
        if fact is not None:
            found.setdefault(fact.position, []).append(mark)
    return found


def _fact_of(item: Spell | Exit | Fact | None) -> Fact | None:
    if isinstance(item, Spell):
        return item.opened
    return item.fact if isinstance(item, Exit) else item
