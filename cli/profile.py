"""`forlop profile`: the rules and lists that a programme sets for itself."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.options import Lang, LangOption

app = typer.Typer(
    help="A programme's own rules, codes and places.", no_args_is_help=True, rich_markup_mode=None
)


@app.command("list")
def list_(lang: LangOption = Lang.en) -> None:
    """The profiles that come with Forløp; any folder with a profile.toml is one too."""
    from adapters.profiles import SHIPPED, open_profile  # noqa: PLC0415

    for name in SHIPPED:
        typer.echo(f"{name:<18}{open_profile(name).titles[lang is Lang.en]}")


@app.command()
def check(
    profile: Annotated[str, typer.Argument(metavar="FOLDER|NAME", help="The profile.")],
) -> None:
    """Whether a profile can be used; every problem with its file and line (exit code 2).

    Example: forlop profile check my-programme
    """
    from adapters.profiles import open_profile  # noqa: PLC0415
    from adapters.toml_file import BadFileError  # noqa: PLC0415

    try:
        found = open_profile(profile)
    except BadFileError as error:
        for problem in error.problems:
            typer.echo(problem, err=True)
        raise typer.Exit(2) from None
    rules = found.profile
    typer.echo(
        f"{rules.name}: {len(rules.target_groups)} target groups, {len(rules.age_bands)} age "
        f"bands, {sum(map(len, rules.lists.values()))} codes, {len(rules.county_of_office)} "
        f"offices, {len(rules.unit_of_municipality)} municipalities, {len(found.places)} rows of "
        "places"
    )
