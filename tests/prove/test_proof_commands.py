"""What a person sees of explain, diff and rerun: transcripts, and how errors leave."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from adapters.errors import ForlopError, UnknownParticipantError, WrongUseError
from cli.main import app
from tests.prove.test_rerun_makes_the_same_bytes import append, fresh_store

HISTORY = """\
1,A,registered,2003-06-02,2003-06-02,,,,1981-04-17,male
2,A,enrolled,2003-06-02,2003-06-03,,tiltaksplan,,,
3,B,enrolled,2003-06-10,2003-06-10,,tiltaksplan,,,
4,A,exited,2003-08-31,2003-09-01,,tiltaksplan,work,,
5,A,exited,2003-09-30,2003-10-05,4,tiltaksplan,unknown,,
6,A,reentered,2003-12-30,2004-01-02,,tiltaksplan,,,
"""
_NAMES = (
    "event_id", "participant", "type", "occurred_on", "recorded_at", "replaces", "programme",
    "destination", "birth_date", "sex",
)  # fmt: skip


@pytest.fixture(scope="module")
def store() -> Iterator[str]:
    with fresh_store() as engine:
        rows = []
        for line in HISTORY.splitlines():
            row = dict(zip(_NAMES, line.split(","), strict=True)) | {"source": "arena"}
            rows.append(row | {"recorded_at": f"{row['recorded_at']}T12:00:00+01:00"})
        assert append(engine, [{k: v for k, v in row.items() if v} for row in rows]) == 6
        yield str(engine.url)


def run(store: str, line: str) -> Result:
    return CliRunner().invoke(app, [*line.split(), "--store", store], catch_exceptions=True)


def shown(store: str, line: str) -> list[str]:
    """What is printed, without the line that names position and head."""
    result = run(store, line)
    assert result.exit_code == 0, result.output
    return [part.rstrip() for part in result.output.splitlines() if "head" not in part]


def cells_of(printed: list[str]) -> list[list[str]]:
    """The cells of a printed table, row by row."""
    return [
        [cell.strip() for cell in part.strip("│").split("│")]
        for part in printed
        if part.startswith("│")
    ]


def test_why_a_person_is_not_among_the_final_exits(store: str) -> None:
    line = "explain exits --at 2004-01-31 --known-at 2004-01-31 --column final --participant A"
    assert shown(store, line) == [
        "A: is not in it (exits, at 2004-01-31, column final)",
        "",
        "  ✓ exit: enrolled 2003-06-02 in tiltaksplan, position 2; "
        "exited 2003-09-30 from tiltaksplan to unknown, position 5",
        "  ✓ class: back 2003-12-30 in tiltaksplan, position 6, the last day of the window of 3m: "
        "returned, so not final",
        "  ✗ row: it is in the figure; it adds to exits, returned; asked for final",
        "  → not counted",
        "",
        "events that do not count here",
        "  exited 2003-08-31 from tiltaksplan to work, position 4: "
        "corrected by exited 2003-09-30 from tiltaksplan to unknown, position 5",
    ]


def test_the_events_behind_a_cell(store: str) -> None:
    line = "explain exits --at 2004-01-31 --known-at 2004-01-31 --where sex=male"
    assert cells_of(shown(store, line)) == [
        ["A", "", "", "", "", "exit tiltaksplan on 2003-09-30: exits 1, returned 1", ""],
        [
            "", "1", "2003-06-02", "2003-06-02 13:00", "arena 1",
            "registered birth_date 1981-04-17, sex male", "sets sex",
        ],
        [
            "", "2", "2003-06-02", "2003-06-03 13:00", "arena 2",
            "enrolled programme tiltaksplan", "gives another its place",
        ],
        [
            "", "4", "2003-08-31", "2003-09-01 13:00", "arena 4",
            "exited programme tiltaksplan, destination work", "replaced by a later one",
        ],
        [
            "", "5", "2003-09-30", "2003-10-05 13:00", "arena 5",
            "exited programme tiltaksplan, destination unknown", "counted, in place of 4",
        ],
        [
            "", "6", "2003-12-30", "2004-01-02 12:00", "arena 6",
            "reentered programme tiltaksplan", "decided",
        ],
    ]  # fmt: skip


def test_what_a_correction_and_a_return_changed(store: str) -> None:
    line = "diff exits --at 2004-01-31 --known-at 2003-09-30 --known-at 2004-01-31"
    printed = shown(store, line)
    assert cells_of(printed) == [
        ["before", "1", "1", "0", "0"],
        ["after", "1", "0", "1", "0"],
        ["change", "0", "-1", "1", "0"],
        ["return", "", "-1", "+1", ""],
    ]
    assert printed[-5:] == [
        "  return (a return that cancelled an exit): 1 person",
        "    A: final -1, returned +1",
        "      learned: reentered 2003-12-30 tiltaksplan, recorded 2004-01-02 12:00, position 6",
        "",
        "1 row changed, 0 stayed the same",
    ]


def test_the_triangle_of_a_month(store: str) -> None:
    line = (
        "diff exits --triangle --from 2003-08-01 --to 2003-09-30 --known-at 2003-10-31 "
        "--at 2004-01-31 --json"
    )
    found = json.loads(run(store, line).output)
    assert [(row["month"], row["known_at"], row["exits"]) for row in found["rows"]] == [
        ("2003-08", "2003-08-31", 0),
        ("2003-08", "2003-09-30", 1),
        ("2003-08", "2003-10-31", 0),
        ("2003-09", "2003-09-30", 0),
        ("2003-09", "2003-10-31", 1),
    ]


@pytest.mark.parametrize(
    ("figure", "labels"),
    [("outcomes", ["month", "horizon"]), ("returns", ["month", "months"]), ("dwell", ["month"])],
)
def test_a_triangle_has_a_table_for_each_column_that_has_a_number(
    store: str, figure: str, labels: list[str]
) -> None:
    line = f"diff {figure} --triangle --from 2003-08-01 --to 2003-09-30 --known-at 2003-10-31"
    heads = [part for part in shown(store, line) if part.startswith("┃")]
    days = ["2003-08-31", "2003-09-30", "2003-10-31"]
    assert heads
    assert all(
        [one.strip() for one in head.strip("┃").split("┃")] == labels + days for head in heads
    )


def test_a_long_triangle_ends_where_it_grows_no_more_and_fits_the_screen(store: str) -> None:
    line = "diff exits --triangle --from 2003-08-01 --to 2003-09-30 --known-at 2023-10-31"
    printed = shown(store, f"{line} --at 2004-01-31")
    assert any(part.startswith("exits: the same at the ") for part in printed)
    heads = [part.strip("┃").split("┃") for part in printed if part.startswith("┃")]
    days = {day.strip() for head in heads for day in head[1:]}
    assert {"2003-08-31", "2003-09-30", "2003-10-31"} <= days
    assert "2023-10-31" not in days


@pytest.mark.parametrize(
    "line",
    [
        "stock --at 2003-12-31 --by sex",
        "explain stock --at 2003-12-31 --where sex=male",
        "explain stock --at 2003-12-31 --participant B",
        "diff exits --at 2004-01-31 --known-at 2003-09-30 --known-at 2004-01-31",
        "diff flow --triangle --from 2003-08-01 --to 2003-09-30 --known-at 2003-10-31",
    ],
)
def test_rerun_of_what_each_command_prints(store: str, line: str, tmp_path: Path) -> None:
    printed = run(store, f"{line} --json").stdout_bytes
    file = tmp_path / "published.json"
    file.write_bytes(printed)
    again = run(store, f"rerun {file} --out {tmp_path / 'again.json'}")
    assert (again.exit_code, again.output) == (0, f"the same {len(printed)} bytes\n")
    assert (tmp_path / "again.json").read_bytes() == printed
    file.write_bytes(printed.replace(b'"position"', b'"placing"', 1))
    assert run(store, f"rerun {file}").exit_code != 0


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("explain stock --participant NOBODY", UnknownParticipantError),
        ("explain exits --column finl", WrongUseError),
        ("explain exits --row date=2003-01-01", WrongUseError),
        ("explain exits --row date", WrongUseError),
        ("explain stock --where sx=male", WrongUseError),
        ("diff stock --known-at 2004-01-31 --known-at 2003-01-31", WrongUseError),
        ("diff series --triangle --from 2003-01-01 --to 2003-02-01", WrongUseError),
        ("diff stock --triangle", WrongUseError),
        ("rerun no-such-file.json", WrongUseError),
    ],
)
def test_wrong_use_says_what_would_be_right(
    store: str, line: str, expected: type[ForlopError]
) -> None:
    result = run(store, line)
    assert isinstance(result.exception, expected)
    assert "NOBODY" not in str(result.exception)


@pytest.mark.parametrize(
    "line",
    ["diff stock --known-at 2004-01-31", "diff stock --known-at x --known-at y"],
)
def test_a_diff_needs_two_times(store: str, line: str) -> None:
    assert run(store, line).exit_code == 2
