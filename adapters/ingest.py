"""Rows into the log: read, judged, and written in chunks, each one transaction of its own.

A chunk that fails leaves nothing behind; the chunks before it stay, and handing the file in again
finds them as duplicates.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeAlias
from uuid import uuid4

import orjson
from sqlalchemy import Connection, Engine, select

from adapters import quarantine
from adapters.chain import row_hash
from adapters.database import reading, writing
from adapters.erasures import erased_among
from adapters.errors import DamagedError
from adapters.event_store import NO_HASH, as_rows, head_of, insert_rows
from adapters.facts import facts_of, known_events
from adapters.mapper import as_entry
from adapters.participants import ids_of, new_ids
from adapters.readers.files import RowFile
from adapters.readers.rows import RawRow
from adapters.schema import batches
from adapters.seals import Seals
from adapters.standings import leave, left_of
from domain.calendar import to_microseconds
from domain.codes import Profile
from domain.events import Event, Linked, Unlinked, to_state
from domain.history import Fact, History, Key
from domain.intake import Append, Held, Intake, Known, Verdict
from domain.record import Problem, Record, read_record, without_natural_keys

_GIVEN_A_PLACE = "a row handed in later gave it its place"
_REPLACED = "a row with the same event_id took its place"
_HANDED_IN_AGAIN = "handed in again, mended"
CHUNK = {"sqlite": 10_000, "postgresql": 5_000}
_HEAVIEST_CHUNK = 32 << 20  # bytes as handed in; read, they take some times as much
Progress = Callable[[int], None]
TroubleKey: TypeAlias = tuple[str, int]  # the delivery, and which of its troubles


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
        """Where it was, what became of it, and why; a record of a document has no line (0)."""
        where = f"{self.file}, line {self.line}" if self.line else self.file
        return f"{where}: {self.outcome}: {self.why}"


@dataclass(slots=True)
class Summary:
    """What one append did, and the last position after it."""

    counts: Counts = field(default_factory=Counts)
    position: int = 0
    troubles: dict[TroubleKey, Trouble] = field(default_factory=dict)

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
        self,
        engine: Engine,
        profile: Profile,
        name: str,
        sha256: str,
        now: Callable[[], datetime],
        summary: Summary | None = None,
    ) -> None:
        self._engine = engine
        self._profile = profile
        self.name = name
        self.sha256 = sha256
        self._now = now
        self.delivery_id = uuid4().hex
        self.own_slips: dict[int, TroubleKey] = {}
        self._told = 0
        self.summary = summary or Summary()

    def tell(self, row: RawRow, outcome: str, why: str) -> TroubleKey:
        """Takes note of a row that was held or rejected, for the person who handed it in."""
        self._told += 1
        key = (self.delivery_id, self._told)
        self.summary.troubles[key] = Trouble(self.name, row.line, outcome, why)
        return key

    def append(self, rows: Iterable[RawRow], done: Progress | None = None) -> Summary:
        """Appends rows chunk by chunk; `done` is told how many rows each chunk had."""
        for chunk in _chunks(rows, CHUNK[self._engine.dialect.name]):
            at = self._now()
            with without_collector():
                read = [self.read(row, at) for row in chunk]
                with writing(self._engine) as connection:
                    Chunk(connection, self, at).append(read)
            if done is not None:
                done(len(chunk))
        return self.summary

    def rehearse(self, rows: Iterable[RawRow]) -> Summary:
        """What appending the rows would do; nothing is stored."""
        with writing(self._engine) as connection:
            inner = connection.begin_nested()
            for chunk in _chunks(rows, CHUNK[self._engine.dialect.name]):
                at = self._now()
                Chunk(connection, self, at).append([self.read(row, at) for row in chunk])
            inner.rollback()
        return self.summary

    @contextmanager
    def chunk(self, connection: Connection | None = None) -> Iterator[Chunk]:
        """One chunk whose rows depend on what is stored: they are made and taken under one lock.

        With a connection, inside its transaction, whatever becomes of that.
        """
        with without_collector():
            if connection is not None:
                yield Chunk(connection, self, self._now())
                return
            with writing(self._engine) as own:
                yield Chunk(own, self, self._now())

    def read(self, row: RawRow, at: datetime) -> _Read:
        if row.problems:
            return _Read(row, None, row.problems)
        found = read_record(row.cells, self._profile, at)
        if isinstance(found, Record):
            return _Read(row, found, [])
        return _Read(row, None, found)


class Chunk:
    """One chunk of a delivery inside its transaction."""

    def __init__(self, connection: Connection, delivering: Delivering, at: datetime) -> None:
        self.connection = self._connection = connection
        self._delivering = delivering
        self._handed_in_at = at
        self.at = self._at = to_microseconds(at)
        self._head = head_of(connection)
        last = connection.execute(
            select(batches.c.id, batches.c.hash).order_by(batches.c.id.desc()).limit(1)
        ).one_or_none()
        self.batch_id = 1 if last is None else last.id + 1
        self._before = NO_HASH if last is None else bytes(last.hash)
        self._next_slip = quarantine.last_id(connection) + 1
        self.seals = Seals(connection)
        self._erased: dict[Key, bytes] = {}
        self._intake: Intake[bytes] = Intake(self._head.position)
        self._anything_waits = quarantine.anything_open(connection)
        self._versions: dict[bytes, int] = {}
        self._counts = Counts()
        self._appends: list[Append[bytes]] = []
        self._held: dict[int, tuple[Held[bytes], _Read]] = {}
        self._resolved: list[int] = []
        self._mended: list[int] = []
        self._rejects: dict[bytes, dict[str, Any]] = {}
        self._rejected_keys: dict[Key, list[int]] = {}
        self._mended_rejects: list[int] = []

    def take(self, rows: Iterable[RawRow], duplicates: int = 0) -> None:
        """Appends rows as they are; `duplicates` are those of which no row was made at all."""
        self._counts.read += duplicates
        self._counts.duplicates += duplicates
        self.append([self._delivering.read(row, self._handed_in_at) for row in rows])

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
            r.event.same_as
            for r in records
            if isinstance(r.event, Linked | Unlinked) and r.event.key not in self._erased
        }
        mentioned |= dict.fromkeys(others)
        others = {
            natural for row in read if row.record is None and (natural := _natural_key(row.raw))
        }
        people = ids_of(self._connection, {*mentioned, *others}, self.seals)
        missing = [natural for natural in mentioned if natural not in people]
        new = new_ids(self._connection, missing, self.seals)
        for person in new.values():
            self._intake.resume(person, History())
        waiting = quarantine.held_persons(self._connection, keys) if self._anything_waits else set()
        self._load_histories(read, people, waiting)
        people |= new
        for row in read:
            row.record = _with_ids(row.record, people)
        self._intake.known |= {
            key: known
            for key, known in known_events(self._connection, keys | targets, self.seals).items()
            if key not in self._intake.known
        } | {key: Known(person, _gone, erased=True) for key, person in self._erased.items()}
        return people

    def _load_histories(
        self, read: Sequence[_Read], people: Mapping[str, bytes], waiting: Iterable[bytes]
    ) -> None:
        """Takes up each history where it was left; whole, where a row will not come at its end."""
        persons = set(people.values()) | set(waiting)
        left = left_of(self._connection, persons)
        whole = persons - left.keys()
        if self._anything_waits:
            whole |= set(quarantine.persons_waiting(self._connection)) & persons
        ends = {person: where.end[:2] for person, where in left.items()}
        for row in read:
            if row.record is None or (person := people.get(row.record.participant)) not in ends:
                continue
            event = row.record.event
            end = (event.occurred_on, event.recorded_at)
            if event.replaces is not None or end < ends[person]:
                whole.add(person)
            ends[person] = max(end, ends[person])
        for person in persons - whole:
            where = left[person]
            self._versions[person] = where.version
            load = partial(self._facts_of_one, person)
            self._intake.resume(person, History.resumed(where.standing, where.end, load))
        self._load_persons(whole)

    def _facts_of_one(self, person: bytes) -> list[Fact]:
        return facts_of(self._connection, [person], self.seals)[person]

    def _load_persons(self, persons: Iterable[bytes]) -> None:
        """Loads whole histories, and the rows that wait for them."""
        waiting: dict[bytes, list[Held[bytes]]] = {}
        persons = list(persons)
        if self._anything_waits:
            for held in quarantine.held_of(self._connection, persons, self.seals):
                waiting.setdefault(held.person, []).append(held)
        targets = {
            key
            for helds in waiting.values()
            for held in helds
            if (key := held.event.replaced_key) is not None
        }
        self._intake.known |= known_events(self._connection, targets, self.seals)
        for person, facts in facts_of(self._connection, persons, self.seals).items():
            self._versions[person] = len(facts)
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
                self._came_in(verdict.held.event.key)
                self._held[self._next_slip] = (verdict.held, row)
                told = self._delivering.tell(row.raw, "held", _why_held(verdict.held, row))
                self._delivering.own_slips[self._next_slip] = told
                self._next_slip += 1
        if verdict.mended is not None:
            self._mended.append(verdict.mended.slip)

    def _place(self, appends: Iterable[Append[bytes]]) -> None:
        """Takes note of events that have their place; those that waited are held no longer."""
        for append in appends:
            self._appends.append(append)
            if self._rejected_keys:
                self._came_in(append.fact.event.key)
            if append.held is None:
                continue
            slip = append.held.slip
            self._resolved.append(slip)
            told = self._delivering.own_slips.pop(slip, None)
            if told is not None:
                del self._delivering.summary.troubles[told]
                self._counts.held -= 1
                self._counts.appended += 1
            else:
                self._counts.resolved += 1

    def _reject(self, row: _Read, problems: Sequence[Problem]) -> None:
        self._counts.rejected += 1
        natural = _natural_key(row.raw)
        why = [without_natural_keys(str(problem), natural) for problem in problems]
        fingerprint = self.seals.secret.fingerprint(_content(row.raw))
        slip = self._next_slip
        self._delivering.tell(row.raw, "rejected", "; ".join(why))
        self._next_slip += 1
        if fingerprint not in self._rejects:
            slip_row = self._slip_row(slip, row, "rejected", why)
            self._rejects[fingerprint] = {**slip_row, "fingerprint": fingerprint}
            key = (slip_row["source"], slip_row["event_id"])
            self._rejected_keys.setdefault(key, []).append(slip)

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
            "participant_lookup": b"" if natural is None else self.seals.secret.lookup(natural),
            "topic": "" if held is None else held.TOPIC,
            "fingerprint": b"",
            "why": orjson.dumps(list(why)).decode(),
            "file": self._delivering.name,
            "line": row.raw.line,
            "batch_id": self.batch_id,
            "handed_in_at": self._at,
        } | {
            column: self.seals.seal_slip(row.person, slip, column, plain)
            for column, plain in content.items()
        }

    def _write(self) -> None:
        self.seals.load(a.person for a in self._appends if a.fact.event.note is not None)
        entries = [as_entry(a.person, a.fact.event, self.seals) for a in self._appends]
        before = self._versions.copy()
        rows = as_rows(entries, self._head, self._versions, self.batch_id)
        insert_rows(self._connection, rows)
        changed = {p: v for p, v in self._versions.items() if before.get(p) != v}
        leave(self._connection, self._intake.histories, changed)
        self._write_quarantine()
        head = rows[-1][-1] if rows else self._head.hash
        self._write_batch(head)

    def _write_quarantine(self) -> None:
        connection = self._connection
        if self._anything_waits:
            came_in: set[Key] = {append.fact.event.key for append in self._appends}
            came_in |= {held.event.key for held, _ in self._held.values()}
            quarantine.close_rejects(connection, came_in, self._closing("mended", _HANDED_IN_AGAIN))
        new = [
            self._slip_row(slip, row, "held", [_why_held(held, row)])
            for slip, (held, row) in self._held.items()
            if slip not in self._resolved
        ]
        known = quarantine.open_rejects(connection, self._rejects)
        new += [row for fingerprint, row in self._rejects.items() if fingerprint not in known]
        quarantine.insert(connection, new)
        resolved = [slip for slip in self._resolved if slip not in self._held]
        quarantine.close(connection, resolved, self._closing("resolved", _GIVEN_A_PLACE))
        quarantine.close(connection, self._mended, self._closing("mended", _REPLACED))
        again = self._closing("mended", _HANDED_IN_AGAIN)
        quarantine.close(connection, self._mended_rejects, again)

    def _came_in(self, key: Key) -> None:
        """An event is in, or held: what was rejected under its key before is mended."""
        self._mended_rejects += self._rejected_keys.pop(key, ())

    def _closing(self, status: quarantine.Status, why: str) -> quarantine.Closing:
        return quarantine.Closing(status, why, self._at, self.batch_id)

    def _write_batch(self, head: bytes) -> None:
        row = {
            "id": self.batch_id,
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
        Chunk(connection, delivering, current_time()).retry(persons)
    return delivering.summary


def last_position(engine: Engine) -> int:
    with reading(engine) as connection:
        return head_of(connection).position


def current_time() -> datetime:
    return datetime.now(UTC)


@contextmanager
def without_collector() -> Iterator[None]:
    """Python's cycle collector off for a while: over a chunk's objects it takes a third of the time
    and finds nothing."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


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


