"""`forlop estimate`: what counts do not say yet, each with its method and its uncertainty."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import options
from cli.options import DEFAULT_PROFILE, DEFAULT_STORE, Format, Kinds, ProfileOption

if TYPE_CHECKING:
    from adapters.many_answers import Answers

app = typer.Typer(
    help="Estimates beyond counts, with their errors.", no_args_is_help=True, rich_markup_mode=None
)
_Column = Annotated[
    str, typer.Option("--count", help="inflow, outflow, persons or spells of the flow.")
]


@app.command()
def nowcast(
    from_: options.From = None,
    to: options.To = None,
    column: _Column = "inflow",
    of: options.Of = Kinds.enrolment,
    known_at: options.KnownAt = None,
    position: options.Position = None,
    programme: options.Programme = None,
    where: options.Where = None,
    store: options.Store = DEFAULT_STORE,
    profile: ProfileOption = DEFAULT_PROFILE,
    format_: options.FormatOption = Format.table,
    as_json: options.Json = False,
    lang: options.LangAsked = None,
    out: options.Out = None,
    chart: options.Chart = None,
) -> None:
    """What each month will come to when late registration is in, by the chain ladder.

    --chart draws the revision triangle that it rests on.

    Example: forlop estimate nowcast --from 2003-04-01 --to 2003-12-31 --known-at 2004-01-13
    """
    from adapters.estimating import nowcast, revisions  # noqa: PLC0415
    from cli.printing import draw  # noqa: PLC0415

    given = dict(locals())

    def work_out(answers: Answers, question: Any) -> Mapping[str, Any]:
        triangle = revisions(answers, question, column)
        if chart is not None:
            from adapters.profiles import open_profile  # noqa: PLC0415

            draw(triangle, open_profile(profile).profile.lists, lang, chart)
        return nowcast(triangle)

    _estimate("flow", given | {"chart": None}, work_out)


@app.command()
def pending(
    at: options.At = None,
    from_: options.From = None,
    to: options.To = None,
    window: options.Window = "3m",
    by: Annotated[str, typer.Option("--by", help="One dimension.")] = "programme",
    known_at: options.KnownAt = None,
    position: options.Position = None,
    programme: options.Programme = None,
    where: options.Where = None,
    store: options.Store = DEFAULT_STORE,
    profile: ProfileOption = DEFAULT_PROFILE,
    format_: options.FormatOption = Format.table,
    as_json: options.Json = False,
    lang: options.LangAsked = None,
    out: options.Out = None,
) -> None:
    """The share of exits that will be final when every window has run out.

    Example: forlop estimate pending --at 2004-01-13 --by target_group
    """
    from adapters.estimating import pending as follow  # noqa: PLC0415

    given = dict(locals()) | {"by": [by.partition(",")[0]]}
    _estimate("exits", given, follow)


@app.command()
def destinations(
    at: options.At = None,
    from_: options.From = None,
    to: options.To = None,
    known_at: options.KnownAt = None,
    position: options.Position = None,
    programme: options.Programme = None,
    where: options.Where = None,
    store: options.Store = DEFAULT_STORE,
    profile: ProfileOption = DEFAULT_PROFILE,
    format_: options.FormatOption = Format.table,
    as_json: options.Json = False,
    lang: options.LangAsked = None,
    out: options.Out = None,
) -> None:
    """Where enrolments have led, as competing risks (Aalen-Johansen), those that run on included.

    Example: forlop estimate destinations --programme tiltaksplan --at 2004-01-13
    """
    from adapters.estimating import destinations as lead  # noqa: PLC0415

    _estimate("dwell", dict(locals()), lead)


def _estimate(
    figure: str,
    given: dict[str, Any],
    work_out: Callable[[Answers, Any], Mapping[str, Any]],
) -> None:
    from adapters.database import open_engine  # noqa: PLC0415
    from adapters.many_answers import Answers  # noqa: PLC0415
    from adapters.profiles import open_profile  # noqa: PLC0415
    from cli.asking import asked  # noqa: PLC0415
    from cli.printing import hand_out  # noqa: PLC0415
    from cli.waiting import bring_up_to_date, telling  # noqa: PLC0415

    rules = open_profile(given["profile"]).profile
    question = asked(figure, {"by": None} | given)
    engine = open_engine(given["store"], make=False)
    answers = Answers(engine, rules, given["position"], watch=bring_up_to_date)
    with telling("working the estimate out, from figures at many times"):
        found = work_out(answers, question)
    hand_out(found, rules, given)
