"""HTML: one page that opens without a network, or a table to put into a larger one."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from adapters.tables.grid import Column, Field, Grid, grid
from adapters.tables.wording import Labels, word
from domain.codes import Language

STYLE = """\
body { font: 16px/1.45 system-ui, sans-serif; color: #111; max-width: 70rem; margin: 2rem auto; \
padding: 0 1rem; }
figure.table { margin: 0 0 2.5rem; overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; font-size: 1.15rem; padding-bottom: .4rem; }
th, td { padding: .25rem .8rem; text-align: left; vertical-align: top; }
thead th { border-bottom: 2px solid #111; vertical-align: bottom; position: sticky; top: 0; \
background: #fff; }
tbody th { font-weight: 400; }
tbody tr:nth-child(even) { background: #f3f3f3; }
tfoot th, tfoot td { border-top: 1px solid #111; font-weight: 600; }
.number { text-align: right; white-space: nowrap; }
figcaption, details { font-size: .85rem; color: #333; }
figcaption p { margin: .3rem 0; }
details dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; }
dd { margin: 0; overflow-wrap: anywhere; }
@media print { body { max-width: none; margin: 0; } thead th { position: static; } }
"""


def write(result: Mapping[str, Any], labels: Labels, language: Language) -> bytes:
    """A whole page: the table, its notes and its provenance, with no script and no link."""
    laid = grid(result, labels, language)
    title = escape(laid.title)
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n"
        f"{fragment(result, labels, language)}</body>\n</html>\n"
    ).encode()


def fragment(result: Mapping[str, Any], labels: Labels, language: Language) -> str:
    """The table as a `figure`, for a page that has `STYLE`."""
    laid = grid(result, labels, language)
    head = "".join(f'<th scope="col"{_side(c)}>{escape(c.heading)}</th>' for c in laid.columns)
    body = "".join(f"<tr>{_cells(laid.columns, row)}</tr>\n" for row in laid.rows)
    foot = f"<tfoot>\n<tr>{_cells(laid.columns, laid.total)}</tr>\n</tfoot>\n" if laid.total else ""
    notes = "".join(f"<p>{escape(note)}</p>\n" for note in laid.notes)
    return (
        f'<figure class="table">\n<table>\n<caption>{escape(laid.title)}</caption>\n'
        f"<thead>\n<tr>{head}</tr>\n</thead>\n<tbody>\n{body}</tbody>\n{foot}</table>\n"
        f"<figcaption>\n{notes}</figcaption>\n{_provenance(laid, language)}</figure>\n"
    )


def _cells(columns: tuple[Column, ...], row: tuple[Field, ...]) -> str:
    cells = []
    for column, field in zip(columns, row, strict=True):
        row_heading = column.kind == "text"
        tag = 'th scope="row"' if row_heading else "td"
        end = "th" if row_heading else "td"
        cells.append(f"<{tag}{_side(column)}>{escape(field.text)}</{end}>")
    return "".join(cells)


def _side(column: Column) -> str:
    return "" if column.kind == "text" else ' class="number"'


def _provenance(laid: Grid, language: Language) -> str:
    pairs = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>\n" for k, v in laid.provenance)
    name = escape(word("provenance", language))
    return f"<details>\n<summary>{name}</summary>\n<dl>\n{pairs}</dl>\n</details>\n"
