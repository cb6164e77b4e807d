"""One chunk of rows inside its transaction: what it touches is loaded, judged, and written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError

from adapters import quarantine
from adapters.chain import row_hash
from adapters.erasures import anybody_erased, erased_among
from adapters.errors import DamagedError
from adapters.event_store import Entry, as_rows, insert_rows
from adapters.facts import facts_of, known_events, steps_of
from adapters.log import NO_HASH, head_of
from adapters.mapper import as_entry, decode, encode
from adapters.participants import ids_of, new_ids
from adapters.readers.reading import Plain, Reading, ReadRow
from adapters.readers.rows import PIECE, RawRow, chunks
from adapters.schema import batches
from adapters.seals import Seals
from adapters.slips import Slips, natural_key
from adapters.standings import Left, leave, left_of
from adapters.summary import Counts
from domain.calendar import to_microseconds
from domain.events import EVENT_TYPES, Event, Linked, Unlinked
from domain.history import Fact, History, Key
from domain.intake import Append, Held, Intake, Known, Verdict
from domain.record import Problem, Record
from domain.standing import ABOUT_A_DAY

if TYPE_CHECKING:
    from adapters.ingest import Delivering

_LINKS = (Linked, Unlinked)


class WasThereError(Exception):
    """An event that was thought to be new is in the log."""


class Chunk:
    """One chunk of a delivery inside its transaction."""

    def __init__(self, connection: Connection, delivering: Delivering, at: datetime) -> None:
        self.connection = connection
        self._delivering = delivering
        self._handed_in_at = at
        self.at = to_microseconds(at)
        self._head = head_of(connection)
        last = connection.execute(
            select(batches.c.id, batches.c.hash).order_by(batches.c.id.desc()).limit(1)
        ).one_or_none()
        self.batch_id = 1 if last is None else last.id + 1
        self._before = NO_HASH if last is None else bytes(last.hash)
        self.seals = Seals(connection)
        self.people: dict[str, bytes] = {}  # the ids of whom the rows so far name
        self.slips = Slips(connection, delivering, self.seals, self.batch_id, self.at)
        self._erased: dict[Key, bytes] = {}
        self._intake: Intake[bytes] = Intake(self._head.position, _event_of)
        self._versions: dict[bytes, int] = {}
        self._counts = Counts()
        self._hoping = False
        self._new: list[tuple[bytes, Event | Entry]] = []  # whose, and what
        self._made: dict[int, tuple[bytes, Event]] = {}  # those of them that are events, by place

    def take(self, rows: Iterable[RawRow], duplicates: int = 0) -> None:
        """Appends rows as they are; `duplicates` are those of which no row was made at all."""
        self._counts.read += duplicates
        self._counts.duplicates += duplicates
        reader, at = self._delivering.reader, self._handed_in_at
        pieces = [reader.piece(piece, at) for piece in chunks(rows, PIECE)]
        self.append(Reading(reader, pieces))

    def append(self, rows: Reading, *, hoping: bool = False) -> None:
        """Appends rows that were read. `hoping` that the log has none of their events, it is not
        looked whether it has; WasThereError, and the transaction is lost, where it had."""
        self._hoping = hoping
        self._counts.read += len(rows)
        people = self._load(rows, hoping=hoping)
        plainly, new, erased = self._intake.append_plainly, self._new, self._erased
        rejected, appended = self.slips.rejected_keys, 0
        for place, plain in enumerate(rows.plain):
            if plain is not None:
                participant, key, entry, what = plain
                topic, _, day, at, _, _ = entry
                cls = EVENT_TYPES[topic]
                about = what if cls not in ABOUT_A_DAY or what is None else _DAYS[what]
                if key not in erased:
                    person = people[participant]
                    if plainly(person, key, cls, about, _DAYS[day], at, entry):
                        new.append((person, entry))
                        appended += 1
                        if rejected:
                            self.slips.came_in(key)
                        continue
                if hoping:
                    self._intake.known |= known_events(self.connection, [key], self.seals)
            self._judge(rows.row(place), people)
        self._counts.appended += appended
        self._write()

    @property
    def has_links(self) -> bool:
        """Whether some of its events say who is whom."""
        return any(isinstance(event, _LINKS) for _, event in self._made.values())

    def retry(self, persons: Sequence[bytes]) -> None:
        """Tries the waiting rows of some participants again."""
        self._load_persons(persons)
        for person in persons:
            self._place(self._intake.retry(person))
        self._write()

    def _load(self, rows: Reading, *, hoping: bool) -> dict[str, bytes]:
        """Loads all that the rows touch; gives the participants' ids by natural key."""
        plain, others = [row for row in rows.plain if row is not None], rows.others()
        events = [row.record.event for row in others if row.record is not None]
        keys = {event.key for event in events}
        looked_up = keys.copy()
        if not hoping or self.slips.anything_waits or anybody_erased(self.connection):
            keys.update(key for _, key, _, _ in plain)
            self._erased = erased_among(self.connection, keys)
        people = self._people(plain, others)
        self.people |= people
        waiting = (
            quarantine.held_persons(self.connection, keys) if self.slips.anything_waits else ()
        )
        self._load_histories(rows, people, waiting)
        for row in others:
            if row.record is not None and isinstance(row.record.event, _LINKS):
                row.record = _with_ids(row.record, people)
        targets = {key for event in events if (key := event.replaced_key) is not None}
        looked_up |= targets if hoping else targets | keys
        self._intake.known |= known_events(self.connection, looked_up, self.seals) | {
            key: Known(person, _gone, erased=True) for key, person in self._erased.items()
        }
        return people

    def _people(self, plain: Iterable[Plain], others: Iterable[ReadRow]) -> dict[str, bytes]:
        """The ids of all whom the rows name; those who are new, and have a row that reads, too."""
        erased = self._erased
        read = [row for row in plain if row[1] not in erased] if erased else plain
        mentioned = dict.fromkeys(participant for participant, _, _, _ in read)
        unread: set[str] = set()
        for row in others:
            if row.record is None:
                unread |= {natural} if (natural := natural_key(row.raw)) else set()
                continue
            participant, event = row.record
            if event.key not in erased:
                mentioned[participant] = None
                if isinstance(event, _LINKS):
                    mentioned[event.same_as] = None
        people = ids_of(self.connection, {**mentioned, **dict.fromkeys(unread)}, self.seals)
        missing = [natural for natural in mentioned if natural not in people]
        new = new_ids(self.connection, missing, self.seals)
        for person in new.values():
            self._intake.resume(person, History(read=_event_of))
        return people | new

    def _load_histories(
        self, rows: Reading, people: Mapping[str, bytes], waiting: Iterable[bytes]
    ) -> None:
        """Takes up each history where it was left; whole, where a row will not come at its end."""
        persons = {*people.values(), *waiting} - self._intake.histories.keys()
        left = left_of(self.connection, persons)
        whole = persons - left.keys()
        if self.slips.anything_waits:
            whole |= set(quarantine.persons_waiting(self.connection)) & persons
        late, replacing = _late(rows, people, left)
        whole |= replacing
        told = steps_of(self.connection, late - whole)
        whole |= late - told.keys()
        for person in persons - whole:
            where = left[person]
            self._versions[person] = where.version
            load = partial(_facts_of_one, self.connection, person, self.seals)
            if (steps := told.get(person)) is None:
                history = History.resumed(where.standing, where.end, load, _event_of)
            else:
                history = History.of_steps(steps, load, _event_of)
            self._intake.resume(person, history)
        self._load_persons(whole)

    def _load_persons(self, persons: Iterable[bytes]) -> None:
        """Loads whole histories, and the rows that wait for them."""
        waiting: dict[bytes, list[Held[bytes]]] = {}
        persons = list(persons)
        if self.slips.anything_waits:
            for held in quarantine.held_of(self.connection, persons, self.seals):
                waiting.setdefault(held.person, []).append(held)
        targets = {
            key
            for helds in waiting.values()
            for held in helds
            if (key := held.event.replaced_key) is not None
        }
        self._intake.known |= known_events(self.connection, targets, self.seals)
        for person, facts in facts_of(self.connection, persons, self.seals).items():
            self._versions[person] = len(facts)
            self._intake.load(person, facts, waiting.get(person, ()))

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
        verdict = self._intake.judge(person, event, self.slips.next)
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
                self.slips.hold(verdict.held, row)
        if verdict.mended is not None:
            self.slips.mend(verdict.mended)

    def _reject(self, row: ReadRow, problems: Sequence[Problem]) -> None:
        self._counts.rejected += 1
        self.slips.reject(row, problems)

    def _place(self, appends: Iterable[Append[bytes]]) -> None:
        """Takes note of events that have their place; those that waited are held no longer."""
        for append in appends:
            event = append.fact.event
            self._made[len(self._new)] = append.person, event
            self._new.append((append.person, event))
            self.slips.came_in(event.key)
            if append.held is None:
                continue
            if self.slips.resolve(append.held):
                self._counts.held -= 1
                self._counts.appended += 1
            else:
                self._counts.resolved += 1

    def _write(self) -> None:
        self._encode()
        entries: Any = self._new  # all of them by now
        rows = as_rows(entries, self._head, self._versions, self.batch_id)
        try:
            insert_rows(self.connection, rows)
        except IntegrityError as error:
            if self._hoping:
                raise WasThereError from error
            raise
        changed = {person: self._versions[person] for person, _ in entries}
        leave(self.connection, self._intake.histories, changed)
        self.slips.write(entry[-2:] for _, entry in entries)
        self._write_batch(rows[-1][-1] if rows else self._head.hash)
        summary = self._delivering.summary
        summary.counts += self._counts
        summary.position = self._intake.position

    def _encode(self) -> None:
        """Puts entries in place of events."""
        self.seals.load(person for person, event in self._made.values() if event.note)
        for place, (person, event) in self._made.items():
            self._new[place] = person, as_entry(event, encode(person, event, self.seals))

    def _write_batch(self, head: bytes) -> None:
        row = {
            "id": self.batch_id,
            "delivery_id": self._delivering.delivery_id,
            "file": self._delivering.name,
            "sha256": self._delivering.sha256,
            "appended_at": self.at,
            **asdict(self._counts),
            "first_position": self._head.position + 1,
            "last_position": self._intake.position,
            "head": head,
        }
        row["hash"] = row_hash(self._before, row)
        self.connection.execute(batches.insert(), row)


