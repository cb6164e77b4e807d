"""What goes out comes in again, and those whom it is for can read it."""

from __future__ import annotations

import csv
import io
import json
import random
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from microdata_tools import validate_dataset  # type: ignore[import-untyped]

from adapters.access_log import Reader
from adapters.case_systems import kostra_11cf
from adapters.case_systems.messages import Delivery
from adapters.database import open_engine, reading
from adapters.errors import WrongUseError
from adapters.exports.events import export_events
from adapters.exports.microdata import merged
from adapters.facts import every_history
from adapters.participants import keys_of
from adapters.profiles import default_profile
from adapters.seals import Seals
from adapters.store import Store
from projections import reference
from projections.question import Question
from tests.case_systems.deliveries import RECEIVED
from tests.properties.random_rows import Row, as_bytes, questions, rows
from tests.wiring.conftest import SAMPLES, Run
from tests.wiring.test_case_deliveries import PERSON, snapshot, write

FIGURES = (
    ("stock", "--of", "measure", "--by", "measure"),
    ("dwell", "--of", "measure"),
    ("exits",),
    ("funnel", "--from", "2020-01-01", "--to", "2027-12-31"),
)


def figures(run: Run, store: str) -> list[object]:
    found: list[object] = []
    for figure in FIGURES:
        for known_at in ("2024-04-01", "2025-06-01", "2027-01-01"):
            asked = (*figure, "--at", "2027-12-31", "--known-at", known_at, "--json")
            told = json.loads(run(store, *asked, "--engine", "reference").stdout)
            found.append((told["rows"], told["total"]))
    return found


def test_the_log_as_events_gives_the_same_figures_in_an_empty_store(
    store: str, tmp_path: Path, run: Run
) -> None:
    run(store, "append", "--from", "komet", SAMPLES / "komet" / "timeline.snapshots.jsonl")
    run(store, "append", "--from", "paw", SAMPLES / "paw" / "korrigering.constructed.jsonl")
    run(store, "append", "--from", "oppfolging", SAMPLES / "oppfolging" / "constructed.jsonl")
    run(store, "append", "--from", "kostra_11cf", SAMPLES / "kostra" / "11CF_2026.constructed.dat")
    out, other = tmp_path / "events.csv", f"sqlite:///{tmp_path / 'other.db'}"
    run(store, "export", "events", "--out", out, "--as", "kari", "--reason", "a copy")
    told = json.loads(run(other, "append", out, "--json").stdout)
    assert told["appended"] == told["read"] == told["position"]
    assert figures(run, other) == figures(run, store)
    accesses = json.loads(run(store, "access", "list", "--json").stdout)
    assert {(a["who"], a["what"], a["reason"]) for a in accesses} == {
        ("kari", "export events", "a copy")
    }
    again = tmp_path / "again.csv"
    run(other, "export", "events", "--out", again)
    assert again.read_bytes() == out.read_bytes()


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 10_000))
def test_any_log_as_events_gives_the_same_figures(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    run: Run,
    seed: int,
) -> None:
    chance, folder = random.Random(seed), tmp_path_factory.mktemp("any")
    monkeypatch.setenv("FORLOP_SECRET_FILE", str(folder / "secret.key"))
    store, other = f"sqlite:///{folder / 'a.db'}", f"sqlite:///{folder / 'b.db'}"
    told = []
    for _ in range(chance.randrange(1, 9)):
        at = datetime(2024, 3, 1, 9) + timedelta(days=chance.randrange(500))
        last = None if chance.random() < 0.5 else f"2024-{chance.randrange(3, 12):02d}-15"
        said = snapshot(at.isoformat(), last, id=f"d{chance.randrange(3)}")
        told.append({**said, "personIdent": f"P{chance.randrange(2)}"} if last else said)
    for number, one in enumerate(told):
        run(store, "append", "--from", "komet", write(folder, f"{number}", one), code=None)
    out = folder / "events.csv"
    run(store, "export", "events", "--out", out)
    run(other, "append", out, code=None)
    assert figures(run, other) == figures(run, store)


