"""`forlop rerun`: a published output made again, byte for byte, or what differs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from cli import options
from cli.options import DEFAULT_STORE, Store


def add_to(app: typer.Typer, name: str) -> None:
    app.command(name)(rerun)


def rerun(
    file: Annotated[
        str,
        typer.Argument(
            help="JSON of a figure, estimate, report, explain or diff; a figure's Parquet, page or "
            "workbook. - is stdin."
        ),
    ],
    store: Store = DEFAULT_STORE,
    profile: Annotated[
        str | None,
        typer.Option(
            "--profile",
            metavar="FOLDER|NAME",
            envvar="FORLOP_PROFILE",
            help="The rules and codes that it was made with; by default those it names.",
        ),
    ] = None,
    user: options.As = None,
    reason: options.Reason = None,
    out: options.Out = None,
) -> None:
    """Make a published output again from its meta: the same bytes, or what exactly differs.

    A report, or a Parquet file, is made again as well; one that was suppressed is, by itself.

    Leaves with 0 where the bytes are the same, 1 where anything differs. What tells of persons is
    in the access log, as the first time.

    Example: forlop stock --at 2003-12-31 --json > stock.json; forlop rerun stock.json
    """
    from adapters.access_log import reader  # noqa: PLC0415
    from adapters.database import open_engine  # noqa: PLC0415
    from adapters.errors import WrongUseError  # noqa: PLC0415
    from adapters.profiles import SHIPPED, open_profile  # noqa: PLC0415
    from adapters.reports.catalogue import find  # noqa: PLC0415
    from adapters.rerun import profile_of  # noqa: PLC0415
    from adapters.rerun import rerun as make_again  # noqa: PLC0415
    from cli.waiting import bring_up_to_date  # noqa: PLC0415

    try:
        published = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise WrongUseError(f"{file} cannot be read: {error.strerror}") from None
    named = profile_of(published)
    chosen = profile or (named if named in SHIPPED else options.DEFAULT_PROFILE)
    folder = open_profile(chosen)
    reports = {one.name: one for one in find(["all"], folder, store)}
    by = reader(user, reason)
    engine = open_engine(store, make=False)
    found = make_again(engine, folder.profile, published, by, reports, bring_up_to_date)
    if out is not None and found.made is not None:
        Path(out).write_bytes(found.made)
    if found.verdict == "same":
        typer.echo(f"the same {len(published)} bytes")
        return
    for line in found.says:
        typer.echo(line)
    raise typer.Exit(1)
