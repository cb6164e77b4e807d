"""Nothing is lost and nothing is stored twice, whatever dies half-way."""

from __future__ import annotations

import errno
import os
import random
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from adapters.answers import Asked, answer
from adapters.database import open_engine
from adapters.erasing import erase
from adapters.errors import ForlopError
from adapters.ingest import last_position
from adapters.journeys import replay_of
from adapters.profiles import default_profile
from adapters.verification.store import verify
from tests.guard import faults
from tests.guard.deliveries import KARI, NOW, hand_in, many_rows, row, small_delivery
from tests.guard.faults import (
    assert_whole,
    count_by,
    duration,
    kill_a_refresh,
    kill_after,
    kill_an_append,
    kill_an_erasure,
    kill_many,
    shuffled,
    started,
    stored,
)
from tests.guard.postgres import Server
from tests.guard.small_disks import fill, on_a_small_disk

KILLS = 12


def test_an_append_killed_at_any_moment_loses_nothing_and_doubles_nothing(url: str) -> None:
    engine = open_engine(url, make=True)
    rows = many_rows(900, 60)
    longest = duration(lambda: started(url, lambda own: hand_in(own, rows)).join())
    killed = kill_many(kill_an_append, engine, url, longest, KILLS)
    assert killed >= KILLS // 3
    engine.dispose()


def test_an_erasure_killed_at_any_moment_is_finished_when_asked_again(url: str) -> None:
    engine = open_engine(url, make=True)
    rows = many_rows(900, 1)
    hand_in(engine, rows)
    who = rows[0]["participant"]
    longest = duration(
        lambda: started(url, lambda own: erase(own, who, "krav", "drift", NOW)).join()
    )
    killed = kill_many(kill_an_erasure, engine, url, longest, KILLS)
    assert killed >= KILLS // 3
    engine.dispose()


