"""What a reader can work out of a published set: the least and most that anything can be.

The library is HiGHS itself and not scipy's wrapping of it: one model keeps its basis from one
question to the next, which makes the thousands of small programmes of a report cheap, and its
reduced costs are what the choice of secondary suppressions learns from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from projections.suppression.cells import Bounds, Cell, Form, Relation


@dataclass(frozen=True)
class Most:
    """The most a form can be, a table in which it is, and each cell's reduced cost there.

    A cost below zero means that more of the cell would raise the form; above zero, less of it.
    """

    value: float
    table: Sequence[float]
    costs: Sequence[float]


class ContradictionError(ValueError):
    """The published cells cannot all be true."""


class Attack:
    """A reader's knowledge as a linear programme over the cells of a set of tables."""

    def __init__(
        self,
        cells: Sequence[Cell],
        relations: Sequence[Relation],
        bounds: Mapping[Cell, Bounds],
    ) -> None:
        self.cells = list(cells)
        self._index = {cell: i for i, cell in enumerate(self.cells)}
        self._model = solver()
        for cell in self.cells:
            self._model.addVar(bounds[cell].low, bounds[cell].high)
        infinity = self._model.getInfinity()
        for relation in relations:
            columns, factors = self._row(relation.form)
            low = 0.0 if relation.equal else -infinity
            self._model.addRow(low, 0.0, len(columns), columns, factors)

    def _row(self, form: Form) -> tuple[Any, Any]:
        import numpy as np  # noqa: PLC0415

        columns = np.array([self._index[cell] for cell in form], dtype=np.int32)
        return columns, np.array(list(form.values()), dtype=np.float64)

    def learn(self, cell: Cell, bounds: Bounds) -> None:
        """Set what is known of a cell."""
        self._model.changeColBounds(self._index[cell], bounds.low, bounds.high)

    def extent(self, form: Form) -> tuple[float, float]:
        """The least and most a form can be. ContradictionError if no table at all is possible."""
        return -self.most(opposite(form)).value, self.most(form).value

    def most(self, form: Form) -> Most:
        """The most a form can be. ContradictionError if no table at all is possible."""
        import highspy  # noqa: PLC0415

        columns, factors = self._row(form)
        self._model.changeColsCost(len(columns), columns, -factors)
        self._model.run()
        status = self._model.getModelStatus()
        value = -self._model.getInfo().objective_function_value
        solution = self._model.getSolution()
        found = Most(value, solution.col_value, solution.col_dual)
        self._model.changeColsCost(len(columns), columns, 0.0 * factors)  # forgets the solution
        if status == highspy.HighsModelStatus.kInfeasible:
            raise ContradictionError("no table fits the published cells")
        if status != highspy.HighsModelStatus.kOptimal:
            raise RuntimeError(f"the solver stopped: {status}")
        return found


def opposite(form: Form) -> dict[Cell, float]:
    return {cell: -factor for cell, factor in form.items()}


def solver() -> Any:
    """A quiet HiGHS model on one thread: the same question gets the same answer."""
    import highspy  # noqa: PLC0415

    class Quiet(highspy.Highs):
        """Its banner comes with the callbacks, before a caller could ask for silence."""

        def enableCallbacks(self) -> None:  # noqa: N802
            self.silent()
            super().enableCallbacks()  # type: ignore[no-untyped-call]

    model = Quiet()  # type: ignore[no-untyped-call]
    for option, setting in (("threads", 1), ("random_seed", 0)):
        model.setOptionValue(option, setting)
    return model
