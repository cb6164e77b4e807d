"""Spark and the embedded engine give the same bytes for every figure."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from adapters.answers import Asked, answer
from adapters.database import show
from adapters.profiles import default_profile
from adapters.spark import SparkRunner
from adapters.store import Store
from cli.main import app
from projections.question import DIMENSIONS
from tests.spark.compare import difference
from tests.spark.questions import FIXED, random_question


@pytest.mark.parametrize("name", FIXED)
def test_a_figure_is_the_same_on_both(store: Engine, name: str) -> None:
    assert difference(store, FIXED[name]) == ""


def test_the_questions_reach_every_dimension_and_their_answers_say_something(
    store: Engine,
) -> None:
    assert {name for asked in FIXED.values() for name in asked.by} == set(DIMENSIONS)
    for name, asked in FIXED.items():
        rows = answer(store, default_profile(), asked, "columnar").rows
        assert (len(rows) > 0) == (name != "nobody"), name


def test_random_questions_are_the_same_on_both(store: Engine) -> None:
    rng = random.Random(17)
    for _ in range(8):
        assert difference(store, random_question(rng)) == ""


def test_at_an_older_position_the_log_is_cut_there(
    store: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    collected = _watch_what_is_collected(monkeypatch)
    position = Store(store).position * 3 // 4
    assert difference(store, replace(FIXED["stock, by whose"], position=position)) == ""
    built = [query for query, _ in collected if "FROM chain" in query]
    assert built
    # The build asks the cluster only whether chains of corrections go on, whoever they are of.
    assert all(rows <= 1 for query, rows in collected if query in built)
    collected.clear()
    assert difference(store, replace(FIXED["exits"], position=position)) == ""
    assert collected
    assert not [query for query, _ in collected if "FROM chain" in query], "built a second time"


def _watch_what_is_collected(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Each query whose rows come to the driver from now on, and how many they are."""
    collected: list[tuple[str, int]] = []
    rows = SparkRunner.rows

    def watching(runner: SparkRunner, sql: str) -> list[tuple[Any, ...]]:
        found = rows(runner, sql)
        collected.append((sql, len(found)))
        return found

    monkeypatch.setattr(SparkRunner, "rows", watching)
    return collected


def test_nothing_was_known_at_position_0(store: Engine) -> None:
    found = answer(store, default_profile(), Asked("stock", position=0), "spark")
    assert found.rows == [{"persons": 0, "spells": 0}]


def test_the_command_line_and_python_ask_spark_by_name(store: Engine) -> None:
    arguments = ["stock", "--store", show(store), "--at", "2003-12-31", "--by", "county", "--json"]
    told = [
        CliRunner().invoke(app, [*arguments, "--engine", engine])
        for engine in ("columnar", "spark")
    ]
    assert [one.exit_code for one in told] == [0, 0]
    assert told[0].stdout == told[1].stdout
    found = Store(store).figure("stock", at="2003-12-31", by="county", engine="spark")
    assert found.as_json().decode() == told[0].stdout
