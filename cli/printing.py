"""How a result leaves a command: in a format, in a language, to a file, as a chart."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from cli.options import Format, Lang

if TYPE_CHECKING:
    from adapters.tables.wording import Labels
    from domain.codes import Language, Profile

_BINARY = (Format.parquet, Format.xlsx)
_PACKAGES = "pip install 'forlop[publish]'"


def hand_out(
    result: Mapping[str, Any],
    profile: Profile,
    given: Mapping[str, Any],
    labels: Labels | None = None,
) -> None:
    """Prints a result, or writes it to `--out`, as the options say; with `--chart` draws it too.

    `labels` are the profile's, where none are given.
    """
    labels = profile.lists if labels is None else labels
    format_ = Format.json if given["as_json"] else given["format_"]
    out = given["out"]
    if given.get("chart"):
        draw(result, labels, given["lang"], given["chart"])
    if out is None and format_ in _BINARY and sys.stdout.isatty():
        raise typer.BadParameter(f"{format_} is not for a terminal; give --out FILE")
    written = _written(result, labels, format_, given["lang"], to_file=out is not None)
    if out is None:
        sys.stdout.buffer.write(written)
        sys.stdout.buffer.flush()
    else:
        Path(out).write_bytes(written)


def draw(result: Mapping[str, Any], labels: Labels, lang: Lang | None, path: str) -> None:
    """A chart of a result into a file, SVG or PNG by its name; WrongUseError where it has none."""
    from adapters.charts.draw import chart, kind_of  # noqa: PLC0415
    from adapters.errors import WrongUseError  # noqa: PLC0415

    form = Path(path).suffix.lower().removeprefix(".")
    if form not in ("svg", "png"):
        raise typer.BadParameter("a chart is an .svg or a .png", param_hint="--chart")
    kind = kind_of(str(result["meta"]["figure"]))
    try:
        drawn = chart(
            kind,
            result,
            labels,
            (lang or Lang.en).value,
            "svg" if form == "svg" else "png",
        )
    except ValueError as error:
        raise WrongUseError(f"no chart: {error}") from None
    except ModuleNotFoundError as error:
        raise WrongUseError(f"charts need {error.name}: {_PACKAGES}") from None
    Path(path).write_bytes(drawn)


def _written(
    result: Mapping[str, Any],
    labels: Labels,
    format_: Format,
    lang: Lang | None,
    *,
    to_file: bool,
) -> bytes:
    from adapters.errors import WrongUseError  # noqa: PLC0415
    from adapters.tables import formats  # noqa: PLC0415

    language: Language = (lang or Lang.en).value
    if format_ is Format.csv and lang is None:
        from adapters.tables import csv  # noqa: PLC0415

        return csv.codes(result)
    if format_ is Format.table and not to_file:
        from adapters.tables import terminal  # noqa: PLC0415

        width = shutil.get_terminal_size((160, 24)).columns
        return terminal.text(result, labels, language, width=width, color=sys.stdout.isatty())
    try:
        return formats.write(format_.value, result, labels, language)
    except ModuleNotFoundError as error:
        raise WrongUseError(f"{format_} needs {error.name}: {_PACKAGES}") from None
