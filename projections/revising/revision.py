"""A figure before and after, row by row, and each row's change split by cause."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeAlias, TypeVar

from projections.explaining.aim import ROW_LABELS
from projections.layout import Row, Table
from projections.question import Question, Value
from projections.revising.causes import CAUSES, Cause
from projections.revising.counts import Columns, counts_of
from projections.revising.path import Change

P = TypeVar("P")
RowKey: TypeAlias = tuple[Value, ...]
_OVER_DAYS: Final = ("mean_persons", "places", "used", "person_months")  # 0 where nobody is
_NOT_COMPARED: Final = ("target", "curve")


@dataclass(slots=True)
class Part(Generic[P]):
    """What one cause adds to a row: in all, and change by change with whose it is."""

    cause: Cause
    columns: Columns = field(default_factory=Counter)
    changes: list[tuple[P, Change, Columns]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RevisedRow(Generic[P]):
    """A row before and after; what names it is in `names`. A missing row counts as zero."""

    names: dict[str, Value | int]
    before: Row
    after: Row
    parts: list[Part[P]]

    def change(self) -> dict[str, Any]:
        """After less before, by column; None where either side has no number."""
        return {name: _less(self.after[name], self.before[name]) for name in self.after}

    def counted_change(self) -> dict[str, int]:
        """What the parts add up to, by column."""
        whole = Counter[str]()
        for part in self.parts:
            whole.update(part.columns)
        return {name: number for name, number in whole.items() if number}


def _less(after: Any, before: Any) -> Any:
    return None if after is None or before is None else after - before


def revised_rows(
    question: Question, before: Table, after: Table, changes: Iterable[tuple[P, Change]]
) -> tuple[list[RevisedRow[P]], RevisedRow[P] | None]:
    """The rows of a figure before and after, and its total, with the parts of each change.

    `changes` are those of all persons whose part in the figure is another one after; in each part
    they keep their order.
    """
    names = _names(question)
    parts: dict[RowKey, dict[Cause, Part[P]]] = {}
    whole: dict[Cause, Part[P]] = {}
    for who, change in changes:
        _share_out(question, who, change, parts, whole)
    old, new = (_by_key(table.rows, names) for table in (before, after))
    keys = dict.fromkeys((*new, *old, *parts))
    rows = [
        _row(_named(names, key), old.get(key), new.get(key), parts.get(key, {}))
        for key in sorted(keys, key=_as_text)
        if key in old or key in new
    ]
    if before.total is None or after.total is None or not question.by:
        return rows, None
    return rows, _row({}, before.total, after.total, whole)


def _names(question: Question) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*question.by, *ROW_LABELS.get(question.figure, ()))))


def _share_out(
    question: Question,
    who: P,
    change: Change,
    parts: dict[RowKey, dict[Cause, Part[P]]],
    whole: dict[Cause, Part[P]],
) -> None:
    names = _names(question)
    for cell, rows in change.delta.items():
        for labels, columns in counts_of(question, rows).items():
            if cell is None:
                part = whole.setdefault(change.cause, Part(change.cause))
            else:
                named = dict(zip(question.by, cell, strict=True)) | dict(labels)
                key = tuple(named[name] for name in names)
                part = parts.setdefault(key, {}).setdefault(change.cause, Part(change.cause))
            part.columns.update(columns)
            part.changes.append((who, change, columns))


def _by_key(rows: Iterable[Row], names: tuple[str, ...]) -> dict[RowKey, Row]:
    """Rows by what names them, a number that names one as text."""
    return {
        tuple(str(row[name]) if name == "months" else row[name] for name in names): row
        for row in rows
    }


def _named(names: tuple[str, ...], key: RowKey) -> dict[str, Value | int]:
    return {
        name: int(str(value)) if name == "months" else value
        for name, value in zip(names, key, strict=True)
    }


def _as_text(key: RowKey) -> list[tuple[bool, int, str]]:
    """As the contract sorts rows, unknown first; numbers by size."""
    texts = (str(value).lower() if isinstance(value, bool) else str(value) for value in key)
    return [
        (value is not None, int(text) if text.isdecimal() else 0, text)
        for value, text in zip(key, texts, strict=True)
    ]


def _row(
    names: dict[str, Value | int],
    before: Row | None,
    after: Row | None,
    parts: Mapping[Cause, Part[P]],
) -> RevisedRow[P]:
    columns = [
        name for name in (after or before or {}) if name not in names and name not in _NOT_COMPARED
    ]
    zero = _zero(before or after or {})
    old, new = before or zero, after or zero
    return RevisedRow(
        names,
        {name: old[name] for name in columns},
        {name: new[name] for name in columns},
        [parts[cause] for cause in CAUSES if cause in parts],
    )


def _zero(row: Row) -> Row:
    """A row that is not there: nobody in it, and nothing to take a mean of."""
    counted = (name for name, value in row.items() if isinstance(value, int))
    return dict.fromkeys(row) | dict.fromkeys(counted, 0) | {n: 0.0 for n in _OVER_DAYS if n in row}
