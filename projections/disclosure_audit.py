"""An attack on a published set: what a reader can work out of it, cell by cell."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from projections.disclosure import Rule
from projections.suppression.assembly import Published, published, same_cells
from projections.suppression.attack import Attack
from projections.suppression.cells import TOLERANCE, Bounds, Cell
from projections.suppression.reading import Nesting, Result, Sheet, moments, nesting_of
from projections.suppression.relations import relations


@dataclass(frozen=True)
class Interval:
    """The least and most that a reader can work a cell out to be; no `high`: any number."""

    cell: Cell
    low: float
    high: float | None


@dataclass(frozen=True)
class Leak:
    """`exact`: a suppressed cell that can be worked out; `small`: one that must be below the
    threshold; `change`: a difference of two releases that must be small and is not nothing."""

    cell: Cell
    low: float
    high: float
    kind: Literal["exact", "small", "change"]


@dataclass(frozen=True)
class Audit:
    """The interval of every cell that is not printed exactly, and what leaks."""

    intervals: tuple[Interval, ...]
    leaks: tuple[Leak, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing leaks."""
        return not self.leaks


def audit(
    results: Sequence[Result],
    rule: Rule | None = None,
    *,
    earlier: Sequence[Sequence[Result]] = (),
    nesting: Nesting | None = None,
) -> Audit:
    """What a reader of published results, and of earlier published releases, can work out.

    Works on what is printed alone, and takes the reader to know the rule, that rows are sums of
    disjoint groups (but for persons by measure and the like), and that suppressed counts are not
    zero where zeros are shown. ContradictionError (a ValueError) if the cells cannot all be true.
    """
    rule = rule or Rule()
    return _Reader([results, *earlier], rule, nesting).audit()


class _Reader:
    """All releases as one reader knows them."""

    def __init__(
        self, releases: Sequence[Sequence[Result]], rule: Rule, given: Nesting | None
    ) -> None:
        self._rule = rule
        everything = [result for results in releases for result in results]
        nesting = nesting_of(everything, given)
        self._bounds: dict[Cell, Bounds] = {}
        known: dict[Cell, float] = {}
        sheets: list[Sheet] = []
        for results, numbers in zip(releases, moments(releases), strict=True):
            release = published(results, nesting, numbers)
            base = _base(results)
            sheets += release.sheets
            known |= {} if base else release.values
            for cell, bounds in self._known(release, base).items():
                self._bounds[cell] = _both(cell, self._bounds.get(cell, bounds), bounds)
        found = relations(sheets, known, nesting)
        cells = sorted(self._bounds, key=str)
        self._ceiling = max((b.high for b in self._bounds.values()), default=0.0)
        self._attack = Attack(cells, found, self._bounds)

    def _known(self, release: Published, base: int | None) -> dict[Cell, Bounds]:
        largest = max(release.values.values(), default=0.0)
        ceiling = 100.0 * (largest + 10.0 * self._rule.threshold)
        near = 0.0 if base is None else base - 1.0
        known = {
            cell: Bounds(max(0.0, value - near), value + near)
            for cell, value in release.values.items()
        }
        for cell in release.suppressed:
            known[cell] = Bounds(self._rule.least(cell), ceiling)
        return known

    def audit(self) -> Audit:
        unsure = [c for c, bounds in self._bounds.items() if bounds.low < bounds.high]
        intervals: list[Interval] = []
        leaks: list[Leak] = []
        for cell in sorted(unsure, key=str):
            low, high = self._interval({cell: 1.0}, cell.is_whole)
            free = high >= 0.5 * self._ceiling
            intervals.append(Interval(cell, low, None if free else high))
            leaks += self._leak(cell, low, high)
        leaks += self._changes()
        return Audit(tuple(intervals), tuple(leaks))

    def _interval(self, form: dict[Cell, float], whole: bool) -> tuple[float, float]:
        low, high = self._attack.extent(form)
        return (math.ceil(low - TOLERANCE), math.floor(high + TOLERANCE)) if whole else (low, high)

    def _leak(self, cell: Cell, low: float, high: float) -> Iterator[Leak]:
        rounded = self._bounds[cell].high < 0.5 * self._ceiling
        small = high < self._rule.threshold and (low > 0 or not self._rule.zeros_shown)
        if small:
            yield Leak(cell, low, high, "small")
        elif high - low < TOLERANCE and not rounded:
            yield Leak(cell, low, high, "exact")

    def _changes(self) -> Iterator[Leak]:
        for after, before in same_cells(self._bounds):
            low, high = self._interval({after: 1.0, before: -1.0}, after.is_whole)
            nothing = low <= TOLERANCE and high >= -TOLERANCE
            if not nothing and max(abs(low), abs(high)) < self._rule.threshold:
                yield Leak(after, low, high, "change")


def _both(cell: Cell, one: Bounds, other: Bounds) -> Bounds:
    """What two releases of the same number tell together. ValueError if both cannot be true."""
    low, high = max(one.low, other.low), min(one.high, other.high)
    if low > high:
        raise ValueError(f"two releases tell different numbers of {cell}")
    return Bounds(low, high)


def _base(results: Sequence[Result]) -> int | None:
    """The base that a release was rounded to, if it was."""
    bases: set[Any] = {r["meta"].get("disclosure", {}).get("base") for r in results}
    if len(bases) > 1:
        raise ValueError("some results of one release are rounded and some are not")
    found = bases.pop() if bases else None
    return None if found is None else int(found)
