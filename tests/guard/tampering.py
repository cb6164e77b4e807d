"""What somebody with the database in their hands can do to it, triggers dropped first."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, Table, select, text

from adapters.chain import row_hash
from adapters.database import writing
from adapters.event_store import chained
from adapters.log import NO_HASH
from adapters.schema import APPEND_ONLY, batches, events, standings, trigger_names


def drop_triggers(connection: Connection) -> None:
    for table in APPEND_ONLY:
        for name in trigger_names(connection.dialect.name, table):
            on = "" if connection.dialect.name == "sqlite" else f" ON {table}"
            connection.execute(text(f"DROP TRIGGER IF EXISTS {name}{on}"))


def put_triggers_back(connection: Connection, kept: list[str]) -> None:
    for statement in kept:
        connection.exec_driver_sql(statement)


def trigger_statements(connection: Connection) -> list[str]:
    """How the triggers were made, as the database tells it."""
    if connection.dialect.name == "sqlite":
        query = "SELECT sql FROM sqlite_master WHERE type = 'trigger'"
    else:
        query = (
            "SELECT pg_get_triggerdef(oid) FROM pg_trigger "
            "WHERE NOT tgisinternal AND pg_table_is_visible(tgrelid)"
        )
    return [row[0] for row in connection.execute(text(query))]


class Tampering:
    """One transaction behind the program's back; leaves the triggers as they were."""

    def __init__(self, engine: Engine) -> None:
        self._scope = writing(engine)

    def __enter__(self) -> Connection:
        self.connection = self._scope.__enter__()
        self._kept = trigger_statements(self.connection)
        drop_triggers(self.connection)
        return self.connection

    def __exit__(self, *error: Any) -> None:
        if error[0] is None:
            put_triggers_back(self.connection, self._kept)
        self._scope.__exit__(*error)


def altered(value: Any) -> Any:
    """Another value of the same type, one bit or day away."""
    if isinstance(value, bytes | memoryview):
        plain = bytes(value)
        middle = len(plain) // 2
        return plain[:middle] + bytes([plain[middle] ^ 1]) + plain[middle + 1 :]
    if isinstance(value, str):
        return value[:-1] + ("a" if value[-1:] != "a" else "b")
    if isinstance(value, int):
        return value + 5
    return value.replace(year=value.year - 1)


def alter(connection: Connection, table: Table, row: int, column: str) -> None:
    """Alters one column of one row."""
    one = table.c[column]
    value = connection.execute(select(one).where(table.c.id == row)).scalar_one()
    connection.execute(table.update().where(table.c.id == row).values({column: altered(value)}))


def rechain(connection: Connection) -> None:
    """Makes every hash fit again, in the log and in the batches, as a thorough forger would.

    What is kept beside the log of where histories end is taken away: nothing else tells on him.
    """
    connection.execute(standings.delete())
    before, heads = NO_HASH, {0: NO_HASH}
    for row in connection.execute(select(events).order_by(events.c.id)).all():
        before = chained(before, tuple(row)[:10])
        heads[row.id] = before
        connection.execute(events.update().where(events.c.id == row.id).values(hash=before))
    link = NO_HASH
    for found in connection.execute(select(batches).order_by(batches.c.id)).all():
        batch = dict(found._mapping)
        batch["head"] = heads.get(batch["last_position"], before)
        link = row_hash(link, batch)
        values = {"head": batch["head"], "hash": link}
        connection.execute(batches.update().where(batches.c.id == found.id).values(values))
