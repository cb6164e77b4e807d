"""`forlop demo`: the published tables from the reconstructed registers."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import Lang, LangOption

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy import Engine

    from adapters.reports.published import Table
    from domain.codes import Profile
    from projections.replay import Replay


class DemoFormat(StrEnum):
    table = "table"
    json = "json"
    csv = "csv"


def add_to(app: typer.Typer, name: str) -> None:
    app.command(name)(demo)


def demo(
    store: Annotated[
        str | None,
        typer.Option("--store", help="An empty store, a SQLAlchemy URL; else a temporary one."),
    ] = None,
    lang: LangOption = Lang.en,
    format_: Annotated[
        DemoFormat, typer.Option("--format", help="How it is printed.")
    ] = DemoFormat.table,
) -> None:
    """Put both registers into a fresh store and print every published table beside the counted.

    Exit code 0: nothing differs but the ten cells that cannot come out; 1 otherwise.

    Example: forlop demo --lang nb
    """
    from adapters.profiles import default_profile  # noqa: PLC0415

    started = time.monotonic()
    profile = default_profile()
    with _engine(store) as engine:
        appended = _append(engine, profile)
        appending = time.monotonic() - started
        tables = _compare(engine, profile)
        total = time.monotonic() - started
        _print(tables, engine, profile, lang, format_)
    cells = sum(len(table.cells) for table in tables)
    typer.echo(
        f"{appended} events in {appending:.1f} s, {cells} cells in {total - appending:.1f} s",
        err=True,
    )
    if not all(cell.is_as_expected for table in tables for cell in table.cells):
        raise typer.Exit(1)


@contextmanager
def _engine(store: str | None) -> Iterator[Engine]:
    """The store asked for, or one that is gone afterwards."""
    from adapters.database import open_engine  # noqa: PLC0415

    if store is not None:
        yield open_engine(store, make=True)
        return
    with tempfile.TemporaryDirectory(prefix="forlop-demo-") as folder:
        engine = open_engine(f"sqlite:///{Path(folder) / 'demo.db'}", make=True)
        try:
            yield engine
        finally:
            engine.dispose()


def _append(engine: Engine, profile: Profile) -> int:
    """How many events the store has with both registers in it."""
    from adapters.demo import REGISTERS, put_registers  # noqa: PLC0415
    from cli.waiting import counting  # noqa: PLC0415

    typer.echo(f"appending {' and '.join(REGISTERS)} …", err=True)
    with counting("registers, rows", is_long=True) as done:
        return put_registers(engine, profile, done).position


def _compare(engine: Engine, profile: Profile) -> list[Table]:
    from adapters.many_answers import Answers  # noqa: PLC0415
    from adapters.reports.published import compare  # noqa: PLC0415
    from cli.waiting import counting  # noqa: PLC0415

    typer.echo("counting the published tables …", err=True)
    with counting("tables", is_long=True) as done:
        return compare(Answers(engine, profile), done)


def _print(
    tables: list[Table], engine: Engine, profile: Profile, lang: Lang, format_: DemoFormat
) -> None:
    import orjson  # noqa: PLC0415

    from adapters.tables import published  # noqa: PLC0415
    from cli.replay import show  # noqa: PLC0415

    match format_:
        case DemoFormat.csv:
            typer.echo(published.as_csv(tables, lang.value), nl=False)
        case DemoFormat.json:
            _, told, _ = _replay(engine, profile)
            found = {**published.as_json(tables, lang.value), "replay": told}
            typer.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
        case DemoFormat.table:
            color = sys.stdout.isatty()
            width = shutil.get_terminal_size((160, 24)).columns
            naming = published.Telling(profile, lang.value)
            typer.echo(published.as_text(tables, naming, width=width, color=color))
            show(*_replay(engine, profile)[:2])


def _replay(engine: Engine, profile: Profile) -> tuple[Replay, dict[str, Any], date]:
    """One participant's history, as the first report could have known it."""
    from adapters.demo import DECEMBER, DRAWN_AT, PARTICIPANT  # noqa: PLC0415
    from cli.replay import tell  # noqa: PLC0415

    return tell(engine, PARTICIPANT, profile, at=DECEMBER, known_at=DRAWN_AT)
