"""Stays that several sources tell of: found, and counted once.

The stay of the source that does not hold gets a version of its own among those that the source
sent: from then on the stay is not told. So its events are annulled like any that a source takes
back, at the time at which both stays were known, and stay in the log; and should the overlap go
away, a further version brings them back. Stays that came as events of the contract can hold over
others, but are never taken out: they are reported, to be left out at their source.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, func, select

from adapters.case_systems import mapping
from adapters.case_systems.messages import Tell, Version
from adapters.case_systems.snapshots import LEFT_OUT, explain, left_out_of, sent_by_source
from adapters.case_systems.systems import SYSTEMS
from adapters.chunk import Chunk
from adapters.database import writing
from adapters.event_store import head_of, in_parts
from adapters.facts import every_history, facts_of, linked_participants
from adapters.ingest import Delivering, current_time
from adapters.participants import ids_of, keys_of
from adapters.precedence import Overlap, Rule, Stay, overlaps_among
from adapters.readers.rows import RawRow
from adapters.said import Past, Said, Taken
from adapters.schema import events
from adapters.seals import Seals
from adapters.summary import Summary
from domain.calendar import parse_day
from domain.codes import Profile
from domain.events import MeasureStarted
from domain.history import Cutoff, Fact
from domain.journey import journey_at
from domain.linking import persons


def tell_of(source: str) -> Tell:
    """How a source tells; one that is no case system was read by a mapping file."""
    system = SYSTEMS.get(source)
    return mapping.tell if system is None else system.tell


def in_sequence(past: Past, known_at: datetime | None = None) -> list[Version]:
    """What a source had said of a subject by a knowledge time, in the source's order."""
    known = [v for v in past.versions if known_at is None or v.changed_at <= known_at]
    return sorted(known, key=lambda version: version.order)


@dataclass(slots=True)
class Stays:
    """All stays of some persons, as their sources tell them, whether they are left out or not."""

    stays: list[Stay]
    pasts: Mapping[bytes, Past]

    def overlaps(self, rules: Sequence[Rule]) -> list[Overlap]:
        return overlaps_among(self.stays, rules)


def every_stay(connection: Connection, seals: Seals, cutoff: Cutoff) -> Stays:
    """The stays of everybody, as they were known."""
    pasts = dict(Said(connection, seals).every())
    return _stays(
        connection, seals, pasts, dict(every_history(connection, cutoff.position)), cutoff
    )


def stays_of(connection: Connection, seals: Seals, participants: Iterable[str]) -> Stays:
    """The stays of those of some participants of whom several sources told, or who are linked."""
    ids = set(ids_of(connection, participants, seals).values())
    linked = linked_participants(connection, head_of(connection).position)
    # Few are linked: sorting out whose they are costs more than taking all of them.
    ids = _with_several_sources(connection, ids) | (linked if ids & linked else set())
    keys = keys_of(connection, ids, seals).values()
    said = Said(connection, seals)
    pasts = said.past(sorted(said.subjects_of(map(seals.secret.lookup, keys))))
    return _stays(connection, seals, pasts, facts_of(connection, sorted(ids)), Cutoff())


def _with_several_sources(connection: Connection, ids: Iterable[bytes]) -> set[bytes]:
    """Those participants of whom more than one source has told: nobody else can overlap."""
    found: set[bytes] = set()
    for some in in_parts(sorted(ids)):
        query = (
            select(events.c.participant_id)
            .where(events.c.participant_id.in_(some))
            .group_by(events.c.participant_id)
            .having(func.min(events.c.source) != func.max(events.c.source))
        )
        found.update(bytes(own) for (own,) in connection.execute(query))
    return found


def _stays(
    connection: Connection,
    seals: Seals,
    pasts: Mapping[bytes, Past],
    histories: Mapping[bytes, Sequence[Fact]],
    cutoff: Cutoff,
) -> Stays:
    told = [
        (subject, cells)
        for subject, past in pasts.items()
        for cells in _told(in_sequence(past, cutoff.known_at))
    ]
    ids = ids_of(connection, {cells["participant"] for _, cells in told}, seals)
    person_of = _persons(connection, histories, cutoff)
    stays = {}
    for subject, cells in told:
        own = ids.get(cells["participant"])
        if own is None:
            continue
        stay = _stay(own, person_of.get(own, own), subject, cells)
        stays[stay.source, stay.placement] = stay
    for own, facts in histories.items():
        for spell in journey_at(facts, cutoff).spells["measure"]:
            event = spell.opened.event
            assert isinstance(event, MeasureStarted)
            person, where = person_of.get(own, own), (event.source, event.placement)
            stays.setdefault(
                where, Stay(own, person, *where, event.measure, spell.start, spell.stop)
            )
    return Stays(list(stays.values()), pasts)


def _told(versions: Sequence[Version]) -> list[dict[str, str]]:
    """The stays that a source tells of, each with where it stops, left out or not."""
    sent = sent_by_source(versions)
    if not sent:
        return []
    state = tell_of(sent[0].source)(sent)
    stops = {
        cells["placement"]: cells["occurred_on"]
        for cells in state.values()
        if cells["type"] == "measure_stopped"
    }
    return [
        {**cells, "source": sent[0].source, "stop": stops.get(cells["placement"], "")}
        for cells in state.values()
        if cells["type"] == "measure_started"
    ]


