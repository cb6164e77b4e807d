"""Published tables beside what is counted, cell by cell."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from importlib.resources import files
from itertools import groupby
from typing import Final, Literal

from adapters.answers import Answers
from adapters.reports import aetat, eigersund
from adapters.reports.sheets import Sheet

Why = Literal["contradiction", "no_data"]
DATA: Final = files("adapters") / "data" / "demo"


@dataclass(frozen=True, slots=True)
class Difference:
    """Why a cell does not come out: it contradicts others, or no event has the data."""

    why: Why
    reason_nb: str
    reason_en: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A published number and the counted one (None: nothing tells it), to the same decimals.

    `figures` are those that the counted number is made of; none, where the report left the cell
    empty. `difference` is known in advance for the cells that cannot come out.
    """

    table: str
    row: str
    column: str
    unit: str
    published: Fraction
    counted: Fraction | None
    decimals: int
    figures: tuple[str, ...]
    difference: Difference | None

    @property
    def matches(self) -> bool:
        return self.counted == self.published

    @property
    def is_as_expected(self) -> bool:
        """Whether it matches, or differs and is known to."""
        return self.matches == (self.difference is None)

    def show(self, number: Fraction | None) -> str:
        """A number with the decimals of the published one."""
        return "–" if number is None else f"{float(number):.{self.decimals}f}"


def compare(answers: Answers) -> list[list[Cell]]:
    """Every published table in the order of its publication, each cell counted."""
    sheets = _sheets()
    known = _differences()
    return [
        list(_compared(answers, sheets[table], list(rows), known))
        for table, rows in groupby(_rows("published_figures.csv"), key=lambda row: row["table"])
    ]


def _compared(
    answers: Answers,
    sheet: Sheet,
    rows: list[dict[str, str]],
    known: Mapping[tuple[str, str, str], Difference],
) -> Iterator[Cell]:
    names = list(dict.fromkeys(row["row"] for row in rows))
    for row in rows:
        amount = sheet.amount(row["row"], row["column"], names)
        place = (row["table"], row["row"], row["column"])
        yield Cell(
            *place,
            unit=row["unit"],
            published=Fraction(row["value"]),
            counted=amount.of(answers),
            decimals=len(row["value"].partition(".")[2]),
            figures=amount.figures(),
            difference=known.get(place),
        )


def _sheets() -> dict[str, Sheet]:
    counties = {row["table"]: row["county"] for row in _rows("offices.csv")}
    county_tables = {table: aetat.county_table(county) for table, county in counties.items()}
    return {**aetat.SHEETS, **county_tables, **eigersund.SHEETS}


def _differences() -> dict[tuple[str, str, str], Difference]:
    found = {}
    for row in _rows("differences.csv"):
        why: Why = "no_data" if row["why"] == "no_data" else "contradiction"
        place = (row["table"], row["row"], row["column"])
        found[place] = Difference(why, row["reason_nb"], row["reason_en"])
    return found


def _rows(name: str) -> Iterable[dict[str, str]]:
    return csv.DictReader((DATA / name).read_text("utf-8").splitlines())
