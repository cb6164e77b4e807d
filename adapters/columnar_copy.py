"""The columnar copy beside a store: the log's coded columns and what is worked out from them.

A DuckDB file. It can be thrown away at any time, is rebuilt by itself, and nothing writes to it but
the refresh, which is one transaction: a half-made one is never read. It names the position that it
stands at and the hash of the log there, so a copy of another log, or of an altered one, is known
as such.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import duckdb
import orjson
from sqlalchemy import Connection, Engine, select

from adapters.errors import ForlopError
from adapters.event_store import in_parts
from adapters.schema import events
from projections.columnar.building import build
from projections.columnar.tables import DERIVED, LOG, Columns, Fold, definition, fold_groups

_VERSION: Final = 1  # of the tables; a copy of another version is made anew
_MEMORY: Final = "1GB"
_RANGE: Final = 1_000_000  # positions that are read at a time
_FEW: Final = 200
Progress = Callable[[int], None]

# The coded fields of a stored state, and as what DuckDB reads them.
_STATE: Final = {
    name: ("VARCHAR" if type_ == "INTEGER" else type_)
    for name, type_ in LOG.items()
    if name not in ("position", "pid", "topic", "day", "recorded", "replaces_position")
    and not name.startswith("born")
} | {"birth_date": "VARCHAR", "replaces": "VARCHAR"}


class DuckRunner:
    """Runs the projections' SQL on a DuckDB connection."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection

    def run(self, sql: str) -> None:
        """Runs a statement."""
        self.connection.execute(sql)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql).fetchall()

    def put(self, table: str, columns: Columns, rows: Sequence[Sequence[Any]]) -> None:
        self.run(f"DROP TABLE IF EXISTS {table}")
        self.run(definition(table, columns, temporary=True))
        if len(rows) <= _FEW:
            if rows:
                marks = ", ".join("?" * len(columns))
                self.connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
            return
        with tempfile.NamedTemporaryFile(prefix="forlop-", suffix=".json") as file:
            for row in rows:
                file.write(orjson.dumps(dict(zip(columns, row, strict=True))) + b"\n")
            file.flush()
            types = ", ".join(f"{name}: '{type_}'" for name, type_ in columns.items())
            self.run(
                f"INSERT INTO {table} SELECT {', '.join(columns)} FROM "
                f"read_json('{file.name}', format = 'newline_delimited', columns = {{{types}}})"
            )

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


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a copy stands: its position, and the hash of the log there."""

    position: int
    hash: bytes


class ColumnarCopy:
    """The copy of one store, at `path`."""

    def __init__(self, engine: Engine, path: Path | None = None) -> None:
        self._engine = engine
        self.path = path or place_of(engine)

    @contextmanager
    def at_least(
        self, connection: Connection, position: int, done: Progress | None = None
    ) -> Iterator[tuple[DuckRunner, int]]:
        """The copy, refreshed where it stands before a position; and the position it stands at.

        `connection` reads the store as it stood when the figure was asked for.
        """
        with self._lock(fcntl.LOCK_SH):
            runner, standing = self._open(connection)
            if runner is not None and standing.position >= position:
                with runner.connection:
                    yield runner, standing.position
                return
            if runner is not None:
                runner.connection.close()
        with self._lock(fcntl.LOCK_EX):
            self._refresh(connection, position, done)
        with self._lock(fcntl.LOCK_SH):
            runner, standing = self._open(connection)
            if runner is None:
                raise ForlopError(f"the columnar copy {self.path} was taken away while in use")
            with runner.connection:
                yield runner, standing.position

    def throw_away(self) -> None:
        """Removes the copy; the next figure makes it anew."""
        with self._lock(fcntl.LOCK_EX):
            _remove(self.path)

    @contextmanager
    def _lock(self, kind: int) -> Iterator[None]:
        """Readers share the copy, a refresh has it alone; the system frees a dead one's lock."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_name(self.path.name + ".lock").open("a") as lock:
            fcntl.flock(lock, kind)
            yield

    def _open(self, connection: Connection) -> tuple[DuckRunner | None, Standing]:
        """The copy as it is, read only; None where there is none that belongs to this log."""
        nothing = Standing(0, b"")
        if not self.path.exists():
            return None, nothing
        try:
            found = duckdb.connect(str(self.path), read_only=True)
        except duckdb.Error:
            return None, nothing
        runner = DuckRunner(found)
        standing = _standing(runner)
        if standing is None or not _belongs(connection, standing):
            found.close()
            return None, nothing
        _settle(runner)
        return runner, standing

    def _refresh(self, connection: Connection, position: int, done: Progress | None) -> None:
        """Brings the copy up to a position, in one transaction."""
        runner, standing = self._open(connection)
        if runner is None:
            _remove(self.path)
        else:
            runner.connection.close()
            if standing.position >= position:
                return  # somebody else was faster
        with duckdb.connect(str(self.path)) as found:
            runner = DuckRunner(found)
            _settle(runner)
            found.begin()
            refresh(runner, connection, self._engine, position, done)
            found.commit()


