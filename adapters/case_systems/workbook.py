"""Rows of an Excel workbook (.xlsx), for a list that a mapping file reads.

Dates and numbers come as what they are, not as they are shown: no format of the mapping is needed
for them. A formula counts for the value that was saved with it.
"""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Final, TypeAlias

from adapters.errors import WrongUseError

_ZIP: Final = b"PK\x03\x04"
_OLD: Final = b"\xd0\xcf\x11\xe0"  # a compound file: .xls, or a workbook with a password
_LAST_SERIAL: Final = 2_958_465  # 9999-12-31
Typed: TypeAlias = datetime | int | float


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row: its sheet, its number as Excel shows it, its cells as text, those of them that are
    dates or numbers, and the columns whose cell cannot be read, with why."""

    sheet: str
    number: int
    cells: Mapping[str, str]
    typed: Mapping[str, Typed]
    wrong: Mapping[str, str]
    surplus: int = 0


@dataclass(slots=True)
class Workbook:
    """What a workbook holds; `left_out` are the sheets that are not of the list."""

    rows: Iterator[SheetRow]
    left_out: list[str] = field(default_factory=list)


def is_workbook(content: bytes) -> bool:
    """Whether some bytes are a workbook; WrongUseError where they are one of the old kind."""
    if content.startswith(_OLD):
        raise WrongUseError(
            "an .xls workbook, or one with a password; save it as .xlsx, without one, or as CSV"
        )
    return content.startswith(_ZIP)


def read_workbook(
    content: bytes, sheets: Sequence[str], header: int, columns: Sequence[str]
) -> Workbook:
    """The rows of some sheets; without names, of every sheet that has the columns.

    `header` is the row that has the names of the columns. Raises WrongUseError where it is no
    workbook, or has no such sheet.
    """
    values, formulas = _opened(content, data_only=True), _opened(content, data_only=False)
    titles = [sheet.title for sheet in values.worksheets]
    missing = [name for name in sheets if name not in titles]
    if missing:
        have = ", ".join(titles)
        raise WrongUseError(f"the workbook has no sheet {missing[0]!r}; it has {have}")
    wanted = list(sheets) or [t for t in titles if _has(values[t], header, columns)]
    if not wanted:
        named = ", ".join(columns)
        raise WrongUseError(
            f"no sheet has the columns {named} in row {header}; name the sheets, or the header's "
            "row, in the mapping"
        )
    rows = (row for title in wanted for row in _rows(values[title], formulas[title], header))
    return Workbook(rows, [title for title in titles if title not in wanted])


def _opened(content: bytes, *, data_only: bool) -> Any:
    try:
        from openpyxl import load_workbook  # noqa: PLC0415
    except ImportError:
        raise WrongUseError(
            "to read a workbook, install openpyxl: pip install 'forlop[excel]'; or save it as CSV"
        ) from None
    try:
        with warnings.catch_warnings():  # of styles and rules for entry, which nothing here reads
            warnings.simplefilter("ignore")
            return load_workbook(io.BytesIO(content), read_only=True, data_only=data_only)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, SyntaxError) as error:
        raise WrongUseError(f"does not read as a workbook (.xlsx): {error}") from None


def _has(sheet: Any, header: int, columns: Sequence[str]) -> bool:
    return set(columns) <= {name for name in _names(sheet, header) if name is not None}


def _names(sheet: Any, header: int) -> list[str | None]:
    for row in sheet.iter_rows(min_row=header, max_row=header):
        return [None if cell.value is None else str(cell.value).strip() for cell in row]
    return []


def _rows(sheet: Any, formulas: Any, header: int) -> Iterator[SheetRow]:
    names, first = _names(sheet, header), header + 1
    both = zip(sheet.iter_rows(min_row=first), formulas.iter_rows(min_row=first), strict=False)
    for number, (row, behind) in enumerate(both, first):
        cells: dict[str, str] = {name: "" for name in names if name}
        typed: dict[str, Typed] = {}
        wrong: dict[str, str] = {}
        surplus = 0
        padded = [*names, *[None] * (len(row) - len(names))]
        for name, cell, formula in zip(padded, row, behind, strict=False):
            value = cell.value
            if not name:
                surplus += value is not None
            elif value is None:
                if str(formula.value or "").startswith("="):
                    wrong[name] = "a formula whose value is not saved; open it in Excel, and save"
            elif cell.data_type == "e":
                cells[name], wrong[name] = str(value), "an error of a formula; put its value there"
            else:
                cells[name] = _take(name, value, cell, typed)
        if surplus or wrong or any(text.strip() for text in cells.values()):
            yield SheetRow(sheet.title, number, cells, typed, wrong, surplus)


def _take(name: str, value: Any, cell: Any, typed: dict[str, Typed]) -> str:
    """A cell as text; a date or a number among those that are typed."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        typed[name] = value
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    if isinstance(value, (int, float)):
        if "%" in (cell.number_format or ""):
            value = round(value * 100, 6)
        value = int(value) if float(value).is_integer() else value
        typed[name] = value
        return str(value)
    return str(value)


def day_of_serial(number: Typed) -> datetime | None:
    """The day that a number is in Excel, where it can be one: counted from 1899-12-30."""
    if isinstance(number, datetime):
        return number
    if not 0 < number <= _LAST_SERIAL:
        return None
    return datetime.combine(date(1899, 12, 30), time()) + timedelta(days=number)
