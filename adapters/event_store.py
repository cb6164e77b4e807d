"""The event log on SQLAlchemy Core, read and written in bulk.

Positions are `max(id) + 1`, assigned under the lock of one writer, so there is never a gap. Every
row is chained to the one before it by a SHA-256 over both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any, TypeAlias

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import DBAPIError

from adapters.log import Head
from adapters.schema import events

Row: TypeAlias = tuple[int, bytes, int, str, bytes, str, int, str, str, int, bytes]
"""A row of `events`, its day as ISO text."""


Entry: TypeAlias = tuple[str, bytes, str, int, str, str]
"""What the log keeps of an event, whosever it is and wherever it will stand: topic, state, day as
ISO text, time of recording in microseconds, source, the event's id there."""


def chained(before: bytes, row: Sequence[Any]) -> bytes:
    """The hash of a row of `events` (its columns but the hash) after the hash of the one before.

    The day may be given as ISO text. Every field is told apart by its length, so no two rows read
    alike.
    """
    position, person, version, topic, state, day, recorded_at, source, key, batch = row
    kind, origin, name = topic.encode(), source.encode(), key.encode()
    return hashlib.sha256(
        b"%b%d,%d,%b,%d,%d,%d,%d,%d,%d,%d;%b%b%b%b%b"
        % (
            before, position, version, str(day).encode(), recorded_at, batch,
            len(person), len(kind), len(state), len(origin), len(name),
            person, kind, state, origin, name,
        )
    ).digest()  # fmt: skip


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
    entries: Iterable[tuple[bytes, Entry]], head: Head, versions: dict[bytes, int], batch_id: int
) -> list[Row]:
    """Participants' entries as rows of the log after a head; `versions` is brought up to date."""
    position, before, rows = head.position, head.hash, list[Row]()
    for person, entry in entries:
        position += 1
        version = versions[person] = versions.get(person, 0) + 1
        row = (position, person, version, *entry, batch_id)
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
        connection.exec_driver_sql(f"INSERT INTO events ({names}) VALUES ({marks})", list(rows))
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
    days = {day: date.fromisoformat(day) for day in {row[5] for row in rows}}
    with driver.cursor() as cursor, cursor.copy(f"COPY events ({names}) FROM STDIN BINARY") as copy:
        copy.set_types(types)
        for number, person, version, topic, state, day, *others in rows:
            copy.write_row((number, person, version, topic, state, days[day], *others))
