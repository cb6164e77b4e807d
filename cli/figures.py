"""One command for each figure, made from the options that it takes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Set
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias, get_args

import typer

from cli import disclosing, options
from cli.disclosing import Suppressing, control
from cli.given import as_given
from cli.options import DEFAULT_STORE, Engines, Every, Format, Kinds

if TYPE_CHECKING:
    from adapters.answers import Asked, EngineName, Result
    from domain.codes import Profile

_Horizons = Annotated[str, typer.Option("--horizons", help="After how long: 1y,3y,5y.")]
_Targets = Annotated[
    str | None, typer.Option("--targets", help="The share aimed at for each: 55%,70%,80%.")
]
_EveryOption = Annotated[Every, typer.Option("--every", help="The length of a step.")]
_Curve = Annotated[bool, typer.Option("--curve", help="With the Kaplan-Meier curve.")]
_Ages = Annotated[str | None, typer.Option("--ages", help="Only these, both included: 18-30.")]
_Places = Annotated[
    str | None,
    typer.Option("--places", metavar="FILE", help="CSV: measure, provider, from, to, places."),
]

Options: TypeAlias = dict[str, tuple[Any, Any]]
Run: TypeAlias = Callable[[str, dict[str, Any]], None]

# Every option of the figures: what it is called in code, its type, its default.
_OPTIONS: Final[Options] = {
    "store": (options.Store, DEFAULT_STORE),
    "profile": (options.ProfileOption, options.DEFAULT_PROFILE),
    "of": (options.Of, Kinds.enrolment),
    "at": (options.At, None),
    "from_": (options.From, None),
    "to": (options.To, None),
    "every": (_EveryOption, Every.month),
    "window": (options.Window, "3m"),
    "horizons": (_Horizons, "1y,3y,5y"),
    "targets": (_Targets, None),
    "curve": (_Curve, False),
    "ages": (_Ages, None),
    "places": (_Places, None),
    "known_at": (options.KnownAt, None),
    "position": (options.Position, None),
    "programme": (options.Programme, None),
    "by": (options.By, None),
    "where": (options.Where, None),
    "engine": (options.Engine, Engines.columnar),
    "format_": (options.FormatOption, Format.table),
    "as_json": (options.Json, False),
    "lang": (options.LangAsked, None),
    "out": (options.Out, None),
    "chart": (options.Chart, None),
    **disclosing.OPTIONS,
}
_ALL_TAKE: Final = frozenset(
    {"store", "profile", "known_at", "position", "programme", "by", "where"}
    | {"engine", "format_", "as_json", "lang", "out", "chart"}
    | set(disclosing.OPTIONS)
)
_TEXTS: Final = frozenset(
    name
    for name, (annotation, _) in _OPTIONS.items()
    if get_args(annotation)[0] in (str, str | None, list[str] | None)
)
_PRINTING: Final = frozenset(
    {"format_", "as_json", "lang", "out", "chart"} | set(disclosing.OPTIONS)
)
# What each figure takes beside that, and its help.
_FIGURES: Final = {
    "stock": (
        "of at from_ to",
        "Persons in a state at the end of a day; with --from and --to, the mean of the daily stock."
        "\n\nExample: forlop stock --at 2003-12-31 --known-at 2004-01-13 --by target_group",
    ),
    "flow": (
        "of from_ to",
        "Persons in a state at any time in a period, and what starts and stops in it."
        "\n\nExample: forlop flow --of measure --from 2003-01-01 --to 2003-12-31 --by measure",
    ),
    "series": (
        "of from_ to every",
        "Stock at the end of each step of a period, with flow, inflow and outflow in it."
        "\n\nExample: forlop series --from 2003-04-01 --to 2003-12-31 --every month",
    ),
    "dwell": (
        "of at from_ to curve",
        "How long spells last; with --from and --to, those that start in the period."
        "\n\nExample: forlop dwell --of measure --by measure --at 2022-12-31",
    ),
    "exits": (
        "at from_ to window",
        "Exits: returned within the window, final after it, or pending."
        "\n\nExample: forlop exits --from 2003-01-01 --to 2003-09-30 --at 2004-01-13"
        " --by destination",
    ),
    "outcomes": (
        "at from_ to window horizons targets",
        "Of the final exits old enough, the share in work or school on each anniversary."
        "\n\nExample: forlop outcomes --programme intro --at 2023-06-01 --targets 55%,70%,80%",
    ),
    "returns": (
        "at from_ to",
        "Of the exits 3, 6, 12 and 24 months old, the share back in the programme by then."
        "\n\nExample: forlop returns --at 2004-01-13 --by programme",
    ),
    "funnel": (
        "at from_ to window",
        "Of those first referred in a period, how many got how far, and how soon."
        "\n\nExample: forlop funnel --from 2003-03-01 --to 2003-07-31 --at 2003-12-31",
    ),
    "chains": (
        "at",
        "Which measure follows which, and after how many days."
        "\n\nExample: forlop chains --at 2003-12-31",
    ),
    "capacity": (
        "from_ to places",
        "Places against places used, day by day."
        "\n\nExample: forlop capacity --places places.csv --from 2022-01-01 --to 2022-12-31",
    ),
    "duty": (
        "from_ to ages",
        "Recipients of social assistance in a period: under the activity duty, exempt, or neither."
        "\n\nExample: forlop duty --from 2022-10-01 --to 2022-11-30 --ages 18-30",
    ),
}


class _FigureCommand(Suppressing):
    def get_params(self, ctx: Any) -> list[Any]:
        return as_given(super().get_params(ctx), _TEXTS)


def add_to(app: typer.Typer, name: str) -> None:
    takes, text = _FIGURES[name]
    app.command(name, cls=_FigureCommand, help=text)(
        _command(name, _options(_ALL_TAKE | set(takes.split())), _answer)
    )


def add_asking(
    app: typer.Typer, text: str, own: Options, run: Run, instead: Options | None = None
) -> None:
    """One command for each figure that asks the same in another way: `run` answers it.

    It takes the figure's options but for those of printing, and `own`; `instead` takes the place
    of those that the figure has. `text` is the help, with FIGURE for the figure's name.
    """
    for figure, (takes, _) in _FIGURES.items():
        taken = _options(_ALL_TAKE - _PRINTING | set(takes.split()))
        options_ = taken | {n: one for n, one in (instead or {}).items() if n in taken} | own
        app.command(figure, help=text.replace("FIGURE", figure))(_command(figure, options_, run))


def _options(takes: Set[str]) -> Options:
    return {name: option for name, option in _OPTIONS.items() if name in takes}


def _command(figure: str, takes: Options, run: Run) -> Callable[..., None]:
    """A command whose signature, which Typer reads, has just the options that its figure takes."""

    def command(**given: Any) -> None:
        run(figure, given)

    parameters = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
        )
        for name, (annotation, default) in takes.items()
    ]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {one.name: one.annotation for one in parameters}
    return command


def _counted(store: str, profile: Profile, question: Asked, by_engine: EngineName) -> Result:
    """The figure, by as little as it takes: the whole of the store is opened where a copy that is
    ready does not answer."""
    if by_engine == "columnar":
        from adapters.ready import from_ready_copy  # noqa: PLC0415

        found = from_ready_copy(store, profile, question)
        if found is not None:
            return found
    from adapters.answers import answer  # noqa: PLC0415
    from adapters.database import open_engine  # noqa: PLC0415
    from cli.waiting import bring_up_to_date  # noqa: PLC0415

    engine = open_engine(store, make=False)
    return answer(engine, profile, question, by_engine, bring_up_to_date)


def _answer(figure: str, given: dict[str, Any]) -> None:
    from adapters.profiles import open_profile  # noqa: PLC0415
    from cli.asking import asked, drawable  # noqa: PLC0415
    from cli.printing import hand_out  # noqa: PLC0415

    folder = open_profile(given["profile"])
    question = drawable(asked(figure, given, folder.places), given)
    result = _counted(given["store"], folder.profile, question, given["engine"].value)
    found: Mapping[str, Any] = result.as_mapping()
    wanted = control(given)
    if wanted is not None:
        from adapters.database import open_engine  # noqa: PLC0415
        from adapters.releases import release  # noqa: PLC0415

        engine, draft = open_engine(given["store"], make=False), given["draft"]
        name = f"forlop {figure}"
        (found,) = release(engine, folder.profile, name, [found], wanted, draft=draft)
    hand_out(found, folder.profile, given)