def _with_ids(record: Record | None, people: Mapping[str, bytes]) -> Record | None:
    """A record whose link names the other participant as the log does: by id."""
    if record is None or not isinstance(record.event, Linked | Unlinked):
        return record
    other = people.get(record.event.same_as)
    if other is None:
        return record
    return Record(record.participant, record.event.model_copy(update={"same_as": other.hex()}))


def _natural_key(raw: RawRow) -> str | None:
    found = raw.cells.get("participant")
    return (
        found if isinstance(found, str) and 0 < len(found) <= 64 and "\x00" not in found else None
    )


def _storable(found: object) -> str:
    """A cell as text that both databases take."""
    return str(found).replace("\x00", "\ufffd")[:200] if found is not None else ""


def _content(raw: RawRow) -> bytes:
    """What makes a rejected row the same when it comes again: its cells, or else its bytes.

    The cells do not tell all of a row that does not fall into them, or has one that does not read.
    """
    if raw.cells and not raw.problems:
        filled = {str(k): v for k, v in raw.cells.items() if v is not None and v != ""}
        return orjson.dumps(filled, default=str, option=orjson.OPT_SORT_KEYS)
    return raw.raw.rstrip(b"\r\n")


def _why_held(held: Held[bytes], row: _Read) -> str:
    return without_natural_keys(held.why, row.record.participant if row.record else None)


def _gone() -> Event:
    raise DamagedError("what an erased participant's event said cannot be compared any more")
