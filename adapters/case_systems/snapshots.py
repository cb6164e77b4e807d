"""What a source has said of one subject, as events that explain each version of it.

For each slot the versions, in the source's order, give a chain of steps: what the slot says from
which knowledge time on. A step is a row of the contract that replaces the step before it, so that
at every knowledge time one row of the chain counts, or none. The chains are a function of the set
of versions alone. Rows are not: what was handed in stays. So when an older version arrives late
and changes the chains, all that was told of the subject is withdrawn, each row at the time at
which it became known, and told anew: the figures at every knowledge time are then those that
delivery in order would have given. Keeping the rows before the late version's time would take
fewer; but rows that then wait for one another get places within their day by chance.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Any, Final, NamedTuple, TypeAlias

import orjson

from adapters.case_systems.messages import (
    ASSESSMENT,
    IMPLEMENTATION,
    LEFT_OUT,
    UNKNOWN_KIND,
    Cells,
    State,
    Tell,
    Version,
)
from domain.calendar import parse_instant

RULES: Final = 1
"""The version of all that is in here: another one where the same versions would make other rows."""

Row: TypeAlias = dict[str, str]
Thread: TypeAlias = tuple[str, str]
"""A participant and a slot: an event is replaced only by one of the same participant."""

LeftOut: TypeAlias = tuple[datetime, frozenset[str]]
"""From which knowledge time on other sources hold for which placements."""

_order: Final = attrgetter("order")
_NOTHING: Final[frozenset[str]] = frozenset()
_LONGEST_SLOT = 100  # an event_id has 128 characters, and 21 go to what tells the steps apart
_NAMES_PERSONS = ("participant", "same_as")


class Step(NamedTuple):
    """What a slot says from `known_at` on; None where it says nothing any more."""

    known_at: datetime
    cells: Cells | None


Steps: TypeAlias = Mapping[Thread, Step]


class Link(NamedTuple):
    """A step that was handed in, and under which id."""

    step: Step
    event_id: str


@dataclass(slots=True)
class Telling:
    """All that one source said of one subject, taken version by version, as it arrived.

    `tag` stands for the subject in the ids of events, where its own name would tell whose it is.
    """

    tell: Tell
    tag: str = ""
    versions: list[Version] = field(default_factory=list)
    _left_out: list[LeftOut] = field(default_factory=list)
    _digests: set[str] = field(default_factory=set)
    _state: dict[Thread, Cells] = field(default_factory=dict)
    _known_at: datetime | None = None
    _heard: bool = False
    _told: list[Steps] = field(default_factory=list)
    _links: dict[Thread, list[Link]] = field(default_factory=dict)
    _times_told: int = 0
    _persons: dict[str, int] = field(default_factory=dict)
    _at: tuple[datetime | None, str] = (None, "")

    def take(self, version: Version) -> list[Row] | None:
        """The rows that a version calls for, in the order to hand them in; None: a duplicate.

        No rows where the version says nothing new, or nothing that is an event.
        """
        digest = version.digest
        if version.dated and digest in self._digests:
            return None
        if not version.dated and self.versions and digest == self.versions[-1].digest:
            return None
        self._digests.add(digest)
        if LEFT_OUT in version.says:
            self._left_out = left_out_by(version)
            return self._retell()
        index = bisect_right(self.versions, version.order, key=_order) if self.versions else 0
        self.versions.insert(index, version)
        if index == len(self.versions) - 1 and not self._is_marked_from(version.changed_at):
            return self._hand_in_new(version.source, [self._steps_to(version, self.versions)])
        return self._retell()

    def _is_marked_from(self, known_at: datetime) -> bool:
        """Whether a mark stands at a time or after it: then the version goes before the mark."""
        return bool(self._left_out) and self._left_out[-1][0] >= known_at

    def _steps_to(self, version: Version, versions: Sequence[Version]) -> dict[Thread, Step]:
        """What changes when a version, the last of some, is taken in; moves the state on."""
        known_at = max(version.changed_at, self._known_at or version.changed_at)
        first, self._known_at = not self._heard, known_at
        says = version.says
        self._heard = self._heard or not (IMPLEMENTATION in says or ASSESSMENT in says)
        out = out_at(self._left_out, known_at, before=True) if self._left_out else _NOTHING
        return self._move(held(versions, self.tell, out), known_at, first=first)

    def _move(self, state: State, known_at: datetime, *, first: bool = False) -> dict[Thread, Step]:
        before = self._state
        now = self._state = {(cells["participant"], slot): cells for slot, cells in state.items()}
        steps = {t: Step(known_at, None) for t in before if t not in now} if before else {}
        for thread, cells in now.items():
            content, was = _content(cells), before.get(thread)
            if was is None or content != _content(was):
                since = cells.get("recorded_at") if first else None
                since_at = known_at if since is None else min(parse_instant(since), known_at)
                steps[thread] = Step(since_at, content)
        return steps

    def _retell(self) -> list[Row]:
        """What came is not the newest: all is told anew, unless that only adds at the end."""
        if not self.versions:
            return []
        self._state, self._known_at, self._heard = {}, None, False
        told = [steps for steps in self._all_steps() if steps]
        source, count = self.versions[0].source, len(self._told)
        if told[:count] == self._told:
            return self._hand_in_new(source, told[count:])
        rows = self._withdraw_all(source)
        self._times_told += 1
        return rows + self._hand_in_new(source, told)

    def _all_steps(self) -> Iterator[dict[Thread, Step]]:
        """The steps of every version and every mark, in order of knowledge; at one time the
        versions come first, for a mark follows from them."""
        marks = list(self._left_out)
        for index, version in enumerate(self.versions, 1):
            known_at = max(version.changed_at, self._known_at or version.changed_at)
            while index > 1 and marks and marks[0][0] < known_at:
                yield self._mark(marks.pop(0), self.versions[: index - 1])
            yield self._steps_to(version, self.versions[:index])
        for mark in marks:
            yield self._mark(mark, self.versions)

    def _mark(self, mark: LeftOut, versions: Sequence[Version]) -> dict[Thread, Step]:
        known_at = max(mark[0], self._known_at or mark[0])
        return self._move(held(versions, self.tell, mark[1]), known_at)

    def _withdraw_all(self, source: str) -> list[Row]:
        """A stop goes before the start that it needs, as it came after it."""
        rows = []
        for (participant, slot), links in reversed(self._links.items()):
            for link in reversed(links):
                if (cells := link.step.cells) is not None:
                    end = _ending("withdrawn", participant, cells)
                    rows.append(self._row(source, slot, Step(link.step.known_at, end), link))
        self._links, self._told = {}, []
        return rows

    def _hand_in_new(self, source: str, told: Iterable[Steps]) -> list[Row]:
        rows: list[Row] = []
        for steps in told:
            if steps:
                self._told.append(steps)
                rows += self._hand_in(source, steps)
        return rows

    def _hand_in(self, source: str, steps: Steps) -> list[Row]:
        """The rows of one version's steps: annulments first, a stop's before its start's."""
        ends: list[Row] = []
        says: list[Row] = []
        for thread, step in steps.items():
            (participant, slot), told = thread, step
            links = self._links.setdefault(thread, [])
            last = links[-1] if links else None
            if step.cells is None:
                assert last is not None, "only what was said can be annulled"
                assert last.step.cells is not None, "and only once"
                told = Step(step.known_at, _ending("voided", participant, last.step.cells))
            row = self._row(source, slot, told, last, self._times_told)
            links.append(Link(step, row["event_id"]))
            (ends if step.cells is None else says).append(row)
        return [*reversed(ends), *says]

    def _row(
        self, source: str, slot: str, step: Step, replaces: Link | None, times_told: int = 0
    ) -> Row:
        if step.known_at is not self._at[0]:
            self._at = step.known_at, step.known_at.isoformat()
        row = {"source": source, "recorded_at": self._at[1], **(step.cells or {})}
        if replaces is not None:
            row["replaces"] = replaces.event_id
        row["event_id"] = self._event_id(slot, row, times_told)
        return row

    def _event_id(self, slot: str, row: Row, times_told: int) -> str:
        """The slot, and a hash of all that the row says: the same row has the same id, always.

        What it replaces is part of it, so the id stands for the whole chain up to here. A person's
        key is not: whoever has the log could try all national numbers against a hash. Which of the
        subject's persons it is stands for it.
        """
        persons = self._persons
        said: dict[str, Any] = {**row}
        for name in _NAMES_PERSONS:
            if name in row:
                said[name] = persons.setdefault(row[name], len(persons))
        text = orjson.dumps((said, times_told), option=orjson.OPT_SORT_KEYS)
        name = f"{self.tag}/{slot}" if self.tag else slot
        if len(name) > _LONGEST_SLOT:
            name = hashlib.sha256(name.encode()).hexdigest()
        return f"{name}/{hashlib.sha256(text).hexdigest()[:20]}"


