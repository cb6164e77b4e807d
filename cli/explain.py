"""`forlop explain`: the persons and events behind a cell; why a person is, or is not, in it."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cli import options
from cli.figures import Options, add_asking

if TYPE_CHECKING:
    from adapters.explaining import Explanation

_Row = Annotated[
    list[str] | None,
    typer.Option(
        "--row", metavar="LABEL=VALUE", help="Only rows so labelled: date, step, next_measure."
    ),
]
_Column = Annotated[
    str | None,
    typer.Option("--column", help="Only what adds to this column: final, inflow."),
]
_Participant = Annotated[
    str | None,
    typer.Option("--participant", metavar="KEY", help="Why this person is, or is not, in it."),
]
_Limit = Annotated[
    int | None,
    typer.Option(
        "--limit", min=0, help="Tell of so many persons; 0: of all. By default 20, in JSON all."
    ),
]
_OWN: Final[Options] = {
    "row": (_Row, None),
    "column": (_Column, None),
    "participant": (_Participant, None),
    "limit": (_Limit, None),
    "user": (options.As, None),
    "reason": (options.Reason, None),
    "as_json": (options.Json, False),
    "out": (options.Out, None),
}
_HELP = (
    "The persons in a cell of FIGURE and the events that suffice for it. --where picks the cell; "
    "without it, the whole figure. How many persons there are is always told; of whom, up to "
    "--limit. Of all of them, the events told are enough to count the same cell from them alone. "
    "The access log keeps who asked, about whom, and why.\n\n"
    "Example: forlop explain stock --at 2003-12-31 --where target_group=long_term"
)

app = typer.Typer(
    help="Take a figure apart, down to the events behind each cell.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def _explain(figure: str, given: dict[str, Any]) -> None:
    from adapters.access_log import reader  # noqa: PLC0415
    from adapters.database import open_engine  # noqa: PLC0415
    from adapters.errors import WrongUseError  # noqa: PLC0415
    from adapters.explaining import SHOWN, explain  # noqa: PLC0415
    from adapters.profiles import open_profile  # noqa: PLC0415
    from cli.asking import asked  # noqa: PLC0415
    from cli.waiting import bring_up_to_date  # noqa: PLC0415
    from projections.explaining.aim import split_conditions  # noqa: PLC0415
    from projections.question import QuestionError  # noqa: PLC0415

    try:
        where, row = split_conditions(figure, given["where"] or (), given["row"] or ())
    except QuestionError as error:
        raise WrongUseError(str(error)) from None
    folder = open_profile(given["profile"])
    found = explain(
        open_engine(given["store"], make=False),
        folder.profile,
        asked(figure, given | {"where": where}, folder.places),
        row,
        given["column"],
        participant=given["participant"],
        limit=shown(given, SHOWN),
        by_engine=given["engine"].value,
        by=reader(given["user"], given["reason"]),
        watch=bring_up_to_date,
    )
    write(_written(found, given), given["out"])


def _written(found: Explanation, given: dict[str, Any]) -> bytes:
    from adapters.tables.explained import as_text  # noqa: PLC0415

    if given["as_json"]:
        return found.as_json()
    return as_text(found, **screen(given["out"])).encode()


def shown(given: dict[str, Any], by_default: int) -> int | None:
    """How many are told of, None: all. A person reads the first few, a program takes all."""
    if given["limit"] is None:
        return None if given["as_json"] else by_default
    return given["limit"] or None


def screen(out: str | None) -> dict[str, Any]:
    """How wide a terminal is, and whether it shows colours; a file or a pipe takes neither."""
    on_terminal = out is None and sys.stdout.isatty()
    width = shutil.get_terminal_size((160, 24)).columns if on_terminal else 160
    return {"width": width, "color": on_terminal}


def write(written: bytes, out: str | None) -> None:
    """To standard output, byte for byte, or to a file."""
    if out is None:
        sys.stdout.buffer.write(written)
        sys.stdout.buffer.flush()
        return
    from pathlib import Path  # noqa: PLC0415

    Path(out).write_bytes(written)


add_asking(app, _HELP, _OWN, _explain)
