"""Markdown: a pipe table that also reads well as plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.tables.grid import Field, grid
from adapters.tables.wording import Labels
from domain.codes import Language


def write(result: Mapping[str, Any], labels: Labels, language: Language) -> bytes:
    """A heading, the table with numbers to the right, and the notes."""
    laid = grid(result, labels, language)
    lines = [[_escaped(column.heading) for column in laid.columns]]
    lines += [[_escaped(field.text) for field in row] for row in laid.rows]
    if laid.total:
        lines.append([_bold(field) for field in laid.total])
    to_the_right = [column.kind != "text" for column in laid.columns]
    widths = [max(3, *map(len, column)) for column in zip(*lines, strict=True)]
    rule = [
        "-" * (w - 1) + ":" if r else "-" * w for w, r in zip(widths, to_the_right, strict=True)
    ]
    head, *body = (_line(line, widths, to_the_right) for line in lines)
    table = "\n".join([head, _line(rule, widths, to_the_right), *body])
    notes = "\n".join(f"- {_escaped(note)}" for note in laid.notes)
    return f"## {_escaped(laid.title)}\n\n{table}\n\n{notes}\n".encode()


def _line(cells: Sequence[str], widths: Sequence[int], to_the_right: Sequence[bool]) -> str:
    padded = (
        cell.rjust(width) if right else cell.ljust(width)
        for cell, width, right in zip(cells, widths, to_the_right, strict=True)
    )
    return f"| {' | '.join(padded)} |"


def _bold(field: Field) -> str:
    return f"**{_escaped(field.text)}**" if field.text else ""


def _escaped(text: str) -> str:
    """Signs that would end a cell or start markup, made plain; no line breaks."""
    for sign in "\\|*_`<[#":
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split("\n"))
