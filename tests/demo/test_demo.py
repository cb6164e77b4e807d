"""The demo counts every published cell, and names the ten that cannot come out."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import adapters.demo
from adapters.answers import Asked, EngineName, answer
from adapters.database import open_engine
from adapters.demo import DRAWN_AT
from adapters.errors import WrongUseError
from adapters.many_answers import Answers
from adapters.profiles import default_profile
from adapters.summary import Summary
from cli.main import app
from domain.calendar import Period

NO_DATA = {
    ("eigersund-text", "refugee_background, over 6 months, over 5 years residence", "total"),
    *(("eigersund-fig13", "Eigersund", str(year)) for year in range(2017, 2022)),
}
CONTRADICTIONS = {
    ("aetat-10", "Nedre Eiker", "long_term_percent"): (47, 45),
    ("eigersund-3", "share_percent", "2020"): (33, 32),
    ("eigersund-4", "school", "2020"): (7, 6),
    ("eigersund-2", "jobbmestring", "places"): (6, 7),
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('demo') / 'demo.db'}"


@pytest.fixture(scope="module")
def first(store: str) -> Result:
    """The demo into a fresh store, as JSON."""
    return CliRunner().invoke(app, ["demo", "--store", store, "--format", "json"])


@pytest.fixture(scope="module")
def again(first: Result, store: str) -> Result:
    """The demo once more into the store that it filled, as a Norwegian reader sees it."""
    assert first.exit_code == 0
    arguments = ["demo", "--store", store, "--lang", "nb"]
    return CliRunner(env={"COLUMNS": "80"}).invoke(app, arguments)


@pytest.fixture(scope="module")
def found(first: Result) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(first.stdout)
    return read


def differing(found: dict[str, Any]) -> dict[tuple[str, str, str], dict[str, Any]]:
    return {
        (table["table"], cell["row"], cell["column"]): cell
        for table in found["tables"]
        for cell in table["cells"]
        if not cell["match"]
    }


def test_788_of_798_cells_match_and_the_exit_code_says_that_nothing_else_differs(
    first: Result, found: dict[str, Any]
) -> None:
    assert found["total"] == {
        "cells": 798,
        "match": 788,
        "no_data": 6,
        "contradiction": 4,
        "unexpected": 0,
        "stale": 0,
    }
    assert first.exit_code == 0


def test_the_ten_cells_that_differ_are_the_known_ones_each_with_its_reason(
    found: dict[str, Any],
) -> None:
    cells = differing(found)
    assert set(cells) == NO_DATA | set(CONTRADICTIONS)
    assert {cells[place]["why"] for place in NO_DATA} == {"no_data"}
    assert {cells[place]["counted"] for place in NO_DATA} == {None}
    for place, (published, counted) in CONTRADICTIONS.items():
        assert cells[place]["why"] == "contradiction"
        assert (cells[place]["published"], cells[place]["counted"]) == (published, counted)
    assert all(cell["reason"] for cell in cells.values())


def test_every_cell_that_matches_is_counted_by_a_figure_but_for_one_empty_corner(
    found: dict[str, Any],
) -> None:
    uncounted = {
        (table["table"], cell["row"], cell["column"])
        for table in found["tables"]
        for cell in table["cells"]
        if cell["match"] and not cell["figures"]
    }
    assert uncounted == {("aetat-4", "percent", "percent")}


def test_the_replayed_participant_left_came_back_and_was_corrected(found: dict[str, Any]) -> None:
    events = found["replay"]["events"]
    assert [event["type"] for event in events if event["status"] == "corrected"] == ["enrolled"]
    assert "reentered" in {event["type"] for event in events}
    spells = found["replay"]["state"]["spells"]
    assert [(spell["start"], spell["stop"]) for spell in spells] == [
        ("2003-07-15", "2003-08-18"),
        ("2003-10-06", None),
    ]


def test_a_second_demo_into_the_same_store_appends_nothing_and_says_the_same(
    again: Result, found: dict[str, Any]
) -> None:
    assert again.exit_code == 0
    assert "49045 events in" in again.stderr
    last = found["replay"]["meta"]["position"]
    assert last == 49045
    assert (
        "798 celler: 788 stemmer, 6 krever data som ingen hendelse har, 4 motsier andre"
        in again.stdout
    )


def printed(again: Result, table: str) -> str:
    """One table as it is printed: from its title to the line that says what counted it."""
    return again.stdout.partition(f"{table}  ")[2].partition("telt med")[0]


def test_table_3_reads_as_it_was_published(again: Result) -> None:
    assert (
        printed(again, "aetat-3")
        == """\
