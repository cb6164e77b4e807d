"""A list in Excel: dates and numbers as they are, formulas, several sheets, and what is wrong."""

from __future__ import annotations

import io
import sys
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pytest
from openpyxl import Workbook

from adapters.case_systems.mapping import check, read, tell
from adapters.case_systems.mapping_file import MappingFile, read_mapping
from adapters.case_systems.messages import Delivery
from adapters.errors import WrongUseError
from tests.case_systems.deliveries import RECEIVED, sample
from tests.case_systems.telling import Store
from tests.case_systems.test_mapping import shipped

DELIVERY = Delivery(RECEIVED)
HEADER = ("nr", "hvem", "dag", "prosent")
MAPPING = """
source = "liste"
dates = ["dd.MM.yyyy", "yyyyMMdd"]
id = ["nr"]
[[event]]
type = "measure_started"
day = "dag"
columns = { participant = "hvem", placement = "nr" }
constants = { measure = "mentor", track = "ordinary" }
[[event]]
type = "intensity_changed"
day = "dag"
columns = { participant = "hvem", placement = "nr", percent = "prosent" }
"""


def mapping(more: str = "") -> MappingFile:
    return read_mapping(more + MAPPING)


def workbook(*rows: Sequence[Any], formats: Mapping[str, str] | None = None) -> bytes:
    return book({"Ark1": [HEADER, *rows]}, formats)


def book(sheets: Mapping[str, Sequence[Any]], formats: Mapping[str, str] | None = None) -> bytes:
    made, out = Workbook(), io.BytesIO()
    made.remove(made.worksheets[0])
    for title, rows in sheets.items():
        sheet = made.create_sheet(title)
        for row in rows:
            sheet.append(row)
    for place, shown in (formats or {}).items():
        made.worksheets[0][place].number_format = shown
    made.save(out)
    return out.getvalue()


def starts(content: bytes, file: MappingFile | None = None) -> list[tuple[str, str]]:
    found = check(content, DELIVERY, file or mapping())
    return [(row["participant"], row["occurred_on"]) for one in found for row in one.rows[:1]]


def percents(content: bytes) -> list[str]:
    rows = (row for one in check(content, DELIVERY, mapping()) for row in one.rows)
    return [row["percent"] for row in rows if "percent" in row]


def problems(content: bytes, file: MappingFile | None = None) -> list[tuple[int | None, str, str]]:
    found = read(content, DELIVERY, file or mapping()).problems
    return [(problem.line, problem.column, problem.why) for problem in found]


def test_the_municipal_list_reads_alike_in_excel_and_as_csv() -> None:
    stores = []
    for name in ("municipal_measures.csv", "municipal_measures.xlsx"):
        store = Store(tell)
        messages = read(sample(f"mapping/{name}"), DELIVERY, shipped("municipal_measures"))
        store.deliver(messages.versions)
        stores.append(store.rows)
    assert stores[0] == stores[1]
    assert len(stores[0]) == 13


@pytest.mark.parametrize(
    "cell",
    [
        datetime(2024, 1, 15),
        datetime(2024, 1, 15, 13, 30),
        "15.01.2024",
        "20240115",
        20240115,  # a number that a format of the mapping fits
        45306,  # a date that has lost its format
    ],
)
def test_a_date_is_read_however_the_cell_holds_it(cell: Any) -> None:
    assert starts(workbook(("a", "p1", cell, 40))) == [("p1", "2024-01-15")]


def test_a_percentage_is_what_it_shows_and_a_key_gets_its_zero_back() -> None:
    content = workbook(("a", 5879810045, "15.01.2024", 0.4), formats={"D2": "0%"})
    assert percents(content) == ["40"]
    assert percents(workbook(("a", "p1", "15.01.2024", 37.5))) == ["37.5"]
    assert starts(content) == [("05879810045", "2024-01-15")]
    messages = read(content, DELIVERY, mapping())
    assert [w.why for w in messages.warnings] == [
        "a number that lost its first zero; it is read with it"
    ]


