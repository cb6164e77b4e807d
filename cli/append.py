"""`forlop append`: events into the store."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import DEFAULT_PROFILE, DEFAULT_STORE, Json, ProfileOption, Store

if TYPE_CHECKING:
    from adapters.ingest import Progress, Summary

_MOST_TROUBLES = 20
_LONG = 1_000_000  # bytes of a file, packed or not


def add_to(app: typer.Typer) -> None:
    app.command()(append)


def append(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE…", help="CSV, JSON Lines or Parquet; - is stdin.")
    ],
    store: Store = DEFAULT_STORE,
    source: Annotated[
        str | None, typer.Option(help="The source of every row, where the file has none.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would become of the rows; store nothing.")
    ] = False,
    profile: ProfileOption = DEFAULT_PROFILE,
    as_json: Json = False,
) -> None:
    """Read events; print how many were read, appended, duplicates, held and rejected.

    Example: forlop append events.csv.gz --store sqlite:///forlop.db
    """
    import orjson  # noqa: PLC0415

    from adapters.database import open_engine  # noqa: PLC0415
    from adapters.ingest import Summary, append_file  # noqa: PLC0415
    from adapters.profiles import open_profile  # noqa: PLC0415
    from adapters.readers.files import RowFile, delivery  # noqa: PLC0415

    rules, total = open_profile(profile).profile, Summary()
    with ExitStack() as stack:
        found = [stack.enter_context(delivery(name, sys.stdin.buffer)) for name in files]
        row_files = [RowFile(one, source) for one in found]
        engine = open_engine(store, make=not dry_run)
        for file in row_files:
            with progress(
                f"{file.delivery.name}, rows", is_long=file.delivery.size >= _LONG
            ) as done:
                summary = append_file(engine, file, rules, dry_run=dry_run, done=done)
            total.add(summary)
    if as_json:
        typer.echo(orjson.dumps(total.as_json()).decode())
    else:
        _show(total, dry_run=dry_run)
    if total.counts.held or total.counts.rejected:
        raise typer.Exit(3)


@contextmanager
def progress(what: str, *, is_long: bool) -> Iterator[Progress | None]:
    """A count of something on a terminal, where it is long enough to wait for."""
    if not sys.stderr.isatty() or not is_long:
        yield None
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import (  # noqa: PLC0415
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (SpinnerColumn(), TextColumn("{task.description}"), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=None)
        yield lambda count: bar.advance(task, count)


def _show(summary: Summary, *, dry_run: bool) -> None:
    counts = summary.counts
    for name in ("read", "appended", "duplicates", "held", "rejected", "resolved"):
        typer.echo(f"{name:<11}{getattr(counts, name):>9}")
    troubles = list(summary.troubles.values())
    for trouble in troubles[:_MOST_TROUBLES]:
        typer.echo(str(trouble), err=True)
    if len(troubles) > _MOST_TROUBLES:
        typer.echo(f"… and {len(troubles) - _MOST_TROUBLES} more", err=True)
    if dry_run:
        typer.echo("nothing was stored: this was a dry run")
    elif troubles:
        typer.echo(
            "held rows wait until they fit; mend rejected ones: "
            "`forlop quarantine list`, `forlop quarantine export --out mend.csv`",
            err=True,
        )
