"""Excel: real numbers with formats, a frozen header, notes, and where it all comes from."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from textwrap import wrap
from typing import Any

from adapters.tables.formulas import runs_as_formula
from adapters.tables.grid import Column, Field, Grid, Kind, grid, kind_of
from adapters.tables.wording import Labels, word
from domain.codes import Language

_FORBIDDEN = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))
_WIDEST = 64
_NOTE = 110  # signs of a line of notes: a printed page is as wide
_POINTS = 15  # the height of a line
_HIGHEST = 400  # points; Excel has rows of 409 at most
_A4 = 9
_HEADER_ROW = 2
_CREATED = datetime(2000, 1, 1)  # a fixed date: the same result gives the same bytes


def write(result: Mapping[str, Any], labels: Labels, language: Language) -> bytes:
    """A workbook with the table and a sheet of provenance."""
    return workbook([result], labels, language)


def workbook(
    results: Sequence[Mapping[str, Any]],
    labels: Labels,
    language: Language,
    names: Sequence[str] = (),
) -> bytes:
    """A workbook with one sheet a result, in their order, and provenance last.

    With `names`, one for each sheet, a list of contents comes first. Numbers are numbers,
    unrounded, under a format; text stays text, whatever it starts with. Excel itself shows the
    thousands and decimal signs of its reader's language.
    """
    import xlsxwriter  # noqa: PLC0415

    file = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(file, options)
    book.set_properties({"created": _CREATED})
    grids = [grid(result, labels, language) for result in results]
    first, last = word("contents", language), word("provenance", language)
    tabs = _sheet_names(names or [laid.title for laid in grids], {first.lower(), last.lower()})
    formats = _Formats(book, language)
    if names:
        _contents(book.add_worksheet(first), tabs, grids, formats)
    for tab, laid in zip(tabs, grids, strict=True):
        _table(book.add_worksheet(tab), laid, formats)
    _provenance(book.add_worksheet(last), zip(tabs, grids, strict=True), formats)
    book.close()
    return file.getvalue()


def _contents(sheet: Any, tabs: Sequence[str], grids: Sequence[Grid], formats: _Formats) -> None:
    """Each table's title, as a link to its sheet."""
    sheet.set_column(0, 0, max(map(len, tabs)) + 4)
    sheet.set_column(1, 1, 96)
    for at, (tab, laid) in enumerate(zip(tabs, grids, strict=True)):
        sheet.write_url(at, 0, f"internal:'{tab}'!A1", formats.link, tab)
        sheet.write_string(at, 1, laid.title, formats.text)
    _one_page_wide(sheet)


class _Formats:
    """The workbook's cell formats, each made once."""

    def __init__(self, book: Any, language: Language) -> None:
        percent = "0.0 %" if language == "nb" else "0.0%"
        shown: dict[Kind, str] = {"count": "#,##0", "decimal": "#,##0.0", "percent": percent}
        self.title = book.add_format({"bold": True, "font_size": 14})
        self.note = book.add_format({"italic": True, "font_color": "#444444"})
        edge = {
            "bold": True,
            "text_wrap": True,
            "valign": "vcenter",
            "bottom": 1,
            "bg_color": "#EEEEEE",
        }
        self.text_heading = book.add_format(edge)
        self.number_heading = book.add_format({**edge, "align": "right"})
        self.text = book.add_format({})
        self.wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        self.wrapped_literal = book.add_format(
            {"text_wrap": True, "valign": "top", "quote_prefix": True}
        )
        self.link = book.add_format({"font_color": "#0B4F8A", "underline": 1})
        self.literal = book.add_format({"quote_prefix": True})
        self.symbol = book.add_format({"align": "right"})
        self.numbers = {kind: book.add_format({"num_format": f}) for kind, f in shown.items()}
        foot = {"bold": True, "top": 1}
        self.total_text = book.add_format(foot)
        self.total_symbol = book.add_format({**foot, "align": "right"})
        self.total_numbers = {
            kind: book.add_format({**foot, "num_format": f}) for kind, f in shown.items()
        }