def with_saved_value(content: bytes, value: str) -> bytes:
    """As Excel saves a formula: with its value. The library that makes the file cannot."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as made, zipfile.ZipFile(out, "w") as saved:
        for name in made.namelist():
            body = made.read(name)
            body = body.replace(b"</f><v></v>", f"</f><v>{value}</v>".encode())
            body = body.replace(b"</f><v />", f"</f><v>{value}</v>".encode())
            saved.writestr(name, body)
    return out.getvalue()


def test_a_formula_counts_for_its_saved_value_and_without_one_is_told_of() -> None:
    content = workbook(("a", "p1", "=DATE(2024,1,15)", 40), ("b", "p2", "15.01.2024", 40))
    assert starts(with_saved_value(content, "45306")) == [
        ("p1", "2024-01-15"),
        ("p2", "2024-01-15"),
    ]
    assert problems(content) == [
        (2, "Ark1!dag", "a formula whose value is not saved; open it in Excel, and save")
    ]
    assert starts(content) == [("p2", "2024-01-15")]
    error = workbook(("a", "#REF!", "15.01.2024", 40))
    assert problems(error) == [(2, "Ark1!hvem", "an error of a formula; put its value there")]


def test_what_is_wrong_names_the_sheet_and_its_row() -> None:
    rows = [("a", "p1", "i går", 40), (None, None, None, None), ("b", "p2", "15.01.2024", 40, "x")]
    assert [(line, column) for line, column, _ in problems(workbook(*rows))] == [
        (2, "Ark1!dag"),
        (4, "Ark1!row"),
    ]


YEARS: Mapping[str, Sequence[Any]] = {
    "Forside": [("Kommunens liste",)],
    "2023": [HEADER, ("a", "p1", "15.01.2023", 40)],
    "2024": [HEADER, ("b", "p2", "15.01.2024", 40)],
}


def test_every_sheet_that_has_the_columns_is_read_or_those_that_are_named() -> None:
    content = book(YEARS)
    assert starts(content) == [("p1", "2023-01-15"), ("p2", "2024-01-15")]
    assert starts(content, mapping('sheets = ["2024"]\n')) == [("p2", "2024-01-15")]
    assert [w.found for w in read(content, DELIVERY, mapping()).warnings] == ["Forside"]
    with pytest.raises(WrongUseError, match="no sheet '2025'; it has Forside, 2023, 2024"):
        starts(content, mapping('sheets = ["2025"]\n'))
    with pytest.raises(WrongUseError, match="no sheet has the columns nr, dag, hvem, prosent in"):
        starts(book({"a": [("x",)]}))


def test_the_header_may_stand_further_down() -> None:
    rows: list[Any] = [("Liste over tiltak",), (), HEADER, ("a", "p1", "15.01.2024", 40)]
    file = mapping("header = 3\n")
    assert starts(book({"Ark1": rows}), file) == [("p1", "2024-01-15")]
    rows[3] = ("a", "p1", "x", 40)
    assert [line for line, _, _ in problems(book({"Ark1": rows}), file)] == [4]


def test_the_same_row_on_two_sheets_is_told_of() -> None:
    twice = {"2023": YEARS["2023"], "2024": YEARS["2023"]}
    assert problems(book(twice)) == [
        (2, "2024!nr", "the same row as on line 2 of 2023, by its id; the later one holds")
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\xd0\xcf\x11\xe0 and more", "save it as .xlsx"),
        (b"PK\x03\x04 and nothing of a zip", "does not read as a workbook"),
        (workbook()[:-200], "does not read as a workbook"),
    ],
)
def test_what_is_no_workbook_is_told_of(content: bytes, told: str) -> None:
    with pytest.raises(WrongUseError, match=told):
        starts(content)


def test_without_openpyxl_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(WrongUseError, match=r"pip install 'forlop\[excel\]'"):
        starts(sample("mapping/municipal_measures.xlsx"), shipped("municipal_measures"))
