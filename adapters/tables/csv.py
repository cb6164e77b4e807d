"""CSV: labels for people, or the contract's codes for programs; bare numbers in both."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from adapters.tables.formulas import neutralised
from adapters.tables.grid import Field, grid
from adapters.tables.wording import Labels
from domain.codes import Language


def write(result: Mapping[str, Any], labels: Labels, language: Language) -> bytes:
    """UTF-8, comma, a header; numbers with a decimal point and unrounded, whatever the language.

    A suppressed cell holds its symbol. Text that a spreadsheet would run gets an apostrophe.
    """
    laid = grid(result, labels, language)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([neutralised(column.heading) for column in laid.columns])
    for row in (*laid.rows, *([laid.total] if laid.total else [])):
        writer.writerow([_cell(field) for field in row])
    return text.getvalue().encode()


def codes(result: Mapping[str, Any]) -> bytes:
    """The contract's columns and codes, without the total; of a curve, a row for each of its days.

    Unknown and suppressed are empty, booleans `true` and `false`.
    """
    rows = _flat(result)
    names = list(rows[0]) if rows else [*result["meta"]["by"], *(result.get("total") or {})]
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_plain(row.get(name)) for name in names] for row in rows)
    return text.getvalue().encode()


def _flat(result: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    rows: list[Mapping[str, Any]] = result["rows"]
    if not any("curve" in row for row in rows):
        return rows
    by = result["meta"]["by"]
    return [{name: row[name] for name in by} | point for row in rows for point in row["curve"]]


def _plain(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    return neutralised(value) if isinstance(value, str) else "" if value is None else value


def _cell(field: Field) -> str | int | float:
    if field.value is None or isinstance(field.value, str):
        return neutralised(field.text)
    return field.value
