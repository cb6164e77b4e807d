"""The whole log as event records of the contract: appended to an empty store, the same figures.

Every row has its time of recording, for a row without one would get the time of the new append.
Someone who was erased goes by the id that the events carry. Quarantine is not part of the log.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import TextIO

from sqlalchemy import Engine, select

from adapters.access_log import Reader, record_access
from adapters.database import reading
from adapters.mapper import decode
from adapters.participants import keys_of
from adapters.schema import events
from adapters.seals import Seals
from domain.events import show_value
from domain.record import COLUMNS, to_row

_AT_ONCE = 5_000


def export_events(engine: Engine, out: TextIO, by: Reader) -> int:
    """Writes all events as CSV, by position; gives how many. Everybody is in the access log."""
    with reading(engine) as connection:
        everybody = connection.execute(select(events.c.participant_id).distinct()).all()
    record_access(engine, by, "export events", sorted(bytes(own) for (own,) in everybody))
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    count = 0
    for row in _rows(engine):
        writer.writerow(row)
        count += 1
    return count


def _rows(engine: Engine) -> Iterator[dict[str, str]]:
    with reading(engine) as connection:
        seals = Seals(connection)
        keys: dict[bytes, str] = {}
        position = 0
        while True:
            query = select(events).where(events.c.id > position).order_by(events.c.id)
            rows = connection.execute(query.limit(_AT_ONCE)).all()
            if not rows:
                return
            position = rows[-1].id
            decoded = [
                (
                    bytes(row.participant_id),
                    decode(row.topic, bytes(row.state), bytes(row.participant_id), seals),
                )
                for row in rows
            ]
            ids = {own for own, _ in decoded}
            ids |= {bytes.fromhex(s) for _, e in decoded if (s := getattr(e, "same_as", None))}
            new = [own for own in ids if own not in keys]
            keys |= {own: own.hex() for own in new} | keys_of(connection, new, seals)
            for own, event in decoded:
                told = to_row(keys[own], event)
                told["recorded_at"] = show_value(event.recorded_at)
                if "same_as" in told:
                    told["same_as"] = keys[bytes.fromhex(told["same_as"])]
                yield told
