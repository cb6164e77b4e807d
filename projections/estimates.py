"""Estimates beyond counts, as results like any figure's: the method named, the error shown.

`low` and `high` bound an approximate 95 % interval; what it rests on is said in `meta["method"]`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from projections.aalen_johansen import cumulative_incidence
from projections.chain_ladder import Projected, chain_ladder
from projections.pending_exits import FollowedExit, expected_final

Z = 1.959963984540054  # the 97.5 % point of the normal distribution


def nowcast(revisions: Mapping[str, Any]) -> dict[str, Any]:
    """What a growing figure will come to, from its revision triangle.

    `revisions` is a result with a row for each `month` (as text) in which things happened and `age`
    (whole months after it, from 0): `value`, the figure cumulated up to then as it was known then.
    The youngest months are known at the fewest ages. ValueError if a month misses an age in
    between, or fewer than three ages are known.
    """
    months: dict[str, dict[int, float]] = {}
    for row in revisions["rows"]:
        months.setdefault(row["month"], {})[row["age"]] = row["value"]
    triangle = []
    for month, by_age in sorted(months.items()):
        if sorted(by_age) != list(range(len(by_age))):
            raise ValueError(f"{month} misses an age between 0 and {max(by_age)}")
        triangle.append([by_age[age] for age in range(len(by_age))])
    ladder = chain_ladder(triangle)
    rows = [
        {"month": month, **_projected(one)}
        for month, one in zip(sorted(months), ladder.origins, strict=True)
    ]
    method = (
        "Chain ladder; standard error by Mack (1993); 95 % interval log-normal in what is to come"
    )
    meta = {**revisions["meta"], "figure": "nowcast", "of": revisions["meta"]["figure"]}
    meta |= {"method": method, "by": ["month"], "factors": list(ladder.factors)}
    return {"meta": meta, "rows": rows, "total": _projected(ladder.total)}


def _projected(one: Projected) -> dict[str, float | None]:
    low, high = _growth_interval(one)
    return {
        "latest": one.latest,
        "expected": one.expected,
        "standard_error": one.standard_error,
        "low": low,
        "high": high,
    }


def _growth_interval(one: Projected) -> tuple[float | None, float | None]:
    """Log-normal where the figure is to grow, as Mack proposes; else normal, around it."""
    error, growth = one.standard_error, one.expected - one.latest
    if error is None:
        return None, None
    if growth <= 0:
        return one.expected - Z * error, one.expected + Z * error
    spread = math.sqrt(math.log1p((error / growth) ** 2))
    middle = math.log(growth) - spread**2 / 2
    return one.latest + math.exp(middle - Z * spread), one.latest + math.exp(middle + Z * spread)


def final_share(
    groups: Mapping[str, Sequence[FollowedExit]], by: str, meta: Mapping[str, Any]
) -> dict[str, Any]:
    """The share of exits that will be final when every window has run out, by group.

    Each group is estimated from its own returns alone. `low` and `high` are never below the
    finals there are, nor above those that are possible.
    """
    rows = [{by: code, **_share(groups[code])} for code in sorted(groups)]
    method = (
        "Kaplan-Meier probability of no return in the rest of the window; variance binomial "
        "and Greenwood; 95 % interval normal"
    )
    head = {**meta, "figure": "expected_final", "by": [by], "method": method}
    together = [one for exits in groups.values() for one in exits]
    return {"meta": head, "rows": rows, "total": _share(together)}


def _share(exits: Sequence[FollowedExit]) -> dict[str, Any]:
    found = expected_final(exits)
    counts = {"exits": found.exits, "final": found.final, "pending": found.pending}
    if not found.exits:
        return {**counts, **dict.fromkeys(("expected_share", "standard_error", "low", "high"))}
    share = (found.final + found.expected) / found.exits
    error = found.standard_error / found.exits
    least, most = found.final / found.exits, (found.final + found.pending) / found.exits
    low, high = max(least, share - Z * error), min(most, share + Z * error)
    return {
        **counts, "expected_share": share, "standard_error": error, "low": low, "high": high
    }  # fmt: skip


def competing_risks(
    spells: Iterable[tuple[int, str | None]], meta: Mapping[str, Any]
) -> dict[str, Any]:
    """The share of spells that has ended in each destination, by days since the start.

    `spells` are lengths in days with a destination, None for a spell that still runs at the
    cutoff. One row a destination, with its `spells` that ended there, the share at the end
    (`incidence`, `standard_error`, `low`, `high`) and the `curve` that leads there.
    """
    known = list(spells)
    rows = []
    for destination in sorted({ended for _, ended in known if ended is not None}):
        curve = [
            {
                "days": step.days,
                "at_risk": step.at_risk,
                "events": step.events,
                **_incidence(step.incidence, step.standard_error),
            }
            for step in cumulative_incidence(known, destination)
        ]
        last = {name: curve[-1][name] for name in ("incidence", "standard_error", "low", "high")}
        ended = sum(other == destination for _, other in known)
        rows.append({"destination": destination, "spells": ended, **last, "curve": curve})
    method = (
        "Aalen-Johansen; variance by the delta method (Marubini and Valsecchi 1995); "
        "95 % interval log-minus-log"
    )
    head = {**meta, "figure": "competing_risks", "by": ["destination"], "method": method}
    return {"meta": head, "rows": rows, "total": None}


def _incidence(share: float, error: float) -> dict[str, float]:
    low, high = log_log_interval(share, error)
    return {"incidence": share, "standard_error": error, "low": low, "high": high}


def log_log_interval(share: float, error: float) -> tuple[float, float]:
    """A 95 % interval of a probability that stays between 0 and 1, by log(-log)."""
    if not 0 < share < 1 or error <= 0:
        return share, share
    spread = Z * error / (share * abs(math.log(share)))
    return share ** math.exp(spread), share ** math.exp(-spread)
