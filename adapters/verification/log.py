"""The log by position: gapless, chained, its typed columns as its states say, batch by batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import Connection

from adapters.event_store import NO_HASH, chained
from adapters.schema import events
from adapters.verification.findings import Finding, raw_rows
from domain.calendar import to_microseconds
from domain.events import EVENT_TYPES

_COLUMNS: Final = ", ".join(column.name for column in events.columns)
_FOREIGN: Final = "eventsourcing"  # the source of what is not an event of the domain


class LogCheck:
    """One pass over the log. `hashes` keeps the hash at each of the positions to be remembered."""

    def __init__(self, connection: Connection, remember: Iterable[int]) -> None:
        self._connection = connection
        self._remember = frozenset(remember)
        self.hashes: dict[int, bytes] = {0: NO_HASH}
        self.position = 0
        self.head = NO_HASH
        self.counted = 0

    def findings(self, batch_of: Mapping[int, tuple[int, int]]) -> Iterator[Finding]:
        """What is wrong, in order; `batch_of` gives each batch's first and last position."""
        statement = f"SELECT {_COLUMNS} FROM events ORDER BY id"
        for row in raw_rows(self._connection, statement):
            self.counted += 1
            position = row[0]
            if position != self.position + 1:
                yield Finding("events", position, _gap(self.position, position))
            try:
                yield from self._check(row, batch_of)
            except (TypeError, ValueError, AttributeError, KeyError, OverflowError):
                yield Finding("events", position, "the row does not read")
            self.head = row[10] if isinstance(row[10], bytes) else NO_HASH
            self.position = position
            if position in self._remember:
                self.hashes[position] = self.head

    def _check(
        self, row: tuple[Any, ...], batch_of: Mapping[int, tuple[int, int]]
    ) -> Iterator[Finding]:
        position, batch = row[0], row[9]
        if chained(self.head, row[:10]) != row[10]:
            what = "the hash does not follow: this row, or the one before it, was altered"
            yield Finding("events", position, what)
        if row[7] == _FOREIGN and row[3] not in EVENT_TYPES:
            return
        if (wrong := _disagreement(row)) is not None:
            yield Finding("events", position, wrong)
        if batch == 0:
            return  # written through the `eventsourcing` library, which knows no batches
        first, last = batch_of.get(batch, (0, -1))
        if not first <= position <= last:
            yield Finding("events", position, f"it is not among the positions of batch {batch}")


def _gap(before: int, position: int) -> str:
    if position <= before:
        return f"it stands after position {before}"
    missing = position - before - 1
    which = f"position {before + 1} is" if missing == 1 else f"{missing} positions are"
    return f"{which} missing before it"


def _disagreement(row: tuple[Any, ...]) -> str | None:
    """Which typed column says something else than the state."""
    _, _, _, topic, state, occurred_on, recorded_at, source, key, _, _ = row
    if topic not in EVENT_TYPES:
        return "no event type has this topic"
    said = orjson.loads(state)
    if said["occurred_on"] != str(occurred_on):
        return "occurred_on differs from the state"
    if to_microseconds(datetime.fromisoformat(said["recorded_at"])) != recorded_at:
        return "recorded_at differs from the state"
    if said["source"] != source:
        return "source differs from the state"
    if said["event_id"] != key:
        return "source_event_id differs from the state"
    return None
