"""Histories: every one sound, its versions in order, and each with a key or an erasure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection

from adapters.errors import DamagedError
from adapters.mapper import decode
from adapters.schema import standings
from adapters.standings import Left, left_of
from adapters.verification.findings import Finding, raw_rows
from domain.calendar import to_microseconds
from domain.events import EVENT_TYPES, Withdrawn
from domain.history import Fact, History, Key

_LEFT_AT_ONCE = 500
_COLUMNS = (
    "participant_id, version, id, topic, state, occurred_on, recorded_at, source, source_event_id"
)
_FOREIGN = "eventsourcing"  # the source of what is not an event of the domain


def history_findings(
    connection: Connection, done: Callable[[int], None] = lambda _: None
) -> Iterator[Finding]:
    """Whether every history is sound, its versions gapless, its typed columns as its states say.

    What stands beside the log of where each one was left is looked at as well. `done` is told how
    many rows more have been looked at.
    """
    left: dict[bytes, Left] = {}
    statement = f"SELECT {_COLUMNS} FROM events ORDER BY participant_id, version"
    for person, group in groupby(raw_rows(connection, statement), key=itemgetter(0)):
        rows = list(group)
        done(len(rows))
        yield from _version_findings(rows)
        rows = [row for row in rows if row[3] in EVENT_TYPES or row[7] != _FOREIGN]
        try:
            facts = [Fact(decode(row[3], row[4]), row[2]) for row in rows]
            yield from _disagreements(facts, rows)
            yield from _replacing_findings(facts)
            history = History(facts)
            if history.end is not None:
                left[person] = Left(rows[-1][1], history.end, history.standing)
        except DamagedError:
            yield from _unreadable(rows)
        except ValueError as unsound:
            yield Finding("events", *_parted(str(unsound), rows))
        if len(left) == _LEFT_AT_ONCE:
            yield from _left_findings(connection, left)
            left.clear()
    yield from _left_findings(connection, left)


def _disagreements(facts: Sequence[Fact], rows: Sequence[tuple[Any, ...]]) -> Iterator[Finding]:
    """Where a typed column says something else than the state."""
    for fact, (*_, occurred_on, recorded_at, source, key) in zip(facts, rows, strict=True):
        event = fact.event
        if (
            event.occurred_on.isoformat() == str(occurred_on)
            and to_microseconds(event.recorded_at) == recorded_at
            and (event.source, event.event_id) == (source, key)
        ):
            continue
        said = {
            "occurred_on": (event.occurred_on.isoformat(), str(occurred_on)),
            "recorded_at": (to_microseconds(event.recorded_at), recorded_at),
            "source": (event.source, source),
            "source_event_id": (event.event_id, key),
        }
        wrong = " and ".join(name for name, (state, column) in said.items() if state != column)
        yield Finding("events", fact.position, f"{wrong} differs from the state")


def _left_findings(connection: Connection, left: Mapping[bytes, Left]) -> Iterator[Finding]:
    """Whether what is kept of the end of some histories, so as not to read them, is so."""
    for person, kept in left_of(connection, left).items():
        due = left[person]
        sanctions = (list(one.standing.sanctions) for one in (kept, due))
        if kept != due or next(sanctions) != next(sanctions):  # their order counts as well
            what = f"what it keeps of participant {person.hex()} does not follow from the log"
            yield Finding(standings.name, None, f"{standings.name}: {what}; delete its rows")


def _parted(said: str, rows: list[tuple[Any, ...]]) -> tuple[int, str]:
    """What `History` says, `position N: why`, as the two parts of a finding."""
    where, _, why = said.partition(": ")
    number = where.removeprefix("position ")
    position = int(number) if number.isdecimal() else rows[0][2]
    return position, f"the history is not sound here: {why}"


def _version_findings(rows: list[tuple[Any, ...]]) -> Iterator[Finding]:
    before = 0
    for number, (_, version, position, *_) in enumerate(rows, start=1):
        if version != number:
            what = f"version {version} of its participant where {number} is due"
            yield Finding("events", position, what)
            return
        if position <= before:
            yield Finding("events", position, "its version and its position are out of order")
            return
        before = position


def _replacing_findings(facts: list[Fact]) -> Iterator[Finding]:
    if all(fact.event.replaces is None for fact in facts):
        return
    there: set[Key] = set()
    replaced: set[Key] = set()
    for fact in facts:
        target = fact.event.replaced_key
        once_more = target in replaced and not isinstance(fact.event, Withdrawn)
        if target is not None and (target not in there or once_more):
            what = "what it replaces is not there, or has been replaced already"
            yield Finding("events", fact.position, what)
        if target is not None:
            replaced.add(target)
        there.add(fact.event.key)


def _unreadable(rows: list[tuple[Any, ...]]) -> Iterator[Finding]:
    for _, _, position, topic, state, *_ in rows:
        try:
            decode(topic, state)
        except DamagedError as error:
            yield Finding("events", position, str(error.__cause__ or error).splitlines()[0])


def key_findings(connection: Connection) -> Iterator[Finding]:
    """Whether everybody in the log has a key, or was erased, and not both."""
    statement = (
        "SELECT min(id) FROM events WHERE source <> 'eventsourcing' AND NOT EXISTS "
        "(SELECT 1 FROM participants p WHERE p.participant_id = events.participant_id) "
        "AND NOT EXISTS "
        "(SELECT 1 FROM erasures e WHERE e.participant_id = events.participant_id) "
        "GROUP BY participant_id ORDER BY 1"
    )
    for (position,) in raw_rows(connection, statement):
        yield Finding("events", position, "its participant has no key and was not erased")
    statement = (
        "SELECT e.id FROM erasures e JOIN participants p ON p.participant_id = e.participant_id"
    )
    for (erasure,) in raw_rows(connection, statement):
        what = "the participant is back: run `forlop erase --replay`"
        yield Finding("erasures", erasure, what)
