"""A folder that is followed: each file once, none half-written, over restarts and failures."""

from __future__ import annotations

import gzip
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import Engine, select

from adapters.database import open_engine, reading
from adapters.errors import StoreBusyError, WrongUseError
from adapters.follow import Follower, Log, Take
from adapters.ingest import last_position
from adapters.readers.files import Delivery
from adapters.schema import batches
from adapters.summary import Summary
from cli.append import Reading
from tests.guard.postgres import Server
from tests.wiring.test_case_deliveries import PERSON, snapshot, write


def follower(store: str, folder: Path, out: io.StringIO | None = None) -> Follower:
    how = Reading("komet")

    def prepare(file: Delivery) -> Take:
        take = how.prepare(file)
        return lambda engine: take(engine, False, None)

    log = Log(out or io.StringIO())
    return Follower(store, folder, how.name, prepare, log, Event(), every=0.01)


def told(out: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


def test_each_content_is_taken_once_whatever_it_is_called(store: str, inbox: Path) -> None:
    write(inbox, "1.jsonl", snapshot("2024-02-01T09:00:00"))
    out = io.StringIO()
    first = follower(store, inbox, out)
    assert [first.look() for _ in range(4)] == [0, 1, 0, 0]
    write(inbox, "same content.jsonl", snapshot("2024-02-01T09:00:00"))
    write(inbox, "2.jsonl", snapshot("2024-06-01T09:00:00", "2024-05-31"))
    again = follower(store, inbox, out)  # as after a restart
    assert [again.look() for _ in range(3)] == [0, 1, 0]
    assert [line["event"] for line in told(out)] == ["taken", "known", "taken", "known"]
    assert sorted(path.name for path in inbox.iterdir()) == [
        "1.jsonl",
        "2.jsonl",
        "same content.jsonl",
    ]
    engine = open_engine(store, make=False)
    assert last_position(engine) == 2
    with reading(engine) as connection:
        assert len(connection.execute(select(batches.c.sha256).distinct()).all()) == 2
    engine.dispose()


def test_a_file_that_still_grows_is_left_until_it_lies_still(sqlite: str, inbox: Path) -> None:
    path = inbox / "slow.jsonl"
    line = json.dumps(snapshot("2024-02-01T09:00:00"))
    follows = follower(sqlite, inbox)
    path.write_text(line[:40], "utf-8")
    assert follows.look() == 0
    path.write_text(line, "utf-8")
    assert follows.look() == 0
    assert follows.look() == 1


def test_a_file_that_cannot_be_read_is_told_of_once_and_taken_when_it_is_mended(
    sqlite: str, inbox: Path
) -> None:
    out = io.StringIO()
    follows = follower(sqlite, inbox, out)
    (inbox / "a.gz").write_bytes(b"\x1f\x8bnot gzip")
    for _ in range(4):
        follows.look()
    assert [line["event"] for line in told(out)] == ["refused"]
    write(inbox, "a.gz", snapshot("2024-02-01T09:00:00"))
    assert [follows.look() for _ in range(2)] == [0, 1]


def test_it_backs_off_while_the_store_is_away_and_goes_on_when_it_is_back(
    sqlite: str, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(inbox, "1.jsonl", snapshot("2024-02-01T09:00:00"))
    out = io.StringIO()
    follows = follower(sqlite, inbox, out)
    prepare, away = follows.prepare, iter([True, True, False])
    follows.first_wait = 0.01
    monkeypatch.setattr(Follower, "_store_answers", lambda _: False)

    def sometimes(file: Delivery) -> Take:
        if next(away, False):
            raise StoreBusyError("somebody has it")
        take = prepare(file)

        def last(engine: Engine) -> Summary:
            follows.stop.set()
            return take(engine)

        return last

    follows.prepare = sometimes
    follows.run()
    waits = [line["wait_seconds"] for line in told(out) if line["event"] == "store away"]
    assert waits == [0.01, 0.02]
    assert [line["event"] for line in told(out)][-2:] == ["taken", "stopped"]


class Pauses(Event):
    """Does something in each pause between looks, in place of waiting."""

    def __init__(self, then: Callable[[], None]) -> None:
        super().__init__()
        self._then = then

    def wait(self, timeout: float | None = None) -> bool:  # noqa: ARG002
        self._then()
        return self.is_set()


def test_it_goes_on_by_itself_when_the_database_server_was_stopped_and_started(
    server: Server, inbox: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORLOP_SECRET_FILE", str(tmp_path / "secret.key"))
    out, store = io.StringIO(), server.new_database()

    def between_looks() -> None:
        events = [line["event"] for line in told(out)]
        if events == ["following", "taken"] and not (inbox / "2.jsonl").exists():
            write(inbox, "2.jsonl", snapshot("2024-06-01T09:00:00", "2024-05-31"))
            server.halt()
        elif events.count("store away") == 2:
            server.start()
        if events.count("taken") == 2:
            follows.stop.set()

    follows = follower(store, inbox, out)
    follows.stop = Pauses(between_looks)
    write(inbox, "1.jsonl", snapshot("2024-02-01T09:00:00"))
    try:
        follows.run()
    finally:
        server.start()
    events = [line["event"] for line in told(out)]
    assert events == ["following", "taken", "store away", "store away", "taken", "stopped"]
    engine = open_engine(store, make=False)
    assert last_position(engine) == 2
    engine.dispose()


def test_a_file_that_breaks_off_does_not_keep_the_others_waiting(sqlite: str, inbox: Path) -> None:
    whole = gzip.compress(b"source,event_id,participant,type,occurred_on\n" * 400)
    (inbox / "a.csv.gz").write_bytes(whole[:-12])
    (inbox / "b.csv").write_text(
        "source,event_id,participant,type,occurred_on\narena,1,p1,referred,2024-01-01\n", "utf-8"
    )
    out = io.StringIO()
    how = Reading(None)

    def prepare(file: Delivery) -> Take:
        take = how.prepare(file)
        return lambda engine: take(engine, False, None)

    follows = Follower(sqlite, inbox, how.name, prepare, Log(out), Event())
    assert [follows.look() for _ in range(3)] == [0, 1, 0]
    assert [line["event"] for line in told(out)] == ["refused", "taken"]


def test_no_natural_key_gets_into_the_log(sqlite: str, inbox: Path) -> None:
    out = io.StringIO()
    write(inbox, f"{PERSON}.jsonl", {"personIdent": PERSON}, snapshot("2024-02-01T09:00:00"))
    follows = follower(sqlite, inbox, out)
    follows.look()
    follows.look()
    assert told(out)[0]["rejected"] == 1
    assert PERSON not in out.getvalue()


def test_it_stops_cleanly_when_it_is_told_to(sqlite: str, inbox: Path) -> None:
    write(inbox, "1.jsonl", snapshot("2024-02-01T09:00:00"))
    command = [
        sys.executable,
        "-m",
        "cli.main",
        "append",
        "--follow",
        str(inbox),
        "--from",
        "komet",
    ]
    process = subprocess.Popen(
        [*command, "--store", sqlite], stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    assert process.stderr is not None
    events: list[str] = []
    deadline = time.monotonic() + 60
    while "taken" not in events and time.monotonic() < deadline:
        events.append(json.loads(process.stderr.readline())["event"])
    process.send_signal(signal.SIGTERM)
    rest = process.communicate(timeout=60)[1]
    events += [json.loads(line)["event"] for line in rest.splitlines()]
    assert (process.returncode, events) == (0, ["following", "taken", "stopped"])


def test_a_folder_that_is_not_there_is_wrong_use(sqlite: str, inbox: Path) -> None:
    with pytest.raises(WrongUseError, match="there is no folder"):
        follower(sqlite, inbox / "none").run()
