"""Results to suppress: Aetat's office tables, and small ones made by hand."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

GROUPS = ("single_parent", "youth_20_24", "long_term")
Persons = tuple[Mapping[str, str], int]


def result(
    by: Sequence[str],
    rows: Iterable[Mapping[str, Any]],
    total: Mapping[str, Any] | None = None,
    figure: str = "stock",
    **meta: Any,
) -> dict[str, Any]:
    head = {"figure": figure, "at": "2003-12-31", "known_at": "2004-01-31", "position": 45278}
    return {
        "meta": {**head, "by": list(by), **meta},
        "rows": [dict(row) for row in rows],
        "total": dict(total) if total is not None else None,
    }


def offices() -> list[Persons]:
    """The stock of Aetat's offices in December 2003 (tables 11-30) by target group."""
    with Path(__file__).with_name("offices.csv").open(encoding="utf-8") as file:
        return [
            ({"county": row["county"], "office": row["office"], "target_group": g}, int(row[g]))
            for row in csv.DictReader(file)
            for g in GROUPS
        ]


def counted(people: Iterable[Persons], by: Sequence[str], **meta: Any) -> dict[str, Any]:
    """The stock by some dimensions, with its total; rows of zeros left out."""
    counts: Counter[tuple[str, ...]] = Counter()
    for dims, persons in people:
        counts[tuple(dims[name] for name in by)] += persons
    rows = [
        {**dict(zip(by, key, strict=True)), "persons": n} for key, n in sorted(counts.items()) if n
    ]
    return result(by, rows, {"persons": counts.total()}, **meta)


def with_margins(
    people: Sequence[Persons], rows: str, columns: str, **meta: Any
) -> list[dict[str, Any]]:
    """A two-way table with both its margins, as a report prints it."""
    return [counted(people, by, **meta) for by in ([rows, columns], [rows], [columns])]


def hidden(results: Iterable[Mapping[str, Any]]) -> int:
    """How many counts of rows and totals are null."""
    lines = [line for r in results for line in (*r["rows"], r["total"] or {})]
    return sum(value is None for line in lines for value in line.values())
