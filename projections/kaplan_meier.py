"""The Kaplan-Meier estimate of how long spells last, exact where a threshold is compared.

Kaplan & Meier (1958); the standard error is Greenwood's (1926).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

# Between these S is compared exactly: a million factors leave a float a billionth off at most.
_HALF_AT_LEAST: Final = 0.5 - 1e-6
_HALF_AT_MOST: Final = 0.5 + 1e-6


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
    ended, cut_off = _apart(lengths)
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


def _apart(lengths: Mapping[tuple[int, bool], int]) -> tuple[dict[int, int], dict[int, int]]:
    """How many spells were completed, and cut off, by day."""
    return (
        {days: count for (days, completed), count in lengths.items() if completed},
        {days: count for (days, completed), count in lengths.items() if not completed},
    )


def median(lengths: Mapping[tuple[int, bool], int]) -> int | None:
    """The first day on which S is a half or less, compared as fractions; None if it never is.

    A float tells far from a half, and whole numbers of thousands of digits take long: only close
    to it are they worked out.
    """
    ended, cut_off = _apart(lengths)
    left_at, risk_at = [], []
    survival = 1.0
    at_risk = sum(lengths.values())
    for days in sorted({*ended, *cut_off}):
        events = ended.get(days, 0)
        if events:
            left_at.append(at_risk - events)
            risk_at.append(at_risk)
            survival *= (at_risk - events) / at_risk
            if survival < _HALF_AT_MOST and (
                survival < _HALF_AT_LEAST or 2 * math.prod(left_at) <= math.prod(risk_at)
            ):
                return days
        at_risk -= events + cut_off.get(days, 0)
    return None