def left_out_by(mark: Version) -> list[LeftOut]:
    """What a mark says: from when on which placements are told by another source that holds."""
    return [(parse_instant(at), frozenset(out)) for at, out in mark.says[LEFT_OUT]]


def out_at(marks: Sequence[LeftOut], known_at: datetime, *, before: bool = False) -> frozenset[str]:
    """Which placements are left out at a knowledge time, or just before what is marked at it."""
    held = [out for at, out in marks if at < known_at or (at == known_at and not before)]
    return held[-1] if held else frozenset()


def sent_by_source(versions: Iterable[Version]) -> list[Version]:
    """The versions that tell of a journey: no marks, and nothing of a kind that is not known."""
    return [v for v in versions if LEFT_OUT not in v.says and UNKNOWN_KIND not in v.says]


def known_times(versions: Iterable[Version]) -> Iterator[tuple[Version, datetime]]:
    """Versions in the source's order, each with when it was known: never before one before it."""
    known_at: datetime | None = None
    for version in sorted(versions, key=_order):
        known_at = max(version.changed_at, known_at or version.changed_at)
        yield version, known_at


def held(versions: Sequence[Version], tell: Tell, out: frozenset[str] = frozenset()) -> State:
    """What a source says holds, without the stays for which another source does."""
    sent = sent_by_source(versions)
    state: State = tell(sent) if sent else {}
    if not out:
        return state
    return {slot: cells for slot, cells in state.items() if cells.get("placement") not in out}


