"""All benchmarks of one size, on one store: `python -m benchmarks --events 1000000`."""

from __future__ import annotations

import argparse
import sys

from benchmarks import stores
from benchmarks.measuring import run_child


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--events", type=int, default=1_000_000)
    asked.add_argument("--append", type=int, default=500_000, help="events that are appended")
    asked.add_argument("--stored", type=int, default=500_000, help="in the store beforehand")
    asked.add_argument("--snapshots", type=int, default=100_000, help="of Komet that are appended")
    asked.add_argument("--store", default="", help="one made before, in place of a new one")
    given = asked.parse_args()
    appended = ["--events", str(given.append), "--stored", str(given.stored)]
    sys.stdout.write(run_child(["-m", "benchmarks.append", *appended]).said)
    sys.stdout.write(run_child(["-m", "benchmarks.komet_speed", str(given.snapshots)]).said)
    with stores.filled(given.events, given.store) as engine:
        store = engine.url.render_as_string(hide_password=False)
        # Each in a process of its own, so that none starts with the memory of the one before.
        for name in ("copying", "figures", "proof", "command_line", "verifying"):
            asks = ["-m", f"benchmarks.{name}", "--events", str(given.events), "--store", store]
            sys.stdout.write(run_child(asks).said)
            sys.stdout.flush()


if __name__ == "__main__":
    main()
