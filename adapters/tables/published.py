"""Published tables beside the counted numbers: for a terminal, as JSON, as CSV."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from adapters.reports.published import Cell, Table
from adapters.reports.words import Naming
from adapters.tables.wording import FIGURES
from domain.codes import Language, Profile

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table as RichTable
    from rich.text import Text

_ROOM = 8  # characters of a heading before it is broken, where columns are few
_WORDS = {
    "nb": {
        "legend": "Et tall alene er både publisert og telt. 45 ≠ 47: telt 45, publisert 47; – : "
        "ikke noe å telle.",
        "figures": "telt med",
        "cells": "celler",
        "match": "stemmer",
        "no_data": "krever data som ingen hendelse har",
        "contradiction": "motsier andre",
        "unexpected": "stemmer ikke, uten at det er kjent hvorfor",
        "stale": "stemmer, men står som kjent avvik",
    },
    "en": {
        "legend": "A number alone is both published and counted. 45 ≠ 47: counted 45, published "
        "47; – : nothing to count.",
        "figures": "counted by",
        "cells": "cells",
        "match": "match",
        "no_data": "need data that no event carries",
        "contradiction": "contradict others",
        "unexpected": "do not match, and nobody knows why",
        "stale": "match, but are listed as known differences",
    },
}


class Telling(Naming):
    """The same, with the words of the comparison and the numbers of its cells."""

    def __init__(self, profile: Profile, language: Language) -> None:
        super().__init__(profile, language)
        self.words = _WORDS[language]

    def number(self, cell: Cell, number: Fraction | None) -> str:
        """A cell's published or counted number, with the decimals of the published one."""
        if number is None:
            return "–"
        shown = f"{float(number):.{cell.decimals}f}"
        return shown.replace(".", ",") if self.language == "nb" else shown

    def beside(self, cell: Cell) -> str:
        """A differing cell: the counted number, then the published."""
        return f"{self.number(cell, cell.counted)} ≠ {self.number(cell, cell.published)}"


def standing(cell: Cell) -> str:
    """What becomes of a cell in the total: it matches, differs with a reason, or out of turn."""
    if cell.is_as_expected:
        return "match" if cell.difference is None else cell.difference.why
    return "stale" if cell.matches else "unexpected"


def totals(tables: Iterable[Table]) -> dict[str, int]:
    """How many cells there are, and how many of each standing; 0 of the two that should not be."""
    found = Counter(standing(cell) for table in tables for cell in table.cells)
    names = ("match", "no_data", "contradiction", "unexpected", "stale")
    return {"cells": found.total()} | {name: found[name] for name in names}


def as_json(tables: Sequence[Table], language: Language) -> dict[str, Any]:
    """The tables and their total as JSON values; names as published, numbers not as text."""
    return {
        "tables": [
            {
                "table": table.name,
                "title": table.titles[language],
                "cells": [_cell_json(cell, language) for cell in table.cells],
            }
            for table in tables
        ],
        "total": totals(tables),
    }


def _cell_json(cell: Cell, language: Language) -> dict[str, Any]:
    return {
        "row": cell.row,
        "column": cell.column,
        "unit": cell.unit,
        "published": _number(cell, counted=False),
        "counted": _number(cell, counted=True),
        "match": cell.matches,
        "figures": list(cell.figures),
        "why": None if cell.difference is None else cell.difference.why,
        "reason": None if cell.difference is None else cell.difference.reasons[language],
    }


def _number(cell: Cell, *, counted: bool) -> int | float | None:
    number = cell.counted if counted else cell.published
    if number is None:
        return None
    return float(number) if cell.decimals else int(number)


