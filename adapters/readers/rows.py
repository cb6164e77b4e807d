"""What every reader gives: rows that fall into cells, and rows that do not, none left out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from adapters.errors import WrongUseError
from domain.record import COLUMNS, REQUIRED_COLUMNS, Problem


@dataclass(slots=True)
class RawRow:
    """One row as it was handed in.

    `line` is where it starts, 1 for the file's first line. `problems` are set where it does not
    fall into cells; `cells` then hold what can be told.
    """

    line: int
    raw: bytes
    cells: dict[str, Any]
    problems: list[Problem] = field(default_factory=list)


def check_columns(name: str, columns: Iterable[str], source: str | None) -> None:
    """Refuses a header with a column that is unknown, missing or there twice (WrongUseError)."""
    header = list(columns)
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
    own = row.cells.get("source")
    if own is None or own == "":
        row.cells["source"] = source
    elif own != source:
        why = f"another source than --source {source}; leave one of the two out"
        row.problems.append(Problem("source", str(own), why))
