"""Rows as they were handed in, read as events: or everything that is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import orjson

from adapters.readers.rows import RawRow
from domain.codes import Profile
from domain.composing import Header
from domain.events import Event, to_state
from domain.record import Problem, Record, read_record


@dataclass(slots=True)
class ReadRow:
    """A row and what it reads as; `person` is whose it is, where the store knows that.

    `state` is the event's as the log keeps it, where that depends on nothing in the store.
    """

    raw: RawRow
    record: Record | None
    state: bytes | None = None
    problems: list[Problem] = field(default_factory=list)
    person: bytes = b""


class RowReader:
    """Reads rows for one profile."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._names: tuple[str, ...] = ()
        self._header: Header | None = None

    def read(self, row: RawRow, at: datetime) -> ReadRow:
        """A row that was handed in at a time, which is its recording time if it brings none."""
        if row.problems:
            return ReadRow(row, None, None, row.problems)
        found = self._composed(row, at) or read_record(row.cells, self._profile, at)
        if isinstance(found, Record):
            return ReadRow(row, found, state_of(found.event), row.problems)
        return ReadRow(row, None, None, found)

    def _composed(self, row: RawRow, at: datetime) -> Record | None:
        """A row of a table, read by its header; None where it is none, or not so plain."""
        if row.values is None:
            return None
        if self._header is None or row.header is not self._names:
            self._names, self._header = row.header, Header(row.header, self._profile)
        return self._header.compose(row.values, at, at)


def state_of(event: Event) -> bytes | None:
    """An event's state; None where a note is to be sealed, or a participant's id looked up."""
    if event.note is not None or "same_as" in event.__dict__:
        return None
    return orjson.dumps(to_state(event))
