"""A revision for a terminal: the rows that changed, their causes, and the events behind each."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from adapters.revising import Revised
from adapters.tables.explained import known, pairs, title
from projections.explaining.aim import ROW_LABELS
from projections.revising.causes import MEANINGS


def as_text(found: Revised, *, width: int, color: bool) -> str:
    """The revision as people read it."""
    from rich.console import Console  # noqa: PLC0415 - slow to import

    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=color, highlight=False)
    if "triangle" in found.meta:
        _show_triangle(console, found)
    else:
        _show_changes(console, found)
    return out.getvalue()


def _show_changes(console: Any, found: Revised) -> None:
    from rich.text import Text  # noqa: PLC0415

    before, after = found.meta["before"], found.meta["after"]
    console.print(Text(title(before), style="bold"))
    if title(before) != title(after):
        console.print(Text(f"  after: {title(after)}", style="bold"))
    console.print(Text(f"  before: {_asked(before)}\n  after:  {_asked(after)}", style="dim"))
    rows = found.rows if found.total is None else [*found.rows, {"total": "", **found.total}]
    changed = [row for row in rows if _differs(row)]
    for row in changed:
        _show_row(console, row)
    same = len(rows) - len(changed)
    rows_changed = "1 row" if len(changed) == 1 else f"{len(changed)} rows"
    console.print(f"\n{rows_changed} changed, {same} stayed the same")


def _asked(meta: Mapping[str, Any]) -> str:
    window = f", window {meta['window']}" if "window" in meta else ""
    return known(meta) + window


def _differs(row: Mapping[str, Any]) -> bool:
    return bool(row["before"] != row["after"] or row["causes"])


def _names(row: Mapping[str, Any]) -> str:
    own = {name: row[name] for name in row if name not in _PARTS}
    return pairs(own).strip() or "all"


_DAY_WIDTH = len("2003-12-31")
_PARTS = ("before", "after", "change", "causes")


def _show_row(console: Any, row: Mapping[str, Any]) -> None:
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console.print()
    table = Table(title=Text(_names(row)), title_justify="left", title_style="bold")
    table.add_column("")
    for name in row["after"]:
        table.add_column(name, justify="right")
    for name in ("before", "after", "change"):
        said = [pairs({"": row[name][column]}).strip() for column in row["after"]]
        table.add_row(name, *map(Text, said), end_section=name == "change")
    for part in row["causes"]:
        change = part["change"]
        told = [f"{change[name]:+d}" if name in change else "" for name in row["after"]]
        table.add_row(f"  {part['cause'].replace('_', ' ')}", *told)
    console.print(table)
    for part in row["causes"]:
        for line in _told(part):
            console.print(Text(line), soft_wrap=True)


def _told(part: Mapping[str, Any]) -> Iterator[str]:
    cause = part["cause"]
    said = f"{cause.replace('_', ' ')} ({MEANINGS[cause]})"
    yield f"  {said}: {part['persons']} {'person' if part['persons'] == 1 else 'persons'}"
    for one in part["changes"]:
        change = ", ".join(f"{name} {number:+d}" for name, number in one["change"].items())
        keys = one.get("keys", [one["participant"]])
        yield f"    {' = '.join(key or 'erased' for key in keys)}: {change}"
        for event in one["events"]:
            fields = " ".join(str(value) for value in event["fields"].values())
            recorded = event["recorded_at"][:16].replace("T", " ")
            said = f"{event['type']} {event['occurred_on']} {fields}".strip()
            role = event["role"].replace("_", " ")
            yield f"      {role}: {said}, recorded {recorded}, position {event['position']}"
    if len(part["changes"]) < part["changed"]:
        left = part["changed"] - len(part["changes"])
        yield f"    … and {left} more: --limit 0 shows all"


def _show_triangle(console: Any, found: Revised) -> None:
    """One table for each measured column: steps down, knowledge times across."""
    from rich.text import Text  # noqa: PLC0415

    meta = found.meta
    step = meta["triangle"]
    console.print(Text(title(meta), style="bold"))
    if not found.rows:
        console.print("nobody is in it, at any of the times")
        return
    labels = [step, *meta["by"], *ROW_LABELS.get(meta["figure"], ())]
    named = (*labels, "known_at", "target")
    numbers = [name for name in found.rows[0] if name not in named and _is_number(found, name)]
    for column in numbers:
        _show_growth(console, found, labels, column)
    console.print(Text(known(meta), style="dim"))


def _show_growth(console: Any, found: Revised, labels: list[str], column: str) -> None:
    """One measured column; on too narrow a screen in blocks, up to when it last changed."""
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    grid: dict[tuple[str, ...], dict[str, str]] = {}
    for row in found.rows:
        key = tuple(pairs({"": row[name]}).strip() for name in labels)
        grid.setdefault(key, {})[row["known_at"]] = pairs({"": row[column]}).strip()
    days = sorted({row["known_at"] for row in found.rows})
    narrow = sum(max(map(len, names)) + 3 for names in zip(labels, *grid, strict=True))
    fit = max(1, (console.width - narrow - 1) // (_DAY_WIDTH + 3))
    told = days if len(days) <= fit else _while_it_grows(days, list(grid.values()))
    for start in range(0, len(told), fit):
        block = told[start : start + fit]
        table = Table(title=Text(column), title_justify="left", title_style="bold")
        for name in (*labels, *block):
            table.add_column(name, justify="left" if name in labels else "right", no_wrap=True)
        for key, cells in grid.items():
            if any(day in cells for day in block):
                table.add_row(*key, *(cells.get(day, "") for day in block))
        console.print(table)
    if len(told) < len(days):
        left = len(days) - len(told)
        console.print(f"{column}: the same at the {left} later times, up to {days[-1]}")


def _while_it_grows(days: list[str], rows: list[dict[str, str]]) -> list[str]:
    """The days up to the last on which some row begins or is another than on the day before."""
    steps = enumerate(pairwise(days), 1)
    changes = [i for i, (a, b) in steps if any(row.get(a) != row.get(b) for row in rows)]
    return days[: 1 + max(changes, default=0)]


def _is_number(found: Revised, name: str) -> bool:
    """Whether a column has a number anywhere; one without any has nothing that could grow."""
    return any(isinstance(row[name], int | float) for row in found.rows)
