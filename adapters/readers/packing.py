"""Pieces of rows as bytes, from one process of a program to another.

Of a plain row go over what it reads as, and the line that it stands on, out of which the row can be
made again; of each other one its cells, to be read on the other side. It is no format for files:
what is unpacked is taken as it is.
"""

from __future__ import annotations

import csv
import marshal
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, overload

from adapters.readers.reading import Piece
from adapters.readers.rows import RawRow, fill_source
from domain.record import Problem

_FORMAT: Final = 4  # of `marshal`: what is there several times goes over once


def pack(piece: Piece) -> bytes:
    """A piece of a file of CSV."""
    rows, plain = piece.rows, list(piece.plain)
    others: dict[int, tuple[Any, ...]] = {}
    for place, row in enumerate(rows):
        if plain[place] is None or row.text is None:
            plain[place] = None
            problems = [(one.column, one.found, one.why) for one in row.problems]
            others[place] = (row.raw, row.told, problems, row.header, row.values)
    texts = [None if place in others else row.text for place, row in enumerate(rows)]
    return marshal.dumps((plain, [r.line for r in rows], texts, others, piece.weight), _FORMAT)


def unpack(packed: bytes, header: tuple[str, ...], source: str | None, at: datetime) -> Piece:
    """The piece of a file with a header, for all of whose rows a source was given, or not."""
    plain, lines, texts, others, weight = marshal.loads(packed)
    return Piece(_Rows(lines, texts, others, header, source), plain, weight, at)


class _Rows(Sequence[RawRow]):
    """The rows of a piece, each made again when it is asked for, as few are."""

    def __init__(
        self,
        lines: Sequence[int],
        texts: Sequence[str | None],
        others: dict[int, tuple[Any, ...]],
        header: tuple[str, ...],
        source: str | None,
    ) -> None:
        self._lines = lines
        self._texts = texts
        self._others = others
        self._header = header
        self._source = source

    def __len__(self) -> int:
        return len(self._lines)

    @overload
    def __getitem__(self, place: int) -> RawRow: ...
    @overload
    def __getitem__(self, place: slice) -> list[RawRow]: ...
    def __getitem__(self, place: int | slice) -> RawRow | list[RawRow]:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        line, text = self._lines[place], self._texts[place]
        if text is None:
            raw, cells, problems, header, values = self._others[place]
            found = [Problem(*problem) for problem in problems]
            return RawRow(line, raw, cells, found, header=_the_same(header), values=values)
        row = RawRow(
            line, text, header=_the_same(self._header), values=next(csv.reader([text], strict=True))
        )
        fill_source(row, self._source)
        return row


@lru_cache
def _the_same(header: tuple[str, ...]) -> tuple[str, ...]:
    """One object for every row: what reads them takes note of it."""
    return header
