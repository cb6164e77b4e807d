"""`forlop quarantine`: rows that were held or rejected."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import (
    DEFAULT_PROFILE,
    DEFAULT_STORE,
    As,
    Json,
    Out,
    ProfileOption,
    Reason,
    Store,
)

if TYPE_CHECKING:
    from adapters.quarantine import Slip

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
    erased = "erased"
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
        wanted = None if status is Status.all else status.value
        found = slips(connection, status=wanted, contents=False)
    if as_json:
        listed = [slip.as_json() for slip in found]
        for one in listed:
            del one["row"], one["raw"]  # `show` has what was handed in, and is recorded
        typer.echo(orjson.dumps(listed).decode())
        return
    for slip in found:
        where = f"{slip.file}, line {slip.line}" if slip.line else slip.file
        since = slip.handed_in_at.date()
        state = slip.outcome if slip.status == "open" else slip.status
        typer.echo(f"{slip.id:>6} {state:<8} {since} {where}: {'; '.join(slip.why)}")
    if not found:
        typer.echo("nothing in quarantine")


@app.command()
def show(
    ids: Ids = None,
    store: Store = DEFAULT_STORE,
    user: As = None,
    reason: Reason = None,
    as_json: Json = False,
) -> None:
    """Rows in quarantine, whole: as they were handed in, why, and what became of them.

    The access log keeps who asked, and why.
    """
    import orjson  # noqa: PLC0415

    found = [slip.as_json() for slip in _opened(store, ids or (), "quarantine show", user, reason)]
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
def retry(
    store: Store = DEFAULT_STORE,
    profile: ProfileOption = DEFAULT_PROFILE,
    as_json: Json = False,
) -> None:
    """Try every held row again."""
    import orjson  # noqa: PLC0415

    from adapters.database import open_engine  # noqa: PLC0415
    from adapters.ingest import retry_all  # noqa: PLC0415
    from adapters.profiles import open_profile  # noqa: PLC0415

    summary = retry_all(open_engine(store, make=False), open_profile(profile).profile)
    if as_json:
        typer.echo(orjson.dumps(summary.as_json()).decode())
    else:
        typer.echo(f"resolved {summary.counts.resolved}")


@app.command()
def export(
    ids: Ids = None,
    store: Store = DEFAULT_STORE,
    out: Out = None,
    user: As = None,
    reason: Reason = None,
) -> None:
    """Open rows as CSV, to be mended and handed in again.

    The access log keeps who asked, and why.
    """
    from adapters.quarantine import as_csv  # noqa: PLC0415

    found = _opened(store, ids or (), "quarantine export", user, reason)
    written = as_csv(found)
    if out is None:
        sys.stdout.buffer.write(written)
    else:
        Path(out).write_bytes(written)
        typer.echo(f"{len(found)} rows in {out}", err=True)
    for slip in found:
        typer.echo(f"{slip.id}: {'; '.join(slip.why)}", err=True)


def _opened(
    store: str, ids: Sequence[int], what: str, user: str | None, reason: str | None
) -> list[Slip]:
    """Rows with what was handed in; whose they are is in the access log before they are opened."""
    from adapters.access_log import reader, record_access  # noqa: PLC0415
    from adapters.database import open_engine, reading  # noqa: PLC0415
    from adapters.quarantine import slips  # noqa: PLC0415

    engine = open_engine(store, make=False)
    with reading(engine) as connection:
        asked = slips(connection, ids, contents=False)
    record_access(engine, reader(user, reason), what, [slip.participant for slip in asked])
    with reading(engine) as connection:
        return slips(connection, [slip.id for slip in asked]) if asked else []


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
        closed = [
            slip
            for slip in quarantine.slips(connection, ids, contents=False)
            if slip.status != "open"
        ]
        dropped = quarantine.drop(connection, ids, reason, current_time())
    for slip in closed:
        when = "" if slip.closed_at is None else f" on {slip.closed_at.date()}"
        typer.echo(f"row {slip.id} was closed already: {slip.status}{when}", err=True)
    typer.echo(f"dropped {dropped}")
