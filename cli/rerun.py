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
        str, typer.Argument(help="A figure, explain or diff as --json printed it; - is stdin.")
    ],
    store: Store = DEFAULT_STORE,
    out: options.Out = None,
) -> None:
    """Make a published output again from its meta: the same bytes, or what exactly differs.

    Leaves with 0 where the bytes are the same, 1 where anything differs.

    Example: forlop stock --at 2003-12-31 --json > stock.json; forlop rerun stock.json
    """
    from adapters.database import open_engine  # noqa: PLC0415
    from adapters.errors import WrongUseError  # noqa: PLC0415
    from adapters.profiles import default_profile  # noqa: PLC0415
    from adapters.rerun import rerun as make_again  # noqa: PLC0415

    try:
        published = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise WrongUseError(f"{file} cannot be read: {error.strerror}") from None
    found = make_again(open_engine(store, make=False), default_profile(), published)
    if out is not None and found.made is not None:
        Path(out).write_bytes(found.made)
    if found.verdict == "same":
        typer.echo(f"the same {len(published)} bytes")
        return
    for line in found.says:
        typer.echo(line)
    raise typer.Exit(1)
