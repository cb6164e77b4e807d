"""What is wrong with a store: where, and what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

ROWS_AT_ONCE = 5000
_PLACES = {"events": "position", "copy": "copy, position"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: in which table, at which position or row, and what."""

    table: str
    at: int | None
    what: str

    def __str__(self) -> str:
        named = _PLACES.get(self.table, f"{self.table}, row")
        return self.what if self.at is None else f"{named} {self.at}: {self.what}"

    def as_json(self) -> dict[str, Any]:
        return {"table": self.table, "at": self.at, "what": self.what}


@dataclass(frozen=True, slots=True)
class Note:
    """Something to be known of a store that is no fault."""

    what: str


def raw_rows(connection: Connection, statement: str) -> Iterator[tuple[Any, ...]]:
    """Rows as the driver gives them, a few at a time: a value that does not read stops nothing."""
    options = {"stream_results": True}  # of this statement; the connection keeps its own
    with connection.exec_driver_sql(statement, execution_options=options) as found:
        for some in found.partitions(ROWS_AT_ONCE):
            yield from map(tuple, some)
