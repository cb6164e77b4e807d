"""What a chunk puts into quarantine, and takes out: rows held, rejected, mended, resolved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import Connection

from adapters import quarantine
from adapters.readers.reading import ReadRow
from adapters.readers.rows import RawRow
from adapters.seals import Seals
from domain.events import to_state
from domain.history import Key
from domain.intake import Held
from domain.record import Problem, without_natural_keys

if TYPE_CHECKING:
    from adapters.ingest import Delivering

_GIVEN_A_PLACE = "a row handed in later gave it its place"
_REPLACED = "a row with the same event_id took its place"
_HANDED_IN_AGAIN = "handed in again, mended"
_READS_NOW = "handed in again, and read"


class Slips:
    """The quarantine's side of one chunk; `write` puts it down.

    `anything_waits` tells whether there was an open row before the chunk; `rejected_keys` are those
    of rows rejected in it.
    """

    def __init__(
        self, connection: Connection, delivering: Delivering, seals: Seals, batch_id: int, at: int
    ) -> None:
        self._connection = connection
        self._delivering = delivering
        self._seals = seals
        self._batch_id = batch_id
        self._at = at
        self.next = quarantine.last_id(connection) + 1
        self.anything_waits = quarantine.anything_open(connection)
        self._held: dict[int, tuple[Held[bytes], ReadRow]] = {}
        self._resolved: list[int] = []
        self._mended: list[int] = []
        self._rejects: dict[bytes, dict[str, Any]] = {}
        self.rejected_keys: dict[Key, list[int]] = {}
        self._mended_rejects: list[int] = []

    def hold(self, held: Held[bytes], row: ReadRow) -> None:
        """Puts a row aside under the next slip."""
        self.came_in(held.event.key)
        self._held[self.next] = (held, row)
        told = self._delivering.tell(row.raw, "held", _why_held(held, row))
        self._delivering.own_slips[self.next] = told
        self.next += 1

    def reject(self, row: ReadRow, problems: Sequence[Problem]) -> None:
        natural = natural_key(row.raw)
        why = [without_natural_keys(str(problem), natural) for problem in problems]
        fingerprint = self._seals.secret.fingerprint(_content(row.raw))
        slip = self.next
        self._delivering.tell(row.raw, "rejected", "; ".join(why))
        self.next += 1
        if fingerprint not in self._rejects:
            found = self._row(slip, row, "rejected", why)
            self._rejects[fingerprint] = {**found, "fingerprint": fingerprint}
            self.rejected_keys.setdefault((found["source"], found["event_id"]), []).append(slip)

    def mend(self, held: Held[bytes]) -> None:
        """Another row took the place of one that was held."""
        self._mended.append(held.slip)

    def resolve(self, held: Held[bytes]) -> bool:
        """A row has its place now; tells whether this same delivery had handed it in."""
        self._resolved.append(held.slip)
        told = self._delivering.own_slips.pop(held.slip, None)
        if told is None:
            return False
        del self._delivering.summary.troubles[told]
        return True

    def came_in(self, key: Key) -> None:
        """An event is in, or held: what was rejected under its key before is mended."""
        self._mended_rejects += self.rejected_keys.pop(key, ())

    def write(self, appended: Iterable[Key]) -> None:
        """Puts down what came in and what went out; `appended` are the chunk's events by key."""
        connection = self._connection
        again = self._closing("mended", _HANDED_IN_AGAIN)
        if self.anything_waits:
            came_in = {*appended, *(held.event.key for held, _ in self._held.values())}
            quarantine.close_rejects(connection, came_in, again)
        new = [
            self._row(slip, row, "held", [_why_held(held, row)])
            for slip, (held, row) in self._held.items()
            if slip not in self._resolved
        ]
        known = quarantine.open_rejects(connection, self._rejects)
        new += [row for fingerprint, row in self._rejects.items() if fingerprint not in known]
        quarantine.insert(connection, new)
        resolved = [slip for slip in self._resolved if slip not in self._held]
        quarantine.close(connection, resolved, self._closing("resolved", _GIVEN_A_PLACE))
        quarantine.close(connection, self._mended, self._closing("mended", _REPLACED))
        quarantine.close(connection, self._mended_rejects, again)

    def close_those_that_read(self, source: str, raws: Iterable[bytes]) -> None:
        """Records of a source that could not be read before, and can be now, as they were."""
        if not self.anything_waits or not (
            open_ones := quarantine.rejected_of(self._connection, source)
        ):
            return
        fingerprint = self._seals.secret.fingerprint
        found = {fingerprint(_as_content(raw)) for raw in raws} & open_ones.keys()
        slips = [slip for one in found for slip in open_ones[one]]
        quarantine.close(self._connection, slips, self._closing("mended", _READS_NOW))

    def _row(self, slip: int, row: ReadRow, outcome: str, why: Sequence[str]) -> dict[str, Any]:
        cells = row.raw.cells
        held = row.record.event if row.record is not None and outcome == "held" else None
        content = {
            "state": b"" if held is None else orjson.dumps(to_state(held)),
            "cells": orjson.dumps({str(k): v for k, v in cells.items()}, default=str),
            "raw": row.raw.raw,
        }
        natural = natural_key(row.raw)
        return {
            "id": slip,
            "outcome": outcome,
            "status": "open",
            "source": _storable(cells.get("source")),
            "event_id": _storable(cells.get("event_id")),
            "participant_id": row.person,
            "participant_lookup": b"" if natural is None else self._seals.secret.lookup(natural),
            "topic": "" if held is None else held.TOPIC,
            "fingerprint": b"",
            "why": orjson.dumps(list(why)).decode(),
            "file": self._delivering.name,
            "line": row.raw.line,
            "batch_id": self._batch_id,
            "handed_in_at": self._at,
        } | {
            column: self._seals.seal_slip(row.person, slip, column, plain)
            for column, plain in content.items()
        }

    def _closing(self, status: quarantine.Status, why: str) -> quarantine.Closing:
        return quarantine.Closing(status, why, self._at, self._batch_id)


def natural_key(raw: RawRow) -> str | None:
    """Whose row it seems to be, whether it reads or not."""
    found = raw.cells.get("participant")
    return (
        found if isinstance(found, str) and 0 < len(found) <= 64 and "\x00" not in found else None
    )


def _storable(found: object) -> str:
    """A cell as text that both databases take."""
    return str(found).replace("\x00", "\ufffd")[:200] if found is not None else ""


def _content(raw: RawRow) -> bytes:
    """What makes a rejected row the same when it comes again: its cells, or else its bytes.

    The cells do not tell all of a row that does not fall into them, or has one that does not read.
    """
    if raw.cells and not raw.problems:
        filled = {str(k): v for k, v in raw.cells.items() if v is not None and v != ""}
        return orjson.dumps(filled, default=str, option=orjson.OPT_SORT_KEYS)
    return _as_content(raw.raw)


def _as_content(raw: bytes) -> bytes:
    return raw.rstrip(b"\r\n")


def _why_held(held: Held[bytes], row: ReadRow) -> str:
    return without_natural_keys(held.why, row.record.participant if row.record else None)
