"""Events as the log keeps them: a fixed topic, and a state of JSON that is validated when read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from eventsourcing.persistence import Mapper, StoredEvent

from adapters.event_store import Entry
from domain.calendar import to_microseconds
from domain.events import Event, from_state, to_state


@dataclass(frozen=True, slots=True)
class Recorded:
    """A domain event as the `eventsourcing` library handles one: whose, which in turn, and what."""

    originator_id: UUID
    originator_version: int
    event: Event


def encode(event: Event) -> bytes:
    return orjson.dumps(to_state(event))


def decode(topic: str, state: bytes) -> Event:
    """A stored event, validated and brought up to date; see `domain.events.from_state`."""
    return from_state(topic, orjson.loads(state))


def as_entry(participant_id: bytes, event: Event) -> Entry:
    return Entry(
        participant_id,
        event.TOPIC,
        encode(event),
        event.occurred_on,
        to_microseconds(event.recorded_at),
        event.source,
        event.event_id,
    )


class JourneyMapper(Mapper[UUID]):
    """The library's mapper with our own topics in place of import paths, validating on read."""

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        return StoredEvent(
            originator_id=domain_event.originator_id,
            originator_version=domain_event.originator_version,
            topic=domain_event.event.TOPIC,
            state=encode(domain_event.event),
        )

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        originator_id = stored_event.originator_id
        assert isinstance(originator_id, UUID)
        event = decode(stored_event.topic, stored_event.state)
        return Recorded(originator_id, stored_event.originator_version, event)
