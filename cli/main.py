"""`forlop`: the commands, and how errors leave the program.

Exit codes: 0 done; 1 failed, nothing of the failed part stored; 2 wrong use; 3 done, and some
rows were held or rejected; 130 stopped (Ctrl-C), nothing of what was under way stored.
"""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import Annotated

import typer

from cli.commands import STOPPED, Commands

app = typer.Typer(
    name="forlop",
    cls=Commands,
    help="What happened to the people in a programme, at any cutoff, as known at any time.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _show_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version  # noqa: PLC0415

        typer.echo(f"forlop {version('forlop')}")
        raise typer.Exit


@app.callback()
def _whole(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Nothing is done ahead of a command; without this Typer takes an app without any for none."""


_interrupts: list[int] = []


def _interrupt(number: int, _: FrameType | None) -> None:
    _interrupts.append(number)
    raise KeyboardInterrupt


def _catch_interrupts() -> None:
    """Remembers a Ctrl-C; where interrupts are ignored (`nohup`), they stay so."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)


def run() -> None:
    """The entry point: runs a command and turns what goes wrong into a line and an exit code."""
    from adapters.errors import ForlopError, NotAStoreError, WrongUseError  # noqa: PLC0415

    _catch_interrupts()
    try:
        app()
    except (WrongUseError, NotAStoreError) as error:
        _fail(str(error), 2)
    except ForlopError as error:
        _fail(str(error), 1)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except Exception:
        if not _interrupts:
            raise
        _fail("", 130)


def _fail(message: str, code: int) -> None:
    if _interrupts:  # what was interrupted may tell of it in a way of its own
        message, code = STOPPED, 130
    typer.echo(f"forlop: {message}", err=True)
    sys.exit(code)


if __name__ == "__main__":
    run()
