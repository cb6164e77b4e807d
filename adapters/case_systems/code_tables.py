"""Mapping tables: a source's codes and what they mean, as CSV files that people can read and edit.

Columns: `list`, `code`, `means`, `valid_from`, `valid_to` (both days included, empty: no limit) and
`note`. One code may have several rows, for times that do not overlap.
"""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Final

from adapters.case_systems.messages import Messages
from domain.calendar import parse_day

COLUMNS: Final = ("list", "code", "means", "valid_from", "valid_to", "note")
UNKNOWN: Final = "unknown"
_NONE: Final[Mapping[str, tuple[Meaning, ...]]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code means from one day to another, both included; None: no limit."""

    means: str
    valid_from: date | None
    valid_to: date | None

    def holds_on(self, day: date) -> bool:
        begun = self.valid_from is None or self.valid_from <= day
        return begun and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True)
class CodeTable:
    """The lists of one source."""

    lists: Mapping[str, Mapping[str, tuple[Meaning, ...]]]

    def find(self, list_name: str, code: str | None, on: date) -> str | None:
        """What a code means on a day; None where the list does not say."""
        if code is None:
            return None
        for meaning in self.lists.get(list_name, _NONE).get(code, ()):
            if meaning.holds_on(on):
                return meaning.means
        return None

    def translate(self, list_name: str, code: str | None, on: date, messages: Messages) -> str:
        """What a code means; `unknown`, with a warning, where the list does not say.

        No code at all is `unknown` without one.
        """
        found = self.find(list_name, code, on)
        if found is None and code is not None:
            messages.warn(list_name, code, "a code that is not known; it reads as unknown")
        return found or UNKNOWN


def read_table(rows: Iterable[str]) -> CodeTable:
    """A table from the lines of a CSV file; ValueError names the line that does not read."""
    lists: dict[str, dict[str, tuple[Meaning, ...]]] = {}
    reader = csv.DictReader(rows)
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise ValueError(f"the columns must be {','.join(COLUMNS)}")
    for row in reader:
        try:
            ends = [parse_day(row[n]) if row[n] else None for n in ("valid_from", "valid_to")]
        except (ValueError, TypeError) as error:
            raise ValueError(f"line {reader.line_num}: {error}") from None
        codes = lists.setdefault(row["list"], {})
        codes[row["code"]] = (*codes.get(row["code"], ()), Meaning(row["means"], *ends))
    return CodeTable(lists)


@cache
def shipped(name: str) -> CodeTable:
    """A table that comes with the program: `data/NAME.csv`."""
    text = resources.files("adapters.case_systems.data").joinpath(f"{name}.csv").read_text("utf-8")
    return read_table(io.StringIO(text))


@cache
def known_fields(record: str) -> frozenset[str]:
    """The names of the fields of one kind of record, as `data/fields.toml` has them."""
    text = resources.files("adapters.case_systems.data").joinpath("fields.toml").read_text("utf-8")
    return frozenset(tomllib.loads(text)[record])
