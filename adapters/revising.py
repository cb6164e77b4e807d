"""`diff` asked of a store: a figure before and after, and why it changed; or its triangle."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final, TypeAlias

import orjson
from sqlalchemy import Engine

from adapters.access_log import Reader, reader, record_access, refuse_without_reason
from adapters.answers import Asked, EngineName, checked, head_at, meta_of, settle
from adapters.database import reading
from adapters.errors import WrongUseError
from adapters.explaining import named, whose
from adapters.grounds import Ground, open_ground
from adapters.participants import keys_of
from adapters.watching import Watch, unwatched
from domain.calendar import Step, show_instant
from domain.codes import Profile
from projections.explaining.aim import ROW_LABELS
from projections.layout import Row
from projections.question import Question, QuestionError
from projections.revising.path import Change, changes_of
from projections.revising.revision import RevisedRow, revised_rows
from projections.revising.told import row_json
from projections.revising.triangle import corners, triangle

SHOWN: Final = 3  # changes of each cause that a screen shows, where nothing else is asked
Whose: TypeAlias = tuple[bytes, ...]


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


def diff(
    engine: Engine,
    profile: Profile,
    first: Asked,
    second: Asked,
    *,
    limit: int | None = None,
    by_engine: EngineName = "columnar",
    by: Reader | None = None,
    watch: Watch = unwatched,
) -> Revised:
    """The same figure asked twice: rows before and after, each change split by cause.

    The two differ in knowledge time, position, cutoff and window alone. `limit` changes of each
    cause are told of, None: all; the numbers are of all of them. Who is told of is in the access
    log, under `by`, before this returns. Raises WrongUseError where the first knows more than the
    second, for what was learned is told in its order.
    """
    by = by or reader()
    refuse_without_reason(engine, by)
    with reading(engine) as connection:
        asked = []
        for one in (first, second):
            position, head = head_at(connection, one.position)
            plain = replace(one, curve=False)
            asked.append((checked(settle(plain, connection, position), profile), head))
        (before, _), (after, _) = asked
        _check_order(before, after)
        last = after.position
        with open_ground(engine, connection, profile, by_engine, last, watch) as ground:
            then, now = ground.table(before), ground.table(after)
            changes = _changes(ground, profile, before, after)
        rows, total = revised_rows(before, then, now, changes)
        told = _told_of([*rows, *([] if total is None else [total])], limit)
        keys = keys_of(connection, told)
        shown = [row_json(row, lambda own: whose(own, keys), limit) for row in rows]
        in_all = None if total is None else row_json(total, lambda own: whose(own, keys), limit)
        named([shown, in_all], connection)
    record_access(engine, by, f"diff {before.figure}", told)
    metas = [meta_of(question, head, profile) for question, head in asked]
    meta = {
        "command": "diff",
        "figure": before.figure,
        "before": metas[0],
        "after": metas[1],
        "limit": limit,
    }
    return Revised(meta, shown, in_all)


def _check_order(before: Question, after: Question) -> None:
    for name in before.by:
        if name in ROW_LABELS.get(before.figure, ()):
            raise WrongUseError(f"{before.figure} names its rows by {name}; --by cannot, in a diff")
    if before.known_at > after.known_at or before.position > after.position:
        raise WrongUseError("give the earlier knowledge time or position first")


def _changes(
    ground: Ground, profile: Profile, before: Question, after: Question
) -> list[tuple[Whose, Change]]:
    """Everybody's changes, in the order in which the log came to know the persons."""
    found: list[tuple[int, Whose, list[Change]]] = []
    for histories in ground.changed(before, after):
        if changes := changes_of(before, after, profile, histories):
            since = {own: facts[0].position for own, facts in histories.items()}
            keys = tuple(sorted(since, key=since.__getitem__))
            found.append((since[keys[0]], keys, changes))
    found.sort(key=lambda one: one[0])
    return [(keys, change) for _, keys, changes in found for change in changes]


def _told_of(rows: list[RevisedRow[Whose]], limit: int | None) -> list[bytes]:
    """Whoever is named in rows of which each cause shows so many changes."""
    return sorted(
        {
            own
            for row in rows
            for part in row.parts
            for keys, _, _ in part.changes[:limit]
            for own in keys
        }
    )


def grow(
    engine: Engine,
    profile: Profile,
    last: Asked,
    every: Step,
    since: datetime | None = None,
    *,
    by_engine: EngineName = "columnar",
    watch: Watch = unwatched,
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
        with open_ground(engine, connection, profile, by_engine, position, watch) as ground:
            tables = [ground.table(corner.question) for corner in asked]
    meta = {
        "command": "diff",
        "triangle": every,
        **meta_of(question, head, profile),
        "at": _shown(last.at),
        "known_from": None if since is None else show_instant(since),
    }
    return Revised(meta, triangle(asked, tables, every), None)


def _shown(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
