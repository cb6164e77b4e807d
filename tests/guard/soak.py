"""Kills appends, erasures and refreshes of the copy, on both databases, for as long as asked.

python -m tests.guard.soak --minutes 10 --seed 1
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from adapters.database import open_engine
from tests.guard.deliveries import hand_in, many_rows
from tests.guard.faults import (
    count_by,
    duration,
    kill_a_refresh,
    kill_an_append,
    kill_an_erasure,
    started,
)
from tests.guard.postgres import Server


def main() -> None:
    """Prints how many jobs were killed; a broken promise ends it with the seed in the trace."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    end = time.monotonic() + given.minutes * 60
    server = Server()
    with tempfile.TemporaryDirectory(prefix="forlop-soak-") as folder:
        os.environ["FORLOP_SECRET_FILE"] = str(Path(folder) / "secret.key")
        os.environ["XDG_CACHE_HOME"] = str(Path(folder) / "cache")
        tried: Counter[str] = Counter()
        killed: Counter[str] = Counter()
        try:
            while time.monotonic() < end:
                seed = given.seed + tried.total()
                files = Path(folder) / f"store-{seed}.db"
                for url in (f"sqlite:///{files}", server.new_database()):
                    _one_store(url, seed, end, tried, killed)
                told = ", ".join(f"{killed[job]} of {tried[job]} {job}" for job in tried)
                sys.stdout.write(f"killed {told}; every store whole\n")
                sys.stdout.flush()
        finally:
            server.close()


def _one_store(url: str, seed: int, end: float, tried: Counter[str], killed: Counter[str]) -> None:
    """Some sixty jobs on one store, before it grows too large to be verified after each."""
    engine = open_engine(url, make=True)
    longest = duration(lambda: started(url, lambda own: hand_in(own, many_rows(0, 60))).join())
    counting = duration(lambda: started(url, lambda own: count_by("columnar", own)).join())
    kind = engine.dialect.name
    for turn in range(20):
        if time.monotonic() > end:
            break
        for job, kill, number, moment in (
            ("appends", kill_an_append, 2 * turn + 1, longest),
            ("erasures", kill_an_erasure, 500 + turn, longest / 4),
            ("refreshes", kill_a_refresh, 700 + turn, counting),
        ):
            killed[f"{job} on {kind}"] += kill(engine, url, seed + number, moment)
            tried[f"{job} on {kind}"] += 1
    engine.dispose()


if __name__ == "__main__":
    main()
