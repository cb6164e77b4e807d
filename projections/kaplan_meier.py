"""The Kaplan-Meier estimate of how long spells last, exact where a threshold is compared.

Kaplan & Meier (1958); the standard error is Greenwood's (1926).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Point:
    """The estimate on a day with an event: S just after it, as a fraction and as a number."""

    days: int
    at_risk: int
    events: int
    numerator: int
    denominator: int
    se: float

    @property
    def survival(self) -> float:
        return self.numerator / self.denominator


def curve(lengths: Mapping[tuple[int, bool], int]) -> Iterator[Point]:
    """The estimate from how many spells lasted how many days: completed (True) or cut off (False).

    A spell cut off on a day is still at risk on it.
    """
    ended: dict[int, int] = {}
    cut_off: dict[int, int] = {}
    for (days, completed), count in lengths.items():
        (ended if completed else cut_off)[days] = count
    at_risk = sum(lengths.values())
    numerator = denominator = 1
    spread = 0.0
    for days in sorted({*ended, *cut_off}):
        events = ended.get(days, 0)
        if events:
            left = at_risk - events
            numerator, denominator = numerator * left, denominator * at_risk
            if left:
                spread += events / (at_risk * left)
            survival = numerator / denominator
            yield Point(days, at_risk, events, numerator, denominator, survival * math.sqrt(spread))
        at_risk -= events + cut_off.get(days, 0)


def median(lengths: Mapping[tuple[int, bool], int]) -> int | None:
    """The first day on which S is a half or less, compared as fractions; None if it never is."""
    for point in curve(lengths):
        if 2 * point.numerator <= point.denominator:
            return point.days
    return None
