"""Dwell time as Kaplan-Meier curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from adapters.charts import style
from adapters.tables import numbers
from adapters.tables.wording import Labels, figure_title, word
from domain.codes import Language
from projections.estimates import log_log_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw(result: Mapping[str, Any], labels: Labels, language: Language, form: style.Form) -> bytes:
    """One step curve a group with a `curve`, in 95 % log-log bands, and the median's level.

    A group whose curve is suppressed is left out. ValueError if none has one.
    """
    by = result["meta"].get("by", ())
    rows = [row for row in result["rows"] if row.get("curve")]
    if not rows:
        raise ValueError("the result has no curve; ask dwell for its curves")
    with style.canvas() as figure:
        axes = figure.subplots()
        axes.axhline(0.5, color=style.GREY, linewidth=0.8, linestyle=(0, (1, 3)))
        for i, row in enumerate(rows):
            name = style.group_name(row, by, labels, language)
            if row.get("spells") is not None:
                name = f"{name} (n = {numbers.whole(row['spells'], language)})"
            _curve(axes, row["curve"], name, i)
        style.percents(axes, language)
        axes.set_xlim(left=0)
        axes.xaxis.set_major_formatter(style.whole_numbers(language))
        axes.set_xlabel(word("days_since_start", language))
        axes.set_ylabel(word("at_risk_share", language))
        axes.legend(title=word("band", language), title_fontsize=9, loc="upper right")
        title = figure_title(result["meta"], language, labels)
        return style.finished(figure, title, result["meta"], language, form)


def _curve(axes: Axes, curve: Sequence[Mapping[str, Any]], name: str, i: int) -> None:
    days = [0, *(row["days"] for row in curve)]
    survival = [1.0, *(row["survival"] for row in curve)]
    bands = [(1.0, 1.0), *(log_log_interval(row["survival"], row["se"]) for row in curve)]
    ink = style.line(i)["color"]
    axes.fill_between(
        days,
        [low for low, _ in bands],
        [high for _, high in bands],
        step="post",
        facecolor=ink,
        alpha=0.13,
        linewidth=0,
    )
    for edge in zip(*bands, strict=True):
        axes.step(days, edge, where="post", color=ink, linewidth=0.5, alpha=0.7)
    axes.step(
        days,
        survival,
        where="post",
        markevery=max(1, len(days) // 8),
        linewidth=1.8,
        label=name,
        **style.line(i),
    )