def as_csv(tables: Iterable[Table], language: Language) -> str:
    """A row for each cell, in the columns of the JSON's cells, after the table's name."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = ("row", "column", "unit", "published", "counted", "match", "figures", "why", "reason")
    writer.writerow(("table", *names))
    for table in tables:
        for cell in table.cells:
            told = _cell_json(cell, language)
            told |= {
                "match": "true" if cell.matches else "false",
                "figures": " ".join(cell.figures),
            }
            writer.writerow([table.name, *told.values()])
    return out.getvalue()


def as_text(tables: Sequence[Table], naming: Telling, *, width: int, color: bool) -> str:
    """Every table as it was published, the total, and each differing cell with its reason."""
    from rich.console import Console  # noqa: PLC0415 - slow to import
    from rich.text import Text  # noqa: PLC0415

    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=color, highlight=False)
    console.print(Text(naming.words["legend"]), style="dim")
    for table in tables:
        console.print()
        console.print(Text(f"{table.name}  {table.titles[naming.language]}"), style="bold")
        console.print(_grid(table, naming) if table.is_grid else _list(table, naming))
        figures = [FIGURES[name][naming.language == "en"].lower() for name in table.figures]
        console.print(Text(f"{naming.words['figures']} {', '.join(figures)}"), style="dim")
    console.print()
    for line in _summary(tables, naming):
        console.print(line)
    # Rich pads every line of a table to its width.
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


def _grid(table: Table, naming: Telling) -> RichTable:
    """Rows by columns; headings break between words, so that the rows' names have the room."""
    found = {(cell.row, cell.column): cell for cell in table.cells}
    grid = _empty_table()
    names = [naming(row) for row in table.rows]
    grid.add_column("", overflow="fold", min_width=_longest_word(names))
    for column in table.columns:
        name = naming(column)
        room = min(len(name), _ROOM) if len(table.columns) <= 5 else 0
        longest = max(len(_shown(found[row, column], naming)) for row in table.rows)
        widest = max(room, longest, _longest_word([name]))
        # Too narrow a terminal may break a heading's words, but never hide a number.
        grid.add_column(name, justify="right", overflow="fold", min_width=longest, max_width=widest)
    for row, name in zip(table.rows, names, strict=True):
        grid.add_row(name, *(_shown(found[row, column], naming) for column in table.columns))
    return grid


def _longest_word(texts: Iterable[str]) -> int:
    return max(len(word) for text in texts for word in text.split())


def _list(table: Table, naming: Telling) -> RichTable:
    listed = _empty_table(header=False)
    listed.add_column(overflow="fold")
    listed.add_column(overflow="fold")
    listed.add_column(justify="right", no_wrap=True)
    last = None
    for cell in table.cells:
        row = naming(cell.row) if cell.row != last else ""
        listed.add_row(row, naming(cell.column), _shown(cell, naming))
        last = cell.row
    return listed


def _empty_table(*, header: bool = True) -> RichTable:
    from rich import box  # noqa: PLC0415
    from rich.table import Table as RichTable  # noqa: PLC0415

    return RichTable(box=box.SIMPLE_HEAD, show_header=header, pad_edge=False, padding=(0, 1))


def _shown(cell: Cell, naming: Telling) -> Text:
    from rich.text import Text  # noqa: PLC0415

    if cell.matches:
        return Text(naming.number(cell, cell.published))
    return Text(naming.beside(cell), style="bold red")


def _summary(tables: Sequence[Table], naming: Telling) -> Iterable[RenderableType]:
    """The total in a line, and under it every cell that does not simply match."""
    from rich.padding import Padding  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    words = naming.words
    said = [f"{count} {words[name]}" for name, count in totals(tables).items() if count]
    yield Text(f"{said[0]}: {', '.join(said[1:])}", style="bold")
    for name in ("no_data", "contradiction", "unexpected", "stale"):
        cells = [cell for t in tables for cell in t.cells if standing(cell) == name]
        if cells:
            yield Text(f"{len(cells)} {words[name]}:")
        for cell in cells:
            yield Padding(Text(_named(cell, naming)), (0, 0, 0, 2))


def _named(cell: Cell, naming: Telling) -> str:
    told = naming.beside(cell) if not cell.matches else naming.number(cell, cell.published)
    why = "" if cell.difference is None else f": {cell.difference.reasons[naming.language]}"
    return f"{cell.table}, {naming(cell.row)}, {naming(cell.column)}, {told}{why}"
