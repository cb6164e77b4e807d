"""A revision as JSON values: before, after and change, and the parts with the events behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

from projections.explaining.words import fact_json
from projections.revising.revision import Part, RevisedRow

P = TypeVar("P")
Whose: TypeAlias = Callable[[P], dict[str, Any]]


def row_json(row: RevisedRow[P], whose: Whose[P], most: int | None) -> dict[str, Any]:
    """A row, with up to `most` changes a cause (None: all); `whose` names the person of one."""
    return row.names | {
        "before": row.before,
        "after": row.after,
        "change": row.change(),
        "causes": [_part_json(part, whose, most) for part in row.parts],
    }


def _part_json(part: Part[P], whose: Whose[P], most: int | None) -> dict[str, Any]:
    return {
        "cause": part.cause,
        "change": {name: number for name, number in part.columns.items() if number},
        "persons": len({who for who, _, _ in part.changes}),
        "changed": len(part.changes),
        "changes": [
            whose(who)
            | {
                "change": dict(columns),
                "events": [fact_json(fact) | {"role": role} for fact, role in change.facts],
            }
            for who, change, columns in part.changes[:most]
        ],
    }
