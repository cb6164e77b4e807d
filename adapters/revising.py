"""`diff` asked of a store: a figure before and after, and why it changed; or its triangle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, TypeAlias

import orjson
from sqlalchemy import Connection, Engine, or_, select

from adapters.answers import Asked, by_reference, checked, head_at, meta_of, settle
from adapters.database import reading
from adapters.errors import WrongUseError
from adapters.facts import every_history, facts_of
from adapters.participants import keys_of
from adapters.schema import events
from domain.calendar import Step, show_instant, to_microseconds
from domain.codes import Profile
from projections.explaining.aim import ROW_LABELS
from projections.layout import Row
from projections.question import Question, QuestionError
from projections.revising.path import Change, changes_of
from projections.revising.revision import revised_rows
from projections.revising.told import row_json
from projections.revising.triangle import corners, triangle

# Whose part of a figure may be another one after, by id; None: anybody's.
Changed: TypeAlias = Callable[[Connection, Question, Question], Iterable[bytes] | None]


@dataclass(frozen=True, slots=True)
class Revised:
    """What was asked (`meta`), and the rows before and after, or of a triangle."""

    meta: dict[str, Any]
    rows: list[Row]
    total: Row | None

    def as_json(self) -> bytes:
        """The same bytes for the same question at the same positions."""
        found = {"meta": self.meta, "rows": self.rows, "total": self.total}
        return orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def who_changed(
    connection: Connection, before: Question, after: Question
) -> Iterable[bytes] | None:
    """Those of whom something became known in between; anybody, where the calendar moves too."""
    if (before.at, before.period, before.window) != (after.at, after.period, after.window):
        return None
    learned = (
        select(events.c.participant_id)
        .distinct()
        .where(
            events.c.id <= after.position,
            events.c.recorded_at <= to_microseconds(after.known_at),
            or_(
                events.c.id > before.position,
                events.c.recorded_at > to_microseconds(before.known_at),
            ),
        )
    )
    return [bytes(one) for one in connection.execute(learned).scalars()]


def diff(
    engine: Engine, profile: Profile, first: Asked, second: Asked, changed: Changed = who_changed
) -> Revised:
    """The same figure asked twice: rows before and after, each change split by cause.

    The two differ in knowledge time, position, cutoff and window alone. Raises WrongUseError where
    the first knows more than the second, for what was learned is told in its order.
    """
    with reading(engine) as connection:
        asked = []
        for one in (first, second):
            position, head = head_at(connection, one.position)
            plain = replace(one, curve=False)
            asked.append((checked(settle(plain, connection, position), profile), head))
        (before, _), (after, _) = asked
        _check_order(before, after)
        then, now = (by_reference(connection, profile, question) for question, _ in asked)
        changes = list(_changes(connection, profile, before, after, changed))
        keys = keys_of(connection, {who for who, _ in changes})
    rows, total = revised_rows(before, then, now, changes)
    metas = [meta_of(question, head, profile) for question, head in asked]
    meta = {"command": "diff", "figure": before.figure, "before": metas[0], "after": metas[1]}
    return Revised(
        meta,
        [row_json(row, keys.get) for row in rows],
        None if total is None else row_json(total, keys.get),
    )


def _check_order(before: Question, after: Question) -> None:
    for name in before.by:
        if name in ROW_LABELS.get(before.figure, ()):
            raise WrongUseError(f"{before.figure} names its rows by {name}; --by cannot, in a diff")
    if before.known_at > after.known_at or before.position > after.position:
        raise WrongUseError("give the earlier knowledge time or position first")


def _changes(
    connection: Connection, profile: Profile, before: Question, after: Question, changed: Changed
) -> Iterator[tuple[bytes, Change]]:
    chosen = changed(connection, before, after)
    if chosen is None:
        histories = every_history(connection, after.position)
    else:
        histories = iter(facts_of(connection, chosen).items())
    for who, facts in histories:
        for change in changes_of(before, after, profile, facts):
            yield who, change


def grow(
    engine: Engine, profile: Profile, last: Asked, every: Step, since: datetime | None = None
) -> Revised:
    """The triangle: the figure of each step of the period at each knowledge time up to `last`'s.

    `since`, where given, is the earliest knowledge time shown. See `triangle.corners`.
    """
    with reading(engine) as connection:
        position, head = head_at(connection, last.position)
        question = checked(settle(replace(last, curve=False), connection, position), profile)
        try:
            asked = corners(question, every, since, last.at)
        except QuestionError as error:
            raise WrongUseError(str(error)) from None
        histories = (facts for _, facts in every_history(connection, question.position))
        rows = triangle(asked, profile, every, histories)
    meta = {
        "command": "diff",
        "triangle": every,
        **meta_of(question, head, profile),
        "at": _shown(last.at),
        "known_from": None if since is None else show_instant(since),
    }
    return Revised(meta, rows, None)


def _shown(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
