"""The published tables, through `forlop report run`: every cell, in the order of publication."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest

from adapters.reports.published_rows import rows_of
from tests.reports.conftest import Run

PUBLISHED = "published_figures.csv"
BLANK = ("aetat-4", "percent", "percent")  # a corner that the publication leaves empty
Place = tuple[str, str, str]


@pytest.fixture(scope="module")
def tables(run: Run) -> list[dict[str, Any]]:
    done = run("report", "run", "all", "--format", "json")
    assert done.exit_code == 0
    return list(objects(done.stdout))


def objects(text: str) -> Iterator[dict[str, Any]]:
    decoder = json.JSONDecoder()
    while text := text.lstrip():
        found, end = decoder.raw_decode(text)
        yield found
        text = text[end:]


def cells(table: dict[str, Any]) -> Iterator[tuple[Place, Any]]:
    name = table["meta"]["report"]
    total = [] if table["total"] is None else [{"row": "total", **table["total"]}]
    for row in (*table["rows"], *total):
        if "column" in row:
            yield (name, row["row"], row["column"]), row["value"]
        else:
            yield from (((name, row["row"], c), v) for c, v in row.items() if c != "row")


def test_every_published_cell_comes_out_but_those_known_not_to(
    tables: list[dict[str, Any]],
) -> None:
    published = {(r["table"], r["row"], r["column"]): r["value"] for r in rows_of(PUBLISHED)}
    counted = {place: value for table in tables for place, value in cells(table)}
    assert counted.keys() == published.keys()
    assert counted.pop(BLANK) is None
    differ = {
        place
        for place, value in counted.items()
        if value is None or Fraction(str(value)) != Fraction(published[place])
    }
    known = {(r["table"], r["row"], r["column"]) for r in rows_of("differences.csv")}
    assert differ == known
    assert (len(published), len(known)) == (798, 10)


def test_rows_and_columns_stand_as_published(tables: list[dict[str, Any]]) -> None:
    for table in tables:
        name = table["meta"]["report"]
        places = [(r["row"], r["column"]) for r in rows_of(PUBLISHED) if r["table"] == name]
        found = [(row, column) for (_, row, column), _ in cells(table)]
        for at in (0, 1):
            said = list(dict.fromkeys(place[at] for place in found))
            assert said == list(dict.fromkeys(place[at] for place in places)), name


def test_the_reference_engine_gives_the_same_bytes(run: Run) -> None:
    names = ("aetat-3", "aetat-7", "aetat-text", "eigersund-1", "eigersund-4", "eigersund-text")
    fast = run("report", "run", *names, "--format", "json")
    by_definition = run("report", "run", *names, "--format", "json", "--engine", "reference")
    assert fast.exit_code == by_definition.exit_code == 0
    assert fast.stdout_bytes == by_definition.stdout_bytes
