"""The terminal: a table drawn by rich, numbers to the right."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from adapters.tables.grid import Grid, grid
from adapters.tables.wording import Labels
from domain.codes import Language

if TYPE_CHECKING:
    from rich.table import Table


def write(result: Mapping[str, Any], labels: Labels, language: Language) -> bytes:
    """As text without colours, as wide as its columns need."""
    return text(result, labels, language, width=10_000)


def text(
    result: Mapping[str, Any],
    labels: Labels,
    language: Language,
    *,
    width: int,
    color: bool = False,
) -> bytes:
    """As text for a terminal of some width; headings and names are broken where it is narrow."""
    from rich.console import Console  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=color, highlight=False)
    laid = grid(result, labels, language)
    console.print(Text(laid.title, style="italic"))
    console.print(_table(laid))
    for note in laid.notes:
        console.print(Text(note), style="dim")
    return ("\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n").encode()


def _table(laid: Grid) -> Table:
    """The table for a console of any width; markup in the data is shown, not obeyed."""
    from rich import box  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    drawn = Table(
        box=box.SIMPLE_HEAD,
        show_footer=False,
        pad_edge=False,
    )
    for column in laid.columns:
        justify = "left" if column.kind == "text" else "right"
        drawn.add_column(Text(column.heading), justify=justify, overflow="fold")  # type: ignore[arg-type]
    for row in laid.rows:
        drawn.add_row(*(Text(field.text) for field in row))
    if laid.total:
        drawn.add_section()
        drawn.add_row(*(Text(field.text, style="bold") for field in laid.total))
    return drawn
