"""`explain` asked of a store: the persons and events behind a cell, or one person's part in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Engine

from adapters.access_log import Reader, reader, record_access, refuse_without_reason
from adapters.answers import Asked, EngineName, checked, head_at, meta_of, settle
from adapters.database import reading
from adapters.errors import WrongUseError
from adapters.grounds import Ground, open_ground
from adapters.journeys import identify
from adapters.participants import keys_of
from adapters.watching import Watch, unwatched
from domain.codes import Profile
from domain.linking import Person
from projections.explaining.aim import Aim
from projections.explaining.cell import person_json
from projections.explaining.told import trace_json
from projections.explaining.trace import trace
from projections.question import Question, QuestionError
from projections.views import Lens

SHOWN: Final = 20  # persons of a cell that a screen shows, where nothing else is asked


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
    limit: int | None = None,
    by_engine: EngineName = "columnar",
    by: Reader | None = None,
    watch: Watch = unwatched,
) -> Explanation:
    """Takes a cell apart: `asked` with its filters, `row` by its labels, `column` or all.

    `limit` persons are told of, None: all, in the order in which the log came to know them; how
    many there are is exact all the same. With a participant, by natural key or id, why that person
    is or is not in it; raises as `journeys.identify`. Who is told of is in the access log, under
    `by`, before this returns. WrongUseError where the question cannot be meant.
    """
    by = by or reader()
    refuse_without_reason(engine, by)
    what = f"explain {asked.figure}"
    whose = None if participant is None else identify(engine, participant, what, by)
    with reading(engine) as connection:
        position, head = head_at(connection, asked.position)
        question = checked(settle(replace(asked, curve=False), connection, position), profile)
        aim = _aim(question, row, column)
        with open_ground(engine, connection, profile, by_engine, position, watch) as ground:
            if whose is None:
                found, shown = _cell(connection, profile, aim, ground, limit)
            else:
                found, shown = _person(connection, profile, aim, ground, whose)
    record_access(engine, by, what, [one for one in shown if one != whose])
    meta = {
        "command": "explain",
        **meta_of(question, head, profile),
        "row": dict(aim.row),
        "column": column,
        "participant": participant,
        "limit": limit if participant is None else None,
    }
    return Explanation(meta, found)


def _aim(question: Question, row: Mapping[str, str | None], column: str | None) -> Aim:
    try:
        return Aim(question, dict(row), column)
    except QuestionError as error:
        raise WrongUseError(str(error)) from None


def _person(
    connection: Connection, profile: Profile, aim: Aim, ground: Ground, whose: bytes
) -> tuple[dict[str, Any], list[bytes]]:
    person = ground.person(aim.question, whose)
    own = _in_order(person)
    keys = keys_of(connection, own)
    found = trace_json(trace(aim, Lens(aim.question, profile), person))
    several = {} if len(own) == 1 else {"keys": [keys.get(one) for one in own]}
    return several | named(found, connection), own


def _cell(
    connection: Connection, profile: Profile, aim: Aim, ground: Ground, limit: int | None
) -> tuple[dict[str, Any], list[bytes]]:
    table = ground.table(aim.question)
    count, found = ground.behind(aim, limit)
    lens = Lens(aim.question, profile)
    parts = [(_in_order(one.person), one.part(aim, lens)) for one in found]
    shown = [own for keys, _ in parts for own in keys]
    told_of = {own for _, part in parts for own in part.told_of.values()}
    keys = keys_of(connection, {*shown, *told_of})
    participants = [whose(own, keys) | person_json(aim, part, keys.get) for own, part in parts]
    cell = {
        "rows": [row for row in table.rows if aim.keeps(row)],
        "total": None if aim.row else table.total,
        "persons": count,
        "shown": len(participants),
        "participants": participants,
    }
    return named(cell, connection), sorted({*shown, *told_of})


def _in_order(person: Person[bytes]) -> list[bytes]:
    """A person's keys, as the log came to know them."""
    first = {own: facts[0].position if facts else 0 for own, facts in person.facts.items()}
    return sorted(first, key=first.__getitem__)


def whose(own: Sequence[bytes], keys: Mapping[bytes, str]) -> dict[str, Any]:
    """A person by natural key, null where there is none any more; by all of them, where several."""
    told: dict[str, Any] = {"participant": keys.get(own[0])}
    return told if len(own) == 1 else told | {"keys": [keys.get(one) for one in own]}


def named(found: Any, connection: Connection) -> Any:
    """JSON values with the natural key in place of the id that a link names in the log."""
    links: list[dict[str, Any]] = []
    _gather_links(found, links)
    ids = {bytes.fromhex(fields["same_as"]) for fields in links}
    keys = keys_of(connection, ids) if ids else {}
    for fields in links:
        fields["same_as"] = keys.get(bytes.fromhex(fields["same_as"]))
    return found


def _gather_links(found: Any, links: list[dict[str, Any]]) -> None:
    if isinstance(found, list):
        for one in found:
            _gather_links(one, links)
    elif isinstance(found, dict):
        if isinstance(found.get("fields"), dict) and "same_as" in found["fields"]:
            links.append(found["fields"])
        for one in found.values():
            _gather_links(one, links)
