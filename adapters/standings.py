"""Where each participant's history was left: so that an event at its end needs no rereading.

A convenience beside the log, worked out from it and nothing else. A row is right for the version
that it names; where it is missing the history is read instead. Whoever appends without keeping it
removes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import orjson
from sqlalchemy import Connection

from adapters.bulk import insert, look_up
from adapters.event_store import in_parts
from adapters.schema import standings
from domain.calendar import from_microseconds, to_microseconds
from domain.history import End, History
from domain.standing import Standing

_STANDINGS = "SELECT participant_id, version, ends_on, ends_at, ends_position, state FROM standings"
_IN_PLACE = "ON CONFLICT (participant_id) DO UPDATE SET " + ", ".join(
    f"{column.name} = excluded.{column.name}" for column in standings.columns[1:]
)


@dataclass(frozen=True, slots=True)
class Left:
    """A participant's last version, where the history ends, and what runs there."""

    version: int
    end: End
    standing: Standing


def left_of(connection: Connection, persons: Iterable[bytes]) -> dict[bytes, Left]:
    """Where the histories of some participants were left, those of which it is known."""
    found: dict[bytes, Left] = {}
    for person, *left in look_up(connection, _STANDINGS, "participant_id", list(persons)):
        try:
            found[bytes(person)] = _left(*left)
        except (ValueError, TypeError, OverflowError, AttributeError):
            continue  # a row that does not read is no row: the history is read instead
    return found


def _left(version: int, ends_on: int, ends_at: int, position: int, state: bytes) -> Left:
    # There and back, as a number that is no time is damage.
    end = (date.fromordinal(ends_on), to_microseconds(from_microseconds(ends_at)), position)
    return Left(version, end, _decoded(bytes(state)))


def leave(
    connection: Connection, histories: Mapping[bytes, History], versions: Mapping[bytes, int]
) -> None:
    """Writes down where histories are left; `versions` are those of the participants changed.

    Where all was annulled there is no end to go on from: what was left there is removed.
    """
    nowhere = [person for person in versions if histories[person].end is None]
    for some in in_parts(nowhere):
        connection.execute(standings.delete().where(standings.c.participant_id.in_(some)))
    rows = []
    for person, version in versions.items():
        history = histories[person]
        if history.end is not None:
            ends_on, ends_at, position = history.end
            when = (ends_on.toordinal(), ends_at, position)
            rows.append((person, version, *when, _encoded(history.standing)))
    insert(connection, standings, rows, _IN_PLACE)


def _encoded(now: Standing) -> bytes:
    return orjson.dumps(
        (
            now.programmes,
            now.placements,
            now.sanctions,
            now.sanctions_begun,
            now.on_duty,
            now.exempt_for,
            sorted(now.benefits),
            now.born_on,
            now.first_on,
        )
    )


def _decoded(state: bytes) -> Standing:
    programmes, placements, sanctions, begun, on_duty, exempt, benefits, born, first = orjson.loads(
        state
    )
    return Standing(
        programmes,
        placements,
        {key: _day(until) for key, until in sanctions.items()},
        begun,
        on_duty,
        exempt,
        set(benefits),
        _day(born),
        _day(first),
    )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
