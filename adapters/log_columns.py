"""Ranges of the log into the copy's tables: read as Arrow, taken apart by families of events."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from adapters.duck_runner import DuckRunner
from projections.columnar.tables import FAMILIES, FAMILY_COLUMNS, FAMILY_NUMBERS, number_by_topic

if TYPE_CHECKING:
    from sqlalchemy import Engine

# A part of the key that tells what an event replaces: a search goes from one first letter to the
# next, and took three times as long for the quotation mark.
_REPLACES: Final = 'laces"'
_PLACES: Final = "SELECT source_event_id, id FROM events"
_BATCH: Final = 4_096  # rows of an Arrow batch: small enough that memory is used again


def read_range(runner: DuckRunner, engine: Engine, after: int, last: int) -> None:
    """Reads the positions after one, up to another, into the families of the log.

    Each family's events are read out of what was stored for their own fields alone; to look for
    every field in every event took half as long again.
    """
    with _arrow(engine, _newcomers(after, last)) as stream:
        runner.connection.register("arriving", stream)
        runner.run("INSERT INTO person SELECT id, participant_id FROM arriving")
        runner.connection.unregister("arriving")
    _stage(runner, engine, after, last)
    _put_replaced(runner, engine)
    for family in FAMILIES:
        runner.add(f"log_{family}", _of_family(family))
    runner.drop("staged")
    runner.drop("replaced")


def read_histories(runner: DuckRunner, engine: Engine, after: int, last: int) -> None:
    """Reads the whole histories of whoever has an event in a range into temporary families.

    They stand in front of the copy's own, to which the events of the range are added. The database
    finds them by participant, so it costs as much as those histories, however long the log is.
    """
    with _arrow(engine, _histories(engine, after, last)) as stream:
        runner.connection.register("arriving", stream)
        runner.make(
            "staged",
            "SELECT a.id AS position, min(a.id) OVER (PARTITION BY a.participant_id) AS pid, "
            f"{_STAGED}, a.participant_id FROM arriving a",
        )
        runner.connection.unregister("arriving")
    runner.add(
        "person",
        f"SELECT pid, participant_id FROM staged WHERE position = pid AND position > {after}",
    )
    _put_replaced(runner, engine)
    for family in FAMILIES:
        runner.make(f"log_{family}", _of_family(family))
        new = f"SELECT * FROM temp.log_{family} WHERE position > {after}"
        runner.add(kept(runner, f"log_{family}"), new)
    runner.drop("staged")
    runner.drop("replaced")


def kept(runner: DuckRunner, table: str) -> str:
    """A table of the copy's file by its whole name, where a temporary one stands in front of it."""
    ((catalog,),) = runner.rows("SELECT current_database()")
    name = '"' + catalog.replace('"', '""') + '"'
    return f"{name}.main.{table}"


def _stage(runner: DuckRunner, engine: Engine, after: int, last: int) -> None:
    """Table `staged`: a range of the log as it is stored, with the participants' numbers.

    Its two halves are read at once, for a database reads one stream on one core.
    """
    middle = (after + last) // 2
    with ExitStack() as streams:
        for name, first, until in (("earlier", after, middle), ("later", middle, last)):
            stream = streams.enter_context(_arrow(engine, _events(engine, first, until)))
            runner.connection.register(name, stream)
        # A stream has no known length, is taken for the shorter side, and would be held in memory.
        runner.run("SET disabled_optimizers = 'build_side_probe_side'")
        runner.make(
            "staged",
            f"SELECT a.id AS position, p.pid, {_STAGED} "
            "FROM (SELECT * FROM earlier UNION ALL SELECT * FROM later) a "
            "LEFT JOIN person p ON p.participant_id = a.participant_id",
        )
        runner.run("RESET disabled_optimizers")
        runner.connection.unregister("earlier")
        runner.connection.unregister("later")


def _put_replaced(runner: DuckRunner, engine: Engine) -> None:
    """Table `replaced`: the positions of what staged events replace; few of them do."""
    from adapters.bulk import by_source, look_up  # noqa: PLC0415 - only a refresh needs it

    fields = orjson.dumps({"source": "VARCHAR", "replaces": "VARCHAR"}).decode()
    asked = runner.rows(
        "SELECT position, s.source, s.replaces FROM (SELECT position, "
        f"from_json(state, '{fields}') AS s FROM staged "
        f"WHERE contains(state, '{_REPLACES}')) t WHERE s.replaces IS NOT NULL"
    )
    places: dict[tuple[str, str], int] = {}
    with engine.connect() as connection:
        for source, event_ids in by_source(asked_for[1:] for asked_for in asked).items():
            also = {"source": source}
            rows = look_up(connection, _PLACES, "source_event_id", event_ids, also)
            places |= {(source, event_id): position for event_id, position in rows}
    found = [(position, places.get((source, one))) for position, source, one in asked]
    runner.put("replaced", {"position": "BIGINT", "replaces_position": "BIGINT"}, found)


