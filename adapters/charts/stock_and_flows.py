"""Stock over time, with what came and went in each step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from adapters.charts import style
from adapters.tables.wording import Labels, figure_title, word
from domain.codes import Language

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GAP = float("nan")
_LINE = 0.235  # inches, of a group's name


def draw(result: Mapping[str, Any], labels: Labels, language: Language, form: style.Form) -> bytes:
    """A series: stock as lines, one a group; inflow up and outflow down, over all groups.

    A suppressed number leaves a gap, and so does a sum that it is part of.
    """
    rows, by = result["rows"], [n for n in result["meta"].get("by", ()) if n != "date"]
    groups: dict[str, dict[str, Any]] = {}
    for row in rows:
        name = style.group_name(row, by, labels, language)
        groups.setdefault(name, {})[row["date"]] = row
    stock_height = max(3.4, 0.9 + _LINE * len(groups))  # room for a list of all groups beside it
    with style.canvas(height=stock_height + 2.2) as figure:
        ratios = (stock_height, 2.2)
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=ratios)
        _stock(above, groups, language)
        _flows(below, rows, result["meta"], language)
        days = sorted({date.fromisoformat(row["date"]) for row in rows})
        style.step_ends(below, days, result["meta"].get("every", "month"), language)
        title = figure_title(result["meta"], language, labels)
        return style.finished(figure, title, result["meta"], language, form)


def _stock(axes: Axes, groups: Mapping[str, Mapping[str, Any]], language: Language) -> None:
    for i, (name, by_date) in enumerate(sorted(groups.items())):
        days = [style.day_number(date.fromisoformat(day)) for day in sorted(by_date)]
        stock = [_number(by_date[day]["stock"]) for day in sorted(by_date)]
        axes.plot(
            days,
            stock,
            linewidth=1.6,
            label=name,
            **style.line(i),
        )
    axes.set_ylim(bottom=0)
    axes.set_ylabel(f"{style.named('stock', language)} ({word('persons', language).lower()})")
    if len(groups) > 1:
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    style.counts(axes, language)


def _flows(
    axes: Axes, rows: Sequence[Mapping[str, Any]], meta: Mapping[str, Any], language: Language
) -> None:
    days = sorted({row["date"] for row in rows})
    at = [style.day_number(date.fromisoformat(day)) for day in days]
    width = 0.7 * min((after - before for before, after in pairwise(at)), default=20)
    for column, sign, i in (("inflow", 1, 0), ("outflow", -1, 1)):
        sums = [sign * sum(_number(r[column]) for r in rows if r["date"] == day) for day in days]
        axes.bar(
            at,
            sums,
            width=width,
            label=style.named(column, language),
            **style.area(i),
        )
    axes.axhline(0, color=style.INK, linewidth=0.8)
    axes.set_ylabel(word("per_step", language).format(word(meta.get("every", "month"), language)))
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    style.counts(axes, language)


def _number(value: float | None) -> float:
    return GAP if value is None else value
