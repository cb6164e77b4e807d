"""`forlop verify` and `forlop head`: the log is whole and unaltered."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.options import DEFAULT_STORE, Json, Store


def add_to(app: typer.Typer, name: str) -> None:
    app.command(name)(verify if name == "verify" else head)


def verify(
    store: Store = DEFAULT_STORE,
    head: Annotated[
        str | None, typer.Option(metavar="HASH", help="A head kept outside, with its --position.")
    ] = None,
    position: Annotated[int | None, typer.Option(help="The position of that head.")] = None,
    copy: Annotated[
        bool, typer.Option("--copy/--no-copy", help="Check the columnar copy as well.")
    ] = True,
    as_json: Json = False,
) -> None:
    """Check the chain, positions, versions, columns, batches, histories, keys, erasures and copy.

    Exits 1 where anything is wrong, and names the first bad position. Only a head kept outside
    tells of a tail cut off, or of a log rewritten whole: forlop head prints one.
    Example: forlop verify --position 49045 --head 5f0c9a…
    """
    import orjson  # noqa: PLC0415

    from adapters.database import open_engine  # noqa: PLC0415
    from adapters.verification.columns import CopyCheck  # noqa: PLC0415
    from adapters.verification.store import Expected, verify  # noqa: PLC0415
    from cli.waiting import watching  # noqa: PLC0415

    if (head is None) != (position is None):
        missing, of = ("--head", "--position") if head is None else ("--position", "--head")
        raise typer.BadParameter(
            f"{of} goes with {missing}: give both, as forlop head printed them", param_hint=of
        )
    expected = None
    if head is not None and position is not None:
        expected = Expected(position, head.lower())
    engine = open_engine(store, make=False)
    twin = CopyCheck(engine, watch=watching("making the columnar copy anew, to compare"))
    checked, folded = watching("checking the log"), watching("folding every history")
    report = verify(engine, expected, [twin] if copy else [], checked, folded)
    if as_json:
        typer.echo(orjson.dumps(report.as_json(), option=orjson.OPT_INDENT_2).decode())
    else:
        if report.first is not None:
            typer.echo(f"first: {report.first}")
        for found in report:
            typer.echo(str(found))
        if report.more:
            typer.echo(f"… and {report.more} more")
        for note in report.notes:
            typer.echo(note.what)
        state = "damaged" if report.findings else "whole"
        typer.echo(f"{state}: {report.events} events, head {report.head.hash.hex()}")
    if report.findings:
        raise typer.Exit(1)


def head(store: Store = DEFAULT_STORE, as_json: Json = False) -> None:
    """The last position and its hash, to be kept outside the store.

    Example: forlop head >> /elsewhere/heads.txt
    """
    import orjson  # noqa: PLC0415

    from adapters.database import open_engine, reading  # noqa: PLC0415
    from adapters.log import head_of  # noqa: PLC0415

    with reading(open_engine(store, make=False)) as connection:
        found = head_of(connection)
    if as_json:
        told = {"position": found.position, "head": found.hash.hex()}
        typer.echo(orjson.dumps(told).decode())
    else:
        typer.echo(f"{found.position} {found.hash.hex()}")
