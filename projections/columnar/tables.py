"""The tables of the copy: the log's coded columns, spells by kind, attributes, signs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, Protocol, TypeAlias

from domain.kinds import KINDS

FOREVER: Final = 2**31 - 1  # the day on which what has no end ends
NEVER_REPLACED: Final = 2**63 - 1  # the instant until which what is not replaced is known
_EPOCH: Final = date(1970, 1, 1)

Columns: TypeAlias = Mapping[str, str]  # name -> SQL type
Group: TypeAlias = Sequence[tuple[Any, ...]]
Fold: TypeAlias = Callable[[Group], Iterable[tuple[Any, ...]]]


class Runner(Protocol):
    """Whatever runs SQL over the tables: DuckDB, or Spark behind a transpiler.

    Queries are in the dialect of DuckDB, kept to what both answer alike.
    """

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Runs a query and gives its rows."""

    def put(self, table: str, columns: Columns, rows: Sequence[Sequence[Any]]) -> None:
        """Makes, or makes anew, a small temporary table of rows."""

    def make(self, table: str, query: str) -> None:
        """Makes a temporary table of a query's rows."""

    def make_folded(self, table: str, columns: Columns, query: str, key: int, fold: Fold) -> None:
        """Makes a temporary table of what `fold` gives for each group of a query's rows.

        A group are all rows that agree in their first `key` columns, of which the participant is
        the first, in the order of the column after those. `fold` may run in another process.
        """

    def add(self, table: str, query: str) -> None:
        """Adds a query's rows to a table; its columns are in the order of the table's."""

    def drop(self, table: str) -> None:
        """Removes a temporary table."""


# One row an event, by position. `replaces_position` is the event whose place it takes, `same_as`
# the participant, in hex, that a link names.
LOG: Final[Columns] = {
    "position": "BIGINT",
    "pid": "BIGINT",
    "topic": "VARCHAR",
    "day": "INTEGER",
    "recorded": "BIGINT",
    "replaces_position": "BIGINT",
    "programme": "VARCHAR",
    "office": "VARCHAR",
    "municipality": "VARCHAR",
    "measure": "VARCHAR",
    "placement": "VARCHAR",
    "track": "VARCHAR",
    "provider": "VARCHAR",
    "reason": "VARCHAR",
    "kind": "VARCHAR",
    "attended": "BOOLEAN",
    "status": "VARCHAR",
    "sanction": "VARCHAR",
    "until": "INTEGER",
    "benefit": "VARCHAR",
    "role": "VARCHAR",
    "destination": "VARCHAR",
    "outcome": "VARCHAR",
    "born": "INTEGER",
    "born_year": "INTEGER",
    "born_month_day": "INTEGER",
    "sex": "VARCHAR",
    "origin": "VARCHAR",
    "single_parent": "BOOLEAN",
    "refugee_background": "BOOLEAN",
    "same_as": "VARCHAR",
}
_KNOWN: Final[Columns] = {"known_from": "BIGINT", "known_to": "BIGINT"}
_VALID: Final[Columns] = {"valid_from": "INTEGER", "valid_to": "INTEGER"}

# `opened` and `closed` are positions, `opened_ord` and `closed_ord` the events' places in the
# participant's history; a sanction with an end set has a `stop` and no `closed`.
SPELL: Final[Columns] = {
    "pid": "BIGINT",
    "start": "INTEGER",
    "stop": "INTEGER",
    "opened": "BIGINT",
    "opened_ord": "INTEGER",
    "closed": "BIGINT",
    "closed_ord": "INTEGER",
    "programme": "VARCHAR",
    "destination": "VARCHAR",
    "measure": "VARCHAR",
    "track": "VARCHAR",
    "provider": "VARCHAR",
    "stop_reason": "VARCHAR",
    "benefit": "VARCHAR",
    "role": "VARCHAR",
    "sanction": "VARCHAR",
    "reason": "VARCHAR",
    **_KNOWN,
}
BACKGROUND: Final[Columns] = {
    "born": "INTEGER",
    "born_year": "INTEGER",
    "born_month_day": "INTEGER",
    "sex": "VARCHAR",
    "origin": "VARCHAR",
    "single_parent": "BOOLEAN",
    "refugee_background": "BOOLEAN",
}
WHEREABOUTS: Final[Columns] = {"office": "VARCHAR", "municipality": "VARCHAR"}
STATUS: Final[Columns] = {"status": "VARCHAR"}
SIGN: Final[Columns] = {
    "pid": "BIGINT",
    "topic": "VARCHAR",
    "day": "INTEGER",
    "ord": "INTEGER",
    "position": "BIGINT",
    "programme": "VARCHAR",
    "kind": "VARCHAR",
    "attended": "BOOLEAN",
    "outcome": "VARCHAR",
    **_KNOWN,
}
ATTRIBUTES: Final[Mapping[str, Columns]] = {
    "background": BACKGROUND,
    "whereabouts": WHEREABOUTS,
    "statuses": STATUS,
}

# Every table that is worked out from `log`, and can be thrown away with it.
DERIVED: Final[Mapping[str, Columns]] = {
    **dict.fromkeys(KINDS, SPELL),
    **{
        name: {"pid": "BIGINT", **_VALID, **columns, **_KNOWN}
        for name, columns in ATTRIBUTES.items()
    },
    "sign": SIGN,
    "link": {"pid": "BIGINT", "same_as": "VARCHAR"},
}


def definition(table: str, columns: Columns, *, temporary: bool = False) -> str:
    """The statement that makes a table."""
    inside = ", ".join(f"{name} {type_}" for name, type_ in columns.items())
    return f"CREATE {'TEMPORARY ' if temporary else ''}TABLE {table} ({inside})"


def fold_groups(rows: Iterable[tuple[Any, ...]], key: int, fold: Fold) -> Iterator[tuple[Any, ...]]:
    """What `fold` gives for each run of rows that agree in their first `key` columns."""
    for _, group in groupby(rows, itemgetter(slice(key))):
        yield from fold(list(group))


def day_number(day: date) -> int:
    """A day as a whole number: days since 1970-01-01."""
    return (day - _EPOCH).days


def month_day(day: date) -> int:
    """A day's month and day as one number, 1231 for the last of a year."""
    return day.month * 100 + day.day


def as_day(number: int) -> date:
    """The inverse of `day_number`."""
    return _EPOCH + timedelta(days=number)


def literal(value: str | bool | int | None) -> str:
    """A value as SQL text."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    return "'" + value.replace("'", "''") + "'"
