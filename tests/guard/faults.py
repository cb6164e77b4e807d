"""Jobs that are killed at a moment that a seed decides, and what must hold afterwards."""

from __future__ import annotations

import multiprocessing
import os
import random
import time
from collections.abc import Callable, Sequence
from multiprocessing.context import ForkProcess

from sqlalchemy import Engine, select

from adapters import ingest
from adapters.answers import Asked, EngineName, answer
from adapters.columnar_copy import ColumnarCopy
from adapters.database import open_engine, reading
from adapters.erasing import erase
from adapters.errors import ErasedError
from adapters.profiles import default_profile
from adapters.schema import events
from adapters.verification.columns import CopyCheck
from adapters.verification.store import verify
from tests.guard.deliveries import NOW, Row, hand_in, many_rows

_FORK = multiprocessing.get_context("fork")  # a new interpreter would take longer than the job
CHUNK = 40


def in_small_chunks() -> None:
    """Makes a job of many transactions out of a small file, in the process that calls it."""
    for name in ingest.CHUNK:
        ingest.CHUNK[name] = CHUNK


def _job(url: str, work: Callable[[Engine], object]) -> None:
    in_small_chunks()
    engine = open_engine(url, make=True)
    work(engine)
    engine.dispose()
    os._exit(0)  # nothing of the tests' own is run at the end


def started(url: str, work: Callable[[Engine], object]) -> ForkProcess:
    process = _FORK.Process(target=_job, args=(url, work))
    process.start()
    return process


def kill_after(url: str, seconds: float, work: Callable[[Engine], object]) -> bool:
    """Starts a job and kills it, signal 9, after some seconds; whether it was killed in time."""
    process = started(url, work)
    process.join(seconds)
    process.kill()
    process.join()
    return process.exitcode == -9


def shuffled(rows: Sequence[Row], seed: int) -> list[Row]:
    """The rows out of order, so that some wait in quarantine for the others."""
    mixed = list(rows)
    random.Random(seed).shuffle(mixed)
    return mixed


def stored(engine: Engine) -> list[str]:
    """The ids of the events in the log, by position."""
    with reading(engine) as connection:
        query = select(events.c.source_event_id).order_by(events.c.id)
        return list(connection.execute(query).scalars())


def assert_whole(engine: Engine) -> None:
    """Nothing twice, no gap, and everything that `verify` looks at, the columnar copy too."""
    kept = stored(engine)
    assert len(kept) == len(set(kept))
    report = verify(engine, further=[CopyCheck(engine)])
    assert report.findings == [], [str(found) for found in report]


def kill_an_append(engine: Engine, url: str, seed: int, longest: float) -> bool:
    """Kills one append, checks what is left, and hands the same rows in again."""
    rows = shuffled(many_rows(seed, 60), seed)
    moment = random.Random(seed).uniform(0, longest)
    killed = kill_after(url, moment, lambda own: hand_in(own, rows))
    assert_whole(engine)
    hand_in(engine, rows)
    assert_whole(engine)
    assert {row["event_id"] for row in rows} <= set(stored(engine))
    return killed


def kill_an_erasure(engine: Engine, url: str, seed: int, longest: float) -> bool:
    """Kills one erasure, checks what is left, and asks for the same again."""
    rows = many_rows(seed, 1)
    who = rows[0]["participant"]
    hand_in(engine, rows)
    moment = random.Random(seed).uniform(0, longest)
    killed = kill_after(url, moment, lambda own: erase(own, who, "krav", "drift", NOW))
    assert_whole(engine)
    for _ in range(2):
        try:
            erase(engine, who, "krav", "drift", NOW)
        except ErasedError:
            continue
    assert_whole(engine)
    assert hand_in(engine, rows).counts.duplicates == len(rows)
    return killed


def count_by(engine_name: EngineName, engine: Engine) -> list[bytes]:
    """Some figures, by the columnar copy or by the reference."""
    asks = (Asked("stock", by=("programme",)), Asked("exits", by=("destination",)))
    return [answer(engine, default_profile(), one, engine_name).as_json() for one in asks]


def kill_a_refresh(engine: Engine, url: str, seed: int, longest: float) -> bool:
    """Kills one refresh of the columnar copy, some of them from nothing, and counts again."""
    hand_in(engine, many_rows(seed, 20))
    if seed % 3 == 0:
        ColumnarCopy(engine).throw_away()
    moment = random.Random(seed).uniform(0, longest)
    killed = kill_after(url, moment, lambda own: count_by("columnar", own))
    assert_whole(engine)  # whatever is there of the copy is whole, at the position that it names
    assert count_by("columnar", engine) == count_by("reference", engine)
    return killed


def kill_many(
    kill: Callable[[Engine, str, int, float], bool],
    engine: Engine,
    url: str,
    longest: float,
    count: int,
) -> int:
    """Kills jobs within some seconds, sooner after each that was done before its moment came.

    How many were killed in time: what the machine has to do besides changes from job to job.
    """
    killed = 0
    for seed in range(count):
        in_time = kill(engine, url, seed, longest)
        killed += in_time
        longest *= 1.0 if in_time else 0.8
    return killed


def duration(work: Callable[[], object]) -> float:
    """Seconds that some work takes, at least a hundredth."""
    begun = time.perf_counter()
    work()
    return max(time.perf_counter() - begun, 0.01)
