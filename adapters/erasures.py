"""Who was erased, when and why: told by the id that events carry, or to who still knows the key."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, select

from adapters import quarantine
from adapters.bulk import by_source
from adapters.errors import ErasedError
from adapters.event_store import in_parts
from adapters.schema import erasures, events, tombstones
from adapters.secret import Secret, seal, unseal
from domain.calendar import OSLO, from_microseconds, show_instant
from domain.history import Key

_PLACE = b"tombstone"


@dataclass(frozen=True, slots=True)
class Erasure:
    """One erasure, by the id that the participant's events still carry."""

    participant_id: bytes
    erased_at: datetime
    erased_by: str
    reason: str

    def as_json(self) -> dict[str, Any]:
        return {
            "participant_id": self.participant_id.hex(),
            "erased_at": show_instant(self.erased_at),
            "erased_by": self.erased_by,
            "reason": self.reason,
        }

    @property
    def on(self) -> str:
        """The day, in Oslo: all that a tombstone tells."""
        return self.erased_at.astimezone(OSLO).date().isoformat()


def every_erasure(connection: Connection) -> list[Erasure]:
    """All erasures, first to last."""
    return [_erasure(row) for row in connection.execute(select(erasures).order_by(erasures.c.id))]


def erasure_of(connection: Connection, person: bytes) -> Erasure | None:
    query = select(erasures).where(erasures.c.participant_id == person)
    row = connection.execute(query).one_or_none()
    return None if row is None else _erasure(row)


def anybody_erased(connection: Connection) -> bool:
    return connection.execute(select(erasures.c.id).limit(1)).first() is not None


def erased_among(connection: Connection, keys: Iterable[Key]) -> dict[Key, bytes]:
    """Those of some events' keys whose participant was erased, and the id that is left."""
    if not anybody_erased(connection):
        return {}
    wanted = list(keys)
    found = quarantine.erased_among(connection, wanted)
    for source, event_ids in by_source(wanted).items():
        for some in in_parts(event_ids):
            query = (
                select(events.c.source_event_id, events.c.participant_id)
                .join(erasures, erasures.c.participant_id == events.c.participant_id)
                .where(events.c.source == source, events.c.source_event_id.in_(some))
            )
            found |= {(source, key): bytes(person) for key, person in connection.execute(query)}
    return found


def set_tombstone(
    connection: Connection, secret: Secret, natural_key: str, erasure: Erasure
) -> None:
    """Leaves word for who still knows a natural key: the day and the reason, and no id."""
    said = orjson.dumps({"on": erasure.on, "why": erasure.reason})
    sealed = seal(secret.tombstone_seal(natural_key), said, _PLACE)
    row = {"tombstone": secret.tombstone(natural_key), "said": sealed}
    connection.execute(tombstones.insert(), row)


def refuse_if_erased(connection: Connection, secret: Secret, natural_key: str) -> None:
    """Raises ErasedError, with the day and the reason, where whoever has a key was erased."""
    query = select(tombstones.c.said).where(tombstones.c.tombstone == secret.tombstone(natural_key))
    said = [
        orjson.loads(unseal(secret.tombstone_seal(natural_key), bytes(row.said), _PLACE))
        for row in connection.execute(query)
    ]
    if said:
        latest = max(said, key=lambda one: str(one["on"]))
        raise ErasedError(latest["on"], latest["why"])


def _erasure(row: Any) -> Erasure:
    return Erasure(
        bytes(row.participant_id), from_microseconds(row.erased_at), row.erased_by, row.reason
    )
