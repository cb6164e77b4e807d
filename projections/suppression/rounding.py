"""Controlled rounding: every cell to a neighbouring multiple of the base, sums kept where possible.

After Hundepool et al., Handbook on Statistical Disclosure Control, section 5.4.3: each number goes
down or up to one of the two multiples next to it (a multiple stays), so that the rounded tables
still add up, as near to the true numbers as that allows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from projections.suppression.attack import solver
from projections.suppression.cells import Cell, Relation, System

if TYPE_CHECKING:
    import highspy


@dataclass(frozen=True)
class Rounded:
    """The rounded cells, and how many relations between them could not be kept."""

    values: Mapping[Cell, int]
    broken: int


def rounded(system: System, base: int) -> Rounded:
    """All cells to multiples of `base`: first as few broken sums as can be, then the nearest."""
    import highspy  # noqa: PLC0415

    cells = sorted(system.values, key=str)
    index = {cell: i for i, cell in enumerate(cells)}
    model = solver()
    for i, cell in enumerate(cells):
        rest = system.values[cell] % base
        model.addVar(0.0, 1.0 if rest else 0.0)
        model.changeColCost(i, (base - 2 * rest) / base)
        model.changeColIntegrality(i, highspy.HighsVarType.kInteger)
    lower = {cell: math.floor(system.values[cell] / base) for cell in cells}
    slacks = [slack for r in system.relations for slack in _add(r, index, lower, len(cells), model)]
    model.run()
    solution = model.getSolution().col_value
    values = {c: base * (lower[c] + round(solution[i])) for c, i in index.items()}
    return Rounded(values, sum(solution[slack] > 0.5 for slack in slacks))


def _add(
    relation: Relation,
    index: Mapping[Cell, int],
    lower: Mapping[Cell, int],
    penalty: int,
    model: highspy.Highs,
) -> list[int]:
    """A relation between rounded cells, in multiples of the base, and what may break it."""
    import numpy as np  # noqa: PLC0415

    fixed = -sum(factor * lower[cell] for cell, factor in relation.form.items())
    slacks = [(model.getNumCol() + i, sign) for i, sign in enumerate((-1.0, 1.0))]
    for column, _ in slacks:
        model.addVar(0.0, model.getInfinity())
        model.changeColCost(column, float(penalty))
    columns = [*(index[cell] for cell in relation.form), *(column for column, _ in slacks)]
    factors = [*relation.form.values(), *(sign for _, sign in slacks)]
    least = fixed if relation.equal else -model.getInfinity()
    numbers = np.array(columns, dtype=np.int32), np.array(factors, dtype=np.float64)
    model.addRow(least, fixed, len(columns), *numbers)
    return [column for column, _ in slacks]
