"""`forlop access`: who read about one person, when, and why."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

import typer

from cli.options import DEFAULT_STORE, As, Json, Reason, Store

app = typer.Typer(
    help="Who read about one person: when, what, whose, why.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


_SHOWN: Final = 50


class Switch(StrEnum):
    on = "on"
    off = "off"


@app.command("list")
def list_(
    store: Store = DEFAULT_STORE,
    participant: Annotated[
        str | None, typer.Option(help="Only of one participant: the key, or the id in hex.")
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            min=0,
            help="Only so many, the last ones; 0: all. By default 50, in JSON all.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """The reads of one person so far, first to last. Participants go by the id of their events."""
    import orjson  # noqa: PLC0415

    from adapters.access_log import accesses_of  # noqa: PLC0415
    from adapters.database import open_engine  # noqa: PLC0415
    from adapters.journeys import trace_of  # noqa: PLC0415

    engine = open_engine(store, make=False)
    most = (None if as_json else _SHOWN) if limit is None else limit or None
    whose = None if participant is None else trace_of(engine, participant)
    # One more than is shown tells whether there are earlier ones, without reading all.
    found = accesses_of(engine, whose, None if most is None else most + 1)
    listed = [access.as_json() for access in found[-most if most else 0 :]]
    if as_json:
        typer.echo(orjson.dumps(listed).decode())
        return
    if len(listed) < len(found):
        typer.echo("… and earlier ones: --limit 0 shows all")
    for one in listed:
        of = one["participant"] or "-"
        who = one["who"] if one["who"] == one["os_user"] else f"{one['who']} ({one['os_user']})"
        why = one["reason"] or "no reason given"
        typer.echo(f"{one['id']:>6} {one['accessed_at']} {who} {one['what']} {of}: {why}")
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
