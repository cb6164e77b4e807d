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
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import duckdb
import orjson

from adapters.errors import ForlopError
from adapters.log import Log, hash_at, hash_there
from projections.columnar.tables import DERIVED, LOG, Columns, Fold, definition, fold_groups

if TYPE_CHECKING:  # a copy that is ready is read without
    from sqlalchemy import Engine

# Of the tables, and (the number) of how they are worked out; a copy of another is made anew.
VERSION: Final = zlib.crc32(repr((1, LOG, DERIVED)).encode()) & 0x7FFFFFFF
_MEMORY: Final = "1GB"
_RANGE: Final = 1_000_000  # positions that are read at a time
_SLICE: Final = 1_500_000  # events whose spells are worked out at a time, to bound the memory
_BATCH: Final = 16_384  # rows of an Arrow batch; more threads have work, fewer calls cross over
_FEW: Final = 20_000
Progress = Callable[[int], None]

# The coded fields of a stored state, and as what DuckDB reads them.
_STATE: Final = {
    name: ("VARCHAR" if type_ == "INTEGER" else type_)
    for name, type_ in LOG.items()
    if name not in ("position", "pid", "topic", "day", "recorded", "replaces_position", "same_as")
    and not name.startswith("born")
} | dict.fromkeys(("birth_date", "replaces", "same_as"), "VARCHAR")


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
        if not rows:
            return
        if len(rows) <= _FEW:
            # A list a column, taken apart by the engine: rows one by one took fifty times as long.
            lists = ", ".join(f"unnest(CAST(? AS {type_}[]))" for type_ in columns.values())
            turned = [list(values) for values in zip(*rows, strict=True)]
            self.connection.execute(f"INSERT INTO {table} SELECT {lists}", turned)
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
        self, log: Log, position: int, done: Progress | None = None
    ) -> Iterator[tuple[DuckRunner, int]]:
        """The copy, refreshed where it stands before a position; and the position it stands at.

        `log` reads the store as it stood when the figure was asked for. Raises ForlopError where
        the copy does not answer: it is damaged, or the disk is full.
        """
        with self._plain_errors(), self._refreshed(log, position, done) as found:
            yield found

    @contextmanager
    def _plain_errors(self) -> Iterator[None]:
        try:
            yield
        except (duckdb.Error, OSError) as error:
            said = next(iter(str(error).splitlines()), type(error).__name__)
            raise ForlopError(
                f"the columnar copy {self.path} does not answer: {said}; is the disk full? "
                "if not, delete the copy, and the next figure makes it anew"
            ) from error

    @contextmanager
    def _refreshed(
        self, log: Log, position: int, done: Progress | None
    ) -> Iterator[tuple[DuckRunner, int]]:
        with ready(self.path, log, position) as found:
            if found is not None:
                yield found
                return
        with _locked(self.path, fcntl.LOCK_EX):
            self._refresh(log, position, done)
        with ready(self.path, log, position) as found:
            if found is None:
                raise ForlopError(f"the columnar copy {self.path} was taken away while in use")
            yield found

    @contextmanager
    def left_alone(self) -> Iterator[None]:
        """Keeps every refresh away while the copy's file is looked at."""
        with _locked(self.path, fcntl.LOCK_SH):
            yield

    def throw_away(self) -> None:
        """Removes the copy; the next figure makes it anew."""
        with _locked(self.path, fcntl.LOCK_EX):
            _remove(self.path)

    def _refresh(self, log: Log, position: int, done: Progress | None) -> None:
        """Brings the copy up to a position, in one transaction."""
        runner, standing = _open(self.path, log)
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
            refresh(runner, log, self._engine, position, done)
            found.commit()


@contextmanager
def ready(path: Path, log: Log, position: int) -> Iterator[tuple[DuckRunner, int] | None]:
    """The copy at a path and the position it stands at, where that is not before `position`.

    None where it is, or where there is no copy that belongs to the log.
    """
    with _locked(path, fcntl.LOCK_SH):
        runner, standing = _open(path, log)
        if runner is None:
            yield None
            return
        with runner.connection:
            yield (runner, standing.position) if standing.position >= position else None


