"""What sources have said so far: records as they came, and what each said of its subjects.

All of it can hold national numbers, so it is sealed under the key of the person whom it is about.
Where that is several persons, or one whom the store does not know, it is sealed under the store's
own key, and erasure empties it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from sqlalchemy import Connection, Table, delete, func, select, update

from adapters.bulk import insert, look_up
from adapters.case_systems.messages import (
    Implementation,
    SourceRecord,
    Version,
    from_stored,
    to_stored,
)
from adapters.event_store import in_parts
from adapters.participants import ids_of
from adapters.schema import implementations, source_records, source_subjects, source_versions
from adapters.seals import Seals

_DIGESTS: Final = "SELECT subject, digest FROM source_versions"
_SUBJECTS: Final = "SELECT subject FROM source_subjects"
_VERSIONS: Final = "SELECT id, subject, digest, participant_id, stored FROM source_versions"


@dataclass(slots=True)
class Past:
    """What was said of one subject, in the order in which it was taken.

    `gone` are the digests of versions whose content was erased.
    """

    versions: list[Version] = field(default_factory=list)
    gone: set[bytes] = field(default_factory=set)


class Taken(NamedTuple):
    """A version that is new, the HMACs of its subject and its content, the record that it came in,
    and whom it is about.

    `record` is None for a version that no source sent: see `adapters.overlaps`.
    """

    subject: bytes
    digest: bytes
    version: Version
    record: SourceRecord | None
    participants: frozenset[str]


class Said:
    """What sources have said, inside one transaction; `is_empty` where none has said anything."""

    def __init__(self, connection: Connection, seals: Seals) -> None:
        self._connection = connection
        self._seals = seals
        self.is_empty = not _last(connection, source_versions)

    def subject(self, source: str, subject: str) -> bytes:
        """Under what the store finds a subject: its own name can hold a person's key."""
        return self._seals.secret.fingerprint(f"subject/{source}/{subject}".encode())

    def digest(self, version: Version) -> bytes:
        return self._seals.secret.fingerprint(f"version/{version.digest}".encode())

    def known_of(self, subjects: Sequence[bytes]) -> dict[bytes, set[bytes]]:
        """The digests of all that was said of some subjects, erased or not; nothing of those of
        which nothing was said. A digest is of its subject too: it is never one of another's."""
        known: dict[bytes, set[bytes]] = {}
        asked = () if self.is_empty else subjects
        for subject, digest in look_up(self._connection, _DIGESTS, "subject", asked):
            known.setdefault(bytes(subject), set()).add(bytes(digest))
        return known

    def past(self, subjects: Sequence[bytes]) -> dict[bytes, Past]:
        """What was said of some subjects; those of which nothing was have an empty past."""
        found = {subject: Past() for subject in subjects}
        if self.is_empty:
            return found
        kept = list(look_up(self._connection, _VERSIONS, "subject", subjects, order="ORDER BY id"))
        self._seals.load({bytes(owner) for _, _, _, owner, _ in kept} - {b""})
        for number, subject, digest, owner, stored in kept:
            past = found[bytes(subject)]
            opened = self._seals.open_said(bytes(owner), "version", number, bytes(stored))
            if opened:
                past.versions.append(from_stored(opened))
            else:
                past.gone.add(bytes(digest))
        return found

    def every(self) -> Iterable[tuple[bytes, Past]]:
        """The past of every subject that has one."""
        query = select(source_versions.c.subject).distinct().order_by(source_versions.c.subject)
        subjects = [bytes(subject) for (subject,) in self._connection.execute(query)]
        for some in in_parts(subjects):
            yield from self.past(some).items()

    def implementation(self, source: str, reference: str) -> bytes:
        """Under what the store finds the subjects that are in an implementation."""
        return self._seals.secret.fingerprint(f"in/{source}/{reference}".encode())

    def subjects_of(self, lookups: Iterable[bytes]) -> set[bytes]:
        """The subjects that are about some persons, by the HMAC of their keys, or that are in some
        implementations."""
        found = look_up(self._connection, _SUBJECTS, "lookup", list(lookups))
        return {bytes(subject) for (subject,) in found}

    def keep(
        self, taken: Sequence[Taken], at: int, batch_id: int, known: Mapping[str, bytes]
    ) -> None:
        """Writes down what is new, in the order in which it was taken; `known` are the ids of
        participants that were looked up already."""
        if not taken:
            return
        everybody = {person for one in taken for person in one.participants}
        ids = ids_of(self._connection, everybody - known.keys(), self._seals)
        ids |= {person: known[person] for person in everybody & known.keys()}
        self._seals.load(ids.values())
        record_ids = self._keep_records(taken, ids, at, batch_id)
        first = _last(self._connection, source_versions) + 1
        rows = []
        seal = self._seals.seal_said
        for number, one in enumerate(taken, start=first):
            owner, version = _owner(one.participants, ids), one.version
            stored = seal(owner, "version", number, to_stored(version))
            record_id = record_ids.get(id(one.record), 0)
            key = (one.subject, one.digest, owner)
            rows.append((number, version.source, *key, stored, record_id))
        insert(self._connection, source_versions, rows)
        lookups = {person: self._seals.secret.lookup(person) for person in everybody}
        about = {(one.subject, lookups[person]) for one in taken for person in one.participants}
        about |= {
            (one.subject, self.implementation(one.version.source, one.version.implementation))
            for one in taken
            if one.version.implementation is not None
        }
        insert(self._connection, source_subjects, sorted(about), "ON CONFLICT DO NOTHING")

    def _keep_records(
        self, taken: Sequence[Taken], ids: Mapping[str, bytes], at: int, batch_id: int
    ) -> dict[int, int]:
        """Keeps each record once, raw; gives its number by the record's identity in memory."""
        about: dict[int, frozenset[str]] = {}
        records: dict[int, tuple[SourceRecord, Version]] = {}
        for _, _, version, record, participants in taken:
            if record is not None:
                identity = id(record)
                if (others := about.get(identity)) is None:
                    about[identity], records[identity] = participants, (record, version)
                else:
                    about[identity] = others | participants
        numbers: dict[int, int] = {}
        rows = []
        seal, fingerprint = self._seals.seal_said, self._seals.secret.fingerprint
        first = _last(self._connection, source_records) + 1
        for number, (identity, (record, version)) in enumerate(records.items(), first):
            owner, numbers[identity] = _owner(about[identity], ids), number
            raw = seal(owner, "record", number, record.raw)
            what = (number, version.source, fingerprint(record.raw), owner, raw)
            rows.append((*what, at, batch_id, version.line or 0))
        insert(self._connection, source_records, rows)
        return numbers


