"""Rounding to a base: the alternative to suppression that leaves no holes in a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from projections.disclosure import Rule, with_rows
from projections.suppression.assembly import true_system
from projections.suppression.cells import Cell
from projections.suppression.curves import thinned
from projections.suppression.reading import Line, Nesting, Result, Sheet
from projections.suppression.rounding import Rounded, rounded

_NUMERATORS = {"outcomes": "in_work_or_education", "returns": "returned", "funnel": "persons"}
_DENOMINATORS = {"outcomes": "reached", "returns": "exits"}


def round_to_base(
    results: Sequence[Result],
    base: int = 5,
    rule: Rule | None = None,
    *,
    nesting: Nesting | None = None,
) -> tuple[dict[str, Any], ...]:
    """The results with every count a multiple of `base`, linked tables rounded alike.

    Sums are kept where that is possible; `meta["disclosure"]["broken"]` counts those that are not.
    Shares are worked out again from the rounded counts. Means and medians of fewer than the
    rule's threshold are null, the others have one decimal.
    """
    if base < 2:
        raise ValueError("rounding to a base takes a base of 2 or more")
    rule = rule or Rule()
    system, now, _ = true_system(results, [], nesting)
    found = rounded(system, base)
    disclosure = {
        "method": "rounding",
        "base": base,
        "threshold": rule.threshold,
        "broken": found.broken,
    }
    done = []
    for result, sheet in zip(results, now.sheets, strict=True):
        rows = {
            line.index: _row(sheet, line, found, system.values, rule.threshold)
            for line in sheet.lines
        }
        done.append(with_rows(result, rows, disclosure))
    return tuple(done)


def _row(
    sheet: Sheet, line: Line, found: Rounded, true: Mapping[Cell, float], threshold: int
) -> dict[str, Any]:
    row = dict(line.row)
    for cell, _ in sheet.cells(line):
        row[cell.column] = found.values[cell]
    for column, basis in sheet.derived(line):
        if column == "curve":
            row[column] = thinned(row[column], threshold)
        elif column.startswith("share"):
            row[column] = _share(sheet, line, found.values, basis)
        elif any(true[cell] < threshold for cell in basis if cell in true):
            row[column] = None
        elif isinstance(row[column], float):
            row[column] = round(row[column], 1)
    return row


def _share(
    sheet: Sheet, line: Line, values: Mapping[Cell, int], basis: tuple[Cell, ...]
) -> float | None:
    """A share of rounded counts; null where they do not give one."""
    cells = {cell.column: cell for cell, _ in sheet.cells(line)}
    if sheet.figure in _DENOMINATORS:
        above, below = cells.get(_NUMERATORS[sheet.figure]), cells.get(_DENOMINATORS[sheet.figure])
    else:  # the last cell of the basis is the denominator, in another line or in none
        above, below = basis[0], basis[-1]
    if above is None or below is None or not values.get(below):
        return None
    return values[above] / values[below]
