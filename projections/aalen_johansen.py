"""Competing risks: the share that has left for each destination, by days since the start.

The Aalen-Johansen estimate with the delta-method variance of E. Marubini and M.G. Valsecchi,
"Analysing Survival Data from Clinical Trials and Observational Studies" (1995), section 10.3.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """The estimate just after the exits of one day since the start."""

    days: int
    at_risk: int
    events: int  # to this destination, on this day
    incidence: float
    standard_error: float


@dataclass(frozen=True, slots=True)
class _Day:
    """One day with exits: to this destination and to any, and who stayed until then."""

    days: int
    at_risk: int
    events: int
    exits: int
    before: float  # the share that was still there just before


def cumulative_incidence(
    spells: Iterable[tuple[int, str | None]], destination: str
) -> tuple[Step, ...]:
    """Spells as their length in days and where they ended; None for one that still runs.

    One step a day with an exit to anywhere. Who is censored on a day was at risk on it.
    """
    days = list(_days(list(spells), destination))
    steps, incidence = [], 0.0
    reached: list[float] = []
    for i, day in enumerate(days):
        incidence += day.before * day.events / day.at_risk
        reached.append(incidence)
        variance = _variance(days[: i + 1], reached)
        error = math.sqrt(max(0.0, variance))
        steps.append(Step(day.days, day.at_risk, day.events, incidence, error))
    return tuple(steps)


def _days(spells: Sequence[tuple[int, str | None]], destination: str) -> Iterable[_Day]:
    leaving = Counter(days for days, _ in spells)
    exits = Counter(days for days, ended in spells if ended is not None)
    wanted = Counter(days for days, ended in spells if ended == destination)
    at_risk, still = len(spells), 1.0
    for days in sorted(leaving):
        if exits[days]:
            yield _Day(days, at_risk, wanted[days], exits[days], still)
            still *= (at_risk - exits[days]) / at_risk
        at_risk -= leaving[days]


def _variance(days: Sequence[_Day], reached: Sequence[float]) -> float:
    total = 0.0
    for day, then in zip(days, reached, strict=True):
        n, since = day.at_risk, reached[-1] - then
        if n > day.exits:
            total += since**2 * day.exits / (n * (n - day.exits))
        total += day.before**2 * day.events * (n - day.events) / n**3
        total -= 2 * since * day.before * day.events / n**2
    return total