def _ending(topic: str, participant: str, ended: Cells) -> Cells:
    """An annulment, on the day of what it annuls: its own day means nothing."""
    return {"participant": participant, "type": topic, "occurred_on": ended["occurred_on"]}


def _content(cells: Cells) -> Cells:
    if "recorded_at" not in cells:
        return cells
    content = dict(cells)
    del content["recorded_at"]
    return content


def in_order(versions: Iterable[Version]) -> list[Version]:
    """Versions that came together, as they are best taken: in the source's order, then as given."""
    return sorted(versions, key=_order)


def explain(
    said: Iterable[Version], news: Iterable[Version], tell: Tell, tag: str | None = None
) -> list[tuple[Version, list[Row] | None]]:
    """The rows that explain what is new about one subject, version by version.

    `said` are the versions taken before, in the order in which they were taken; that order is part
    of what determines the rows, and must be kept with them. `news` came together, in any order;
    they come back in the order in which they were taken, each with its rows, or None where the
    same was said before. `tag` is what stands in the ids of events for a subject that is named by
    whose it is; a store gives one that only its secret can make.
    """
    said, taken = list(said), in_order(news)
    telling = Telling(tell, _tag(tag, [*said, *taken]))
    for version in said:
        telling.take(version)
    return [(version, telling.take(version)) for version in taken]


def told_so_far(said: Sequence[Version], tell: Tell, tag: str | None = None) -> Iterator[Row]:
    """The rows that were told of one subject, given what was said in the order it was taken in."""
    telling = Telling(tell, _tag(tag, said))
    for version in said:
        yield from telling.take(version) or ()


def _tag(tag: str | None, versions: Sequence[Version]) -> str:
    if True not in [version.private for version in versions]:
        return ""
    told = f"{versions[0].source}/{versions[0].subject}"
    return tag or hashlib.sha256(told.encode()).hexdigest()[:20]


def by_subject(versions: Iterable[Version]) -> Mapping[tuple[str, str], list[Version]]:
    """Versions by source and subject, each list as given: what `explain` takes at a time."""
    subjects: dict[tuple[str, str], list[Version]] = {}
    for version in versions:
        subjects.setdefault((version.source, version.subject), []).append(version)
    return subjects
