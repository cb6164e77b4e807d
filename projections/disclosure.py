"""Disclosure control: what must not be printed, so that no small count can be worked out.

Primary suppression takes the counts below a threshold; secondary suppression takes the fewest
further cells that leave each of those in doubt, over all the tables that a publication prints
together and the releases that readers have already. Means, medians and shares go with the counts
that they are worked out from. Definitions follow the Handbook on Statistical Disclosure Control
(Hundepool et al., 2nd edition 2024), chapters 4 and 5.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from projections.suppression.assembly import same_cells, true_system
from projections.suppression.cells import Cell, Demand, System
from projections.suppression.curves import thinned
from projections.suppression.optimum import Selection
from projections.suppression.reading import Line, Nesting, Result, Sheet


@dataclass(frozen=True)
class Rule:
    """What counts as small, and how its absence is shown.

    Counts above zero and below `threshold` are small; zero too, unless `zeros_shown`. With zeros
    shown a reader knows that whatever is suppressed is not zero, and that is reckoned with.
    """

    threshold: int = 4
    zeros_shown: bool = True
    symbol: str = ":"

    def __post_init__(self) -> None:
        if self.threshold < 2:
            raise ValueError("a threshold below 2 suppresses nothing")

    def is_small(self, value: float) -> bool:
        return 0 < value < self.threshold or (value == 0 and not self.zeros_shown)

    def least(self, cell: Cell) -> float:
        """The least that a reader takes a suppressed cell to be."""
        return 1.0 if self.zeros_shown and cell.is_whole else 0.0


@dataclass(frozen=True)
class Release:
    """An earlier release: the results as they truly were then, and as they were published.

    The true ones come from the log, at the position that the published ones name.
    """

    true: Sequence[Result]
    published: Sequence[Result]


@dataclass(frozen=True)
class Open:
    """A small number that earlier releases gave away, whatever is suppressed now."""

    cells: tuple[Cell, ...]
    kind: Literal["count", "change"]


@dataclass(frozen=True)
class Suppression:
    """What may be published, and what it cost. `at_least` is a proven bound: no protected
    pattern has fewer suppressed cells."""

    results: tuple[dict[str, Any], ...]
    primary: frozenset[Cell]
    secondary: frozenset[Cell]
    at_least: int
    open: tuple[Open, ...]


def suppress(
    results: Sequence[Result],
    rule: Rule | None = None,
    *,
    earlier: Sequence[Release] = (),
    nesting: Nesting | None = None,
    keep: float | None = None,
) -> Suppression:
    """The results with small counts, and what would give them away, replaced by null.

    Results of the same figure and cutoff are linked by the cells that they share; `nesting` adds
    which value of one dimension lies in which of another, `{("office", "county"): {...}}`, where
    no row carries both. Everything else is left as it was; `meta["disclosure"]` says what was
    done and lists the suppressed cells as `[row, column]`, the row null for the total. ValueError
    if two results print different numbers for one cell.

    Of these very numbers, what earlier releases hide stays hidden, and what they print is known;
    of another moment's, the change is protected. Counts of `keep` or more that at most one
    dimension splits are spared, though a few smaller ones go for each.
    """
    rule = rule or Rule()
    system, now, known = true_system(results, [(r.true, r.published) for r in earlier], nesting)
    primary = {c for c, value in now.values.items() if rule.is_small(value) or c in known.hidden}
    primary -= known.printed
    if rule.zeros_shown:
        system.fixed |= {cell for cell, value in now.values.items() if value == 0}
    low = {cell: rule.least(cell) for cell in system.values}
    told = {c for c in known.printed & now.values.keys() if rule.is_small(now.values[c])}
    dear = {c for c, v in system.values.items() if len(c.dims) <= 1 and v >= (keep or math.inf)}
    demands = _demands(system, primary, rule)
    choice = Selection(system, primary, demands, low, frozenset(dear - primary)).choose()
    done = tuple(
        _published(result, sheet, choice.suppressed | told, rule)
        for result, sheet in zip(results, now.sheets, strict=True)
    )
    hopeless = tuple(
        Open(tuple(d.form), "count" if len(d.form) == 1 else "change") for d in choice.hopeless
    )
    hopeless += tuple(Open((cell,), "count") for cell in sorted(told, key=str))
    secondary = choice.suppressed - primary
    return Suppression(done, frozenset(primary), secondary, choice.at_least, hopeless)


def _demands(system: System, primary: set[Cell], rule: Rule) -> list[Demand]:
    """A reader must not be able to rule out that a small count reaches the threshold, nor narrow
    it down to fewer than `threshold` numbers; the same for a small change between releases."""
    reach, width = float(rule.threshold), float(rule.threshold - 1)
    withheld = {cell for cell in system.withheld if rule.is_small(system.values[cell])}
    demands = [
        Demand({cell: 1.0}, system.values[cell], reach, width)
        for cell in sorted(primary | withheld, key=str)
    ]
    for after, before in same_cells(system.values):
        change = system.values[after] - system.values[before]
        if 0 < abs(change) < rule.threshold:
            demands.append(Demand({after: 1.0, before: -1.0}, change, reach, width))
    return demands


def _published(
    result: Result, sheet: Sheet, suppressed: frozenset[Cell], rule: Rule
) -> dict[str, Any]:
    rows: dict[int | None, dict[str, Any]] = {line.index: dict(line.row) for line in sheet.lines}
    gone: list[list[Any]] = []
    for line in sheet.lines:
        row = rows[line.index]
        for column in _gone(sheet, line, suppressed):
            row[column] = None
            gone.append([line.index, column])
        if row.get("curve"):
            row["curve"] = thinned(row["curve"], rule.threshold)
    disclosure = {
        "method": "suppression",
        "threshold": rule.threshold,
        "zeros_shown": rule.zeros_shown,
        "symbol": rule.symbol,
        "suppressed": gone,
    }
    return with_rows(result, rows, disclosure)


def with_rows(
    result: Result, rows: Mapping[int | None, dict[str, Any]], disclosure: Mapping[str, Any]
) -> dict[str, Any]:
    """A result with other rows (the total under None), and what was done to them."""
    return {
        **result,
        "meta": {**result["meta"], "disclosure": disclosure},
        "rows": [rows[i] for i in range(len(result["rows"]))],
        "total": rows.get(None),
    }


def _gone(sheet: Sheet, line: Line, suppressed: frozenset[Cell]) -> list[str]:
    """The columns of a line that are suppressed, or worked out from counts that are."""
    counts = {cell.column for cell, _ in sheet.cells(line) if cell in suppressed}
    derived = {name for name, basis in sheet.derived(line) if not suppressed.isdisjoint(basis)}
    return [column for column in line.row if column in counts | derived]
