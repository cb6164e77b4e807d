"""`forlop report`: tables that are kept as files, counted and published."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import options
from cli.disclosing import Draft, Round, Suppress, Suppressing, SuppressZeros, Symbol, control
from cli.options import (
    DEFAULT_PROFILE,
    DEFAULT_STORE,
    Engines,
    Format,
    Lang,
    LangOption,
    ProfileOption,
)

if TYPE_CHECKING:
    from adapters.disclosing import Control
    from adapters.profiles import ProfileFolder
    from adapters.reports.recipe import Report
    from adapters.reports.running import Run

app = typer.Typer(
    help="Tables kept as files: counted, published.", no_args_is_help=True, rich_markup_mode=None
)
_Names = Annotated[
    list[str], typer.Argument(metavar="NAME…", help="Reports, a publication, files, or all.")
]


@app.command("list")
def list_(
    store: options.Store = DEFAULT_STORE,
    profile: ProfileOption = DEFAULT_PROFILE,
    lang: LangOption = Lang.en,
) -> None:
    """The reports there are: shipped, the profile's, and those in `reports` beside the store."""
    from adapters.profiles import open_profile  # noqa: PLC0415
    from adapters.reports.catalogue import find  # noqa: PLC0415

    for report in find(["all"], open_profile(profile), store):
        title = report.titles["nb" if lang is Lang.nb else "en"]
        typer.echo(f"{report.publication:<16}{report.name:<18}{title}")


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="The report.")],
    store: options.Store = DEFAULT_STORE,
    profile: ProfileOption = DEFAULT_PROFILE,
) -> None:
    """A report's file, to read or to start one's own from."""
    from adapters.profiles import open_profile  # noqa: PLC0415
    from adapters.reports.catalogue import find  # noqa: PLC0415

    for report in find([name], open_profile(profile), store):
        typer.echo(report.text, nl=False)


@app.command()
def check(
    names: _Names,
    store: options.Store = DEFAULT_STORE,
    profile: ProfileOption = DEFAULT_PROFILE,
) -> None:
    """Whether reports can be run; every problem with its file and line (exit code 2)."""
    from adapters.profiles import open_profile  # noqa: PLC0415
    from adapters.reports.catalogue import find  # noqa: PLC0415
    from adapters.toml_file import BadFileError  # noqa: PLC0415

    try:
        found = find(names, open_profile(profile), store)
    except BadFileError as error:
        for problem in error.problems:
            typer.echo(problem, err=True)
        raise typer.Exit(2) from None
    typer.echo("\n".join(f"{report.name}: good" for report in found))


@app.command(cls=Suppressing)
def run(
    names: _Names,
    store: options.Store = DEFAULT_STORE,
    profile: ProfileOption = DEFAULT_PROFILE,
    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            metavar="FOLDER|FILE",
            help="Publish: a page, a workbook; with --format, one report into a file.",
        ),
    ] = None,
    position: options.Position = None,
    engine: options.Engine = Engines.columnar,
    format_: options.FormatOption = Format.table,
    lang: LangOption = Lang.en,
    suppress: Suppress = None,
    suppress_zeros: SuppressZeros = False,
    symbol: Symbol = ":",
    round_: Round = None,
    draft: Draft = False,
    no_suppress: Annotated[
        bool, typer.Option("--no-suppress", help="Print small counts as they are.")
    ] = False,
) -> None:
    """Count reports; with --out, publish them, suppressed together unless told not to.

    What is suppressed is remembered by the store, so that a later one gives nothing away, unless
    it is a --draft.

    Example: forlop report run all --out published --lang nb
    """
    from adapters.profiles import open_profile  # noqa: PLC0415
    from adapters.reports.catalogue import find  # noqa: PLC0415

    folder = open_profile(profile)
    reports = find(names, folder, store)
    given = {
        "suppress": suppress, "suppress_zeros": suppress_zeros, "symbol": symbol, "round_": round_
    }  # fmt: skip
    publishes = out is not None and any(report.suppresses for report in reports)
    wanted = None if no_suppress else control(given, by_default=publishes)
    done, at = _run(reports, folder, store, position, engine, lang, wanted)
    if out is None or format_ is not Format.table:
        _print(done, folder, format_, lang, out)
    else:
        _publish(done, Path(out), _command(names, profile, at, lang, wanted), lang, wanted)
    if wanted is not None and not draft:
        _remember(done, store)


