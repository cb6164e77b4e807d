"""Results as notebooks show them: a table in HTML, a chart in SVG or PNG, and frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from adapters.answers import Result
from adapters.charts.draw import chart, kind_of
from adapters.charts.style import Form
from adapters.tables import html
from domain.codes import Language, Profile


@dataclass(frozen=True)
class Chart:
    """A drawn chart; a notebook shows it as it is."""

    svg: bytes

    def _repr_svg_(self) -> str:
        return self.svg.decode()


@dataclass(frozen=True, slots=True)
class Shown(Result):
    """A figure that shows itself in a notebook, by the labels of a profile in one language."""

    profile: Profile
    language: Language = "en"

    def _repr_html_(self) -> str:
        style = f"<style>\n{html.STYLE.partition('figure.table')[1]}"
        style += f"{html.STYLE.partition('figure.table')[2]}</style>\n"
        return style + html.fragment(self.as_mapping(), self.profile.lists, self.language)

    def chart(self, path: str | None = None, language: Language | None = None) -> Chart:
        """The figure drawn; with a path, into that file too, .svg or .png.

        ValueError where it has nothing that can be drawn.
        """
        kind = kind_of(str(self.meta["figure"]))
        told = language or self.language
        form: Form = "png" if path is not None and path.endswith(".png") else "svg"
        result, labels = self.as_mapping(), self.profile.lists
        drawn = chart(kind, result, labels, told, form)
        if path is not None:
            import_module("pathlib").Path(path).write_bytes(drawn)
        return Chart(drawn if form == "svg" else chart(kind, result, labels, told, "svg"))


def shown(found: Mapping[str, Any] | Result, profile: Profile, language: Language) -> Shown:
    """A result of any kind, ready for a notebook."""
    if isinstance(found, Result):
        found = found.as_mapping()
    return Shown(found["meta"], found["rows"], found["total"], profile, language)
