"""Many rows of one type read together, column by column: what `domain.composing` does, faster.

Most of a row's time goes into calling a function for each cell. Here a function is called for each
column: what has been read before is looked up, and what is a text of the row's own is checked in
one piece with the others. Rows that are not plain enough for that are left to the row's own reader.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import repeat
from typing import Any, Final

from pydantic import BaseModel

from domain.composing import Composer, Record
from domain.events import Event
from domain.history import Key

_PIECE: Final = 64  # rows that are tried together again where something is odd among many
_TEXTS: Final = frozenset({"participant", "event_id", "placement"})
_INSTANTS: Final = re.compile(r"(?:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00\n)+", re.ASCII)

# A model's own parts, set without a look-up of their names for each event.
_set_fields: Final[Callable[[Event, Any], None]] = BaseModel.__dict__["__dict__"].__set__
_set_names: Final = BaseModel.__dict__["__pydantic_fields_set__"].__set__
_set_extra: Final = BaseModel.__dict__["__pydantic_extra__"].__set__
_set_private: Final = BaseModel.__dict__["__pydantic_private__"].__set__


class _OddError(ValueError):
    """Some row among these is not so plain."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one type that read, in order.

    `columns` are the values of the events' fields by name. Where `texts` has a column too, that is
    how JSON has its values, between quotation marks.
    """

    cls: type[Event]
    records: list[Record]
    columns: dict[str, Sequence[Any]]
    texts: dict[str, Sequence[str]]

    def keys(self) -> Iterable[Key]:
        """What makes each event the same event, see `Event.key`."""
        return zip(self.columns["source"], self.columns["event_id"], strict=True)

    def replaced_keys(self) -> Iterable[Key | None]:
        """The key of the event that each one replaces, if any."""
        replaces = self.columns["replaces"]
        if not any(replaces):
            return [None] * len(replaces)
        both = zip(self.columns["source"], replaces, strict=True)
        return [None if own is None else (source, own) for source, own in both]


def compose_together(
    composer: Composer, rows: Sequence[Sequence[str]], filled: Sequence[int], at: datetime
) -> list[tuple[slice, Batch]]:
    """Batches of rows, and which they are; rows in none of them must be read one by one.

    `rows` have the cells of `composer.columns`, all text; `filled` is how many cells of each whole
    row are filled. `at` is when they are handed in.
    """
    if composer.links:
        return []
    found = _tried(composer, rows, filled, at, slice(0, len(rows)))
    if found or len(rows) <= _PIECE:
        return found
    pieces = (slice(start, start + _PIECE) for start in range(0, len(rows), _PIECE))
    return [one for piece in pieces for one in _tried(composer, rows, filled, at, piece)]


def _tried(
    composer: Composer,
    rows: Sequence[Sequence[str]],
    filled: Sequence[int],
    at: datetime,
    piece: slice,
) -> list[tuple[slice, Batch]]:
    try:
        return [(piece, _composed(composer, rows[piece], filled[piece], at))]
    except (ValueError, TypeError):
        return []


def _composed(
    composer: Composer, rows: Sequence[Sequence[str]], filled: Sequence[int], at: datetime
) -> Batch:
    """All the rows as events; ValueError or TypeError where one of them is not plain."""
    cells = dict(zip(composer.names, zip(*rows, strict=True), strict=True))
    stamped = not cells["stamped"][0]  # this is the cell of the recording time
    # The cell of the recording time is counted twice, that of the type not at all.
    used = [len(row) - row.count("") + stamped for row in rows]
    if used != filled or any(cells["note"]):
        raise _OddError
    texts: dict[str, Sequence[str]] = {name: cells[name] for name in cells if name in _TEXTS}
    columns: dict[str, Sequence[Any]] = {}
    for name, column in cells.items():
        if name in texts:
            columns[name] = _plain_texts(column, composer.reader_of(name))
        elif name not in ("stamped", "recorded_at"):
            columns[name] = list(map(composer.reader_of(name), column))
        elif name == "stamped":
            columns[name] = [stamped] * len(rows)
        else:
            columns[name], texts[name] = _instants(column, at, stamped=stamped)
    if any(columns["replaces"]) and any(map(str.__eq__, cells["replaces"], cells["event_id"])):
        raise _OddError
    participants, _ = columns.pop("participant"), texts.pop("participant")
    both = zip(participants, _events(composer, columns), strict=True)
    # As `Record` makes itself, but without a call of a function of Python's for each.
    records = list(map(tuple.__new__, repeat(Record), both))
    return Batch(composer.cls, records, columns, texts)


def _plain_texts(column: Sequence[str], read: Callable[[Any], Any]) -> Sequence[str]:
    """Texts that are their own JSON; all else that these columns ask is that none is too long."""
    if "" in column:
        raise _OddError
    everything = "".join(column)
    plain = everything.isascii() and everything.isprintable()
    if not plain or '"' in everything or "\\" in everything:
        raise _OddError
    read(max(column, key=len))
    return column


def _instants(
    column: Sequence[str], at: datetime, *, stamped: bool
) -> tuple[Sequence[datetime], Sequence[str]]:
    """Times in UTC, written out as `isoformat` writes them; or none at all, and then all are `at`.

    None is to come.
    """
    if stamped:
        if any(column):
            raise _OddError
        return [at] * len(column), [at.isoformat()] * len(column)
    if not _INSTANTS.fullmatch("\n".join([*column, ""])):
        raise _OddError
    found = list(map(datetime.fromisoformat, column))
    if max(found) > at or found[0].tzinfo is not UTC:
        raise _OddError
    return found, column


def _events(composer: Composer, columns: dict[str, Sequence[Any]]) -> Iterable[Event]:
    """Events of fields that are right; see `Composer.event`, which makes one."""
    cls, names = composer.cls, tuple(columns)
    events = [cls.__new__(cls) for _ in columns["event_id"]]
    rows = zip(*columns.values(), strict=True)
    _each(map(_set_fields, events, (dict(zip(names, row, strict=True)) for row in rows)))
    _each(map(_set_names, events, repeat(composer.fields_set)))
    _each(map(_set_extra, events, repeat(None)))
    _each(map(_set_private, events, repeat(None)))
    return events


def _each(calls: Iterable[object]) -> None:
    deque(calls, maxlen=0)
