"""A report out of its TOML file: title, figures, amounts, rows, columns, cells, and what is said.

What is wrong in the file is named by file and line, all of it at once (BadFileError).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final, cast

from adapters.answers import Asked, checked, settle_at
from adapters.errors import WrongUseError
from adapters.reports.amounts import Choice
from adapters.reports.reading import Place, Reader
from adapters.reports.sheets import Grid, Listed, Rows, Sheet, TotalIs
from adapters.toml_file import TomlFile, is_text, is_texts
from domain.calendar import Length, Period, end_of_day, parse_known_at
from domain.codes import Language, Profile
from projections.question import QuestionError, Value, read_where

_TEXTS: Final = ("title", "source")
_TOP: Final = (
    *(f"{name}_{language}" for name in (*_TEXTS, "notes") for language in ("nb", "en")),
    "publication",
    "number",
    "layout",
    "suppress",
    "chart",
    "labels",
    "figures",
    "amounts",
    "rows",
    "columns",
    "cells",
)
_ROWS: Final = ("by", "values", "codes", "total", "total_only")
_TOTALS: Final = ("counted", "sum", "rows", "none")
_ARGUMENTS: Final = (
    "figure", "at", "known_at", "from", "to", "of", "programme", "where", "by", "every", "window",
    "horizons", "targets", "ages", "curve",
)  # fmt: skip


@dataclass(frozen=True)
class Report:
    """One table to be counted, with all that is printed around it.

    `rows` are its rows in order, without the total; empty where they are whatever is counted.
    Reports of one `publication` are on one page and are suppressed together. `chart` is `bars`, of
    the table itself, or the name of one of `figures`.
    """

    name: str
    text: str
    titles: Mapping[Language, str]
    sheet: Sheet
    sources: Mapping[Language, str]
    notes: Mapping[Language, tuple[str, ...]]
    publication: str
    number: int
    suppresses: bool
    figures: Mapping[str, Asked]
    chart: str | None = None
    rows: tuple[str, ...] = ()
    labels: Mapping[Language, Mapping[str, str]] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """A hash of its file, by which a table says which of its forms it was made by."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]


def read_report(path: Traversable | Path, profile: Profile) -> Report:
    """A report as its file has it; codes are those of the profile."""
    file = TomlFile(path)
    values = file.values
    file.check_keys(values, _TOP)
    name = path.name.removesuffix(".toml")
    titles = _in_both(file, "title", name)
    figures = {
        one: asked
        for one, arguments in values.get("figures", {}).items()
        if (asked := _asked(file, one, arguments, profile)) is not None
    }
    if not values.get("figures"):
        file.wrong('a report has a figure: [figures.NAME] with figure = "stock", at = …')
    sheet, rows = _sheet(file, Reader(file, figures, profile))
    chart = values.get("chart")
    if chart is not None and chart != "bars" and chart not in figures:
        file.wrong(f"chart is bars or one of the figures, not {chart!r}", key="chart")
    report = Report(
        name,
        file.text,
        titles,
        sheet,
        _in_both(file, "source", "Forløp"),
        {language: _notes(file, language) for language in ("nb", "en")},
        file.taken(values, "publication", is_text, "a name", default=name),
        file.taken(values, "number", lambda n: isinstance(n, int), "a whole number", default=0),
        file.taken(values, "suppress", lambda v: v in (True, False), "true or false", default=True),
        figures,
        chart,
        rows,
        values.get("labels", {}),
    )
    file.finish()
    return report


def _in_both(file: TomlFile, name: str, default: str) -> dict[Language, str]:
    """A text in Norwegian and English; one that is missing is said in the other."""
    found = {
        language: file.taken(file.values, f"{name}_{language}", is_text, "a text")
        for language in ("nb", "en")
    }
    either = found["nb"] or found["en"] or default
    return {"nb": found["nb"] or either, "en": found["en"] or either}


def _notes(file: TomlFile, language: Language) -> tuple[str, ...]:
    return tuple(
        file.taken(file.values, f"notes_{language}", is_texts, "a list of texts", default=[])
    )