@contextmanager
def _locked(path: Path, kind: int) -> Iterator[None]:
    """Readers share the copy, a refresh has it alone; the system frees a dead one's lock."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(path.name + ".lock").open("a") as lock:
        fcntl.flock(lock, kind)
        yield


def _open(path: Path, log: Log) -> tuple[DuckRunner | None, Standing]:
    """The copy as it is, read only; None where there is none that belongs to this log."""
    nothing = Standing(0, b"")
    if not path.exists():
        return None, nothing
    try:
        found = duckdb.connect(str(path), read_only=True)
    except duckdb.Error:
        return None, nothing
    runner = DuckRunner(found)
    standing = _standing(runner)
    if standing is None or hash_at(log, standing.position) != standing.hash:
        found.close()
        return None, nothing
    _settle(runner)
    return runner, standing


def refresh(
    runner: DuckRunner,
    log: Log,
    engine: Engine,
    position: int,
    done: Progress | None = None,
) -> None:
    """Takes in the log up to a position, inside the caller's transaction."""
    standing = _standing(runner)
    if standing is None:
        _make(runner)
        standing = Standing(0, b"")
    for after in range(standing.position, position, _RANGE):
        last = min(after + _RANGE, position)
        _read_range(runner, engine, after, last)
        if done is not None:
            done(last - after)
    _rebuild(runner, standing.position)
    head = hash_there(log, position)
    runner.run("DELETE FROM standing")
    runner.run(f"INSERT INTO standing VALUES ({VERSION}, {position}, '{head.hex()}')")