def _of_family(family: str) -> str:
    """A query of the staged events of a family, as the columns of its table."""
    born, until = "CAST(a.s.birth_date AS DATE)", "CAST(a.s.until AS DATE)"
    columns = FAMILY_COLUMNS[family]
    worked_out = {
        "born": _number(born),
        "born_year": f"year({born})",
        "born_month_day": f"month({born}) * 100 + day({born})",
        "until": _number(until),
    } | {name: f"a.{name}" for name in ("position", "pid", "topic", "day", "recorded")}
    worked_out["replaces_position"] = "r.replaces_position"
    read = {name: type_ for name, type_ in columns.items() if name not in worked_out}
    read |= {"birth_date": "VARCHAR"} if "born" in columns else {}
    read |= {"until": "VARCHAR"} if "until" in columns else {}
    chosen = ", ".join(
        f"CAST({worked_out.get(name, f'a.s.{name}')} AS {type_}) AS {name}"
        for name, type_ in columns.items()
    )
    state = f", from_json(state, '{orjson.dumps(read).decode()}') AS s" if read else ""
    return (
        f"SELECT {chosen} FROM (SELECT position, pid, topic, day, "
        f"recorded{state} FROM staged WHERE family = {FAMILY_NUMBERS[family]}) a "
        "LEFT JOIN replaced r ON r.position = a.position"
    )


def _number(day: str) -> str:
    return f"({day} - DATE '1970-01-01')"


# What is staged of an event `a` beside its position and its participant's number.
_STAGED: Final = (
    f"a.topic, CAST({number_by_topic('a.topic')} AS UTINYINT) AS family, "
    f"CAST({_number('CAST(a.occurred_on AS DATE)')} AS INTEGER) AS day, "
    "a.recorded_at AS recorded, a.state"
)


def _newcomers(after: int, last: int) -> str:
    """The participants whose first event is in a range; its position is their number."""
    return (
        "SELECT id, participant_id FROM events "
        f"WHERE id > {after} AND id <= {last} AND version = 1 ORDER BY id"
    )


def _events(engine: Engine, after: int, last: int) -> str:
    """A range of the log."""
    return f"{_columns(engine)} WHERE id > {after} AND id <= {last} ORDER BY id"


def _histories(engine: Engine, after: int, last: int) -> str:
    """All events, up to the last of a range, of whoever has one in it."""
    # The sign keeps SQLite from going through the log by position; both look by participant.
    return (
        f"{_columns(engine)} WHERE +id <= {last} AND participant_id IN "
        f"(SELECT participant_id FROM events WHERE id > {after} AND id <= {last})"
    )


def _columns(engine: Engine) -> str:
    """What is read of an event.

    No column starts with NULLs: the driver for SQLite takes a column's type from its first rows.
    """
    is_sqlite = engine.dialect.name == "sqlite"
    day = "occurred_on" if is_sqlite else "CAST(occurred_on AS TEXT)"
    state = "CAST(state AS TEXT)" if is_sqlite else "convert_from(state, 'UTF8')"
    return (
        f"SELECT id, participant_id, topic, {state} AS state, {day} AS occurred_on, recorded_at "
        "FROM events"
    )


@contextmanager
def _arrow(engine: Engine, query: str) -> Iterator[Any]:
    """A query's rows as a stream of Arrow, by the database's ADBC driver."""
    import adbc_driver_manager as adbc  # noqa: PLC0415 - only a refresh needs it

    with (
        adbc_database(engine) as database,
        adbc.AdbcConnection(database) as connection,
        adbc.AdbcStatement(connection) as statement,
    ):
        if engine.dialect.name == "sqlite":
            statement.set_options(**{"adbc.sqlite.query.batch_rows": _BATCH})
        statement.set_sql_query(query)
        stream, _ = statement.execute_query()
        yield stream


def adbc_database(engine: Engine) -> Any:
    """A store as its ADBC driver opens it."""
    if engine.dialect.name == "sqlite":
        import adbc_driver_sqlite  # noqa: PLC0415

        # Read only: the driver has an SQLite of its own, whose locks this process's other one does
        # not see, and on closing would take away the write-ahead log that the other still writes.
        where = Path(engine.url.database or "").absolute().as_uri()
        return adbc_driver_sqlite.connect(f"{where}?mode=ro")
    adbc_driver_postgresql = import_module("adbc_driver_postgresql")

    url = engine.url.set(drivername="postgresql")
    return adbc_driver_postgresql.connect(url.render_as_string(hide_password=False))
