"""What all charts look like: legible without colour, and saying what they show and whence.

Groups differ by line style and marker or by hatch, so that a photocopy loses nothing; the greys
and the one blue only help.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from textwrap import fill
from typing import TYPE_CHECKING, Any, Literal

from adapters.tables import numbers
from adapters.tables.grid import Kind, shown, source_line
from adapters.tables.wording import Labels, heading, label, word
from domain.codes import Language

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter

Form = Literal["svg", "png"]
INK, GREY, PALE, BLUE = "#1a1a1a", "#6b6b6b", "#d9d9d9", "#0b4f8a"
FILLS = ("#1f4e79", "#ffffff", "#9db7d1", "#e3e3e3", "#8a8a8a", "#cfe0f0")
HATCHES = ("", "////", "..", "xx", "", "\\\\\\\\")
LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)))
MARKERS = ("o", "s", "^", "D", "v", "P")
LINE_INKS = (INK, BLUE, GREY, "#8a4b08", "#000000", "#3f7fbf")
_MONTHS = {
    "nb": "jan. feb. mars april mai juni juli aug. sep. okt. nov. des.".split(),  # noqa: SIM905
    "en": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(),  # noqa: SIM905
}
_SETTINGS: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 10.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": PALE,
    "grid.linewidth": 0.7,
    "hatch.linewidth": 0.6,
    "legend.frameon": False,
    "svg.hashsalt": "forlop",
    "svg.fonttype": "path",
}
PER_INCH = 150
_EPOCH = date(1970, 1, 1)


def line(i: int) -> dict[str, Any]:
    """How the line of group `i` is drawn: 36 groups before two are alike."""
    return {
        "linestyle": LINES[i % len(LINES)],
        "marker": MARKERS[(i + i // len(LINES)) % len(MARKERS)],
        "color": LINE_INKS[i % len(LINE_INKS)],
        "markersize": 4.5,
    }


def area(i: int) -> dict[str, Any]:
    """How the bars of class `i` are filled."""
    return {
        "facecolor": FILLS[i % len(FILLS)],
        "hatch": HATCHES[i % len(HATCHES)],
        "edgecolor": INK,
        "linewidth": 0.7,
    }


@contextmanager
def canvas(width: float = 8.0, height: float = 4.8) -> Iterator[Figure]:
    """A blank figure, `width` by `height` inches, under the house's settings."""
    import matplotlib as mpl  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    with mpl.rc_context(_SETTINGS):
        yield Figure(figsize=(width, height), layout="constrained")


def finished(
    figure: Figure, title: str, meta: Mapping[str, Any], language: Language, form: Form
) -> bytes:
    """The figure under its title and above its source, as bytes; each time the same ones."""
    wide = int(figure.get_figwidth() * 16)  # signs of the notes to a line
    heading_text = figure.suptitle(
        fill(title, int(wide * 0.52)), x=0.01, ha="left", fontsize=13, fontweight="bold"
    )
    heading_text.set_linespacing(1.15)
    notes = [*map(str, meta.get("notes", ())), *_suppressed(meta, language)]
    lines = [*notes, source_line(meta, language)]
    if meta.get("method"):
        lines.insert(-1, f"{word('method', language)}: {meta['method']}.")
    figure.supxlabel(
        "\n".join(fill(line, wide) for line in lines), x=0.01, ha="left", fontsize=8, color=GREY
    )
    buffer = io.BytesIO()
    about = {"Title": title, "Date": None} if form == "svg" else {"Title": title, "Software": None}
    figure.savefig(buffer, format=form, dpi=PER_INCH, metadata=about, facecolor="white")
    return buffer.getvalue()


def _suppressed(meta: Mapping[str, Any], language: Language) -> list[str]:
    if not meta.get("disclosure", {}).get("suppressed"):
        return []
    return [word("gaps", language).format(meta["disclosure"]["threshold"])]


def counts(axes: Axes, language: Language) -> None:
    """Whole numbers up the side, written as people write them."""
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415

    axes.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    axes.yaxis.set_major_formatter(whole_numbers(language))


def whole_numbers(language: Language) -> FuncFormatter:
    """An axis's numbers, without their sign: below nought is what went."""
    from matplotlib.ticker import FuncFormatter  # noqa: PLC0415

    return FuncFormatter(lambda value, _: numbers.whole(abs(value), language))


def percents(axes: Axes, language: Language) -> None:
    """Shares from nought to one up the side, as percentages."""
    from matplotlib.ticker import FuncFormatter  # noqa: PLC0415

    axes.set_ylim(0, 1.0)
    axes.yaxis.set_major_formatter(
        FuncFormatter(lambda value, _: numbers.percent(round(float(value), 6), language, places=0))
    )


def amounts(axes: Axes, kind: Kind, language: Language) -> None:
    """Numbers of a kind along the foot, written as people write them."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator  # noqa: PLC0415

    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=kind == "count"))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: shown(value, kind, language)))


def day_number(day: date) -> int:
    """A day on an axis: days since 1970, as the library counts them."""
    return (day - _EPOCH).days


def dates(axes: Axes, language: Language) -> None:
    """Days along the foot, as month and year."""
    from matplotlib.dates import AutoDateLocator  # noqa: PLC0415
    from matplotlib.ticker import FuncFormatter  # noqa: PLC0415

    locator = AutoDateLocator(minticks=3, maxticks=9)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value, language)))


def _tick(number: float, language: Language) -> str:
    day = _EPOCH + timedelta(days=round(number))
    return month_name(day, language, with_day=day.day != 1)


def step_ends(axes: Axes, days: Sequence[date], every: str, language: Language) -> None:
    """The last days of steps along the foot, each under its own month's name, at most a dozen."""
    shown = days[:: -(-len(days) // 12)] if days else []
    with_day = every in ("day", "week")
    names = [month_name(day, language, with_day=with_day) for day in shown]
    axes.set_xticks([day_number(day) for day in shown], names)


def month_name(day: date, language: Language, *, with_day: bool = False) -> str:
    """`des.` over `2003`, or `31. des.` over it."""
    day_of = f"{day.day}. " if language == "nb" else f"{day.day} "
    return f"{day_of if with_day else ''}{_MONTHS[language][day.month - 1]}\n{day.year}"


def group_name(
    row: Mapping[str, Any], by: Sequence[str], labels: Labels, language: Language
) -> str:
    """What a row is about, in words: its dimensions' labels, or all."""
    names = [label(name, row[name], labels, language) for name in by if name in row]
    return ", ".join(names) or word("all", language)


def named(column: str, language: Language) -> str:
    return heading(column, language)