def refresh(
    runner: DuckRunner,
    connection: Connection,
    engine: Engine,
    position: int,
    done: Progress | None = None,
) -> None:
    """Takes in the log up to a position, inside the caller's transaction."""
    standing = _standing(runner)
    if standing is None:
        _make(runner)
        standing = Standing(0, b"")
    runner.run("CREATE TEMPORARY TABLE touched (pid BIGINT)")
    for after in range(standing.position, position, _RANGE):
        last = min(after + _RANGE, position)
        _read_range(runner, engine, connection, after, last)
        if done is not None:
            done(last - after)
    runner.run(
        "INSERT INTO touched SELECT DISTINCT pid FROM log "
        f"WHERE position > {standing.position} AND position <= {position}"
    )
    for table in DERIVED:
        runner.run(f"DELETE FROM {table} WHERE pid IN (SELECT pid FROM touched)")
    build(runner, everybody=standing.position == 0)
    runner.run("DROP TABLE touched")
    head = connection.execute(select(events.c.hash).where(events.c.id == position)).scalar_one()
    runner.run("DELETE FROM standing")
    runner.run(f"INSERT INTO standing VALUES ({_VERSION}, {position}, '{bytes(head).hex()}')")


def _make(runner: DuckRunner) -> None:
    runner.run("CREATE TABLE standing (version INTEGER, position BIGINT, head VARCHAR)")
    runner.run("CREATE TABLE person (pid BIGINT, participant_id BLOB)")
    runner.run(definition("log", LOG))
    for table, columns in DERIVED.items():
        runner.run(definition(table, columns))


def _standing(runner: DuckRunner) -> Standing | None:
    made = "SELECT 1 FROM information_schema.tables WHERE table_name = 'standing'"
    if not runner.rows(made):
        return None
    rows = runner.rows("SELECT version, position, head FROM standing")
    if len(rows) != 1 or rows[0][0] != _VERSION:
        return None
    return Standing(rows[0][1], bytes.fromhex(rows[0][2]))


def _belongs(connection: Connection, standing: Standing) -> bool:
    """Whether a copy was made from this log: the log has the same hash at its position."""
    query = select(events.c.hash).where(events.c.id == standing.position)
    found = connection.execute(query).scalar_one_or_none()
    return found is not None and bytes(found) == standing.hash


def _settle(runner: DuckRunner) -> None:
    runner.run(f"SET memory_limit = '{_MEMORY}'")
    runner.run("SET preserve_insertion_order = false")
    runner.run(f"SET temp_directory = '{tempfile.gettempdir()}/forlop-{os.getpid()}'")


