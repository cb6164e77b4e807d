"""The places table: how many places of a measure were bought, from whom, from when to when."""

from __future__ import annotations

import csv
from datetime import date
from importlib.resources.abc import Traversable
from pathlib import Path

from adapters.errors import WrongUseError
from adapters.toml_file import BadFileError, unreadable
from domain.calendar import ONE_DAY, parse_day
from projections.question import Place


def read_places(path: Path | Traversable) -> tuple[Place, ...]:
    """Columns: measure, provider, from, to (included; empty: for good), places.

    BadFileError names the file and the line of each row that cannot be read.
    """
    try:
        rows = list(csv.DictReader(path.read_text("utf-8-sig").splitlines()))
    except FileNotFoundError:
        columns = "measure, provider, from, to, places"
        raise WrongUseError(f"there is no file {path}; places are a CSV of {columns}") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise WrongUseError(f"{path} cannot be read: {unreadable(error)}") from None
    found, problems = [], []
    for line, row in enumerate(rows, start=2):
        try:
            found.append(_place({name: cell or "" for name, cell in row.items()}))
        except KeyError as error:
            problems.append(
                f"{path}, line {line}: the column {error} is missing; "
                "the columns are measure, provider, from, to, places"
            )
        except ValueError as error:
            problems.append(f"{path}, line {line}: {error}")
    if problems:
        raise BadFileError(problems)
    return tuple(found)


def _place(row: dict[str, str]) -> Place:
    start, end = _day("from", row["from"]), row.get("to")
    if not row["places"].isdecimal():
        raise ValueError(f"places should be a whole number, not {row['places']!r}")
    return Place(
        measure=row["measure"],
        provider=row.get("provider") or None,
        start=start,
        stop=_day("to", end) + ONE_DAY if end else None,
        places=int(row["places"]),
    )


def _day(column: str, text: str) -> date:
    try:
        return parse_day(text)
    except ValueError as error:
        raise ValueError(f"{column} {text!r} is {error}") from None
