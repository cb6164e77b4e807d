"""The whole process: how soon a command answers, and the most memory that each job holds.

python -m benchmarks.command_line --events 1000000
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from adapters.columnar_copy import ColumnarCopy
from benchmarks import generator, stores
from benchmarks.measuring import ROUNDS, Ran, median, run_child
from benchmarks.results import Noted, keep

_FORLOP: Final = ("-m", "cli.main")
_STOCK: Final = ("stock", "--at", "2021-12-31", "--by", "target_group", "--json")
_FIGURES: Final = (
    _STOCK,
    ("flow", "--of", "measure", "--from", "2020-01-01", "--to", "2020-12-31", "--by", "measure"),
    ("dwell", "--of", "measure", "--at", "2021-12-31", "--by", "measure"),
    ("exits", "--at", "2021-12-31", "--by", "destination"),
    ("series", "--from", "2016-01-01", "--to", "2020-12-31", "--by", "target_group"),
    ("funnel", "--from", "2020-01-01", "--to", "2020-12-31", "--at", "2021-12-31"),
    ("chains", "--at", "2021-12-31"),
)
_APPENDED: Final = 200_000


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--events", type=int, default=1_000_000)
    asked.add_argument("--store", default="", help="one made before, in place of a new one")
    given = asked.parse_args()
    with stores.filled(given.events, given.store) as engine:
        keep("command line", given.events, list(_measure(engine)))


def _measure(engine: Engine) -> Iterator[Noted]:
    url = engine.url.render_as_string(hide_password=False)
    ColumnarCopy(engine).throw_away()
    built = _run(url, *_STOCK)
    yield Noted("most memory: building the copy, and a figure", built.megabytes, "MB")
    yield from _time("forlop --help", [run_child([*_FORLOP, "--help"]) for _ in range(ROUNDS)])
    yield from _time("stock from a ready copy", [_run(url, *_STOCK) for _ in range(ROUNDS)])
    for figure in _FIGURES:
        ran = _run(url, *figure)
        yield Noted(
            f"most memory: {' '.join(figure)}", ran.megabytes, "MB", f"{ran.took.wall:.2f} s"
        )
    yield from _append()


def _append() -> Iterator[Noted]:
    """Appending's memory does not hang on the store: a chunk is all that is held."""
    with tempfile.TemporaryDirectory(prefix="forlop-bench-") as folder:
        path = Path(folder) / "events.csv"
        generator.write_csv(path, islice(generator.events(_APPENDED), _APPENDED))
        ran = _run(f"sqlite:///{folder}/new.db", "append", str(path))
        yield Noted(f"most memory: append of {_APPENDED:,} events", ran.megabytes, "MB")


def _run(url: str, *arguments: str) -> Ran:
    return run_child([*_FORLOP, *arguments], {"FORLOP_STORE": url})


def _time(what: str, runs: list[Ran]) -> Iterator[Noted]:
    took = median([run.took for run in runs])
    yield Noted(what, took.wall, "s", f"the whole process; {took.cpu:.2f} s of processor time")


if __name__ == "__main__":
    main()
