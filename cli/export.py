"""`forlop export`: out again, as events, as microdata, and as the form of a municipality."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.options import (
    DEFAULT_PROFILE,
    DEFAULT_STORE,
    As,
    At,
    KnownAt,
    Out,
    ProfileOption,
    Reason,
    Store,
    read_day,
    read_known_at,
)

app = typer.Typer(
    help="Out again. All of it is about persons, and the access log keeps who asked.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command()
def events(
    store: Store = DEFAULT_STORE, out: Out = None, user: As = None, reason: Reason = None
) -> None:
    """The whole log in the contract's format: appended to an empty store, the same figures.

    Example: forlop export events --out events.csv
    """
    import sys  # noqa: PLC0415

    from adapters.access_log import reader  # noqa: PLC0415
    from adapters.database import open_engine  # noqa: PLC0415
    from adapters.exports.events import export_events  # noqa: PLC0415

    engine, by = open_engine(store, make=False), reader(user, reason)
    if out is None:
        export_events(engine, sys.stdout, by)
        return
    with _new(out).open("w", encoding="utf-8", newline="") as file:
        count = export_events(engine, file, by)
    typer.echo(f"{count} events in {out}", err=True)


@app.command()
def microdata(
    out: Annotated[str, typer.Option("--out", metavar="FOLDER", help="A folder, made or empty.")],
    store: Store = DEFAULT_STORE,
    at: At = None,
    known_at: KnownAt = None,
    profile: ProfileOption = DEFAULT_PROFILE,
    user: As = None,
    reason: Reason = None,
) -> None:
    """Event files with metadata for microdata.no, one for each programme and measure.

    Example: forlop export microdata --out til_ssb
    """
    from adapters.access_log import reader  # noqa: PLC0415
    from adapters.database import open_engine  # noqa: PLC0415
    from adapters.exports.microdata import export_microdata  # noqa: PLC0415
    from adapters.profiles import open_profile  # noqa: PLC0415
    from domain.history import Cutoff  # noqa: PLC0415

    cutoff = Cutoff(at=read_day("--at", at), known_at=read_known_at(known_at))
    engine, by = open_engine(store, make=False), reader(user, reason)
    labels = open_profile(profile).profile
    for name in export_microdata(engine, Path(out), labels, cutoff, by):
        typer.echo(name)


@app.command("kostra_11cf")
def kostra_11cf(
    year: Annotated[int, typer.Argument(metavar="YEAR", help="The year that the form is about.")],
    out: Annotated[str, typer.Option("--out", metavar="FILE", help="The file to write.")],
    store: Store = DEFAULT_STORE,
    municipality: Annotated[
        str | None, typer.Option(help="Only this municipality, by its number.")
    ] = None,
    user: As = None,
    reason: Reason = None,
) -> None:
    """The Qualification Programme's yearly form, fixed width. Says what must be filled in by hand.

    Example: forlop export kostra_11cf 2026 --municipality 1106 --out 11CF_2026.dat
    """
    from adapters.access_log import reader  # noqa: PLC0415
    from adapters.database import open_engine  # noqa: PLC0415
    from adapters.exports.kostra_11cf import export_kostra_11cf  # noqa: PLC0415

    engine = open_engine(store, make=False)
    form = export_kostra_11cf(engine, year, reader(user, reason), municipality)
    _new(out).write_bytes(form.content)
    typer.echo(f"{len(form.records)} records in {out}", err=True)
    for name, count in form.blank.items():
        typer.echo(f"{name} is not known in {count} records; fill it in", err=True)
    for told in form.left_out:
        typer.echo(f"left out: {told}", err=True)
    if form.left_out:
        raise typer.Exit(3)


def _new(name: str) -> Path:
    from adapters.errors import WrongUseError  # noqa: PLC0415

    path = Path(name)
    if not path.parent.is_dir():
        raise WrongUseError(f"there is no folder {path.parent} to write {path.name} in")
    return path
