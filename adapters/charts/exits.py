"""Exits by month: final, returned, or not yet known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.charts import style
from adapters.tables import numbers
from adapters.tables.wording import Labels, figure_title
from domain.codes import Language

_CLASSES = ("final", "returned", "pending")


def draw(result: Mapping[str, Any], labels: Labels, language: Language, form: style.Form) -> bytes:
    """Stacked bars, one a month (or quarter, or year), over all other dimensions.

    A month of which a class is suppressed is left blank. ValueError without such a dimension.
    """
    by = result["meta"].get("by", ())
    step = next((name for name in ("month", "quarter", "year") if name in by), None)
    if step is None:
        raise ValueError("the exits are not by month, quarter or year")
    months = sorted({row[step] for row in result["rows"]})
    with style.canvas(width=max(7.0, 3.0 + 0.42 * len(months))) as figure:
        axes = figure.subplots()
        heights = [0.0] * len(months)
        for i, name in enumerate(_CLASSES):
            sums = [_sum(result, step, month, name) for month in months]
            axes.bar(
                range(len(months)),
                sums,
                bottom=heights,
                label=style.named(name, language),
                **style.area(i),
            )
            heights = [h + s for h, s in zip(heights, sums, strict=True)]
        for at, height in enumerate(heights):
            if height:
                text = numbers.whole(round(height), language)
                axes.annotate(text, (at, height), (0, 3), textcoords="offset points", ha="center")
        axes.set_xticks(range(len(months)), months, rotation=45 if len(months) > 8 else 0)
        axes.set_ylabel(style.named("exits", language))
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), reverse=True)
        style.counts(axes, language)
        title = figure_title(result["meta"], language, labels)
        return style.finished(figure, title, result["meta"], language, form)


def _sum(result: Mapping[str, Any], step: str, month: str, column: str) -> float:
    rows = [row for row in result["rows"] if row[step] == month]
    if any(row[name] is None for row in rows for name in _CLASSES):
        return 0.0
    return float(sum(row[column] for row in rows))
