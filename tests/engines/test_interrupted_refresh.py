"""A refresh that is stopped leaves the copy as it was, and the next figure brings it up to date."""

from __future__ import annotations

import io
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import duckdb
import pytest
import typer
from sqlalchemy import Engine

from adapters.answers import Asked, answer
from adapters.columnar_copy import place_of
from adapters.duck_runner import DuckRunner
from adapters.profiles import default_profile
from adapters.watching import Progress
from cli import main, waiting
from domain.calendar import parse_day
from projections.columnar.tables import DERIVED, FAMILIES
from tests.engines.test_engines_agree import both_agree, row, store_of

ASKED = Asked("stock", at=parse_day("2003-12-31"))


@contextmanager
def stopping(at: int) -> Iterator[Progress]:
    """Told for the `at`-th time that something has been done, somebody presses Ctrl-C."""
    told = 0

    def done(_: int) -> None:
        nonlocal told
        told += 1
        if told == at:
            raise KeyboardInterrupt

    yield done


def contents(engine: Engine) -> dict[str, list[Any]]:
    """All rows of the copy as it lies there."""
    tables = ("standing", "person", *(f"log_{family}" for family in FAMILIES), *DERIVED)
    with duckdb.connect(str(place_of(engine)), read_only=True) as found:
        return {
            table: found.execute(f"SELECT * FROM {table} ORDER BY ALL").fetchall()
            for table in tables
        }


def enrolled(number: int) -> dict[str, Any]:
    return row(number, "enrolled", "2003-04-01", programme="kvp") | {"participant": f"P{number}"}


@pytest.mark.parametrize("at", [1, 2])
def test_a_refresh_that_is_stopped_leaves_the_copy_as_it_was(at: int) -> None:
    with store_of([enrolled(1)]) as (store, engine):
        both_agree(engine, ASKED)
        before = contents(engine)
        store.append([enrolled(2)])
        with pytest.raises(KeyboardInterrupt):
            answer(engine, default_profile(), ASKED, watch=lambda _: stopping(at))
        assert contents(engine) == before
        both_agree(engine, ASKED)
        assert contents(engine) != before


@pytest.mark.parametrize("at", [1, 2])
def test_a_first_copy_that_is_stopped_is_made_anew(at: int) -> None:
    with store_of([enrolled(1)]) as (_, engine):
        with pytest.raises(KeyboardInterrupt):
            answer(engine, default_profile(), ASKED, watch=lambda _: stopping(at))
        both_agree(engine, ASKED)


def test_an_interrupt_within_a_long_query_is_an_interrupt() -> None:
    """The engine's own error for it would reach a user as a traceback."""
    runner = DuckRunner(duckdb.connect())
    endless = "SELECT count(*) FROM range(1000000000000) a, range(1000000) b"
    sender = Thread(target=signal.raise_signal, args=[signal.SIGINT])
    with pytest.raises(KeyboardInterrupt):
        sender.start()
        runner.run(endless)
    sender.join()
    assert runner.rows("SELECT 1") == [(1,)]


@pytest.mark.parametrize("raised", [KeyboardInterrupt(), RuntimeError("Query interrupted")])
def test_a_command_that_is_interrupted_ends_without_a_traceback(
    raised: BaseException, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 130, whatever the interrupted library makes of it."""

    def interrupted() -> None:
        try:
            main._interrupt(signal.SIGINT, None)
        except KeyboardInterrupt:
            raise raised from None

    app = typer.Typer()
    app.command()(interrupted)
    monkeypatch.setattr(main, "app", app)
    monkeypatch.setattr(sys, "argv", ["forlop"])
    monkeypatch.setattr(main, "_interrupts", [])
    before = signal.getsignal(signal.SIGINT)
    try:
        with pytest.raises(SystemExit) as left:
            main.run()
    finally:
        signal.signal(signal.SIGINT, before)
    assert left.value.code == 130
    assert "Traceback" not in capsys.readouterr().err


class Terminal(io.StringIO):
    """Standard error on a terminal, or not."""

    def __init__(self, *, is_terminal: bool) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


@pytest.mark.parametrize(
    ("amount", "is_terminal", "shows"),
    [(10**6, True, True), (10**6, False, False), (1000, True, False)],
    ids=["a long one on a terminal", "a long one in a pipe", "a short one on a terminal"],
)
def test_a_bar_is_for_a_terminal_and_for_what_takes_long(
    amount: int, is_terminal: bool, shows: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = Terminal(is_terminal=is_terminal)
    monkeypatch.setattr(sys, "stderr", error)
    with waiting.bring_up_to_date(amount) as done:
        done(amount // 2)
    assert ("columnar copy" in error.getvalue()) is shows
