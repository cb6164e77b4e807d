"""`explain` asked of a store: the persons and events behind a cell, or one person's part in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import orjson
from sqlalchemy import Connection, Engine

from adapters.answers import Asked, checked, head_at, meta_of, settle
from adapters.database import reading
from adapters.errors import UnknownParticipantError, WrongUseError
from adapters.facts import every_history, facts_of
from adapters.participants import ids_of, keys_of
from domain.codes import Profile
from domain.history import Fact
from projections.explaining.aim import Aim
from projections.explaining.cell import person_json, take_apart
from projections.explaining.told import trace_json
from projections.explaining.trace import trace
from projections.question import Question, QuestionError
from projections.views import Lens

# Who may add something to a question, by id; None: anybody. Whoever is left out must add nothing.
Candidates: TypeAlias = Callable[[Connection, Question], Iterable[bytes] | None]


def everybody(_: Connection, __: Question) -> None:
    """All participants: what a store without a columnar copy can say."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What was asked (`meta`), and what was found, as JSON values."""

    meta: dict[str, Any]
    found: dict[str, Any]

    def as_json(self) -> bytes:
        """The same bytes for the same question at the same position."""
        told = {"meta": self.meta, **self.found}
        return orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def explain(
    engine: Engine,
    profile: Profile,
    asked: Asked,
    row: Mapping[str, str | None],
    column: str | None = None,
    *,
    participant: str | None = None,
    candidates: Candidates = everybody,
) -> Explanation:
    """Takes a cell apart: `asked` with its filters, `row` by its labels, `column` or all.

    With a participant, why that person is or is not in it; UnknownParticipantError where the store
    has none of that key. WrongUseError where the question cannot be meant.
    """
    with reading(engine) as connection:
        position, head = head_at(connection, asked.position)
        question = checked(settle(replace(asked, curve=False), connection, position), profile)
        aim = _aim(question, row, column)
        if participant is None:
            found = _cell(connection, profile, aim, candidates)
        else:
            found = _person(connection, profile, aim, participant)
    meta = {
        "command": "explain",
        **meta_of(question, head, profile),
        "row": dict(aim.row),
        "column": column,
        "participant": participant,
    }
    return Explanation(meta, found)


def _aim(question: Question, row: Mapping[str, str | None], column: str | None) -> Aim:
    try:
        return Aim(question, dict(row), column)
    except QuestionError as error:
        raise WrongUseError(str(error)) from None


def _person(connection: Connection, profile: Profile, aim: Aim, participant: str) -> dict[str, Any]:
    ids = ids_of(connection, [participant])
    if participant not in ids:
        raise UnknownParticipantError("no participant has the key asked for")
    (facts,) = facts_of(connection, ids.values()).values()
    return trace_json(trace(aim, Lens(aim.question, profile), facts))


def _cell(
    connection: Connection, profile: Profile, aim: Aim, candidates: Candidates
) -> dict[str, Any]:
    histories = histories_of(connection, aim.question, candidates)
    found = take_apart(aim, Lens(aim.question, profile), histories)
    keys = keys_of(connection, [who for who, _ in found.persons])
    parts = sorted(found.persons, key=lambda one: (keys.get(one[0], ""), one[1].facts[0].position))
    return {
        "rows": found.table.rows,
        "total": found.table.total,
        "persons": len(parts),
        "participants": [
            {"participant": keys.get(who), **person_json(aim.question, aim, part)}
            for who, part in parts
        ],
    }


def histories_of(
    connection: Connection, question: Question, candidates: Candidates
) -> Iterator[tuple[bytes, Sequence[Fact]]]:
    """The histories of those who may add something to a question, up to its position."""
    chosen = candidates(connection, question)
    if chosen is None:
        yield from every_history(connection, question.position)
    else:
        yield from facts_of(connection, chosen).items()
