"""Many rows of one type read together, column by column: what `domain.composing` does, faster.

Most of a row's time goes into calling a function for each cell. Here a function is called for each
column: what has been read before is looked up, and what is a text of the row's own is checked in
one piece with the others. Rows that are not plain enough for that are left to the row's own reader.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from domain.composing import Composer
from domain.events import Event
from domain.history import Key

_PIECE: Final = 64  # rows that are tried together again where something is odd among many
_TEXTS: Final = frozenset({"participant", "event_id", "placement"})
_INSTANTS: Final = re.compile(r"(?:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00\n)+", re.ASCII)


class _OddError(ValueError):
    """Some row among these is not so plain."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one type that read, in order: whose, and what, without an event made of each.

    `columns` are the values of the events' fields by name. Where `texts` has a column too, that is
    how JSON has its values, between quotation marks.
    """

    cls: type[Event]
    participants: Sequence[str]
    columns: dict[str, Sequence[Any]]
    texts: dict[str, Sequence[str]]

    def keys(self) -> Iterable[Key]:
        """What makes each event the same event, see `Event.key`."""
        return zip(self.columns["source"], self.columns["event_id"], strict=True)


def compose_together(
    composer: Composer, rows: Sequence[Sequence[str]], filled: Sequence[int], at: datetime
) -> list[tuple[slice, Batch]]:
    """Batches of rows, and which they are; rows in none of them must be read one by one.

    `rows` have the cells of `composer.columns`, all text, none a note or what it replaces; `filled`
    is how many cells of each whole row are filled. `at` is when they are handed in.
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
    if used != filled:
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
    if composer.looks_between:
        for row in zip(*columns.values(), strict=True):
            composer.check_between(dict(zip(columns, row, strict=True)))
    texts.pop("participant")
    return Batch(composer.cls, columns.pop("participant"), columns, texts)


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
