"""Figures as CSV, as Markdown, and as a table for a terminal."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

from adapters.answers import Result
from adapters.tables.labels import Labels, heading
from projections.layout import Row
from projections.question import DIMENSIONS

_NAMES = frozenset({*DIMENSIONS, "date", "horizon", "step", "next_measure", "state"})


def flat_rows(result: Result) -> list[Row]:
    """The rows as they fit a sheet: of a curve, one row for each of its days."""
    if not result.meta.get("curve"):
        return result.rows
    by = result.meta["by"]
    return [
        {name: row[name] for name in by} | point for row in result.rows for point in row["curve"]
    ]


def as_csv(result: Result) -> bytes:
    """Codes and unrounded numbers, one row each; unknown is empty, booleans true and false."""
    out = io.StringIO()
    rows = flat_rows(result)
    # The csv module leaves a lone carriage return unquoted, and readers take it for a line's end.
    returns = any("\r" in str(value) for row in rows for value in row.values())
    writer = csv.writer(
        out, lineterminator="\n", quoting=csv.QUOTE_ALL if returns else csv.QUOTE_MINIMAL
    )
    writer.writerow(_columns(result, rows))
    for row in rows:
        writer.writerow([_plain(value) for value in row.values()])
    return out.getvalue().encode()


def _plain(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value[:1] in tuple("=+-@\t\r"):
        return f"'{value}"  # a spreadsheet would run it as a formula
    return "" if value is None else value


def _columns(result: Result, rows: list[Row]) -> list[str]:
    return list(rows[0]) if rows else list(result.meta["by"]) + list(result.total or {})


def as_markdown(result: Result, labels: Labels) -> bytes:
    """A table with a title, labels in place of codes, and the total last."""
    columns, body = _laid(result, labels)
    aligned = ["---" if _is_name(name) else "---:" for name in columns]
    names = [heading(name, labels.language) for name in columns]
    lines = [_line(names), _line(aligned), *(_line(row) for row in body)]
    text = "\n".join(["**" + title(result.meta, labels) + "**", "", *lines, "", *notes(result)])
    return (text + "\n").encode()


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def as_table(result: Result, labels: Labels, *, width: int | None = None, color: bool) -> str:
    """A table for a terminal, numbers to the right, the total under a rule."""
    from rich.console import Console  # noqa: PLC0415 - slow to import
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    columns, body = _laid(result, labels)
    table = Table()
    for name in columns:
        shown = heading(name, labels.language)
        table.add_column(shown, justify="left" if _is_name(name) else "right", overflow="fold")
    totals = int(_has_total(result))
    for index, row in enumerate(body):
        last = totals and index == len(body) - 2
        table.add_row(*map(Text, row), end_section=bool(last))
    out = io.StringIO()
    console = Console(file=out, width=width or 160, force_terminal=color, highlight=False)
    console.print(Text(title(result.meta, labels)), style="bold")
    console.print(table)
    for note in notes(result):
        console.print(Text(note), style="dim")
    return out.getvalue()


def _is_name(column: str) -> bool:
    return column in _NAMES


def _has_total(result: Result) -> bool:
    return result.total is not None and bool(result.meta["by"]) and not result.meta.get("curve")


def _laid(result: Result, labels: Labels) -> tuple[list[str], list[list[str]]]:
    rows = flat_rows(result)
    columns = _columns(result, rows)
    body = [[labels.value(name, value) for name, value in row.items()] for row in rows]
    if _has_total(result) and result.total is not None:
        total = [
            labels.value(name, result.total[name]) if name in result.total else ""
            for name in columns
        ]
        total[0] = heading("total", labels.language)
        body.append(total)
    return columns, body


def title(meta: Mapping[str, Any], labels: Labels) -> str:
    """What a figure shows, in a line: its name, what of, and when."""
    language = labels.language
    said = [heading(f"figure_{meta['figure']}", language)]
    if "of" in meta:
        said.append(heading(f"kind_{meta['of']}", language))
    if meta.get("programme"):
        said.append(labels.value("programme", meta["programme"]))
    said += [
        f"{heading(name, language)} {labels.value(name, value)}"
        for name, values in meta["where"].items()
        for value in values
    ]
    if "from" in meta:
        said.append(f"{meta['from']} – {meta['to']}")
    if "at" in meta:
        said.append(f"{heading('at', language)} {meta['at']}")
    return ", ".join(said)


def notes(result: Result) -> list[str]:
    """What it takes to get the same figure again, in a line."""
    meta = result.meta
    return [
        f"known at {meta['known_at'][:19]}, position {meta['position']}, head {meta['head'][:16]}"
    ]
