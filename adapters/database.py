"""Engines and transactions for the two databases: how each waits, locks and fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    InvalidRequestError,
    NoSuchModuleError,
    OperationalError,
)

from adapters.errors import (
    DamagedError,
    ForlopError,
    NotAStoreError,
    StoreBusyError,
    WrongUseError,
)
from adapters.ledger import STORE_ID
from adapters.log import SCHEMA_VERSION
from adapters.schema import create, is_empty, version_of
from adapters.secret import CHECK, find_or_make
from projections.question import QuestionError

_WAIT_SECONDS = 30
_UNREADABLE = (
    TypeError,
    ValueError,
    KeyError,
    AttributeError,
    OverflowError,
    MemoryError,  # a number in a column of bytes reads as so many zero bytes
    InvalidRequestError,  # a row that must be there is not
)


def open_engine(url: str, *, make: bool) -> Engine:
    """The engine of the store at a URL; `make` makes a store in a database that is empty.

    Raises WrongUseError on a URL that is none, NotAStoreError where there is no store.
    """
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite":
        _check_file(parsed, make=make)
    engine = _engine(parsed)
    with plain_errors(engine):
        version = version_of(engine)
        if version is None and make and is_empty(engine):
            secret = find_or_make(parsed)
            create(engine, {CHECK: secret.check, STORE_ID: uuid4().hex})
            version = SCHEMA_VERSION
    if version is None:
        raise NotAStoreError(f"{show(engine)} is not a Forløp store; `forlop append` makes one")
    if version != SCHEMA_VERSION:
        raise NotAStoreError(
            f"{show(engine)} is a store of version {version}; this program reads {SCHEMA_VERSION}"
        )
    return engine


def show(engine: Engine) -> str:
    """Where a store is, as it may be shown: without a password."""
    return engine.url.render_as_string(hide_password=True)


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise WrongUseError(
            f"{url!r} is not a store's URL; write it as sqlite:///forlop.db "
            "or postgresql://user@host/database"
        ) from None
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise WrongUseError(f"a store is on sqlite or postgresql, not {parsed.drivername}")
    return parsed


def _check_file(url: URL, *, make: bool) -> None:
    if not url.database or url.database == ":memory:":
        raise WrongUseError("a store is a file: write its URL as sqlite:///forlop.db")
    path = Path(url.database)
    if not path.exists() and not make:
        raise NotAStoreError(f"there is no store at {path}; `forlop append` makes one")
    if not path.exists() and not path.parent.is_dir():
        raise WrongUseError(f"there is no folder {path.parent} to make a store in")
    if path.is_dir():
        raise NotAStoreError(f"{path} is a folder, not a Forløp store")


def _engine(url: URL) -> Engine:
    try:
        if url.get_backend_name() == "sqlite":
            engine = create_engine(url, connect_args=_sqlite_arguments(url), hide_parameters=True)
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
            return engine
        # a server that was restarted has left dead connections in the pool
        return create_engine(url, hide_parameters=True, pool_pre_ping=True)
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise WrongUseError(
            f"the driver of {url.drivername} is not installed: pip install 'forlop[postgresql]'"
        ) from error


def _sqlite_arguments(url: URL) -> dict[str, Any]:
    return {} if "timeout" in url.query else {"timeout": _WAIT_SECONDS}


def _prepare_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # transactions are begun by `_begin_sqlite` alone
    cursor = connection.cursor()
    cursor.execute("PRAGMA recursive_triggers=ON")  # else REPLACE goes round the triggers
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA cache_size=-65536")  # KiB; in less, a chunk's pages go out and in again
    cursor.execute("PRAGMA secure_delete=ON")  # what is erased is overwritten, not only unlinked
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def writing(engine: Engine, table: str = "events") -> Iterator[Connection]:
    """A transaction that alone may append, until it is left; all of it is stored, or nothing.

    `table` is the one that others may not append to meanwhile; on SQLite it is all of them.

    Raises StoreBusyError when another holds the store for longer than the waiting time.
    """
    with (
        plain_errors(engine),
        engine.connect().execution_options(writes=True) as connection,
        connection.begin(),
    ):
        if engine.dialect.name == "postgresql":
            connection.execute(text(f"SET LOCAL lock_timeout = '{_wait_seconds(engine)}s'"))
            connection.execute(text(f"LOCK TABLE {table} IN EXCLUSIVE MODE"))
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees the store as it stood when it began."""
    with plain_errors(engine):
        options: dict[str, Any] = {}
        if engine.dialect.name == "postgresql":
            options["isolation_level"] = "REPEATABLE READ"
        with engine.connect().execution_options(**options) as connection, connection.begin():
            yield connection


def _wait_seconds(engine: Engine) -> int:
    return int(str(engine.url.query.get("timeout", _WAIT_SECONDS)))


@contextmanager
def plain_errors(engine: Engine) -> Iterator[None]:
    """Turns the database's errors into ones that say what to do.

    SQLite keeps any value in any column, so a value of another type than the column's, met while a
    store is read, is damage too.
    """
    try:
        yield
    except DBAPIError as error:
        raise _plain(error, engine) from error
    except QuestionError:
        raise  # the asker's, not the store's
    except _UNREADABLE as error:
        raise DamagedError(
            f"{show(engine)} holds something that does not read ({type(error).__name__}); "
            "run `forlop verify`; where it finds nothing, this is a fault of the program"
        ) from error


def _plain(error: DBAPIError, engine: Engine) -> ForlopError:
    said = str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else "no answer"
    low = said.lower()
    if "locked" in low or "lock timeout" in low:
        return StoreBusyError(
            f"{show(engine)} is locked: another job has been writing for too long; "
            "nothing of this part is stored, run the command again"
        )
    if "not a database" in low or "malformed" in low:
        return NotAStoreError(f"{show(engine)} is not a Forløp store: {said}")
    if ("disk" in low and "full" in low) or "no space left" in low:
        return ForlopError(
            f"the disk of {show(engine)} is full; nothing of this part is stored, "
            "make room and run the command again"
        )
    if isinstance(error, OperationalError):
        return ForlopError(f"{show(engine)} does not answer as it should: {said}")
    return ForlopError(f"{show(engine)} refused: {said}")
