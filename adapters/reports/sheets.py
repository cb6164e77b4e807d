"""How the cells of a table are arranged: a grid of rows by columns, or a list of single cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from adapters.reports.amounts import Amount, Choice, Sum

Place: TypeAlias = tuple[str, str]  # a row's name and a column's
# A total counted over all, added up over the rows, counted over who is in some row, or none.
TotalIs = Literal["counted", "sum", "rows", "none"]
TOTAL = "total"


class Sheet(Protocol):
    """A table's recipe, and whether each of its rows has a cell in each column."""

    @property
    def is_grid(self) -> bool: ...

    def amount(self, row: str, column: str, rows: Sequence[str]) -> Amount:
        """What a cell counts; `rows` are the names of all rows of the table, as published."""

    def places(self, rows: Sequence[str]) -> list[Place]:
        """All its cells, row by row, the total last; `rows` as the table has them, no total."""


@dataclass(frozen=True)
class Rows:
    """Rows that differ in one dimension: the published name, or the code that it stands for."""

    dimension: str
    codes: Mapping[str, Choice] = field(default_factory=dict)

    def narrowing(self, row: str) -> Mapping[str, Choice]:
        return {self.dimension: self.codes.get(row, row)}


@dataclass(frozen=True)
class Grid:
    """Columns of which the rows are a narrowing each, and a total by column.

    `total_only` narrows a counted total; `others` are the cells that are none of this.
    """

    columns: Mapping[str, Amount]
    rows: Rows
    totals: Mapping[str, TotalIs]
    total_only: Mapping[str, Choice] = field(default_factory=dict)
    others: Mapping[Place, Amount] = field(default_factory=dict)
    is_grid: bool = True

    def amount(self, row: str, column: str, rows: Sequence[str]) -> Amount:
        if (row, column) in self.others:
            return self.others[row, column]
        amount = self.columns[column]
        if row != TOTAL:
            return amount.within(self.rows.narrowing(row))
        parts = [name for name in rows if name != TOTAL and (name, column) not in self.others]
        if self.totals[column] == "sum":
            return Sum(tuple(self.amount(name, column, rows) for name in parts))
        if self.totals[column] == "rows":
            codes = tuple(self.rows.codes.get(name, name) for name in parts)
            return amount.within({self.rows.dimension: codes})  # type: ignore[dict-item]
        return amount.within(self.total_only)

    def places(self, rows: Sequence[str]) -> list[Place]:
        totals = [TOTAL] if set(self.totals.values()) != {"none"} else []
        added = dict.fromkeys(row for row, _ in self.others if row not in (*rows, TOTAL))
        return [(row, column) for row in (*rows, *totals, *added) for column in self.columns]


@dataclass(frozen=True)
class Listed:
    """Single cells, each with its own recipe."""

    cells: Mapping[Place, Amount]
    is_grid: bool = False

    def amount(self, row: str, column: str, rows: Sequence[str]) -> Amount:  # noqa: ARG002
        return self.cells[row, column]

    def places(self, rows: Sequence[str]) -> list[Place]:  # noqa: ARG002
        return list(self.cells)
