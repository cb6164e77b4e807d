"""Figures that say the same under two names: the stock in a series is the stock of that day.

A reader of both knows it; so must suppression, and the attack.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from projections.suppression.reading import Result

_SAME = ("of", "known_at", "position", "programme", "profile", "head", "definitions")


def stocks_in_series(results: Sequence[Result]) -> list[tuple[int, dict[str, Any]]]:
    """For each series in a set that also has stocks of one of its days: which it is, and its rows
    of that day as a stock, with the number of each row in the series under `_row`."""
    stocks = [r["meta"] for r in results if r["meta"]["figure"] == "stock" and "at" in r["meta"]]
    found: list[tuple[int, dict[str, Any]]] = []
    for number, result in enumerate(results):
        meta = result["meta"]
        if meta["figure"] != "series" or not any("stock" in row for row in result["rows"]):
            continue
        days = {s["at"] for s in stocks if all(s.get(n) == meta.get(n) for n in _SAME)}
        shown = sorted(days & {row["date"] for row in result["rows"]})
        found += [(number, _as_stock(result, day)) for day in shown]
    return found


def _as_stock(result: Result, day: str) -> dict[str, Any]:
    meta = result["meta"]
    rows = [
        {name: row[name] for name in meta["by"]} | {"persons": row["stock"], "_row": i}
        for i, row in enumerate(result["rows"])
        if row["date"] == day
    ]
    same = {name: meta[name] for name in (*_SAME, "where") if name in meta}
    head = {"figure": "stock", "at": day, "by": list(meta["by"]), **same}
    disclosure = meta.get("disclosure")
    return {"meta": head | ({"disclosure": disclosure} if disclosure else {}), "rows": rows,
            "total": None}  # fmt: skip


def bare(stock: Mapping[str, Any]) -> dict[str, Any]:
    """Such a stock without the numbers of its rows, as a table of its own."""
    rows = [{name: value for name, value in row.items() if name != "_row"} for row in stock["rows"]]
    return {**stock, "rows": rows}
