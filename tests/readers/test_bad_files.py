"""A file or a store that cannot be used: one clear line, exit code 1 or 2, nothing half-way."""

from __future__ import annotations

import gzip
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.command_line import Command, Said

HEADER = "source,event_id,participant,type,occurred_on,programme\n"
ROW = "s,1,P1,enrolled,2003-01-01,kvp\n"


def one_line(said: Said, code: int, *parts: str) -> None:
    """Fails where a command did not end with a code, one line on standard error, and no more."""
    assert said.code == code, said
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert line.startswith("forlop: ")
    for part in parts:
        assert part in line


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (b"", ["events.csv", "is empty"]),
        (b"\n" + ROW.encode(), ["events.csv", "line 1", "empty"]),
        (b"source,event_id,participant,type\n", ["line 1", "occurred_on", "missing"]),
        (b"event_id,participant,type,occurred_on\n", ["line 1", "source", "--source"]),
        (HEADER.replace("programme", "program").encode(), ["'program'", "nearest: programme"]),
        (b"source,source,event_id,participant,type,occurred_on\n", ["source", "twice"]),
        (HEADER.replace(",", ";").encode(), ["line 1", "separated by semicolons", "with commas"]),
        (b"s\xf8urce,event_id\n", ["line 1", "not UTF-8"]),
    ],
)
def test_a_header_that_does_not_fit_refuses_the_whole_file(
    content: bytes, parts: list[str], forlop: Command, tmp_path: Path
) -> None:
    (tmp_path / "events.csv").write_bytes(content)
    (tmp_path / "good.csv").write_text(HEADER + ROW, "utf-8")
    one_line(forlop("append good.csv events.csv"), 2, *parts)
    assert not (tmp_path / "forlop.db").exists()


def test_a_source_that_cannot_be_one_refuses_the_file(forlop: Command, tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text(HEADER + ROW, "utf-8")
    one_line(forlop("append --source Arena events.csv"), 2, "--source 'Arena'", "a-z")
    assert not (tmp_path / "forlop.db").exists()


def test_a_file_that_is_not_there_is_named(forlop: Command, tmp_path: Path) -> None:
    one_line(forlop("append nowhere.csv"), 2, "nowhere.csv", "no file")
    (tmp_path / "folder").mkdir()
    one_line(forlop("append folder"), 2, "folder")


def test_a_header_alone_is_no_row_and_no_trouble(forlop: Command, tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text(HEADER, "utf-8")
    said = forlop("append events.csv")
    assert (said.code, said.counts["read"]) == (0, 0)


@pytest.mark.parametrize("kept", [20, 60, 2000])
def test_a_gzip_that_breaks_off_ends_in_a_line(kept: int, forlop: Command, tmp_path: Path) -> None:
    rows = "".join(f"s,{n},P{n},enrolled,2003-01-01,kvp\n" for n in range(3000))
    packed = gzip.compress((HEADER + rows).encode())
    assert len(packed) > kept
    (tmp_path / "events.csv.gz").write_bytes(packed[:kept])
    said = forlop("append events.csv.gz")
    assert said.code in (1, 2)
    (line,) = said.err.splitlines()
    assert line.startswith("forlop: events.csv.gz ")
    (tmp_path / "events.csv.gz").write_bytes(packed)
    said = forlop("append events.csv.gz")
    assert said.counts["appended"] + said.counts["duplicates"] == 3000


def test_a_parquet_file_that_is_none_is_named(forlop: Command, tmp_path: Path) -> None:
    (tmp_path / "events.parquet").write_bytes(b"PAR1" + bytes(100))
    one_line(forlop("append events.parquet"), 2, "events.parquet", "Parquet")


def test_a_store_that_is_none_is_told_from_one(forlop: Command, tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text(HEADER + ROW, "utf-8")
    (tmp_path / "text.db").write_text("no database at all, but long enough to be looked at " * 20)
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE something (n INTEGER)")
    for name in ("text.db", "other.db"):
        for what in ("append events.csv", "stock --at 2003-01-01"):
            one_line(forlop(f"{what} --store sqlite:///{name}"), 2, name, "not a Forløp store")
    one_line(forlop("stock --store sqlite:///nowhere.db"), 2, "nowhere.db", "no store")
    one_line(forlop("stock --store nonsense"), 2, "'nonsense'", "sqlite:///")
    one_line(forlop("stock --store mysql://u@h/d"), 2, "mysql")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


def test_a_locked_store_is_told_and_the_append_can_be_run_again(
    forlop: Command, tmp_path: Path
) -> None:
    (tmp_path / "events.csv").write_text(HEADER + ROW, "utf-8")
    (tmp_path / "more.csv").write_text(HEADER + ROW.replace("s,1,P1", "s,2,P2"), "utf-8")
    forlop("append events.csv")
    store = "--store 'sqlite:///forlop.db?timeout=0.1'"
    with locked(tmp_path / "forlop.db"):
        one_line(forlop(f"append more.csv {store}"), 1, "forlop.db", "locked", "again")
    assert forlop(f"append more.csv {store}").counts["appended"] == 1


_ON_A_FULL_DISK = """
import resource, sys
sys.dont_write_bytecode = True  # a module half written would stay behind
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
from cli.main import run
run()
"""


def test_a_full_disk_stores_nothing_of_the_part_that_failed(
    forlop: Command, tmp_path: Path
) -> None:
    rows = "".join(f"s,{n},P{n},enrolled,2003-01-01,kvp\n" for n in range(2000))
    (tmp_path / "many.csv").write_text(HEADER + rows, "utf-8")
    (tmp_path / "events.csv").write_text(HEADER + ROW, "utf-8")
    forlop("append events.csv")
    command = [sys.executable, "-c", _ON_A_FULL_DISK, "append", "many.csv"]
    root = Path(__file__).parents[2]
    ran = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": str(root), "FORLOP_SECRET_FILE": "secret.key"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 1, ran
    (line,) = ran.stderr.splitlines()
    assert line.startswith("forlop: ")
    assert "forlop.db" in line
    said = forlop("append many.csv")
    assert (said.counts["appended"], said.counts["duplicates"]) == (1999, 1), said
