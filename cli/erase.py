"""`forlop erase`: a participant's key destroyed, for good."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import DEFAULT_STORE, As, Json, Store

if TYPE_CHECKING:
    from adapters.erasures import Erasure


def add_to(app: typer.Typer, name: str) -> None:
    app.command(name)(erase)


def erase(
    participant: Annotated[
        str | None, typer.Argument(help="The participant's key, or the id of its events in hex.")
    ] = None,
    store: Store = DEFAULT_STORE,
    reason: Annotated[str | None, typer.Option("--reason", help="Why; it is kept.")] = None,
    user: As = None,
    replay: Annotated[
        bool, typer.Option("--replay", help="Erase again whom a restored backup brought back.")
    ] = False,
    ledger: Annotated[
        str | None, typer.Option(metavar="FILE", help="With --replay: another list of erasures.")
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="List the erasures so far.")] = False,
    as_json: Json = False,
) -> None:
    """Destroy a participant's key: notes, natural key and quarantined rows never open again.

    Coded events stay, and figures do not change. Run --replay after restoring a backup.
    Example: forlop erase TP000002 --reason "request of 2026-11-24, case 26/881"
    """
    import orjson  # noqa: PLC0415

    from adapters.access_log import reader  # noqa: PLC0415
    from adapters.database import open_engine, reading  # noqa: PLC0415
    from adapters.erasing import erase_again  # noqa: PLC0415
    from adapters.erasures import every_erasure  # noqa: PLC0415

    if (participant is None) != (replay or listed) or (participant is not None and not reason):
        raise typer.BadParameter("give a participant and --reason, or --replay, or --list")
    engine = open_engine(store, make=False)
    if listed:
        with reading(engine) as connection:
            found = every_erasure(connection)
    elif participant is None:
        found = erase_again(engine, None if ledger is None else Path(ledger))
    else:
        found = _erase(engine, participant, reader(user, reason).reason, reader(user).who)
    told = [erasure.as_json() for erasure in found]
    if as_json:
        typer.echo(orjson.dumps(told).decode())
        return
    for one in told:
        typer.echo(f"{one['participant_id']} erased {one['erased_at']}: {one['reason']}")
    if not told and participant is None:
        typer.echo("nobody was erased")


def _erase(engine: Any, participant: str, reason: str, who: str) -> list[Erasure]:
    from adapters.erasing import erase  # noqa: PLC0415
    from adapters.errors import ErasedError  # noqa: PLC0415
    from adapters.ingest import current_time  # noqa: PLC0415

    try:
        return [erase(engine, participant, reason, who, current_time())]
    except ErasedError as erased:
        typer.echo(str(erased), err=True)
        return []
