"""Rows into the log: read, judged, and written in chunks, each one transaction of its own.

A chunk that fails leaves nothing behind; the chunks before it stay, and handing the file in again
finds them as duplicates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import orjson
from sqlalchemy import Connection, Engine, select

from adapters import quarantine
from adapters.chain import row_hash
from adapters.database import reading, writing
from adapters.erasures import erased_among
from adapters.errors import DamagedError
from adapters.event_store import NO_HASH, as_rows, head_of, insert_rows, versions_of
from adapters.facts import facts_of, known_events
from adapters.mapper import as_entry
from adapters.participants import ids_of, new_ids
from adapters.readers.files import RowFile
from adapters.readers.rows import RawRow
from adapters.schema import batches
from adapters.seals import Seals
from domain.calendar import to_microseconds
from domain.codes import Profile
from domain.events import Event, to_state
from domain.history import Key
from domain.intake import Append, Held, Intake, Known, Verdict
from domain.record import Problem, Record, read_record, without_natural_keys

CHUNK = {"sqlite": 10_000, "postgresql": 5_000}
_HEAVIEST_CHUNK = 32 << 20  # bytes as handed in; read, they take some times as much
Progress = Callable[[int], None]


@dataclass(slots=True)
class Counts:
    """What became of rows. `read` is the sum of appended, duplicates, held and rejected."""

    read: int = 0
    appended: int = 0
    duplicates: int = 0
    held: int = 0
    rejected: int = 0
    resolved: int = 0

    def __iadd__(self, other: Counts) -> Counts:
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))
        return self


@dataclass(frozen=True, slots=True)
class Trouble:
    """A row that was held or rejected, for the person who handed it in."""

    file: str
    line: int
    outcome: str
    why: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.outcome}: {self.why}"


@dataclass(slots=True)
class Summary:
    """What one append did, and the last position after it."""

    counts: Counts = field(default_factory=Counts)
    position: int = 0
    troubles: dict[int, Trouble] = field(default_factory=dict)

    def add(self, later: Summary) -> None:
        """Takes in what a later file of the same command came to."""
        self.counts += later.counts
        self.position = later.position
        self.troubles |= later.troubles

    def as_json(self) -> dict[str, int]:
        return {**asdict(self.counts), "position": self.position}


@dataclass(slots=True)
class _Read:
    """A row of a chunk: what it reads as, and whose it is where the store knows that."""

    raw: RawRow
    record: Record | None
    problems: list[Problem]
    person: bytes = b""


class Delivering:
    """The appending of one file's rows.

    `now` gives the time of the append; every row without a recording time gets that of its chunk.
    """

    def __init__(
        self, engine: Engine, profile: Profile, name: str, sha256: str, now: Callable[[], datetime]
    ) -> None:
        self._engine = engine
        self._profile = profile
        self.name = name
        self.sha256 = sha256
        self._now = now
        self.delivery_id = uuid4().hex
        self.own_slips: set[int] = set()
        self.summary = Summary()

    def append(self, rows: Iterable[RawRow], done: Progress | None = None) -> Summary:
        """Appends rows chunk by chunk; `done` is told how many rows each chunk had."""
        for chunk in _chunks(rows, CHUNK[self._engine.dialect.name]):
            at = self._now()
            read = [self._read(row, at) for row in chunk]
            with writing(self._engine) as connection:
                _Chunk(connection, self, at).append(read)
            if done is not None:
                done(len(chunk))
        return self.summary

    def rehearse(self, rows: Iterable[RawRow]) -> Summary:
        """What appending the rows would do; nothing is stored."""
        with writing(self._engine) as connection:
            inner = connection.begin_nested()
            for chunk in _chunks(rows, CHUNK[self._engine.dialect.name]):
                at = self._now()
                _Chunk(connection, self, at).append([self._read(row, at) for row in chunk])
            inner.rollback()
        return self.summary

    def _read(self, row: RawRow, at: datetime) -> _Read:
        if row.problems:
            return _Read(row, None, row.problems)
        found = read_record(row.cells, self._profile, at)
        if isinstance(found, Record):
            return _Read(row, found, [])
        return _Read(row, None, found)


class _Chunk:
    """One chunk of a delivery inside its transaction."""

    def __init__(self, connection: Connection, delivering: Delivering, at: datetime) -> None:
        self._connection = connection
        self._delivering = delivering
        self._at = to_microseconds(at)
        self._head = head_of(connection)
        last = connection.execute(
            select(batches.c.id, batches.c.hash).order_by(batches.c.id.desc()).limit(1)
        ).one_or_none()
        self._batch_id = 1 if last is None else last.id + 1
        self._before = NO_HASH if last is None else bytes(last.hash)
        self._next_slip = quarantine.last_id(connection) + 1
        self._seals = Seals(connection)
        self._erased: dict[Key, bytes] = {}
        self._intake: Intake[bytes] = Intake(self._head.position)
        self._counts = Counts()
        self._appends: list[Append[bytes]] = []
        self._held: dict[int, tuple[Held[bytes], _Read]] = {}
        self._resolved: list[int] = []
        self._mended: list[int] = []
        self._rejects: dict[bytes, dict[str, Any]] = {}

    def append(self, read: Sequence[_Read]) -> None:
        people = self._load(read)
        for row in read:
            self._judge(row, people)
        self._write()
        summary = self._delivering.summary
        summary.counts += self._counts
        summary.position = self._intake.position

    def retry(self, persons: Sequence[bytes]) -> None:
        """Tries the waiting rows of some participants again."""
        self._load_persons(persons)
        for person in persons:
            self._place(self._intake.retry(person))
        self._write()
        self._delivering.summary.counts += self._counts
        self._delivering.summary.position = self._intake.position

    def _load(self, read: Sequence[_Read]) -> dict[str, bytes]:
        """Loads all that the rows touch; gives the participants' ids by natural key."""
        records = [row.record for row in read if row.record is not None]
        keys = {record.event.key for record in records}
        targets = {key for r in records if (key := r.event.replaced_key) is not None}
        self._erased = erased_among(self._connection, keys)
        mentioned = dict.fromkeys(r.participant for r in records if r.event.key not in self._erased)
        others = {
            natural for row in read if row.record is None and (natural := _natural_key(row.raw))
        }
        people = ids_of(self._connection, {*mentioned, *others}, self._seals)
        missing = [natural for natural in mentioned if natural not in people]
        people |= new_ids(self._connection, missing, self._seals)
        persons = set(people.values()) | quarantine.held_persons(self._connection, keys)
        self._load_persons(persons)
        self._intake.known |= {
            key: known
            for key, known in known_events(self._connection, keys | targets, self._seals).items()
            if key not in self._intake.known
        } | {key: Known(person, _gone, erased=True) for key, person in self._erased.items()}
        return people

    def _load_persons(self, persons: Iterable[bytes]) -> None:
        waiting: dict[bytes, list[Held[bytes]]] = {}
        persons = list(persons)
        for held in quarantine.held_of(self._connection, persons, self._seals):
            waiting.setdefault(held.person, []).append(held)
        targets = {
            key
            for helds in waiting.values()
            for held in helds
            if (key := held.event.replaced_key) is not None
        }
        self._intake.known |= known_events(self._connection, targets, self._seals)
        for person, facts in facts_of(self._connection, persons, self._seals).items():
            self._intake.load(person, facts, waiting.get(person, ()))

    def _judge(self, row: _Read, people: dict[str, bytes]) -> None:
        self._counts.read += 1
        if row.record is None:
            row.person = people.get(_natural_key(row.raw) or "", b"")
            self._reject(row, row.problems)
            if row.person:
                self._place(self._intake.retry(row.person))
            return
        key = row.record.event.key
        row.person = self._erased.get(key) or people[row.record.participant]
        verdict = self._intake.judge(row.person, row.record.event, self._next_slip)
        self._count(verdict, row)
        self._place(verdict.appends)

    def _count(self, verdict: Verdict[bytes], row: _Read) -> None:
        match verdict.outcome:
            case "appended":
                self._counts.appended += 1
            case "duplicate":
                self._counts.duplicates += 1
            case "rejected":
                column = "replaces" if verdict.why.startswith("replaces") else "event_id"
                found = (row.record and getattr(row.record.event, column)) or None
                self._reject(row, [Problem(column, found, verdict.why)])
            case "held":
                assert verdict.held is not None
                self._counts.held += 1
                self._held[self._next_slip] = (verdict.held, row)
                self._delivering.own_slips.add(self._next_slip)
                self._trouble(self._next_slip, row, "held", _why_held(verdict.held, row))
                self._next_slip += 1
        if verdict.mended is not None:
            self._mended.append(verdict.mended.slip)

    def _place(self, appends: Iterable[Append[bytes]]) -> None:
        """Takes note of events that have their place; those that waited are held no longer."""
        for append in appends:
            self._appends.append(append)
            if append.held is None:
                continue
            slip = append.held.slip
            self._resolved.append(slip)
            self._delivering.summary.troubles.pop(slip, None)
            if slip in self._delivering.own_slips:
                self._counts.held -= 1
                self._counts.appended += 1
            else:
                self._counts.resolved += 1

    def _reject(self, row: _Read, problems: Sequence[Problem]) -> None:
        self._counts.rejected += 1
        natural = _natural_key(row.raw)
        why = [without_natural_keys(str(problem), natural) for problem in problems]
        fingerprint = self._seals.secret.fingerprint(_content(row.raw))
        slip = self._next_slip
        self._trouble(slip, row, "rejected", "; ".join(why))
        self._next_slip += 1
        if fingerprint not in self._rejects:
            slip_row = self._slip_row(slip, row, "rejected", why)
            self._rejects[fingerprint] = {**slip_row, "fingerprint": fingerprint}

    def _trouble(self, slip: int, row: _Read, outcome: str, why: str) -> None:
        trouble = Trouble(self._delivering.name, row.raw.line, outcome, why)
        self._delivering.summary.troubles[slip] = trouble

    def _slip_row(self, slip: int, row: _Read, outcome: str, why: Sequence[str]) -> dict[str, Any]:
        cells = row.raw.cells
        held = row.record.event if row.record is not None and outcome == "held" else None
        content = {
            "state": b"" if held is None else orjson.dumps(to_state(held)),
            "cells": orjson.dumps({str(k): v for k, v in cells.items()}, default=str),
            "raw": row.raw.raw,
        }
        natural = _natural_key(row.raw)
        return {
            "id": slip,
            "outcome": outcome,
            "status": "open",
            "source": _storable(cells.get("source")),
            "event_id": _storable(cells.get("event_id")),
            "participant_id": row.person,
            "participant_lookup": b"" if natural is None else self._seals.secret.lookup(natural),
            "topic": "" if held is None else held.TOPIC,
            "fingerprint": b"",
            "why": orjson.dumps(list(why)).decode(),
            "file": self._delivering.name,
            "line": row.raw.line,
            "batch_id": self._batch_id,
            "handed_in_at": self._at,
        } | {
            column: self._seals.seal_slip(row.person, slip, column, plain)
            for column, plain in content.items()
        }

    def _write(self) -> None:
        self._seals.load(a.person for a in self._appends if a.fact.event.note is not None)
        entries = [as_entry(a.person, a.fact.event, self._seals) for a in self._appends]
        versions = versions_of(self._connection, {entry.participant_id for entry in entries})
        rows = as_rows(entries, self._head, versions, self._batch_id)
        insert_rows(self._connection, rows)
        self._write_quarantine()
        head = rows[-1][-1] if rows else self._head.hash
        self._write_batch(head)

    def _write_quarantine(self) -> None:
        connection = self._connection
        gone = set(self._resolved) | set(self._mended)
        new = [
            self._slip_row(slip, row, "held", [_why_held(held, row)])
            | {"status": "mended" if slip in self._mended else "open"}
            for slip, (held, row) in self._held.items()
            if slip not in self._resolved
        ]
        known = quarantine.open_rejects(connection, self._rejects)
        new += [row for fingerprint, row in self._rejects.items() if fingerprint not in known]
        quarantine.insert(connection, new)
        earlier = gone - self._held.keys()
        resolved = [slip for slip in self._resolved if slip in earlier]
        mended = [slip for slip in self._mended if slip in earlier]
        why = "a row handed in later gave it its place"
        quarantine.close(connection, resolved, self._closing("resolved", why))
        why = "a row with the same event_id took its place"
        quarantine.close(connection, mended, self._closing("mended", why))
        came_in: set[Key] = {append.fact.event.key for append in self._appends}
        came_in |= {held.event.key for held, _ in self._held.values()}
        why = "handed in again, mended"
        quarantine.close_rejects(connection, came_in, self._closing("mended", why))

    def _closing(self, status: quarantine.Status, why: str) -> quarantine.Closing:
        return quarantine.Closing(status, why, self._at, self._batch_id)

    def _write_batch(self, head: bytes) -> None:
        row = {
            "id": self._batch_id,
            "delivery_id": self._delivering.delivery_id,
            "file": self._delivering.name,
            "sha256": self._delivering.sha256,
            "appended_at": self._at,
            **asdict(self._counts),
            "first_position": self._head.position + 1,
            "last_position": self._intake.position,
            "head": head,
        }
        row["hash"] = row_hash(self._before, row)
        self._connection.execute(batches.insert(), row)


