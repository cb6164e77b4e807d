"""Erasure: a participant's key and mapping destroyed for good, the log left as it is.

What was sealed under the key, notes, quarantined rows and what sources said, never opens again. The
coded events stay, so figures do not change; the chain hashes the ciphertext, so it still verifies.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Connection, Engine, delete, or_, select, update

from adapters import quarantine
from adapters.chain import add_link
from adapters.database import plain_errors, writing
from adapters.erasures import Erasure, erasure_of, refuse_if_erased, set_tombstone
from adapters.errors import ErasedError, UnknownParticipantError
from adapters.event_store import in_parts
from adapters.ledger import Line, ledger_path, note_down, read_ledger, store_id, unerased
from adapters.participants import as_id, ids_of, keys_of
from adapters.said import Said, forget
from adapters.schema import erasures, participants, source_records, source_subjects, source_versions
from adapters.schema import quarantine as slips
from adapters.seals import Seals
from domain.calendar import from_microseconds, to_microseconds


def erase(engine: Engine, participant: str, reason: str, who: str, at: datetime) -> Erasure:
    """Erases a participant, given by natural key or by the id that events carry, in hex.

    Raises ErasedError where that is done already, UnknownParticipantError where the store has
    nothing of them.
    """
    erase_again(engine)  # what an interrupted erasure, or a restored backup, left undone
    with writing(engine) as connection:
        seals = Seals(connection)
        person, natural_key = _who(connection, seals, participant)
        found = _slips_of(connection, seals, person, natural_key)
        subjects = _subjects_of(connection, seals, natural_key)
        if person is None and not found and not subjects:
            refuse_if_erased(connection, seals.secret, participant)
            raise UnknownParticipantError("no participant has the key asked for")
        erasure = Erasure(person or uuid4().bytes, at, who, reason)
        note_down(engine.url, [_line(connection, erasure, found, subjects)])
        _erase(connection, seals, erasure, natural_key, found)
        forget(connection, subjects)
    _scrub(engine)
    return erasure


def erase_again(engine: Engine, ledger: Path | None = None) -> list[Erasure]:
    """Erases all whom a list of erasures names and a restored store has back."""
    again = []
    with writing(engine) as connection:
        seals = Seals(connection, restoring=True)
        for line in unerased(connection, read_ledger(ledger or ledger_path(engine.url))):
            known = keys_of(connection, [line.participant_id], seals)
            natural_key = known.get(line.participant_id)
            found = _slips_of(connection, seals, line.participant_id, natural_key)
            at = from_microseconds(line.erased_at)
            erasure = Erasure(line.participant_id, at, line.erased_by, line.reason)
            if ledger is not None:
                note_down(engine.url, [line])
            _erase(connection, seals, erasure, natural_key, [*found, *line.slips])
            subjects = _subjects_of(connection, seals, natural_key)
            forget(connection, {*subjects, *line.subjects})
            again.append(erasure)
    if again:
        _scrub(engine)
    return again


def _who(connection: Connection, seals: Seals, participant: str) -> tuple[bytes | None, str | None]:
    """A participant's id and natural key, whichever of the two was given."""
    known = ids_of(connection, [participant], seals)
    if participant in known:
        return known[participant], participant
    person = as_id(participant)
    if person is not None:
        erasure = erasure_of(connection, person)
        if erasure is not None:
            raise ErasedError(erasure.on, erasure.reason, erasure)
        natural_key = keys_of(connection, [person], seals).get(person)
        if natural_key is not None:
            return person, natural_key
    return None, participant


def _slips_of(
    connection: Connection, seals: Seals, person: bytes | None, natural_key: str | None
) -> list[int]:
    mine = []
    if person is not None:
        mine.append(slips.c.participant_id == person)
    if natural_key is not None:
        mine.append(slips.c.participant_lookup == seals.secret.lookup(natural_key))
    return [row.id for row in connection.execute(select(slips.c.id).where(or_(False, *mine)))]


def _subjects_of(connection: Connection, seals: Seals, natural_key: str | None) -> set[bytes]:
    """What sources said of a person, by subject."""
    lookups = [] if natural_key is None else [seals.secret.lookup(natural_key)]
    return Said(connection, seals).subjects_of(lookups)


def _line(
    connection: Connection, erasure: Erasure, found: Sequence[int], subjects: Iterable[bytes]
) -> Line:
    at = to_microseconds(erasure.erased_at)
    person, who = erasure.participant_id, erasure.erased_by
    told = tuple(sorted(subjects))
    return Line(store_id(connection), person, at, who, erasure.reason, tuple(found), told)


def _erase(
    connection: Connection,
    seals: Seals,
    erasure: Erasure,
    natural_key: str | None,
    found: Sequence[int],
) -> None:
    person, at = erasure.participant_id, to_microseconds(erasure.erased_at)
    empty = dict.fromkeys(("state", "cells", "raw", "participant_lookup"), b"")
    why = "the participant was erased"
    closing = quarantine.Closing("erased", why, at, None, erasure.erased_by)
    quarantine.close(connection, found, closing)
    for some in in_parts(found):
        connection.execute(
            update(slips).where(slips.c.id.in_(some)).values(empty | {"why": '["erased"]'})
        )
    if natural_key is not None:
        set_tombstone(connection, seals.secret, natural_key, erasure)
    connection.execute(delete(participants).where(participants.c.participant_id == person))
    row = {
        "participant_id": person,
        "erased_at": at,
        "erased_by": erasure.erased_by,
        "reason": erasure.reason,
    }
    add_link(connection, erasures, row)


def _scrub(engine: Engine) -> None:
    """Takes what was deleted out of the database's files as well, as far as it can be reached."""
    with plain_errors(engine), engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            raw = connection.connection.driver_connection
            assert raw is not None
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return
        outside = connection.execution_options(isolation_level="AUTOCOMMIT")
        for table in (participants, slips, source_records, source_versions, source_subjects):
            outside.exec_driver_sql(f"VACUUM (FULL) {table.name}")
