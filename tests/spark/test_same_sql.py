"""What the projections' SQL leans on, which engines are known to differ in, is the same on both."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from adapters.duck_runner import DuckRunner
from adapters.spark import SparkRunner, session
from projections.columnar.tables import NEVER_REPLACED, Columns, Group, Runner

_COLUMNS: Columns = {
    "pid": "BIGINT",
    "ord": "INTEGER",
    "code": "VARCHAR",
    "sure": "BOOLEAN",
    "until": "BIGINT",
}
_ROWS = [
    (1, 2, 'o\'brien \\n "x"', True, NEVER_REPLACED),
    (1, 1, None, None, None),
    (1, 3, "", False, 0),
    (2, 1, None, None, -1),
    (2, 2, "ærlig", True, 7),
    (3, 1, "null", None, 7),
]
_QUERIES = (
    "SELECT * FROM t ORDER BY pid, ord",
    "SELECT pid, ord FROM t ORDER BY code, until, pid, ord",
    "SELECT pid, max_by(sure, ord), max_by(ord, until) FROM t WHERE sure IS NOT NULL GROUP BY pid",
    "SELECT pid, ord, last_value(code IGNORE NULLS) OVER (PARTITION BY pid ORDER BY ord "
    "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM t",
    "SELECT pid, ord, lag(until) OVER w, lead(ord) OVER w FROM t "
    "WINDOW w AS (PARTITION BY pid ORDER BY ord)",
    "SELECT least(ord, NULL), greatest(until, 3), least(ord, 2) - pid FROM t",
    "SELECT concat('exempt ', code), CAST(until AS VARCHAR), coalesce(code, 'none') FROM t",
    "SELECT count(DISTINCT CASE WHEN sure THEN pid END), count(CASE WHEN sure THEN 1 END) FROM t",
    "SELECT CASE WHEN TRUE THEN 'all' END, count(DISTINCT CASE WHEN TRUE THEN pid END) FROM t "
    "GROUP BY CASE WHEN TRUE THEN 'all' END",
    "SELECT CAST(NULL AS VARCHAR), sure, count(*) FROM t GROUP BY CAST(NULL AS VARCHAR), sure",
    "SELECT count(*) FROM t WHERE FALSE",
    "SELECT pid FROM t WHERE code IN ('o''brien \\n \"x\"', 'ærlig') OR code IS NULL",
    "SELECT pid FROM t WHERE pid NOT IN (SELECT pid FROM t WHERE ord = 3)",
    "SELECT pid, code IN ('', 'null'), NOT sure AND ord > 1 FROM t",
    "WITH c AS (SELECT *, ord - 1 AS before FROM t) SELECT c.before, x.pid FROM c "
    "LEFT JOIN t x ON x.pid = c.pid AND x.ord = c.before WHERE TRUE",
    "SELECT pid FROM t UNION SELECT ord FROM t",
)


@pytest.fixture(scope="module")
def both(
    cluster: None,  # noqa: ARG001 - starts before it
) -> Iterator[tuple[Runner, Runner]]:
    embedded, spark = DuckRunner(duckdb.connect()), SparkRunner(session(), 2)
    for runner in (embedded, spark):
        runner.put("t", _COLUMNS, _ROWS)
    yield embedded, spark
    embedded.connection.close()


def _sorted(rows: list[tuple[Any, ...]]) -> list[str]:
    return sorted(map(repr, rows))


@pytest.mark.parametrize("query", _QUERIES)
def test_a_query_gives_the_same_rows(both: tuple[Runner, Runner], query: str) -> None:
    embedded, spark = (runner.rows(query) for runner in both)
    assert embedded
    assert _sorted(embedded) == _sorted(spark)


def test_unknown_comes_last_in_an_order(both: tuple[Runner, Runner]) -> None:
    query = "SELECT code FROM t ORDER BY code, pid"
    first, second = (runner.rows(query) for runner in both)
    assert first == second
    assert first[-1] == (None,)


def _spans(group: Group) -> Iterator[tuple[Any, ...]]:
    yield group[0][0], "".join(str(row[1]) for row in group), None


def test_groups_are_folded_in_their_order(both: tuple[Runner, Runner]) -> None:
    columns = {"pid": "BIGINT", "orders": "VARCHAR", "nothing": "BOOLEAN"}
    for runner in both:
        runner.make_folded("spans", columns, "SELECT pid, ord, code FROM t", 1, _spans)
        found = runner.rows("SELECT * FROM spans ORDER BY pid")
        assert found == [(1, "123", None), (2, "12", None), (3, "1", None)]
        runner.drop("spans")


def test_tables_are_made_added_to_and_dropped(both: tuple[Runner, Runner]) -> None:
    for runner in both:
        runner.make("few", "SELECT pid, code FROM t WHERE pid = 2")
        runner.add("few", "SELECT pid + 1, code FROM few WHERE code IS NOT NULL")
        found = runner.rows("SELECT pid, code FROM few ORDER BY pid, code")
        assert found == [(2, "ærlig"), (2, None), (3, "ærlig")]
        runner.drop("few")
        runner.make("few", "SELECT 1 AS one")
        assert runner.rows("SELECT * FROM few") == [(1,)]
        runner.drop("few")


def test_a_number_that_does_not_fit_is_an_error_and_not_another_number(
    both: tuple[Runner, Runner],
) -> None:
    for runner in both:
        with pytest.raises(Exception, match=r"(?i)overflow|out of range"):
            runner.rows("SELECT CAST(until AS INTEGER) FROM t")
        with pytest.raises(Exception, match=r"(?i)overflow|out of range"):
            runner.rows("SELECT until + 1 FROM t WHERE until > 7")
