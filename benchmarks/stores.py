"""Stores full of made-up events, made fast: what `append` would write, without judging it.

The generator's rows are sound, so judging them again would only take time. The log that comes out
is the one that `append` writes, byte for byte but for ids and keys (`tests/benchmarks` holds it
to that).
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Final

import orjson
from sqlalchemy import Engine

from adapters.chain import add_link, last_link
from adapters.database import open_engine, writing
from adapters.event_store import Entry, as_rows, insert_rows, versions_of
from adapters.log import head_of
from adapters.participants import ids_of, new_ids
from adapters.schema import batches
from adapters.seals import Seals
from benchmarks.generator import Row, events
from domain.calendar import parse_instant, to_microseconds
from domain.events import EVENT_TYPES

_CHUNK: Final = 50_000
_FLAGS: Final = ("attended", "single_parent", "refugee_background")
_FIELDS: Final = {
    topic: tuple(name for name in cls.model_fields if name != "stamped")
    for topic, cls in EVENT_TYPES.items()
}


def fill(url: str, rows: Iterable[Row]) -> Engine:
    """Puts rows of the generator into the store at a URL, making it where there is none."""
    engine = open_engine(url, make=True)
    known: dict[str, bytes] = {}
    versions: dict[bytes, int] = {}
    iterator = iter(rows)
    while chunk := list(islice(iterator, _CHUNK)):
        _write(engine, chunk, known, versions)
    return engine


def _write(
    engine: Engine, chunk: list[Row], known: dict[str, bytes], versions: dict[bytes, int]
) -> None:
    with writing(engine) as connection:
        seals = Seals(connection)
        unseen = dict.fromkeys(
            row["participant"] for row in chunk if row["participant"] not in known
        )
        found = ids_of(connection, unseen, seals)
        versions.update(versions_of(connection, found.values()))
        known |= found
        known |= new_ids(connection, [key for key in unseen if key not in found], seals)
        head = head_of(connection)
        batch = last_link(connection, batches).id + 1
        stored = as_rows(entries(chunk, known), head, versions, batch)
        insert_rows(connection, stored)
        add_link(
            connection,
            batches,
            {
                "delivery_id": "",
                "file": "benchmark",
                "sha256": "",
                "appended_at": to_microseconds(datetime.now(UTC)),
                "read": len(chunk),
                "appended": len(chunk),
                "duplicates": 0,
                "held": 0,
                "rejected": 0,
                "resolved": 0,
                "first_position": head.position + 1,
                "last_position": head.position + len(chunk),
                "head": stored[-1][-1],
            },
        )


def entries(rows: Iterable[Row], ids: dict[str, bytes]) -> Iterator[tuple[bytes, Entry]]:
    """Rows as the log keeps them."""
    for row in rows:
        recorded_at = parse_instant(row["recorded_at"])
        state: dict[str, object] = {"v": 1}
        for name in _FIELDS[row["type"]]:
            if name in row:
                state[name] = row[name] == "true" if name in _FLAGS else row[name]
        state["recorded_at"] = recorded_at.isoformat()
        entry = (
            row["type"],
            orjson.dumps(state),
            row["occurred_on"],
            to_microseconds(recorded_at),
            row["source"],
            row["event_id"],
        )
        yield ids[row["participant"]], entry


@contextmanager
def asked_for(text: str | None) -> Iterator[tuple[Engine, int]]:
    """The store that a benchmark's command line asks for, and its number of events."""
    asked = argparse.ArgumentParser(description=text)
    asked.add_argument("--events", type=int, default=1_000_000)
    asked.add_argument("--store", default="", help="one made before; `verifying` erases some in it")
    given = asked.parse_args()
    with filled(given.events, given.store) as engine:
        yield engine, given.events


@contextmanager
def filled(count: int, url: str = "") -> Iterator[Engine]:
    """A store of that many events, away again afterwards; or one made before, at a URL."""
    if url:
        engine = open_engine(url, make=False)
        yield engine
        engine.dispose()
        return
    with tempfile.TemporaryDirectory(prefix="forlop-bench-") as folder:
        engine = fill(f"sqlite:///{Path(folder) / 'events.db'}", events(count))
        yield engine
        engine.dispose()
