"""One store with both registers of the demo, put in once for all tests of this folder."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from adapters.database import open_engine
from adapters.demo import put_registers
from adapters.profiles import default_profile
from cli.main import app

Run = Callable[..., Result]


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('reports') / 'demo.db'}"
    engine = open_engine(url, make=True)
    put_registers(engine, default_profile())
    engine.dispose()
    return url


@pytest.fixture(scope="session")
def run(store: str) -> Run:
    """Runs a command on that store."""

    def command(*arguments: str) -> Result:
        return CliRunner(env={"FORLOP_STORE": store, "COLUMNS": "120"}).invoke(app, arguments)

    return command
