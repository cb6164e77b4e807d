"""Whoever reads about one person is written down first: who, when, whose, why."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner, Result

from adapters.access_log import accesses_of, reader, record_access, require_reason
from adapters.errors import ForlopError, UnknownParticipantError, WrongUseError
from adapters.journeys import replay_of, trace_of
from adapters.verification.store import verify
from cli.main import app
from tests.guard.deliveries import KARI, OLA, UNKNOWN, small_delivery, write_csv


def forlop(*arguments: str, **environment: str) -> Result:
    """A command in this process; the exit code that `cli.main.run` gives its errors is set here."""
    result = CliRunner(env=environment).invoke(app, arguments)
    if isinstance(result.exception, ForlopError):
        result.exit_code = 2 if isinstance(result.exception, WrongUseError) else 1
    return result


def test_a_replay_is_recorded_by_the_participant_s_id_and_not_by_the_key(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORLOP_USER", "saksbehandler 7")
    replay_of(engine, KARI, by=reader(reason="sak 26/881"))
    replay_of(engine, KARI, by=reader("kari", "klage"))
    first, second = accesses_of(engine, trace_of(engine, KARI))
    assert (first.who, first.what, first.reason) == ("saksbehandler 7", "replay", "sak 26/881")
    assert (second.who, second.reason) == ("kari", "klage")
    assert first.os_user == second.os_user != ""
    assert KARI not in str(first.as_json())
    assert verify(engine).findings == []


def test_asking_for_somebody_unknown_is_recorded_as_well(engine: Engine) -> None:
    with pytest.raises(UnknownParticipantError):
        replay_of(engine, "99999999999", by=reader("kari", "nysgjerrig"))
    (access,) = accesses_of(engine)
    assert (len(access.participant), access.reason) == (32, "nysgjerrig")
    assert "99999999999" not in str(access.as_json())


def test_without_a_reason_nobody_is_shown_where_the_store_requires_one(engine: Engine) -> None:
    replay_of(engine, KARI)
    require_reason(engine, reader("leder"), True)
    with pytest.raises(WrongUseError, match="--reason"):
        replay_of(engine, KARI)
    with pytest.raises(WrongUseError, match="--reason"):
        replay_of(engine, KARI, by=reader(reason="   "))
    replay_of(engine, KARI, by=reader(reason="sak"))
    require_reason(engine, reader("leder"), False)
    replay_of(engine, KARI)
    what = [access.what for access in accesses_of(engine)]
    on, off = "access require-reason on", "access require-reason off"
    assert what == ["replay", on, "replay", off, "replay"]


def test_one_read_of_many_rows_names_each_participant_once(engine: Engine) -> None:
    record_access(engine, reader("kari", "sak"), "export", [b"a" * 16, b"b" * 16, b"a" * 16])
    assert [access.participant[:1] for access in accesses_of(engine)] == [b"a", b"b"]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_of_many_reads_the_last_are_listed_and_json_has_all(engine: Engine, url: str) -> None:
    by = reader("kari", "sak")
    record_access(engine, by, "export", [bytes([n]) * 16 for n in range(60)])
    few = forlop("access", "list", "--store", url, "--limit", "2").stdout.splitlines()
    assert [line.split()[0] for line in few] == ["…", "59", "60"]
    assert len(forlop("access", "list", "--store", url).stdout.splitlines()) == 51
    assert len(forlop("access", "list", "--store", url, "--limit", "0").stdout.splitlines()) == 60
    assert len(orjson.loads(forlop("access", "list", "--store", url, "--json").stdout)) == 60


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_the_commands_record_list_and_erase(tmp_path: Path, url: str) -> None:
    """The whole way, as a person goes it: append, show, export, list, erase, replay, verify."""
    file = write_csv(tmp_path / "rows.csv", small_delivery())
    at = ("--store", url)
    appended = forlop("append", str(file), *at, "--json")
    assert (appended.exit_code, orjson.loads(appended.stdout)["appended"]) == (3, 5)
    again = forlop("append", str(file), *at)
    assert KARI not in again.stderr and UNKNOWN not in again.stderr
    shown = forlop("quarantine", "show", *at, "--as", "kari", "--reason", "feil")
    assert KARI in shown.stdout
    forlop("quarantine", "export", *at, "--reason", "retting", FORLOP_USER="ola")
    listed = forlop("quarantine", "list", "--json", *at).stdout
    assert KARI not in listed and "row" not in orjson.loads(listed)[0]
    accesses = orjson.loads(forlop("access", "list", "--json", *at).stdout)
    assert {(one["who"], one["what"], one["reason"]) for one in accesses} == {
        ("kari", "quarantine show", "feil"),
        ("ola", "quarantine export", "retting"),
    }
    assert forlop("access", "require-reason", "on", *at).exit_code == 0
    assert forlop("replay", KARI, *at).exit_code == 2
    erased = forlop("erase", KARI, "--reason", "krav", *at)
    assert (erased.exit_code, KARI in erased.stdout) == (0, False)
    replayed = forlop("replay", KARI, *at, "--reason", "sak", "--json")
    assert set(orjson.loads(replayed.stdout)["erased"]) == {"on", "why"}
    position, head = forlop("head", *at).stdout.split()
    assert forlop("verify", "--head", head, "--position", position, *at).exit_code == 0
    assert forlop("verify", "--head", "0" * 64, "--position", position, *at).exit_code == 1
    assert forlop("verify", "--head", head, *at).exit_code == 2


LOOKS = {
    "replay": ["replay", KARI],
    "explain stock": ["explain", "stock", "--at", "2024-03-01"],
    "explain exits": ["explain", "exits", "--at", "2024-06-01", "--participant", KARI, "--json"],
    "diff exits": [
        *("diff", "exits", "--at", "2024-06-01", "--known-at", "2024-04-01"),
        *("--known-at", "2024-06-01"),
    ],
    "quarantine show": ["quarantine", "show"],
    "quarantine export": ["quarantine", "export"],
    "export events": ["export", "events"],
}


@pytest.mark.parametrize("what", LOOKS)
@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_every_look_at_a_person_needs_a_reason_and_is_recorded(
    what: str, engine: Engine, url: str
) -> None:
    require_reason(engine, reader("leder"), True)
    before = len(accesses_of(engine))
    refused = forlop(*LOOKS[what], "--store", url, "--as", "kari")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "--reason" in str(refused.exception)
    assert len(accesses_of(engine)) == before
    shown = forlop(*LOOKS[what], "--store", url, "--as", "kari", "--reason", "sak 26/881")
    assert (shown.exit_code, KARI in shown.stdout) == (0, True)
    found = accesses_of(engine)[before:]
    assert {(one.who, one.what, one.reason) for one in found} == {("kari", what, "sak 26/881")}
    assert trace_of(engine, KARI) in {one.participant for one in found}
    assert not any(key in str(one.as_json()) for one in found for key in (KARI, OLA, UNKNOWN))


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_an_output_made_again_is_a_look_as_well(engine: Engine, url: str, tmp_path: Path) -> None:
    for what in ("explain stock", "explain exits", "diff exits"):
        json = [] if "--json" in LOOKS[what] else ["--json"]
        published = forlop(*LOOKS[what], *json, "--store", url, "--reason", "sak")
        (tmp_path / "published.json").write_bytes(published.stdout_bytes)
        before = len(accesses_of(engine))
        again = forlop("rerun", str(tmp_path / "published.json"), "--store", url, "--as", "ola")
        assert again.exit_code == 0, again.output
        assert {(one.who, one.what) for one in accesses_of(engine)[before:]} == {("ola", what)}


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_whoever_is_not_told_of_is_not_recorded(engine: Engine, url: str) -> None:
    before = len(accesses_of(engine))
    months = ("--from", "2024-01-01", "--to", "2024-03-31")
    assert forlop("diff", "flow", "--triangle", *months, "--store", url).exit_code == 0
    shown = forlop(
        "explain",
        "flow",
        "--from",
        "2024-01-01",
        "--to",
        "2024-06-01",
        "--store",
        url,
        "--limit",
        "1",
    )
    assert (shown.exit_code, "2 persons in it, 1 of them here" in shown.stdout) == (0, True)
    (access,) = accesses_of(engine)[before:]
    assert access.participant == trace_of(engine, KARI)
    assert OLA not in shown.stdout


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_someone_erased_is_not_explained(engine: Engine, url: str) -> None:
    asked = ("explain", "exits", "--at", "2024-06-01", "--store", url)
    assert forlop("erase", KARI, "--reason", "krav", "--store", url).exit_code == 0
    one = forlop(*asked, "--participant", KARI)
    assert accesses_of(engine)[-1].what == "explain exits"
    assert (one.exit_code, "erased" in str(one.exception)) == (1, True)
    cell = forlop(*asked)
    assert (cell.exit_code, "erased" in cell.stdout, KARI in cell.stdout) == (0, True, False)