Tabell 3. Deltakere etter måned og målgruppe, 2003

                                        Langtids
           Eneforsørger   20-24 år   sosialhjelp    Sum
 ──────────────────────────────────────────────────────
 2003-04              4         14            34     52
 2003-05             12        134           250    396
 2003-06             32        269           618    919
 2003-07             51        370           921   1342
 2003-08             95        525          1293   1913
 2003-09            117        645          1642   2404
 2003-10            135        778          2131   3044
 2003-11            157        914          2354   3425
 2003-12            151        949          2415   3515

"""
    )


def test_table_4_of_eigersund_marks_the_share_that_contradicts(again: Result) -> None:
    assert (
        printed(again, "eigersund-4")
        == """\
Tabell 4. Resultater av Kvalifiseringsprogrammet, prosent

                               2019    2020   2021   2022
 ────────────────────────────────────────────────────────
 Arbeid                          43      13     22     32
 Arbeidsavklaringspenger          3      13     13     14
 Sosialhjelp                      0       0      0      4
 Flyttet                          3      10      0      0
 Skole, utdanning eller kurs      3   6 ≠ 7      0      0
 Annet                            0       3      6      4

"""
    )


def test_no_number_is_lost_on_a_narrow_terminal(again: Result) -> None:
    eiker = next(line for line in again.stdout.splitlines() if "Nedre Eiker" in line)
    assert eiker.split() == ["Nedre", "Eiker", "31", "28", "3", "6", "48", "45", "≠", "47"]


@pytest.mark.parametrize("by_engine", ["columnar", "reference"])
def test_many_answers_of_one_moment_are_those_of_one_at_a_time(
    again: Result, store: str, by_engine: EngineName
) -> None:
    assert again.exit_code == 0
    engine, profile = open_engine(store, make=False), default_profile()
    answers = Answers(engine, profile, by_engine=by_engine)
    year = Period.closed(date(2003, 1, 1), date(2003, 12, 31))
    for asked in (
        Asked("stock", at=date(2003, 12, 31), known_at=DRAWN_AT, by=("target_group",)),
        Asked("series", period=year, every="quarter", by=("programme",)),
    ):
        alone = answer(engine, profile, asked, by_engine="reference")
        with answers.at_hand():
            assert answers.answer(asked).as_json() == alone.as_json()
    with pytest.raises(WrongUseError, match="these figures are counted at position 49045"):
        answers.answer(Asked("stock", position=1))


def test_a_store_with_other_events_is_refused(tmp_path: Path) -> None:
    rows = "source,event_id,participant,type,occurred_on\nother,1,P1,registered,2003-01-01\n"
    (tmp_path / "other.csv").write_text(rows, "utf-8")
    store = f"sqlite:///{tmp_path / 'other.db'}"
    CliRunner().invoke(app, ["append", str(tmp_path / "other.csv"), "--store", store])
    refused = CliRunner().invoke(app, ["demo", "--store", store])
    assert isinstance(refused.exception, WrongUseError)
    assert "holds other events than the demo's" in str(refused.exception)


def test_cells_that_differ_without_a_reason_give_exit_code_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapters.demo, "put_registers", lambda *_: Summary())
    store = f"sqlite:///{tmp_path / 'empty.db'}"
    result = CliRunner().invoke(app, ["demo", "--store", store, "--format", "csv"])
    assert result.exit_code == 1
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert len(rows) == 798
    assert rows[0]["counted"] == "0"
