"""Events written as text tables, questions about them, and answers written as text tables.

Every question is put to both engines; the reference engine's answer is given.

A table of events has the columns `who | type | occurred_on | recorded_at | fields`; rows are
appended in the order in which they stand. The first has the event id 1, the next 2, and so on. A
time of recording that is left out is noon of the day itself, one that is a bare date noon of it.
`fields` reads `programme=kvp; office=Aetat Moss`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

import duckdb

from adapters.duck_runner import DuckRunner
from adapters.profiles import default_profile
from domain.calendar import (
    Length,
    Period,
    parse_day,
    parse_instant,
    parse_known_at,
    to_microseconds,
)
from domain.history import Fact, History
from domain.record import Record, read_record
from projections import reference
from projections.columnar.asking import ask as columnar_sums
from projections.columnar.building import build
from projections.columnar.tables import (
    DERIVED,
    FAMILIES,
    LOG,
    all_families,
    day_number,
    definition,
    family_of,
    month_day,
)
from projections.layout import Table, lay_out
from projections.question import Question, check_codes, let_in_places, read_where

AFTER_ALL = parse_known_at("2100-01-01")
_COLUMNS = ("who", "type", "occurred_on", "recorded_at", "fields")


@dataclass(frozen=True, slots=True)
class Events:
    """Sound histories, each its facts by position."""

    histories: tuple[tuple[Fact, ...], ...]

    def ask(self, figure: str, at: str | None = None, **asked: Any) -> Table:
        """A figure over them, with arguments as a user writes them (`period="A B"`)."""
        question = let_in_places(question_of(figure, at, **asked), default_profile())
        check_codes(question, default_profile())
        found = reference.answer(question, default_profile(), self.histories)
        if question.position >= sum(map(len, self.histories)):
            runner = _columns_of(self.histories)
            by_columns = lay_out(question, columnar_sums(question, default_profile(), runner))
            assert by_columns == found, "the columnar engine gives something else"
        return found


@cache
def _columns_of(histories: tuple[tuple[Fact, ...], ...]) -> DuckRunner:
    """The histories as the columnar copy has them, in memory."""
    runner = DuckRunner(duckdb.connect())
    for table, columns in DERIVED.items():
        runner.run(definition(table, columns))
    rows = [
        _log_row(person, fact, {one.event.key: one.position for one in facts})
        for person, facts in enumerate(histories, start=1)
        for fact in facts
    ]
    runner.put("arrived", LOG, rows)
    for family in FAMILIES:
        runner.run(f"CREATE TABLE log_{family} AS {family_of(family, 'arrived')}")
    runner.run(f"CREATE VIEW log AS {all_families()}")
    build(runner)
    return runner


def _log_row(person: int, fact: Fact, positions: dict[tuple[str, str], int]) -> list[Any]:
    event = fact.event
    born, until = getattr(event, "birth_date", None), getattr(event, "until", None)
    known: dict[str, Any] = {
        "position": fact.position,
        "pid": person,
        "topic": event.TOPIC,
        "day": day_number(event.occurred_on),
        "recorded": to_microseconds(event.recorded_at),
        "replaces_position": positions[event.replaced_key] if event.replaced_key else None,
        "until": None if until is None else day_number(until),
        "born": None if born is None else day_number(born),
        "born_year": None if born is None else born.year,
        "born_month_day": None if born is None else month_day(born),
    }
    return [known[name] if name in known else getattr(event, name, None) for name in LOG]


def events(table: str) -> Events:
    """A table of events as sound histories; ValueError where they are not sound."""
    rows = rows_of(table)
    histories: dict[str, list[Fact]] = {}
    for position, row in enumerate(rows, start=1):
        record = read_record(row, default_profile(), AFTER_ALL)
        assert isinstance(record, Record), record
        histories.setdefault(record.participant, []).append(Fact(record.event, position))
    for facts in histories.values():
        History(facts)
    return Events(tuple(map(tuple, histories.values())))


def rows_of(table: str) -> list[dict[str, str]]:
    """A table of events as rows of the event record."""
    header, *lines = _cells(table)
    assert set(header) <= set(_COLUMNS), header
    found = []
    for number, line in enumerate(lines, start=1):
        named = dict(zip(header, line, strict=True))
        fields = filter(None, (part.strip() for part in named.get("fields", "").split(";")))
        found.append(
            {
                "source": "test",
                "event_id": str(number),
                "participant": named["who"],
                "type": named["type"],
                "occurred_on": named["occurred_on"],
                "recorded_at": _noon(named.get("recorded_at", "") or named["occurred_on"]),
            }
            | dict(field.split("=", 1) for field in fields)
        )
    return found


def _noon(text: str) -> str:
    return f"{text}T12:00" if len(text) == 10 else text


def question_of(
    figure: str,
    at: str | None = None,
    *,
    period: str | None = None,
    known_at: str | None = None,
    position: int = 10**6,
    by: str = "",
    where: Sequence[str] = (),
    window: str = "3m",
    horizons: str = "1y,3y,5y",
    **others: Any,
) -> Question:
    """A question from arguments as a user writes them; `at` falls back on the period's end."""
    days = None if period is None else Period.closed(*map(parse_day, period.split()))
    cutoff = parse_day(at) if at is not None else days.last if days is not None else date.max
    given: dict[str, Any] = {
        "figure": figure,
        "at": cutoff,
        "known_at": _known_at(known_at),
        "position": position,
        "period": days,
        "by": tuple(filter(None, by.split(","))),
        "where": read_where(list(where)),
        "window": Length.parse(window),
        "horizons": tuple(map(Length.parse, horizons.split(","))),
    }
    return Question(**given | others)


def _known_at(text: str | None) -> datetime:
    if text is None:
        return AFTER_ALL
    return parse_known_at(text) if len(text) == 10 else parse_instant(text)


def rows_are(found: Table, expected: str) -> None:
    """Fails where a figure's rows, in the columns named and in order, are not the expected."""
    header, *lines = _cells(expected)
    shown = [[_shown(row[name]) for name in header] for row in found.rows]
    assert shown == lines, f"{found.rows}"


def total_is(found: Table, expected: str) -> None:
    """Fails where a figure's total, in the columns named, is not the expected."""
    header, line = _cells(expected)
    assert found.total is not None
    assert [_shown(found.total[name]) for name in header] == line, f"{found.total}"


def _shown(value: object) -> str:
    """A value as a table has it: numbers to six digits, `null`, `true` and `false`."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _cells(table: str) -> list[list[str]]:
    lines: Iterable[str] = (line.strip() for line in table.strip().splitlines())
    return [[cell.strip() for cell in line.split("|")] for line in lines if line]
