"""The whole process: how soon a command answers, and the most memory that each job holds.

A figure from a ready copy runs in turn with a bare program that does nothing but open the same
tables with DuckDB and run the hand-written SQL; `--help` with one that only imports Typer.
The system counts a process's memory from its parent on: none shows less than this one holds.

python -m benchmarks.command_line --events 1000000
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

import orjson
from sqlalchemy import Engine

from adapters.columnar_copy import ColumnarCopy
from benchmarks import generator, stores
from benchmarks.figures import rounded
from benchmarks.measuring import ROUNDS, Ran, median, run_child, same
from benchmarks.questions import RACED, Raced
from benchmarks.results import Compared, Noted, Row, keep
from domain.calendar import parse_instant, to_microseconds
from projections.layout import Table

_FORLOP: Final = ("-m", "cli.main")
_BARE: Final = """
import duckdb, json, sys
with duckdb.connect(sys.argv[1], read_only=True) as found:
    found.execute("SET enable_progress_bar = false")  # it would be printed among the numbers
    print(json.dumps(found.execute(sys.argv[2]).fetchall()))"""
_YEAR: Final = ("--from", "2020-01-01", "--to", "2020-12-31")
_AT: Final = ("--at", "2021-12-31")
_STOCK: Final = ("stock", *_AT, "--by", "target_group")
# The questions of the race as they are asked on the command line.
_COMMANDS: Final[Mapping[str, Sequence[str]]] = {
    "stock": ("stock", *_AT),
    "stock by target group": _STOCK,
    "flow of measures, a year, by measure": (
        "flow", "--of", "measure", *_YEAR, "--by", "measure"
    ),
    "exits of a year by destination": ("exits", *_YEAR, *_AT, "--by", "destination"),
    "series, 60 months": ("series", "--from", "2016-01-01", "--to", "2020-12-31"),
}  # fmt: skip
_OTHERS: Final = (
    ("dwell", "--of", "measure", *_AT, "--by", "measure"),
    ("funnel", *_YEAR, *_AT),
    ("chains", *_AT),
)
_SHOWN: Final = (("stock", "--help"), ("head",), ("quarantine", "list"))
_APPENDED: Final = 200_000


def main() -> None:
    with stores.asked_for(__doc__) as (engine, count):
        keep("command line", count, list(_measure(engine)))


def _measure(engine: Engine) -> Iterator[Row]:
    url = engine.url.render_as_string(hide_password=False)
    copy = ColumnarCopy(engine)
    copy.throw_away()
    built = _run(url, *_STOCK)
    yield Noted("most memory: building the copy, and a figure", built.megabytes, "MB")
    ours, bare = _in_turn([*_FORLOP, "--help"], ["-c", "import typer"], url)
    yield _compared("forlop --help", "a bare import of Typer", ours, bare)
    for raced in RACED:
        if raced.name in _COMMANDS:
            yield from _against_bare(raced, url, str(copy.path))
    for arguments in (*_OTHERS, *_SHOWN):
        yield _noted(arguments, [_run(url, *arguments) for _ in range(ROUNDS)])
    yield from _append()


def _against_bare(raced: Raced, url: str, copy: str) -> Iterator[Row]:
    """A figure on the command line beside the same question by a program of four lines."""
    command = [*_FORLOP, *_COMMANDS[raced.name], "--json"]
    said = orjson.loads(run_child(command, {"FORLOP_STORE": url}).said)
    known_at = to_microseconds(parse_instant(said["meta"]["known_at"]))
    program = ["-c", _BARE, copy, raced.hand_written(known_at)]
    theirs = [tuple(row) for row in orjson.loads(run_child(program).said)]
    same(rounded(raced.numbers(Table(said["rows"], said["total"]))), rounded(theirs), raced.name)
    ours, bare = _in_turn(command, program, url)
    yield _compared(raced.name, "a bare program with hand-written SQL", ours, bare)


def _in_turn(ours: Sequence[str], theirs: Sequence[str], url: str) -> tuple[list[Ran], list[Ran]]:
    found: tuple[list[Ran], list[Ran]] = ([], [])
    for _ in range(2 * ROUNDS):
        for runs, command in zip(found, (ours, theirs), strict=True):
            runs.append(run_child(command, {"FORLOP_STORE": url}))
    return found


def _compared(what: str, beside: str, ours: list[Ran], bare: list[Ran]) -> Compared:
    most = [max(run.megabytes for run in runs) for runs in (ours, bare)]
    return Compared(
        f"the whole process: {what}",
        beside,
        median([run.took for run in ours]),
        median([run.took for run in bare]),
        note=f"most memory {most[0]:.0f} and {most[1]:.0f} MB",
    )


def _noted(arguments: Sequence[str], runs: list[Ran]) -> Noted:
    took = median([run.took for run in runs])
    most = max(run.megabytes for run in runs)
    note = f"on the clock {took.wall:.2f} s; most memory {most:.0f} MB"
    return Noted(f"processor time: {' '.join(arguments)}", took.cpu, "s", note)


def _append() -> Iterator[Noted]:
    """Appending's memory does not hang on the store: a chunk is all that is held."""
    with tempfile.TemporaryDirectory(prefix="forlop-bench-") as folder:
        path = Path(folder) / "events.csv"
        generator.write_csv(path, islice(generator.events(_APPENDED), _APPENDED))
        ran = _run(f"sqlite:///{folder}/new.db", "append", str(path))
        yield Noted(f"most memory: append of {_APPENDED:,} events", ran.megabytes, "MB")


def _run(url: str, *arguments: str) -> Ran:
    return run_child([*_FORLOP, *arguments], {"FORLOP_STORE": url})


if __name__ == "__main__":
    main()
