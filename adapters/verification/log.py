"""The log by position: gapless, chained, batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from sqlalchemy import Connection

from adapters.event_store import chained
from adapters.log import NO_HASH
from adapters.schema import events
from adapters.verification.findings import Finding, raw_rows

_COLUMNS: Final = ", ".join(column.name for column in events.columns)
_TOLD_EVERY: Final = 1000  # rows


class LogCheck:
    """One pass over the log. `hashes` keeps the hash at each of the positions to be remembered."""

    def __init__(self, connection: Connection, remember: Iterable[int]) -> None:
        self._connection = connection
        self._remember = frozenset(remember)
        self.hashes: dict[int, bytes] = {0: NO_HASH}
        self.position = 0
        self.head = NO_HASH
        self.counted = 0

    def findings(
        self, batch_of: Mapping[int, tuple[int, int]], done: Callable[[int], None] = lambda _: None
    ) -> Iterator[Finding]:
        """What is wrong, in order; `batch_of` gives each batch's first and last position.

        `done` is told how many rows more have been looked at.
        """
        statement = f"SELECT {_COLUMNS} FROM events ORDER BY id"
        for row in raw_rows(self._connection, statement):
            self.counted += 1
            if self.counted % _TOLD_EVERY == 0:
                done(_TOLD_EVERY)
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
