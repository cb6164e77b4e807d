"""Outcomes against targets, at each horizon."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.charts import style
from adapters.tables import numbers
from adapters.tables.wording import Labels, figure_title
from domain.codes import Language


def draw(result: Mapping[str, Any], labels: Labels, language: Language, form: style.Form) -> bytes:
    """A bar a horizon and group with its share and number, and a diamond at each target."""
    rows = result["rows"]
    by = [name for name in result["meta"].get("by", ()) if name != "horizon"]
    horizons = list(dict.fromkeys(row["horizon"] for row in rows))
    groups = list(dict.fromkeys(style.group_name(row, by, labels, language) for row in rows))
    width = 0.8 / len(groups)
    aims: list[tuple[float, float]] = []
    with style.canvas() as figure:
        axes = figure.subplots()
        for i, group in enumerate(groups):
            own = [r for r in rows if style.group_name(r, by, labels, language) == group]
            at = [horizons.index(r["horizon"]) + (i - (len(groups) - 1) / 2) * width for r in own]
            axes.bar(
                at,
                [row["share"] or 0.0 for row in own],
                width=0.9 * width,
                label=group if by else style.named("in_work_or_education", language),
                **style.area(i + 2),  # the lighter ones, for the targets to stand out
            )
            for x, row in zip(at, own, strict=True):
                if row["share"] is not None:
                    _annotate(axes, x, row, language)
                if row.get("target") is not None:
                    aims.append((x, row["target"]))
        if aims:
            axes.plot(
                *zip(*aims, strict=True),
                linestyle="none",
                marker="D",
                markersize=9,
                markerfacecolor="white",
                markeredgecolor=style.INK,
                markeredgewidth=1.6,
                label=style.named("target", language),
                zorder=4,
            )
        axes.set_xticks(range(len(horizons)), [horizon_name(h, language) for h in horizons])
        axes.set_xlim(-0.6, len(horizons) - 0.4)
        style.percents(axes, language)
        axes.set_ylabel(style.named("in_work_or_education", language))
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
        title = figure_title(result["meta"], language, labels)
        return style.finished(figure, title, result["meta"], language, form)


def _annotate(axes: Any, x: float, row: Mapping[str, Any], language: Language) -> None:
    """The share and how many it is of, inside the bar's foot, clear of the target's mark."""
    text = numbers.percent(row["share"], language)
    if row.get("reached") is not None:
        text += f"\nn={numbers.whole(row['reached'], language)}"
    axes.annotate(
        text,
        (x, 0),
        (0, 5),
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize=8,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
        zorder=5,
    )


def horizon_name(horizon: str, language: Language) -> str:
    """`3y` as `3 år` or `3 years`."""
    count, unit = horizon[:-1], horizon[-1:]
    words = {
        "y": (("år", "år"), ("year", "years")),
        "m": (("måned", "måneder"), ("month", "months")),
        "w": (("uke", "uker"), ("week", "weeks")),
        "d": (("dag", "dager"), ("day", "days")),
    }
    if unit not in words or not count.isdigit():
        return horizon
    return f"{count} {words[unit][language == 'en'][count != '1']}"
