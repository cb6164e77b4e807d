"""What a store remembers as told, and what later tables keep quiet for it."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import make_url
from typer.testing import CliRunner, Result

from adapters.errors import WrongUseError
from cli.main import app

FIGURE = ("stock", "--at", "2003-12-31", "--programme", "tiltaksplan", "--suppress")
REPORT = """\
title_en = "Two knowledge times"

[figures.then]
figure = "stock"
at = 2003-12-31
known_at = 2003-12-31
programme = "tiltaksplan"

[figures.now]
figure = "stock"
at = 2003-12-31
known_at = 2004-01-13
programme = "tiltaksplan"

[rows]
by = "office"

[[columns]]
name = "then"
figure = "then"
count = "persons"

[[columns]]
name = "now"
figure = "now"
count = "persons"
"""


@pytest.fixture
def folder(store: str, tmp_path: Path) -> Path:
    """A store of its own, which has published nothing yet."""
    database = Path(str(make_url(store).database))
    for path in database.parent.glob(f"{database.name}*"):
        shutil.copy(path, tmp_path / path.name)
    with closing(sqlite3.connect(tmp_path / database.name)) as connection, connection:
        connection.execute("DROP TABLE IF EXISTS releases")
    return tmp_path


def forlop(folder: Path, *arguments: str) -> Result:
    environment = {"FORLOP_STORE": f"sqlite:///{folder / 'demo.db'}", "COLUMNS": "120"}
    return CliRunner(env=environment).invoke(app, arguments)


def published(folder: Path, name: str, by: str, known_at: str, *more: str) -> Path:
    out = folder / name
    arguments = (*FIGURE, "--known-at", known_at, "--by", by, "--json", "--out", str(out), *more)
    done = forlop(folder, *arguments)
    assert done.exit_code == 0, done.output
    return out


def test_single_figures_one_after_another_give_nothing_away(folder: Path) -> None:
    asked = ("target_group,office", "target_group", "office")
    paths = [str(published(folder, f"{n}.json", by, "2004-01-13")) for n, by in enumerate(asked)]
    later = str(published(folder, "later.json", "target_group,office", "2004-06-30"))
    assert forlop(folder, "audit", *paths).exit_code == 0
    earlier = [word for path in paths for word in ("--earlier", path)]
    assert forlop(folder, "audit", later, *earlier).exit_code == 0


def test_the_same_figure_again_hides_the_same(folder: Path) -> None:
    first = published(folder, "first.json", "office", "2004-01-13").read_bytes()
    published(folder, "between.json", "target_group,office", "2003-12-31")
    assert published(folder, "again.json", "office", "2004-01-13").read_bytes() == first


def test_a_draft_is_not_remembered(folder: Path) -> None:
    alone = published(folder, "alone.json", "target_group", "2004-01-13", "--draft").read_bytes()
    published(folder, "offices.json", "target_group,office", "2004-01-13", "--draft")
    assert published(folder, "told.json", "target_group", "2004-01-13").read_bytes() == alone


def test_what_would_tell_a_small_count_whatever_is_hidden_is_refused(folder: Path) -> None:
    """That an office has women and men is two persons at least: with the tables before, no more."""
    for number, by in enumerate(("target_group,office", "target_group", "office", "county")):
        published(folder, f"{number}.json", by, "2004-01-13")
    refused = forlop(folder, *FIGURE, "--known-at", "2004-01-13", "--by", "office,sex")
    assert isinstance(refused.exception, WrongUseError)
    assert "could be worked out, whatever is hidden here" in str(refused.exception)


def test_rounding_what_was_suppressed_is_refused_where_both_together_tell(folder: Path) -> None:
    published(folder, "first.json", "office", "2004-01-13")
    arguments = (*FIGURE[:-1], "--known-at", "2004-01-13", "--by", "office", "--round", "3")
    refused = forlop(folder, *arguments)
    assert isinstance(refused.exception, WrongUseError)
    assert "what was suppressed suppressed" in str(refused.exception)


def test_one_report_of_two_knowledge_times_hides_the_changes(folder: Path) -> None:
    (folder / "two.toml").write_text(REPORT, "utf-8")
    out = folder / "out"
    done = forlop(folder, "report", "run", str(folder / "two.toml"), "--out", str(out))
    assert done.exit_code == 0, done.output
    assert forlop(folder, "audit", str(out)).exit_code == 0
    moments = {one["meta"]["known_at"] for one in json.loads((out / "published.json").read_bytes())}
    assert len(moments) == 2


def test_reports_published_one_by_one_give_nothing_away(folder: Path) -> None:
    for name in ("aetat-4", "aetat-12"):
        assert forlop(folder, "report", "run", name, "--out", str(folder / name)).exit_code == 0
    outs = [str(folder / name) for name in ("aetat-4", "aetat-12")]
    assert forlop(folder, "audit", *outs).exit_code == 0