_BESIDE = (
    {"type": "linked", "same_as": "P2"},
    {"type": "unlinked", "same_as": "P2"},
    {"type": "intensity_changed", "placement": "a", "percent": "37.5"},
    {"type": "measure_started", "measure": "mentor", "placement": "a", "track": "ordinary"},
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(handed_in=rows(), question=questions(), more=st.lists(st.sampled_from(_BESIDE), max_size=3))
def test_any_rows_as_events_give_the_same_bytes_and_figures_in_an_empty_store(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    handed_in: list[Row],
    question: Question,
    more: list[Row],
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    monkeypatch.setenv("FORLOP_SECRET_FILE", str(folder / "secret.key"))
    beside = [
        {**handed_in[0], "replaces": "", "event_id": f"more{number}", **row}
        for number, row in enumerate(more)
    ]
    told, figures = "", []
    for name, given_rows in (("a", [*handed_in, *beside]), ("b", None)):
        engine = open_engine(f"sqlite:///{folder / name}.db", make=True)
        cells = given_rows or list(csv.DictReader(io.StringIO(told)))
        Store(engine).append(_filled(cells))
        out = io.StringIO()
        export_events(engine, out, Reader("kari", "kari", ""))
        assert given_rows or out.getvalue() == told
        told = out.getvalue()
        with reading(engine) as connection:
            facts = dict(every_history(connection))
            keys = keys_of(connection, facts, Seals(connection))
        by_key = {keys[own]: history for own, history in facts.items()}
        answered = reference.answer(
            question, default_profile(), [by_key[k] for k in sorted(by_key)]
        )
        figures.append(as_bytes(answered))
        engine.dispose()
    assert figures[0] == figures[1]


def _filled(cells: list[Row]) -> list[Row]:
    return [{name: text for name, text in row.items() if text} for row in cells]


def test_someone_erased_goes_out_under_the_id_alone(sqlite: str, tmp_path: Path, run: Run) -> None:
    run(sqlite, "append", "--from", "komet", write(tmp_path, "k", snapshot("2024-02-01T09:00:00")))
    run(sqlite, "erase", PERSON, "--reason", "asked for it")
    told = run(sqlite, "export", "events").stdout
    assert PERSON not in told
    assert "measure_started" in told


def test_the_validator_of_microdata_accepts_every_dataset(
    sqlite: str, tmp_path: Path, run: Run
) -> None:
    other = {**snapshot("2024-04-01T09:00:00", "2024-06-30"), "id": "d2", "startDato": "2024-04-01"}
    run(sqlite, "append", "--from", "komet",
        write(tmp_path, "k", snapshot("2024-05-02T09:00:00", "2024-05-01"), other))  # fmt: skip
    run(sqlite, "append", "--from", "kostra_11cf", SAMPLES / "kostra" / "11CF_2026.constructed.dat")
    folder = tmp_path / "out"
    names = run(sqlite, "export", "microdata", "--out", folder).stdout.split()
    assert names == ["PROGRAM_KVP", "TILTAK_UNKNOWN"]
    for name in names:
        working = tmp_path / f"work_{name}"
        working.mkdir()
        assert validate_dataset(name, str(working), str(folder)) == []
    lines = (folder / "TILTAK_UNKNOWN" / "TILTAK_UNKNOWN.csv").read_text("utf-8").splitlines()
    assert f"{PERSON};unknown;2024-02-01;2024-06-30;" in lines  # two stays that overlap are one


def test_spells_that_meet_are_one_and_one_that_runs_on_takes_in_the_rest() -> None:
    from datetime import date as d  # noqa: PLC0415

    assert merged([(d(2024, 3, 1), d(2024, 4, 1)), (d(2024, 1, 1), d(2024, 3, 1))]) == [
        (d(2024, 1, 1), d(2024, 4, 1))
    ]
    assert merged([(d(2024, 1, 1), None), (d(2025, 1, 1), d(2025, 2, 1))]) == [
        (d(2024, 1, 1), None)
    ]
    apart = [(d(2024, 1, 1), d(2024, 2, 1)), (d(2024, 2, 2), None)]
    assert merged(apart) == apart


@pytest.mark.parametrize("year", [2025, 2026])
def test_the_form_of_a_municipality_is_read_back_as_what_the_log_says(
    sqlite: str, tmp_path: Path, run: Run, year: int
) -> None:
    sent = SAMPLES / "kostra" / "11CF_2026.constructed.dat"
    run(sqlite, "append", "--from", "kostra_11cf", sent)
    out = tmp_path / "form.dat"
    result = run(sqlite, "export", "kostra_11cf", year, "--out", out)
    assert "EKTSTAT is not known" in result.output
    back = kostra_11cf.read(out.read_bytes(), Delivery(RECEIVED))
    assert back.problems == []
    if year == 2025:
        assert [version.says["stop"] for version in back.versions] == [None] * len(back.versions)
        return
    first = {v.says["participant"]: v.says for v in kostra_11cf.read(
        sent.read_bytes(), Delivery(RECEIVED)).versions}  # fmt: skip
    again = {version.says["participant"]: version.says for version in back.versions}
    for person, says in again.items():
        same = ("entered", "begun", "stop", "reason", "destination", "municipality", "applied")
        assert {n: says[n] for n in same} == {n: first[person][n] for n in same}
    assert set(again) == set(first)


def test_a_municipality_that_the_log_does_not_know_is_wrong_use_and_says_which_it_does(
    sqlite: str, tmp_path: Path, run: Run
) -> None:
    run(sqlite, "append", "--from", "kostra_11cf", SAMPLES / "kostra" / "11CF_2026.constructed.dat")
    out = tmp_path / "form.dat"
    asked = ("export", "kostra_11cf", 2026, "--out", out, "--municipality")
    refused = run(sqlite, *asked, "9999", code=1)
    assert isinstance(refused.exception, WrongUseError)
    assert str(refused.exception).endswith("no municipality 9999; only 1106")
    assert not out.exists()
    assert "4 records" in run(sqlite, *asked, "1106").output


def test_a_programme_that_began_before_its_decision_keeps_both_days_in_the_form(
    sqlite: str, tmp_path: Path, run: Run
) -> None:
    sent = (SAMPLES / "kostra" / "11CF_2026.constructed.dat").read_bytes().splitlines()[0]
    early = tmp_path / "early.dat"
    early.write_bytes(sent.replace(b"13102025", b"15092025"))  # begun ten days before the decision
    run(sqlite, "append", "--from", "kostra_11cf", early)
    out = tmp_path / "form.dat"
    run(sqlite, "export", "kostra_11cf", 2026, "--out", out)
    [record] = out.read_bytes().splitlines()
    assert record[40:64] == b"10092025" + b"25092025" + b"15092025"


def test_a_year_without_a_layout_is_wrong_use(sqlite: str, tmp_path: Path, run: Run) -> None:
    run(sqlite, "append", "--from", "kostra_11cf", SAMPLES / "kostra" / "11CF_2026.constructed.dat")
    result = run(sqlite, "export", "kostra_11cf", 2019, "--out", tmp_path / "x", code=1)
    assert "the layout of 2019 is not known" in str(result.exception)
