"""CSV: labels for people, bare numbers for programs."""

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


def _cell(field: Field) -> str | int | float:
    if field.value is None or isinstance(field.value, str):
        return neutralised(field.text)
    return field.value
