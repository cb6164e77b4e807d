"""`forlop`: the commands, and how errors leave the program.

Exit codes: 0 done; 1 failed, nothing of the failed part stored; 2 wrong use; 3 done, and some
rows were held or rejected.
"""

from __future__ import annotations

import sys

import typer

from cli import (
    access,
    append,
    audit,
    columns,
    comparing,
    diff,
    erase,
    estimate,
    explain,
    export,
    figures,
    mapping,
    profile,
    quarantine,
    replay,
    report,
    rerun,
    verify,
)
from cli import demo as demo_command

app = typer.Typer(
    name="forlop",
    help="What happened to the people in a programme, at any cutoff, as known at any time.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
append.add_to(app)
app.add_typer(export.app, name="export")
app.add_typer(mapping.app, name="mapping")
app.add_typer(quarantine.app, name="quarantine")
figures.add_to(app)
replay.add_to(app)
audit.add_to(app)
columns.add_to(app)
erase.add_to(app)
verify.add_to(app)
comparing.add_to(app)
app.add_typer(access.app, name="access")
app.add_typer(explain.app, name="explain")
app.add_typer(diff.app, name="diff")
rerun.add_to(app)
app.add_typer(profile.app, name="profile")
app.add_typer(report.app, name="report")
app.add_typer(estimate.app, name="estimate")
demo_command.add_to(app)


def run() -> None:
    """The entry point: runs a command and turns what goes wrong into a line and an exit code."""
    from adapters.errors import ForlopError, NotAStoreError, WrongUseError  # noqa: PLC0415

    try:
        app()
    except (WrongUseError, NotAStoreError) as error:
        _fail(str(error), 2)
    except ForlopError as error:
        _fail(str(error), 1)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)


def _fail(message: str, code: int) -> None:
    typer.echo(f"forlop: {message}", err=True)
    sys.exit(code)


if __name__ == "__main__":
    run()
