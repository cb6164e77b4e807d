"""A user's own report: beside the store, without Python, its mistakes named by file and line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from adapters.store import open_store
from cli.main import app

REPORT = """\
title_en = "Young and others"

[figures.members]
figure = "stock"
at = 2003-12-31
known_at = 2004-01-13
programme = "tiltaksplan"

[rows]
by = "sex"

[[columns]]
name = "persons"
count = "persons"

[[columns]]
name = "young"
percent = { count = "persons", only = ["age_band=20_24"] }
of = { count = "persons" }

[labels.en]
young = "Aged 20-24, %"
"""


@pytest.fixture
def mine(store: str, tmp_path: Path) -> Path:
    """A folder with a store and a report beside it."""
    path = Path(store.removeprefix("sqlite:///"))
    for file in path.parent.glob("demo.db*"):
        if file.is_file():
            shutil.copy(file, tmp_path / file.name)
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "young.toml").write_text(REPORT, "utf-8")
    return tmp_path


def forlop(folder: Path, *arguments: str) -> Result:
    environment = {"FORLOP_STORE": f"sqlite:///{folder / 'demo.db'}", "COLUMNS": "120"}
    return CliRunner(env=environment).invoke(app, arguments)


def test_a_report_beside_the_store_is_listed_and_run(mine: Path) -> None:
    assert "Young and others" in forlop(mine, "report", "list").stdout
    printed = forlop(mine, "report", "run", "young", "--format", "csv").stdout.splitlines()
    assert printed[0] == 'Sex,Persons,"Aged 20-24, %"'
    assert [line.split(",")[0] for line in printed[1:]] == ["Female", "Male", "Unknown", "Total"]
    assert forlop(mine, "report", "show", "young").stdout == REPORT


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('count = "persons"\n\n[[', 'count = "people"\n\n[[', "line 14: stock counts persons,"),
        ("age_band=20_24", "age_band=20-24", "line 16: age_band has no code '20-24'; nearest"),
        ("at = 2003-12-31", 'at = "2003"', "line 5: '2003' should be a date"),
        ('by = "sex"', "", "line 9: by is missing"),
        ('by = "sex"', 'by = "sx"\nvalues = ["male"]', "there is no dimension 'sx'; nearest: sex"),
        ('by = "sex"', 'by = "sex"\nvalues = ["man"]', "line 9: sex has no code 'man'"),
        ("[labels.en]", "[lables.en]", "there is no key 'lables' here"),
        ('"tiltaksplan"', '"plan"', "line 7: programme has no code 'plan'"),
        ("of = {", "off = {", "there is no key 'off' here"),
    ],
)
def test_a_mistake_is_named_by_file_and_line(mine: Path, old: str, new: str, told: str) -> None:
    file = mine / "reports" / "young.toml"
    file.write_text(REPORT.replace(old, new, 1), "utf-8")
    done = forlop(mine, "report", "check", "young")
    assert done.exit_code == 2
    assert str(file) in done.stderr
    assert told in done.stderr


def test_a_column_called_share_has_its_percentage_as_it_is(mine: Path) -> None:
    file = mine / "reports" / "young.toml"
    file.write_text(REPORT.replace('"young"', '"share"'), "utf-8")
    printed = forlop(mine, "report", "run", "young").stdout
    numbers = forlop(mine, "report", "run", "young", "--format", "csv").stdout.splitlines()
    total = numbers[-1].split(",")[-1]
    assert next(line for line in printed.splitlines() if "Total" in line).split()[-1] == total


def test_a_profile_of_ones_own_lists_its_reports_and_the_shipped_ones_that_fit(mine: Path) -> None:
    own = mine / "own"
    (own / "reports").mkdir(parents=True)
    (own / "reports" / "council.toml").write_text(
        REPORT.replace("age_band=20_24", "age_band=young"), "utf-8"
    )
    (own / "profile.toml").write_text(
        'name = "own"\ntitle_nb = "Egen"\ntitle_en = "Own"\nextends = "default"\n\n'
        '[[age_bands]]\ncode = "young"\nlowest = 0\nhighest = 30\n',
        "utf-8",
    )
    (own / "codes.csv").write_text(
        "list,code,group,label_nb,label_en\nage_band,young,,Ung,Young\n", "utf-8"
    )
    (mine / "reports" / "young.toml").unlink()
    listed = forlop(mine, "report", "list", "--profile", str(own))
    assert listed.exit_code == 0, listed.output
    names = [line.split()[1] for line in listed.stdout.splitlines()]
    assert "council" in names
    assert "aetat-5" in names
    assert "aetat-4" not in names  # its rows are age bands that this profile has not
    asked = forlop(mine, "report", "check", "aetat-4", "--profile", str(own))
    assert "age_band has no code '19_and_under'" in asked.stderr


def test_every_shipped_report_is_good(mine: Path) -> None:
    checked = forlop(mine, "report", "check", "all").stdout.splitlines()
    assert len(checked) == 40
    assert all(line.endswith(": good") for line in checked)


def test_a_later_release_does_not_give_late_registrations_away(mine: Path) -> None:
    """Known two days later, a few more persons are known: the difference must not tell them."""
    first = forlop(mine, "report", "run", "young", "--out", str(mine / "first"))
    assert first.exit_code == 0, first.output
    later = REPORT.replace("known_at = 2004-01-13", "known_at = 2004-01-14")
    (mine / "reports" / "young.toml").write_text(later, "utf-8")
    second = forlop(mine, "report", "run", "young", "--out", str(mine / "second"))
    assert second.exit_code == 0, second.output
    both = forlop(mine, "audit", str(mine / "second"), "--earlier", str(mine / "first"))
    assert both.exit_code == 0, both.output


def test_what_one_release_hides_the_next_of_the_same_numbers_hides_too(mine: Path) -> None:
    assert forlop(mine, "report", "run", "aetat-6", "--out", str(mine / "one")).exit_code == 0
    several = ("report", "run", "aetat-6", "aetat-4", "aetat-13", "--out", str(mine / "two"))
    done = forlop(mine, *several)
    assert done.exit_code == 0, (done.output, done.exception)
    first, second = hidden(mine / "one"), hidden(mine / "two")
    assert first
    assert all(second[question] == places for question, places in first.items())


def hidden(folder: Path) -> dict[str, list[object]]:
    """By question, which of its cells a publication hides."""
    figures = json.loads((folder / "published.json").read_bytes())
    return {
        json.dumps([f["meta"]["by"], f["meta"]["where"]]): f["meta"]["disclosure"]["suppressed"]
        for f in figures
        if f["meta"]["disclosure"]["suppressed"]
    }


def test_a_report_goes_into_a_file_of_a_format_and_several_do_not(mine: Path) -> None:
    out = mine / "young.json"
    arguments = ("report", "run", "young", "--format", "json", "--out", str(out))
    assert forlop(mine, *arguments, "--no-suppress").exit_code == 0
    assert json.loads(out.read_bytes())["meta"]["report"] == "young"
    several = forlop(mine, *arguments, "aetat-3", "--no-suppress")
    assert several.exit_code == 2
    assert "2 reports do not go into one file" in several.output.replace("\n", " ")


def test_python_suppresses_a_report_as_the_command_line_does(store: str) -> None:
    line = "report run aetat-4 --suppress 200 --draft --format json --store"
    ran = CliRunner().invoke(app, [*line.split(), store])
    with open_store(store) as opened:
        told = opened.report("aetat-4", suppress=200, draft=True)
        assert told.as_json() != opened.report("aetat-4").as_json()
    assert told.as_json().decode() == ran.stdout
    assert any(value is None for row in told.rows for value in row.values())
