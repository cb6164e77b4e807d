"""Rows as they were handed in, read as events: or everything that is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from adapters.event_store import Entry
from adapters.readers.entries import Entries, entry_of
from adapters.readers.rows import RawRow
from domain.codes import Profile
from domain.columns import compose_together
from domain.composing import Header
from domain.history import Key
from domain.record import Problem, Record, read_record


class ReadRow:
    """A row and what it reads as; `person` is whose it is, where the store knows that.

    `entry` is what the log keeps of the event, where that depends on nothing in the store; `key`
    and `replaced` are the event's own and that of the one it replaces.
    """

    __slots__ = ("entry", "key", "person", "problems", "raw", "record", "replaced")

    def __init__(
        self,
        raw: RawRow,
        record: Record | None,
        entry: Entry | None = None,
        key: Key | None = None,
        replaced: Key | None = None,
        problems: Sequence[Problem] = (),
    ) -> None:
        self.raw = raw
        self.record = record
        self.entry = entry
        self.key = key
        self.replaced = replaced
        self.problems = problems
        self.person = b""


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
            event = found.event
            return ReadRow(row, found, entry_of(event), event.key, event.replaced_key)
        return ReadRow(row, None, problems=found)

    def read_all(self, rows: Sequence[RawRow], at: datetime) -> list[ReadRow]:
        """Rows in their order, each as `read` reads it; those of one table together."""
        header = rows[0].header if rows else ()
        if all(row.header is header and row.values and not row.problems for row in rows):
            table = rows  # nearly always
        else:
            table = [row for row in rows if row.header is header and row.values]
            table = [row for row in table if not row.problems]
        found = dict(self._read_together(table, at)) if table else {}
        return [found.get(row) or self.read(row, at) for row in rows]

    def _read_together(
        self, rows: Sequence[RawRow], at: datetime
    ) -> Iterator[tuple[RawRow, ReadRow]]:
        """Those rows of a table that are plain enough to be read together."""
        cells = [row.values or [] for row in rows]
        filled = [len(row) - row.count("") for row in cells]
        for composer, places, picked in self._header_of(rows[0]).by_type(cells):
            own = list(map(rows.__getitem__, places))
            used = list(map(filled.__getitem__, places))
            for piece, batch in compose_together(composer, picked, used, at):
                some = own[piece]
                read = map(
                    ReadRow, some, batch.records, self._entries.of(batch), batch.keys(),
                    batch.replaced_keys(),
                )  # fmt: skip
                yield from zip(some, read, strict=True)

    def _composed(self, row: RawRow, at: datetime) -> Record | None:
        """A row of a table, read by its header; None where it is none, or not so plain."""
        if row.values is None:
            return None
        return self._header_of(row).compose(row.values, at, at)

    def _header_of(self, row: RawRow) -> Header:
        if self._header is None or row.header is not self._names:
            self._names, self._header = row.header, Header(row.header, self._profile)
        return self._header
