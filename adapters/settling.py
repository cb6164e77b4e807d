"""Stays that several sources tell of, counted once: at every knowledge time, whatever came first.

Which stay holds is asked at each time at which something became known of the person: what was known
then, of which stays, and whose they were. The answers make a list for each subject, of what is left
out from when on, and that is a version of its own among those that the source sent. So what is left
out is a function of all that was told, and not of the order in which it came; and a list that has
changed takes the place of the one before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine

from adapters.case_systems.messages import LEFT_OUT, Version
from adapters.case_systems.snapshots import LeftOut, explain, known_times, sent_by_source
from adapters.chunk import Chunk
from adapters.database import writing
from adapters.facts import every_history, facts_of, linked_participants
from adapters.ingest import AfterChunk, Delivering, current_time
from adapters.log import head_of
from adapters.overlaps import (
    Told,
    linked_to,
    marks_of,
    several_sources,
    tell_of,
    with_several_sources,
)
from adapters.participants import ids_of, keys_of
from adapters.precedence import Rule, overlaps_among
from adapters.readers.rows import RawRow
from adapters.said import Past, Said, Taken, tag_of
from adapters.seals import Seals
from adapters.summary import Summary
from adapters.telling_rules import hold_to_rules
from domain.codes import Profile
from domain.history import Fact


def settle_all(engine: Engine, profile: Profile, rules: Sequence[Rule]) -> Summary:
    """Settles the overlaps of everybody, as after the table of sources was changed."""
    delivering = Delivering(engine, profile, "overlaps --settle", "", current_time)
    with writing(engine) as connection:
        seals = Seals(connection)
        pasts = dict(Said(connection, seals).every())
        told = Told.of(connection, seals, pasts, dict(every_history(connection)))
        _settle(connection, delivering, told, rules)
    return delivering.summary


def settling_after(engine: Engine, profile: Profile, rules: Sequence[Rule]) -> AfterChunk:
    """What settles the overlaps of those whom a chunk of events is about, under its lock.

    It does nothing in a store into which no case system has sent anything. Its own rows are no
    rows of the file, and have a batch of their own.
    """
    linked: set[bytes] | None = None

    def after(chunk: Chunk) -> int | None:
        nonlocal linked
        connection = chunk.connection
        if Said(connection, chunk.seals).is_empty or not several_sources(connection):
            return None
        if linked is None or chunk.has_links:
            linked = linked_participants(connection, head_of(connection).position)
        delivering = Delivering(engine, profile, "overlaps", "", current_time)
        settle(connection, chunk.seals, delivering, chunk.people, rules, linked)
        return delivering.summary.position

    return after


def settle(
    connection: Connection,
    seals: Seals,
    delivering: Delivering,
    participants: Iterable[str],
    rules: Sequence[Rule],
    linked: set[bytes] | None = None,
) -> int:
    """Settles the overlaps of those of some participants of whom several sources told, or who are
    linked; gives how many subjects changed. Its rows are appended like any others. `linked` are
    all who are linked, where that is known."""
    ids = set(ids_of(connection, participants, seals).values())
    if linked is None:
        linked = linked_participants(connection, head_of(connection).position)
    # Few are linked: sorting out whose they are costs more than taking all of them.
    ids = with_several_sources(connection, ids) | (linked if ids & linked else set())
    keys = keys_of(connection, ids, seals).values()
    said = Said(connection, seals)
    pasts = said.past(sorted(said.subjects_of(map(seals.secret.lookup, keys))))
    told = Told.of(connection, seals, pasts, facts_of(connection, sorted(ids)))
    return _settle(connection, delivering, told, rules)


def _settle(
    connection: Connection, delivering: Delivering, told: Told, rules: Sequence[Rule]
) -> int:
    said = Said(connection, Seals(connection))
    rows: list[RawRow] = []
    taken: list[Taken] = []
    for group in _groups(told):
        wanted = left_out(group, rules)
        for subject, past in group.pasts.items():
            if not past.versions or marks_of(past) == wanted.get(subject, []):
                continue
            mark = _mark(past, wanted.get(subject, []))
            hold_to_rules(connection, mark.source)
            tell, tag = tell_of(mark.source), tag_of(subject)
            for version, found in explain(past.versions, [mark], tell, tag):
                rows += [RawRow(0, b"", dict(row)) for row in found or ()]
                about = frozenset(p for v in past.versions for p in v.participants)
                taken.append(Taken(subject, said.digest(version), version, None, about))
    if taken:
        with delivering.chunk(connection) as chunk:
            _append(chunk, rows, taken)
    return len(taken)


def _append(chunk: Chunk, rows: list[RawRow], taken: list[Taken]) -> None:
    chunk.take(rows)
    Said(chunk.connection, chunk.seals).keep(taken, chunk.at, chunk.batch_id, chunk.people)


def left_out(told: Told, rules: Sequence[Rule]) -> dict[bytes, list[LeftOut]]:
    """What is to be left out of each subject, from when on: an entry wherever that changes."""
    found: dict[bytes, list[LeftOut]] = {}
    for known_at in sorted(_times(told)):
        out: dict[bytes, set[str]] = {subject: set() for subject in told.pasts}
        for overlap in overlaps_among(told.stays(known_at), rules):
            if overlap.left_out.subject is not None:
                out[overlap.left_out.subject].add(overlap.left_out.placement)
        for subject, placements in out.items():
            entries = found.setdefault(subject, [])
            if placements != (entries[-1][1] if entries else frozenset()):
                entries.append((known_at, frozenset(placements)))
    return found


def _times(told: Told) -> set[datetime]:
    """When something became known of these persons."""
    times = {
        at for past in told.pasts.values() for _, at in known_times(sent_by_source(past.versions))
    }
    return times | {f.event.recorded_at for facts in told.histories.values() for f in facts}


def _mark(past: Past, marks: Sequence[LeftOut]) -> Version:
    """The list as a version of the subject. It has a number, for the same list can come again."""
    last = max(past.versions, key=lambda version: version.order)
    number = sum(LEFT_OUT in version.says for version in past.versions) + 1
    told = [[at.isoformat(), sorted(out)] for at, out in marks]
    at = marks[-1][0] if marks else last.changed_at
    says = {LEFT_OUT: told, "number": number}
    return Version(last.source, last.subject, last.order, at, says, private=last.private)


@dataclass(frozen=True, slots=True)
class _Groups:
    """Which of some names belong together."""

    leads: dict[bytes, bytes]

    def lead(self, name: bytes) -> bytes:
        while (other := self.leads.setdefault(name, name)) != name:
            name = other
        return name

    def join(self, names: Iterable[bytes]) -> None:
        first, *rest = [self.lead(name) for name in names] or [b""]
        for other in rest:
            self.leads[other] = first


def _groups(told: Told) -> Iterable[Told]:
    """Persons apart from one another: nothing of one has to do with a stay of another. Keys that
    were ever linked belong together, and those whom one subject names."""
    groups = _Groups({})
    own_of = {subject: told.persons_of(past) for subject, past in told.pasts.items()}
    for own, facts in told.histories.items():
        groups.join([own, *linked_to(facts)])
    for persons in own_of.values():
        groups.join(persons)
    parts: dict[bytes, tuple[dict[bytes, Past], dict[bytes, Sequence[Fact]]]] = {}
    for own, facts in told.histories.items():
        parts.setdefault(groups.lead(own), ({}, {}))[1][own] = facts
    for subject, persons in own_of.items():
        if persons:
            lead = groups.lead(next(iter(persons)))
            parts.setdefault(lead, ({}, {}))[0][subject] = told.pasts[subject]
    for pasts, histories in parts.values():
        if pasts:
            yield Told(pasts, histories, told.ids)
