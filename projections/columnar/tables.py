"""The tables of the copy: the log's coded columns, spells by kind, attributes, signs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, Protocol, TypeAlias

from domain.kinds import KINDS

FOREVER: Final = 2**31 - 1  # the day on which what has no end ends
NEVER_REPLACED: Final = 2**63 - 1  # the instant until which what is not replaced is known
_EPOCH: Final = date(1970, 1, 1).toordinal()

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

# The log lies in families, each with its topics' own columns: a row of `log` is mostly empty, and
# every cell takes time to write and to read. The last has the topics that no other names.
FAMILIES: Final[Mapping[str, Sequence[str]]] = {
    "registration": ("registered",),
    "referral": ("referred",),
    "sign": ("met", "assessed", "outcome_observed"),
    "status": ("status_changed",),
    "enrolment": ("enrolled", "reentered", "exited"),
    "measure": ("measure_started", "measure_stopped"),
    "benefit": ("benefit_started", "benefit_stopped"),
    "sanction": ("sanctioned", "sanction_lifted"),
    "duty": ("duty_imposed", "duty_exempted", "duty_ended"),
    "other": (),
}
_ALL_HAVE: Final = ("position", "pid", "topic", "day", "recorded", "replaces_position")
_NAMED: Final = tuple(topic for topics in FAMILIES.values() for topic in topics)


_BACKGROUND: Final = "born born_year born_month_day sex origin single_parent refugee_background"
_OWN_COLUMNS: Final[Mapping[str, str]] = {
    "registration": f"office municipality {_BACKGROUND}",
    "referral": "programme office municipality",
    "sign": "programme kind attended outcome",
    "status": "status",
    "enrolment": "programme office municipality destination",
    "measure": "programme measure placement track provider reason",
    "benefit": "benefit role",
    "sanction": "reason sanction until",
    "duty": "reason",
    "other": "placement same_as",
}
FAMILY_COLUMNS: Final[Mapping[str, Columns]] = {
    family: {name: type_ for name, type_ in LOG.items() if name in (*_ALL_HAVE, *own.split())}
    for family, own in _OWN_COLUMNS.items()
}


def is_of(family: str) -> str:
    """Whether an event is of a family, as SQL over its `topic`."""
    topics = FAMILIES[family]
    named = ", ".join(map(literal, topics or _NAMED))
    return f"topic {'IN' if topics else 'NOT IN'} ({named})"


def family_of(family: str, log: str) -> str:
    """A query of a family's rows in a table that has the columns of `LOG`."""
    return f"SELECT {', '.join(FAMILY_COLUMNS[family])} FROM {log} WHERE {is_of(family)}"


# What a family goes by in `log` and in what is made of it: a number costs little to look for.
FAMILY_NUMBERS: Final = {family: number for number, family in enumerate(FAMILIES)}


def all_families() -> str:
    """A query of the whole log, from the tables of its families, with each one's number."""
    return " UNION ALL ".join(
        f"SELECT {', '.join(column_of(family, name) for name in LOG)}, {number} AS family "
        f"FROM log_{family}"
        for family, number in FAMILY_NUMBERS.items()
    )


def with_facts(family: str) -> str:
    """A family's events `m`, each beside what `fact` has of it, `f`.

    To join on the participant too keeps the work beside their other rows; on the family, it passes
    over the facts of the others.
    """
    return (
        f"log_{family} m JOIN (SELECT * FROM fact WHERE family = {FAMILY_NUMBERS[family]}) f "
        "ON f.pid = m.pid AND f.position = m.position"
    )


def number_by_topic(topic: str = "topic") -> str:
    """The number of an event's family, as SQL over its topic."""
    named = " ".join(
        f"WHEN {literal(name)} THEN {FAMILY_NUMBERS[family]}"
        for family, topics in FAMILIES.items()
        for name in topics
    )
    return f"CASE {topic} {named} ELSE {FAMILY_NUMBERS['other']} END"


def column_of(family: str, name: str) -> str:
    """A column of `log` as a family's table has it; nothing where it never tells of it."""
    return name if name in FAMILY_COLUMNS[family] else f"CAST(NULL AS {LOG[name]}) AS {name}"


@dataclass(frozen=True, slots=True)
class Subject:
    """What the events of one family are about, which is sound or not by itself.

    `key` is the column that tells one subject from another, None where there is but one. `opens`
    are, by kind of spell, the topics that open one. `more` is what the fold needs beside the key,
    `closing` what the event that closes a spell tells of it.
    """

    family: str
    key: str | None
    opens: Mapping[str, Sequence[str]]
    more: str | None = None
    closing: str | None = None

    @property
    def own_key(self) -> str:
        """The key as SQL over a row `m` of the family's table."""
        return "''" if self.key is None else f"m.{self.key}"


SUBJECTS: Final = (
    Subject(
        "enrolment", "programme", {"enrolment": ("enrolled", "reentered")}, closing="destination"
    ),
    Subject("measure", "placement", {"measure": ("measure_started",)}, closing="reason"),
    Subject("benefit", "benefit", {"benefit": ("benefit_started",)}),
    Subject("sanction", None, {"sanction": ("sanctioned",)}, more="until"),
    Subject("duty", None, {"duty": ("duty_imposed",), "exemption": ("duty_exempted",)}, "reason"),
)

_KNOWN: Final[Columns] = {"known_from": "BIGINT", "known_to": "BIGINT"}
_VALID: Final[Columns] = {"valid_from": "INTEGER", "valid_to": "INTEGER"}

# `opened` and `closed` are positions, `opened_ord` and `closed_ord` the events' places in the
# participant's history; a sanction with an end set has a `stop` and no `closed`.
_SPELL: Final[Columns] = {
    "pid": "BIGINT",
    "start": "INTEGER",
    "stop": "INTEGER",
    "opened": "BIGINT",
    "opened_ord": "INTEGER",
    "closed": "BIGINT",
    "closed_ord": "INTEGER",
}
RECTANGLE: Final[Columns] = {**_SPELL, **_KNOWN}
"""A spell's rectangle without what its events tell of it beside."""

SPELL: Final[Columns] = {
    **_SPELL,
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
    return day.toordinal() - _EPOCH


def month_day(day: date) -> int:
    """A day's month and day as one number, 1231 for the last of a year."""
    return day.month * 100 + day.day


def as_day(number: int) -> date:
    """The inverse of `day_number`."""
    return date.fromordinal(_EPOCH + number)


def literal(value: str | bool | int | None) -> str:
    """A value as SQL text."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    return "'" + value.replace("'", "''") + "'"
