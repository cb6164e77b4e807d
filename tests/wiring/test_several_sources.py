"""What sources claim against their dates, and stays that two of them tell of, counted once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapters.errors import WrongUseError
from adapters.precedence import precedence, read_rules
from tests.wiring.conftest import Run
from tests.wiring.test_case_deliveries import PERSON, snapshot, write

EMPLOYER = {
    "avtaleId": "a1",
    "deltakerFnr": PERSON,
    "tiltakstype": "ARBEIDSTRENING",
    "avtaleStatus": "GJENNOMFØRES",
    "startDato": "2025-01-07",
    "sluttDato": None,
    "opprettetTidspunkt": "2025-01-02T10:00:00Z",
    "sistEndret": "2025-01-20T10:00:00Z",
}


def arena(pos: int, at: str, last_day: str | None, status: str = "GJENN") -> dict[str, object]:
    row = {
        "TILTAKDELTAKER_ID": 77,
        "PERSON_ID": PERSON,
        "TILTAKGJENNOMFORING_ID": 5,
        "DELTAKERSTATUSKODE": status,
        "DATO_FRA": "2025-01-06 00:00:00",
        "DATO_TIL": None if last_day is None else f"{last_day} 00:00:00",
        "DATO_STATUSENDRING": "2025-01-06 00:00:00" if status == "GJENN" else at,
        "REG_DATO": "2025-01-02 00:00:00",
    }
    table = "SIAMO.TILTAKDELTAKER"
    return {"table": table, "op_type": "U", "op_ts": at, "pos": f"{pos:020d}", "after": row}


IMPLEMENTATION = {
    "table": "SIAMO.TILTAKGJENNOMFORING",
    "op_type": "I",
    "op_ts": "2025-01-01 08:00:00",
    "pos": "00000000000000000001",
    "after": {"TILTAKGJENNOMFORING_ID": 5, "TILTAKSKODE": "ARBTREN"},
}


def stock(run: Run, store: str, *more: str) -> int:
    asked = ("stock", "--of", "measure", "--at", "2025-02-15", "--json", *more)
    found: int = json.loads(run(store, *asked).stdout)["total"]["spells"]
    return found


@pytest.mark.parametrize("first", ["arena", "team_tiltak"])
def test_a_stay_that_two_sources_tell_of_is_counted_once_whichever_comes_first(
    store: str, tmp_path: Path, run: Run, first: str
) -> None:
    files = {
        "arena": write(tmp_path, "a", IMPLEMENTATION, arena(2, "2025-01-10 09:00:00", None)),
        "team_tiltak": write(tmp_path, "t", EMPLOYER),
    }
    for system in sorted(files, key=lambda name: name != first):
        run(store, "append", "--from", system, files[system])
    assert stock(run, store) == 1
    [row] = json.loads(run(store, "overlaps", "--json").stdout)["rows"]
    assert (row["holds"]["source"], row["left_out"]["source"]) == ("team_tiltak", "arena")
    assert (row["settled"], row["by_rule"], row["measure"]) == (True, True, "work_training")
    known_before = ("--known-at", "2025-01-15")  # only Arena had told of it then
    assert stock(run, store, *known_before) == 1
    [apart] = json.loads(run(store, "disagreements", "--at", "2025-02-15", "--json").stdout)["rows"]
    assert (apart["kind"], apart["says"]) == ("sources", "start 2025-01-06")


def test_a_stay_comes_back_when_the_one_that_held_is_annulled(
    sqlite: str, tmp_path: Path, run: Run
) -> None:
    run(sqlite, "append", "--from", "arena",
        write(tmp_path, "a", IMPLEMENTATION, arena(2, "2025-01-10 09:00:00", None)))  # fmt: skip
    run(sqlite, "append", "--from", "team_tiltak", write(tmp_path, "t", EMPLOYER))
    wrong = {**EMPLOYER, "feilregistrert": True, "sistEndret": "2025-03-01T10:00:00Z"}
    run(sqlite, "append", "--from", "team_tiltak", write(tmp_path, "t2", wrong))
    assert json.loads(run(sqlite, "overlaps", "--json").stdout)["rows"] == []
    assert stock(run, sqlite) == 1
    stopped = arena(3, "2025-04-02 09:00:00", "2025-02-10", "FULLF")
    run(sqlite, "append", "--from", "arena", write(tmp_path, "a2", stopped))
    assert stock(run, sqlite) == 0


def test_the_table_of_sources_can_be_edited_and_settled_anew(
    sqlite: str, tmp_path: Path, run: Run
) -> None:
    run(sqlite, "append", "--from", "arena",
        write(tmp_path, "a", IMPLEMENTATION, arena(2, "2025-01-10 09:00:00", None)))  # fmt: skip
    run(sqlite, "append", "--from", "team_tiltak", write(tmp_path, "t", EMPLOYER))
    (tmp_path / "profile.toml").write_text('name = "ours"\nextends = "default"\n', "utf-8")
    table = tmp_path / "sources.csv"
    table.write_text("measure,source,ends_from,ends_to,note\nwork_training,arena,,,ours\n", "utf-8")
    result = run(sqlite, "overlaps", "--settle", "--profile", tmp_path)
    assert (
        "arena 77 [2025-01-06, …) holds; team_tiltak a1 [2025-01-07, …) left out" in result.stdout
    )
    assert "overlaps: 1, not settled: 0" in result.stdout
    assert stock(run, sqlite) == 1


def test_a_stay_that_came_as_events_is_reported_and_not_taken_out(
    sqlite: str, tmp_path: Path, run: Run
) -> None:
    events = tmp_path / "events.csv"
    events.write_text(
        "source,event_id,participant,type,occurred_on,measure,placement,track\n"
        f"tiltakshistorikk,1,{PERSON},measure_started,2025-01-06,work_training,x,ordinary\n",
        "utf-8",
    )
    run(sqlite, "append", events)
    run(sqlite, "append", "--from", "team_tiltak", write(tmp_path, "t", EMPLOYER))
    [row] = json.loads(run(sqlite, "overlaps", "--json").stdout)["rows"]
    assert (row["left_out"]["placement"], row["settled"]) == ("x", False)


def test_a_stay_that_comes_as_events_holds_over_a_systems_as_soon_as_it_is_in(
    store: str, tmp_path: Path, run: Run
) -> None:
    run(store, "append", "--from", "arena",
        write(tmp_path, "a", IMPLEMENTATION, arena(2, "2025-01-10 09:00:00", None)))  # fmt: skip
    header = "source,event_id,participant,type,occurred_on,recorded_at,measure,placement,track"
    started = "2025-01-07,2025-01-20T09:00:00Z,work_training,a1,ordinary"
    events = tmp_path / "events.csv"
    events.write_text(f"{header}\nteam_tiltak,1,{PERSON},measure_started,{started}\n", "utf-8")
    told = json.loads(run(store, "append", events, "--json").stdout)
    assert [told[name] for name in ("read", "appended", "position")] == [1, 1, 4]
    assert stock(run, store) == 1
    assert stock(run, store, "--known-at", "2025-01-15") == 1
    [row] = json.loads(run(store, "overlaps", "--json").stdout)["rows"]
    assert (row["left_out"]["source"], row["settled"]) == ("arena", True)
    assert json.loads(run(store, "append", events, "--json").stdout)["position"] == 4
    assert "whole" in run(store, "verify").stdout


def test_two_keys_that_turn_out_to_be_one_person_in_a_file_of_events_are_settled_with_it(
    sqlite: str, tmp_path: Path, run: Run
) -> None:
    run(sqlite, "append", "--from", "arena",
        write(tmp_path, "a", IMPLEMENTATION, arena(2, "2025-01-10 09:00:00", None)))  # fmt: skip
    employer = {**EMPLOYER, "deltakerFnr": "05879810045"}
    run(sqlite, "append", "--from", "team_tiltak", write(tmp_path, "t", employer))
    assert stock(run, sqlite) == 2
    events = tmp_path / "events.csv"
    events.write_text("source,event_id,participant,type,occurred_on,same_as\n"
                      f"register,1,{PERSON},linked,2025-01-01,05879810045\n", "utf-8")  # fmt: skip
    run(sqlite, "append", events)
    assert stock(run, sqlite) == 1


def test_a_claim_that_the_dates_do_not_bear_out_is_reported_at_its_cutoff(
    sqlite: str, tmp_path: Path, run: Run
) -> None:
    late = {**snapshot("2024-03-01T09:00:00", "2024-05-31"), "status": {"type": "DELTAR"}}
    run(sqlite, "append", "--from", "komet", write(tmp_path, "k", late))

    def found(at: str, *more: str) -> list[dict[str, str]]:
        asked = ("disagreements", "--at", at, "--json", *more)
        rows: list[dict[str, str]] = json.loads(run(sqlite, *asked).stdout)["rows"]
        return rows

    assert found("2024-05-31") == []
    [row] = found("2024-06-01")
    assert (row["says"], row["against"]) == (
        "DELTAR (under_way)",
        "stopped: 2024-02-01 to 2024-05-31",
    )
    assert found("2024-06-01", "--known-at", "2024-02-28") == []
    accesses = json.loads(run(sqlite, "access", "list", "--json").stdout)
    assert [a["what"] for a in accesses] == ["disagreements"]
    assert PERSON not in run(sqlite, "disagreements", "--at", "2024-06-01").output


def test_a_claim_of_one_stay_is_never_held_against_another(
    sqlite: str, tmp_path: Path, run: Run
) -> None:
    ended = arena(3, "2025-03-01 09:00:00", "2025-02-10", "FULLF")
    again = arena(4, "2025-04-01 09:00:00", None, "AKTUELL")
    again["after"] = {**again["after"], "TILTAKDELTAKER_ID": 78, "DATO_FRA": None}  # type: ignore[dict-item]
    run(sqlite, "append", "--from", "arena", write(tmp_path, "a", IMPLEMENTATION, ended, again))
    found = json.loads(run(sqlite, "disagreements", "--at", "2025-05-01", "--json").stdout)
    assert found["rows"] == []


def test_a_status_is_held_against_the_dates_from_when_it_was_given(
    sqlite: str, tmp_path: Path, run: Run
) -> None:
    ended = snapshot("2024-06-01T09:00:00", "2024-06-20")  # says so before the last day has passed
    run(sqlite, "append", "--from", "komet", write(tmp_path, "k", ended))
    counts = []
    for at in ("2024-05-31", "2024-06-10", "2024-06-21"):
        found = json.loads(run(sqlite, "disagreements", "--at", at, "--json").stdout)
        counts.append([row["says"] for row in found["rows"]])
    assert counts == [[], ["HAR_SLUTTET (stopped)"], []]


def test_a_table_that_does_not_read_says_where() -> None:
    assert len(precedence()) == 11
    with pytest.raises(WrongUseError, match=r"t.csv, line 2: not a date"):
        read_rules("measure,source,ends_from,ends_to,note\n,komet,2023,,\n", "t.csv")
