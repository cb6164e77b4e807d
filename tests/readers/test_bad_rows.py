"""A bad row is one rejected row: file, line, column, what was there, what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command_line import Command

HEADER = (
    "source,event_id,participant,type,occurred_on,recorded_at,programme,destination,kind,attended,"
    "placement,until,replaces,note\n"
)
GOOD = "s,{id},P1,{type},{day},{day}T12:00,kvp,{destination},,,,,,\n"
BEFORE = GOOD.format(id="in", type="enrolled", day="2003-01-01", destination="")
AFTER = GOOD.format(id="out", type="exited", day="2003-05-01", destination="work")

BAD = {
    "a day that is not in the calendar": (
        "s,1,P1,enrolled,2003-02-29,,intro,,,,,,,",
        ["occurred_on", "'2003-02-29'", "2003-12-31"],
    ),
    "a date of another kind": (
        "s,1,P1,enrolled,01.02.2003,,intro,,,,,,,",
        ["occurred_on", "'01.02.2003'", "2003-12-31"],
    ),
    "a missing date": ("s,1,P1,enrolled,,,intro,,,,,,,", ["occurred_on", "is empty", "missing"]),
    "an unknown code": (
        "s,1,P1,enrolled,2003-01-02,,intr,,,,,,,",
        ["programme", "'intr'", "nearest: intro"],
    ),
    "an unknown type": (
        "s,1,P1,enroled,2003-01-02,,intro,,,,,,,",
        ["type", "'enroled'", "nearest: enrolled"],
    ),
    "a missing type": ("s,1,P1,,2003-01-02,,intro,,,,,,,", ["type", "is empty"]),
    "a missing participant": (
        "s,1,,enrolled,2003-01-02,,intro,,,,,,,",
        ["participant", "is empty", "missing"],
    ),
    "a participant that is too long": (
        f"s,1,{'x' * 65},enrolled,2003-01-02,,intro,,,,,,,",
        ["participant", "65 characters", "at most 64"],
    ),
    "a time to come": (
        "s,1,P1,enrolled,2003-01-02,2999-01-01T12:00,intro,,,,,,,",
        ["recorded_at", "'2999-01-01T12:00", "to come"],
    ),
    "a bare date for a time": (
        "s,1,P1,enrolled,2003-01-02,2003-01-02,intro,,,,,,,",
        ["recorded_at", "'2003-01-02'", "2003-12-31T14:15"],
    ),
    "an event id in use with other content": (
        "s,in,P1,enrolled,2003-01-02,2003-01-01T12:00,kvp,,,,,,,",
        ["event_id", "'in'", "other content"],
    ),
    "too few cells": ("s,1,P1,enrolled,2003-01-02", ["too few cells", "5", "14"]),
    "too many cells": ("s,1,P1,enrolled,2003-01-02,,intro,,,,,,,,", ["too many cells", "15", "14"]),
    "a column that the type does not use": (
        "s,1,P1,enrolled,2003-01-02,,intro,work,,,,,,",
        ["destination", "'work'", "enrolled does not use this column", "leave it empty"],
    ),
    "a source of other letters": (
        "S!,1,P1,enrolled,2003-01-02,,intro,,,,,,,",
        ["source", "'S!'", "a-z"],
    ),
    "an event id that is too long": (
        f"s,{'1' * 129},P1,enrolled,2003-01-02,,intro,,,,,,,",
        ["event_id", "129 characters", "at most 128"],
    ),
    "a truth value of another kind": (
        "s,1,P1,met,2003-01-02,,,,information,yes,,,,",
        ["attended", "'yes'", "true", "false"],
    ),
    "an until that is not after the start": (
        "s,1,P1,sanctioned,2003-01-02,,,,,,,2003-01-02,,",
        ["until", "'2003-01-02'", "not after occurred_on"],
    ),
    "an annulment of nothing": (
        "s,1,P1,voided,2003-01-02,,,,,,,,,",
        ["replaces", "is empty", "missing"],
    ),
    "an event that replaces itself": (
        "s,1,P1,voided,2003-01-02,,,,,,,,1,",
        ["replaces", "'1'", "own id"],
    ),
    "an event of another participant replaced": (
        "s,1,P2,voided,2003-01-02,,,,,,,,in,",
        ["replaces", "'in'", "another participant"],
    ),
    "a quote that is not closed": (
        's,1,P1,enrolled,2003-01-02,,intro,,,,,,,"open',
        ["does not read as CSV"],
    ),
    "a letter after a closing quote": (
        's,1,P1,enrolled,2003-01-02,,"intro"x,,,,,,,',
        ["does not read as CSV"],
    ),
}


@pytest.mark.parametrize("bad", BAD, ids=BAD)
def test_a_bad_row_is_one_clear_line_and_costs_no_other(
    bad: str, forlop: Command, tmp_path: Path
) -> None:
    row, parts = BAD[bad]
    (tmp_path / "events.csv").write_text(HEADER + BEFORE + row + "\n" + AFTER, "utf-8")
    said = forlop("append events.csv")
    assert said.code == 3
    assert said.counts == {
        "read": 3, "appended": 2, "duplicates": 0, "held": 0, "rejected": 1, "resolved": 0,
    }  # fmt: skip
    (line,) = said.troubles
    assert line.startswith("events.csv, line 3: rejected: ")
    for part in parts:
        assert part in line


@pytest.mark.parametrize(
    ("row", "part"),
    [
        (b"s,1,P1,enrolled,2003-01-02,,intro,,,,,,,bl\xe5b\xe6r\n", "note"),
        (b"s,1,P\xff1,enrolled,2003-01-02,,intro,,,,,,,\n", "participant"),
    ],
)
def test_bytes_that_are_not_utf8_are_one_rejected_row(
    row: bytes, part: str, forlop: Command, tmp_path: Path
) -> None:
    content = (HEADER + BEFORE).encode() + row + AFTER.encode()
    (tmp_path / "events.csv").write_bytes(content)
    said = forlop("append events.csv")
    assert (said.code, said.counts["appended"], said.counts["rejected"]) == (3, 2, 1)
    (line,) = said.troubles
    assert line.startswith("events.csv, line 3: rejected: ")
    assert part in line
    assert "not UTF-8" in line


def test_a_nul_is_one_rejected_row(forlop: Command, tmp_path: Path) -> None:
    row = "s,1,P1,enrolled,2003-01-02,,intro,,,,,,,a\x00b\n"
    (tmp_path / "events.csv").write_text(HEADER + BEFORE + row + AFTER, "utf-8")
    said = forlop("append events.csv")
    assert (said.counts["appended"], said.counts["rejected"]) == (2, 1)
    assert "NUL" in said.troubles[0]


def test_several_problems_of_a_row_are_told_at_once(forlop: Command, tmp_path: Path) -> None:
    row = "s,1,,enrolled,2003-13-01,,intr,,,,,,,\n"
    (tmp_path / "events.csv").write_text(HEADER + row, "utf-8")
    (line,) = forlop("append events.csv").troubles
    assert all(part in line for part in ("participant", "'2003-13-01'", "'intr'"))


def test_lines_keep_their_numbers_past_cells_of_several_lines(
    forlop: Command, tmp_path: Path
) -> None:
    rows = 's,1,P1,enrolled,2003-01-02,,intro,,,,,,,"one\ntwo\nthree"\n\n'
    rows += "s,2,P1,x,2003-01-02,,,,,,,,,\n"
    (tmp_path / "events.csv").write_text(HEADER + rows, "utf-8")
    said = forlop("append events.csv")
    assert said.counts["appended"] == 1
    assert said.troubles[0].startswith("events.csv, line 6: rejected: type 'x'")


def test_an_open_quote_does_not_swallow_the_rows_after_it(forlop: Command, tmp_path: Path) -> None:
    rows = 's,1,P1,enrolled,2003-01-02,,intro,,,,,,,"open\n' + BEFORE + AFTER
    (tmp_path / "events.csv").write_text(HEADER + rows, "utf-8")
    said = forlop("append events.csv")
    assert (said.counts["appended"], said.counts["rejected"]) == (2, 1)
    assert said.troubles[0].startswith("events.csv, line 2: rejected: ")


def test_every_rejected_row_is_kept_even_where_only_a_surplus_cell_differs(
    forlop: Command, tmp_path: Path
) -> None:
    row = "s,1,P1,enrolled,2003-01-02,,intro,,,,,,,,{}\n"
    (tmp_path / "events.csv").write_text(HEADER + row.format("one") + row.format("two"), "utf-8")
    assert forlop("append events.csv").counts["rejected"] == 2
    kept = forlop("quarantine show").out
    assert "one" in kept
    assert "two" in kept


def test_every_rejected_row_is_kept_even_where_only_bad_bytes_differ(
    forlop: Command, tmp_path: Path
) -> None:
    row = b"s,1,P1,enrolled,2003-01-02,,intro,,,,,,,b%sr\n"
    (tmp_path / "events.csv").write_bytes(HEADER.encode() + row % b"\xe5" + row % b"\xe6")
    assert forlop("append events.csv").counts["rejected"] == 2
    assert len(forlop("quarantine list").out.splitlines()) == 2


def test_a_rejected_row_is_kept_once_and_told_of_every_time(
    forlop: Command, tmp_path: Path
) -> None:
    for name in ("one.csv", "two.csv", "three.csv"):
        (tmp_path / name).write_text(HEADER + "s,1,P1,x,2003-01-02,,,,,,,,,\n", "utf-8")
    forlop("append one.csv")
    said = forlop("append two.csv three.csv")
    assert said.counts["rejected"] == 2
    assert [line.split(",")[0] for line in said.troubles] == ["two.csv", "three.csv"]
    assert len(forlop("quarantine list").out.splitlines()) == 1


def test_a_list_of_all_rows_says_what_became_of_those_that_are_closed(
    forlop: Command, tmp_path: Path
) -> None:
    rows = "s,1,P1,x,2003-01-02,,,,,,,,,\ns,2,P1,y,2003-01-02,,,,,,,,,\n"
    (tmp_path / "events.csv").write_text(HEADER + rows, "utf-8")
    forlop("append events.csv")
    forlop("quarantine drop 1 --reason mistake")
    listed = forlop("quarantine list --status all").out.splitlines()
    assert [line.split()[:2] for line in listed] == [["1", "dropped"], ["2", "rejected"]]
