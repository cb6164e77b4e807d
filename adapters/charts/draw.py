"""The way in to the charts: a kind, a result, and the form it is wanted in."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, cast

from adapters.charts.style import Form
from adapters.tables.wording import Labels
from domain.codes import Language

_MODULES = {
    "stock": "stock_and_flows",
    "dwell": "survival",
    "exits": "exits",
    "outcomes": "outcomes",
    "chains": "chains",
    "bars": "bars",
    "revisions": "revisions",
    "journey": "journey",
}
KINDS = tuple(_MODULES)
# Which kind shows a figure best; every other figure has bars.
_KIND_OF = {
    "series": "stock",
    "dwell": "dwell",
    "exits": "exits",
    "outcomes": "outcomes",
    "chains": "chains",
    "revisions": "revisions",
    "journey": "journey",
}


def kind_of(figure: str) -> str:
    """The kind of chart that shows a figure."""
    return _KIND_OF.get(figure, "bars")


def chart(
    kind: str,
    result: Mapping[str, Any],
    labels: Labels,
    language: Language,
    form: Form = "svg",
) -> bytes:
    """A chart of a result, with title, units, source and cutoff on it, as SVG or PNG.

    `stock` takes a series; `dwell` rows with a `curve`; `exits` those by month, quarter or year;
    `revisions` rows of month, age and value; `journey` a list of spells; `bars` any figure; the
    rest their own.
    ValueError if the kind is unknown, or the result has nothing of what the chart shows.
    """
    if kind not in _MODULES:
        raise ValueError(f"no chart {kind!r}; there are {', '.join(KINDS)}")
    module = import_module(f"adapters.charts.{_MODULES[kind]}")
    return cast(bytes, module.draw(result, labels, language, form))
