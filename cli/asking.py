"""From a command's options to the figure that is asked for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import typer

from adapters.answers import Asked
from adapters.arguments import parse_ages, parse_share
from adapters.errors import WrongUseError
from adapters.places import read_places
from cli.options import read, read_day, read_known_at
from domain.calendar import Length, Period
from projections.question import TIME, Figure, Place, QuestionError, read_where


def asked(figure: str, given: dict[str, Any], places: tuple[Place, ...] = ()) -> Asked:
    """What a command's options, by name, ask for; those that it does not have take defaults.

    `places` are the profile's, where `--places` names no file.
    """
    options = {
        "at": read_day("--at", given.get("at")),
        "known_at": read_known_at(given["known_at"]),
        "position": given["position"],
        "period": _period(given.get("from_"), given.get("to")),
        "programme": given["programme"],
        "by": tuple(name for names in given["by"] or () for name in names.split(",")),
        "where": _where(given["where"] or []),
    }
    for name in ("of", "every"):
        if name in given:
            options[name] = given[name].value
    if "curve" in given:
        options["curve"] = given["curve"]
    if "window" in given:
        options["window"] = read("--window", given["window"], Length.parse)
    if "horizons" in given:
        options["horizons"] = tuple(
            read("--horizons", part, Length.parse) for part in given["horizons"].split(",")
        )
        options["targets"] = _targets(given["targets"])
    if given.get("ages"):
        options["ages"] = read("--ages", given["ages"], parse_ages)
    if "places" in given:
        options["places"] = read_places(Path(given["places"])) if given["places"] else places
    return Asked(cast(Figure, figure), **options)


def drawable(question: Asked, given: dict[str, Any]) -> Asked:
    """With `--chart`, what the picture needs beside: dwell its curve, exits their month."""
    if not given.get("chart"):
        return question
    if question.figure == "dwell":
        return replace(question, curve=True)
    if question.figure == "exits" and not set(TIME) & set(question.by):
        return replace(question, by=("month", *question.by))
    return question


def _period(first: str | None, last: str | None) -> Period | None:
    if first is None and last is None:
        return None
    start, end = read_day("--from", first), read_day("--to", last)
    if start is None or end is None:
        missing = "--from" if start is None else "--to"
        raise typer.BadParameter("a period needs both --from and --to", param_hint=missing)
    try:
        return Period.closed(start, end)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--to") from None


def _where(conditions: list[str]) -> dict[str, Any]:
    try:
        return dict(read_where(conditions))
    except QuestionError as error:
        raise WrongUseError(str(error)) from None


def _targets(text: str | None) -> tuple[float | None, ...]:
    return (
        ()
        if text is None
        else tuple(read("--targets", part, parse_share) for part in text.split(","))
    )
