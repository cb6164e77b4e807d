"""What pending exits will probably become: how many stay out for the whole window."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FollowedExit:
    """An exit and what followed.

    `days` is from the exit to the return, if the person `returned`, else to the cutoff;
    `window_days` from the exit to the last day on which a return counts, inclusive.
    """

    days: int
    window_days: int
    returned: bool

    @property
    def pending(self) -> bool:
        return not self.returned and self.days < self.window_days

    @property
    def final(self) -> bool:
        return not self.returned and not self.pending


@dataclass(frozen=True)
class ExpectedFinal:
    """Counts, the expected number of the pending that end as final, and its standard error."""

    exits: int
    final: int
    pending: int
    expected: float
    standard_error: float


def expected_final(exits: Sequence[FollowedExit]) -> ExpectedFinal:
    """A pending exit stays out with the Kaplan-Meier probability of no return in what is left of
    its window, given none so far.

    The variance adds the chance of each exit (binomial) to that of the estimate (Greenwood's
    terms, summed with their common factors by the delta method).
    """
    hazards = _hazards(exits)
    pending = [one for one in exits if one.pending]
    stays = [
        math.prod(1 - d / n for day, (d, n) in hazards.items() if one.days < day <= one.window_days)
        for one in pending
    ]
    variance = math.fsum(p * (1 - p) for p in stays)
    for day, (d, n) in hazards.items():
        open_then = (
            p for p, one in zip(stays, pending, strict=True) if one.days < day <= one.window_days
        )
        if n > d:
            variance += math.fsum(open_then) ** 2 * d / (n * (n - d))
    final = sum(one.final for one in exits)
    return ExpectedFinal(len(exits), final, len(pending), math.fsum(stays), math.sqrt(variance))


def _hazards(exits: Sequence[FollowedExit]) -> dict[int, tuple[int, int]]:
    """For each day with a return: how many returned, of how many who could have."""
    last = Counter(one.days if one.returned else min(one.days, one.window_days) for one in exits)
    returns = Counter(one.days for one in exits if one.returned)
    found, at_risk = {}, len(exits)
    for day in sorted(last):
        if returns[day]:
            found[day] = (returns[day], at_risk)
        at_risk -= last[day]
    return found
