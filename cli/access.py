"""`forlop access`: who read about one person, when, and why."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from cli.options import DEFAULT_STORE, As, Json, Reason, Store

app = typer.Typer(
    help="Who read about one person: when, what, whose, why.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


class Switch(StrEnum):
    on = "on"
    off = "off"


@app.command("list")
def list_(
    store: Store = DEFAULT_STORE,
    participant: Annotated[
        str | None, typer.Option(help="Only of one participant: the key, or the id in hex.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Every read of one person so far, first to last. Participants go by the id of their events."""
    import orjson  # noqa: PLC0415

    from adapters.access_log import accesses_of  # noqa: PLC0415
    from adapters.database import open_engine  # noqa: PLC0415
    from adapters.journeys import trace_of  # noqa: PLC0415

    engine = open_engine(store, make=False)
    found = accesses_of(engine, None if participant is None else trace_of(engine, participant))
    listed = [access.as_json() for access in found]
    if as_json:
        typer.echo(orjson.dumps(listed).decode())
        return
    for one in listed:
        whose = one["participant"] or "-"
        who = one["who"] if one["who"] == one["os_user"] else f"{one['who']} ({one['os_user']})"
        why = one["reason"] or "no reason given"
        typer.echo(f"{one['id']:>6} {one['accessed_at']} {who} {one['what']} {whose}: {why}")
    if not listed:
        typer.echo("nobody has read about a person")


@app.command("require-reason")
def require_reason(
    switch: Annotated[Switch, typer.Argument(help="on or off.")],
    store: Store = DEFAULT_STORE,
    user: As = None,
    reason: Reason = None,
) -> None:
    """Whether a person is shown only with --reason. The setting is recorded as well."""
    from adapters.access_log import reader, require_reason  # noqa: PLC0415
    from adapters.database import open_engine  # noqa: PLC0415

    required = switch is Switch.on
    require_reason(open_engine(store, make=False), reader(user, reason), required)
    typer.echo("a reason is required" if required else "a reason is not required")
