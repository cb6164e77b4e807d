"""CSV: one bad row is one rejected row, whatever is wrong with its bytes, quotes or cells."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO, Final

from adapters.errors import WrongUseError
from adapters.readers.rows import RawRow
from domain.record import Problem

LONGEST_LINE: Final = 1 << 20  # bytes; a longer one is no row of events
_LONGEST_RECORD: Final = 1000  # lines that one quoted cell may go over
_BLOCK: Final = 1 << 16  # bytes that are read together, fewer than the longest line has
_BOM: Final = b"\xef\xbb\xbf"
_NOT_UTF8 = re.compile("[\ud800-\udfff]")


class LineReader:
    """Lines of a file with their numbers, of bounded length, with the power to step back."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._back: list[tuple[int, bytes]] = []
        self._number = 0
        self.taken: list[tuple[int, bytes]] = []

    def read(self) -> tuple[int, bytes] | None:
        """The next line and its number; of an overlong line only the beginning is kept."""
        if self._back:
            return self._back.pop()
        line = self._file.readline(LONGEST_LINE + 1)
        if not line:
            return None
        if len(line) > LONGEST_LINE:
            self._pass_over_rest(line)
        self._number += 1
        return self._number, line

    def read_block(self) -> tuple[int, bytes]:
        """Many whole lines at once, and the number of the first; nothing at the end of the file.

        Not while there are lines that were stepped back over.
        """
        first, block = self._number + 1, self._file.read(_BLOCK)
        begun = len(block) - block.rfind(b"\n") - 1
        if begun:
            rest = self._file.readline(LONGEST_LINE + 1 - begun)
            if begun + len(rest) > LONGEST_LINE:
                self._pass_over_rest(rest)
            block += rest
        self._number += block.count(b"\n") + (not block.endswith(b"\n") and bool(block))
        return first, block

    @property
    def has_stepped_back(self) -> bool:
        return bool(self._back)

    def _pass_over_rest(self, line: bytes) -> None:
        rest = line
        while rest and not rest.endswith(b"\n"):
            rest = self._file.readline(LONGEST_LINE + 1)

    def step_back(self, lines: list[tuple[int, bytes]]) -> None:
        self._back += reversed(lines)

    def __iter__(self) -> Iterator[str]:
        """Lines as text for the `csv` module; `taken` collects them until it is emptied."""
        taken = self.taken
        while (numbered := self.read()) is not None:
            taken.append(numbered)
            if len(taken) > _LONGEST_RECORD:
                raise csv.Error(f"a quoted cell goes over more than {_LONGEST_RECORD} lines")
            yield numbered[1].decode("utf-8", "surrogateescape")


def decode(line: bytes) -> str:
    """A line as text, bytes that are not UTF-8 kept as surrogates."""
    return line.decode("utf-8", "surrogateescape")


def is_not_utf8(text: str) -> bool:
    return not text.isascii() and _NOT_UTF8.search(text) is not None


def read_header(lines: LineReader, name: str) -> list[str]:
    """The names of the columns; WrongUseError where there is no header that reads."""
    numbered = lines.read()
    if numbered is None:
        raise WrongUseError(f"{name} is empty; it should begin with a header of column names")
    text = decode(numbered[1].removeprefix(_BOM))
    if is_not_utf8(text):
        raise WrongUseError(f"{name}, line 1: not UTF-8; save the file as UTF-8")
    try:
        header = next(csv.reader([text]), [])
    except csv.Error as error:
        raise WrongUseError(f"{name}, line 1 does not read as names of columns: {error}") from None
    if not header:
        raise WrongUseError(f"{name}, line 1 is empty; it should name the columns")
    return header