def test_a_refresh_killed_at_any_moment_leaves_a_copy_that_is_whole_or_made_anew(url: str) -> None:
    engine = open_engine(url, make=True)
    hand_in(engine, many_rows(800, 200))
    longest = duration(lambda: started(url, lambda own: count_by("columnar", own)).join())
    killed = kill_many(kill_a_refresh, engine, url, longest, KILLS // 2)
    assert killed >= KILLS // 6
    assert_whole(engine)
    engine.dispose()


def test_the_making_of_a_store_killed_at_any_moment_can_be_done_again(url: str) -> None:
    for seed in range(6):
        moment = random.Random(seed).uniform(0, 0.05)
        kill_after(url, moment, lambda _: None)
    engine = open_engine(url, make=True)
    hand_in(engine, small_delivery())
    assert_whole(engine)
    assert replay_of(engine, KARI)[0].told
    engine.dispose()


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_full_disk_stores_nothing_of_the_part_that_failed(engine: Engine) -> None:
    before = stored(engine)
    full = open_engine(str(engine.url), make=False)
    pages: list[int] = []

    def limit(connection: Any, _: object) -> None:
        count = connection.execute("PRAGMA page_count").fetchone()[0]
        pages.append(connection.execute(f"PRAGMA max_page_count = {count + 3}").fetchone()[0])

    full.dispose()
    event.listen(full, "connect", limit)
    with pytest.raises(ForlopError, match=r"disk .* is full"):
        hand_in(full, many_rows(3, 400))
    full.dispose()
    assert pages and stored(engine) == before
    assert_whole(engine)
    assert hand_in(engine, many_rows(3, 400)).counts.appended == 1600


@pytest.mark.parametrize("left", [3 << 20, 12 << 20], ids=["tables", "write-ahead log"])
def test_a_full_disk_under_postgresql_stores_nothing_of_the_part_that_failed(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, left: int
) -> None:
    """The server's files on a disk of 120 MB, of which so much is left."""
    monkeypatch.setenv("FORLOP_SECRET_FILE", str(tmp_path_factory.mktemp("secret") / "secret.key"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    disk = tmp_path_factory.mktemp("disk")

    def work() -> None:
        server = Server(disk)
        try:
            url = server.new_database()
            engine = open_engine(url, make=True)
            hand_in(engine, small_delivery())
            before = stored(engine)
            ballast = fill(disk, left)
            rows = many_rows(3, 6000)
            with pytest.raises(ForlopError, match=r"is full|does not answer"):
                hand_in(engine, rows)
            ballast.unlink()
            server.start()
            kept = stored(engine)
            assert kept[: len(before)] == before and len(kept) < len(rows)
            assert_whole(engine)
            assert hand_in(engine, rows).counts.rejected == 0
            assert set(stored(engine)) == {*before, *(one["event_id"] for one in rows)}
            assert_whole(engine)
        finally:
            server.close()

    on_a_small_disk(disk, 120, work)


def test_a_full_disk_under_the_copy_is_told_and_leaves_the_store_alone(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in(engine, many_rows(3, 400))
    engine.dispose()
    disk = tmp_path / "disk"
    disk.mkdir()
    monkeypatch.setenv("FORLOP_COPY", str(disk / "copy.columns"))

    def work() -> None:
        ballast = fill(disk, 300_000)
        with pytest.raises(ForlopError, match="is the disk full"):
            count_by("columnar", engine)
        assert_whole(engine)
        ballast.unlink()
        assert count_by("columnar", engine) == count_by("reference", engine)
        assert_whole(engine)

    on_a_small_disk(disk, 8, work)


def test_a_full_disk_under_the_list_of_erasures_erases_nobody(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(ForlopError, match="nobody was erased"):
            erase(engine, KARI, "krav", "drift", NOW)
    erase(engine, KARI, "krav", "drift", NOW)
    assert_whole(engine)


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("fault", ["connection lost", "server restarted"])
def test_a_lost_connection_or_server_is_told_and_the_append_done_again(
    url: str, postgres: Server, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.ingest.CHUNK", {"postgresql": faults.CHUNK})
    engine = open_engine(url, make=True)
    rows = shuffled(many_rows(5, 300), 5)
    told: list[Exception] = []

    def work() -> None:
        try:
            hand_in(engine, rows)
        except ForlopError as error:
            told.append(error)

    job = threading.Thread(target=work)
    job.start()
    while last_position(engine) < 100:
        pass
    if fault == "connection lost":
        postgres.end_connections()
        job.join()
    else:
        postgres.halt()
        job.join()
        postgres.start()
    assert len(told) == 1
    assert 100 <= len(stored(engine)) < len(rows)
    assert_whole(engine)
    hand_in(engine, rows)
    assert set(stored(engine)) == {one["event_id"] for one in rows}
    assert_whole(engine)
    engine.dispose()


def _read_over_and_over(engine: Engine) -> None:
    while last_position(engine) == 0:
        pass
    for _ in range(6):
        position = last_position(engine)
        asked = Asked("stock", position=position, by=("programme",))
        once = answer(engine, default_profile(), asked).as_json()
        assert answer(engine, default_profile(), asked).as_json() == once
        assert verify(engine).findings == []


def test_eight_writers_with_overlapping_files_while_readers_read(url: str) -> None:
    engine = open_engine(url, make=True)
    rows = many_rows(7, 60)
    files = [shuffled(rows, seed)[: len(rows) * 2 // 3] for seed in range(8)]
    engine.dispose()
    jobs = [started(url, lambda own, file=file: hand_in(own, file)) for file in files]  # type: ignore[misc]
    jobs += [started(url, _read_over_and_over) for _ in range(2)]
    for job in jobs:
        job.join()
    assert [job.exitcode for job in jobs] == [0] * 10
    assert_whole(engine)
    hand_in(engine, rows)
    assert set(stored(engine)) == {one["event_id"] for one in rows}
    assert_whole(engine)
    engine.dispose()


def test_a_clock_set_back_makes_nothing_known_unknown(engine: Engine) -> None:
    without_time = dict(row("c1", KARI, "enrolled", "2025-01-02", programme="tiltaksplan"))
    without_time["recorded_at"] = ""
    hand_in(engine, [without_time], NOW + timedelta(hours=1))
    asked = Asked("stock", by=("programme",))
    position = last_position(engine)
    before = answer(engine, default_profile(), asked)
    later = row("c2", KARI, "met", "2025-01-03", kind="information", attended="true")
    assert hand_in(engine, [later], NOW - timedelta(hours=5)).counts.appended == 1
    assert_whole(engine)
    assert answer(engine, default_profile(), asked).rows == before.rows
    again = Asked("stock", by=("programme",), position=position)
    assert answer(engine, default_profile(), again).as_json() == before.as_json()
