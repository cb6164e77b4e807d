"""The projections' SQL on DuckDB."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType
from typing import Any

import duckdb
import orjson

from projections.columnar.tables import Columns, Fold, definition, fold_groups


class DuckRunner:
    """Runs the projections' SQL on a DuckDB connection."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection

    def run(self, sql: str, values: Sequence[Any] | None = None) -> None:
        """Runs a statement."""
        with _interruptible(self.connection):
            self.connection.execute(sql, values)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with _interruptible(self.connection):
            return self.connection.execute(sql).fetchall()

    def put(self, table: str, columns: Columns, rows: Sequence[Sequence[Any]]) -> None:
        self.run(f"DROP TABLE IF EXISTS {table}")
        self.run(definition(table, columns, temporary=True))
        if not rows:
            return
        # A column at once, as JSON that the engine takes apart: bound as lists they took four times
        # as long, and rows one by one fifty times as long again.
        columns_of_rows = [orjson.dumps(values).decode() for values in zip(*rows, strict=True)]
        lists = ", ".join(f"unnest(from_json(?, '[\"{type_}\"]'))" for type_ in columns.values())
        self.run(f"INSERT INTO {table} SELECT {lists}", columns_of_rows)

    def make(self, table: str, query: str) -> None:
        self.run(f"CREATE TEMPORARY TABLE {table} AS {query}")

    def make_folded(self, table: str, columns: Columns, query: str, key: int, fold: Fold) -> None:
        order = ", ".join(str(place) for place in range(1, key + 2))
        rows = self.rows(f"{query} ORDER BY {order}")
        self.put(table, columns, list(fold_groups(rows, key, fold)))

    def add(self, table: str, query: str) -> None:
        self.run(f"INSERT INTO {table} {query}")

    def drop(self, table: str) -> None:
        self.run(f"DROP TABLE {table}")


@contextmanager
def _interruptible(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """An interrupt (Ctrl-C) ends a query; the engine tells of it in a way of its own, and to all
    others it is Python's.

    The engine looks for signals where it waits, and then waits for its other threads; these stop
    only when they are told.
    """
    before = signal.getsignal(signal.SIGINT)
    if not callable(before) or current_thread() is not main_thread():
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        connection.interrupt()
        before(number, frame)

    signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    except (RuntimeError, duckdb.Error) as error:
        if "interrupted" not in str(error).lower():
            raise
        raise KeyboardInterrupt from None
    finally:
        signal.signal(signal.SIGINT, before)
