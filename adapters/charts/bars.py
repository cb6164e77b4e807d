"""Any figure as bars: a row a bar, its first count along the foot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.charts import style
from adapters.tables.grid import Column, Field, grid
from adapters.tables.wording import Labels, figure_title, word
from domain.codes import Language

_MOST = 40  # bars that a page has room for


def draw(result: Mapping[str, Any], labels: Labels, language: Language, form: style.Form) -> bytes:
    """Lying bars under their rows' names, each with its number; a suppressed one has its symbol.

    ValueError where there is no row, no number to draw, or more rows than can be read.
    """
    laid = grid(result, labels, language)
    at = next((i for i, column in enumerate(laid.columns) if column.kind != "text"), None)
    rows = laid.rows or ((laid.total,) if laid.total else ())
    if at is None or not rows:
        raise ValueError("there is nothing to draw: the result has no numbers")
    if len(rows) > _MOST:
        raise ValueError(f"{len(rows)} bars cannot be read, {_MOST} can; group by less")
    names = [_name(row, laid.columns) or word("all", language) for row in rows]
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


def _name(row: tuple[Field, ...], columns: tuple[Column, ...]) -> str:
    pairs = zip(row, columns, strict=True)
    return ", ".join(field.text for field, column in pairs if column.kind == "text" and field.text)


def _length(field: Field) -> float:
    return float(field.value) if isinstance(field.value, int | float) else 0.0
