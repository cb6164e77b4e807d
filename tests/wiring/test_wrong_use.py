"""What the program says to somebody who uses it wrongly: in words, with nobody's number in it."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest

from tests.command_line import Command

_NUMBER = "01020312345"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("stock --of foo", "'--of': 'foo' is not one of 'enrolment', 'measure'"),
        ("series --every x", "'--every': 'x' is not one of 'day', 'week'"),
        ("capacity --places no.csv", "there is no file no.csv; places are a CSV of measure,"),
        ("audit no.json", "there is no file no.json"),
        (f"replay {_NUMBER} extra", "(extra)"),
        (f"replay a {_NUMBER}", "(01…)"),
        (f"stock {_NUMBER}", "(01…)"),
        (f"stock --at {_NUMBER}", "'01…' is not a date"),
        (f"stock --of {_NUMBER}", "'01…' is not one of"),
        (f"explain stock --{_NUMBER}", "No such option: --01…"),
        (f"--{_NUMBER}", "No such option: --01…"),
        (_NUMBER, "No such command '01…'"),
    ],
)
def test_a_wrong_use_says_what_would_be_right_and_tells_on_nobody(
    forlop: Command, line: str, said: str
) -> None:
    found = forlop(line)
    assert found.code == 2
    assert said in found.err
    assert _NUMBER not in found.err
    assert "Value error" not in found.err
    assert "Errno" not in found.err


def test_a_dimension_that_is_like_none_gets_the_list_of_all(forlop: Command) -> None:
    rows(forlop)
    assert "; dimensions are: age_band, " in forlop("stock --by qqqqq").err
    assert "; nearest: sex" in forlop("stock --by sexx").err
    assert "; codes are: female, " in forlop("stock --where sex=qqqqq").err


def rows(forlop: Command) -> None:
    """A store with one event and two rejected rows."""
    Path("events.csv").write_text(
        "source,event_id,participant,type,occurred_on,programme\n"
        "t,1,P1,enrolled,2003-04-01,kvp\nt,2,P1,enrolled,2003-99-01,kvp\nt,3,P1,x,2003-04-01,\n"
    )
    assert forlop("append events.csv").counts["rejected"] == 2


def test_a_row_that_was_closed_already_is_named_when_it_is_dropped(forlop: Command) -> None:
    rows(forlop)
    assert forlop("quarantine drop 1 --reason seen").out == "dropped 1\n"
    again = forlop("quarantine drop 1 2 --reason seen")
    assert (again.code, again.out) == (0, "dropped 1\n")
    assert again.err.startswith("row 1 was closed already: dropped on ")
    none = forlop("quarantine drop 9 --reason seen")
    assert (none.code, none.out) == (2, "")
    assert "no row 9 in quarantine" in none.err


def test_faults_in_all_files_of_a_profile_are_told_at_once(forlop: Command) -> None:
    folder = Path("mine")
    folder.mkdir()
    (folder / "profile.toml").write_text('name = "mine\n')
    (folder / "codes.csv").write_text("list,code\n")
    (folder / "places.csv").write_text("measure,provider,from,to,places\nmentor,,x,,1\n")
    found = forlop("profile check mine")
    assert found.code == 2
    told = [line.partition(",")[0] for line in found.err.splitlines()]
    assert told == ["mine/profile.toml", "mine/codes.csv", "mine/places.csv"]
    (folder / "profile.toml").write_text('name = "mine"\nextends = "x"\n')
    told = [line.partition(",")[0] for line in forlop("profile check mine").err.splitlines()]
    assert sorted(told)[:2] == ["mine/codes.csv", "mine/places.csv"]
    assert sorted(told)[2] == "mine/profile.toml"


def test_the_program_tells_its_version(forlop: Command) -> None:
    assert forlop("--version").out == f"forlop {version('forlop')}\n"