def read_rows(lines: LineReader, columns: list[str]) -> Iterator[RawRow]:
    """The rows after the header; lines with nothing on them are passed over."""
    csv.field_size_limit(LONGEST_LINE)
    header = tuple(columns)
    while True:
        first, block = lines.read_block()
        if not block:
            return
        rows = _rows_of(block, header, first)
        if rows is None:
            lines.step_back(list(enumerate(BytesIO(block).readlines(), first)))
            yield from _read_carefully(lines, header)
        else:
            yield from rows


def _rows_of(block: bytes, header: tuple[str, ...], first: int) -> list[RawRow] | None:
    """The rows of whole lines, where each line is one; None where that cannot be told so simply.

    As many rows as lines, and no error: then no quote is open across a line.
    """
    if block.count(b"\r") != block.count(b"\r\n"):
        return None
    try:
        lines = block.decode().split("\n")
        rest = lines.pop()
        lines = [f"{line}\n" for line in lines] + ([rest] if rest else [])
        found = list(csv.reader(lines, strict=True))
    except (UnicodeDecodeError, csv.Error):
        return None
    if len(found) != len(lines):
        return None
    width = len(header)
    return [
        RawRow(number, line, header=header, values=cells)
        if len(cells) == width
        else _miscounted(number, line, header, cells)
        for number, (line, cells) in enumerate(zip(lines, found, strict=True), first)
        if cells
    ]


def _read_carefully(lines: LineReader, header: tuple[str, ...]) -> Iterator[RawRow]:
    """The rows of lines that were stepped back over, and of those that the last one goes on in."""
    reader = csv.reader(iter(lines), strict=True)
    while lines.has_stepped_back:
        lines.taken.clear()
        try:
            cells = next(reader, None)
        except csv.Error as error:
            yield _broken(lines, header, f"does not read as CSV: {error}")
            reader = csv.reader(iter(lines), strict=True)
            continue
        if cells is None:
            return
        if len(cells) == len(header):
            yield _row(lines, header, cells)
        elif cells:
            yield _broken(lines, header, _count(len(cells), len(header)), cells)


def _row(lines: LineReader, header: tuple[str, ...], cells: list[str]) -> RawRow:
    line, raw = lines.taken[0]
    if len(lines.taken) > 1:
        raw = b"".join(part for _, part in lines.taken)
    row = RawRow(line, raw, header=header, values=cells)
    if not raw.isascii() and any(map(is_not_utf8, cells)):
        for name, cell in row.cells.items():
            if is_not_utf8(cell):
                row.cells[name] = shown = decode_loosely(cell)
                row.problems.append(Problem(name, shown, "not UTF-8; save the file as UTF-8"))
    return row


def decode_loosely(text: str) -> str:
    """Text with a mark in place of each byte that is not UTF-8."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _broken(
    lines: LineReader, header: tuple[str, ...], why: str, cells: list[str] | None = None
) -> RawRow:
    """A row that does not fall into cells.

    Where an open quote swallowed whole rows after it, only the first line is this row, and the
    others are read again.
    """
    first, *others = lines.taken
    raw = b"".join(part for _, part in lines.taken)
    if any(_is_whole(text, header) for _, text in others):
        lines.step_back(others)
        raw, cells = first[1], None
    if cells is None:
        cells = decode(raw).rstrip("\r\n").split(",")
    found = dict(zip(header, map(decode_loosely, cells), strict=False))
    return RawRow(first[0], raw, found, [Problem("", None, why)])


def _miscounted(line: int, raw: str, header: tuple[str, ...], cells: list[str]) -> RawRow:
    named = dict(zip(header, cells, strict=False))
    return RawRow(line, raw, named, [Problem("", None, _count(len(cells), len(header)))])


def _is_whole(line: bytes, header: tuple[str, ...]) -> bool:
    try:
        return len(next(csv.reader([decode(line)], strict=True), [])) == len(header)
    except csv.Error:
        return False


def _count(found: int, wanted: int) -> str:
    what = "too few" if found < wanted else "too many"
    return f"{what} cells: {found} where the header has {wanted}; check commas and quotes"
