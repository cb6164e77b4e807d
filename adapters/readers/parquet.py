"""Parquet: text, or typed dates, times and booleans, read by DuckDB in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import orjson

from adapters.errors import WrongUseError
from adapters.readers.rows import RawRow

_ROWS_AT_ONCE = 2000


def read_columns(path: Path, name: str) -> list[str]:
    """The columns' names; WrongUseError where the file does not read as Parquet."""
    with duckdb.connect() as connection:
        try:
            found = connection.execute(
                "SELECT name FROM parquet_schema(?) WHERE num_children IS NULL", [str(path)]
            )
            return [row[0] for row in found.fetchall()]
        except duckdb.Error as error:
            first = str(error).splitlines()[0]
            raise WrongUseError(f"{name} does not read as Parquet: {first}") from None


def read_rows(path: Path) -> Iterator[RawRow]:
    """The rows in the file's order, numbered from 1."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        found = connection.execute("SELECT * FROM read_parquet(?)", [str(path)])
        names = [column[0] for column in found.description or []]
        line = 0
        while rows := found.fetchmany(_ROWS_AT_ONCE):
            for values in rows:
                line += 1
                cells = dict(zip(names, values, strict=True))
                yield RawRow(line, orjson.dumps(cells, default=_as_text), cells)


def _as_text(value: Any) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)
