"""The event log on SQLAlchemy Core: the recorder of the `eventsourcing` library, and in bulk.

Positions are `max(id) + 1`, assigned under the lock of one writer, so there is never a gap. Every
row is chained to the one before it by a SHA-256 over both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NamedTuple, TypeAlias
from uuid import UUID

import orjson
from eventsourcing.persistence import (
    ApplicationRecorder,
    IntegrityError,
    Notification,
    StoredEvent,
    Subscription,
)
from sqlalchemy import Connection, Engine, delete, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import IntegrityError as DatabaseIntegrityError

from adapters.database import reading, writing
from adapters.schema import batches, events, standings
from domain.calendar import parse_instant, to_microseconds
from domain.events import EVENT_TYPES

NO_HASH: Final = bytes(32)
_DAY_OF_FOREIGN: Final = date(1970, 1, 1)
Row: TypeAlias = tuple[int, bytes, int, str, bytes, date, int, str, str, int, bytes]


class Entry(NamedTuple):
    """An event on its way into the log: all but its position, version and hash."""

    participant_id: bytes
    topic: str
    state: bytes
    occurred_on: date
    recorded_at: int
    source: str
    source_event_id: str


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the log: its last position and that row's hash; 0 and zeros when it is empty."""

    position: int
    hash: bytes


def chained(before: bytes, row: Sequence[Any]) -> bytes:
    """The hash of a row of `events` (its columns but the hash) after the hash of the one before.

    The day may be given as ISO text. Every field is told apart by its length, so no two rows read
    alike.
    """
    position, person, version, topic, state, day, recorded_at, source, key, batch = row
    kind, origin, name = topic.encode(), source.encode(), key.encode()
    numbers = (
        f"{position},{version},{day},{recorded_at},{batch},"
        f"{len(person)},{len(kind)},{len(state)},{len(origin)},{len(name)};"
    )
    return hashlib.sha256(
        b"".join((before, numbers.encode(), person, kind, state, origin, name))
    ).digest()


def head_of(connection: Connection) -> Head:
    row = connection.execute(
        select(events.c.id, events.c.hash).order_by(events.c.id.desc()).limit(1)
    ).one_or_none()
    return Head(0, NO_HASH) if row is None else Head(row.id, bytes(row.hash))


def versions_of(connection: Connection, participant_ids: Iterable[bytes]) -> dict[bytes, int]:
    """How many events each participant has; those without any are left out."""
    found: dict[bytes, int] = {}
    for some in in_parts(list(participant_ids)):
        rows = connection.execute(
            select(events.c.participant_id, func.max(events.c.version))
            .where(events.c.participant_id.in_(some))
            .group_by(events.c.participant_id)
        )
        found.update((bytes(participant_id), version) for participant_id, version in rows)
    return found


def in_parts(items: Sequence[Any], size: int = 500) -> Iterator[Sequence[Any]]:
    """A sequence in parts that fit the databases' limit of parameters."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def as_rows(
    entries: Iterable[Entry], head: Head, versions: dict[bytes, int], batch_id: int
) -> list[Row]:
    """Entries as rows of the log after a head; `versions` is brought up to date."""
    position, before, rows = head.position, head.hash, []
    for entry in entries:
        position += 1
        version = versions.get(entry.participant_id, 0) + 1
        versions[entry.participant_id] = version
        row = (
            position,
            entry.participant_id,
            version,
            entry.topic,
            entry.state,
            entry.occurred_on,
            entry.recorded_at,
            entry.source,
            entry.source_event_id,
            batch_id,
        )
        before = chained(before, row)
        rows.append((*row, before))
    return rows


def insert_rows(connection: Connection, rows: Sequence[Row]) -> None:
    """Writes rows of the log by the database's own fast way, inside the open transaction."""
    if not rows:
        return
    names = ", ".join(column.name for column in events.columns)
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(events.columns))
        days = {day: day.isoformat() for day in {row[5] for row in rows}}
        connection.exec_driver_sql(
            f"INSERT INTO events ({names}) VALUES ({marks})",
            [
                (number, person, version, topic, state, days[day], *others)
                for number, person, version, topic, state, day, *others in rows
            ],
        )
        return
    try:
        _copy(connection.connection.driver_connection, names, rows)
    except Exception as error:
        known: Any = connection.dialect.loaded_dbapi
        if isinstance(error, known.Error):
            # Past SQLAlchemy, so it has to be told: an error is the same whichever way it came.
            raise DBAPIError.instance(
                "COPY events", None, error, known.Error, dialect=connection.dialect
            ) from error
        raise


