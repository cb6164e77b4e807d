"""How long things take, measured so that a busy machine is unfair to all sides alike."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

ROUNDS: Final = 5
Work: TypeAlias = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds on the clock, and of processor time; medians of several rounds.

    Processor time is that of all threads, and of child processes that have ended; a database's
    server is no child.
    """

    wall: float
    cpu: float


def timed(work: Work) -> Took:
    """One run of some work."""
    wall, cpu = time.perf_counter(), processor_time()
    work()
    return Took(time.perf_counter() - wall, processor_time() - cpu)


def processor_time() -> float:
    """What this process has used so far, its ended children with it."""
    used = os.times()
    return time.process_time() + used.children_user + used.children_system


def in_turn(
    sides: Mapping[str, Work], rounds: int = ROUNDS, before: Mapping[str, Work] | None = None
) -> dict[str, Took]:
    """Runs the sides in turn, A B A B, and gives each one's medians.

    `before` is what a side needs done ahead of every run, and is not timed.
    """
    found: dict[str, list[Took]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, work in sides.items():
            if before and name in before:
                before[name]()
            found[name].append(timed(work))
    return {name: median(runs) for name, runs in found.items()}


def median(runs: Sequence[Took]) -> Took:
    return Took(
        statistics.median(run.wall for run in runs), statistics.median(run.cpu for run in runs)
    )


@dataclass(frozen=True, slots=True)
class Ran:
    """A child process: what it took, the most memory it held in MB, and what it printed."""

    took: Took
    megabytes: float
    said: str


def run_child(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> Ran:
    """Runs this Python with some arguments; raises RuntimeError where it fails."""
    started = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {})},
    ) as child:
        assert child.stdout is not None
        said = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"{' '.join(arguments)} ended with {child.returncode}")
    wall = time.perf_counter() - started
    return Ran(Took(wall, usage.ru_utime + usage.ru_stime), usage.ru_maxrss / 1024, said)


def same(ours: Any, theirs: Any, what: str) -> None:
    """Raises ValueError where two sides do not give the same numbers: no race without it."""
    if ours != theirs:
        shown = [str(side)[:600] for side in (ours, theirs)]
        raise ValueError(f"{what}: not the same numbers:\n{shown[0]}\n{shown[1]}")
