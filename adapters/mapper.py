"""Events as the log keeps them: a fixed topic, and a state of JSON that is validated when read.

An event's note is sealed under its participant's key and stands in the state as `sealed`. Read
without the keys, as every figure is, an event has no note.
"""

from __future__ import annotations

import orjson

from adapters.errors import DamagedError
from adapters.event_store import Entry
from adapters.seals import Seals
from domain.calendar import to_microseconds
from domain.events import Event, UnreadableEventError, from_state, to_state


def encode(person: bytes, event: Event, seals: Seals) -> bytes:
    """An event's state; the participant's key is looked up only where there is a note."""
    state = to_state(event)
    note = state.pop("note", None)
    if note is not None:
        state["sealed"] = seals.seal_note(person, state, note)
    return orjson.dumps(state)


def decode(topic: str, state: bytes, person: bytes = b"", seals: Seals | None = None) -> Event:
    """A stored event, validated and brought up to date; see `domain.events.from_state`.

    With `seals` it has its note again, unless its participant was erased. Raises DamagedError on a
    state that does not read.
    """
    try:
        fields = orjson.loads(state)
        sealed = fields.pop("sealed", None)
        if sealed is not None and seals is not None:
            fields["note"] = seals.open_note(person, fields, sealed)
        return from_state(topic, fields)
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        what = str(error) if isinstance(error, UnreadableEventError) else "its state does not read"
        raise DamagedError(
            f"an event of the log is damaged: {what}; run `forlop verify`"
        ) from error


def as_entry(event: Event, state: bytes) -> Entry:
    """An event on its way into the log, its state encoded."""
    return (
        event.TOPIC,
        state,
        event.occurred_on.isoformat(),
        to_microseconds(event.recorded_at),
        event.source,
        event.event_id,
    )
