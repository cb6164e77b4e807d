"""Tables as people read them, held against files that were read by a person."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from adapters.tables import csv, html, json, markdown, terminal
from adapters.tables.wording import Labels
from domain.codes import Language
from tests.tables import results

GOLDEN = Path(__file__).parent / "golden"
Writer = Callable[[Mapping[str, Any], Labels, Language], bytes]
CASES: list[tuple[str, Writer, dict[str, Any], Language]] = [
    ("stock.nb.txt", terminal.write, results.stock(), "nb"),
    ("suppressed.en.txt", terminal.write, results.suppressed(), "en"),
    ("exits.nb.txt", terminal.write, results.exits(), "nb"),
    ("exits.en.md", markdown.write, results.exits(), "en"),
    ("suppressed.nb.md", markdown.write, results.suppressed(), "nb"),
    ("exits.nb.csv", csv.write, results.exits(), "nb"),
    ("suppressed.nb.csv", csv.write, results.suppressed(), "nb"),
    ("suppressed.json", json.write, results.suppressed(), "nb"),
    ("suppressed.nb.html", html.write, results.suppressed(), "nb"),
]


@pytest.mark.parametrize(("name", "write", "result", "language"), CASES, ids=[c[0] for c in CASES])
def test_a_table_is_the_one_that_was_read(
    name: str, write: Writer, result: dict[str, Any], language: Language
) -> None:
    assert write(result, results.LABELS, language).decode() == (GOLDEN / name).read_text("utf-8")


def test_numbers_stand_to_the_right_in_the_terminal() -> None:
    lines = terminal.write(results.stock(), results.LABELS, "nb").decode().splitlines()
    ends = {len(line) for line in lines if re.search(r"\d$", line)}
    assert len(ends) == 1


def test_the_total_of_a_single_row_is_not_said_again() -> None:
    row = {"persons": 3515, "spells": 3516}
    whole = {"meta": {**results.META, "by": []}, "rows": [row], "total": row}
    assert terminal.write(whole, {}, "en").decode().count("3,515") == 1
    assert csv.write(whole, {}, "en").decode() == "Persons,Spells\n3515,3516\n"


def test_a_curve_is_not_squeezed_into_a_cell() -> None:
    text = markdown.write(results.dwell(), results.LABELS, "nb").decode()
    assert "survival" not in text
    assert "Overlevelseskurvene følger med i JSON og Parquet" in text
    assert "| Ukjent |" in text


def test_markup_in_the_data_is_shown_and_not_obeyed() -> None:
    page = html.write(results.hostile(), {}, "nb").decode()
    assert "&lt;b&gt;fet&lt;/b&gt;" in page
    assert "[red]x" in terminal.write(results.hostile(), {}, "nb").decode()
    amb = {"meta": {**results.META, "by": ["measure"]}, "rows": [{"measure": "amb", "persons": 1}]}
    assert r"AMB \| fase 1" in markdown.write(amb, results.LABELS, "nb").decode()


def test_the_page_asks_nothing_of_a_network() -> None:
    page = html.write(results.stock(), results.LABELS, "en").decode()
    assert not re.search(r"https?:|<script|<link|src=|@import|url\(", page)
    assert page.count("<td") == page.count('class="number">') - 1


def test_json_is_the_same_whatever_order_the_meta_was_made_in() -> None:
    result = results.stock()
    turned = {**result, "meta": dict(reversed(result["meta"].items()))}
    assert json.write(turned, {}, "nb") == json.write(result, {}, "en")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_csv_runs_no_formula(start: str) -> None:
    row = {"office": f"{start}1+1", "persons": -3}
    result = {"meta": {**results.META, "by": ["office"]}, "rows": [row], "total": None}
    text = csv.write(result, {}, "nb").decode()
    assert f"'{start}1+1" in text
    assert ",-3\n" in text
