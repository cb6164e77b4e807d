"""What was measured, kept as JSON and shown as RESULTS.md by the run itself.

Below the marker RESULTS.md is written by hand: what the numbers mean, and where a target is missed.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import orjson

from benchmarks.measuring import Took

_HERE: Final = Path(__file__).parent
_KEPT: Final = _HERE / "results.json"
_SHOWN: Final = _HERE / "RESULTS.md"
_MARKER: Final = "<!-- Written by hand from here on; the runs leave it alone. -->"
_PACKAGES: Final = (
    "duckdb",
    "adbc-driver-sqlite",
    "sqlalchemy",
    "eventsourcing",
    "pydantic",
    "pandas",
    "lifelines",
    "pm4py",
    "pyarrow",
)
_HEAD: Final = """# What was measured

Written by `make bench` (about a million events) and `make bench-large` (ten million). Every row is
of one run: both sides in turn on the same data, after a check that they give the same numbers;
medians. Times are on the clock, `cpu` is processor time over all threads; a ratio is Forløp's time
by the other's, so below 1 Forløp is the faster one. On a busy machine the clock is unfair to
whoever uses more threads, and the processor time is the better witness.
"""


@dataclass(frozen=True, slots=True)
class Compared:
    """Forløp beside another way, in seconds for the same work (or for one event of it)."""

    what: str
    beside: str
    ours: Took
    theirs: Took
    unit: str = "s"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Noted:
    """A number that stands for itself: seconds, megabytes, events in a second."""

    what: str
    value: float
    unit: str
    note: str = ""


Row = Compared | Noted


def keep(benchmark: str, events: int, rows: Sequence[Row]) -> None:
    """Prints rows, and puts them in the place of those of an earlier run of the same size."""
    kept = _read()
    key = f"{benchmark}/{events}"
    kept[key] = {
        "benchmark": benchmark,
        "events": events,
        "at": datetime.now(UTC).date().isoformat(),
        "machine": _machine(),
        "versions": _versions(),
        "rows": [{"kind": type(row).__name__, **asdict(row)} for row in rows],
    }
    _KEPT.write_bytes(orjson.dumps(kept, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n")
    sys.stdout.write("\n".join(_section(kept[key])) + "\n")
    render()


def render() -> None:
    """Writes RESULTS.md anew down to the marker."""
    by_hand = ""
    if _SHOWN.exists():
        by_hand = _SHOWN.read_text("utf-8").partition(_MARKER)[2]
    runs = sorted(_read().values(), key=lambda run: (run["benchmark"], run["events"]))
    sections = "\n".join("\n".join(_section(run)) for run in runs)
    _SHOWN.write_text(f"{_HEAD}\n{sections}\n{_MARKER}{by_hand or chr(10)}", "utf-8")


def _read() -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(_KEPT.read_bytes()) if _KEPT.exists() else {}
    return found


def _section(run: dict[str, Any]) -> list[str]:
    lines = [f"## {run['benchmark']}, {run['events']:,} events", ""]
    compared = [row for row in run["rows"] if row["kind"] == "Compared"]
    noted = [row for row in run["rows"] if row["kind"] == "Noted"]
    if compared:
        lines += [
            "| what | beside | Forløp | cpu | other | cpu | unit | ratio | cpu ratio | |",
            "| --- | --- | --: | --: | --: | --: | --- | --: | --: | --- |",
            *map(_compared, compared),
            "",
        ]
    if noted:
        lines += ["| what | | | |", "| --- | --: | --- | --- |", *map(_noted, noted), ""]
    versions = ", ".join(f"{name} {number}" for name, number in run["versions"].items())
    return [*lines, f"{run['at']}; {run['machine']}; {versions}.", ""]


def _compared(row: dict[str, Any]) -> str:
    ours, theirs = row["ours"], row["theirs"]
    ratios = [ours[name] / theirs[name] if theirs[name] else 0.0 for name in ("wall", "cpu")]
    scale = 1e6 if row["unit"] == "µs" else 1.0
    numbers = [scale * side[name] for side in (ours, theirs) for name in ("wall", "cpu")]
    shown = [*map(_short, numbers), row["unit"], *map(_short, ratios)]
    cells = [row["what"], row["beside"], *shown, row["note"]]
    return f"| {' | '.join(cells)} |"


def _noted(row: dict[str, Any]) -> str:
    return f"| {row['what']} | {_short(row['value'])} | {row['unit']} | {row['note']} |"


def _short(number: float) -> str:
    """Three digits that count."""
    if number >= 100:
        return f"{number:,.0f}"
    return f"{number:.3g}"


def _machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    busy = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} shared cores, {memory:.0f} GB, {platform.system()} "
        f"{platform.machine()}, load {busy:.1f}"
    )


def _versions() -> dict[str, str]:
    found = {"Python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def rates(what: str, took: Took, events: int) -> Iterable[Noted]:
    """How many events a second some work came to."""
    yield Noted(what, events / took.wall, "events/s", f"{events / took.cpu:,.0f} by processor time")
