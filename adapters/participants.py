"""Natural keys and the ids that events carry: the only door between the two."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import uuid4

from sqlalchemy import Connection, select

from adapters.event_store import in_parts
from adapters.schema import participants


def ids_of(connection: Connection, keys: Iterable[str]) -> dict[str, bytes]:
    """The ids of the participants that the store knows, by natural key."""
    found: dict[str, bytes] = {}
    for some in in_parts(list(keys)):
        rows = connection.execute(
            select(participants.c.natural_key, participants.c.participant_id).where(
                participants.c.natural_key.in_(some)
            )
        )
        found.update((key, bytes(participant_id)) for key, participant_id in rows)
    return found


def new_ids(connection: Connection, keys: Iterable[str]) -> dict[str, bytes]:
    """Random ids for participants that the store does not know yet, written down."""
    new = {key: uuid4().bytes for key in keys}
    if new:
        connection.execute(
            participants.insert(),
            [
                {"participant_id": participant_id, "natural_key": key}
                for key, participant_id in new.items()
            ],
        )
    return new


def keys_of(connection: Connection, ids: Iterable[bytes]) -> dict[bytes, str]:
    """The natural keys of participants, by id; those no longer mapped are left out."""
    found: dict[bytes, str] = {}
    for some in in_parts(list(ids)):
        rows = connection.execute(
            select(participants).where(participants.c.participant_id.in_(some))
        )
        found.update((bytes(row.participant_id), row.natural_key) for row in rows)
    return found
