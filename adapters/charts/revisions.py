"""The revision triangle: what was known of each month, one, two, … months later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from adapters.charts import style
from adapters.tables import numbers
from adapters.tables.wording import Labels, figure_title, word
from domain.codes import Language

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_CELL = 0.62  # inches


def draw(result: Mapping[str, Any], labels: Labels, language: Language, form: style.Form) -> bytes:
    """A cell for each `month` and `age` with its `value`, darker the nearer what is known now."""
    known = {(row["month"], row["age"]): row["value"] for row in result["rows"]}
    months = sorted({month for month, _ in known})
    ages = range(max(age for _, age in known) + 1)
    width, height = 2.6 + _CELL * len(ages), 2.2 + 0.42 * len(months)
    with style.canvas(width=max(6.5, width), height=height) as figure:
        shares = [[_share(known, month, age) for age in ages] for month in months]
        _shade(figure, shares, language)
        axes = figure.axes[0]
        for i, month in enumerate(months):
            for age in ages:
                value = known.get((month, age))
                if value is not None:
                    text = numbers.whole(round(value), language)
                    axes.text(age, i, text, ha="center", va="center", color=style.INK, fontsize=8.5)
        axes.set_xticks(list(ages), [str(age) for age in ages])
        axes.set_yticks(range(len(months)), months)
        axes.set_xlabel(word("known_after", language))
        axes.set_ylabel(word("event_month", language))
        title = figure_title(result["meta"], language, labels)
        return style.finished(figure, title, result["meta"], language, form)


def _share(known: Mapping[tuple[str, int], float | None], month: str, age: int) -> float:
    """A cell's part of the latest that is known of its month; no cell, no number (nan)."""
    ages = [a for m, a in known if m == month and known[m, a] is not None]
    value = known.get((month, age))
    latest = known.get((month, max(ages))) if ages else None
    return float("nan") if value is None or not latest else value / latest


def _shade(figure: Figure, shares: list[list[float]], language: Language) -> None:
    from matplotlib.ticker import FuncFormatter  # noqa: PLC0415

    axes = figure.subplots()
    axes.grid(visible=False)
    image = axes.imshow(shares, cmap="Greys", vmin=0.0, vmax=2.3, aspect="auto")
    bar = figure.colorbar(
        image, ax=axes, shrink=0.8, pad=0.02, boundaries=[i / 20 for i in range(21)]
    )
    bar.set_ticks([0, 0.25, 0.5, 0.75, 1.0])
    bar.ax.yaxis.set_major_formatter(
        FuncFormatter(lambda value, _: numbers.percent(round(float(value), 6), language, places=0))
    )
    bar.set_label(word("share_of_last_known", language))
