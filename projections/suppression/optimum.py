"""Which further cells to suppress: the fewest that leave every small count in doubt.

Benders' decomposition of the cell suppression problem (Fischetti and Salazar-González, 2001): a
master programme with one binary per cell proposes a pattern; attacking it either finds every
demand met, or gives for each that is not a cut, "so much more of these cells must go". At the end
the master's bound is a proof of how few cells could do.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from projections.suppression.attack import Attack, opposite, solver
from projections.suppression.cells import Bounds, Cell, Demand, Form, System

ROUNDS = 300  # of master and attack, before the rest is closed by the shortest way
_DEAR = 5.0  # what a cell that is to be kept costs, in other cells
_SLACK = 1e-5  # a demand within the solver's tolerance is met


@dataclass(frozen=True)
class Choice:
    """The suppressed cells; how many any protected pattern needs; demands nothing could meet."""

    suppressed: frozenset[Cell]
    at_least: int
    hopeless: tuple[Demand, ...]


@dataclass(frozen=True)
class Cut:
    """The factors of the suppressed cells must add up to at least `least`."""

    factors: Mapping[Cell, float]
    least: float


class Selection:
    """The search for secondary suppressions in one system.

    `low` gives the least that a reader takes a suppressed cell to be; each of the `dear` cells is
    kept though a few others go for it.
    """

    def __init__(
        self,
        system: System,
        primary: Iterable[Cell],
        demands: Iterable[Demand],
        low: Mapping[Cell, float],
        dear: frozenset[Cell] = frozenset(),
    ) -> None:
        self._dear = dear
        self._system = system
        self._low = low
        self._primary = frozenset(primary)
        self._free = sorted((c for c in system.values if c not in system.fixed), key=str)
        largest = max(system.values.values(), default=0.0)
        self._room = 10.0 * largest + 100.0 * max((d.reach for d in demands), default=1.0)
        cells = sorted(system.values, key=str)
        self._attack = Attack(cells, system.relations, {c: self._bounds(c, False) for c in cells})
        self._now: set[Cell] = set()
        for cell in system.withheld:
            self._attack.learn(cell, self._bounds(cell, True))
        self._demands = [d for d in demands if self._can_be_met(d)]
        self._hopeless = tuple(d for d in demands if d not in self._demands)

    def choose(self) -> Choice:
        """The fewest cells, small and inner ones before large totals; the same every time."""
        master = _Master(self._free, self._primary, self._system.values, self._dear)
        for relation in self._system.relations:
            if relation.equal and self._has_partners(relation.form):
                master.never_alone(relation.form)
        suppressed = set(self._primary)
        for _ in range(ROUNDS):
            suppressed = master.solve()
            cuts = list(self._cuts(suppressed))
            if not cuts:
                return Choice(frozenset(suppressed), master.at_least, self._hopeless)
            for cut in cuts:
                master.add(cut)
        return Choice(frozenset(self._close(suppressed)), master.at_least, self._hopeless)

    def _has_partners(self, form: Form) -> bool:
        """Whether a suppressed cell of a sum needs another with it, and there is one to take.

        What earlier releases hide is with it already; where they print all the others, it is out.
        """
        if not self._system.withheld.isdisjoint(form):
            return False
        free = [cell for cell in form if cell not in self._system.fixed]
        return len(free) > 1 or self._primary.isdisjoint(free)

    def _can_be_met(self, demand: Demand) -> bool:
        """Whether it is met with everything suppressed that may be."""
        self._set(set(self._free))
        low, high = self._attack.extent(demand.form)
        return high - low >= demand.width - _SLACK and high >= demand.reach - _SLACK

    def _bounds(self, cell: Cell, suppressed: bool) -> Bounds:
        value = self._system.values[cell]
        if not suppressed:
            return Bounds(value, value)
        return Bounds(min(self._low[cell], value), value + self._room)

    def _set(self, suppressed: set[Cell]) -> None:
        for cell in suppressed ^ self._now:
            self._attack.learn(cell, self._bounds(cell, cell in suppressed))
        self._now = set(suppressed)

    def _cuts(self, suppressed: set[Cell], *, pointless: bool = True) -> Iterable[Cut]:
        """What a pattern lacks and, if asked, which of its cells can be worked out.

        A table that shows one demand met often shows others met too.
        """
        self._set(suppressed)
        seen = _Seen(self._attack.cells)
        for demand in self._demands:
            if not seen.meets(demand):
                yield from self._learned(demand, suppressed, seen)
        if pointless:
            for cell in sorted(suppressed - self._primary, key=str):
                if cell.is_whole and seen.spread(cell) < 1:
                    yield from self._worked_out(cell, suppressed, seen)

    def _learned(self, demand: Demand, suppressed: set[Cell], seen: _Seen) -> Iterable[Cut]:
        up = self._attack.most(demand.form)
        seen.add(up.table)
        weights = self._weights(up.costs)
        if up.value < demand.reach - _SLACK:
            yield _cut(weights, up.value - demand.true, demand.reach - demand.true, suppressed)
        if up.value - demand.true >= demand.width - _SLACK:
            return
        down = self._attack.most(opposite(demand.form))
        seen.add(down.table)
        if up.value + down.value < demand.width - _SLACK:
            below = self._weights(down.costs)
            both = {c: weights.get(c, 0.0) + below.get(c, 0.0) for c in (*weights, *below)}
            yield _cut(both, up.value + down.value, demand.width, suppressed)

    def _worked_out(self, cell: Cell, suppressed: set[Cell], seen: _Seen) -> Iterable[Cut]:
        """A secondary cell that only one whole number fits: publish it, or suppress more."""
        up, down = self._attack.most({cell: 1.0}), self._attack.most({cell: -1.0})
        seen.add(up.table)
        seen.add(down.table)
        if math.floor(up.value + _SLACK) > math.ceil(-down.value - _SLACK):
            return
        above, below = self._weights(up.costs), self._weights(down.costs)
        both = {c: above.get(c, 0.0) + below.get(c, 0.0) for c in (*above, *below)}
        cut = _cut(both, up.value + down.value, 2.0, suppressed)
        yield Cut({**cut.factors, cell: -cut.least}, 0.0)

    def _weights(self, costs: Sequence[float]) -> dict[Cell, float]:
        """How far suppressing each cell could move the bound: its reduced cost times its range."""
        found = {}
        fixed = self._system.fixed
        for cell, cost in zip(self._attack.cells, costs, strict=True):
            if abs(cost) < 1e-9 or cell in fixed:
                continue
            bounds, value = self._bounds(cell, True), self._system.values[cell]
            reach = (bounds.high - value) if cost < 0 else (value - bounds.low)
            if reach > 0:
                found[cell] = abs(cost) * reach
        return found

    def _close(self, suppressed: set[Cell]) -> set[Cell]:
        """Suppress what the cuts still name until every demand is met, and then publish what a
        reader can work out anyway, which tells nothing new."""
        while cuts := list(self._cuts(suppressed, pointless=False)):
            more = set(suppressed)
            for cut in cuts:
                left = [c for c in cut.factors if c not in more]
                if left:
                    more.add(max(left, key=lambda c: (cut.factors[c], str(c))))
            if more == suppressed:
                raise RuntimeError("the suppression could not be completed")
            suppressed = more
        self._set(suppressed)
        told = set()
        for cell in suppressed - self._primary:
            low, high = self._attack.extent({cell: 1.0})
            if high - low < _SLACK:
                told.add(cell)
        return suppressed - told


class _Seen:
    """The least and most that each cell was in the tables found possible so far."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self._index = {cell: i for i, cell in enumerate(cells)}
        self._low: Any = None
        self._high: Any = None

    def add(self, table: Sequence[float]) -> None:
        import numpy as np  # noqa: PLC0415

        found = np.asarray(table)
        self._low = found if self._low is None else np.minimum(self._low, found)
        self._high = found if self._high is None else np.maximum(self._high, found)

    def spread(self, cell: Cell) -> float:
        """How far apart a cell was in the tables seen; nought before any."""
        i = self._index[cell]
        return 0.0 if self._high is None else float(self._high[i] - self._low[i])

    def meets(self, demand: Demand) -> bool:
        """Whether the tables seen show a demand on one cell met."""
        if len(demand.form) > 1 or self._high is None:
            return False
        i = self._index[next(iter(demand.form))]
        high, low = float(self._high[i]), float(self._low[i])
        return high >= demand.reach - _SLACK and high - low >= demand.width - _SLACK


