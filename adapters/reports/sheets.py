"""How the cells of a table are arranged: a grid of rows by columns, or a list of single cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from adapters.reports.amounts import Amount, Choice, Sum

Place: TypeAlias = tuple[str, str]  # a row's name and a column's
TOTAL = "total"


class Sheet(Protocol):
    """A table's recipe, and whether each of its rows has a cell in each column."""

    @property
    def is_grid(self) -> bool: ...

    def amount(self, row: str, column: str, rows: Sequence[str]) -> Amount:
        """What a cell counts; `rows` are the names of all rows of the table, as published."""


@dataclass(frozen=True)
class Rows:
    """Rows that differ in one dimension: the published name, or the code that it stands for."""

    dimension: str
    codes: Mapping[str, Choice] = field(default_factory=dict)

    def narrowing(self, row: str) -> Mapping[str, Choice]:
        return {self.dimension: self.codes.get(row, row)}


@dataclass(frozen=True)
class Grid:
    """Columns of which the rows are a narrowing each.

    The row `total` is the column itself, counted over all, but for the columns of `summed`, where
    the report added its rows up. With `total_of_rows` it counts only those who are in some row.
    `others` are the cells that are none of this.
    """

    columns: Mapping[str, Amount]
    rows: Rows
    summed: tuple[str, ...] = ()
    total_of_rows: bool = False
    others: Mapping[Place, Amount] = field(default_factory=dict)
    is_grid: bool = True

    def amount(self, row: str, column: str, rows: Sequence[str]) -> Amount:
        if (row, column) in self.others:
            return self.others[row, column]
        amount = self.columns[column]
        if row != TOTAL:
            return amount.within(self.rows.narrowing(row))
        parts = [name for name in rows if name != TOTAL and (name, column) not in self.others]
        if column in self.summed:
            return Sum(tuple(self.amount(name, column, rows) for name in parts))
        if self.total_of_rows:
            return amount.within({self.rows.dimension: tuple(parts)})
        return amount


@dataclass(frozen=True)
class Listed:
    """Single cells, each with its own recipe."""

    cells: Mapping[Place, Amount]
    is_grid: bool = False

    def amount(self, row: str, column: str, rows: Sequence[str]) -> Amount:  # noqa: ARG002
        return self.cells[row, column]
