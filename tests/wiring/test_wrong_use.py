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
        (f"replay {_NUMBER} P-of-another", "(P-…)"),
        ("replay a P-of-another and", "(P-… an…)"),
        (f"replay a {_NUMBER}", "(01…)"),
        (f"stock {_NUMBER}", "(01…)"),
        (f"stock --at {_NUMBER}", "'01…' is not a date"),
        (f"stock --of {_NUMBER}", "'01…' is not one of"),
        (f"explain stock --{_NUMBER}", "No such option: --01…"),
        (f"--{_NUMBER}", "No such option: --01…"),
        (_NUMBER, "No such command '01…'"),
        ("P2-of-another", "No such command 'P2…'"),
        ("stok", "No such command 'stok'. Did you mean 'stock'?"),
        ("stock --P2-of-another", "No such option: --P2…"),
        ("verify --position N", "'--position': give a whole number"),
        ("verify --position 5", "--position goes with --head: give both"),
        ("report run qqqqq", "there is no report 'qqqqq'; `forlop report list` has them"),
        ("report run aetat-55", "nearest: aetat-5, "),
    ],
)
def test_a_wrong_use_says_what_would_be_right_and_tells_on_nobody(
    forlop: Command, line: str, said: str
) -> None:
    found = forlop(line)
    assert found.code == 2
    assert said in found.err
    assert _NUMBER not in found.err
    assert "of-another" not in found.err
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


def test_a_fault_in_a_profile_names_what_it_is_in(forlop: Command) -> None:
    folder = Path("mine")
    folder.mkdir()
    bands = "".join(
        f'[[age_bands]]\ncode = "b{lowest}"\nlowest = {lowest}\nhighest = {highest}\n'
        for lowest, highest in ((40, 66), (0, 24), (30, 38))
    )
    (folder / "profile.toml").write_text(f'name = "mine"\nextends = "default"\n{bands}')
    (folder / "codes.csv").write_text("list,code,group,label_nb,label_en\nmesure,x,,X,X\n")
    (folder / "places.csv").write_text("measure,provider,from,to,places\nmentor,,x,,1\n")
    (folder / "units.csv").write_bytes(b"municipality,unit\n\xff,x\n")
    found = forlop("profile check mine")
    assert found.code == 2
    assert [line.removeprefix("mine/") for line in found.err.splitlines()] == [
        "profile.toml, line 13: no band has age 25 to 29, between b0 and b30",
        "profile.toml, line 5: no band has age 39, between b30 and b40",
        "codes.csv, line 2: there is no list 'mesure'; nearest: measure, measure_group",
        "units.csv: cannot be read: byte 19 is not UTF-8",
        "places.csv, line 2: from 'x' is not a date; write it as 2003-12-31",
    ]


def test_a_code_or_type_like_none_is_told_of_those_that_there_are(forlop: Command) -> None:
    Path("events.csv").write_text(
        "source,event_id,participant,type,occurred_on,programme\n"
        "t,1,P1,qqqqq,2003-04-01,\nt,2,P1,enroled,2003-04-01,kvp\n"
        "t,3,P1,enrolled,2003-04-01,qqqqq\nt,4,P1,enrolled,2003-04-01,kvpp\n"
    )
    told = [line.partition("; ")[2] for line in forlop("append events.csv").troubles]
    assert told[0].startswith("the types are registered, referred, ")
    assert told[1].startswith("nearest: enrolled")
    assert told[2].startswith("the codes are: ")
    assert told[3].startswith("nearest: kvp")


def test_the_program_tells_its_version(forlop: Command) -> None:
    assert forlop("--version").out == f"forlop {version('forlop')}\n"