def _asked(file: TomlFile, name: str, given: Mapping[str, Any], profile: Profile) -> Asked | None:
    """A figure's arguments, as on the command line; None, and a problem, where they cannot be."""
    table = f"figures.{name}"
    file.check_keys(given, _ARGUMENTS, table)
    try:
        asked = _read_arguments(given)
        checked(settle_at(asked, 0, None), profile)
    except (KeyError, TypeError, ValueError, QuestionError, WrongUseError) as error:
        said = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
        key = next((k for k in given if k in said or str(given[k]) in said), "figure")
        file.wrong(said, table, 0, key)
        return None
    return asked


def _read_arguments(given: Mapping[str, Any]) -> Asked:
    more: dict[str, Any] = {
        name: given[name] for name in ("of", "programme", "every", "curve") if name in given
    }
    if "from" in given or "to" in given:
        more["period"] = Period.closed(_day(given["from"]), _day(given["to"]))
    if "at" in given:
        more["at"] = _day(given["at"])
    if "known_at" in given:
        more["known_at"] = _moment(given["known_at"])
    if "window" in given:
        more["window"] = Length.parse(given["window"])
    for name in ("by", "targets", "ages"):
        if name in given:
            more[name] = tuple(given[name])
    if "horizons" in given:
        more["horizons"] = tuple(map(Length.parse, given["horizons"]))
    return Asked(given["figure"], where=read_where(given.get("where", [])), **more)


def _day(value: Any) -> date:
    if type(value) is not date:
        raise ValueError(f"{value!r} should be a date, as 2003-12-31 without quotes")
    return value


def _moment(value: Any) -> datetime:
    return end_of_day(value) if type(value) is date else parse_known_at(str(value))


def _sheet(file: TomlFile, reader: Reader) -> tuple[Sheet, tuple[str, ...]]:
    values = file.values
    is_grid = values.get("layout", "grid") == "grid"
    if values.get("layout", "grid") not in ("grid", "list"):
        file.wrong("layout is grid or list", key="layout")
    cells = {
        (cell.get("row", ""), cell.get("column", "")): reader.amount(cell, ("cells", number))
        for number, cell in enumerate(values.get("cells", ()))
    }
    if "rows" not in values:
        if not cells:
            file.wrong("a report has [rows] and [[columns]], or [[cells]]")
        return Listed(cells, is_grid), tuple(dict.fromkeys(row for row, _ in cells))
    rows = values["rows"]
    file.check_keys(rows, _ROWS, "rows")
    codes = _codes(rows)
    names = tuple(codes)
    reader.rows = Rows(file.taken(rows, "by", is_text, "a dimension", ("rows", 0), ""), codes)
    if not reader.rows.dimension:
        file.wrong("by is missing: the dimension of the rows", "rows")
    reader.check_rows()
    total = _total(file, rows, ("rows", 0), "counted")
    columns, totals = {}, {}
    for number, column in enumerate(values.get("columns", ())):
        place = ("columns", number)
        name = column.get("name")
        if not is_text(name):
            file.wrong("a column has a name", *place)
            continue
        columns[name] = reader.amount(column, place, names)
        totals[name] = _total(file, column, place, total)
    if not columns:
        file.wrong("a report with [rows] has [[columns]]", "rows")
    only = reader.narrowing(rows.get("total_only", []), ("rows", 0))
    return Grid(columns, reader.rows, totals, only, cells), names


def _codes(rows: Mapping[str, Any]) -> dict[str, Choice]:
    """The rows' names, and the code that each stands for."""
    if "codes" in rows:
        return {name: _value(code) for name, code in rows["codes"].items()}
    return {_named(code): _value(code) for code in rows.get("values", ())}


def _named(code: Any) -> str:
    return str(code).lower() if isinstance(code, bool) else str(code)


def _value(code: Any) -> Value:
    if isinstance(code, bool):
        return code
    return None if code == "" else str(code)


def _total(file: TomlFile, found: Mapping[str, Any], place: Place, default: TotalIs) -> TotalIs:
    total = found.get("total", default)
    if total not in _TOTALS:
        file.wrong(f"total is one of {', '.join(_TOTALS)}", *place, "total")
        return default
    return cast(TotalIs, total)
