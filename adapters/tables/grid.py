"""A result as a grid of typed cells, ready for any format to lay out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from adapters.tables import numbers
from adapters.tables.wording import Labels, figure_title, heading, label, word
from domain.codes import Language

# `mixed`: whole numbers are counts, others decimals, each for itself: a list of unlike numbers.
Kind = Literal["text", "count", "decimal", "percent", "mixed"]
Result = Mapping[str, Any]
_SHARES = frozenset({"share", "share_of_final", "share_used", "target", "expected_share"})
_PROBABILITIES = frozenset({"competing_risks", "expected_final"})
_ERRORS = frozenset({"standard_error", "low", "high", "incidence"})
_OWN = frozenset(
    {"date", "horizon", "step", "state", "reason", "measure", "next_measure", "provider"}
)
MISSING = ""
_LEFT_OUT = frozenset({"curve"})  # a table within a table: JSON and Parquet have it


@dataclass(frozen=True, slots=True)
class Field:
    """One cell: the bare value (null where there is none), and what people see."""

    value: str | int | float | None
    text: str


@dataclass(frozen=True)
class Column:
    name: str
    heading: str
    kind: Kind


@dataclass(frozen=True)
class Grid:
    """A table to lay out; `total` is a row like the others, or None."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Field, ...], ...]
    total: tuple[Field, ...] | None
    notes: tuple[str, ...]
    provenance: tuple[tuple[str, str], ...]


def grid(result: Result, labels: Labels, language: Language) -> Grid:
    """Lay a result out in columns: dimensions first, in the order of the result's rows."""
    meta, rows, total = result["meta"], result["rows"], result.get("total")
    columns = _columns(result, language)
    gone = {(row, column) for row, column in meta.get("disclosure", {}).get("suppressed", [])}
    symbol = meta.get("disclosure", {}).get("symbol", "")
    body = tuple(
        tuple(
            _field(c, row, symbol if (i, c.name) in gone else None, labels, language)
            for c in columns
        )
        for i, row in enumerate(rows)
    )
    foot = None
    is_split = any(column.kind == "text" for column in columns)
    if total is not None and rows and is_split:  # of one row the total is the row again
        hidden = {column: symbol for row, column in gone if row is None}
        name = meta.get("headings", {}).get("total") or word("total", language)
        foot = _total(columns, total, hidden, name, labels, language)
    has_curve = any("curve" in row for row in rows)
    return Grid(
        figure_title(meta, language, labels),
        columns,
        body,
        foot,
        _notes(meta, has_curve, language),
        tuple(
            (key, _plain(meta[key]))
            for key in sorted(meta)
            if key not in ("title", "notes", "headings")
        ),
    )


def _columns(result: Result, language: Language) -> tuple[Column, ...]:
    rows: Sequence[Mapping[str, Any]] = result["rows"] or [result.get("total") or {}]
    by = list(result["meta"].get("by", ()))
    names = dict.fromkeys(name for row in rows for name in row if name not in _LEFT_OUT)
    own_dimensions = _OWN if result["meta"]["figure"] != "report" else frozenset()
    dimensions = [n for n in by if n in names] + [
        n for n in names if n in own_dimensions and n not in by
    ]
    measured = [name for name in names if name not in dimensions]
    figure, own = result["meta"]["figure"], result["meta"].get("headings", {})
    return tuple(
        Column(
            n,
            own.get(n, heading(n, language)),
            "text" if n in dimensions else _kind(n, figure, rows),
        )
        for n in (*dimensions, *measured)
    )


def _kind(name: str, figure: str, rows: Sequence[Mapping[str, Any]]) -> Kind:
    if figure != "report" and (
        name in _SHARES or (name in _ERRORS and figure in _PROBABILITIES)
    ):  # a report's columns have names of its own, and its percentages are percentages already
        return "percent"
    values = [row[name] for row in rows if row.get(name) is not None]
    if any(isinstance(value, str) for value in values):
        return "text"
    if not any(isinstance(value, float) for value in values):
        return "count"
    is_list = figure == "report" and any("column" in row for row in rows)
    return "mixed" if is_list else "decimal"


def _field(
    column: Column,
    row: Mapping[str, Any],
    symbol: str | None,
    labels: Labels,
    language: Language,
) -> Field:
    value = row.get(column.name)
    if symbol is not None:
        return Field(None, symbol)
    if column.kind == "text":
        if column.name == "reason" and value is None and "state" in row:
            return Field(None, MISSING)  # only an exemption has a reason to be known
        text = label(column.name, value, labels, language)
        return Field(text, text)
    if value is None:
        return Field(None, MISSING)
    return Field(value, shown(value, kind_of(column, value), language))


def kind_of(column: Column, value: float) -> Kind:
    """How a number of a column is shown."""
    if column.kind != "mixed":
        return column.kind
    return "decimal" if isinstance(value, float) else "count"


def shown(value: float, kind: Kind, language: Language) -> str:
    """A number as people read it; a decimal column has one decimal throughout."""
    if kind == "percent":
        return numbers.percent(value, language)
    return numbers.decimal(value, 1 if kind == "decimal" else 0, language)


def _total(
    columns: Sequence[Column],
    total: Mapping[str, Any],
    hidden: Mapping[str, str],
    name: str,
    labels: Labels,
    language: Language,
) -> tuple[Field, ...]:
    fields = []
    for i, column in enumerate(columns):
        if column.kind == "text":
            text = name if i == 0 else MISSING
            fields.append(Field(text or None, text))
        else:
            fields.append(_field(column, total, hidden.get(column.name), labels, language))
    return tuple(fields)


def _notes(meta: Mapping[str, Any], has_curve: bool, language: Language) -> tuple[str, ...]:
    notes = [str(note) for note in meta.get("notes", ())]
    disclosure = meta.get("disclosure", {})
    if disclosure.get("suppressed"):
        threshold = disclosure["threshold"]
        shows_zero = disclosure.get("zeros_shown", True)
        limit = word("fewer_not_none" if shows_zero else "fewer", language)
        limit = limit.format(threshold - 1 if shows_zero else threshold)
        notes.append(word("suppressed", language).format(symbol=disclosure["symbol"], limit=limit))
    if disclosure.get("method") == "rounding":
        notes.append(word("rounded", language).format(disclosure["base"]))
    if meta.get("method"):
        notes.append(f"{word('method', language)}: {meta['method']}.")
    if has_curve:
        notes.append(word("curves", language))
    return (*notes, source_line(meta, language))


def source_line(meta: Mapping[str, Any], language: Language) -> str:
    """Where the numbers come from: source, cutoff or period, knowledge time, position."""
    parts = []
    if meta.get("at"):
        parts.append(f"{word('at', language)} {meta['at']}")
    if meta.get("from") and meta.get("to"):
        parts.append(f"{word('period', language)} {meta['from']} – {meta['to']}")
    if meta.get("known_at"):  # to the minute; provenance has it all
        parts.append(f"{word('known_at', language)} {meta['known_at'][:16].replace('T', ' ')}")
    if "position" in meta:
        parts.append(f"{word('position', language)} {meta['position']}")
    return f"{word('source', language)}: {'; '.join([str(meta.get('source', 'Forløp')), *parts])}."


def _plain(value: Any) -> str:
    import orjson  # noqa: PLC0415

    return value if isinstance(value, str) else orjson.dumps(value).decode()
