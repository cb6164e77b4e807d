"""`forlop replay`: one participant's history, event by event."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import (
    DEFAULT_PROFILE,
    DEFAULT_STORE,
    As,
    At,
    Chart,
    Json,
    KnownAt,
    Lang,
    LangOption,
    Position,
    ProfileOption,
    Reason,
    Store,
    read_day,
    read_known_at,
)

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlalchemy import Engine

    from adapters.access_log import Reader
    from domain.codes import Profile
    from projections.replay import Replay


def add_to(app: typer.Typer, name: str) -> None:
    app.command(name)(replay)


def replay(
    participant: Annotated[str, typer.Argument(help="The participant's key.")],
    store: Store = DEFAULT_STORE,
    at: At = None,
    known_at: KnownAt = None,
    position: Position = None,
    user: As = None,
    reason: Reason = None,
    profile: ProfileOption = DEFAULT_PROFILE,
    as_json: Json = False,
    chart: Chart = None,
    lang: LangOption = Lang.en,
) -> None:
    """A participant's history in order: both times, source, position, what each event changed.

    The access log keeps who asked, and why. Of someone erased it says when and why, and no more.

    Example: forlop replay TP000002 --at 2003-12-31 --known-at 2004-01-13
    """
    import orjson  # noqa: PLC0415

    from adapters.access_log import reader  # noqa: PLC0415
    from adapters.database import open_engine  # noqa: PLC0415
    from adapters.errors import ErasedError  # noqa: PLC0415
    from adapters.profiles import open_profile  # noqa: PLC0415

    rules = open_profile(profile).profile
    try:
        found, told, day = tell(
            open_engine(store, make=False),
            participant,
            rules,
            at=read_day("--at", at),
            known_at=read_known_at(known_at),
            position=position,
            by=reader(user, reason),
        )
    except ErasedError as erased:
        said = {"erased": {"on": erased.on, "why": erased.why}}
        option = orjson.OPT_INDENT_2
        typer.echo(orjson.dumps(said, option=option).decode() if as_json else str(erased))
        return
    if chart is not None:
        _draw(found, told["meta"], day, rules, lang, chart)
    if as_json:
        typer.echo(orjson.dumps(told, option=orjson.OPT_INDENT_2).decode())
    else:
        show(found, told)


def _draw(
    found: Replay, meta: dict[str, Any], day: date, profile: Profile, lang: Lang, path: str
) -> None:
    """The journey on a line of time, up to the cutoff."""
    from cli.printing import draw  # noqa: PLC0415
    from projections.replay import spell_rows  # noqa: PLC0415

    meta = meta | {"figure": "journey", "at": day.isoformat(), "by": []}
    draw({"meta": meta, "rows": spell_rows(found.journey, day)}, profile.lists, lang, path)


def tell(
    engine: Engine,
    participant: str,
    profile: Profile,
    *,
    at: date | None = None,
    known_at: datetime | None = None,
    position: int | None = None,
    by: Reader | None = None,
) -> tuple[Replay, dict[str, Any], date]:
    """A participant's replay, the same as JSON values with what was asked, and its last day."""
    from adapters.journeys import replay_of  # noqa: PLC0415
    from projections.replay import as_json  # noqa: PLC0415

    found, meta, day = replay_of(
        engine, participant, at=at, known_at=known_at, position=position, by=by
    )
    return found, {"meta": meta, **as_json(found, day, profile)}, day


def show(found: Replay, told: dict[str, Any]) -> None:
    """Prints a replay for people: a row for each event, and the state they lead to."""
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console(highlight=False, width=shutil.get_terminal_size((160, 24)).columns)
    meta = told["meta"]
    when = f"at {meta['at']}" if meta["at"] else "whole history"
    title = f"{meta['participant']}, {when}, known at {meta['known_at']}"
    table = Table(title=Text(title), title_justify="left", title_style="bold")
    for name in ("position", "occurred", "recorded", "source", "event", "what it changed"):
        table.add_column(name, justify="right" if name == "position" else "left", overflow="fold")
    for each in found.told:
        event = each.fact.event
        struck = "strike dim" if each.status in ("corrected", "annulled") else ""
        table.add_row(
            str(each.fact.position),
            event.occurred_on.isoformat(),
            _recorded(each.fact),
            f"{event.source} {event.event_id}",
            Text(_says(each.fact), style=struck),
            _changed(each),
        )
    console.print(table)
    _show_state(console, told["state"])


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