def _run(
    reports: list[Report],
    folder: ProfileFolder,
    store: str,
    position: int | None,
    by_engine: Engines,
    lang: Lang,
    wanted: Control | None,
) -> tuple[Run, int]:
    from adapters.database import open_engine  # noqa: PLC0415
    from adapters.many_answers import Answers  # noqa: PLC0415
    from adapters.releases import released  # noqa: PLC0415
    from adapters.reports.running import run as count  # noqa: PLC0415
    from cli.waiting import bring_up_to_date, counting, telling  # noqa: PLC0415

    engine = open_engine(store, make=False)
    answers = Answers(engine, folder.profile, position, by_engine.value, bring_up_to_date)
    with answers.at_hand():
        pass  # the copy's own bar is gone before that of the reports is drawn

    def guard(results: Any) -> Any:
        assert wanted is not None
        return released(engine, folder.profile, results, wanted)

    many = len(reports) > 5
    said = f"counting {len(reports)} report{'' if len(reports) == 1 else 's'}"
    with (
        counting("reports", is_long=many, of=len(reports)) as done,
        nullcontext() if done else telling(said),  # where there is a bar, it tells more
    ):
        found = count(reports, answers, folder.profile, lang.value, guard if wanted else None, done)
    return found, answers.position


def _print(done: Run, folder: ProfileFolder, format_: Format, lang: Lang, out: str | None) -> None:
    from cli.printing import hand_out  # noqa: PLC0415

    if out is not None and len(done.reports) > 1:
        raise typer.BadParameter(
            f"{len(done.reports)} reports do not go into one file of {format_}; leave --format out "
            "for a publication, a page and a workbook of them all",
            param_hint="--out",
        )
    for ran in done.reports:
        given = {"as_json": False, "format_": format_, "lang": lang, "out": out}
        hand_out(ran.result, folder.profile, given, ran.labels)


def _publish(done: Run, out: Path, command: str, lang: Lang, wanted: Control | None) -> None:
    from adapters.reports.publication import About, publish  # noqa: PLC0415

    disclosure = None if wanted is None else done.figures[0]["meta"]["disclosure"]
    for path in publish(done, About(command, lang.value, disclosure), out):
        typer.echo(str(path))


def _remember(done: Run, store: str) -> None:
    """What was suppressed or rounded is for readers: the next ones are reckoned with it."""
    from adapters.database import open_engine  # noqa: PLC0415
    from adapters.ingest import current_time  # noqa: PLC0415
    from adapters.releases import remember  # noqa: PLC0415
    from domain.calendar import to_microseconds  # noqa: PLC0415

    name = " ".join(ran.report.name for ran in done.reports)
    now = to_microseconds(current_time())
    remember(open_engine(store, make=False), name, done.figures, now)


def _command(
    names: list[str], profile: str, position: int, lang: Lang, wanted: Control | None
) -> str:
    """What makes the same publication again; the store is the reader's own."""
    said = ["forlop report run", *names, "--out FOLDER", f"--position {position}"]
    said += [f"--lang {lang.value}"]
    said += [] if profile == DEFAULT_PROFILE else [f"--profile {Path(profile).name}"]
    if wanted is None:
        return " ".join([*said, "--no-suppress"])
    if wanted.base is not None:
        return " ".join([*said, f"--round {wanted.base}"])
    said += [f"--suppress {wanted.rule.threshold}", f"--symbol '{wanted.rule.symbol}'"]
    return " ".join([*said, *([] if wanted.rule.zeros_shown else ["--suppress-zeros"])])
