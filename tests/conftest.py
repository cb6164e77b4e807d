"""Settings that hold for every test, and the program in a folder of its own."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import Pool, event
from sqlalchemy.pool import ConnectionPoolEntry

from tests.command_line import Command, command

settings.register_profile(
    "fixed",
    deadline=None,
    derandomize=True,
    max_examples=100,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    print_blob=True,
)
settings.register_profile(
    "search", parent=settings.get_profile("fixed"), derandomize=False, max_examples=3000
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))
# A shell starts what runs in its background with interrupts ignored, and so would be all that is
# started from there: what a test interrupts would never end.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope="session")
def nobody_wonders() -> Iterator[None]:
    """What a command says when it takes long, it says in no test: a clock decides how long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cli.waiting._SOON", 3600.0)
        yield


@pytest.fixture(autouse=True)
def no_connection_left() -> Iterator[None]:
    """A command leaves its connections to the end of its process, which here comes much later.

    What is closed so, a store that other tests go on with opens again.
    """
    opened: list[ConnectionPoolEntry] = []

    def note(_: object, entry: ConnectionPoolEntry) -> None:
        opened.append(entry)

    event.listen(Pool, "connect", note)
    yield
    event.remove(Pool, "connect", note)
    for entry in opened:
        entry.invalidate()


@pytest.fixture
def forlop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The program, run in an empty folder with a secret of its own and nothing else set."""
    for name in ("FORLOP_SECRET", "FORLOP_STORE", "FORLOP_LANG", "FORLOP_COPY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FORLOP_SECRET_FILE", str(tmp_path / "secret.key"))
    monkeypatch.setenv("FORLOP_USER", "kari")
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(tmp_path)
    return command
