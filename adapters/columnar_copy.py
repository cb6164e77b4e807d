"""The columnar copy beside a store: the log's coded columns and what is worked out from them.

A DuckDB file. It can be thrown away at any time, is rebuilt by itself, and nothing writes to it but
the refresh, which is one transaction: a half-made one is never read. It names the position that it
stands at and the hash of the log there, so a copy of another log, or of an altered one, is known
as such.
"""

from __future__ import annotations

import fcntl
import glob
import hashlib
import os
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import duckdb

from adapters.duck_runner import DuckRunner
from adapters.errors import ForlopError
from adapters.log import Log, hash_at, hash_there
from adapters.refreshing import refresh
from adapters.watching import Watch, unwatched
from projections.columnar.tables import DERIVED, FAMILY_COLUMNS, literal

if TYPE_CHECKING:  # a copy that is ready is read without
    from sqlalchemy import Engine

# Of the tables, and (the number) of how they are worked out; a copy of another is made anew.
VERSION: Final = zlib.crc32(repr((3, FAMILY_COLUMNS, DERIVED)).encode()) & 0x7FFFFFFF
_MEMORY: Final = "1GB"
# Refreshes that each leave a small group of rows in every table, before all are brought together.
_UNTIDIED: Final = 32
_ATTEMPTS: Final = 4  # to read the copy; a refresh comes before each but the first
HashOf: TypeAlias = Callable[[int], bytes | None]  # of the log at a position, None past its end


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a copy stands: its position, and the hash of the log there.

    `untidied` are the refreshes since its rows were last brought together.
    """

    position: int
    hash: bytes
    untidied: int = 0


class ColumnarCopy:
    """The copy of one store, at `path`."""

    def __init__(self, engine: Engine, path: Path | None = None) -> None:
        self._engine = engine
        self.path = path or place_of(engine)

    @contextmanager
    def at_least(
        self, log: Log, position: int, watch: Watch = unwatched
    ) -> Iterator[tuple[DuckRunner, int]]:
        """The copy, refreshed where it stands before a position; and the position it stands at.

        `log` reads the store as it stood when the figure was asked for. Raises ForlopError where
        the copy does not answer: it is damaged, or the disk is full. `watch` is called where there
        is a refresh to wait for.
        """
        with self._plain_errors(), self._refreshed(log, position, watch) as found:
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
    def _refreshed(self, log: Log, position: int, watch: Watch) -> Iterator[tuple[DuckRunner, int]]:
        """Between a refresh and the reading of it others may take the copy away: then again."""
        hash_of = partial(self._hash_of, log)
        for attempt in range(_ATTEMPTS):
            with ready(self.path, hash_of, position) as found:
                if found is not None:
                    yield found
                    return
            if attempt < _ATTEMPTS - 1:
                with _locked(self.path, fcntl.LOCK_EX):
                    self._refresh(log, position, watch)
        raise ForlopError(
            f"the columnar copy {self.path} is taken away again and again while in use; "
            "has another store the same FORLOP_COPY?"
        )

    def _hash_of(self, log: Log, position: int) -> bytes | None:
        """The hash at a position; of what was appended since, too.

        Somebody who sees more of the log may have refreshed the copy further than this log goes;
        judged by that alone it would be of another log, and be taken away from under its readers.
        """
        found = hash_at(log, position)
        if found is None:
            with self._engine.connect() as now:
                found = hash_at(now, position)
        return found

    @contextmanager
    def left_alone(self) -> Iterator[None]:
        """Keeps every refresh away while the copy's file is looked at."""
        with _locked(self.path, fcntl.LOCK_SH):
            yield

    def throw_away(self) -> None:
        """Removes the copy; the next figure makes it anew."""
        with _locked(self.path, fcntl.LOCK_EX):
            _remove(self.path)

    def _refresh(self, log: Log, position: int, watch: Watch) -> None:
        """Brings the copy up to a position, in one transaction."""
        runner, standing = _open(self.path, partial(self._hash_of, log))
        if runner is None:
            _remove(self.path)
        else:
            runner.connection.close()
            if standing.position >= position:
                return  # somebody else was faster
        spill = self.path.with_name(self.path.name + ".spill")
        shutil.rmtree(spill, ignore_errors=True)  # what a refresh that was killed has left
        with duckdb.connect(str(self.path)) as found:
            runner = DuckRunner(found)
            _settle(runner, spill)
            untidied = _settle_to_write(runner, standing)
            found.begin()
            refresh(runner, self._engine, standing.position, position, watch)
            _stand(runner, Standing(position, hash_there(log, position), untidied))
            found.commit()


@contextmanager
def ready(path: Path, hash_of: HashOf, position: int) -> Iterator[tuple[DuckRunner, int] | None]:
    """The copy at a path and the position it stands at, where that is not before `position`.

    None where it is, or where there is no copy that belongs to the log whose hashes are given.
    """
    with _locked(path, fcntl.LOCK_SH):
        runner, standing = _open(path, hash_of)
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


def _open(path: Path, hash_of: HashOf) -> tuple[DuckRunner | None, Standing]:
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
    if standing is None or hash_of(standing.position) != standing.hash:
        found.close()
        return None, nothing
    _settle(runner, Path(tempfile.gettempdir()) / f"forlop-{os.getpid()}")
    return runner, standing


def _standing(runner: DuckRunner) -> Standing | None:
    try:
        rows = runner.rows("SELECT * FROM standing")
    except duckdb.CatalogException:  # a file without tables, of a first refresh that was stopped
        return None
    if len(rows) != 1 or rows[0][0] != VERSION:
        return None
    _, position, head, untidied = rows[0]
    return Standing(position, bytes.fromhex(head), untidied)


def _stand(runner: DuckRunner, at: Standing) -> None:
    runner.run(
        "CREATE OR REPLACE TABLE standing AS SELECT "
        f"CAST({VERSION} AS INTEGER) AS version, CAST({at.position} AS BIGINT) AS position, "
        f"'{at.hash.hex()}' AS head, CAST({at.untidied} AS INTEGER) AS untidied"
    )


def _settle(runner: DuckRunner, spill: Path) -> None:
    runner.run(f"SET memory_limit = '{_MEMORY}'")
    runner.run("SET preserve_insertion_order = false")
    runner.run(f"SET temp_directory = {literal(str(spill))}")


def _settle_to_write(runner: DuckRunner, standing: Standing) -> int:
    """Gives the refreshes that there have been since the rows were brought together, this one too.

    That took a tenth of a build's time and most of a refresh's, so it is done now and then.
    """
    # Memory that is given back after each table, and taken again, took a twentieth of a build.
    runner.run(f"SET block_allocator_memory = '{_MEMORY}'")
    is_due = standing.untidied >= _UNTIDIED
    if not is_due:
        runner.run("SET max_vacuum_tasks = 0")
    return 0 if is_due else standing.untidied + 1


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
    path.unlink(missing_ok=True)
    for log in path.parent.glob(f"{glob.escape(path.name)}*wal*"):  # what a killed refresh left
        log.unlink(missing_ok=True)
