"""One chunk of rows inside its transaction: what it touches is loaded, judged, and written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from adapters import quarantine
from adapters.chain import row_hash
from adapters.erasures import erased_among
from adapters.errors import DamagedError
from adapters.event_store import Entry, as_rows, insert_rows
from adapters.facts import facts_of, known_events
from adapters.log import NO_HASH, head_of
from adapters.mapper import as_entry, encode
from adapters.participants import ids_of, new_ids
from adapters.readers.reading import ReadRow
from adapters.readers.rows import PIECE, RawRow, chunks
from adapters.schema import batches
from adapters.seals import Seals
from adapters.slips import Slips, natural_key
from adapters.standings import leave, left_of
from adapters.summary import Counts
from domain.calendar import to_microseconds
from domain.events import Event, Linked, Unlinked
from domain.history import Fact, History, Key
from domain.intake import Append, Held, Intake, Known, Verdict
from domain.record import Problem, Record

if TYPE_CHECKING:
    from adapters.ingest import Delivering

_LINKS = (Linked, Unlinked)


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
        self.seals = Seals(connection)
        self.people: dict[str, bytes] = {}  # the ids of whom the rows so far name
        self.slips = self._slips = Slips(connection, delivering, self.seals, self.batch_id, self.at)
        self._erased: dict[Key, bytes] = {}
        self._intake: Intake[bytes] = Intake(self._head.position)
        self._versions: dict[bytes, int] = {}
        self._counts = Counts()
        self._new: list[tuple[bytes, Event, Entry | None]] = []  # whose, what, its entry if known

    def take(self, rows: Iterable[RawRow], duplicates: int = 0) -> None:
        """Appends rows as they are; `duplicates` are those of which no row was made at all."""
        self._counts.read += duplicates
        self._counts.duplicates += duplicates
        read, at = self._delivering.reader.read_all, self._handed_in_at
        self.append([row for piece in chunks(rows, PIECE) for row in read(piece, at)])

    def append(self, read: Sequence[ReadRow]) -> None:
        people = self._load(read)
        self._counts.read += len(read)
        for row in read:
            if not self._appended_plainly(row, people):
                self._judge(row, people)
        self._write()

    @property
    def has_links(self) -> bool:
        """Whether some of its events say who is whom."""
        return any(isinstance(event, _LINKS) for _, event, _ in self._new)

    def retry(self, persons: Sequence[bytes]) -> None:
        """Tries the waiting rows of some participants again."""
        self._load_persons(persons)
        for person in persons:
            self._place(self._intake.retry(person))
        self._write()

    def _load(self, read: Sequence[ReadRow]) -> dict[str, bytes]:
        """Loads all that the rows touch; gives the participants' ids by natural key."""
        keys = {row.key for row in read if row.key is not None}
        self._erased = erased_among(self._connection, keys)
        people = self._people(read)
        self.people |= people
        waiting = (
            quarantine.held_persons(self._connection, keys) if self._slips.anything_waits else ()
        )
        self._load_histories(read, people, waiting)
        for row in read:
            if row.entry is None and row.record and isinstance(row.record.event, _LINKS):
                row.record = _with_ids(row.record, people)
        targets = {row.replaced for row in read if row.replaced is not None}
        self._intake.known |= known_events(self._connection, keys | targets, self.seals) | {
            key: Known(person, _gone, erased=True) for key, person in self._erased.items()
        }
        return people

    def _people(self, read: Sequence[ReadRow]) -> dict[str, bytes]:
        """The ids of all whom the rows name; those who are new, and have a row that reads, too."""
        mentioned: dict[str, None] = {}
        others: set[str] = set()
        for row in read:
            if row.record is None:
                others |= {natural} if (natural := natural_key(row.raw)) else set()
                continue
            if not self._erased or row.key not in self._erased:
                participant, event = row.record
                mentioned[participant] = None
                if row.entry is None and isinstance(event, _LINKS):
                    mentioned[event.same_as] = None
        people = ids_of(self._connection, {**mentioned, **dict.fromkeys(others)}, self.seals)
        missing = [natural for natural in mentioned if natural not in people]
        new = new_ids(self._connection, missing, self.seals)
        for person in new.values():
            self._intake.resume(person, History())
        return people | new

    def _load_histories(
        self, read: Sequence[ReadRow], people: Mapping[str, bytes], waiting: Iterable[bytes]
    ) -> None:
        """Takes up each history where it was left; whole, where a row will not come at its end."""
        persons = {*people.values(), *waiting} - self._intake.histories.keys()
        left = left_of(self._connection, persons)
        whole = persons - left.keys()
        if self._slips.anything_waits:
            whole |= set(quarantine.persons_waiting(self._connection)) & persons
        ends = {person: where.end[:2] for person, where in left.items()}
        for row in read if ends else ():
            if row.record is None or (person := people.get(row.record.participant)) not in ends:
                continue
            event = row.record.event
            end = (event.occurred_on, event.recorded_at)
            if row.replaced is not None or end < ends[person]:
                whole.add(person)
            else:
                ends[person] = end
        for person in persons - whole:
            where = left[person]
            self._versions[person] = where.version
            load = partial(_facts_of_one, self._connection, person, self.seals)
            self._intake.resume(person, History.resumed(where.standing, where.end, load))
        self._load_persons(whole)

    def _load_persons(self, persons: Iterable[bytes]) -> None:
        """Loads whole histories, and the rows that wait for them."""
        waiting: dict[bytes, list[Held[bytes]]] = {}
        persons = list(persons)
        if self._slips.anything_waits:
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

    def _appended_plainly(self, row: ReadRow, people: Mapping[str, bytes]) -> bool:
        """Whether a row is one of the most, which need no more than `Intake.append_plainly`."""
        record, key = row.record, row.key
        if record is None or key is None or key in self._erased:
            return False
        participant, event = record
        person = row.person = people[participant]
        if self._intake.append_plainly(person, event, key) is None:
            return False
        self._counts.appended += 1
        self._slips.came_in(key)
        self._new.append((person, event, row.entry))
        return True

    def _judge(self, row: ReadRow, people: Mapping[str, bytes]) -> None:
        if row.record is None:
            row.person = people.get(natural_key(row.raw) or "", b"")
            self._reject(row, row.problems)
            if row.person:
                self._place(self._intake.retry(row.person))
            return
        participant, event = row.record
        erased = self._erased.get(event.key) if self._erased else None
        person = row.person = erased or people[participant]
        verdict = self._intake.judge(person, event, self._slips.next)
        self._count(verdict, row)
        self._place(verdict.appends)

    def _count(self, verdict: Verdict[bytes], row: ReadRow) -> None:
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
                self._slips.hold(verdict.held, row)
        if verdict.mended is not None:
            self._slips.mend(verdict.mended)

    def _reject(self, row: ReadRow, problems: Sequence[Problem]) -> None:
        self._counts.rejected += 1
        self._slips.reject(row, problems)

    def _place(self, appends: Iterable[Append[bytes]]) -> None:
        """Takes note of events that have their place; those that waited are held no longer."""
        for append in appends:
            event = append.fact.event
            self._new.append((append.person, event, None))
            self._slips.came_in(event.key)
            if append.held is None:
                continue
            if self._slips.resolve(append.held):
                self._counts.held -= 1
                self._counts.appended += 1
            else:
                self._counts.resolved += 1

    def _write(self) -> None:
        self.seals.load(p for p, event, entry in self._new if entry is None and event.note)
        entries = [
            (person, entry or as_entry(event, encode(person, event, self.seals)))
            for person, event, entry in self._new
        ]
        before = self._versions.copy()
        rows = as_rows(entries, self._head, self._versions, self.batch_id)
        insert_rows(self._connection, rows)
        changed = {p: v for p, v in self._versions.items() if before.get(p) != v}
        leave(self._connection, self._intake.histories, changed)
        self._slips.write(event.key for _, event, _ in self._new)
        self._write_batch(rows[-1][-1] if rows else self._head.hash)
        summary = self._delivering.summary
        summary.counts += self._counts
        summary.position = self._intake.position

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


def _facts_of_one(connection: Connection, person: bytes, seals: Seals) -> list[Fact]:
    return facts_of(connection, [person], seals)[person]


def _with_ids(record: Record, people: Mapping[str, bytes]) -> Record:
    """A record whose link names the other participant as the log does: by id."""
    assert isinstance(record.event, _LINKS)
    other = people.get(record.event.same_as)
    if other is None:
        return record
    return Record(record.participant, record.event.model_copy(update={"same_as": other.hex()}))


def _gone() -> Event:
    raise DamagedError("what an erased participant's event said cannot be compared any more")