def _table(sheet: Any, laid: Grid, formats: _Formats) -> None:
    sheet.write_string(0, 0, laid.title, formats.title)
    for i, column in enumerate(laid.columns):
        head = formats.text_heading if column.kind == "text" else formats.number_heading
        sheet.write_string(_HEADER_ROW, i, column.heading, head)
        sheet.set_column(i, i, _width(laid, i))
    sheet.set_row(_HEADER_ROW, _POINTS * max(_lines(laid, i) for i in range(len(laid.columns))))
    dimensions = sum(column.kind == "text" for column in laid.columns)
    sheet.freeze_panes(_HEADER_ROW + 1, dimensions)
    at = _HEADER_ROW + 1
    for at, row in enumerate(laid.rows, start=_HEADER_ROW + 1):
        for i, (column, field) in enumerate(zip(laid.columns, row, strict=True)):
            _field(sheet, (at, i), column, field, formats, total=False)
    if laid.total:
        at += 1
        for i, (column, field) in enumerate(zip(laid.columns, laid.total, strict=True)):
            _field(sheet, (at, i), column, field, formats, total=True)
    notes = [line for note in laid.notes for line in wrap(note, _NOTE)]
    for i, note in enumerate(notes):
        sheet.write_string(at + 2 + i, 0, note, formats.note)
    sheet.repeat_rows(_HEADER_ROW)
    _one_page_wide(sheet)


def _one_page_wide(sheet: Any) -> None:
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.fit_to_pages(1, 0)


def _field(
    sheet: Any, at: tuple[int, int], column: Column, field: Field, formats: _Formats, *, total: bool
) -> None:
    if isinstance(field.value, int | float):
        numbers = formats.total_numbers if total else formats.numbers
        sheet.write_number(*at, field.value, numbers[kind_of(column, field.value)])
        return
    symbol = formats.total_symbol if total else formats.symbol
    text = formats.total_text if total else formats.text
    if runs_as_formula(field.text):
        text = formats.literal
    if field.text or total:
        sheet.write_string(*at, field.text, text if column.kind == "text" else symbol)


def _width(laid: Grid, column: int) -> int:
    """Wide enough for its cells and for each word of its heading, in signs."""
    lines = (*laid.rows, *([laid.total] if laid.total else []))
    longest = max((len(row[column].text) for row in lines), default=0)
    words = max(map(len, laid.columns[column].heading.split()), default=0)
    return min(_WIDEST, max(9, longest, words + 1) + 2)


def _lines(laid: Grid, column: int) -> int:
    """How many lines a heading takes; bold signs are wider than those that a width counts."""
    fits = max(1, int((_width(laid, column) - 1) * 0.85))
    return max(1, len(wrap(laid.columns[column].heading, fits)))


def _provenance(sheet: Any, sheets: Any, formats: _Formats) -> None:
    for column, width in enumerate((18, 14, 90)):
        sheet.set_column(column, column, width)
    at = 0
    for name, laid in sheets:
        for key, value in laid.provenance:
            sheet.write_string(at, 0, name, formats.wrapped)
            sheet.write_string(at, 1, key, formats.wrapped)
            kind = formats.wrapped_literal if runs_as_formula(value) else formats.wrapped
            sheet.write_string(at, 2, value[:32_000], kind)  # a cell holds 32,767 signs
            sheet.set_row(at, min(_HIGHEST, _POINTS * -(-len(value) // 90)))
            at += 1
    _one_page_wide(sheet)


def _sheet_names(titles: Sequence[str], taken: set[str]) -> list[str]:
    """Names that Excel allows: at most 31 signs, none of a few, no two alike."""
    names: list[str] = []
    used = set(taken)
    for title in titles:
        stem = " ".join(title.translate(_FORBIDDEN).split())[:31] or "1"
        name, number = stem, 1
        while name.lower() in used:
            number += 1
            name = f"{stem[: 31 - len(str(number)) - 1]} {number}"
        used.add(name.lower())
        names.append(name)
    return names
