"""The tables of a store, the same on SQLite and PostgreSQL, and how they are made and known.

`events`, `batches`, `erasures` and `accesses` are append-only: triggers refuse to change or remove
a row, and each row carries a hash over the one before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Date,
    Engine,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    inspect,
    text,
)

from adapters.log import SCHEMA_VERSION

_BIG = BigInteger().with_variant(Integer(), "sqlite")  # SQLite's row id is an INTEGER of 64 bits

metadata = MetaData()

# `id` is the position, `recorded_at` microseconds since 1970 in UTC.
events = Table(
    "events",
    metadata,
    Column("id", _BIG, primary_key=True, autoincrement=False),
    Column("participant_id", LargeBinary, nullable=False),
    Column("version", Integer, nullable=False),
    Column("topic", Text, nullable=False),
    Column("state", LargeBinary, nullable=False),
    Column("occurred_on", Date, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("source_event_id", Text, nullable=False),
    Column("batch_id", Integer, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    UniqueConstraint("participant_id", "version", name="events_participant_version"),
    UniqueConstraint("source", "source_event_id", name="events_source_event"),
)

# One row for each chunk of a delivery; counts are what the chunk added to the delivery's, so a
# row held in one chunk and placed in a later one is +1 held there and -1 held, +1 appended here.
batches = Table(
    "batches",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("delivery_id", Text, nullable=False),
    Column("file", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("appended_at", BigInteger, nullable=False),
    Column("read", Integer, nullable=False),
    Column("appended", Integer, nullable=False),
    Column("duplicates", Integer, nullable=False),
    Column("held", Integer, nullable=False),
    Column("rejected", Integer, nullable=False),
    Column("resolved", Integer, nullable=False),
    Column("first_position", _BIG, nullable=False),
    Column("last_position", _BIG, nullable=False),
    Column("head", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)

# The only place where a natural key meets the id that events carry. `lookup` is the natural key's
# HMAC under the store's secret, `wrapped_key` the participant's own key sealed under the secret,
# `natural_key` sealed under the participant's own. Erasure deletes the row.
participants = Table(
    "participants",
    metadata,
    Column("participant_id", LargeBinary, primary_key=True),
    Column("lookup", LargeBinary, nullable=False, unique=True),
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("natural_key", LargeBinary, nullable=False),
)

# Who was erased, by the id that events carry. A participant who was only ever in quarantine has
# the id of an erasure alone.
erasures = Table(
    "erasures",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("participant_id", LargeBinary, nullable=False, unique=True),
    Column("erased_at", BigInteger, nullable=False),
    Column("erased_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)

# That whoever has a key was erased, for who still knows the key. It names no id, keeps no order,
# and what it says is sealed under the natural key: it does not lead back to the events.
tombstones = Table(
    "tombstones",
    metadata,
    Column("tombstone", LargeBinary, primary_key=True),
    Column("said", LargeBinary, primary_key=True),
    sqlite_with_rowid=False,
)

# Who read about one person: when, what, and why. `participant` is the id that events carry, or
# the HMAC of a key that the store does not know.
accesses = Table(
    "accesses",
    metadata,
    Column("id", _BIG, primary_key=True, autoincrement=False),
    Column("accessed_at", BigInteger, nullable=False),
    Column("who", Text, nullable=False),
    Column("os_user", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("participant", LargeBinary, nullable=False),
    Column("reason", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)

# `state` is the event of a held row, empty for a rejected one; `cells` are the row's cells as
# JSON, empty where it does not fall into cells; `raw` is the row as it was handed in. All three are
# sealed: under the participant's key, or under the store's where `participant_id` is empty. There
# `participant_lookup`, the HMAC of the row's participant cell, lets erasure find them.
quarantine = Table(
    "quarantine",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("outcome", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("participant_id", LargeBinary, nullable=False),
    Column("participant_lookup", LargeBinary, nullable=False),
    Column("topic", Text, nullable=False),
    Column("state", LargeBinary, nullable=False),
    Column("cells", LargeBinary, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("why", Text, nullable=False),
    Column("file", Text, nullable=False),
    Column("line", Integer, nullable=False),
    Column("batch_id", Integer, nullable=False),
    Column("handed_in_at", BigInteger, nullable=False),
    Column("closed_at", BigInteger),
    Column("closed_by", Text),
    Column("closed_why", Text),
    Column("closed_batch_id", Integer),
    Index("quarantine_participant", "participant_id", "status"),
    Index("quarantine_key", "source", "event_id", "status"),
    Index("quarantine_fingerprint", "fingerprint"),
    Index("quarantine_lookup", "participant_lookup"),
)

# What sources sent, one row a record, as it came: sealed under the key of the one whom it is about,
# or under the store's where it is about several, or about nobody that the store knows.
source_records = Table(
    "source_records",
    metadata,
    Column("id", _BIG, primary_key=True, autoincrement=False),
    Column("source", Text, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("participant_id", LargeBinary, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("batch_id", Integer, nullable=False),
    Column("line", Integer, nullable=False),
)

# What each record said of one subject, by `id` in the order in which it was taken. `subject` and
# `digest` are HMACs; `stored` is sealed as the record is, and empty after erasure: the digest is
# left, so that the same content stays a duplicate.
source_versions = Table(
    "source_versions",
    metadata,
    Column("id", _BIG, primary_key=True, autoincrement=False),
    Column("source", Text, nullable=False),
    Column("subject", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("participant_id", LargeBinary, nullable=False),
    Column("stored", LargeBinary, nullable=False),
    Column("record_id", _BIG, nullable=False),
    Index("source_versions_subject", "subject", "id"),
)

# Whom a subject is about, by the HMAC of each of their keys; and which implementation it is in, by
# the HMAC of its id, where news of that concern it.
source_subjects = Table(
    "source_subjects",
    metadata,
    Column("subject", LargeBinary, primary_key=True),
    Column("lookup", LargeBinary, primary_key=True),
    Index("source_subjects_lookup", "lookup"),
    sqlite_with_rowid=False,
)

# What a source has told of its implementations of measures; nothing of a person.
implementations = Table(
    "implementations",
    metadata,
    Column("source", Text, primary_key=True),
    Column("reference", Text, primary_key=True),
    Column("measure_type", Text, nullable=False),
    Column("provider", Text),
    sqlite_with_rowid=False,
)

# The files that `append --follow` has taken whole, by content and by who read them.
taken_files = Table(
    "taken_files",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("reader", Text, primary_key=True),
    Column("file", Text, nullable=False),
    Column("taken_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# Worked out from the log; see `adapters.standings`.
standings = Table(
    "standings",
    metadata,
    Column("participant_id", LargeBinary, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("ends_on", Integer, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
    Column("ends_position", _BIG, nullable=False),
    Column("state", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

store_info = Table(
    "forlop_store",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

APPEND_ONLY: Final = ("events", "batches", "erasures", "tombstones", "accesses")
_MAKING: Final = 0x464F524C4F50  # the number under which PostgreSQL lets one job make the tables


def create(engine: Engine, info: Mapping[str, str]) -> None:
    """Makes the tables and triggers where they are not there yet; `info` is noted with them."""
    if engine.dialect.name == "sqlite":
        _let_readers_read_on(engine)
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_MAKING})"))
        if _version(connection) is not None:
            return  # another job was first
        metadata.create_all(connection)
        for statement in _triggers(engine.dialect.name):
            connection.execute(text(statement))
        noted = {"schema_version": str(SCHEMA_VERSION), **info}
        connection.execute(
            store_info.insert(), [{"name": name, "value": value} for name, value in noted.items()]
        )


def _let_readers_read_on(engine: Engine) -> None:
    """Write-ahead logging, kept in the file: a long figure and an append do not wait for each
    other. It is set outside any transaction."""
    raw = engine.raw_connection()
    try:
        cursor = raw.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.close()
    finally:
        raw.close()


def version_of(engine: Engine) -> int | None:
    """The schema version of the store at an engine, None where there is none."""
    with engine.connect() as connection:
        return _version(connection)


def is_empty(engine: Engine) -> bool:
    """Whether the database holds no table at all, so that a store may be made in it."""
    return not inspect(engine).get_table_names()


def _version(connection: Connection) -> int | None:
    if not inspect(connection).has_table(store_info.name):
        return None
    query = store_info.select().where(store_info.c.name == "schema_version")
    row = connection.execute(query).one_or_none()
    return None if row is None else int(row.value)


def trigger_names(dialect: str, table: str) -> list[str]:
    """The triggers that keep a table append-only."""
    if dialect == "sqlite":
        return [f"{table}_no_{verb}" for verb in ("update", "delete")]
    return [f"{table}_append_only"]


def _triggers(dialect: str) -> list[str]:
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER {name} BEFORE {name.rpartition('_')[2].upper()} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            for table in APPEND_ONLY
            for name in trigger_names(dialect, table)
        ]
    function = (
        "CREATE OR REPLACE FUNCTION forlop_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    return [function] + [
        f"CREATE TRIGGER {name} BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION forlop_append_only()"
        for table in APPEND_ONLY
        for name in trigger_names(dialect, table)
    ]
