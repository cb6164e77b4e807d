"""`forlop replay`: one participant's history, event by event."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import (
    DEFAULT_STORE,
    As,
    At,
    Json,
    KnownAt,
    Position,
    Reason,
    Store,
    read_day,
    read_known_at,
)

if TYPE_CHECKING:
    from projections.replay import Replay


def add_to(app: typer.Typer) -> None:
    app.command()(replay)


def replay(
    participant: Annotated[str, typer.Argument(help="The participant's key.")],
    store: Store = DEFAULT_STORE,
    at: At = None,
    known_at: KnownAt = None,
    position: Position = None,
    user: As = None,
    reason: Reason = None,
    as_json: Json = False,
) -> None:
    """A participant's history in order: both times, source, position, what each event changed.

    The access log keeps who asked, and why. Of someone erased it says when and why, and no more.

    Example: forlop replay TP000002 --at 2003-12-31 --known-at 2004-01-13
    """
    import orjson  # noqa: PLC0415

    from adapters.access_log import reader  # noqa: PLC0415
    from adapters.database import open_engine  # noqa: PLC0415
    from adapters.errors import ErasedError  # noqa: PLC0415
    from adapters.journeys import replay_of  # noqa: PLC0415
    from adapters.profiles import default_profile  # noqa: PLC0415
    from projections.replay import as_json as to_json  # noqa: PLC0415

    try:
        found, meta, day = replay_of(
            open_engine(store, make=False),
            participant,
            at=read_day("--at", at),
            known_at=read_known_at(known_at),
            position=position,
            by=reader(user, reason),
        )
    except ErasedError as erased:
        told = {"erased": {"on": erased.on, "why": erased.why}}
        typer.echo(orjson.dumps(told, option=orjson.OPT_INDENT_2) if as_json else str(erased))
        return
    told = to_json(found, day, default_profile())
    if as_json:
        option = orjson.OPT_INDENT_2
        typer.echo(orjson.dumps({"meta": meta, **told}, option=option).decode())
    else:
        _show(found, meta, told["state"])


def _show(found: Replay, meta: dict[str, Any], state: dict[str, Any]) -> None:
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    when = f"at {meta['at']}" if meta["at"] else "whole history"
    title = f"{meta['participant']}, {when}, known at {meta['known_at']}"
    table = Table(title=Text(title), title_justify="left", title_style="bold")
    for name in ("position", "occurred", "recorded", "source", "event", "what it changed"):
        table.add_column(name, justify="right" if name == "position" else "left", overflow="fold")
    for told in found.told:
        event = told.fact.event
        struck = "strike dim" if told.status in ("corrected", "annulled") else ""
        table.add_row(
            str(told.fact.position),
            event.occurred_on.isoformat(),
            _recorded(told.fact),
            f"{event.source} {event.event_id}",
            Text(_says(told.fact), style=struck),
            _changed(told),
        )
    console.print(table)
    _show_state(console, state)


def _recorded(fact: Any) -> str:
    from domain.calendar import show_instant  # noqa: PLC0415

    return show_instant(fact.event.recorded_at)[:16].replace("T", " ")


def _says(fact: Any) -> str:
    from domain.events import show_value  # noqa: PLC0415
    from projections.replay import fields_of  # noqa: PLC0415

    said = [f"{name} {show_value(value)}" for name, value in fields_of(fact.event).items()]
    return " ".join((fact.event.TOPIC, ", ".join(said))).strip()


def _changed(told: Any) -> Any:
    from rich.text import Text  # noqa: PLC0415

    match told.status:
        case "corrected" | "annulled":
            return Text(f"{told.status} by {told.by.event.event_id}, position {told.by.position}")
        case "annuls":
            return Text(f"annuls {told.fact.event.replaces}")
        case "without_place":
            return Text(f"no place: {told.why}")
    said = list(told.changes)
    if told.fact.event.replaces is not None:
        said.insert(0, f"in place of {told.fact.event.replaces}")
    return Text("; ".join(said))


def _show_state(console: Any, state: dict[str, Any]) -> None:
    from domain.events import show_value  # noqa: PLC0415

    known = {name: value for name, value in state["attributes"].items() if value is not None}
    said = (f"{name} {show_value(value)}" for name, value in known.items())
    console.print("state: " + ", ".join(said))
    for spell in state["spells"]:
        until = f"until {spell['stop']}" if spell["stop"] else "running"
        what = " ".join(part for part in (spell["kind"], spell["what"]) if part)
        console.print(f"  {what}: from {spell['start']}, {until}, {spell['days']} days")
