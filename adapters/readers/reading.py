"""Rows as they were handed in, read as events: or everything that is wrong with them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, TypeAlias

from adapters.event_store import Entry
from adapters.readers.entries import Entries
from adapters.readers.rows import HEAVIEST, RawRow
from domain.codes import Profile
from domain.columns import compose_together
from domain.composing import Header
from domain.history import Key
from domain.record import Problem, Record, read_record

Plain: TypeAlias = tuple[str, Key, Entry, str | None]
"""A row like most: what the log keeps of its event depends on nothing in the store, and it replaces
nothing. Whose it is, the event's key, what the log keeps, and what it is about, a day as ISO text:
with its type and its day that is all that is judged of it (see `domain.standing.about`)."""


class ReadRow:
    """A row that was read by itself; `person` is whose it is, where the store knows that."""

    __slots__ = ("person", "problems", "raw", "record")

    def __init__(
        self, raw: RawRow, record: Record | None, problems: Sequence[Problem] = ()
    ) -> None:
        self.raw = raw
        self.record = record
        self.problems = problems
        self.person = b""


class Piece(NamedTuple):
    """Rows in their order, and what the plain ones among them read as; None of each other one.

    `weight` is about how many bytes they are; `at` is when they were handed in.
    """

    rows: Sequence[RawRow]
    plain: Sequence[Plain | None]
    weight: int
    at: datetime


class Reading:
    """Pieces one after the other, as many as are appended together."""

    def __init__(self, reader: RowReader, pieces: Sequence[Piece]) -> None:
        self._reader = reader
        self._pieces = pieces
        self._starts: list[int] = []
        self._read: dict[int, ReadRow] = {}
        self.plain: list[Plain | None] = []
        for piece in pieces:
            self._starts.append(len(self.plain))
            self.plain += piece.plain

    def __len__(self) -> int:
        return len(self.plain)

    @property
    def at(self) -> datetime:
        """When the last of them was handed in."""
        return self._pieces[-1].at

    def row(self, place: int) -> ReadRow:
        """The row at a place, read by itself, plain or not; the same one each time."""
        found = self._read.get(place)
        if found is None:
            number = bisect_right(self._starts, place) - 1
            piece = self._pieces[number]
            found = self._reader.read(piece.rows[place - self._starts[number]], piece.at)
            self._read[place] = found
        return found

    def forget(self) -> None:
        """Reads the rows that are asked for anew from now on."""
        self._read.clear()

    def others(self) -> list[ReadRow]:
        """The rows that are not plain."""
        return [self.row(place) for place, plain in enumerate(self.plain) if plain is None]


def together(
    pieces: Iterable[Piece | None], reader: RowReader, least: int, most: int
) -> Iterator[Reading]:
    """Pieces brought together up to a number of rows, or fewer where they are long.

    None among them says that the next one is not there yet: then at `least` so many are enough.
    """
    some: list[Piece] = []
    count, weight = 0, 0
    for piece in pieces:
        if piece is None:
            if count >= least:
                yield Reading(reader, some)
                some, count, weight = [], 0, 0
            continue
        count, weight = count + len(piece.plain), weight + piece.weight
        if some and (count > most or weight > HEAVIEST):
            yield Reading(reader, some)
            some, count, weight = [], len(piece.plain), piece.weight
        some.append(piece)
    if some:
        yield Reading(reader, some)


class RowReader:
    """Reads rows for one profile."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._names: tuple[str, ...] = ()
        self._header: Header | None = None
        self._entries = Entries()

    def read(self, row: RawRow, at: datetime) -> ReadRow:
        """A row that was handed in at a time, which is its recording time if it brings none."""
        if row.problems:
            return ReadRow(row, None, problems=row.problems)
        found = self._composed(row, at) or read_record(row.cells, self._profile, at)
        if isinstance(found, Record):
            return ReadRow(row, found)
        return ReadRow(row, None, problems=found)

    def piece(self, rows: Sequence[RawRow], at: datetime) -> Piece:
        """Rows read together: those of one table that are plain enough."""
        plain: list[Plain | None] = [None] * len(rows)
        header = rows[0].header if rows else ()
        places: Sequence[int] = range(len(rows))
        if not all(row.header is header and row.values and not row.problems for row in rows):
            places = [p for p in places if rows[p].header is header and rows[p].values]
            places = [place for place in places if not rows[place].problems]
        if places:
            table = rows if len(places) == len(rows) else [rows[place] for place in places]
            for place, found in self._read_together(table, at):
                plain[places[place]] = found
        return Piece(rows, plain, sum(row.size for row in rows), at)

    def _read_together(self, rows: Sequence[RawRow], at: datetime) -> Iterator[tuple[int, Plain]]:
        """Those rows of a table that are plain enough to be read together, and their places."""
        cells = [row.values or [] for row in rows]
        filled = [len(row) - row.count("") for row in cells]
        for composer, places, picked in self._header_of(rows[0]).by_type(cells):
            used = list(map(filled.__getitem__, places))
            for piece, batch in compose_together(composer, picked, used, at):
                entries, what = self._entries.of(batch), self._entries.about(batch)
                plain = zip(batch.participants, batch.keys(), entries, what, strict=True)
                yield from zip(places[piece], plain, strict=True)

    def _composed(self, row: RawRow, at: datetime) -> Record | None:
        """A row of a table, read by its header; None where it is none, or not so plain."""
        if row.values is None:
            return None
        return self._header_of(row).compose(row.values, at, at)

    def _header_of(self, row: RawRow) -> Header:
        if self._header is None or row.header is not self._names:
            self._names, self._header = row.header, Header(row.header, self._profile)
        return self._header
