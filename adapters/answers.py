"""A figure asked of a store: its position and knowledge time settled, counted, and described."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

import orjson

from adapters.errors import WrongUseError
from adapters.log import NO_HASH, Log, appended_at, hash_there, head_of
from adapters.tables import json
from domain.calendar import OSLO, Length, Period, Step, from_microseconds
from domain.codes import Profile
from domain.kinds import Kind
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
    let_in_places,
)

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from adapters.watching import Watch

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
    engine: Engine,
    profile: Profile,
    asked: Asked,
    by_engine: EngineName = "columnar",
    watch: Watch | None = None,
) -> Result:
    """Counts a figure; WrongUseError where the question cannot be meant.

    `watch` is called where the columnar copy must be refreshed first.
    """
    from adapters.database import reading  # noqa: PLC0415 - not what only asks and describes
    from adapters.engines import count  # noqa: PLC0415

    with reading(engine) as connection:
        position, head = head_at(connection, asked.position)
        question = checked(settle(asked, connection, position), profile)
        table = count(engine, connection, profile, question, by_engine, watch)
    return described(question, table, head, profile)


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


def settle(asked: Asked, log: Log, position: int) -> Question:
    """A question with every default filled in."""
    return settle_at(asked, position, appended_at(log, position))


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


def head_at(log: Log, position: int | None) -> tuple[int, bytes]:
    """The position to count at, and the hash of the log up to there."""
    head = head_of(log)
    if position is None or position == head.position:
        return head.position, head.hash
    if not 0 <= position <= head.position:
        raise WrongUseError(f"there is no position {position}; the log ends at {head.position}")
    return position, NO_HASH if position == 0 else hash_there(log, position)
