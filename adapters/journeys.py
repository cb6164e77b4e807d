"""One participant's history out of a store."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Engine

from adapters.database import reading
from adapters.errors import UnknownParticipantError
from adapters.event_store import appended_at, head_of
from adapters.facts import facts_of
from adapters.participants import ids_of
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
) -> tuple[Replay, dict[str, Any], date]:
    """A participant's replay, what was asked, and the day of the state that it leads to.

    Raises UnknownParticipantError where the store has no such participant.
    """
    with reading(engine) as connection:
        ids = ids_of(connection, [participant])
        if participant not in ids:
            raise UnknownParticipantError("no participant has the key asked for")
        (facts,) = facts_of(connection, ids.values()).values()
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
