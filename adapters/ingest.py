"""Rows into the log: read, judged, and written in chunks, each one transaction of its own.

A chunk that fails leaves nothing behind; the chunks before it stay, and handing the file in again
finds them as duplicates.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy import Connection, Engine

from adapters import quarantine
from adapters.chunk import Chunk
from adapters.database import reading, writing
from adapters.log import head_of
from adapters.readers.files import RowFile
from adapters.readers.reading import ReadRow, RowReader
from adapters.readers.rows import HEAVIEST, PIECE, RawRow, chunks
from adapters.summary import Summary, Trouble, TroubleKey
from domain.codes import Profile

CHUNK = {"sqlite": 20_000, "postgresql": 10_000}
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
        with without_collector():
            for at, read in self._read(rows):
                with writing(self._engine) as connection:
                    chunk = Chunk(connection, self, at)
                    chunk.append(read)
                    if self._after is not None:
                        self.summary.position = self._after(chunk) or self.summary.position
                if done is not None:
                    done(len(read))
        return self.summary

    def _read(self, rows: Iterable[RawRow]) -> Iterator[tuple[datetime, list[ReadRow]]]:
        """Chunks of rows, read, and when each chunk was handed in.

        Rows are read some at a time: what their cells take is used again for those to come.
        """
        read: list[ReadRow] = []
        weight, at = 0, None
        for piece in chunks(rows, min(PIECE, self.chunk_size)):
            weight += (own := sum(row.size for row in piece))
            if at is not None and (len(read) + len(piece) > self.chunk_size or weight > HEAVIEST):
                yield at, read
                read, weight, at = [], own, None
            at = at or self._now()
            read += self.reader.read_all(piece, at)
        if at is not None:
            yield at, read

    def rehearse(self, rows: Iterable[RawRow]) -> Summary:
        """What appending the rows would do; nothing is stored."""
        with writing(self._engine) as connection:
            inner = connection.begin_nested()
            for chunk in chunks(rows, self.chunk_size):
                Chunk(connection, self, self._now()).take(chunk)
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
    and finds nothing, as they hold no cycles."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
