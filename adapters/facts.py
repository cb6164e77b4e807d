"""Facts out of the log: by participant, by key, or the whole of it in order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import groupby
from operator import itemgetter

from sqlalchemy import Connection, select

from adapters.event_store import in_parts
from adapters.mapper import decode
from adapters.schema import events
from domain.history import Fact, Key
from domain.intake import Known

_columns = (events.c.participant_id, events.c.id, events.c.topic, events.c.state)


def facts_of(connection: Connection, participant_ids: Iterable[bytes]) -> dict[bytes, list[Fact]]:
    """The facts of some participants, by position; those without any have an empty list."""
    found: dict[bytes, list[Fact]] = {participant_id: [] for participant_id in participant_ids}
    for some in in_parts(list(found)):
        rows = connection.execute(
            select(*_columns).where(events.c.participant_id.in_(some)).order_by(events.c.id)
        )
        for participant_id, position, topic, state in rows:
            found[bytes(participant_id)].append(Fact(decode(topic, bytes(state)), position))
    return found


def known_events(connection: Connection, keys: Iterable[Key]) -> dict[Key, Known[bytes]]:
    """Those of some keys that are in the log; an event is decoded only when it is looked at."""
    found: dict[Key, Known[bytes]] = {}
    by_source: dict[str, list[str]] = {}
    for source, event_id in keys:
        by_source.setdefault(source, []).append(event_id)
    for source, event_ids in by_source.items():
        for some in in_parts(event_ids):
            rows = connection.execute(
                select(events.c.source_event_id, *_columns).where(
                    events.c.source == source, events.c.source_event_id.in_(some)
                )
            )
            for event_id, participant_id, _, topic, state in rows:
                found[source, event_id] = Known(
                    bytes(participant_id), partial(decode, topic, bytes(state))
                )
    return found


def every_history(
    connection: Connection, position: int | None = None
) -> Iterator[tuple[bytes, list[Fact]]]:
    """Each participant's facts by position, up to a position, one participant at a time."""
    query = select(*_columns).order_by(events.c.participant_id, events.c.version)
    if position is not None:
        query = query.where(events.c.id <= position)
    rows = connection.execution_options(yield_per=5000).execute(query)
    for participant_id, group in groupby(rows, key=itemgetter(0)):
        yield (
            bytes(participant_id),
            [Fact(decode(topic, bytes(state)), position) for _, position, topic, state in group],
        )
