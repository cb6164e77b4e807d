"""Published tables as one system of linear relations between cells.

A cell is one number with one meaning, however many tables print it; what a reader can work out
follows from the relations alone. After M. Fischetti and J.J. Salazar-González, "Solving the cell
suppression problem on tabular data with linear constraints", Management Science 47 (2001).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Value = str | bool | int | None
Dims = tuple[tuple[str, Value], ...]
TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Cell:
    """One number: a measured column of a figure for some values of some dimensions.

    `scope` says which figure, at which cutoff; `release` 0 is the set about to be published, and
    1, 2, … the earlier ones that readers already have.
    """

    scope: str
    column: str
    dims: Dims
    release: int = 0

    def __str__(self) -> str:
        where = ", ".join(f"{name}={value}" for name, value in self.dims)
        earlier = f" in earlier release {self.release}" if self.release else ""
        return f"{self.column}[{where}]{earlier}"


Form = Mapping[Cell, float]  # a linear form: what the coefficients times the cells add up to


@dataclass(frozen=True)
class Relation:
    """A linear form that is zero for every possible table or, if not `equal`, at most zero."""

    form: Form
    equal: bool = True

    def value(self, values: Mapping[Cell, float]) -> float:
        return sum(factor * values[cell] for cell, factor in self.form.items())


@dataclass(frozen=True)
class Bounds:
    """What a reader knows of one cell before working anything out; both ends included."""

    low: float
    high: float


@dataclass
class System:
    """Cells with their true values, and the relations that every reader knows.

    `fixed` cells may not be suppressed: earlier releases, and zeros where zeros are shown.
    """

    values: dict[Cell, float] = field(default_factory=dict)
    relations: list[Relation] = field(default_factory=list)
    fixed: set[Cell] = field(default_factory=set)
    withheld: set[Cell] = field(default_factory=set)  # suppressed already, in earlier releases


@dataclass(frozen=True)
class Demand:
    """What must stay possible for a linear form whose true value is small.

    Its feasible interval must reach `reach` or more, and be at least `width` wide.
    """

    form: Form
    true: float
    reach: float
    width: float