def _copy(driver: Any, names: str, rows: Sequence[Row]) -> None:
    types = (
        "int8", "bytea", "int4", "text", "bytea", "date", "int8", "text", "text", "int4", "bytea"
    )  # fmt: skip
    with driver.cursor() as cursor, cursor.copy(f"COPY events ({names}) FROM STDIN BINARY") as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)


class EventLog(ApplicationRecorder):
    """The `eventsourcing` library's recorder over the `events` table.

    What `adapters.ingest` appends in bulk goes into the same table under the same lock. An event
    that is not one of the domain's topics, as the library's own test cases store, is kept under
    the source `eventsourcing` with its aggregate's id and version as its id there.
    """

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self.engine = engine

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int] | None:
        """Appends events whose versions their aggregates gave them; raises IntegrityError."""
        if not stored_events:
            return []
        try:
            with writing(self.engine) as connection:
                return self._insert(connection, stored_events)
        except Exception as error:
            if isinstance(error.__cause__, DatabaseIntegrityError):
                raise IntegrityError(str(error)) from error
            raise

    def _insert(self, connection: Connection, stored_events: Sequence[StoredEvent]) -> list[int]:
        head = head_of(connection)
        position, before = head.position, head.hash
        rows: list[Row] = []
        for stored in stored_events:
            position += 1
            entry = _entry(stored)
            row = (
                position,
                entry.participant_id,
                stored.originator_version,
                entry.topic,
                entry.state,
                entry.occurred_on,
                entry.recorded_at,
                entry.source,
                entry.source_event_id,
                0,
            )
            before = chained(before, row)
            rows.append((*row, before))
        insert_rows(connection, rows)
        persons = {row[1] for row in rows}
        for some in in_parts(list(persons)):
            connection.execute(delete(standings).where(standings.c.participant_id.in_(some)))
        return [row[0] for row in rows]

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """One participant's events by version, `gt` exclusive and `lte` inclusive."""
        version = events.c.version
        query = select(events).where(events.c.participant_id == _as_bytes(originator_id))
        query = query.where(version > gt) if gt is not None else query
        query = query.where(version <= lte) if lte is not None else query
        query = query.order_by(version.desc() if desc else version).limit(limit)
        with reading(self.engine) as connection:
            return [
                StoredEvent(
                    originator_id=UUID(bytes=bytes(row.participant_id)),
                    originator_version=row.version,
                    topic=row.topic,
                    state=bytes(row.state),
                )
                for row in connection.execute(query)
            ]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """The log by position from `start`, to `stop` inclusive, at most `limit` of it."""
        position = events.c.id
        query = select(events).order_by(position).limit(limit)
        if start is not None:
            query = query.where(position >= start if inclusive_of_start else position > start)
        query = query.where(position <= stop) if stop is not None else query
        query = query.where(events.c.topic.in_(topics)) if topics else query
        with reading(self.engine) as connection:
            return [
                Notification(
                    id=row.id,
                    originator_id=UUID(bytes=bytes(row.participant_id)),
                    originator_version=row.version,
                    topic=row.topic,
                    state=bytes(row.state),
                )
                for row in connection.execute(query)
            ]

    def max_notification_id(self) -> int | None:
        with reading(self.engine) as connection:
            return head_of(connection).position or None

    def subscribe(
        self, gt: int | None = None, topics: Sequence[str] = ()
    ) -> Subscription[ApplicationRecorder]:
        raise NotImplementedError("pull ranges of positions with `select_notifications` instead")


def _as_bytes(originator_id: UUID | str) -> bytes:
    return originator_id.bytes if isinstance(originator_id, UUID) else UUID(originator_id).bytes


def _entry(stored: StoredEvent) -> Entry:
    participant_id = _as_bytes(stored.originator_id)
    if stored.topic not in EVENT_TYPES:
        key = f"{participant_id.hex()}/{stored.originator_version}"
        return Entry(
            participant_id, stored.topic, stored.state, _DAY_OF_FOREIGN, 0, "eventsourcing", key
        )
    state = orjson.loads(stored.state)
    return Entry(
        participant_id,
        stored.topic,
        stored.state,
        date.fromisoformat(state["occurred_on"]),
        to_microseconds(parse_instant(state["recorded_at"])),
        state["source"],
        state["event_id"],
    )


def appended_at(connection: Connection, position: int) -> int | None:
    """By when the log had grown to a position, in microseconds since 1970; None for an empty one.

    The latest time of any append up to there: a clock that was set back does not make what was
    known unknown.
    """
    query = select(func.max(batches.c.appended_at)).where(
        batches.c.first_position <= position, batches.c.last_position >= batches.c.first_position
    )
    found: int | None = connection.execute(query).scalar_one()
    return found
