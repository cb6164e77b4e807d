"""Workbooks and Parquet files, read back by other programs than wrote them."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest

from adapters.tables import parquet, xlsx
from adapters.tables.grid import grid
from tests.tables import results

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def opened(data: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(data))


def queried(sql: str) -> tuple[dict[str, str], list[Any]]:
    """The types of a query's columns, and its rows."""
    with duckdb.connect() as connection:
        found = connection.execute(sql)
        types = {name: str(kind) for name, kind, *_ in found.description or ()}
        return types, found.fetchall()


def test_a_workbook_holds_numbers_under_formats() -> None:
    sheet = opened(xlsx.write(results.exits(), results.LABELS, "nb")).worksheets[0]
    head = [cell.value for cell in sheet[3]]
    assert head[:2] == ["Avgang til", "Avganger"]
    row = {cell.column_letter: cell for cell in sheet[5]}
    assert [row[c].value for c in "ABCDEFG"] == ["Arbeid", 2100, 1702, 398, 0, 0.63, 1207]
    assert [row[c].number_format for c in "BFG"] == ["#,##0", "0.0 %", "#,##0.0"]


def test_the_header_is_frozen_and_notes_and_provenance_are_there() -> None:
    book = opened(xlsx.write(results.suppressed(), results.LABELS, "en"))
    sheet, provenance = book.worksheets
    assert (sheet.title, provenance.title) == ("Stock", "Provenance")
    assert sheet.freeze_panes == "B4"
    text = [cell.value for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)]
    assert any("1 to 3" in value for value in text)
    assert text.count(":") == 2
    facts = {row[1].value: row[2].value for row in provenance.iter_rows()}
    assert facts["position"] == "45278"
    assert json.loads(facts["disclosure"])["threshold"] == 4


def test_a_workbook_runs_no_formula() -> None:
    sheet = opened(xlsx.write(results.hostile(), {}, "nb")).worksheets[0]
    cells = [sheet.cell(4 + i, 1) for i in range(len(results.hostile()["rows"]))]
    assert {cell.data_type for cell in cells} == {"s"}
    assert [cell.quotePrefix for cell in cells] == [True] * 6 + [False] * 2
    assert cells[0].value == "=cmd|'/c calc'!A0"


def test_a_workbook_is_the_same_bytes_again() -> None:
    first, again = (xlsx.write(results.stock(), results.LABELS, "nb") for _ in range(2))
    assert first == again
    assert zipfile.ZipFile(io.BytesIO(first)).testzip() is None


def test_sheets_of_a_report_have_names_that_excel_takes() -> None:
    long = "Tabell 11: beholdning [Oslo] etter kontor/målgruppe, desember 2003"
    several = [{**results.stock(), "meta": {**results.META, "title": t}} for t in (long, long, "?")]
    names = opened(xlsx.workbook(several, {}, "nb")).sheetnames
    assert names[:3] == ["Tabell 11 beholdning Oslo etter", "Tabell 11 beholdning Oslo ett 2", "1"]


def test_parquet_has_typed_columns_under_their_codes(tmp_path: Path) -> None:
    path = tmp_path / "exits.parquet"
    path.write_bytes(parquet.write(results.exits(), results.LABELS, "nb"))
    types, rows = queried(f"SELECT * FROM '{path}'")
    assert types["destination"] == "VARCHAR"
    assert (types["exits"], types["share_of_final"]) == ("BIGINT", "DOUBLE")
    assert rows[1][:3] == ("work", 2100, 1702)


def test_parquet_keeps_curves_nulls_and_provenance(tmp_path: Path) -> None:
    path = tmp_path / "dwell.parquet"
    path.write_bytes(parquet.write(results.dwell(), results.LABELS, "nb"))
    _, (row,) = queried(f"SELECT * FROM '{path}'")
    assert row[:3] == (None, 40, None)
    assert row[3] == results.dwell()["rows"][0]["curve"]
    _, ((key, value),) = queried(f"SELECT key, value FROM parquet_kv_metadata('{path}')")
    assert key == b"forlop"
    assert json.loads(value)["meta"]["position"] == 45278


def test_parquet_dates_are_dates_and_no_rows_are_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "series.parquet"
    meta = {**results.META, "figure": "series", "by": []}
    series = {"meta": meta, "rows": [{"date": "2003-12-31", "stock": 5}], "total": None}
    path.write_bytes(parquet.write(series, {}, "nb"))
    assert queried(f"SELECT date FROM '{path}'")[0] == {"date": "DATE"}
    path.write_bytes(
        parquet.write({"meta": results.META, "rows": [], "total": {"persons": 0}}, {}, "nb")
    )
    assert queried(f"SELECT * FROM '{path}'")[1] == []
    with pytest.raises(ValueError, match="without a column"):
        parquet.write({"meta": results.META, "rows": [], "total": None}, {}, "nb")


def test_dimensions_come_first_in_every_layout() -> None:
    result = results.exits()
    result["rows"] = [dict(reversed(row.items())) for row in result["rows"]]
    assert grid(result, results.LABELS, "nb").columns[0].name == "destination"
