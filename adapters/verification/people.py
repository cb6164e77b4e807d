"""Histories: every one sound, its versions in order, and each with a key or an erasure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection

from adapters.errors import DamagedError
from adapters.mapper import decode
from adapters.participants import keys_of
from adapters.schema import participants
from adapters.seals import Seals
from adapters.secret import SecretError, TamperedError
from adapters.verification.findings import Finding, raw_rows
from domain.events import EVENT_TYPES
from domain.history import Fact, History, Key

_KEYS_AT_ONCE = 500


def history_findings(connection: Connection) -> Iterator[Finding]:
    """Whether every history is sound, its versions gapless, and what it replaces there, once."""
    statement = (
        "SELECT participant_id, version, id, topic, state, source FROM events "
        "ORDER BY participant_id, version"
    )
    for _, group in groupby(raw_rows(connection, statement), key=itemgetter(0)):
        rows = list(group)
        yield from _version_findings(rows)
        try:
            facts = [
                Fact(decode(topic, state), position)
                for _, _, position, topic, state, source in rows
                if topic in EVENT_TYPES or source != "eventsourcing"
            ]
            yield from _replacing_findings(facts)
            History(facts)
        except DamagedError:
            yield from _unreadable(rows)
        except ValueError as unsound:
            yield Finding("events", *_parted(str(unsound), rows))


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
    there: set[Key] = set()
    replaced: set[Key] = set()
    for fact in facts:
        target = fact.event.replaced_key
        if target is not None and (target not in there or target in replaced):
            what = "what it replaces is not there, or has been replaced already"
            yield Finding("events", fact.position, what)
        if target is not None:
            replaced.add(target)
        there.add(fact.event.key)


def _unreadable(rows: list[tuple[Any, ...]]) -> Iterator[Finding]:
    for _, _, position, topic, state, _ in rows:
        try:
            decode(topic, state)
        except DamagedError as error:
            yield Finding("events", position, str(error.__cause__ or error).splitlines()[0])


def key_findings(connection: Connection) -> Iterator[Finding]:
    """Whether everybody in the log has a key, or was erased; and with the secret, that it opens."""
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
    with suppress(SecretError):
        yield from _opening_findings(connection)


def _opening_findings(connection: Connection) -> Iterator[Finding]:
    seals = Seals(connection, restoring=True)
    secret = seals.secret
    statement = f"SELECT participant_id, lookup FROM {participants.name} ORDER BY participant_id"
    rows = list(raw_rows(connection, statement))
    for start in range(0, len(rows), _KEYS_AT_ONCE):
        some = rows[start : start + _KEYS_AT_ONCE]
        try:
            known = keys_of(connection, [person for person, _ in some], seals)
            wrong = any(secret.lookup(known[person]) != lookup for person, lookup in some)
        except (TamperedError, KeyError, TypeError, ValueError):
            wrong = True
        if wrong:
            yield from _one_by_one(connection, some, secret.lookup)


def _one_by_one(
    connection: Connection, rows: list[tuple[Any, ...]], lookup_of: Any
) -> Iterator[Finding]:
    for person, lookup in rows:
        try:
            known = keys_of(connection, [person])
            wrong = lookup_of(known[person]) != lookup
        except (TamperedError, KeyError, TypeError, ValueError):
            wrong = True
        if wrong:
            named = person.hex() if isinstance(person, bytes) else "?"
            what = f"the key of participant {named} does not open, or is filed under another"
            yield Finding("participants", None, what)
