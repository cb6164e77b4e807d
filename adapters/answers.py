"""A figure asked of a store: its position and knowledge time settled, counted, and described."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, select

from adapters.database import reading
from adapters.errors import WrongUseError
from adapters.event_store import NO_HASH, appended_at, head_of
from adapters.facts import every_history
from adapters.schema import events
from domain.calendar import OSLO, Length, Period, Step, from_microseconds
from domain.codes import Profile
from domain.history import Cutoff
from domain.journey import Journey, journey_at
from domain.standing import Kind
from projections import reference
from projections.layout import Row, Table
from projections.question import (
    HORIZONS,
    WINDOW,
    Figure,
    Place,
    Question,
    QuestionError,
    Value,
    check_codes,
)


@dataclass(frozen=True)
class Asked:
    """A figure's arguments as they were given; what is None takes its default.

    Defaults: `at` the period's last day, else today in Oslo; `position` the last one in the log;
    `known_at` all that was known when the log had grown to that position. Nothing in the log was
    recorded later than it was appended, so that is what is known now, said so that it can be
    asked again.
    """

    figure: Figure
    at: date | None = None
    known_at: datetime | None = None
    position: int | None = None
    period: Period | None = None
    of: Kind = "enrolment"
    programme: str | None = None
    by: tuple[str, ...] = ()
    where: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    every: Step = "month"
    window: Length = WINDOW
    horizons: tuple[Length, ...] = HORIZONS
    targets: tuple[float | None, ...] = ()
    curve: bool = False
    ages: tuple[int, int | None] | None = None
    places: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """A figure: what was asked (`meta`), its rows, and its total where it has one."""

    meta: dict[str, Any]
    rows: list[Row]
    total: Row | None

    def as_json(self) -> bytes:
        """The contract's JSON, the same bytes for the same question at the same position."""
        found = {"meta": self.meta, "rows": self.rows, "total": self.total}
        return orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def answer(engine: Engine, profile: Profile, asked: Asked) -> Result:
    """Counts a figure; WrongUseError where the question cannot be meant."""
    with reading(engine) as connection:
        head = _head(connection, asked.position)
        question = _checked(settle(asked, connection, head[0]), profile)
        table = _count(connection, profile, question)
    return _result(question, table, head[1], profile)


class Answers:
    """Many figures over one store as it stood when this was made, its histories read once.

    For a report, whose figures have most of their journeys in common. A figure that was asked
    before is not counted again. `answer` raises WrongUseError as the function does.
    """

    def __init__(self, engine: Engine, profile: Profile) -> None:
        self._profile = profile
        with reading(engine) as connection:
            self._head = _head(connection, None)
            self._moment = appended_at(connection, self._head[0])
            self._histories = [facts for _, facts in every_history(connection, self._head[0])]
        self._journeys: dict[Cutoff, list[Journey]] = {}
        self._results: dict[bytes, Result] = {}

    @property
    def position(self) -> int:
        """The last position that the figures look at; one asked for another is WrongUseError."""
        return self._head[0]

    def answer(self, asked: Asked) -> Result:
        """A figure, the same as `answer` gives it at this position."""
        if asked.position not in (None, self.position):
            raise WrongUseError(f"these histories were read at position {self.position}")
        question = _checked(_settled(asked, self.position, self._moment), self._profile)
        key = orjson.dumps(question.as_meta())
        if key not in self._results:
            journeys = self._journeys_at(reference.cutoff_of(question))
            table = reference.answer_over(question, self._profile, journeys)
            self._results[key] = _result(question, table, self._head[1], self._profile)
        return self._results[key]

    def _journeys_at(self, cutoff: Cutoff) -> list[Journey]:
        if cutoff not in self._journeys:
            self._journeys[cutoff] = [journey_at(facts, cutoff) for facts in self._histories]
        return self._journeys[cutoff]


def _checked(question: Question, profile: Profile) -> Question:
    try:
        check_codes(question, profile)
    except QuestionError as error:
        raise WrongUseError(str(error)) from None
    return question


def _result(question: Question, table: Table, head: bytes, profile: Profile) -> Result:
    meta = question.as_meta() | {"head": head.hex(), "profile": profile.name}
    return Result(meta, table.rows, table.total)


def settle(asked: Asked, connection: Connection, position: int) -> Question:
    """A question with every default filled in."""
    return _settled(asked, position, appended_at(connection, position))


def _settled(asked: Asked, position: int, moment: int | None) -> Question:
    """A question at a position that was appended at a moment, None where nothing was."""
    known_at = asked.known_at or (
        datetime.now(UTC) if moment is None else from_microseconds(moment)
    )
    at = asked.at or (asked.period.last if asked.period else datetime.now(OSLO).date())
    given = {name: getattr(asked, name) for name in asked.__dataclass_fields__}
    try:
        return Question(**given | {"at": at, "known_at": known_at, "position": position})
    except QuestionError as error:
        raise WrongUseError(str(error)) from None


def _head(connection: Connection, position: int | None) -> tuple[int, bytes]:
    """The position to count at, and the hash of the log up to there."""
    head = head_of(connection)
    if position is None or position == head.position:
        return head.position, head.hash
    if not 0 <= position <= head.position:
        raise WrongUseError(f"there is no position {position}; the log ends at {head.position}")
    if position == 0:
        return 0, NO_HASH
    found = connection.execute(select(events.c.hash).where(events.c.id == position)).scalar_one()
    return position, bytes(found)


def _count(connection: Connection, profile: Profile, question: Question) -> Table:
    histories: Iterable[Any] = (facts for _, facts in every_history(connection, question.position))
    return reference.answer(question, profile, histories)
