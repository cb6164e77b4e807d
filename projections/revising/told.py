"""A revision as JSON values: before, after and change, and the parts with the events behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from projections.explaining.words import fact_json
from projections.revising.path import Change
from projections.revising.revision import Part, RevisedRow

P = TypeVar("P")


def row_json(row: RevisedRow[P], name_of: Callable[[P], str | None]) -> dict[str, Any]:
    """A row; `name_of` gives the natural key of a person, None where there is none any more."""
    return row.names | {
        "before": row.before,
        "after": row.after,
        "change": row.change(),
        "causes": [_part_json(part, name_of) for part in row.parts],
    }


def _part_json(part: Part[P], name_of: Callable[[P], str | None]) -> dict[str, Any]:
    changes = sorted(part.changes, key=lambda one: (name_of(one[0]) or "", _first_position(one[1])))
    return {
        "cause": part.cause,
        "change": {name: number for name, number in part.columns.items() if number},
        "persons": len({who for who, _, _ in part.changes}),
        "changes": [
            {
                "participant": name_of(who),
                "change": dict(columns),
                "events": [fact_json(fact) | {"role": role} for fact, role in change.facts],
            }
            for who, change, columns in changes
        ],
    }


def _first_position(change: Change) -> int:
    return change.facts[0][0].position if change.facts else 0
