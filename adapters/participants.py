"""Natural keys and the ids that events carry: the only door between the two."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection, select

from adapters.bulk import insert, look_up
from adapters.event_store import in_parts
from adapters.schema import participants
from adapters.seals import Seals
from adapters.secret import Secret, sealing, unseal

_NATURAL_KEY = b"natural_key/"
_ID_LENGTH: Final = 16
_IDS = "SELECT lookup, participant_id FROM participants"


def ids_of(
    connection: Connection, keys: Iterable[str], seals: Seals | None = None
) -> dict[str, bytes]:
    """The ids of the participants that the store knows, by natural key."""
    wanted = list(keys)
    if not wanted:
        return {}
    lookup = (seals or Seals(connection)).secret.lookup
    by_lookup = {lookup(key): key for key in wanted}
    rows = look_up(connection, _IDS, "lookup", list(by_lookup))
    return {by_lookup[bytes(found)]: bytes(person) for found, person in rows}


def new_ids(
    connection: Connection, keys: Iterable[str], seals: Seals | None = None
) -> dict[str, bytes]:
    """Random ids, and a key each, for participants that the store does not know yet."""
    wanted = list(dict.fromkeys(keys))
    chance = os.urandom(_ID_LENGTH * len(wanted))  # asked for once: each time is a system call
    ids = (chance[at : at + _ID_LENGTH] for at in range(0, len(chance), _ID_LENGTH))
    new = dict(zip(wanted, ids, strict=True))
    if not new:
        return new
    seals = seals or Seals(connection)
    lookup, wrap = seals.secret.lookup, sealing(seals.secret.wrapping_key)
    rows = []
    for natural_key, person in new.items():
        own = seals.new_key(person)
        sealed = seals.sealing_of(person)(natural_key.encode(), _NATURAL_KEY + person)
        rows.append((person, lookup(natural_key), wrap(own, person), sealed))
    insert(connection, participants, rows)
    return new


def keys_of(
    connection: Connection, ids: Iterable[bytes], seals: Seals | None = None
) -> dict[bytes, str]:
    """The natural keys of participants, by id; those that were erased are left out."""
    seals = seals or Seals(connection)
    found: dict[bytes, str] = {}
    for some in in_parts(list(ids)):
        rows = connection.execute(
            select(participants.c.participant_id, participants.c.natural_key).where(
                participants.c.participant_id.in_(some)
            )
        ).all()
        seals.load(bytes(row.participant_id) for row in rows)
        for row in rows:
            person = bytes(row.participant_id)
            own = seals.key_of(person)
            if own is not None:
                sealed = bytes(row.natural_key)
                found[person] = unseal(own, sealed, _NATURAL_KEY + person).decode()
    return found


def natural_key_in(secret: Secret, person: bytes, wrapped_key: bytes, sealed: bytes) -> str:
    """The natural key that a row of the table holds; TamperedError where it does not open."""
    own = unseal(secret.wrapping_key, wrapped_key, person)
    return unseal(own, sealed, _NATURAL_KEY + person).decode()


def as_id(text: str) -> bytes | None:
    """The id that events carry, where a text is one in hex."""
    try:
        found = bytes.fromhex(text)
    except ValueError:
        return None
    return found if len(found) == 16 else None
