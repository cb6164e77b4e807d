"""One Spark session and one store for all tests here; skipped only where there is no Java."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from sqlalchemy import Engine

from adapters.database import open_engine, reading
from adapters.exported_log import default_folder, export
from adapters.log import head_of
from tests.spark.stores import filled

# Small data: what costs is planning and compiling, so less of both.
_SUBMIT = (
    "--conf spark.driver.extraJavaOptions='-XX:TieredStopAtLevel=1 -XX:+UseSerialGC' "
    "--conf spark.sql.codegen.wholeStage=false --conf spark.sql.codegen.factoryMode=NO_CODEGEN "
    "pyspark-shell"
)


def _missing() -> str | None:
    """What a Spark session needs and is not there. `make test-spark` installs all but Java."""
    if find_spec("pyspark") is None or find_spec("sqlglot") is None:
        return "the extra `spark` is not installed; `make test-spark` does it"
    if not any(map(shutil.which, ("java", f"{os.environ.get('JAVA_HOME')}/bin/java"))):
        return "Apache Spark needs Java 17 or newer, and there is none on the PATH or JAVA_HOME"
    return None


collect_ignore_glob = [] if _missing() is None else ["test_*.py"]


@pytest.fixture(scope="session")
def cluster() -> Iterator[None]:
    """A master on this machine, chosen as a user does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_SUBMIT_ARGS", _SUBMIT)
        patch.setenv("FORLOP_SPARK_MASTER", "local[2]")
        patch.delenv("FORLOP_SPARK_COLUMNS", raising=False)
        yield


@pytest.fixture(scope="session")
def store(
    cluster: None,  # noqa: ARG001 - starts before it
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Engine]:
    """The registers and 300 random participants."""
    engine = filled(tmp_path_factory.mktemp("spark"), random.Random(2003), 300)
    with reading(engine) as connection:
        position = head_of(connection).position
        export(engine, connection, default_folder(engine), position, buckets=2)
    yield engine
    engine.dispose()


@pytest.fixture
def small(
    cluster: None,  # noqa: ARG001 - starts before it
    tmp_path: Path,
) -> Iterator[Engine]:
    """An empty store of one's own."""
    engine = open_engine(f"sqlite:///{tmp_path / 'small.db'}", make=True)
    yield engine
    engine.dispose()
