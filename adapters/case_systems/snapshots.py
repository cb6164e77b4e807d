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
from typing import TypeAlias

import orjson

from adapters.case_systems.messages import Cells, State, Tell, Version
from domain.calendar import parse_instant

Row: TypeAlias = dict[str, str]
Thread: TypeAlias = tuple[str, str]
"""A participant and a slot: an event is replaced only by one of the same participant."""

LEFT_OUT = "left_out"
"""What a version says that no source sent: the placements that another source holds for."""

_LONGEST_SLOT = 100  # an event_id has 128 characters, and 21 go to what tells the steps apart


@dataclass(frozen=True, slots=True)
class Step:
    """What a slot says from `known_at` on; None where it says nothing any more."""

    known_at: datetime
    cells: Cells | None


@dataclass(frozen=True, slots=True)
class Link:
    """A step that was handed in, and under which id."""

    step: Step
    event_id: str


@dataclass(slots=True)
class Telling:
    """All that one source said of one subject, taken version by version, as it arrived."""

    tell: Tell
    versions: list[Version] = field(default_factory=list)
    _digests: set[str] = field(default_factory=set)
    _state: dict[Thread, Cells] = field(default_factory=dict)
    _known_at: datetime | None = None
    _links: dict[Thread, list[Link]] = field(default_factory=dict)
    _times_told: int = 0

    def take(self, version: Version) -> list[Row] | None:
        """The rows that a version calls for, in the order to hand them in; None: a duplicate.

        No rows where the version says nothing new, or nothing that is an event.
        """
        digest = version.digest
        if version.dated and digest in self._digests:
            return None
        sent = () if version.dated else sent_by_source(self.versions)
        if sent and digest == sent[-1].digest:
            return None
        self._digests.add(digest)
        index = bisect_right(self.versions, version.order, key=lambda v: v.order)
        self.versions.insert(index, version)
        if index == len(self.versions) - 1:
            return self._continue(version)
        return self._retell()

    def _continue(self, version: Version) -> list[Row]:
        """The version is the newest: every chain grows at its end, or stays."""
        return self._hand_in(version.source, self._steps_to(version, self.versions))

    def _steps_to(self, version: Version, versions: Sequence[Version]) -> dict[Thread, Step]:
        """What changes when a version, the last of some, is taken in; moves the state on."""
        first = self._known_at is None
        known_at = max(version.changed_at, self._known_at or version.changed_at)
        self._known_at = known_at
        before, self._state = self._state, dict(_by_thread(held(versions, self.tell)))
        steps = {t: Step(known_at, None) for t in before if t not in self._state}
        for thread, cells in self._state.items():
            if _content(cells) != _content(before.get(thread)):
                since = cells.get("recorded_at") if first else None
                since_at = known_at if since is None else min(parse_instant(since), known_at)
                steps[thread] = Step(since_at, _content(cells))
        return steps

    def _retell(self) -> list[Row]:
        """An older version came late: all is told anew, if it makes a difference."""
        self._state, self._known_at = {}, None
        told = [
            self._steps_to(version, self.versions[: index + 1])
            for index, version in enumerate(self.versions)
        ]
        if self._chains() == _chains(told):
            return []
        source = self.versions[0].source
        rows = self._withdraw_all(source)
        self._times_told += 1
        for steps in told:
            rows += self._hand_in(source, steps)
        return rows

    def _chains(self) -> dict[Thread, list[Step]]:
        return {thread: [link.step for link in links] for thread, links in self._links.items()}

    def _withdraw_all(self, source: str) -> list[Row]:
        """A stop goes before the start that it needs, as it came after it."""
        rows = []
        for (participant, slot), links in reversed(self._links.items()):
            for link in reversed(links):
                if (cells := link.step.cells) is not None:
                    end = _ending("withdrawn", participant, cells)
                    rows.append(_row(source, slot, Step(link.step.known_at, end), link.event_id))
        self._links = {}
        return rows

    def _hand_in(self, source: str, steps: Mapping[Thread, Step]) -> list[Row]:
        """The rows of one version's steps: annulments first, a stop's before its start's."""
        ends: list[Row] = []
        says: list[Row] = []
        for (participant, slot), step in steps.items():
            links = self._links.setdefault((participant, slot), [])
            last = links[-1] if links else None
            said = step.cells
            if said is None:
                assert last is not None, "only what was said can be annulled"
                assert last.step.cells is not None, "and only once"
                said = _ending("voided", participant, last.step.cells)
            replaces = None if last is None else last.event_id
            row = _row(source, slot, Step(step.known_at, said), replaces, self._times_told)
            links.append(Link(step, row["event_id"]))
            (ends if step.cells is None else says).append(row)
        return [*reversed(ends), *says]


