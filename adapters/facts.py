"""Facts out of the log: by participant, by key, or the whole of it in order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any

import orjson
from sqlalchemy import Connection, select

from adapters.bulk import by_source, look_up
from adapters.errors import DamagedError
from adapters.mapper import decode
from adapters.schema import events
from adapters.seals import Seals
from domain.events import EVENT_TYPES, Linked, Unlinked
from domain.history import Fact, Key, Step
from domain.intake import Known
from domain.standing import ABOUT, ABOUT_A_DAY

_LINKS = (Linked.TOPIC, Unlinked.TOPIC)
_FACTS = "SELECT participant_id, id, topic, state FROM events"
_STEPS = "SELECT participant_id, id, topic, state, occurred_on, recorded_at FROM events"
_KNOWN = "SELECT source_event_id, participant_id, topic, state FROM events"
_columns = (events.c.participant_id, events.c.id, events.c.topic, events.c.state)


def facts_of(
    connection: Connection, participant_ids: Iterable[bytes], seals: Seals | None = None
) -> dict[bytes, list[Fact]]:
    """The facts of some participants, by position; those without any have an empty list.

    With `seals` they have their notes.
    """
    found: dict[bytes, list[Fact]] = {participant_id: [] for participant_id in participant_ids}
    rows = list(look_up(connection, _FACTS, "participant_id", list(found), order="ORDER BY id"))
    if seals is not None:
        seals.load(bytes(person) for person, _, _, state in rows if b'"sealed"' in bytes(state))
    for participant_id, position, topic, state in rows:
        person = bytes(participant_id)
        found[person].append(_fact(person, position, topic, bytes(state), seals))
    return found


def steps_of(connection: Connection, participant_ids: Iterable[bytes]) -> dict[bytes, list[Step]]:
    """What telling some participants' histories takes, see `domain.history.Step`.

    Those are left out of whom an event replaces another, or is not as this version writes it.
    """
    persons = list(participant_ids)
    found: dict[bytes, list[Step]] = {person: [] for person in persons}
    for participant_id, position, topic, state, day, at in look_up(
        connection, _STEPS, "participant_id", persons
    ):
        person = bytes(participant_id)
        step = _step(position, topic, bytes(state), str(day), at)
        if step is None:
            found.pop(person, None)
        elif person in found:
            found[person].append(step)
    return found


def _step(position: int, topic: str, state: bytes, day: str, at: int) -> Step | None:
    cls = EVENT_TYPES.get(topic)
    if cls is None or b'"replaces":' in state:
        return None
    try:
        fields = orjson.loads(state)
        if fields["v"] != cls.VERSION:
            return None
        name = ABOUT.get(cls)
        what = None if name is None else fields.get(name)
        if what is not None and cls in ABOUT_A_DAY:
            what = date.fromisoformat(what)
        return (date.fromisoformat(day), at, position), cls, what
    except (ValueError, TypeError, KeyError):
        return None


def known_events(
    connection: Connection, keys: Iterable[Key], seals: Seals
) -> dict[Key, Known[bytes]]:
    """Those of some keys that are in the log; an event is decoded only when it is looked at."""
    found: dict[Key, Known[bytes]] = {}
    for source, event_ids in by_source(keys).items():
        rows = look_up(connection, _KNOWN, "source_event_id", event_ids, {"source": source})
        for event_id, participant_id, topic, state in rows:
            person = bytes(participant_id)
            found[source, event_id] = Known(
                person, partial(decode, topic, bytes(state), person, seals)
            )
    return found


def every_history(
    connection: Connection, position: int | None = None
) -> Iterator[tuple[bytes, list[Fact]]]:
    """Each participant's facts by position, up to a position, one participant at a time."""
    query = select(*_columns).order_by(events.c.participant_id, events.c.version)
    if position is not None:
        query = query.where(events.c.id <= position)
    with connection.execute(query, execution_options={"yield_per": 5000}) as rows:
        for participant_id, group in groupby(_readable(rows), key=itemgetter(0)):
            yield (
                bytes(participant_id),
                [
                    _fact(b"", position, topic, bytes(state), None)
                    for _, position, topic, state in group
                ],
            )


def _readable(rows: Iterable[Any]) -> Iterator[Any]:
    """Rows as they come; DamagedError where a column holds what its type never does."""
    try:
        yield from rows
    except (TypeError, ValueError) as error:
        raise DamagedError("a row of the log does not read; run `forlop verify`") from error


def _fact(person: bytes, position: int, topic: str, state: bytes, seals: Seals | None) -> Fact:
    try:
        return Fact(decode(topic, state, person, seals), position)
    except DamagedError as error:
        raise DamagedError(f"position {position}: {error}") from error


def linked_participants(connection: Connection, position: int) -> set[bytes]:
    """Every participant that some link up to a position names, on either side."""
    rows = connection.execute(
        select(events.c.participant_id, events.c.topic, events.c.state).where(
            events.c.topic.in_(_LINKS), events.c.id <= position
        )
    )
    found: set[bytes] = set()
    for participant_id, topic, state in rows:
        event = decode(topic, bytes(state))
        if isinstance(event, Linked | Unlinked):
            found |= {bytes(participant_id), bytes.fromhex(event.same_as)}
    return found
