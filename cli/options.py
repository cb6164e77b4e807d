"""The options that commands share, and how their text is read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, TypeVar

import typer

T = TypeVar("T")


class Format(StrEnum):
    table = "table"
    json = "json"
    csv = "csv"
    md = "md"
    parquet = "parquet"
    xlsx = "xlsx"
    html = "html"


class Lang(StrEnum):
    nb = "nb"
    en = "en"


class Kinds(StrEnum):
    enrolment = "enrolment"
    measure = "measure"
    sanction = "sanction"
    duty = "duty"
    exemption = "exemption"
    benefit = "benefit"


class Every(StrEnum):
    day = "day"
    week = "week"
    month = "month"
    quarter = "quarter"
    year = "year"


class Engines(StrEnum):
    columnar = "columnar"
    reference = "reference"
    spark = "spark"


DEFAULT_STORE = "sqlite:///forlop.db"

Store = Annotated[
    str, typer.Option("--store", envvar="FORLOP_STORE", help="The store, a SQLAlchemy URL.")
]
At = Annotated[
    str | None, typer.Option("--at", metavar="DATE", help="Cutoff: days up to it count.")
]
KnownAt = Annotated[
    str | None,
    typer.Option(
        "--known-at", metavar="TIME", help="Knowledge time; a bare date is the end of that day."
    ),
]
Position = Annotated[
    int | None, typer.Option("--position", help="Only events appended up to this position.")
]
From = Annotated[
    str | None, typer.Option("--from", metavar="DATE", help="First day of the period.")
]
To = Annotated[
    str | None, typer.Option("--to", metavar="DATE", help="Last day of the period, included.")
]
Programme = Annotated[
    str | None, typer.Option("--programme", help="Only what carries this programme.")
]
By = Annotated[
    list[str] | None,
    typer.Option("--by", metavar="DIM[,DIM…]", help="Group by these dimensions."),
]
Where = Annotated[
    list[str] | None,
    typer.Option(
        "--where", metavar="DIM=VALUE", help="Only these; twice means either, DIM= unknown."
    ),
]
Of = Annotated[Kinds, typer.Option("--of", help="What is counted.")]
FormatOption = Annotated[Format, typer.Option("--format", help="How it is printed.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
LangOption = Annotated[
    Lang, typer.Option("--lang", envvar="FORLOP_LANG", help="Language of labels.")
]
LangAsked = Annotated[
    Lang | None,
    typer.Option(
        "--lang", envvar="FORLOP_LANG", help="Language of labels; CSV has codes without it."
    ),
]
Chart = Annotated[
    str | None,
    typer.Option("--chart", metavar="FILE", help="Draw it to a file: .svg or .png."),
]
DEFAULT_PROFILE = "default"
ProfileOption = Annotated[
    str,
    typer.Option(
        "--profile",
        metavar="FOLDER|NAME",
        envvar="FORLOP_PROFILE",
        help="The programme's own rules and codes.",
    ),
]
Window = Annotated[
    str, typer.Option("--window", help="How long an exit must last to be final: 3m, 90d.")
]
Engine = Annotated[
    Engines,
    typer.Option("--engine", envvar="FORLOP_ENGINE", help="What counts: always the same figures."),
]
As = Annotated[
    str | None,
    typer.Option("--as", envvar="FORLOP_USER", help="Who asks, for the access log."),
]
Reason = Annotated[
    str | None, typer.Option("--reason", help="Why a person is looked at, for the access log.")
]
Out = Annotated[str | None, typer.Option("--out", metavar="FILE", help="Write to a file instead.")]


def read(name: str, text: str, parse: Callable[[str], T]) -> T:
    """An option's text, parsed; a usage error (exit code 2) that names the option."""
    try:
        return parse(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is {error}", param_hint=name) from None


def read_day(name: str, text: str | None) -> date | None:
    from domain.calendar import parse_day  # noqa: PLC0415 - commands import when they run

    return None if text is None else read(name, text, parse_day)


def read_known_at(text: str | None) -> datetime | None:
    from domain.calendar import parse_known_at  # noqa: PLC0415

    return None if text is None else read("--known-at", text, parse_known_at)
