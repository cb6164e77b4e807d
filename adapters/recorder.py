"""The log and its events as the `eventsourcing` library handles them: its recorder, its mapper.

Apart from the rest, so that only who uses the library loads it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

import orjson
from eventsourcing.persistence import (
    ApplicationRecorder,
    IntegrityError,
    Mapper,
    Notification,
    StoredEvent,
    Subscription,
)
from sqlalchemy import Connection, Engine, delete, select
from sqlalchemy.exc import IntegrityError as DatabaseIntegrityError

from adapters.database import reading, writing
from adapters.event_store import Entry, Row, chained, in_parts, insert_rows
from adapters.log import head_of
from adapters.mapper import decode, encode
from adapters.schema import events, standings
from adapters.seals import Seals
from adapters.secret import SecretError
from domain.calendar import parse_instant, to_microseconds
from domain.events import EVENT_TYPES, Event, to_state

_DAY_OF_FOREIGN: Final = "1970-01-01"


@dataclass(frozen=True, slots=True)
class Recorded:
    """A domain event as the `eventsourcing` library handles one: whose, which in turn, and what."""

    originator_id: UUID
    originator_version: int
    event: Event


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
            person, version = _as_bytes(stored.originator_id), stored.originator_version
            row = (position, person, version, *_entry(stored), 0)
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
    if stored.topic not in EVENT_TYPES:
        key = f"{_as_bytes(stored.originator_id).hex()}/{stored.originator_version}"
        return (stored.topic, stored.state, _DAY_OF_FOREIGN, 0, "eventsourcing", key)
    state = orjson.loads(stored.state)
    return (
        stored.topic,
        stored.state,
        date.fromisoformat(state["occurred_on"]).isoformat(),
        to_microseconds(parse_instant(state["recorded_at"])),
        state["source"],
        state["event_id"],
    )


class JourneyMapper(Mapper[UUID]):
    """The library's mapper with our own topics in place of import paths, validating on read.

    It handles an event with a note only inside a transaction, whose `seals` it is given.
    """

    seals: Seals | None = None

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        person, event = domain_event.originator_id.bytes, domain_event.event
        if self.seals is None and event.note is not None:
            raise SecretError("a note is stored only sealed; give the mapper the store's seals")
        state = orjson.dumps(to_state(event))
        return StoredEvent(
            originator_id=domain_event.originator_id,
            originator_version=domain_event.originator_version,
            topic=event.TOPIC,
            state=state if self.seals is None else encode(person, event, self.seals),
        )

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        originator_id = stored_event.originator_id
        assert isinstance(originator_id, UUID)
        event = decode(stored_event.topic, stored_event.state, originator_id.bytes, self.seals)
        return Recorded(originator_id, stored_event.originator_version, event)
