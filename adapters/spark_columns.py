"""Rectangles on Spark: built from the exported log at a position, kept, and used again.

Beside the exported log, under `rectangles/POSITION-HASH/BUILD`, each derived table lies as Parquet
in as many buckets by participant as the log has, so that joins on the participant move nothing.
`ready` names the builds that are whole; it is written last, so a half-made one is never read.
"""

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path
from typing import Final
from uuid import uuid4

from pyspark import StorageLevel
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession
from sqlalchemy import Connection, Engine, select

from adapters.errors import ForlopError, WrongUseError
from adapters.event_store import in_parts
from adapters.exported_log import (
    MANIFEST,
    Manifest,
    default_folder,
    export,
    hash_at,
    locked,
    read_manifest,
)
from adapters.schema import events
from adapters.spark import SparkRunner, schema_of, session
from domain.codes import Profile
from projections.columnar.asking import ask
from projections.columnar.building import build
from projections.columnar.tables import DERIVED, FAMILIES, LOG, family_of, number_by_topic
from projections.question import Question
from projections.tally import Sums

FOLDER: Final = "FORLOP_SPARK_COLUMNS"


def sums_on_spark(
    engine: Engine, connection: Connection, profile: Profile, question: Question
) -> tuple[Sums, list[bytes]]:
    """A question's sums, counted on Spark, and the participants whom they leave out.

    The log is cut at the question's position. Left out is whoever has several keys, whose journeys
    must be united.

    The exported log is FORLOP_SPARK_COLUMNS, by default a folder beside the copy; it is brought up
    to the position. One at a URL (s3a://…, hdfs://…) is only read: ForlopError where it is behind
    or of another log.
    """
    spark = session()
    chosen = os.environ.get(FOLDER, "")
    if "://" in chosen:
        where, manifest, folder = chosen.rstrip("/"), _manifest_at(spark, chosen), None
    else:
        folder = Path(chosen).absolute() if chosen else default_folder(engine).absolute()
        manifest = read_manifest(folder) or export(engine, connection, folder, question.position)
        if not _covers(manifest, connection, question.position):
            manifest = export(engine, connection, folder, question.position)
        where = folder.as_uri()
    if not _covers(manifest, connection, question.position):
        raise ForlopError(
            f"{where} stands at position {manifest.position} or is of another log; bring it to "
            f"{question.position} with `forlop export-columns` and copy it there again"
        )
    runner = SparkRunner(spark, manifest.buckets)
    tag = f"{question.position}-{hash_at(connection, question.position)[:16]}-{manifest.buckets}"
    place = f"{where}/rectangles/{tag}"
    is_ready = _ready_build(spark, place) is not None
    with nullcontext() if folder is None or is_ready else locked(folder):
        open_rectangles(runner, where, manifest, question.position, place)
    apart = _linked(runner, connection)
    if apart:
        runner.put("unsettled", {"pid": "BIGINT"}, [(pid,) for pid in apart])
    return ask(question, profile, runner, without="unsettled" if apart else None), [*apart.values()]


def _linked(runner: SparkRunner, connection: Connection) -> dict[int, bytes]:
    """Whoever a link names, on either side, by number: the position of their first event."""
    links = runner.rows("SELECT pid, same_as FROM link")
    one, other = {pid for pid, _ in links}, {bytes.fromhex(same_as) for _, same_as in links}
    query = select(events.c.id, events.c.participant_id).where(events.c.version == 1)
    found = [
        row
        for column, values in ((events.c.id, one), (events.c.participant_id, other))
        for some in in_parts([*values])
        for row in connection.execute(query.where(column.in_(some)))
    ]
    return {pid: bytes(participant_id) for pid, participant_id in found}


def open_rectangles(
    runner: SparkRunner, where: str, manifest: Manifest, position: int, place: str
) -> None:
    """Makes the derived tables at a position views of the session; builds them where none are."""
    ready = _ready_build(runner.spark, place)
    if ready is None:
        ready = uuid4().hex
        _declare(runner, f"{place}/{ready}", f"forlop_{ready}", manifest.buckets)
        log = _view_log(runner.spark, where, manifest, position)
        try:
            build(runner)
        finally:
            runner.drop_all()
            log.unpersist()
        marker = runner.spark.createDataFrame([(ready,)], "build STRING").coalesce(1)
        marker.write.mode("append").text(f"{place}/ready")
    else:
        _declare(runner, f"{place}/{ready}", f"forlop_{ready}", manifest.buckets)
    for table in DERIVED:
        runner.spark.table(f"forlop_{ready}.{table}").createOrReplaceTempView(table)


def _covers(manifest: Manifest, connection: Connection, position: int) -> bool:
    return manifest.position >= position and hash_at(connection, manifest.position) == manifest.head


def _manifest_at(spark: SparkSession, where: str) -> Manifest:
    path = f"{where.rstrip('/')}/{MANIFEST}"
    try:
        (row,) = spark.read.text(path, wholetext=True).collect()
    except (AnalysisException, ValueError):
        raise WrongUseError(f"there is no exported log at {where}: {MANIFEST} is missing") from None
    return Manifest.parse(row[0])


def _view_log(spark: SparkSession, where: str, manifest: Manifest, position: int) -> DataFrame:
    """View `log`: the events up to a position, each participant's in one part; and its families.

    It is read and shuffled once, and kept until the caller gives it free.
    """
    folders = [f"{where}/log/upto={last}" for last in manifest.ranges]
    reader = spark.read.option("basePath", f"{where}/log").schema(schema_of(LOG))
    found = reader.parquet(*folders).selectExpr(*LOG, f"{number_by_topic()} AS family")
    cut = found.where(f"position <= {position}")
    kept = cut.repartition(manifest.buckets, "pid").persist(StorageLevel.MEMORY_AND_DISK)
    kept.createOrReplaceTempView("log")
    for family in FAMILIES:
        spark.sql(family_of(family, "log")).createOrReplaceTempView(f"log_{family}")
    return kept


def _ready_build(spark: SparkSession, place: str) -> str | None:
    try:
        found = spark.read.text(f"{place}/ready").first()
    except AnalysisException:
        return None
    return None if found is None else str(found[0])


def _declare(runner: SparkRunner, place: str, database: str, buckets: int) -> None:
    """The derived tables by name: Spark's own catalog forgets them with the process."""
    runner.database = database
    runner.spark.sql(f"CREATE DATABASE IF NOT EXISTS {database} LOCATION '{_quoted(place)}'")
    for table, columns in DERIVED.items():
        runner.spark.sql(
            f"CREATE TABLE IF NOT EXISTS {database}.{table} ({schema_of(columns)}) USING parquet "
            f"CLUSTERED BY (pid) INTO {buckets} BUCKETS LOCATION '{_quoted(place)}/{table}'"
        )


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")
