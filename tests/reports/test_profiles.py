"""Profiles: what is shipped, what a folder may say, and how its mistakes are named."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from adapters.errors import WrongUseError
from adapters.profiles import default_profile, open_profile
from adapters.toml_file import BadFileError
from tests.reports.conftest import Run

RULES = """\
name = "mine"
extends = "default"

[[age_bands]]
code = "under_25"
lowest = 0
highest = 24

[[age_bands]]
code = "25_and_over"
lowest = 25

[[target_groups]]
code = "youth"
ages = [0, 24]
"""
CODES = "list,code,group,label_nb,label_en\ntarget_group,youth,,Ungdom,Youth\n"


def folder(tmp_path: Path, rules: str = RULES, codes: str = CODES) -> Path:
    (tmp_path / "profile.toml").write_text(rules, "utf-8")
    (tmp_path / "codes.csv").write_text(codes, "utf-8")
    return tmp_path


def problems(path: Path) -> list[str]:
    with pytest.raises(BadFileError) as caught:
        open_profile(path)
    return [text.removeprefix(str(path)).lstrip("/") for text in caught.value.problems]


def test_the_default_has_the_rules_of_tiltaksplan_2003() -> None:
    default, named = default_profile(), open_profile("tiltaksplan-2003").profile
    assert {**vars(named), "name": ""} == {**vars(default), "name": ""}


def test_a_folder_changes_what_it_says_and_keeps_the_rest(tmp_path: Path) -> None:
    profile = open_profile(folder(tmp_path)).profile
    assert profile.age_band(date(2000, 1, 1), date(2024, 12, 31)) == "under_25"
    assert profile.target_group(date(2000, 1, 1), None, None, date(2025, 1, 1)) is None
    assert profile.label("target_group", "youth", "nb") == "Ungdom"
    assert profile.has("measure", "wage_subsidy")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            'name = "mine"',
            'name = "mine"\nages = 3',
            "profile.toml, line 2: there is no key 'ages'",
        ),
        ("lowest = 25", "lowest = 20", "profile.toml, line 11: the ages of 25_and_over are in"),
        ("highest = 24", "highest = -1", "profile.toml, line 7: highest should be an age"),
        ("ages = [0, 24]", "ages = [24, 0]", "profile.toml, line 15: ages should be [lowest,"),
        ('"default"', '"other"', "profile.toml, line 2: extends should be one of default"),
        ('"youth"', '"young"', "profile.toml, line 14: the target group young has no label"),
        ("lowest = 0", "lowest =", "profile.toml, line 6: Invalid value"),
    ],
)
def test_a_mistake_is_named_by_file_and_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert problems(folder(tmp_path, RULES.replace(old, new)))[0].startswith(told)


def test_mistakes_in_tables_are_named_by_file_and_line(tmp_path: Path) -> None:
    path = folder(tmp_path, codes=CODES + "measure,x\n")
    (path / "offices.csv").write_text("kontor,fylke\n", "utf-8")
    (path / "places.csv").write_text(
        "measure,provider,from,to,places\njobb,,2022-01-01,,4\nmentor,,2022-13-01,,4\n", "utf-8"
    )
    found = problems(path)
    assert found[0] == "codes.csv, line 3: a row has list, code, group, label_nb, label_en"
    assert found[1] == "offices.csv, line 1: the column office, county is missing"
    assert found[2].startswith("places.csv, line 3: ")


def test_figures_are_counted_by_the_profile_that_is_named(run: Run, tmp_path: Path) -> None:
    path = folder(tmp_path)
    arguments = ("stock", "--at", "2003-12-31", "--by", "target_group", "--format", "csv")
    rows = run(*arguments, "--profile", str(path)).stdout.splitlines()
    assert [row.partition(",")[0] for row in rows] == ["target_group", "", "youth"]


def test_places_of_a_profile_are_those_of_capacity(run: Run) -> None:
    period = ("--from", "2022-01-01", "--to", "2022-12-31", "--format", "csv")
    done = run("capacity", *period, "--profile", "eigersund-2022")
    assert "jobbmestring,,6.0," in done.stdout


def test_profile_check_tells_all_or_what_is_in_it(run: Run, tmp_path: Path) -> None:
    good = run("profile", "check", str(folder(tmp_path)))
    assert (good.exit_code, good.stdout.split(",")[0]) == (0, "mine: 1 target groups")
    bad = run("profile", "check", str(folder(tmp_path, RULES.replace("25_and", "25\nx"))))
    assert bad.exit_code == 2
    with pytest.raises(WrongUseError, match="there is no profile 'nowhere'"):
        open_profile("nowhere")
    assert "eigersund-2022" in run("profile", "list").stdout
