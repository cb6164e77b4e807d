"""Every figure in every format and as a chart, from the command line."""

from __future__ import annotations

import io
import json
from pathlib import Path

import openpyxl
import pytest

from adapters.errors import WrongUseError
from tests.reports.conftest import Run

IN_2003 = ("--from", "2003-04-01", "--to", "2003-12-31")
AT = ("--at", "2003-12-31")
FIGURES: dict[str, tuple[str, ...]] = {
    "stock": (*AT, "--by", "target_group"),
    "flow": (*IN_2003, "--by", "sex"),
    "series": (*IN_2003, "--by", "target_group"),
    "dwell": ("--of", "measure", "--by", "track", *AT),
    "exits": ("--at", "2004-01-13", "--by", "month"),
    "outcomes": ("--at", "2023-06-01", "--programme", "intro"),
    "returns": ("--at", "2004-01-13",),
    "funnel": (*IN_2003, *AT),
    "chains": AT,
    "capacity": IN_2003,
    "duty": ("--from", "2022-10-01", "--to", "2022-11-30"),
}  # fmt: skip


@pytest.mark.parametrize("figure", FIGURES)
def test_a_figure_is_drawn_with_its_title_and_source(run: Run, tmp_path: Path, figure: str) -> None:
    drawn = tmp_path / "drawn.svg"
    done = run(figure, *FIGURES[figure], "--chart", str(drawn), "--format", "json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["meta"]["figure"] == figure
    assert drawn.read_text("utf-8").count("<path") > 20


@pytest.mark.parametrize(
    ("format_", "start"), [("parquet", b"PAR1"), ("xlsx", b"PK"), ("html", b"<!doctype html>")]
)
def test_a_figure_is_written_to_a_file(
    run: Run, tmp_path: Path, format_: str, start: bytes
) -> None:
    path = tmp_path / "stock"
    done = run("stock", *FIGURES["stock"], "--format", format_, "--out", str(path))
    assert done.exit_code == 0
    assert path.read_bytes().startswith(start)


def test_csv_has_codes_unless_a_language_is_asked_for(run: Run) -> None:
    arguments = (
        "stock",
        *AT,
        "--known-at",
        "2004-01-13",
        "--by",
        "target_group",
        "--format",
        "csv",
    )
    assert run(*arguments).stdout.splitlines() == [
        "target_group,persons,spells",
        "long_term,2415,2415",
        "single_parent,151,151",
        "youth_20_24,949,949",
    ]
    assert run(*arguments, "--lang", "nb").stdout.splitlines()[0] == "Målgruppe,Personer,Forløp"


def test_a_workbook_of_a_figure_has_numbers_as_numbers(run: Run) -> None:
    written = run("stock", *FIGURES["stock"], "--known-at", "2004-01-13", "--format", "xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(written.stdout_bytes)).worksheets[0]
    assert [cell.value for cell in sheet[4]][1:] == [2415, 2415]


def test_a_journey_is_drawn(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "journey.png"
    assert run("replay", "TP001412", "--at", "2004-01-13", "--chart", str(path)).exit_code == 0
    assert path.read_bytes().startswith(b"\x89PNG")


def test_what_is_no_picture_is_refused(run: Run, tmp_path: Path) -> None:
    done = run("stock", *AT, "--chart", str(tmp_path / "stock.pdf"))
    assert done.exit_code == 2
    assert "an .svg or a .png" in done.output
    nothing = run("chains", "--at", "1999-01-01", "--chart", str(tmp_path / "chains.svg"))
    assert isinstance(nothing.exception, WrongUseError)
    assert "there is no chain to draw" in str(nothing.exception)
