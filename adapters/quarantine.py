"""Rows that were held or rejected: kept for good, open until they fit, are mended or dropped."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import orjson
from sqlalchemy import Connection, Row, Select, func, select, update

from adapters.access_log import os_user
from adapters.bulk import by_source
from adapters.errors import WrongUseError
from adapters.event_store import in_parts
from adapters.mapper import decode
from adapters.schema import quarantine
from adapters.seals import Seals
from domain.calendar import from_microseconds, show_instant, to_microseconds
from domain.history import Key
from domain.intake import Held
from domain.record import COLUMNS

Status = Literal["open", "resolved", "mended", "dropped", "erased"]


@dataclass(frozen=True, slots=True)
class Slip:
    """One row in quarantine, as people see it.

    `participant` is the id of whose row it is, or the HMAC of its participant cell where the store
    does not know; empty where there is none. `cells` and `raw` are empty where not asked for.
    """

    id: int
    participant: bytes
    outcome: str
    status: str
    source: str
    event_id: str
    why: tuple[str, ...]
    file: str
    line: int
    handed_in_at: datetime
    cells: dict[str, Any]
    raw: bytes
    closed_at: datetime | None
    closed_by: str | None
    closed_why: str | None

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "outcome": self.outcome,
            "status": self.status,
            "source": self.source or None,
            "event_id": self.event_id or None,
            "why": list(self.why),
            "file": self.file,
            "line": self.line,
            "since": show_instant(self.handed_in_at),
            "row": self.cells or None,
            "raw": self.raw.decode("utf-8", "replace"),
            "closed_at": None if self.closed_at is None else show_instant(self.closed_at),
            "closed_by": self.closed_by,
            "closed_why": self.closed_why,
        }


def last_id(connection: Connection) -> int:
    return connection.execute(select(func.max(quarantine.c.id))).scalar_one() or 0


def anything_open(connection: Connection) -> bool:
    """Whether any row is held, or rejected and not mended."""
    query = select(quarantine.c.id).where(quarantine.c.status == "open").limit(1)
    return connection.execute(query).first() is not None


def insert(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        connection.execute(quarantine.insert(), list(rows))


def held_of(
    connection: Connection, participant_ids: Iterable[bytes], seals: Seals
) -> list[Held[bytes]]:
    """The rows that wait for some participants, in the order in which they were handed in."""
    held: list[Held[bytes]] = []
    for some in in_parts(list(participant_ids)):
        held += _held(connection, _open_held().where(quarantine.c.participant_id.in_(some)), seals)
    return held


def held_persons(connection: Connection, keys: Iterable[Key]) -> set[bytes]:
    """Whose rows wait under some keys."""
    persons: set[bytes] = set()
    for source, event_ids in _by_source(keys):
        query = select(quarantine.c.participant_id).where(
            _is_held(), quarantine.c.source == source, quarantine.c.event_id.in_(event_ids)
        )
        persons.update(bytes(row.participant_id) for row in connection.execute(query))
    return persons


def erased_among(connection: Connection, keys: Iterable[Key]) -> dict[Key, bytes]:
    """Those of some keys under which a row waited whose participant was erased, and whose."""
    found: dict[Key, bytes] = {}
    for source, event_ids in _by_source(keys):
        query = select(quarantine.c.event_id, quarantine.c.participant_id).where(
            quarantine.c.status == "erased",
            quarantine.c.outcome == "held",
            quarantine.c.source == source,
            quarantine.c.event_id.in_(event_ids),
        )
        for event_id, person in connection.execute(query):
            found[source, event_id] = bytes(person)
    return found


def persons_waiting(connection: Connection) -> list[bytes]:
    """Every participant with a row that waits."""
    query = select(quarantine.c.participant_id).distinct().where(_is_held())
    return [bytes(row.participant_id) for row in connection.execute(query)]


def open_rejects(connection: Connection, fingerprints: Iterable[bytes]) -> set[bytes]:
    """Those of some rejected rows that are in quarantine already, or were until erasure."""
    found: set[bytes] = set()
    for some in in_parts(list(fingerprints)):
        query = select(quarantine.c.fingerprint).where(
            quarantine.c.status.in_(("open", "erased")),
            quarantine.c.outcome == "rejected",
            quarantine.c.fingerprint.in_(some),
        )
        found.update(bytes(row.fingerprint) for row in connection.execute(query))
    return found


def rejected_of(connection: Connection, source: str) -> dict[bytes, list[int]]:
    """The open rejected rows of a source, by what makes one the same when it comes again."""
    query = select(quarantine.c.fingerprint, quarantine.c.id).where(
        quarantine.c.status == "open",
        quarantine.c.outcome == "rejected",
        quarantine.c.source == source,
    )
    found: dict[bytes, list[int]] = {}
    for fingerprint, slip in connection.execute(query):
        found.setdefault(bytes(fingerprint), []).append(slip)
    return found


@dataclass(frozen=True, slots=True)
class Closing:
    """How rows cease to be open: as what, why, when (microseconds since 1970), by which batch.

    `by` is whoever did it, else the operating system's user.
    """

    status: Status
    why: str
    at: int
    batch_id: int | None
    by: str | None = None

    def values(self) -> dict[str, Any]:
        return {
            "status": self.status,
            "closed_at": self.at,
            "closed_by": self.by or os_user(),
            "closed_why": self.why,
            "closed_batch_id": self.batch_id,
        }


def close(connection: Connection, ids: Iterable[int], closing: Closing) -> int:
    """Marks those of some rows that are open as closed; gives how many they were."""
    closed = 0
    for some in in_parts(list(ids)):
        result = connection.execute(
            update(quarantine)
            .where(quarantine.c.id.in_(some), quarantine.c.status == "open")
            .values(closing.values())
        )
        closed += int(result.rowcount)
    return closed


def close_rejects(connection: Connection, keys: Iterable[Key], closing: Closing) -> None:
    """Marks the open rejected rows under some keys as closed."""
    for source, event_ids in _by_source(keys):
        connection.execute(
            update(quarantine)
            .where(
                quarantine.c.status == "open",
                quarantine.c.outcome == "rejected",
                quarantine.c.source == source,
                quarantine.c.event_id.in_(event_ids),
            )
            .values(closing.values())
        )


def slips(
    connection: Connection,
    ids: Sequence[int] = (),
    status: str | None = "open",
    *,
    contents: bool = True,
) -> list[Slip]:
    """Rows in quarantine by id: the ones asked for, whatever their status, or all of a status.

    `contents` tells whether to open what was handed in, which takes the store's secret.
    """
    query = select(quarantine).order_by(quarantine.c.id)
    if ids:
        query = query.where(quarantine.c.id.in_(ids))
    elif status is not None:
        query = query.where(quarantine.c.status == status)
    rows = connection.execute(query).all()
    missing = sorted(set(ids) - {row.id for row in rows})
    if missing:
        raise WrongUseError(f"no row {missing[0]} in quarantine; `forlop quarantine list` has them")
    seals = Seals(connection) if contents else None
    if seals is not None:
        seals.load(bytes(row.participant_id) for row in rows if row.participant_id)
    return [_slip(row, seals) for row in rows]


def drop(connection: Connection, ids: Sequence[int], why: str, at: datetime) -> int:
    """Marks open rows as dropped; gives how many were open. Their event ids are free again."""
    slips(connection, ids, contents=False)
    return close(connection, ids, Closing("dropped", why, to_microseconds(at), None))


def as_csv(found: Iterable[Slip]) -> bytes:
    """Rows to be mended and handed in again, in the contract's columns.

    A row that did not fall into cells has those that could be told, and all of it in `note`.
    """
    rows = [_mendable(slip) for slip in found]
    # The csv module leaves a lone carriage return unquoted, and readers take it for a line's end.
    returns = any("\r" in str(value) for row in rows for value in row.values())
    out = io.StringIO()
    writer = csv.DictWriter(
        out, COLUMNS, lineterminator="\n", quoting=csv.QUOTE_ALL if returns else csv.QUOTE_MINIMAL
    )
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def _mendable(slip: Slip) -> dict[str, object]:
    cells = {name: _cell(value) for name, value in slip.cells.items() if name in COLUMNS}
    if not slip.cells or len(cells) < len(slip.cells):
        cells["note"] = _cell(slip.raw.decode("utf-8", "replace").rstrip("\r\n"))
    return cells


def _cell(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, str) and value[:1] in tuple("=+-@\t\r"):
        return f"'{value}"  # a spreadsheet would run it as a formula
    return ("true" if value else "false") if isinstance(value, bool) else value


def _is_held() -> Any:
    return (quarantine.c.status == "open") & (quarantine.c.outcome == "held")


def _open_held() -> Select[Any]:
    return select(quarantine).where(_is_held()).order_by(quarantine.c.id)


def _held(connection: Connection, query: Select[Any], seals: Seals) -> list[Held[bytes]]:
    rows = connection.execute(query).all()
    seals.load(bytes(row.participant_id) for row in rows)
    held = []
    for row in rows:
        person = bytes(row.participant_id)
        state = seals.open_slip(person, row.id, "state", bytes(row.state))
        why = " ".join(orjson.loads(row.why))
        held.append(Held(person, decode(row.topic, state), why, row.id))
    return held


def _by_source(keys: Iterable[Key]) -> Iterator[tuple[str, Sequence[str]]]:
    for source, event_ids in by_source(keys).items():
        for some in in_parts(event_ids):
            yield source, some


def _slip(row: Row[Any], seals: Seals | None) -> Slip:
    person = bytes(row.participant_id)
    cells = raw = b""
    if seals is not None:
        cells = seals.open_slip(person, row.id, "cells", bytes(row.cells))
        raw = seals.open_slip(person, row.id, "raw", bytes(row.raw))
    return Slip(
        id=row.id,
        participant=person or bytes(row.participant_lookup),
        outcome=row.outcome,
        status=row.status,
        source=row.source,
        event_id=row.event_id,
        why=tuple(orjson.loads(row.why)),
        file=row.file,
        line=row.line,
        handed_in_at=from_microseconds(row.handed_in_at),
        cells=orjson.loads(cells or b"{}"),
        raw=raw,
        closed_at=None if row.closed_at is None else from_microseconds(row.closed_at),
        closed_by=row.closed_by,
        closed_why=row.closed_why,
    )
