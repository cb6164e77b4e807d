"""Many values at once, by each database's own fast way, inside an open transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Table

_AT_ONCE: Final = 5000  # SQLite takes some 32,000 parameters


def by_source(keys: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Events' keys as their ids by source: for a source, all are asked for at once."""
    found: dict[str, list[str]] = {}
    for source, event_id in keys:
        found.setdefault(source, []).append(event_id)
    return found


def look_up(
    connection: Connection,
    query: str,
    column: str,
    values: Sequence[bytes] | Sequence[str],
    also: Mapping[str, Any] | None = None,
    order: str = "",
) -> Iterator[Any]:
    """The rows of a `SELECT … FROM …` where a column is one of some values, as plain tuples.

    `also` are columns and what they must be; rows are in `order` within some thousand values.
    """
    if connection.dialect.name == "sqlite":
        fixed = "".join(f"{name} = ? AND " for name in also or ())
        text = f"{query} WHERE {fixed}{column} IN ({{}}) {order}"
    else:
        # One look into the index for each value, whatever the planner thinks of the table: while it
        # is filled it is never analysed, and for so many values the whole of it would be read.
        kind = "bytea" if values and isinstance(values[0], bytes) else "text"
        fixed = "".join(f" AND {name} = %s" for name in also or ())
        found_by = f"{query} WHERE {column} = wanted.value{fixed} OFFSET 0"
        wanted = f"unnest(%s::{kind}[]) AS wanted(value)"
        text = f"SELECT found.* FROM {wanted} CROSS JOIN LATERAL ({found_by}) AS found {order}"
    for start in range(0, len(values), _AT_ONCE):
        some, others = values[start : start + _AT_ONCE], tuple((also or {}).values())
        if connection.dialect.name == "sqlite":
            marks = ",".join("?" * len(some))
            found = connection.exec_driver_sql(text.format(marks), (*others, *some))
        else:
            found = connection.exec_driver_sql(text, (list(some), *others))
        yield from found.cursor.fetchall() if found.cursor is not None else ()


def insert(
    connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]], conflict: str = ""
) -> None:
    """Inserts rows, all columns of the table in their order; `conflict` as `ON CONFLICT …`."""
    if not rows:
        return
    names = ", ".join(column.name for column in table.columns)
    into = f"INSERT INTO {table.name} ({names})"
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(table.columns))
        connection.exec_driver_sql(f"{into} VALUES ({marks}) {conflict}", list(rows))
        return
    kinds = (column.type.compile(connection.dialect) for column in table.columns)
    arrays = ", ".join(f"%s::{kind}[]" for kind in kinds)
    columns = tuple(list(column) for column in zip(*rows, strict=True))
    connection.exec_driver_sql(f"{into} SELECT * FROM unnest({arrays}) {conflict}", columns)