def _late(
    rows: Reading, people: Mapping[str, bytes], left: Mapping[bytes, Left]
) -> tuple[set[bytes], set[bytes]]:
    """Whose rows will not all come after where their histories end, and who has one that
    replaces."""
    late, replacing = set[bytes](), set[bytes]()
    ends = {person: (where.end[0].isoformat(), where.end[1]) for person, where in left.items()}
    for place, plain in enumerate(rows.plain if ends else ()):
        if plain is not None:
            participant, _, (_, _, on, at, _, _), _ = plain
        elif (record := rows.row(place).record) is not None:
            participant, event = record
            on, at = event.occurred_on.isoformat(), to_microseconds(event.recorded_at)
            if event.replaces is not None and participant in people:
                replacing.add(people[participant])
                continue
        else:
            continue
        person = people.get(participant)
        if person is None or person not in ends:
            continue
        if (on, at) < ends[person]:
            late.add(person)
        else:
            ends[person] = (on, at)
    return late, replacing & left.keys()


class _Days(dict[str, date]):
    """Days by their ISO text, each read once."""

    def __missing__(self, text: str) -> date:
        day = self[text] = date.fromisoformat(text)
        return day


_DAYS: Final = _Days()


def _event_of(entry: Entry) -> Event:
    return decode(entry[0], entry[1])


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
