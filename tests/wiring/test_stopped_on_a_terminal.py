"""Ctrl-C on a terminal: a bar is seen before it, and after it one line and exit code 130."""

from __future__ import annotations

import gzip
import os
import re
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from adapters.columnar_copy import beside
from adapters.store import open_store
from adapters.tables import json
from tests.command_line import Command

# A refresh that shows a bar, and then never ends; an append of many small chunks.
_ENDLESS: Final = """
import sys
import adapters.refreshing as refreshing, adapters.ingest as ingest
import cli.append, cli.waiting
cli.waiting._LONG = cli.append._LONG = 1
ingest.CHUNK['sqlite'] = 100
def rebuild(runner, position):
    yield 0.5
    runner.run('SELECT count(*) FROM range(1000000000000) a, range(1000000) b')
refreshing._rebuild = rebuild
sys.argv[0] = 'forlop'
from cli.main import run
run()
"""
_FLOW: Final = ("--from", "2003-04-01", "--to", "2003-06-30")
_KNOWN: Final = ("--known-at", "2003-06-01", "--known-at", "2004-01-01")
_STOPPED: Final = "forlop: stopped; nothing of what was under way is stored"


def stopped_at(shown: str, *arguments: str) -> tuple[int, str]:
    """A command that gets Ctrl-C as soon as its terminal shows something that fits `shown`.

    Its exit code, and what the terminal showed.
    """
    master, slave = os.openpty()
    run = subprocess.Popen(
        [sys.executable, "-c", _ENDLESS, *arguments],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "200"},
    )
    os.close(slave)
    seen, is_stopped = "", False
    while select.select([master], [], [], 60)[0]:
        try:
            seen += os.read(master, 4096).decode("utf-8", "replace")
        except OSError:  # the other end is closed
            break
        if not is_stopped and re.search(shown, seen):
            run.send_signal(signal.SIGINT)
            is_stopped = True
    os.close(master)
    try:
        code = run.wait(60)
    finally:
        run.kill()
    assert is_stopped, seen
    return code, re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen).replace("\r", "\n")


def lines_of_its_own(shown: str) -> list[str]:
    return [line for line in shown.splitlines() if line.startswith("forlop:")]


def rows(count: int) -> str:
    head = "source,event_id,participant,type,occurred_on,recorded_at,programme\n"
    made = (
        f"t,{n},P{n},enrolled,2003-04-01,2003-04-01T10:00:00Z,kvp\n" for n in range(1, count + 1)
    )
    return head + "".join(made)


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzipped"])
def test_an_append_shows_its_share_and_says_what_is_stored(
    forlop: Command, tmp_path: Path, packed: bool
) -> None:
    file = tmp_path / ("events.csv.gz" if packed else "events.csv")
    content = rows(20_000).encode()
    file.write_bytes(gzip.compress(content) if packed else content)
    code, shown = stopped_at(r"[1-9]\d?%", "append", file.name)
    assert code == 130
    assert "Traceback" not in shown
    (said,) = lines_of_its_own(shown)
    found = re.fullmatch(
        rf"forlop: stopped: at least (\d+) rows of {re.escape(file.name)} are stored; "
        "hand it in again for the rest",
        said,
    )
    assert found is not None
    with open_store("sqlite:///forlop.db") as store:
        stored = store.position
    assert int(found[1]) in (stored, stored - 100)
    again = forlop(f"append {file.name}").counts
    assert again["appended"] + stored == again["read"] == 20_000


@pytest.mark.parametrize(
    "arguments",
    [
        ("stock", "--at", "2003-12-31"),
        ("explain", "stock", "--at", "2003-12-31"),
        ("diff", "stock", "--at", "2003-12-31", *_KNOWN),
        ("diff", "stock", "--triangle", *_FLOW),
        ("estimate", "nowcast", *_FLOW),
        ("report", "run", "all"),
        ("rerun", "stock.json"),
        ("export-columns", "columns"),
    ],
    ids=lambda one: " ".join(one[:2]),
)
def test_what_waits_for_the_copy_shows_it_and_leaves_no_half_of_it(
    forlop: Command, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    with open_store("sqlite:///forlop.db", make=True) as store:
        (tmp_path / "events.csv").write_text(rows(3), "utf-8")
        store.append_file("events.csv")
        found = store.figure("stock", at="2003-12-31", engine="reference")
        (tmp_path / "stock.json").write_bytes(
            json.write({"meta": found.meta, "rows": found.rows, "total": found.total}, {}, "en")
        )
    code, shown = stopped_at("bringing the columnar copy up to date", *arguments)
    assert code == 130
    assert "Traceback" not in shown
    assert lines_of_its_own(shown) == [_STOPPED]
    assert '"persons":3' in forlop("stock --at 2003-12-31 --format json").out.replace(" ", "")


def test_a_verification_shows_how_far_it_is(forlop: Command, tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text(rows(3), "utf-8")
    forlop("append events.csv")
    forlop("stock --at 2003-12-31")
    assert beside("forlop.db").exists()
    code, shown = stopped_at("making the columnar copy anew", "verify")
    assert code == 130
    assert "checking the log" in shown
    assert "Traceback" not in shown
    assert lines_of_its_own(shown) == [_STOPPED]
