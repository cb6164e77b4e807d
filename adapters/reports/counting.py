"""The numbers that reports are made of: as counted, or as they may be published."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, TypeAlias

import orjson

from adapters.answers import Asked, Result
from adapters.many_answers import Answers
from projections.layout import Row
from projections.question import Value

Guard: TypeAlias = Callable[[Sequence[Mapping[str, Any]]], Sequence[Mapping[str, Any]]]
# Figures whose counts stand alone: what a report does not print of them needs no protection.
_PLAIN: Final = ("stock", "flow", "series", "exits")


class Counted:
    """Numbers as the store counts them; what was looked up is remembered, to be guarded."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._used: dict[bytes, tuple[Result, list[Row], dict[str, None]]] = {}

    def number(self, asked: Asked, wanted: Mapping[str, Value], column: str) -> Fraction | None:
        result = self._answers.answer(asked)
        _, added, columns = self._used.setdefault(key_of(result), (result, [], {}))
        columns[column] = None
        row = row_of(result.as_mapping(), wanted)
        if row is None:
            empty = {**wanted, column: 0}
            added += [] if empty in added or not wanted else [empty]
            return Fraction(0)
        return as_number(row[column])

    def values(self, asked: Asked, dimension: str) -> Iterable[Value]:
        return _values(self._answers.answer(asked).rows, dimension)

    def use(self, asked: Asked) -> Result:
        """A whole figure, for a chart."""
        result = self._answers.answer(asked)
        _, _, columns = self._used.setdefault(key_of(result), (result, [], {}))
        columns |= dict.fromkeys(result.rows[0] if result.rows else ())
        return result

    def results(self) -> list[dict[str, Any]]:
        """The figures that were looked at, in the columns looked at, with the rows of zeros."""
        return [_trimmed(*used) for used in self._used.values()]


class Published:
    """Numbers after disclosure control: None where one may not be printed."""

    def __init__(self, counted: Counted, answers: Answers, guard: Guard) -> None:
        true = counted.results()
        self.results = list(guard(true))
        self._answers = answers
        self._by_key = {
            key_of_meta(before["meta"]): after
            for before, after in zip(true, self.results, strict=True)
        }

    def number(self, asked: Asked, wanted: Mapping[str, Value], column: str) -> Fraction | None:
        row = row_of(self.of(asked), wanted)
        return Fraction(0) if row is None else as_number(row[column])

    def values(self, asked: Asked, dimension: str) -> Iterable[Value]:
        return _values(self.of(asked)["rows"], dimension)

    def of(self, asked: Asked) -> Mapping[str, Any]:
        """A whole figure, as it may be published."""
        return self._by_key[key_of(self._answers.answer(asked))]


def key_of(result: Result) -> bytes:
    return key_of_meta(result.meta)


def key_of_meta(meta: Mapping[str, Any]) -> bytes:
    return orjson.dumps(meta, option=orjson.OPT_SORT_KEYS)


def row_of(result: Mapping[str, Any], wanted: Mapping[str, Value]) -> Row | None:
    """The row that has these values, None where none has: rows of zeros are left out.

    Nothing wanted is the total. ValueError where several have them.
    """
    if not wanted and result["total"] is not None:
        total: Row = result["total"]
        return total
    found = [row for row in result["rows"] if all(row[name] == v for name, v in wanted.items())]
    if len(found) > 1:
        raise ValueError(f"{len(found)} rows of {result['meta']['figure']} have {dict(wanted)}")
    return found[0] if found else None


def as_number(value: float | None) -> Fraction | None:
    return None if value is None else Fraction(Decimal(repr(value)))


def _values(rows: Sequence[Row], dimension: str) -> Iterable[Value]:
    return dict.fromkeys(row[dimension] for row in rows)


def _trimmed(result: Result, added: list[Row], columns: Mapping[str, None]) -> dict[str, Any]:
    if result.meta["figure"] not in _PLAIN:
        return result.as_mapping()
    names = list(result.meta["by"])
    names += ["date"] if result.meta["figure"] == "series" else []
    kept = [*dict.fromkeys((*names, *columns))]
    rows = [{name: row.get(name, 0) for name in kept} for row in (*result.rows, *added)]
    total = result.total
    if total is not None:
        total = {name: total[name] for name in columns if name in total}
    return {"meta": result.meta, "rows": rows, "total": total}