def _read_range(
    runner: DuckRunner, engine: Engine, connection: Connection, after: int, last: int
) -> None:
    """Reads the positions after one, up to another, into `log`."""
    with _arrow(engine, after, last) as stream:
        runner.connection.register("arriving", stream)
        types = orjson.dumps(_STATE).decode()
        runner.run(
            "CREATE TEMPORARY TABLE arrived AS SELECT id AS position, participant_id, topic, "
            "CAST(occurred_on AS DATE) AS occurred_on, recorded_at, source, "
            f"from_json(decode(state), '{types}') AS s FROM arriving"
        )
        runner.connection.unregister("arriving")
    runner.run(
        "INSERT INTO person SELECT row_number() OVER (ORDER BY first_position) + "
        "(SELECT coalesce(max(pid), 0) FROM person), participant_id FROM ("
        "SELECT participant_id, min(position) AS first_position FROM arrived "
        "GROUP BY participant_id) a WHERE participant_id NOT IN (SELECT participant_id FROM person)"
    )
    _resolve_replacements(runner, connection)
    values = {
        "position": "a.position",
        "pid": "p.pid",
        "topic": "a.topic",
        "day": _number("a.occurred_on"),
        "recorded": "a.recorded_at",
        "replaces_position": "r.target",
        "until": _number("CAST(a.s.until AS DATE)"),
        "born": _number("CAST(a.s.birth_date AS DATE)"),
        "born_year": "year(CAST(a.s.birth_date AS DATE))",
        "born_month_day": (
            "month(CAST(a.s.birth_date AS DATE)) * 100 + day(CAST(a.s.birth_date AS DATE))"
        ),
    }
    chosen = ", ".join(
        f"CAST({values.get(name, f'a.s.{name}')} AS {type_})" for name, type_ in LOG.items()
    )
    runner.run(
        f"INSERT INTO log SELECT {chosen} FROM arrived a "
        "JOIN person p ON p.participant_id = a.participant_id "
        "LEFT JOIN resolved r ON r.position = a.position ORDER BY p.pid, a.position"
    )
    runner.run("DROP TABLE arrived")
    runner.run("DROP TABLE resolved")


def _number(day: str) -> str:
    return f"({day} - DATE '1970-01-01')"


def _resolve_replacements(runner: DuckRunner, connection: Connection) -> None:
    """Table `resolved`: the positions of the events that arrived ones replace, asked of the log."""
    replacing = runner.rows(
        "SELECT position, source, s.replaces FROM arrived WHERE s.replaces IS NOT NULL"
    )
    by_source: dict[str, list[str]] = {}
    for _, source, target in replacing:
        by_source.setdefault(source, []).append(target)
    positions: dict[tuple[str, str], int] = {}
    for source, targets in by_source.items():
        for some in in_parts(targets):
            found = connection.execute(
                select(events.c.source_event_id, events.c.id).where(
                    events.c.source == source, events.c.source_event_id.in_(some)
                )
            )
            positions.update(((source, event_id), position) for event_id, position in found)
    rows = [(position, positions[source, target]) for position, source, target in replacing]
    runner.put("resolved", {"position": "BIGINT", "target": "BIGINT"}, rows)


@contextmanager
def _arrow(engine: Engine, after: int, last: int) -> Iterator[Any]:
    """A range of the log as a stream of Arrow, by the database's ADBC driver."""
    import adbc_driver_manager as adbc  # noqa: PLC0415 - only a refresh needs it

    day = "occurred_on" if engine.dialect.name == "sqlite" else "CAST(occurred_on AS TEXT)"
    query = (
        f"SELECT id, participant_id, topic, state, {day} AS occurred_on, recorded_at, source "
        f"FROM events WHERE id > {after} AND id <= {last} ORDER BY id"
    )
    with (
        _adbc(engine) as database,
        adbc.AdbcConnection(database) as connection,
        adbc.AdbcStatement(connection) as statement,
    ):
        statement.set_sql_query(query)
        stream, _ = statement.execute_query()
        yield stream


def _adbc(engine: Engine) -> Any:
    if engine.dialect.name == "sqlite":
        import adbc_driver_sqlite  # noqa: PLC0415

        return adbc_driver_sqlite.connect(engine.url.database)
    adbc_driver_postgresql = import_module("adbc_driver_postgresql")

    url = engine.url.set(drivername="postgresql")
    return adbc_driver_postgresql.connect(url.render_as_string(hide_password=False))


def place_of(engine: Engine) -> Path:
    """Where a store's copy lies: FORLOP_COPY; else beside a SQLite file, or in the user's cache."""
    chosen = os.environ.get("FORLOP_COPY")
    if chosen:
        return Path(chosen)
    if engine.dialect.name == "sqlite":
        return Path(f"{engine.url.database}.columns")
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    name = hashlib.sha256(engine.url.render_as_string(hide_password=True).encode()).hexdigest()
    return cache / "forlop" / f"{name[:32]}.columns"


def _remove(path: Path) -> None:
    for name in (path, path.with_name(path.name + ".wal")):
        name.unlink(missing_ok=True)
