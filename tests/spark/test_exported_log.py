"""The exported log: partitioned by participant, grown by position, never read half-made."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import duckdb
import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from adapters import spark_columns
from adapters.answers import Asked, answer
from adapters.columnar_copy import ColumnarCopy
from adapters.database import reading, show
from adapters.errors import DamagedError, ForlopError, WrongUseError
from adapters.exported_log import Manifest, export, read_manifest
from adapters.profiles import default_profile
from adapters.store import Store
from cli.main import app
from projections.columnar.tables import LOG
from tests.spark.histories import histories


def _append(engine: Engine, seed: int) -> int:
    """Appends random histories of twenty participants; gives the position then."""
    rows = [{**row, "event_id": f"{seed}-{row['event_id']}"} for row in _without_links(seed)]
    Store(engine).append(rows)
    return Store(engine).position


def _without_links(seed: int) -> list[dict[str, Any]]:
    return [row for row in histories(random.Random(seed), 20) if "replaces" not in row]


def _export(engine: Engine, folder: Path, position: int, buckets: int | None = None) -> Manifest:
    with reading(engine) as connection:
        return export(engine, connection, folder, position, buckets=buckets)


def _exported(folder: Path) -> list[tuple[Any, ...]]:
    files = f"read_parquet('{folder}/log/*/*/*.parquet', hive_partitioning = true)"
    with duckdb.connect() as connection:
        return connection.execute(
            f"SELECT {', '.join(LOG)}, bucket FROM {files} ORDER BY position"
        ).fetchall()


def _copied(engine: Engine, position: int, buckets: int) -> list[tuple[Any, ...]]:
    with reading(engine) as connection:
        at_least = ColumnarCopy(engine).at_least(connection, position)
        with at_least as (runner, _):
            return runner.rows(
                f"SELECT {', '.join(LOG)}, pid % {buckets} FROM log ORDER BY position"
            )


def test_a_later_export_writes_only_what_is_new(small: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "exported"
    first = _append(small, 1)
    assert _export(small, folder, first).ranges == (first,)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.parquet")}
    second = _append(small, 2)
    manifest = _export(small, folder, second)
    assert manifest.ranges == (first, second)
    assert manifest.position == second > first
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert _exported(folder) == _copied(small, second, manifest.buckets)
    assert read_manifest(folder) == manifest
    assert _export(small, folder, first) == manifest, "one that reaches far enough stays"


def test_another_number_of_buckets_writes_all_anew(small: Engine, tmp_path: Path) -> None:
    position = _append(small, 1)
    _export(small, tmp_path / "exported", position)
    manifest = _export(small, tmp_path / "exported", position, buckets=7)
    assert _exported(tmp_path / "exported") == _copied(small, position, 7)
    assert manifest.buckets == 7
    with pytest.raises(WrongUseError, match="at least one bucket"):
        _export(small, tmp_path / "exported", position, buckets=0)


def test_another_log_in_the_folder_is_written_over(
    small: Engine, store: Engine, tmp_path: Path
) -> None:
    folder = tmp_path / "exported"
    _export(store, folder, 500)
    position = _append(small, 1)
    assert _export(small, folder, position).ranges == (position,)
    assert _exported(folder) == _copied(small, position, 4)


def test_a_folder_with_other_files_is_refused(small: Engine, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious", "utf-8")
    with pytest.raises(WrongUseError, match="holds other files"):
        _export(small, tmp_path, _append(small, 1))
    with pytest.raises(WrongUseError, match="is not a folder"):
        _export(small, tmp_path / "mine.txt", 1)
    with pytest.raises(WrongUseError, match="the log is empty"):
        _export(small, tmp_path / "new", 0)


def test_what_an_interrupted_export_left_is_not_read_and_goes(
    small: Engine, tmp_path: Path
) -> None:
    folder = tmp_path / "exported"
    _export(small, folder, _append(small, 1))
    for name in (".making-99", "upto=99"):
        (folder / "log" / name).mkdir()
    position = _append(small, 2)
    _export(small, folder, position)
    assert len(_exported(folder)) == position
    assert {path.name[:5] for path in (folder / "log").iterdir()} == {"upto="}
    assert not (folder / "log" / "upto=99").exists()


@pytest.mark.parametrize(
    ("text", "error"),
    [("", DamagedError), ("[]", DamagedError), ('{"version": 99}', WrongUseError)],
)
def test_a_manifest_that_does_not_read_says_so(text: str, error: type[ForlopError]) -> None:
    with pytest.raises(error):
        Manifest.parse(text)


def test_a_log_at_a_url_is_read_and_never_written(
    small: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "exported"
    position = _append(small, 1)
    _export(small, folder, position, buckets=1)
    monkeypatch.setenv("FORLOP_SPARK_COLUMNS", folder.as_uri())
    asked = Asked("stock", position=position)
    _fail_half_way(small, asked, monkeypatch)
    expected = answer(small, default_profile(), asked, "columnar")
    assert answer(small, default_profile(), asked, "spark") == expected
    _append(small, 2)
    with pytest.raises(ForlopError, match="bring it to"):
        answer(small, default_profile(), Asked("stock"), "spark")
    monkeypatch.setenv("FORLOP_SPARK_COLUMNS", (tmp_path / "nothing").as_uri())
    with pytest.raises(WrongUseError, match="there is no exported log"):
        answer(small, default_profile(), asked, "spark")


def _fail_half_way(engine: Engine, asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """Builds rectangles until an error, which must leave none to be read."""

    def build(runner: Any) -> None:
        runner.make("fact", "SELECT pid, position FROM log")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(spark_columns, "build", build)
        with pytest.raises(KeyboardInterrupt):
            answer(engine, default_profile(), asked, "spark")


def test_the_command_says_how_far_it_came(small: Engine, tmp_path: Path) -> None:
    position = _append(small, 1)
    arguments = ["export-columns", str(tmp_path / "exported"), "--store", show(small)]
    told = CliRunner().invoke(app, [*arguments, "--buckets", "3"])
    assert told.exit_code == 0
    assert told.stdout == f"{tmp_path / 'exported'}: {position} events in 3 buckets\n"
    refused = CliRunner().invoke(app, ["export-columns", "s3a://bucket", "--store", show(small)])
    assert refused.exit_code == 2
    assert "copy it there" in refused.stderr


def test_without_pyspark_the_extra_is_named(store: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "adapters.spark_columns", None)
    with pytest.raises(WrongUseError, match=r"pip install 'forlop\[spark\]'"):
        answer(store, default_profile(), Asked("stock"), "spark")
