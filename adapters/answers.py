"""A figure asked of a store: its position and knowledge time settled, counted, and described."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

import orjson
from sqlalchemy import Connection, Engine, select

from adapters.database import reading
from adapters.errors import WrongUseError
from adapters.event_store import NO_HASH, appended_at, head_of
from adapters.facts import every_history, facts_of, linked_participants
from adapters.schema import events
from adapters.tables import json
from domain.calendar import OSLO, Length, Period, Step, from_microseconds, to_microseconds
from domain.codes import Profile
from domain.kinds import Kind
from projections import reference
from projections.layout import Row, Table, lay_out
from projections.question import (
    HORIZONS,
    WINDOW,
    Figure,
    Place,
    Question,
    QuestionError,
    Value,
    check_codes,
    let_in_places,
)
from projections.tally import Sums
from projections.views import Lens

if TYPE_CHECKING:
    from adapters.columnar_copy import DuckRunner

EngineName = Literal["columnar", "reference", "spark"]


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
        return json.write(self.as_mapping(), {}, "en")

    def as_mapping(self) -> dict[str, Any]:
        """The three as one mapping, as the writers of tables and charts take it."""
        return {"meta": self.meta, "rows": self.rows, "total": self.total}

    def to_pandas(self) -> Any:
        """The rows as a pandas frame; ImportError where pandas is not installed."""
        return import_module("pandas").DataFrame(self.rows)

    def to_arrow(self) -> Any:
        """The rows as an Arrow table; ImportError where pyarrow is not installed."""
        return import_module("pyarrow").Table.from_pylist(self.rows)

    def to_polars(self) -> Any:
        """The rows as a polars frame; ImportError where polars is not installed."""
        return import_module("polars").DataFrame(self.rows, infer_schema_length=None)


def answer(
    engine: Engine, profile: Profile, asked: Asked, by_engine: EngineName = "columnar"
) -> Result:
    """Counts a figure; WrongUseError where the question cannot be meant."""
    with reading(engine) as connection:
        head = head_at(connection, asked.position)
        question = checked(settle(asked, connection, head[0]), profile)
        if by_engine == "reference":
            table = by_reference(connection, profile, question)
        elif by_engine == "spark":
            table = _by_spark(engine, connection, profile, question)
        else:
            table = _by_columns(engine, connection, profile, question)
    return described(question, table, head[1], profile)


def checked(question: Question, profile: Profile) -> Question:
    """The question, with the places that it is about.

    Raises WrongUseError where it names a code that the profile does not have.
    """
    try:
        check_codes(question, profile)
    except QuestionError as error:
        raise WrongUseError(str(error)) from None
    return let_in_places(question, profile)


def described(question: Question, table: Table, head: bytes, profile: Profile) -> Result:
    """A table with what it takes to get it again; `head` is the hash of the log at its position."""
    return Result(meta_of(question, head, profile), table.rows, table.total)


def meta_of(question: Question, head: bytes, profile: Profile) -> dict[str, Any]:
    """All that it takes to ask a question again and to see whether anything has changed."""
    return question.as_meta() | {
        "head": head.hex(),
        "profile": profile.name,
        "profile_hash": fingerprint(profile),
    }


def fingerprint(profile: Profile) -> str:
    """A hash of all in a profile that a figure may depend on: its rules and codes, not labels."""
    codes = sorted(
        (name, code.code, code.group)
        for name, codes in profile.lists.items()
        for code in codes.values()
    )
    said = (
        codes,
        profile.age_bands,
        profile.target_groups,
        sorted(profile.county_of_office.items()),
        sorted(profile.unit_of_municipality.items()),
    )
    return hashlib.sha256(orjson.dumps(said)).hexdigest()[:16]


def settle(asked: Asked, connection: Connection, position: int) -> Question:
    """A question with every default filled in."""
    return settle_at(asked, position, appended_at(connection, position))


def settle_at(asked: Asked, position: int, moment: int | None) -> Question:
    """A question at a position that the log grew to at a moment, None where it is empty."""
    last = None if asked.period is None else asked.period.last
    if asked.figure == "stock" and last is not None and asked.at not in (None, last):
        raise WrongUseError("stock takes --at, or --from and --to for the daily mean, not both")
    known_at = asked.known_at or from_microseconds(moment or 0)  # of an empty log nothing is known
    at = asked.at or (asked.period.last if asked.period else datetime.now(OSLO).date())
    given = {name: getattr(asked, name) for name in asked.__dataclass_fields__}
    try:
        return Question(**given | {"at": at, "known_at": known_at, "position": position})
    except QuestionError as error:
        raise WrongUseError(str(error)) from None


def head_at(connection: Connection, position: int | None) -> tuple[int, bytes]:
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


def by_reference(connection: Connection, profile: Profile, question: Question) -> Table:
    histories = every_history(connection, question.position)
    linked = linked_participants(connection, question.position)
    return reference.answer_over(
        question, profile, reference.journeys_of(histories, linked, question)
    )


def _by_spark(
    engine: Engine, connection: Connection, profile: Profile, question: Question
) -> Table:
    """A figure over rectangles cut at its position; whoever has several keys is left apart."""
    if question.position == 0:
        return lay_out(question, Sums())
    try:
        spark_columns = import_module("adapters.spark_columns")
    except ImportError as error:
        raise WrongUseError(
            f"the engine spark is not installed ({error}): pip install 'forlop[spark]'"
        ) from None
    sums, apart = spark_columns.sums_on_spark(engine, connection, profile, question)
    _add_apart(sums, apart, connection, profile, question)
    return lay_out(question, sums)


def _by_columns(
    engine: Engine, connection: Connection, profile: Profile, question: Question
) -> Table:
    """A figure over the columnar copy.

    The copy has no axis of position. Where it stands later than the question does, whoever has an
    event after the question's position that would count is left to the reference engine; so is
    whoever has several keys, whose journeys must be united.
    """
    if question.position == 0:
        return lay_out(question, Sums())
    from adapters.columnar_copy import ColumnarCopy  # noqa: PLC0415 - a slow import

    with ColumnarCopy(engine).at_least(connection, question.position) as copy:
        return over_copy(copy, connection, profile, question)


def over_copy(
    copy: tuple[DuckRunner, int], connection: Connection, profile: Profile, question: Question
) -> Table:
    """A figure over an open copy that stands at its position or later."""
    from projections.columnar.asking import ask  # noqa: PLC0415 - a slow import

    runner, stands_at = copy
    apart = (
        "SELECT pid FROM link UNION SELECT p.pid FROM link l "
        "JOIN person p ON p.participant_id = unhex(l.same_as)"
    )
    if stands_at > question.position:
        apart += (
            f" UNION SELECT pid FROM log WHERE position > {question.position} "
            f"AND recorded <= {to_microseconds(question.known_at)}"
        )
    runner.run(f"CREATE OR REPLACE TEMPORARY TABLE unsettled AS {apart}")
    found = runner.rows("SELECT participant_id FROM person JOIN unsettled USING (pid)")
    sums = ask(question, profile, runner, without="unsettled" if found else None)
    _add_apart(sums, [bytes(one) for (one,) in found], connection, profile, question)
    return lay_out(question, sums)


def _add_apart(
    sums: Sums, apart: list[bytes], connection: Connection, profile: Profile, question: Question
) -> None:
    """Adds those whom an engine over rectangles left out, by the reference engine."""
    left = facts_of(connection, apart)
    lens = Lens(question, profile)
    linked = linked_participants(connection, question.position) if left else ()
    for journey in reference.journeys_of(left.items(), linked, question):
        sums.add_person(reference.marks_in(question, lens, journey))
