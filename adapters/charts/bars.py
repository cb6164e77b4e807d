"""Any figure as bars: a row a bar, the number that says most along the foot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.charts import style
from adapters.charts.outcomes import horizon_name
from adapters.tables.grid import Column, Field, grid
from adapters.tables.wording import Labels, figure_title, word
from domain.codes import Language

_MOST = 40  # bars that a page has room for
# What tells most of a figure, where it is not its first number.
_SHOWN = {"returns": "share", "capacity": "used"}


def draw(result: Mapping[str, Any], labels: Labels, language: Language, form: style.Form) -> bytes:
    """Lying bars under their rows' names, each with its number; a suppressed one has its symbol.

    ValueError where there is no row, no number to draw, or more rows than can be read.
    """
    laid = grid(result, labels, language)
    at = _shown(result["meta"]["figure"], laid.columns)
    rows = laid.rows or ((laid.total,) if laid.total else ())
    if at is None or not rows:
        raise ValueError("there is nothing to draw: the result has no numbers")
    if len(rows) > _MOST:
        raise ValueError(f"{len(rows)} bars cannot be read, {_MOST} can; group by less")
    names = [_name(row, laid.columns, language) or word("all", language) for row in rows]
    with style.canvas(height=1.8 + 0.34 * len(rows)) as figure:
        axes = figure.subplots()
        axes.grid(visible=True, axis="x")
        axes.grid(visible=False, axis="y")
        places = [-i for i in range(len(rows))]
        lengths = [_length(row[at]) for row in rows]
        axes.barh(places, lengths, height=0.7, **style.area(0))
        for place, length, row in zip(places, lengths, rows, strict=True):
            axes.annotate(
                row[at].text, (length, place), (4, 0), textcoords="offset points", va="center"
            )
        axes.set_yticks(places, names)
        axes.set_xlim(0, max(lengths) * 1.15 or 1)
        axes.set_xlabel(laid.columns[at].heading)
        style.amounts(axes, laid.columns[at].kind, language)
        title = figure_title(result["meta"], language, labels)
        return style.finished(figure, title, result["meta"], language, form)


def _shown(figure: str, columns: tuple[Column, ...]) -> int | None:
    """Which column is drawn."""
    numbered = [i for i, column in enumerate(columns) if column.kind != "text"]
    best = [i for i in numbered if columns[i].name == _SHOWN.get(figure)]
    return next(iter(best or numbered), None)


def _name(row: tuple[Field, ...], columns: tuple[Column, ...], language: Language) -> str:
    said = []
    for field, column in zip(row, columns, strict=True):
        if column.name == "months":  # of returns: not a number of theirs, but how long after
            said.append(horizon_name(f"{field.value}m", language))
        elif column.kind == "text" and field.text:
            said.append(field.text)
    return ", ".join(said)


def _length(field: Field) -> float:
    return float(field.value) if isinstance(field.value, int | float) else 0.0
