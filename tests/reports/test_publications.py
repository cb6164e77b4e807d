"""Publications: the page in a browser, the workbook in other programs, and what they hide."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.reports.conftest import Run

NAMES = ("aetat-3", "aetat-4", "aetat-6", "eigersund-fig15")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
OFFICE = shutil.which("soffice") or shutil.which("libreoffice")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="module")
def published(store: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from typer.testing import CliRunner  # noqa: PLC0415

    from cli.main import app  # noqa: PLC0415

    out = tmp_path_factory.mktemp("published") / "all"
    arguments = ["report", "run", *NAMES, "--out", str(out), "--store", store, "--lang", "nb"]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    return out


def rows(page: str, report: str) -> dict[str, list[str]]:
    """A table's rows on the page: what stands in the cells after the first."""
    section = page.partition(f'<section id="{report}">')[2].partition("</table>")[0]
    cells = [re.findall(r"<t[hd][^>]*>([^<]*)<", row) for row in section.split("<tr>")[2:]]
    return {row[0]: row[1:] for row in cells}


def test_a_page_hides_what_is_small_and_nothing_else_than_it_takes(published: Path) -> None:
    page = (published / "index.html").read_text("utf-8")
    table = rows(page, "aetat-4")
    assert table["50-59 år"] == [":", "0", ":", "206", "6"]
    assert table["Sum"] == ["151", "949", "2\u202f415", "3\u202f515", "100"]
    assert rows(page, "aetat-3")["Desember"][-1] == "3\u202f515"
    assert sum(cell == ":" for row in table.values() for cell in row) <= 4


def test_a_page_has_contents_charts_definitions_and_what_makes_it_again(published: Path) -> None:
    page = (published / "index.html").read_text("utf-8")
    for name in NAMES:
        assert page.count(f'<a href="#{name}">') == page.count(f'<section id="{name}">') == 1
    assert page.count("data:image/svg+xml;base64,") == 2
    assert "Beholdning: personer som er i tilstanden" in page
    command = f"forlop report run {' '.join(NAMES)} --out FOLDER --position 49045 --lang nb"
    assert command in page
    assert not re.search(r"https?://|<script|<link|@import", page)


MEASURED = """<script>addEventListener("load", () => {
  const told = { wide: document.documentElement.scrollWidth - innerWidth,
    pictures: [...document.images].filter(i => i.complete && i.naturalWidth > 100).length,
    asked: performance.getEntriesByType("resource").filter(r => !/^data:/.test(r.name)).length,
    dark: getComputedStyle(document.body).backgroundColor };
  document.title = JSON.stringify(told) })</script></body>"""


def in_browser(page: Path, home: Path, width: int, *more: str) -> dict[str, Any]:
    """What Chromium makes of a page: its DOM, and what a script added to a copy measured there."""
    copy = home / "measured.html"
    copy.write_text(page.read_text("utf-8").replace("</body>", MEASURED), "utf-8")
    command = [str(CHROMIUM), *QUIET, f"--user-data-dir={home}", f"--window-size={width},900"]
    done = [*command, *more, "--dump-dom", copy.as_uri()]
    dom = subprocess.run(done, capture_output=True, timeout=120, check=True).stdout.decode()
    told = re.search(r"<title>(.*?)</title>", dom)
    assert told is not None
    return {"dom": dom, **json.loads(told[1].replace("&quot;", '"'))}


@needs_chromium
def test_a_browser_without_a_network_shows_the_page(published: Path, tmp_path: Path) -> None:
    shown = in_browser(published / "index.html", tmp_path, 1280)
    assert rows(shown["dom"], "aetat-4")["19 år og under"] == ["0", "0", "114", "114", "3"]
    assert (shown["pictures"], shown["asked"]) == (2, 0)
    assert shown["wide"] <= 0
    assert shown["dark"] == "rgb(255, 255, 255)"


@needs_chromium
def test_a_narrow_page_is_no_wider_than_its_window_and_a_dark_one_dark(
    published: Path, tmp_path: Path
) -> None:
    dark = "--blink-settings=preferredColorScheme=0"
    shown = in_browser(published / "index.html", tmp_path, 500, dark)
    assert shown["wide"] <= 0  # the bar beside it takes some of the window
    assert shown["dark"] == "rgb(22, 22, 22)"


