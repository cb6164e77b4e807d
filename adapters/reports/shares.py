"""Columns of shares of one whole: a share hidden alone is what the others leave of a hundred."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from adapters.reports.amounts import Amount, Ratio, Rounded, Times
from adapters.reports.sheets import TOTAL, Grid, Place, Sheet

Found = Mapping[Place, Fraction | None]


def hidden_with_another(sheet: Sheet, before: Found, after: Found) -> Found:
    """What suppression leaves of a table, less the least share of a column that hides one alone.

    `before` are the cells as counted, `after` as they may be printed. Only more is hidden, so
    nothing can be told by it.
    """
    if not isinstance(sheet, Grid):
        return after
    gone = dict(after)
    for column, amount in sheet.columns.items():
        parts = [
            place
            for place in before
            if place[1] == column and place[0] != TOTAL and place not in sheet.others
        ]
        shown = [place for place in parts if after[place]]
        hidden = [place for place in parts if before[place] is not None and after[place] is None]
        if len(hidden) == 1 and shown and _is_percent(amount) and _come_to_all(before, parts):
            gone[min(shown, key=lambda place: after[place] or 0)] = None
    return gone


def _is_percent(amount: Amount) -> bool:
    if isinstance(amount, Rounded):
        return _is_percent(amount.amount)
    return isinstance(amount, Times) and amount.factor == 100 and isinstance(amount.amount, Ratio)


def _come_to_all(found: Found, parts: list[Place]) -> bool:
    """Whether whole percentages add up to a hundred, give or take what rounding makes of each."""
    together = sum((found[place] or Fraction(0) for place in parts), Fraction(0))
    return abs(together - 100) <= Fraction(len(parts), 2)
