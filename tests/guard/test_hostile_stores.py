"""A store that was damaged behind the program's back: a clear error, never a traceback."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from adapters.access_log import accesses_of, reader, record_access
from adapters.answers import Asked, answer
from adapters.database import open_engine, reading
from adapters.erasing import erase
from adapters.errors import ForlopError
from adapters.journeys import replay_of
from adapters.profiles import default_profile
from adapters.quarantine import slips
from adapters.schema import metadata
from adapters.verification.store import verify
from tests.guard.amounts import examples
from tests.guard.deliveries import KARI, NOW, OLA, hand_in, small_delivery

COLUMNS = [
    (table.name, column.name) for table in metadata.sorted_tables for column in table.columns
]
values = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    st.binary(max_size=60),
    st.sampled_from(["2024-13-45", "9999-12-31", "", "{}", "[]", "null", '{"v":1}', '{"v":9}']),
    st.sampled_from([b"{}", b"[]", b"null", b'{"v":1}', b'"x"', b"\xff", b""]),
)
quick = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("stores")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FORLOP_SECRET_FILE", str(folder / "secret.key"))
        engine = open_engine(f"sqlite:///{folder / 'sound.db'}", make=True)
        hand_in(engine, small_delivery())
        record_access(engine, reader("kari", "sak"), "replay", [b"x" * 16])
        erase(engine, OLA, "krav", "drift", NOW)
        engine.dispose()
        yield folder / "sound.db"


def show_quarantine(engine: Engine) -> None:
    with reading(engine) as connection:
        slips(connection, status=None)


def ask(figure: str) -> Callable[[Engine], object]:
    return lambda engine: answer(engine, default_profile(), Asked(figure))  # type: ignore[arg-type]


WAYS: list[Callable[[Engine], object]] = [
    ask("stock"),
    ask("exits"),
    lambda engine: replay_of(engine, KARI),
    show_quarantine,
    accesses_of,
    lambda engine: hand_in(engine, small_delivery()),
]


def assert_only_clear_errors(path: Path) -> None:
    """Uses a store in every way: each works, or says what is wrong."""
    try:
        engine = open_engine(f"sqlite:///{path}", make=False)
    except ForlopError as error:
        assert str(error)
        return
    try:
        verify(engine)
    except ForlopError as error:
        assert str(error)
    for way in WAYS:
        try:
            way(engine)
        except ForlopError as error:
            assert str(error)
    engine.dispose()


@settings(quick, max_examples=examples(60))
@given(where=st.sampled_from(COLUMNS), value=values, row=st.integers(0, 5))
def test_any_value_in_any_column_of_any_table(
    sound: Path, where: tuple[str, str], value: object, row: int
) -> None:
    table, column = where
    path = sound.with_name("damaged.db")
    shutil.copy(sound, path)
    with closing(sqlite3.connect(path)) as connection, connection:
        triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in triggers.fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        columns = connection.execute(f"PRAGMA table_info({table})").fetchall()
        keys = tuple(name for _, name, _, _, _, is_key in columns if is_key) or ("rowid",)
        query = f"SELECT {', '.join(keys)} FROM {table} LIMIT 1 OFFSET {row}"
        found = connection.execute(query).fetchone()
        if found is None:
            return
        chosen = " AND ".join(f"{key} = ?" for key in keys)
        change = f"UPDATE OR IGNORE {table} SET {column} = ? WHERE {chosen}"
        try:
            connection.execute(change, (value, *found))
        except sqlite3.IntegrityError:
            return
    assert_only_clear_errors(path)


@settings(quick, max_examples=examples(40))
@given(seed=st.integers(0, 2**32))
def test_bytes_of_the_database_file_altered_at_random(sound: Path, seed: int) -> None:
    chance = random.Random(seed)
    content = bytearray(sound.read_bytes())
    for _ in range(chance.randrange(1, 40)):
        content[chance.randrange(len(content))] ^= chance.randrange(1, 256)
    if chance.random() < 0.2:
        del content[chance.randrange(len(content)) :]
    path = sound.with_name("damaged.db")
    path.write_bytes(bytes(content))
    assert_only_clear_errors(path)