def append_file(
    engine: Engine,
    file: RowFile,
    profile: Profile,
    *,
    dry_run: bool = False,
    done: Progress | None = None,
    now: Callable[[], datetime] | None = None,
) -> Summary:
    """Appends a file that reads as rows; see `Delivering`."""
    found = file.delivery
    delivering = Delivering(engine, profile, found.name, found.sha256, now or current_time)
    if dry_run:
        return delivering.rehearse(file.rows())
    summary = delivering.append(file.rows(), done)
    summary.position = summary.position or last_position(engine)
    return summary


def retry_all(engine: Engine, profile: Profile) -> Summary:
    """Tries every row that waits again, participant by participant."""
    delivering = Delivering(engine, profile, "quarantine retry", "", current_time)
    with writing(engine) as connection:
        persons = quarantine.persons_waiting(connection)
        _Chunk(connection, delivering, current_time()).retry(persons)
    return delivering.summary


def last_position(engine: Engine) -> int:
    with reading(engine) as connection:
        return head_of(connection).position


def current_time() -> datetime:
    return datetime.now(UTC)


def _chunks(rows: Iterable[RawRow], size: int) -> Iterator[list[RawRow]]:
    """Rows in chunks of a number of them, or fewer where they are so long that memory counts."""
    chunk: list[RawRow] = []
    weight = 0
    for row in rows:
        chunk.append(row)
        weight += len(row.raw)
        if len(chunk) == size or weight > _HEAVIEST_CHUNK:
            yield chunk
            chunk, weight = [], 0
    if chunk:
        yield chunk


def _natural_key(raw: RawRow) -> str | None:
    found = raw.cells.get("participant")
    return (
        found if isinstance(found, str) and 0 < len(found) <= 64 and "\x00" not in found else None
    )


def _storable(found: object) -> str:
    """A cell as text that both databases take."""
    return str(found).replace("\x00", "\ufffd")[:200] if found is not None else ""


def _content(raw: RawRow) -> bytes:
    """What makes a rejected row the same when it comes again: its cells, or else its bytes."""
    if raw.cells:
        filled = {str(k): v for k, v in raw.cells.items() if v is not None and v != ""}
        return orjson.dumps(filled, default=str, option=orjson.OPT_SORT_KEYS)
    return raw.raw.rstrip(b"\r\n")


def _why_held(held: Held[bytes], row: _Read) -> str:
    return without_natural_keys(held.why, row.record.participant if row.record else None)


def _gone() -> Event:
    raise DamagedError("what an erased participant's event said cannot be compared any more")
