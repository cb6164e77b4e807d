"""How the engine on Spark grows: the demo's registers many times over, as other participants.

    python -m tests.spark.scaling --events 1000000

Prints one row: events, seconds and core-seconds to build the rectangles, seconds for each figure,
and the same on the embedded engine over the same log. Core-seconds are those of Spark's process and
its workers, so that a machine shared with others tells the same. Answers are compared.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import duckdb
import orjson

from adapters.database import open_engine, reading
from adapters.demo import put_registers
from adapters.duck_runner import DuckRunner
from adapters.exported_log import MANIFEST, VERSION, Manifest, export
from adapters.profiles import default_profile
from adapters.spark import SparkRunner, session
from adapters.spark_columns import open_rectangles
from domain.calendar import Period
from projections.columnar.asking import ask
from projections.columnar.building import build
from projections.columnar.tables import (
    DERIVED,
    FAMILIES,
    LOG,
    all_families,
    definition,
    family_of,
    literal,
)
from projections.layout import lay_out
from projections.question import Figure, Question

_EVENTS_IN_A_BUCKET: Final = 250_000
_YEAR: Final = Period.closed(date(2003, 1, 1), date(2003, 12, 31))


def _question(figure: Figure, by: tuple[str, ...], period: Period | None = None) -> Question:
    at = datetime(2024, 1, 1, tzinfo=UTC)
    return Question(figure, date(2003, 12, 31), at, 1, period=period, by=by)


QUESTIONS: Final = (
    _question("stock", ("target_group", "county")),
    _question("flow", ("programme",), _YEAR),
    _question("dwell", ("programme",)),
    _question("exits", ("destination",)),
    _question("series", ("programme",), _YEAR),
)


def registers(folder: Path) -> Path:
    """The demo's registers as an exported log in a new folder."""
    engine = open_engine(f"sqlite:///{folder / 'registers.db'}", make=True)
    position = put_registers(engine, default_profile()).position
    with reading(engine) as connection:
        export(engine, connection, folder / "registers", position)
    engine.dispose()
    return folder / "registers"


def multiply(log: Path, events: int, folder: Path) -> Manifest:
    """Writes a log of at least so many events: whole copies of a log, each of other persons."""
    buckets = max(4, -(-events // _EVENTS_IN_A_BUCKET))
    shifted = {
        "position": "position + n * positions",
        "pid": "pid + n * pids",
        "replaces_position": "replaces_position + n * positions",
    }
    chosen = ", ".join(f"{shifted.get(name, name)} AS {name}" for name in LOG)
    source = f"read_parquet({literal(f'{log}/log/*/*/*.parquet')}, hive_partitioning = false)"
    (folder / "log").mkdir(parents=True)
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE one AS SELECT * FROM {source}")
        found = connection.execute("SELECT max(position), max(pid) FROM one").fetchone()
        assert found is not None
        positions, pids = found
        copies = -(-events // positions)
        last = copies * positions
        connection.execute("SET preserve_insertion_order = false")
        connection.execute(
            f"COPY (SELECT {chosen}, (pid + n * pids) % {buckets} AS bucket FROM one, "
            f"(SELECT range AS n, {positions} AS positions, {pids} AS pids FROM range({copies}))) "
            f"TO {literal(f'{folder}/log/upto={last}')} "
            "(FORMAT parquet, COMPRESSION zstd, PARTITION_BY (bucket))"
        )
    manifest = Manifest(VERSION, last, "", buckets, (last,))
    (folder / MANIFEST).write_bytes(orjson.dumps(asdict(manifest)))
    return manifest


def core_seconds(process: int) -> float:
    """What a process and its descendants that still run have used of the processors."""
    parents: dict[int, int] = {}
    used: dict[int, float] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        number = int(path.parent.name)
        parents[number] = int(fields[1])
        used[number] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def descends(number: int) -> bool:
        while number > 1 and number != process:
            number = parents.get(number, 0)
        return number == process

    return sum(seconds for number, seconds in used.items() if descends(number))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--folder", help="Where the logs are made; by default a temporary folder.")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as made:
        folder = Path(made)
        _measure(multiply(registers(folder), given.events, folder / "log"), folder / "log")


def _measure(manifest: Manifest, folder: Path) -> None:
    started = time.monotonic()
    spark = session()
    machine = spark.sparkContext._jvm
    assert machine is not None
    process = machine.java.lang.ProcessHandle.current().pid()
    begun = core_seconds(process)
    found: dict[str, object] = {"events": manifest.position}
    found["session_s"] = round(time.monotonic() - started, 1)
    runner, where = SparkRunner(spark, manifest.buckets), folder.as_uri()
    started = time.monotonic()
    open_rectangles(runner, where, manifest, manifest.position, f"{where}/rectangles/all")
    found["build_s"] = round(time.monotonic() - started, 1)
    found["build_core_s"] = round(core_seconds(process) - begun, 1)
    embedded = _embedded(folder, found)
    for question in QUESTIONS:
        for name, engine in (("spark", runner), ("embedded", embedded)):
            started = time.monotonic()
            table = lay_out(question, ask(question, default_profile(), engine))
            found[f"{question.figure}_{name}_s"] = round(time.monotonic() - started, 2)
            if name == "spark":
                expected = table
        assert table == expected, question
    status = Path(f"/proc/{process}/status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    found["spark_peak_gb"] = round(int(peak.split()[1]) / 2**20, 1)
    print(orjson.dumps(found).decode(), flush=True)  # noqa: T201


def _embedded(folder: Path, found: dict[str, object]) -> DuckRunner:
    runner = DuckRunner(duckdb.connect())
    source = f"read_parquet({literal(f'{folder}/log/*/*/*.parquet')}, hive_partitioning = false)"
    for family in FAMILIES:
        rows = family_of(family, source)
        runner.run(f"CREATE TABLE log_{family} AS {rows} ORDER BY position")
    runner.run(f"CREATE VIEW log AS {all_families()}")
    for table, columns in DERIVED.items():
        runner.run(definition(table, columns))
    started = time.monotonic()
    before = time.process_time()
    build(runner)
    found["embedded_build_s"] = round(time.monotonic() - started, 1)
    found["embedded_build_core_s"] = round(time.process_time() - before, 1)
    return runner


if __name__ == "__main__":
    main()
