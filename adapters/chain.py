"""Hash chains over the append-only tables other than the log itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, Table, select

from adapters.log import NO_HASH


@dataclass(frozen=True, slots=True)
class Link:
    """The last row of a chained table: its id and hash; 0 and zeros where there is none."""

    id: int
    hash: bytes


def last_link(connection: Connection, table: Table) -> Link:
    query = select(table.c.id, table.c.hash).order_by(table.c.id.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    return Link(0, NO_HASH) if row is None else Link(row.id, bytes(row.hash))


def row_hash(before: bytes, row: Mapping[str, Any]) -> bytes:
    """The hash of a row, in the order of its columns, after the hash of the one before it."""
    values = [
        value.hex() if isinstance(value, bytes) else value
        for name, value in row.items()
        if name != "hash"
    ]
    return hashlib.sha256(before + orjson.dumps(values)).digest()


def add_link(connection: Connection, table: Table, row: Mapping[str, Any]) -> None:
    """Appends a row, its columns but `id` and `hash` in their order; the caller holds the lock."""
    add_links(connection, table, [row])


def add_links(connection: Connection, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """Appends rows, in their order, as `add_link` does one."""
    last = last_link(connection, table)
    linked = []
    for number, row in enumerate(rows, start=last.id + 1):
        full = {"id": number, **row}
        last = Link(number, row_hash(last.hash, full))
        linked.append(full | {"hash": last.hash})
    if linked:
        connection.execute(table.insert(), linked)
