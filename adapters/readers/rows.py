"""What every reader gives: rows that fall into cells, and rows that do not, none left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

import orjson

from adapters.errors import WrongUseError
from domain.events import source_name
from domain.record import COLUMNS, REQUIRED_COLUMNS, Problem

PIECE = 1000  # rows that are read together
HEAVIEST = 32 << 20  # bytes as handed in; read, they take some times as much


class RawRow:
    """One row as it was handed in.

    `line` is where it starts, 1 for the file's first line. `problems` are set where it does not
    fall into cells; `cells` then hold what can be told. A row of a table whose cells are all text
    has them as `values` too, in the order of `header`; those of a row with problems may be others.
    A row that was not handed in as bytes, but made of what a source said, reads as JSON: `raw` is
    written out only where it is asked for.
    """

    __slots__ = ("_cells", "_raw", "header", "line", "problems", "values")

    def __init__(
        self,
        line: int,
        raw: bytes | str | None,
        cells: dict[str, Any] | None = None,
        problems: list[Problem] | None = None,
        *,
        header: tuple[str, ...] = (),
        values: list[str] | None = None,
    ) -> None:
        self.line = line
        self._raw = raw
        self._cells = cells
        self.problems = [] if problems is None else problems
        self.header = header
        self.values = values

    @property
    def raw(self) -> bytes:
        """The row as it was handed in; encoded when it is asked for, as few are."""
        if self._raw is None:
            self._raw = orjson.dumps(self.cells)
        return self._raw.encode() if isinstance(self._raw, str) else self._raw

    @property
    def text(self) -> str | None:
        """The one line of text that a row of a table was handed in as, where it was one."""
        return self._raw if isinstance(self._raw, str) and self.values else None

    @property
    def told(self) -> dict[str, Any] | None:
        """The cells, where they do not follow from `values`."""
        return self._cells

    @property
    def size(self) -> int:
        """About how many bytes it is."""
        return len(self._raw or "")

    @property
    def cells(self) -> dict[str, Any]:
        """The cells by column; of a row of a table made when they are asked for, as few are."""
        if self._cells is None:
            named = zip(self.header, self.values or (), strict=True)
            self._cells = {name: cell for name, cell in named if cell}
        return self._cells


def chunks(rows: Iterable[RawRow], size: int) -> Iterator[list[RawRow]]:
    """Rows in chunks of a number of them, or fewer where they are so long that memory counts."""
    chunk: list[RawRow] = []
    weight = 0
    for row in rows:
        chunk.append(row)
        weight += row.size
        if len(chunk) == size or weight > HEAVIEST:
            yield chunk
            chunk, weight = [], 0
    if chunk:
        yield chunk


def check_source(source: str | None) -> str | None:
    """The source given for a whole file; WrongUseError where it cannot be one's name."""
    try:
        return None if source is None else source_name(source)
    except ValueError as error:
        raise WrongUseError(f"--source {source!r} is {error}") from None


def check_columns(name: str, columns: Iterable[str], source: str | None) -> None:
    """Refuses a header with a column that is unknown, missing or there twice (WrongUseError)."""
    header = list(columns)
    if len(header) == 1 and set(header[0].split(";")) <= {*COLUMNS, ""} and ";" in header[0]:
        raise WrongUseError(
            f"{name}, line 1: columns are separated by semicolons; save the file with commas"
        )
    for column in header:
        if column not in COLUMNS:
            near = get_close_matches(column.strip().lower(), COLUMNS, n=2, cutoff=0.6)
            hint = f"nearest: {', '.join(near)}" if near else f"columns are {', '.join(COLUMNS)}"
            raise WrongUseError(f"{name}, line 1: there is no column {column[:60]!r}; {hint}")
    if len(set(header)) != len(header):
        twice = next(column for column in header if header.count(column) > 1)
        raise WrongUseError(f"{name}, line 1: the column {twice} is there twice")
    for column in REQUIRED_COLUMNS:
        if column not in header and not (column == "source" and source is not None):
            hint = ", or give --source" if column == "source" else ""
            raise WrongUseError(f"{name}, line 1: the column {column} is missing; add it{hint}")


def fill_source(row: RawRow, source: str | None) -> None:
    """Gives a row the whole file's source; a row that names another one has a problem."""
    if source is None:
        return
    if row.values is not None and not row.problems:
        row.header, place = _with_source(row.header)
        if place == len(row.values):
            row.values.append(source)
        elif row.values[place] == "":
            row.values[place] = source
        own = row.values[place]
    else:
        own = row.cells.get("source") or source
        row.cells["source"] = own
    if own != source:
        why = f"another source than --source {source}; leave one of the two out"
        row.problems.append(Problem("source", str(own), why))


@lru_cache
def _with_source(header: tuple[str, ...]) -> tuple[tuple[str, ...], int]:
    """A header with the column `source`, and where that stands."""
    header = header if "source" in header else (*header, "source")
    return header, header.index("source")
