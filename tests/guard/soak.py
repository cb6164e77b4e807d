"""Kills appends and erasures, on both databases, for as long as asked.

python -m tests.guard.soak --minutes 10 --seed 1
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from adapters.database import open_engine
from tests.guard.deliveries import hand_in, many_rows
from tests.guard.faults import duration, kill_an_append, kill_an_erasure, started
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
        tried, killed = 0, 0
        try:
            while time.monotonic() < end:
                files = Path(folder) / f"store-{tried}.db"
                for url in (f"sqlite:///{files}", server.new_database()):
                    rounds = _one_store(url, given.seed + tried, end)
                    tried, killed = tried + rounds[0], killed + rounds[1]
                sys.stdout.write(f"{tried} jobs, {killed} of them killed, every store whole\n")
                sys.stdout.flush()
        finally:
            server.close()


def _one_store(url: str, seed: int, end: float) -> tuple[int, int]:
    """Some forty jobs on one store, before it grows too large to be verified after each."""
    engine = open_engine(url, make=True)
    longest = duration(lambda: started(url, lambda own: hand_in(own, many_rows(0, 60))).join())
    tried = killed = 0
    for turn in range(20):
        if time.monotonic() > end:
            break
        killed += kill_an_append(engine, url, seed + 2 * turn + 1, longest)
        killed += kill_an_erasure(engine, url, seed + 500 + turn, longest / 4)
        tried += 2
    engine.dispose()
    return tried, killed


if __name__ == "__main__":
    main()
