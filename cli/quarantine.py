"""`forlop quarantine`: rows that were held or rejected."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli.options import DEFAULT_STORE, Json, Out, Store

app = typer.Typer(
    help="Rows that were held or rejected: what, why, since when.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Ids = Annotated[list[int] | None, typer.Argument(metavar="[ID…]", help="Rows; none means all.")]


class Status(StrEnum):
    open = "open"
    resolved = "resolved"
    mended = "mended"
    dropped = "dropped"
    all = "all"


@app.command("list")
def list_(
    store: Store = DEFAULT_STORE,
    status: Annotated[Status, typer.Option(help="Which rows.")] = Status.open,
    as_json: Json = False,
) -> None:
    """The rows in quarantine, a line each."""
    import orjson  # noqa: PLC0415

    from adapters.database import open_engine, reading  # noqa: PLC0415
    from adapters.quarantine import slips  # noqa: PLC0415

    with reading(open_engine(store, make=False)) as connection:
        found = slips(connection, status=None if status is Status.all else status.value)
    if as_json:
        typer.echo(orjson.dumps([slip.as_json() for slip in found]).decode())
        return
    for slip in found:
        where = f"{slip.file}, line {slip.line}"
        since = slip.handed_in_at.date()
        typer.echo(f"{slip.id:>6} {slip.outcome:<8} {since} {where}: {'; '.join(slip.why)}")
    if not found:
        typer.echo("nothing in quarantine")


@app.command()
def show(ids: Ids = None, store: Store = DEFAULT_STORE, as_json: Json = False) -> None:
    """Rows in quarantine, whole: as they were handed in, why, and what became of them."""
    import orjson  # noqa: PLC0415

    from adapters.database import open_engine, reading  # noqa: PLC0415
    from adapters.quarantine import slips  # noqa: PLC0415

    with reading(open_engine(store, make=False)) as connection:
        found = [slip.as_json() for slip in slips(connection, ids or ())]
    if as_json:
        typer.echo(orjson.dumps(found).decode())
        return
    for slip in found:
        for name, value in slip.items():
            if value is not None:
                shown = orjson.dumps(value).decode() if isinstance(value, dict) else value
                shown = "; ".join(value) if isinstance(value, list) else shown
                typer.echo(f"{name:<10} {str(shown).rstrip()}")
        typer.echo()


@app.command()
def retry(store: Store = DEFAULT_STORE, as_json: Json = False) -> None:
    """Try every held row again."""
    import orjson  # noqa: PLC0415

    from adapters.database import open_engine  # noqa: PLC0415
    from adapters.ingest import retry_all  # noqa: PLC0415
    from adapters.profiles import default_profile  # noqa: PLC0415

    summary = retry_all(open_engine(store, make=False), default_profile())
    if as_json:
        typer.echo(orjson.dumps(summary.as_json()).decode())
    else:
        typer.echo(f"resolved {summary.counts.resolved}")


@app.command()
def export(ids: Ids = None, store: Store = DEFAULT_STORE, out: Out = None) -> None:
    """Open rows as CSV, to be mended and handed in again."""
    from adapters.database import open_engine, reading  # noqa: PLC0415
    from adapters.quarantine import as_csv, slips  # noqa: PLC0415

    with reading(open_engine(store, make=False)) as connection:
        found = slips(connection, ids or ())
    written = as_csv(found)
    if out is None:
        sys.stdout.buffer.write(written)
    else:
        Path(out).write_bytes(written)
        typer.echo(f"{len(found)} rows in {out}", err=True)
    for slip in found:
        typer.echo(f"{slip.id}: {'; '.join(slip.why)}", err=True)


@app.command()
def drop(
    ids: Annotated[list[int], typer.Argument(metavar="ID…", help="The rows.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept.")],
    store: Store = DEFAULT_STORE,
) -> None:
    """Mark open rows as dropped, with who, when and why. Nothing is deleted."""
    from adapters import quarantine  # noqa: PLC0415
    from adapters.database import open_engine, writing  # noqa: PLC0415
    from adapters.ingest import current_time  # noqa: PLC0415

    with writing(open_engine(store, make=False)) as connection:
        dropped = quarantine.drop(connection, ids, reason, current_time())
    typer.echo(f"dropped {dropped}")