def _rebuild(runner: DuckRunner, position: int) -> None:
    """Works out anew the spells of all who have an event after a position, slice by slice."""
    from projections.columnar.building import build  # noqa: PLC0415 - it loads the events' types

    runner.run(
        f"CREATE TEMPORARY TABLE due AS SELECT DISTINCT pid FROM log WHERE position > {position}"
    )
    if position:  # else there is nothing of anybody yet
        for table in DERIVED:
            runner.run(f"DELETE FROM {table} WHERE pid IN (SELECT pid FROM due)")
    ((people,),) = runner.rows("SELECT count(*) FROM due")
    ((count,),) = runner.rows("SELECT count(*) FROM log l JOIN due d ON d.pid = l.pid")
    parts = -(-count // _SLICE)
    for part in range(parts):
        runner.run(
            "CREATE TEMPORARY TABLE touched AS SELECT pid FROM ("
            "SELECT pid, row_number() OVER (ORDER BY pid) - 1 AS n FROM due) d "
            f"WHERE n >= {people * part // parts} AND n < {people * (part + 1) // parts}"
        )
        build(runner)
        runner.run("DROP TABLE touched")
    runner.run("DROP TABLE due")


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
    if len(rows) != 1 or rows[0][0] != VERSION:
        return None
    return Standing(rows[0][1], bytes.fromhex(rows[0][2]))


def _settle(runner: DuckRunner) -> None:
    runner.run(f"SET memory_limit = '{_MEMORY}'")
    runner.run("SET preserve_insertion_order = false")
    runner.run(f"SET temp_directory = '{tempfile.gettempdir()}/forlop-{os.getpid()}'")


def _read_range(runner: DuckRunner, engine: Engine, after: int, last: int) -> None:
    """Reads the positions after one, up to another, into `log`.

    In two passes over the range: the participants who are new in it, then its events straight into
    their columns. Keeping a range in between to do both in one took a third longer. Its two halves
    are read at once, for a database reads one stream on one core.
    """
    with _arrow(engine, _newcomers(after, last)) as stream:
        runner.connection.register("arriving", stream)
        runner.run("INSERT INTO person SELECT id, participant_id FROM arriving")
        runner.connection.unregister("arriving")
    born = "CAST(a.s.birth_date AS DATE)"
    values = {
        "position": "a.id",
        "pid": "p.pid",
        "topic": "a.topic",
        "day": _number("CAST(a.occurred_on AS DATE)"),
        "recorded": "a.recorded_at",
        "replaces_position": "nullif(a.replaced, 0)",
        "until": _number("CAST(a.s.until AS DATE)"),
        "born": _number(born),
        "born_year": f"year({born})",
        "born_month_day": f"month({born}) * 100 + day({born})",
    }
    chosen = ", ".join(
        f"CAST({values.get(name, f'a.s.{name}')} AS {type_})" for name, type_ in LOG.items()
    )
    types = orjson.dumps(_STATE).decode()
    middle = (after + last) // 2
    with ExitStack() as streams:
        for name, first, until in (("earlier", after, middle), ("later", middle, last)):
            stream = streams.enter_context(_arrow(engine, _events(engine, first, until)))
            runner.connection.register(name, stream)
        # A stream has no known length, is taken for the shorter side, and would be held in memory.
        runner.run("SET disabled_optimizers = 'build_side_probe_side'")
        runner.run(
            f"INSERT INTO log SELECT {chosen} FROM (SELECT id, participant_id, topic, "
            f"occurred_on, recorded_at, replaced, from_json(decode(state), '{types}') AS s "
            "FROM (SELECT * FROM earlier UNION ALL SELECT * FROM later) e) a "
            "LEFT JOIN person p ON p.participant_id = a.participant_id"
        )
        runner.run("RESET disabled_optimizers")
        runner.connection.unregister("earlier")
        runner.connection.unregister("later")


def _number(day: str) -> str:
    return f"({day} - DATE '1970-01-01')"


def _newcomers(after: int, last: int) -> str:
    """The participants whose first event is in a range; its position is their number."""
    return (
        "SELECT id, participant_id FROM events "
        f"WHERE id > {after} AND id <= {last} AND version = 1 ORDER BY id"
    )


def _events(engine: Engine, after: int, last: int) -> str:
    """A range of the log, with the position of what each event replaces, 0 where it is nothing.

    No column starts with NULLs: the driver for SQLite takes a column's type from its first rows.
    """
    if engine.dialect.name == "sqlite":
        day, has = "e.occurred_on", "instr(e.state, CAST('\"replaces\"' AS BLOB))"
        target = "json_extract(CAST(e.state AS TEXT), '$.replaces')"
    else:
        day, has = "CAST(e.occurred_on AS TEXT)", "position('\"replaces\"'::bytea IN e.state)"
        target = "convert_from(e.state, 'UTF8')::json->>'replaces'"
    return (
        f"SELECT e.id, e.participant_id, e.topic, e.state, {day} AS occurred_on, e.recorded_at, "
        f"CASE WHEN {has} > 0 THEN coalesce((SELECT t.id FROM events t WHERE t.source = e.source "
        f"AND t.source_event_id = {target}), 0) ELSE 0 END AS replaced "
        f"FROM events e WHERE e.id > {after} AND e.id <= {last} ORDER BY e.id"
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


def place_of(engine: Engine) -> Path:
    """Where a store's copy lies: FORLOP_COPY; else beside a SQLite file, or in the user's cache."""
    if engine.dialect.name == "sqlite":
        return beside(engine.url.database or "")
    if chosen := os.environ.get("FORLOP_COPY"):
        return Path(chosen)
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    name = hashlib.sha256(engine.url.render_as_string(hide_password=True).encode()).hexdigest()
    return cache / "forlop" / f"{name[:32]}.columns"


def beside(database: str) -> Path:
    """Where the copy of a store in a SQLite file lies."""
    return Path(os.environ.get("FORLOP_COPY") or f"{database}.columns")


def _remove(path: Path) -> None:
    for name in (path, path.with_name(path.name + ".wal")):
        name.unlink(missing_ok=True)
