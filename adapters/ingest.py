"""Rows into the log: read, judged, and written in chunks, each one transaction of its own.

A chunk that fails leaves nothing behind; the chunks before it stay, and handing the file in again
finds them as duplicates.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Final
from uuid import uuid4

from sqlalchemy import Connection, Engine, select

from adapters import quarantine
from adapters.chunk import Chunk, WasThereError
from adapters.database import reading, writing
from adapters.log import head_of
from adapters.readers import ahead
from adapters.readers.files import RowFile
from adapters.readers.reading import Piece, Reading, RowReader, together
from adapters.readers.rows import PIECE, RawRow, chunks
from adapters.schema import batches
from adapters.summary import Summary, Trouble, TroubleKey
from domain.codes import Profile

CHUNK: Final = {"sqlite": 50_000, "postgresql": 50_000}
LEAST: Final = 10_000  # rows that are worth a transaction while others are still being read
_FEW: Final = 1000  # troubles that are remembered, so as to be able to go back
Progress = Callable[[int], None]
AfterChunk = Callable[[Chunk], int | None]
"""What is done under the lock of a chunk, once it is in; gives the position that it came to."""


class Delivering:
    """The appending of one file's rows.

    `after` is done after each chunk of rows, in its transaction.
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
        after: AfterChunk | None = None,
    ) -> None:
        self._after = after
        self._engine = engine
        self.chunk_size = CHUNK[engine.dialect.name]
        self.reader = RowReader(profile)
        self.name = name
        self.sha256 = sha256
        self.now = now
        self.delivery_id = uuid4().hex
        self.own_slips: dict[int, TroubleKey] = {}
        self._told = 0
        self._hoping: bool | None = None  # not thought of yet
        self.summary = summary or Summary()

    def tell(self, row: RawRow, outcome: str, why: str) -> TroubleKey:
        """Takes note of a row that was held or rejected, for the person who handed it in."""
        self._told += 1
        key = (self.delivery_id, self._told)
        self.summary.troubles[key] = Trouble(self.name, row.line, outcome, why)
        return key

    def append(self, rows: Iterable[RawRow], done: Progress | None = None) -> Summary:
        """Appends rows chunk by chunk; `done` is told how many rows each chunk had."""
        return self.append_read(self.read(rows), done)

    def append_read(self, pieces: Iterable[Piece | None], done: Progress | None = None) -> Summary:
        """Appends rows that were read; None where the next ones are not there yet."""
        with without_collector():
            for rows in together(pieces, self.reader, LEAST, self.chunk_size):
                self._append_chunk(rows)
                if done is not None:
                    done(len(rows))
        return self.summary

    def _append_chunk(self, rows: Reading) -> None:
        """Most files are new, and then it need not be looked up which of their events are known."""
        if self._hoping is None:
            self._hoping = not self.sha256 or not has_batch_of(self._engine, self.sha256)
        if self._hoping and len(self.summary.troubles) < _FEW:
            before = self._told, self.own_slips.copy(), self.summary.troubles.copy()
            try:
                self._append_in_one(rows, hoping=True)
                return
            except WasThereError:
                self._hoping = False
                self._told, self.own_slips, self.summary.troubles = before
                rows.forget()
        self._append_in_one(rows, hoping=False)

    def _append_in_one(self, rows: Reading, *, hoping: bool) -> None:
        with writing(self._engine) as connection:
            chunk = Chunk(connection, self, max(self.now(), rows.at))
            chunk.append(rows, hoping=hoping)
            if self._after is not None:
                self.summary.position = self._after(chunk) or self.summary.position

    def read(self, rows: Iterable[RawRow]) -> Iterator[Piece]:
        """Rows read some at a time: what their cells take is used again for those to come."""
        for some in chunks(rows, min(PIECE, self.chunk_size)):
            yield self.reader.piece(some, self.now())

    def rehearse(self, rows: Iterable[RawRow]) -> Summary:
        """What appending the rows would do; nothing is stored."""
        with writing(self._engine) as connection:
            inner = connection.begin_nested()
            for chunk in chunks(rows, self.chunk_size):
                Chunk(connection, self, self.now()).take(chunk)
            inner.rollback()
        return self.summary

    @contextmanager
    def chunk(self, connection: Connection | None = None) -> Iterator[Chunk]:
        """One chunk whose rows depend on what is stored: they are made and taken under one lock.

        With a connection, inside its transaction, whatever becomes of that.
        """
        with without_collector():
            if connection is not None:
                yield Chunk(connection, self, self.now())
                return
            with writing(self._engine) as own:
                yield Chunk(own, self, self.now())


def append_file(
    engine: Engine,
    file: RowFile,
    profile: Profile,
    *,
    dry_run: bool = False,
    done: Progress | None = None,
    now: Callable[[], datetime] | None = None,
    after: AfterChunk | None = None,
) -> Summary:
    """Appends a file that reads as rows; see `Delivering`."""
    found = file.delivery
    now = now or current_time
    delivering = Delivering(engine, profile, found.name, found.sha256, now, after=after)
    if dry_run:
        return delivering.rehearse(file.rows())
    if ahead.pays(file):
        with ahead.reading(file, profile, delivering.now(), LEAST) as pieces:
            first = delivering.read(islice(file.rows(), LEAST))
            summary = delivering.append_read(chain(first, [None], pieces), done)
    else:
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


def has_batch_of(engine: Engine, sha256: str) -> bool:
    """Whether something of a file has been handed in before."""
    with reading(engine) as connection:
        found = connection.execute(select(batches.c.id).where(batches.c.sha256 == sha256).limit(1))
        return found.first() is not None


def last_position(engine: Engine) -> int:
    with reading(engine) as connection:
        return head_of(connection).position


def current_time() -> datetime:
    return datetime.now(UTC)


@contextmanager
def without_collector() -> Iterator[None]:
    """Python's cycle collector off for a while: over a chunk's objects it takes a third of the time
    and finds nothing, as they hold no cycles."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
