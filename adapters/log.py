"""Where the log ends, and by when: what every figure asks, in SQL that both databases read alike.

It loads no library. Whatever has the store open does as a `Log`: a SQLAlchemy connection, or
SQLite's own driver, with which a figure from a ready copy makes do (`adapters.ready`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Protocol

from adapters.errors import DamagedError

SCHEMA_VERSION: Final = 3  # of the tables, see `adapters.schema`
NO_HASH: Final = bytes(32)


class Rows(Protocol):
    """The rows of a query."""

    def fetchone(self) -> Any: ...


class Log(Protocol):
    """A store that is open, inside a transaction that sees it as it stood."""

    def exec_driver_sql(self, statement: str, /) -> Rows: ...


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the log: its last position and that row's hash; 0 and zeros when it is empty."""

    position: int
    hash: bytes


def head_of(log: Log) -> Head:
    row = log.exec_driver_sql("SELECT id, hash FROM events ORDER BY id DESC LIMIT 1").fetchone()
    return Head(0, NO_HASH) if row is None else Head(row[0], bytes(row[1]))


def hash_at(log: Log, position: int) -> bytes | None:
    """The hash of the row at a position; None where the log has none."""
    row = log.exec_driver_sql(f"SELECT hash FROM events WHERE id = {position:d}").fetchone()
    return None if row is None else bytes(row[0])


def hash_there(log: Log, position: int) -> bytes:
    """The hash at a position up to the log's end; DamagedError where the row is gone."""
    found = hash_at(log, position)
    if found is None:
        raise DamagedError(f"the log has no position {position}; run `forlop verify`")
    return found


def appended_at(log: Log, position: int) -> int | None:
    """By when the log had grown to a position, in microseconds since 1970; None for an empty one.

    The latest time of any append up to there: a clock that was set back does not make what was
    known unknown.
    """
    row = log.exec_driver_sql(
        "SELECT max(appended_at) FROM batches "
        f"WHERE first_position <= {position:d} AND last_position >= first_position"
    ).fetchone()
    found: int | None = row[0]
    return found
