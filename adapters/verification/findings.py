"""What is wrong with a store: where, and what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

ROWS_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: in which table, at which position or row, and what."""

    table: str
    at: int | None
    what: str

    def __str__(self) -> str:
        named = "position" if self.table == "events" else f"{self.table}, row"
        return self.what if self.at is None else f"{named} {self.at}: {self.what}"

    def as_json(self) -> dict[str, Any]:
        return {"table": self.table, "at": self.at, "what": self.what}


def raw_rows(connection: Connection, statement: str) -> Iterator[tuple[Any, ...]]:
    """Rows as the driver gives them, a few at a time: a value that does not read stops nothing."""
    options = connection.execution_options(yield_per=ROWS_AT_ONCE)
    for some in options.exec_driver_sql(statement).partitions():
        yield from map(tuple, some)
