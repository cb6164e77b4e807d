"""Kaplan-Meier curves fit to publish: no step that a few persons make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def thinned(curve: Sequence[Mapping[str, Any]], threshold: int) -> list[dict[str, Any]]:
    """The days of a curve that have at least `threshold` events since the last day kept, and as
    many persons at risk.

    Survival and its error are given to three decimals, and `at_risk` and `events` not at all
    (null): two days' exact numbers at risk would tell how few were censored between them.
    """
    kept, events = [], 0
    for row in curve:
        events += row["events"]
        if row["at_risk"] < threshold:
            break
        if events >= threshold:
            rounded = {name: round(row[name], 3) for name in ("survival", "se")}
            kept.append({"days": row["days"], "at_risk": None, "events": None, **rounded})
            events = 0
    return kept
