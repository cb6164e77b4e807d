"""The chain ladder with Mack's standard error, for figures that grow by late registration.

T. Mack, "Distribution-free calculation of the standard error of chain ladder reserve estimates",
ASTIN Bulletin 23 (1993), 213-225. His accident years are here the months in which things
happened, and his development years the months by which they were registered.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

Triangle = Sequence[Sequence[float]]


@dataclass(frozen=True)
class Projected:
    """One origin, or all together: what is known, what is expected in the end, and its error.

    The error is null where nothing is known yet to grow from.
    """

    latest: float
    expected: float
    standard_error: float | None


@dataclass(frozen=True)
class Ladder:
    """The factor from each age to the next, its variance parameter, and what they lead to."""

    factors: tuple[float, ...]
    sigmas_squared: tuple[float, ...]
    origins: tuple[Projected, ...]
    total: Projected


def chain_ladder(triangle: Triangle) -> Ladder:
    """Project cumulative counts, one row an origin, oldest first, each row at most as long as the
    one before it and the first complete.

    ValueError unless there are three ages or more, each with an older origin to learn from.
    """
    rows = [list(row) for row in triangle]
    ages = len(rows[0]) if rows else 0
    if ages < 3:
        raise ValueError("a chain ladder takes three ages or more")
    if any(not row or len(row) > len(above) for above, row in pairwise(rows)):
        raise ValueError("each origin is known for at most as many ages as the one before it")
    pairs = [[(row[k], row[k + 1]) for row in rows if len(row) > k + 1] for k in range(ages - 1)]
    weights = [math.fsum(before for before, _ in pair) for pair in pairs]
    if not all(weights):
        raise ValueError("an age at which nothing at all is known gives no factor")
    factors = [
        math.fsum(after for _, after in pair) / weight
        for pair, weight in zip(pairs, weights, strict=True)
    ]
    sigmas = _sigmas_squared(pairs, factors)
    full = [_completed(row, factors) for row in rows]
    known = [len(row) for row in rows]
    relative = [s / f**2 if f else 0.0 for s, f in zip(sigmas, factors, strict=True)]
    errors = [_mean_square_error(*one, relative, weights) for one in zip(full, known, strict=True)]
    origins = [
        Projected(row[-1], whole[-1], None if error is None else math.sqrt(error))
        for row, whole, error in zip(rows, full, errors, strict=True)
    ]
    return Ladder(
        tuple(factors),
        tuple(sigmas),
        tuple(origins),
        _together(origins, full, known, relative, weights),
    )


def _sigmas_squared(
    pairs: Sequence[Sequence[tuple[float, float]]], factors: Sequence[float]
) -> list[float]:
    """Mack's variance parameters; the last, where one origin alone is left, by his rule."""
    found: list[float] = []
    for pair, factor in zip(pairs, factors, strict=True):
        used = [(before, after) for before, after in pair if before]
        if len(used) > 1:
            squares = (before * (after / before - factor) ** 2 for before, after in used)
            found.append(math.fsum(squares) / (len(used) - 1))
        elif len(found) > 1:
            last, one_before = found[-1], found[-2]
            found.append(min(last**2 / one_before if one_before else 0.0, last, one_before))
        else:
            found.append(found[-1] if found else 0.0)
    return found


def _completed(row: Sequence[float], factors: Sequence[float]) -> list[float]:
    full = list(row)
    for factor in factors[len(row) - 1 :]:
        full.append(full[-1] * factor)
    return full


def _mean_square_error(
    full: Sequence[float], known: int, relative: Sequence[float], weights: Sequence[float]
) -> float | None:
    """Mack's theorem 3: process and estimation error of one origin."""
    ages = range(known - 1, len(full) - 1)
    if any(not full[k] for k in ages):
        return None
    return full[-1] ** 2 * math.fsum(relative[k] * (1 / full[k] + 1 / weights[k]) for k in ages)


def _together(
    origins: Sequence[Projected],
    full: Sequence[Sequence[float]],
    known: Sequence[int],
    relative: Sequence[float],
    weights: Sequence[float],
) -> Projected:
    """The sum over origins, whose errors go together: they share the factors (Mack's corollary)."""
    square = 0.0
    for i, whole in enumerate(full):
        later = math.fsum(other[-1] for other in full[i + 1 :])
        shared = math.fsum(
            2 * relative[k] / weights[k] for k in range(known[i] - 1, len(whole) - 1)
        )
        square += (origins[i].standard_error or 0.0) ** 2 + whole[-1] * later * shared
    latest = math.fsum(origin.latest for origin in origins)
    expected = math.fsum(origin.expected for origin in origins)
    return Projected(latest, expected, math.sqrt(square))
