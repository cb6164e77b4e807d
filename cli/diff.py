"""`forlop diff`: what changed in a figure between two times, and why."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from cli import options
from cli.explain import screen, shown, write
from cli.figures import Options, add_asking
from cli.options import Every

_KnownAt = Annotated[
    list[str] | None,
    typer.Option("--known-at", metavar="TIME", help="Give it twice: before and after."),
]
_Position = Annotated[
    list[int] | None, typer.Option("--position", help="Twice: before and after; once: for both.")
]
_At = Annotated[
    list[str] | None,
    typer.Option("--at", metavar="DATE", help="Cutoff; twice: before and after."),
]
_Window = Annotated[
    list[str] | None,
    typer.Option("--window", help="Of exits, 3m; twice: before and after."),
]
_Triangle = Annotated[
    bool, typer.Option("--triangle", help="How the figure of each --every grew with time.")
]
_EveryStep = Annotated[Every, typer.Option("--every", help="The step of a triangle or a series.")]
_Limit = Annotated[
    int | None,
    typer.Option(
        "--limit",
        min=0,
        help="Tell of so many changes a cause; 0: of all. By default 3, in JSON all.",
    ),
]
_TWICE: Final[Options] = {
    "known_at": (_KnownAt, None),
    "position": (_Position, None),
    "at": (_At, None),
    "window": (_Window, None),
}
_OWN: Final[Options] = {
    "triangle": (_Triangle, False),
    "every": (_EveryStep, Every.month),
    "limit": (_Limit, None),
    "user": (options.As, None),
    "reason": (options.Reason, None),
    "as_json": (options.Json, False),
    "out": (options.Out, None),
}
_HELP = (
    "FIGURE before and after: each change split by cause, with the events behind it. The parts add "
    "up to the change, whatever --limit shows of them. The access log keeps who asked, about whom, "
    "and why.\n\n"
    "Example: forlop diff stock --at 2003-12-31 --known-at 2003-12-31 --known-at 2004-01-13"
)

app = typer.Typer(
    help="What changed in a figure between two times, and why.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def _diff(figure: str, given: dict[str, Any]) -> None:
    from adapters.access_log import reader  # noqa: PLC0415
    from adapters.database import open_engine  # noqa: PLC0415
    from adapters.profiles import open_profile  # noqa: PLC0415
    from adapters.revising import SHOWN, diff, grow  # noqa: PLC0415
    from adapters.tables.revised import as_text  # noqa: PLC0415
    from cli.asking import asked  # noqa: PLC0415
    from cli.waiting import bring_up_to_date, telling  # noqa: PLC0415

    sides = _sides(figure, given)
    folder = open_profile(given["profile"])
    first, second = (asked(figure, given | one, folder.places) for one in sides)
    store, engine = open_engine(given["store"], make=False), given["engine"].value
    if given["triangle"]:
        since = first.known_at if len(given["known_at"] or ()) == 2 else None
        every = given["every"].value
        with telling("working the triangle out, a figure for each step and each time"):
            found = grow(
                store,
                folder.profile,
                second,
                every,
                since,
                by_engine=engine,
                watch=bring_up_to_date,
            )
    else:
        found = diff(
            store,
            folder.profile,
            first,
            second,
            limit=shown(given, SHOWN),
            by_engine=engine,
            by=reader(given["user"], given["reason"]),
            watch=bring_up_to_date,
        )
    if given["as_json"]:
        write(found.as_json(), given["out"])
    else:
        write(as_text(found, **screen(given["out"])).encode(), given["out"])


def _sides(figure: str, given: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The options that may come twice, before and after; one given once holds on both sides."""
    sides: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
    twice = False
    for name in (name for name in _TWICE if name in given):
        values = given[name] or []
        option = f"--{name.replace('_', '-')}"
        if len(values) > 2:
            raise typer.BadParameter("give it once or twice", param_hint=option)
        if name == "window" and not values:
            values = ["3m"]
        sides[0][name] = values[0] if values else None
        sides[1][name] = values[-1] if values else None
        twice = twice or len(values) == 2
    if not twice and not given["triangle"]:
        raise typer.BadParameter(
            "give --known-at, --position, --at or --window twice: before and after",
            param_hint=f"diff {figure}",
        )
    return sides


add_asking(app, _HELP, _OWN, _diff, instead=_TWICE)
