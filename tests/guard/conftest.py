"""Stores to damage: a small history with notes, held and rejected rows, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from adapters.database import open_engine
from tests.guard.deliveries import hand_in, small_delivery
from tests.guard.postgres import Server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server of the tests' own."""
    server = Server()
    yield server
    server.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a store that is not there yet, with places of its own for secret and copy."""
    for name in ("FORLOP_SECRET", "FORLOP_USER", "FORLOP_STORE", "FORLOP_COPY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))  # where a copy lies
    monkeypatch.setenv("FORLOP_SECRET_FILE", str(tmp_path / "secret.key"))
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    server: Server = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """A store with a small delivery in it."""
    made = open_engine(url, make=True)
    hand_in(made, small_delivery())
    yield made
    made.dispose()