def tag_of(subject: bytes) -> str:
    """What stands for a subject in ids of events, where its own name would tell whose it is."""
    return subject.hex()[:20]


def _owner(participants: Collection[str], ids: Mapping[str, bytes]) -> bytes:
    """Under whose key something is sealed; empty: under the store's own."""
    if len(participants) != 1:
        return b""
    (person,) = participants
    return ids.get(person, b"")


def _last(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.max(table.c.id))).scalar_one() or 0


def forget(connection: Connection, subjects: Iterable[bytes]) -> None:
    """Empties all that was kept of some subjects, and whom they were about; digests are left.

    A record that was about others as well is emptied with it.
    """
    for some in in_parts(sorted(subjects)):
        of_them = source_versions.c.subject.in_(some)
        records = select(source_versions.c.record_id).where(of_them)
        connection.execute(
            update(source_records).where(source_records.c.id.in_(records)).values(raw=b"")
        )
        connection.execute(update(source_versions).where(of_them).values(stored=b""))
        connection.execute(delete(source_subjects).where(source_subjects.c.subject.in_(some)))


def implementations_of(connection: Connection, source: str) -> dict[str, Implementation]:
    """The implementations that a source has told of, by its own id of them."""
    query = select(implementations).where(implementations.c.source == source)
    return {
        row.reference: Implementation(row.measure_type, row.provider)
        for row in connection.execute(query)
    }


def keep_implementations(
    connection: Connection, source: str, told: Mapping[str, Implementation]
) -> None:
    """Writes down implementations; what is told now takes the place of what was told before."""
    for some in in_parts(list(told)):
        mine = (implementations.c.source == source) & implementations.c.reference.in_(some)
        connection.execute(delete(implementations).where(mine))
        rows = [
            {
                "source": source,
                "reference": reference,
                "measure_type": told[reference].measure_type,
                "provider": told[reference].provider,
            }
            for reference in some
        ]
        connection.execute(implementations.insert(), rows)
