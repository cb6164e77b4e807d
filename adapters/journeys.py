"""One participant's history out of a store."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Engine

from adapters.access_log import Reader, reader, record_access
from adapters.database import reading
from adapters.erasures import erasure_of, refuse_if_erased
from adapters.errors import ErasedError, UnknownParticipantError
from adapters.facts import facts_of
from adapters.log import appended_at, head_of
from adapters.participants import as_id, ids_of
from adapters.seals import Seals
from domain.calendar import OSLO, from_microseconds, show_instant
from domain.history import Cutoff
from projections.replay import Replay, replay


def replay_of(
    engine: Engine,
    participant: str,
    *,
    at: date | None = None,
    known_at: datetime | None = None,
    position: int | None = None,
    by: Reader | None = None,
) -> tuple[Replay, dict[str, Any], date]:
    """A participant's replay, what was asked, and the day of the state that it leads to.

    `participant` is the natural key, or in hex the id that events carry. `by` is who asks, as the
    access log keeps it; by default whoever runs this. Raises ErasedError where the participant was
    erased, UnknownParticipantError where the store has no such participant.
    """
    person = identify(engine, participant, "replay", by or reader())
    with reading(engine) as connection:
        seals = Seals(connection)
        (facts,) = facts_of(connection, [person], seals).values()
        position = head_of(connection).position if position is None else position
        if known_at is None:
            moment = appended_at(connection, position)
            known_at = datetime.now(UTC) if moment is None else from_microseconds(moment)
    found = replay(facts, Cutoff(at, known_at, position))
    meta = {
        "participant": participant,
        "at": None if at is None else at.isoformat(),
        "known_at": show_instant(known_at),
        "position": position,
    }
    latest = max((told.fact.event.occurred_on for told in found.told), default=None)
    return found, meta, at or max(latest or date.min, datetime.now(OSLO).date())


def identify(engine: Engine, participant: str, what: str, by: Reader) -> bytes:
    """Whose history is about to be shown; the access is recorded first, of unknown ones too."""
    trace = trace_of(engine, participant)
    record_access(engine, by, what, [trace])
    with reading(engine) as connection:
        seals = Seals(connection)
        erasure = erasure_of(connection, trace)
        if erasure is not None:
            raise ErasedError(erasure.on, erasure.reason, erasure)
        if seals.key_of(trace) is not None:
            return trace
        refuse_if_erased(connection, seals.secret, participant)
    raise UnknownParticipantError("no participant has the key asked for")


def trace_of(engine: Engine, participant: str) -> bytes:
    """As what the access log knows a participant, given by natural key or by id in hex."""
    with reading(engine) as connection:
        seals = Seals(connection)
        known = ids_of(connection, [participant], seals)
        person = known.get(participant) or as_id(participant)
        if person is not None and (seals.key_of(person) or erasure_of(connection, person)):
            return person
        return seals.secret.lookup(participant)
