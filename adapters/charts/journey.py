"""One participant's journey on a line of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Literal

from adapters.charts import style
from adapters.tables.wording import Labels, label, word
from domain.codes import Language

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LANES = ("enrolment", "measure", "benefit", "duty", "exemption", "sanction", "exit")
_LISTS = {
    "enrolment": "programme", "measure": "measure", "benefit": "benefit",
    "exemption": "exemption_reason", "sanction": "sanction", "exit": "destination",
}  # fmt: skip

_SIGN = 0.0105  # of the axis, that a sign of a name takes
_ARROW: dict[str, Any] = {
    "markersize": 13,
    "markerfacecolor": "#1a1a1a",
    "markeredgecolor": "white",
}


@dataclass(frozen=True)
class _Bar:
    """A spell in its place: lane, row within the lane, days; no `stop` while it runs."""

    lane: str
    row: int
    text: str
    start: date
    stop: date | None


def draw(result: Mapping[str, Any], labels: Labels, language: Language, form: style.Form) -> bytes:
    """A result whose rows are spells: `kind` (one of LANES), `code`, `start`, `stop`.

    Days are ISO dates, the stop is the first day no longer in it, null while it runs. An exit has
    only its `start`. `meta` carries `participant` and the cutoff, `at`. ValueError on an unknown
    kind, or where nothing happened.
    """
    meta = result["meta"]
    cutoff = date.fromisoformat(meta["at"])
    bars = _placed(result["rows"], cutoff, labels, language)
    rows = {(bar.lane, bar.row) for bar in bars}
    order = sorted(rows, key=lambda row: (LANES.index(row[0]), row[1]))
    with style.canvas(width=9.0, height=1.9 + 0.52 * len(order)) as figure:
        axes = figure.subplots()
        axes.grid(visible=True, axis="x")
        axes.grid(visible=False, axis="y")
        first = min(bar.start for bar in bars)
        for bar in bars:
            y = -order.index((bar.lane, bar.row))
            _draw_bar(axes, bar, y, (first, cutoff), language)
        axes.axvline(
            style.day_number(cutoff), color=style.INK, linewidth=1.0, linestyle=(0, (2, 2))
        )
        _sides(axes, order, language)
        last = max([cutoff, *(bar.stop or bar.start for bar in bars)])
        margin = max(10, (last - first).days // 12)
        axes.set_xlim(style.day_number(first) - margin / 3, style.day_number(last) + margin)
        style.dates(axes, language)
        title = meta.get("title") or word("journey", language).format(meta.get("participant", ""))
        return style.finished(figure, str(title), meta, language, form)


def _placed(
    rows: Sequence[Mapping[str, Any]], cutoff: date, labels: Labels, language: Language
) -> list[_Bar]:
    """Spells of one kind that overlap, or whose names would, one under the other."""
    if not rows:
        raise ValueError("the journey has no spell")
    for kind in dict.fromkeys(row["kind"] for row in rows):
        if kind not in LANES:
            raise ValueError(f"no kind of spell {kind!r}; there are {', '.join(LANES)}")
    first = min(date.fromisoformat(row["start"]) for row in rows)
    sign = max(1.0, (cutoff - first).days * _SIGN)  # days that a sign of a name is wide
    ends: dict[str, list[date]] = {}
    bars = []
    for row in sorted(rows, key=lambda row: (row["start"], str(row["stop"]))):
        start = date.fromisoformat(row["start"])
        stop = date.fromisoformat(row["stop"]) if row.get("stop") else None
        lane = ends.setdefault(row["kind"], [])
        at = next((i for i, end in enumerate(lane) if end <= start), len(lane))
        text = label(_LISTS.get(row["kind"], ""), row.get("code"), labels, language)
        named = start + timedelta(days=round(sign * len(text)))
        until = start if row["kind"] == "exit" else stop or date.max
        lane[at : at + 1] = [max(until, named)]
        bars.append(_Bar(row["kind"], at, text if row.get("code") else "", start, stop))
    return bars


def _draw_bar(axes: Axes, bar: _Bar, y: int, span: tuple[date, date], language: Language) -> None:
    """A spell as a bar under its name, an exit as a mark beside it; late names end at theirs."""
    first, cutoff = span
    start = style.day_number(bar.start)
    late = (bar.start - first).days > 0.6 * (cutoff - first).days
    if bar.lane == "exit":
        axes.plot([start], [y], marker="v", markersize=11, color=style.INK)
        _name(axes, bar.text, (start, y), (-9 if late else 9, 0), "right" if late else "left")
        return
    stop = style.day_number(bar.stop or max(cutoff, bar.start))
    i = LANES.index(bar.lane)
    axes.barh(
        y - 0.15,
        stop - start,
        left=start,
        height=0.4,
        **style.area(i),
    )
    text = bar.text
    if bar.stop is None:
        text = f"{text} ({word('ongoing', language)})" if text else word("ongoing", language)
        axes.plot([stop], [y - 0.15], marker=">", zorder=4, **_ARROW)
    _name(axes, text, (stop if late else start, y + 0.22), (0, 0), "right" if late else "left")


def _name(
    axes: Axes,
    text: str,
    at: tuple[float, float],
    offset: tuple[int, int],
    side: Literal["left", "right"],
) -> None:
    axes.annotate(text, at, offset, textcoords="offset points", ha=side, va="center", fontsize=9)


def _sides(axes: Axes, order: Sequence[tuple[str, int]], language: Language) -> None:
    """The lanes' names, once each, and a line between lanes."""
    names = [word(lane, language) if row == 0 else "" for lane, row in order]
    axes.set_yticks([-i for i in range(len(order))], names)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(-len(order) + 0.4, 0.6)
    for i, (_, row) in enumerate(order):
        if row == 0 and i:
            axes.axhline(0.5 - i, color=style.PALE, linewidth=0.8)
