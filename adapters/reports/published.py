"""Published tables beside what is counted, cell by cell."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from adapters.many_answers import Answers
from adapters.reports.amounts import Numbers
from adapters.reports.catalogue import shipped
from adapters.reports.counting import Counted
from adapters.reports.published_rows import rows_of
from adapters.reports.recipe import Report
from domain.codes import Language

Why = Literal["contradiction", "no_data"]


@dataclass(frozen=True, slots=True)
class Difference:
    """Why a cell does not come out: it contradicts others, or no event has the data."""

    why: Why
    reasons: Mapping[Language, str]


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


@dataclass(frozen=True, slots=True)
class Table:
    """A published table: its title in both languages, and its cells as they were published.

    In a grid each row has a cell in each column; else its cells read better one under another.
    """

    name: str
    titles: Mapping[Language, str]
    cells: tuple[Cell, ...]
    is_grid: bool

    @property
    def rows(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(cell.row for cell in self.cells))

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(cell.column for cell in self.cells))

    @property
    def figures(self) -> tuple[str, ...]:
        """The figures that its cells are counted by, each once."""
        return tuple(dict.fromkeys(name for cell in self.cells for name in cell.figures))


def compare(answers: Answers, done: Callable[[int], None] | None = None) -> list[Table]:
    """Every published table, each cell counted, by report; `done` is told 1 for each of them."""
    published: dict[str, list[dict[str, str]]] = {}
    for row in rows_of("published_figures.csv"):
        published.setdefault(row["table"], []).append(row)
    reports, known, numbers = shipped(), _differences(), Counted(answers)
    tables = []
    with answers.at_hand():
        for name, report in sorted(reports.items(), key=lambda pair: pair[1].number):
            cells = tuple(_compared(numbers, report, published.pop(name), known))
            tables.append(Table(name, report.titles, cells, report.sheet.is_grid))
            if done is not None:
                done(1)
    if published:
        raise ValueError(f"tables without a report: {', '.join(published)}")
    return tables


def _compared(
    numbers: Numbers,
    report: Report,
    rows: list[dict[str, str]],
    known: Mapping[tuple[str, str, str], Difference],
) -> Iterator[Cell]:
    names = list(dict.fromkeys(row["row"] for row in rows))
    for row in rows:
        amount = report.sheet.amount(row["row"], row["column"], names)
        place = (row["table"], row["row"], row["column"])
        yield Cell(
            *place,
            unit=row["unit"],
            published=Fraction(row["value"]),
            counted=amount.of(numbers),
            decimals=len(row["value"].partition(".")[2]),
            figures=amount.figures(),
            difference=known.get(place),
        )


def _differences() -> dict[tuple[str, str, str], Difference]:
    found = {}
    for row in rows_of("differences.csv"):
        why: Why = "no_data" if row["why"] == "no_data" else "contradiction"
        place = (row["table"], row["row"], row["column"])
        found[place] = Difference(why, {"nb": row["reason_nb"], "en": row["reason_en"]})
    return found
