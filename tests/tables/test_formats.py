"""The formats by name."""

from __future__ import annotations

import pytest

from adapters.tables.formats import FORMATS, write
from projections.estimates import competing_risks
from tests.tables import results

STARTS = {
    "table": b"Beholdning", "json": b"{\n", "csv": "Målgruppe,".encode(), "md": b"## Beholdning",
    "parquet": b"PAR1", "xlsx": b"PK", "html": b"<!doctype html>",
}  # fmt: skip


@pytest.mark.parametrize("form", FORMATS)
def test_each_format_is_what_its_name_says(form: str) -> None:
    assert write(form, results.stock(), results.LABELS, "nb").startswith(STARTS[form])


def test_an_estimate_is_written_like_any_figure_with_its_method() -> None:
    found = competing_risks([(10, "work"), (12, None), (30, "school")], dict(results.META))
    text = write("md", found, results.LABELS, "en").decode()
    assert "Method: Aalen-Johansen" in text
    assert "| Work " in text
    assert "33.3%" in text


def test_an_unknown_format_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="no format 'pdf'; there are table, json"):
        write("pdf", results.stock(), {}, "nb")
