"""Apache Spark as a runner of the projections' SQL. Imported only when it is asked for.

The SQL is DuckDB's, transpiled. Transpiling says nothing where a construct means something else
there: the projections are kept to what both answer alike, and the tests compare every figure.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Final

import orjson
import sqlglot
from pyspark import StorageLevel
from pyspark.errors import PySparkRuntimeError
from pyspark.sql import DataFrame, SparkSession

from adapters.errors import ForlopError
from projections.columnar.tables import Columns, Fold, fold_groups

MASTER: Final = "FORLOP_SPARK_MASTER"
PARTITIONS: Final = "FORLOP_SPARK_PARTITIONS"
_TYPES: Final = {
    "BIGINT": "BIGINT",
    "INTEGER": "INT",
    "VARCHAR": "STRING",
    "BOOLEAN": "BOOLEAN",
}
_SETTINGS: Final = {
    "spark.ui.enabled": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",  # what overflows or does not cast fails, instead of NULL
    # What lies together by participant is joined and grouped there on any further column as well.
    "spark.sql.requireAllClusterKeysForCoPartition": "false",
    "spark.sql.requireAllClusterKeysForDistribution": "false",
    # A cached table keeps the partitions that it was made with, so that joins need no shuffle.
    "spark.sql.optimizer.canChangeCachedPlanOutputPartitioning": "false",
}
_LOOPBACK: Final = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
}


def session() -> SparkSession:
    """A session of one's own in this process's Spark, which is started when there is none.

    The master is FORLOP_SPARK_MASTER, by default all cores of this machine, bound to the
    loopback. Everything else is Spark's own to set (spark-defaults.conf, SPARK_DRIVER_MEMORY).
    Raises ForlopError where Java is missing.
    """
    master = os.environ.get(MASTER, "local[*]")
    settings: dict[str, Any] = dict(_SETTINGS)
    settings["spark.ui.showConsoleProgress"] = str(sys.stderr.isatty()).lower()
    if master.startswith("local"):
        settings |= _LOOPBACK
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    is_running = SparkSession.getActiveSession() is not None
    builder = SparkSession.builder.appName("forlop").master(master)
    try:
        started = builder.config(map=settings).getOrCreate()
    except PySparkRuntimeError as error:
        raise ForlopError(
            f"Spark did not start; it needs Java 17 or newer (JAVA_HOME): {error}"
        ) from None
    if not is_running:
        started.sparkContext.setLogLevel("ERROR")
    own = started.newSession()
    for name, value in settings.items():
        if own.conf.isModifiable(name):
            own.conf.set(name, value)
    return own


def spark_sql(sql: str) -> str:
    """The projections' SQL as Spark reads it."""
    found: str = sqlglot.transpile(sql, read="duckdb", write="spark")[0]
    return found


def schema_of(columns: Columns) -> str:
    """Columns as Spark's data definition."""
    return ", ".join(f"`{name}` {_TYPES[type_]}" for name, type_ in columns.items())


class SparkRunner:
    """Runs the projections' SQL in a Spark session, in `partitions` parts by participant.

    Tables that it makes are views of its session, kept in memory and on disk once they have been
    worked out; `add` to any other table inserts into the table `database` has by that name.
    """

    def __init__(self, spark: SparkSession, partitions: int, database: str = "default") -> None:
        self.spark = spark
        self.database = database
        self._partitions = partitions
        self._made: dict[str, DataFrame] = {}
        chosen = os.environ.get(PARTITIONS, str(partitions))
        spark.conf.set("spark.sql.shuffle.partitions", chosen)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.spark.sql(spark_sql(sql)).collect()]

    def put(self, table: str, columns: Columns, rows: Sequence[Sequence[Any]]) -> None:
        # One literal, whose size the planner knows: so it is sent to every task, not shuffled.
        text = orjson.dumps([dict(zip(columns, row, strict=True)) for row in rows]).decode()
        struct = ", ".join(f"`{name}`: {_TYPES[type_]}" for name, type_ in columns.items())
        query = f"SELECT inline(from_json(:rows, 'ARRAY<STRUCT<{struct}>>'))"
        self.spark.sql(query, args={"rows": text}).createOrReplaceTempView(table)

    def make(self, table: str, query: str) -> None:
        self._keep(table, self.spark.sql(spark_sql(query)))

    def make_folded(self, table: str, columns: Columns, query: str, key: int, fold: Fold) -> None:
        found = self.spark.sql(spark_sql(query))
        together = found.repartition(self._partitions, found.columns[0])
        ordered = together.sortWithinPartitions(*found.columns[: key + 1])
        made = ordered.rdd.mapPartitions(partial(_fold_part, key, fold))
        self._keep(table, self.spark.createDataFrame(made, schema_of(columns), verifySchema=False))

    def add(self, table: str, query: str) -> None:
        found = self.spark.sql(spark_sql(query))
        if table in self._made:
            # Cut from what it was made of: else a table that is added to over and over, out of
            # itself, has a plan that doubles each time, and fills the driver's memory.
            self._keep(table, self._made[table].union(found).localCheckpoint(eager=False))
        else:
            found.write.insertInto(f"{self.database}.{table}")

    def drop(self, table: str) -> None:
        self.spark.catalog.dropTempView(table)
        self._made.pop(table).unpersist()

    def drop_all(self) -> None:
        """Removes every table that was made and not dropped yet."""
        for table in list(self._made):
            self.drop(table)

    def _keep(self, table: str, frame: DataFrame) -> None:
        frame.persist(StorageLevel.MEMORY_AND_DISK)
        frame.createOrReplaceTempView(table)
        self._made[table] = frame


def _fold_part(key: int, fold: Fold, rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """What a task does with its part of the groups, in a worker's Python."""
    return fold_groups(rows, key, fold)
