"""Stays that several sources tell of: found, reported, and which of them holds.

The stay of the source that does not hold is annulled in the log at the time at which both stays
were known (`adapters.settling`). Stays that came as events of the contract can hold over others,
but are never taken out: they are reported, to be left out at their source.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from adapters.case_systems import mapping
from adapters.case_systems.messages import LEFT_OUT, Tell, Version
from adapters.case_systems.snapshots import (
    LeftOut,
    known_times,
    left_out_by,
    out_at,
    sent_by_source,
)
from adapters.case_systems.systems import SYSTEMS
from adapters.event_store import in_parts
from adapters.facts import every_history
from adapters.participants import ids_of
from adapters.precedence import Overlap, Rule, Stay, overlaps_among
from adapters.said import Past, Said
from adapters.schema import events
from adapters.seals import Seals
from domain.calendar import parse_day
from domain.events import Linked, MeasureStarted, Unlinked
from domain.history import Cutoff, Fact
from domain.journey import journey_at
from domain.linking import persons


def tell_of(source: str) -> Tell:
    """How a source tells; one that is no case system was read by a mapping file."""
    system = SYSTEMS.get(source)
    return mapping.tell if system is None else system.tell


def in_sequence(past: Past, known_at: datetime | None = None) -> list[Version]:
    """What a source had said of a subject by a knowledge time, in the source's order."""
    times = known_times(sent_by_source(past.versions))
    return [version for version, at in times if known_at is None or at <= known_at]


_Since = tuple[datetime, list[dict[str, str]]]


@dataclass(frozen=True, slots=True)
class Told:
    """All that was told of some persons: by sources of their subjects, and as events of the log.

    `ids` are those of their keys.
    """

    pasts: Mapping[bytes, Past]
    histories: Mapping[bytes, Sequence[Fact]]
    ids: Mapping[str, bytes]
    _stays_of: dict[bytes, list[_Since]] = field(default_factory=dict, compare=False)

    @classmethod
    def of(
        cls,
        connection: Connection,
        seals: Seals,
        pasts: Mapping[bytes, Past],
        histories: Mapping[bytes, Sequence[Fact]],
    ) -> Told:
        named = {p for past in pasts.values() for v in past.versions for p in v.participants}
        return cls(pasts, histories, ids_of(connection, named, seals))

    def persons_of(self, past: Past) -> list[bytes]:
        """The ids of all whom a subject has ever named."""
        named = {person for version in past.versions for person in version.participants}
        return sorted(self.ids[person] for person in named if person in self.ids)

    def stays(self, known_at: datetime | None = None) -> list[Stay]:
        """Every stay as it was known, whether another source holds for it or not."""
        person_of = self._persons(Cutoff(known_at=known_at))
        found: dict[tuple[bytes, str, str], Stay] = {}
        for subject in self.pasts:
            for cells in self._told(subject, known_at):
                own = self.ids.get(cells["participant"])
                if own is not None:
                    stay = _stay(own, person_of.get(own, own), subject, cells)
                    found[own, stay.source, stay.placement] = stay
        for own, facts in self._with_stays_of_their_own():
            for spell in journey_at(facts, Cutoff(known_at=known_at)).spells["measure"]:
                event = spell.opened.event
                assert isinstance(event, MeasureStarted)
                person, where = person_of.get(own, own), (own, event.source, event.placement)
                stay = Stay(own, person, *where[1:], event.measure, spell.start, spell.stop)
                found.setdefault(where, stay)
        return list(found.values())

    def _told(self, subject: bytes, known_at: datetime | None) -> list[dict[str, str]]:
        """What a subject's versions tell of stays; worked out once for each of them."""
        found = self._stays_of.get(subject)
        if found is None:
            told = list(known_times(sent_by_source(self.pasts[subject].versions)))
            versions = [version for version, _ in told]
            found = [(at, _told(versions[:count])) for count, (_, at) in enumerate(told, 1)]
            self._stays_of[subject] = found
        known = [stays for at, stays in found if known_at is None or at <= known_at]
        return known[-1] if known else []

    def _with_stays_of_their_own(self) -> Iterator[tuple[bytes, Sequence[Fact]]]:
        """Histories with a stay that no subject tells of: it came as events of the contract."""
        told = {
            (cells["source"], cells["placement"])
            for subject in self.pasts
            for stays in (self._told(subject, None), *(s for _, s in self._stays_of[subject]))
            for cells in stays
        }
        for own, facts in self.histories.items():
            starts = (f.event for f in facts if isinstance(f.event, MeasureStarted))
            if any((start.source, start.placement) not in told for start in starts):
                yield own, facts

    def _persons(self, cutoff: Cutoff) -> dict[bytes, bytes]:
        """Under which of their keys persons with several go."""
        linked = {own: linked_to(facts) for own, facts in self.histories.items()}
        ever = {key for own, others in linked.items() if others for key in (own, *others)}
        aside = {own: self.histories[own] for own in ever if own in self.histories}
        found = persons(aside, {own.hex(): own for own in aside}, cutoff)
        return {own: min(keys) for keys in found for own in keys}


def linked_to(facts: Iterable[Fact]) -> set[bytes]:
    """The keys that some facts link with, or part from, the key that they are of."""
    links = (fact.event for fact in facts if isinstance(fact.event, Linked | Unlinked))
    return {bytes.fromhex(link.same_as) for link in links}


def every_stay(
    connection: Connection, seals: Seals, cutoff: Cutoff
) -> tuple[list[Stay], Mapping[bytes, Past]]:
    """The stays of everybody, as they were known, and what was said of each subject."""
    pasts = dict(Said(connection, seals).every())
    histories = dict(every_history(connection, cutoff.position))
    return Told.of(connection, seals, pasts, histories).stays(cutoff.known_at), pasts


def with_several_sources(connection: Connection, ids: Iterable[bytes]) -> set[bytes]:
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


def _told(sent: Sequence[Version]) -> list[dict[str, str]]:
    """The stays that a source tells of, each with where it stops, left out or not."""
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


def report(
    stays: Iterable[Stay],
    pasts: Mapping[bytes, Past],
    rules: Sequence[Rule],
    known_at: datetime | None = None,
) -> list[Reported]:
    """Every overlap, and whether the stay that does not hold is left out."""
    out = {
        subject: marks[-1][1] if known_at is None else out_at(marks, known_at)
        for subject, past in pasts.items()
        if (marks := marks_of(past))
    }
    return [
        Reported(one, one.left_out.placement in out.get(one.left_out.subject or b"", ()))
        for one in overlaps_among(stays, rules)
    ]


def marks_of(past: Past) -> list[LeftOut]:
    """What of a subject is left out from when on: by the mark that was taken last."""
    marks = [version for version in past.versions if LEFT_OUT in version.says]
    return left_out_by(marks[-1]) if marks else []


def _shown(stay: Stay) -> dict[str, Any]:
    return {
        "source": stay.source,
        "placement": stay.placement,
        "start": stay.start.isoformat(),
        "stop": None if stay.stop is None else stay.stop.isoformat(),
    }