def sent_by_source(versions: Sequence[Version]) -> list[Version]:
    """The versions that a source sent, without what says that another source holds."""
    return [version for version in versions if LEFT_OUT not in version.says]


def left_out_of(versions: Sequence[Version]) -> frozenset[str]:
    """The placements for which another source holds, by the latest that says so."""
    marks = [version for version in versions if LEFT_OUT in version.says]
    return frozenset(marks[-1].says[LEFT_OUT]) if marks else frozenset()


def held(versions: Sequence[Version], tell: Tell) -> State:
    """What a source says holds, without the stays for which another source does."""
    sent = sent_by_source(versions)
    state: State = tell(sent) if sent else {}
    out = left_out_of(versions)
    if not out:
        return state
    return {slot: cells for slot, cells in state.items() if cells.get("placement") not in out}


def _chains(told: Iterable[Mapping[Thread, Step]]) -> dict[Thread, list[Step]]:
    chains: dict[Thread, list[Step]] = {}
    for steps in told:
        for thread, step in steps.items():
            chains.setdefault(thread, []).append(step)
    return chains


def _ending(topic: str, participant: str, ended: Cells) -> Cells:
    """An annulment, on the day of what it annuls: its own day means nothing."""
    return {"participant": participant, "type": topic, "occurred_on": ended["occurred_on"]}


def _by_thread(state: State) -> Iterator[tuple[Thread, Cells]]:
    for slot, cells in state.items():
        yield (cells["participant"], slot), cells


def _content(cells: Cells | None) -> Cells | None:
    if cells is None or "recorded_at" not in cells:
        return cells
    return {name: text for name, text in cells.items() if name != "recorded_at"}


def _row(source: str, slot: str, step: Step, replaces: str | None, times_told: int = 0) -> Row:
    row = {"source": source, "recorded_at": step.known_at.isoformat(), **(step.cells or {})}
    if replaces is not None:
        row["replaces"] = replaces
    row["event_id"] = _event_id(slot, row, times_told)
    return row


def _event_id(slot: str, row: Row, times_told: int) -> str:
    """The slot, and a hash of all that the row says: the same row has the same id, always.

    What it replaces is part of it, so the id stands for the whole chain up to here.
    """
    said = orjson.dumps([row, times_told], option=orjson.OPT_SORT_KEYS)
    name = slot if len(slot) <= _LONGEST_SLOT else hashlib.sha256(slot.encode()).hexdigest()
    return f"{name}/{hashlib.sha256(said).hexdigest()[:20]}"


def in_order(versions: Iterable[Version]) -> list[Version]:
    """Versions that came together, as they are best taken: in the source's order, then as given."""
    return sorted(versions, key=lambda version: version.order)


def explain(
    said: Iterable[Version], news: Iterable[Version], tell: Tell
) -> list[tuple[Version, list[Row] | None]]:
    """The rows that explain what is new about one subject, version by version.

    `said` are the versions taken before, in the order in which they were taken; that order is part
    of what determines the rows, and must be kept with them. `news` came together, in any order;
    they come back in the order in which they were taken, each with its rows, or None where the
    same was said before.
    """
    telling = Telling(tell)
    for version in said:
        telling.take(version)
    return [(version, telling.take(version)) for version in in_order(news)]


def by_subject(versions: Iterable[Version]) -> Mapping[tuple[str, str], list[Version]]:
    """Versions by source and subject, each list as given: what `explain` takes at a time."""
    subjects: dict[tuple[str, str], list[Version]] = {}
    for version in versions:
        subjects.setdefault((version.source, version.subject), []).append(version)
    return subjects