def _stay(own: bytes, person: bytes, subject: bytes, cells: Mapping[str, str]) -> Stay:
    stop = parse_day(cells["stop"]) if cells["stop"] else None
    start = parse_day(cells["occurred_on"])
    source, placement, measure = cells["source"], cells["placement"], cells["measure"]
    return Stay(own, person, source, placement, measure, start, stop, subject)


def _persons(
    connection: Connection, histories: Mapping[bytes, Sequence[Fact]], cutoff: Cutoff
) -> dict[bytes, bytes]:
    """Under which of their keys persons with several go."""
    linked = linked_participants(connection, head_of(connection).position)
    aside = {own: facts for own, facts in histories.items() if own in linked}
    names = {own.hex(): own for own in aside}
    return {own: keys[0] for keys in persons(aside, names, cutoff) for own in keys}


def several_sources(connection: Connection) -> bool:
    """Whether the log holds events of more than one source."""
    first, last = (
        connection.execute(select(events.c.source).order_by(order).limit(1)).scalar_one_or_none()
        for order in (events.c.source, events.c.source.desc())
    )
    return first != last


@dataclass(frozen=True, slots=True)
class Reported:
    """An overlap as people see it; `settled` tells whether it is counted once."""

    overlap: Overlap
    settled: bool

    def as_json(self) -> dict[str, Any]:
        one, other = self.overlap.holds, self.overlap.left_out
        return {
            "participants": sorted({one.participant.hex(), other.participant.hex()}),
            "measure": one.measure,
            "holds": _shown(one),
            "left_out": _shown(other),
            "by_rule": self.overlap.by_rule,
            "settled": self.settled,
        }


def report(found: Stays, rules: Sequence[Rule]) -> list[Reported]:
    """Every overlap, and whether the stay that does not hold is left out."""
    out = {subject: left_out_of(in_sequence(past)) for subject, past in found.pasts.items()}
    return [
        Reported(one, one.left_out.placement in out.get(one.left_out.subject or b"", ()))
        for one in found.overlaps(rules)
    ]


def _shown(stay: Stay) -> dict[str, Any]:
    return {
        "source": stay.source,
        "placement": stay.placement,
        "start": stay.start.isoformat(),
        "stop": None if stay.stop is None else stay.stop.isoformat(),
    }


def settle_all(engine: Engine, profile: Profile, rules: Sequence[Rule]) -> Summary:
    """Settles the overlaps of everybody, as after the table of sources was changed."""
    delivering = Delivering(engine, profile, "overlaps --settle", "", current_time)
    with writing(engine) as connection:
        found = every_stay(connection, Seals(connection), Cutoff())
        settle(connection, delivering, found, rules)
    return delivering.summary


def settle(
    connection: Connection,
    delivering: Delivering,
    found: Stays,
    rules: Sequence[Rule],
) -> int:
    """Leaves out what another source holds for, and brings back what none does any more.

    Gives how many subjects changed. Its rows are appended like any others.
    """
    seals = Seals(connection)
    said = Said(connection, seals)
    out: dict[bytes, set[str]] = {}
    reasons: dict[bytes, datetime] = {}
    for overlap in found.overlaps(rules):
        subject = overlap.left_out.subject
        if subject is not None:
            out.setdefault(subject, set()).add(overlap.left_out.placement)
            known = [_known_at(found.pasts[s]) for s in (subject, overlap.holds.subject) if s]
            reasons[subject] = max([*known, reasons.get(subject, known[0])])
    rows: list[RawRow] = []
    taken: list[Taken] = []
    for subject, past in found.pasts.items():
        if not past.versions or left_out_of(in_sequence(past)) == out.get(subject, set()):
            continue
        mark = _mark(past, sorted(out.get(subject, ())), reasons.get(subject))
        for version, told in explain(past.versions, [mark], tell_of(mark.source)):
            rows += [RawRow(0, b"", dict(row)) for row in told or ()]
            about = frozenset(p for v in past.versions for p in v.participants)
            taken.append(Taken(subject, said.digest(version), version, None, about))
    if taken:
        with delivering.chunk(connection) as chunk:
            _append(chunk, rows, taken)
    return len(taken)


def _append(chunk: Chunk, rows: list[RawRow], taken: list[Taken]) -> None:
    chunk.take(rows)
    Said(chunk.connection, chunk.seals).keep(taken, chunk.at, chunk.batch_id)


def _known_at(past: Past) -> datetime:
    return max(version.changed_at for version in past.versions)


def _mark(past: Past, placements: list[str], known_at: datetime | None) -> Version:
    last = in_sequence(past)[-1]
    says: dict[str, Any] = {LEFT_OUT: placements}
    at = max(known_at or datetime.min.replace(tzinfo=UTC), _known_at(past))
    return Version(last.source, last.subject, last.order, at, says)