def test_a_workbook_has_a_sheet_a_report_with_numbers_and_notes(published: Path) -> None:
    book = openpyxl.load_workbook(published / "tables.xlsx")
    assert book.sheetnames == ["Innhold", *NAMES, "Opphav"]
    link = book["Innhold"]["A1"]
    assert (link.value, link.hyperlink.location) == ("aetat-3", "'aetat-3'!A1")
    sheet = book["aetat-3"]
    assert [cell.value for cell in sheet[12]] == ["Desember", 151, 949, 2415, 3515]
    text = " ".join(str(c.value) for row in sheet.iter_rows() for c in row if c.value is not None)
    assert "Tall under 4" in text
    assert all(c.data_type != "f" for s in book for row in s.iter_rows() for c in row)


@pytest.mark.skipif(OFFICE is None, reason="there is no LibreOffice")
def test_another_program_opens_the_workbook(published: Path, tmp_path: Path) -> None:
    home = f"-env:UserInstallation={(tmp_path / 'home').as_uri()}"
    every_sheet = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1"
    command = [str(OFFICE), "--headless", home, "--convert-to", every_sheet, "--outdir"]
    done = [*command, str(tmp_path), str(published / "tables.xlsx")]
    subprocess.run(done, capture_output=True, timeout=180, check=True)
    with (tmp_path / "tables-aetat-3.csv").open(encoding="utf-8", newline="") as file:
        december = next(row for row in csv.reader(file) if row and row[0] == "Desember")
    # How thousands are set apart is the other program's language.
    assert [re.sub(r"\D", "", cell) for cell in december[1:]] == ["151", "949", "2415", "3515"]


def test_nothing_leaks_of_what_is_published_and_something_does_without(
    published: Path, run: Run, tmp_path: Path
) -> None:
    good = run("audit", str(published))
    assert good.exit_code == 0
    assert good.stdout.endswith("0 leaks\n")
    figures = json.loads((published / "published.json").read_bytes())
    for figure in figures:
        for row in figure["rows"]:
            if row.get("persons") in (1, 2, 3):
                raise AssertionError(f"a small count is printed: {row}")
    told = next(f for f in figures if f["meta"]["by"] == ["age_band", "target_group"])
    hidden = [row for row in told["rows"] if row["persons"] is None]
    hidden[0]["persons"] = 204
    path = tmp_path / "told.json"
    path.write_text(json.dumps(figures), "utf-8")
    assert run("audit", str(path)).exit_code == 1


def test_without_suppression_the_page_says_so(run: Run, tmp_path: Path) -> None:
    done = run("report", "run", "aetat-6", "--out", str(tmp_path / "open"), "--no-suppress")
    assert done.exit_code == 0
    page = (tmp_path / "open" / "index.html").read_text("utf-8")
    assert "Numbers on this page are not suppressed" in page
    assert rows(page, "aetat-6")["Unknown"] == ["0", "0", "3", "3", "0"]


def test_rounding_stands_in_for_suppression(run: Run) -> None:
    arguments = ("report", "run", "aetat-6", "--round", "5", "--format", "csv", "--lang", "en")
    last = run(*arguments).stdout.splitlines()[-1].split(",")
    assert last[:1] == ["Total"]
    assert all(int(number) % 5 == 0 for number in last[1:5])


def test_a_figure_is_suppressed_on_its_own_with_or_without_its_zeros(run: Run) -> None:
    arguments = ("stock", "--at", "2003-12-31", "--known-at", "2004-01-13", "--by", "origin")
    plain = run(*arguments, "--draft", "--suppress", "--lang", "nb").stdout
    assert re.search(r"Ukjent +: +:", plain)
    other = run(*arguments, "--draft", "--suppress", "2", "--symbol", "x").stdout
    assert " x" not in other
    assert re.search(r"Unknown +3 +3", other)


def test_a_share_hidden_is_not_what_the_others_leave_of_a_hundred(run: Run) -> None:
    arguments = ("report", "run", "aetat-5", "--format", "csv", "--draft")
    plain, hidden = (
        dict(line.split(",", 1) for line in run(*arguments, *more).stdout.splitlines())
        for more in ((), ("--suppress",))
    )
    assert (plain["Women"], plain["Men"]) == ("97,37,35,38", "3,63,64,62")
    assert (hidden["Women"], hidden["Men"]) == ("97,37,:,:", "3,63,:,:")
    assert hidden["Total"] == plain["Total"] == "100,100,100,100"
