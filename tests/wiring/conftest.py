"""Stores to wire things to: a SQLite file, and a PostgreSQL server of the tests' own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from tests.guard.postgres import Server

SAMPLES = Path(__file__).parents[1] / "case_systems" / "samples"
Run = Callable[..., Result]


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL server, stopped when the tests are over."""
    found = Server()
    yield found
    found.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a database without a store in it, of each kind, and a secret."""
    monkeypatch.setenv("FORLOP_SECRET_FILE", str(tmp_path / "secret.key"))
    monkeypatch.setenv("FORLOP_COPY", str(tmp_path / "copy.duckdb"))
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'forlop.db'}"
    server: Server = request.getfixturevalue("server")
    return server.new_database()


@pytest.fixture
def sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a SQLite file that is not there yet."""
    monkeypatch.setenv("FORLOP_SECRET_FILE", str(tmp_path / "secret.key"))
    return f"sqlite:///{tmp_path / 'forlop.db'}"


@pytest.fixture
def run() -> Run:
    """Runs a command of the program on a store: its exit code and what it prints."""

    def runs(store: str, *arguments: object, code: int | None = 0) -> Result:
        result = CliRunner().invoke(app, [*map(str, arguments), "--store", store])
        if code is not None:
            told = result.output or repr(result.exception)
            assert result.exit_code == code, (result.exit_code, told)
        return result

    return runs