def _cut(factors: Mapping[Cell, float], moved: float, wanted: float, suppressed: set[Cell]) -> Cut:
    """By duality no pattern moves the bound further than the factors of its cells add up to.

    What the present pattern does not account for comes from inequalities that are not tight.
    A factor above what is wanted is cut down to it, which loses no whole solution.
    """
    here = sum(factor for cell, factor in factors.items() if cell in suppressed)
    least = wanted - max(0.0, moved - here)
    return Cut({cell: min(factor, least) for cell, factor in factors.items()}, least)


class _Master:
    """The choice of cells as a mixed-integer programme that grows by cuts."""

    def __init__(
        self,
        free: list[Cell],
        primary: frozenset[Cell],
        values: Mapping[Cell, float],
        dear: frozenset[Cell],
    ) -> None:
        import highspy  # noqa: PLC0415

        self._free = free
        self._index = {cell: i for i, cell in enumerate(free)}
        self._model = solver()
        self._model.setOptionValue("mip_rel_gap", 0.0)
        largest = max(values.values(), default=1.0)
        for i, cell in enumerate(free):
            self._model.addVar(1.0 if cell in primary else 0.0, 1.0)
            cost = _DEAR if cell in dear else 1.0
            self._model.changeColCost(i, cost + _preference(values[cell], largest, len(free)))
            self._model.changeColIntegrality(i, highspy.HighsVarType.kInteger)
        self.at_least = len(primary)
        self._counts_cells = not dear

    def never_alone(self, form: Form) -> None:
        """In a sum, one suppressed cell is the difference of the others: none or two at least."""
        cells = [cell for cell in form if cell in self._index]
        for alone in cells:
            self._add({cell: -1.0 if cell == alone else 1.0 for cell in cells}, 0.0)

    def add(self, cut: Cut) -> None:
        scale = 1.0 / max(cut.least, 1.0)
        self._add({c: f * scale for c, f in cut.factors.items()}, cut.least * scale - _SLACK)

    def _add(self, factors: Mapping[Cell, float], least: float) -> None:
        import numpy as np  # noqa: PLC0415

        columns = np.array([self._index[cell] for cell in factors], dtype=np.int32)
        numbers = np.array(list(factors.values()), dtype=np.float64)
        self._model.addRow(least, self._model.getInfinity(), len(columns), columns, numbers)

    def solve(self) -> set[Cell]:
        status: Any = self._model.run()
        solution = self._model.getSolution().col_value
        if len(solution) != len(self._free):
            raise RuntimeError(f"the solver found no pattern: {status}")
        # The preferences add up to less than one cell, so whole cells are the bound's whole part.
        bound = self._model.getInfo().mip_dual_bound if self._free else 0.0
        if self._counts_cells:
            self.at_least = max(self.at_least, math.floor(bound + 1e-6))
        return {cell for cell, taken in zip(self._free, solution, strict=True) if taken > 0.5}


def _preference(value: float, largest: float, cells: int) -> float:
    """A cost far below one cell's: of two patterns as small, the one that keeps large numbers."""
    return 0.5 * math.log1p(value) / (1.0 + math.log1p(largest)) / (cells + 1)
