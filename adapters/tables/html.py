"""HTML: one page that opens without a network, or a table to put into a larger one."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from adapters.tables.grid import Column, Field, Grid, grid
from adapters.tables.wording import Labels, word
from domain.codes import Language

STYLE = """\
:root { color-scheme: light dark; --ink: #111; --soft: #333; --paper: #fff; --band: #f3f3f3; \
--rule: #ccc; }
@media screen and (prefers-color-scheme: dark) { :root { --ink: #e8e8e8; --soft: #c4c4c4; \
--paper: #161616; --band: #262626; --rule: #4a4a4a; } }
body { font: 16px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper); \
max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
figure.table { margin: 0 0 2.5rem; overflow-x: auto; }
figure.table h2 { font-size: 1.15rem; margin: 0 0 .4rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .8rem; text-align: left; vertical-align: top; }
thead th { border-bottom: 2px solid var(--ink); vertical-align: bottom; }
tbody th { font-weight: 400; }
tbody tr:nth-child(even) { background: var(--band); }
tfoot th, tfoot td { border-top: 1px solid var(--ink); font-weight: 600; }
.number { text-align: right; }
td.number { white-space: nowrap; }
figcaption, details { font-size: .85rem; color: var(--soft); }
figcaption p { margin: .3rem 0; }
details dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; }
dd { margin: 0; overflow-wrap: anywhere; }
@media print { body { max-width: none; margin: 0; } }
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
        f'<figure class="table">\n<h2>{escape(laid.title)}</h2>\n<table>\n'
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
