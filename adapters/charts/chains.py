"""Chains of measures as a flow diagram: what people were in, and what came next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from textwrap import fill
from typing import TYPE_CHECKING, Any

from adapters.charts import style
from adapters.tables import numbers
from adapters.tables.wording import Labels, figure_title, label, word
from domain.codes import Language

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BAR, _GAP = 0.035, 0.03  # a node's width, and the space between two, of the whole
Flows = Mapping[tuple[str, str], int]
Nodes = Mapping[str, tuple[float, float]]  # foot and height


def draw(result: Mapping[str, Any], labels: Labels, language: Language, form: style.Form) -> bytes:
    """A band from each measure to each next one, as thick as its count; suppressed ones left out.

    ValueError if there is no count to draw.
    """
    flows: Counter[tuple[str, str]] = Counter()
    for row in result["rows"]:
        source = label("measure", row["measure"], labels, language)
        flows[source, label("next_measure", row["next_measure"], labels, language)] += (
            row["count"] or 0
        )
    flows = +flows  # a band of no width is none
    if not flows:
        raise ValueError("there is no chain to draw")
    sides = [_sums(flows, side) for side in (0, 1)]
    most = max(len(side) for side in sides)
    with style.canvas(width=9.0, height=max(4.8, 1.6 + 0.62 * most)) as figure:
        axes = figure.subplots()
        axes.set_axis_off()
        axes.set_xlim(-0.52, 1.52)
        axes.set_ylim(0, 1.06)
        left, right = (_nodes(side, flows.total(), most) for side in sides)
        _bands(axes, flows, left, right)
        _bars(axes, left, sides[0], language, on_the_right=False)
        _bars(axes, right, sides[1], language, on_the_right=True)
        for x, name in ((0.0, "from_measure"), (1.0, "to_measure")):
            side = "right" if x == 0 else "left"
            axes.text(x, 1.03, word(name, language), ha=side, fontweight="bold")
        title = figure_title(result["meta"], language, labels)
        return style.finished(figure, title, result["meta"], language, form)


def _sums(flows: Flows, side: int) -> dict[str, int]:
    """How many in all leave or reach each measure, most first."""
    sums: Counter[str] = Counter()
    for pair, count in flows.items():
        sums[pair[side]] += count
    return dict(sorted(sums.items(), key=lambda item: (-item[1], item[0])))


def _nodes(sums: Mapping[str, int], total: int, most: int) -> Nodes:
    """Each node's place, from the top down; both sides to one scale."""
    scale = (1 - _GAP * (most - 1)) / total
    top, nodes = 1.0, {}
    for name, count in sums.items():
        height = count * scale
        nodes[name] = (top - height, height)
        top -= height + _GAP
    return nodes


def _bands(axes: Axes, flows: Flows, left: Nodes, right: Nodes) -> None:
    from matplotlib.patches import PathPatch  # noqa: PLC0415
    from matplotlib.path import Path  # noqa: PLC0415

    scale = sum(height for _, height in left.values()) / sum(flows.values())
    tops = [
        {name: foot + height for name, (foot, height) in side.items()} for side in (left, right)
    ]
    sources, ends = list(left), list(right)
    order = sorted(flows, key=lambda pair: (sources.index(pair[0]), ends.index(pair[1])))
    for source, end in order:
        thick = flows[source, end] * scale
        a, b = tops[0][source], tops[1][end]
        tops[0][source] -= thick
        tops[1][end] -= thick
        x, y = _BAR, 1 - _BAR
        outline = [
            (x, a), (0.5, a), (0.5, b), (y, b),
            (y, b - thick), (0.5, b - thick), (0.5, a - thick), (x, a - thick), (x, a),
        ]  # fmt: skip
        codes = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3, Path.CLOSEPOLY]
        i = sources.index(source)
        axes.add_patch(
            PathPatch(
                Path(outline, codes),
                alpha=0.75,
                **(style.area(i + 2) | {"edgecolor": style.GREY, "linewidth": 0.5}),
            )
        )


def _bars(
    axes: Axes, nodes: Nodes, sums: Mapping[str, int], language: Language, *, on_the_right: bool
) -> None:
    x = 1 - _BAR if on_the_right else 0.0
    for name, (foot, height) in nodes.items():
        axes.bar(x, height, width=_BAR, bottom=foot, align="edge", color=style.INK)
        text = f"{fill(name, 30)} ({numbers.whole(sums[name], language)})"
        axes.text(
            1.02 if on_the_right else -0.02,
            foot + height / 2,
            text,
            ha="left" if on_the_right else "right",
            va="center",
            fontsize=9,
            linespacing=1.05,
        )
