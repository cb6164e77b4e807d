"""The copy's log as Parquet partitioned by participant, for an engine that runs on many machines.

A folder: `manifest.json`, and under `log/` one folder for each export, `upto=POSITION`, in it
`bucket=PID MODULO BUCKETS`. Like the copy it holds coded values only, can be thrown away at any
time, and names the position and the hash that it stands at. The manifest is written last and names
the folders that count, so a half-made export is never read.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import orjson
from sqlalchemy import Connection, Engine, select

from adapters.columnar_copy import ColumnarCopy
from adapters.duck_runner import DuckRunner
from adapters.errors import DamagedError, WrongUseError
from adapters.schema import events
from adapters.watching import Watch, unwatched
from projections.columnar.tables import LOG, literal

VERSION: Final = 1  # of the folder's layout and the columns; another one is exported anew
MANIFEST: Final = "manifest.json"
_EVENTS_IN_A_BUCKET: Final = 250_000  # some 50 MB in memory: a task of seconds
_FEWEST_BUCKETS: Final = 4
_MOST_RANGES: Final = 32  # more small files than that cost more than writing them anew


@dataclass(frozen=True, slots=True)
class Manifest:
    """Where an exported log stands: position, the log's hash there, buckets, and its ranges.

    `ranges` are the last positions of the exports that together are the log, ascending.
    """

    version: int
    position: int
    head: str
    buckets: int
    ranges: tuple[int, ...]

    @classmethod
    def parse(cls, text: str | bytes) -> Manifest:
        """Raises DamagedError where the text is no manifest, WrongUseError on another version."""
        try:
            found = orjson.loads(text)
            if found["version"] != VERSION:
                raise WrongUseError(
                    f"the exported log is of version {found['version']}; this program reads "
                    f"{VERSION}: export it anew into an empty folder"
                )
            return cls(**found | {"ranges": tuple(found["ranges"])})
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise DamagedError(f"the exported log's manifest cannot be read: {error}") from None


def default_folder(engine: Engine) -> Path:
    """Where a store's log is exported to when nothing else is said: beside its copy."""
    copy = ColumnarCopy(engine).path
    return copy.with_name(copy.name + ".parquet")


def export(
    engine: Engine,
    connection: Connection,
    folder: Path,
    position: int,
    *,
    buckets: int | None = None,
    watch: Watch = unwatched,
) -> Manifest:
    """Brings a folder at least up to a position, writing only what is new to it.

    Everything is written anew where the folder holds another log, or `buckets` differ from its
    own. Refreshes the copy where that is behind. Raises WrongUseError where the folder holds
    something else, or `buckets` is not positive.
    """
    if buckets is not None and buckets < 1:
        raise WrongUseError("an exported log has at least one bucket")
    if position < 1:
        raise WrongUseError("the log is empty; there is nothing to export yet")
    _check_is_ours(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder):
        old = _usable(folder, connection, buckets)
        if old is not None and old.position >= position:
            return old
        if old is not None and len(old.ranges) >= _MOST_RANGES:
            old = None
        if old is None:  # what is named by it may be written over
            (folder / MANIFEST).unlink(missing_ok=True)
        number = buckets or (old.buckets if old else _buckets_for(position))
        with ColumnarCopy(engine).at_least(connection, position, watch) as (runner, _):
            _write_range(runner, folder, old.position if old else 0, position, number)
        ranges = (*(old.ranges if old else ()), position)
        new = Manifest(VERSION, position, hash_at(connection, position), number, ranges)
        _write(folder / MANIFEST, orjson.dumps(asdict(new), option=orjson.OPT_INDENT_2))
        _sweep(folder, new)
    return new


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Whoever writes in a folder has it alone; the system frees a dead one's lock."""
    with (folder / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def hash_at(connection: Connection, position: int) -> str:
    """The hash of the log at a position, as hex; empty where the log is shorter."""
    query = select(events.c.hash).where(events.c.id == position)
    found = connection.execute(query).scalar_one_or_none()
    return "" if found is None else bytes(found).hex()


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of a folder, None where there is none."""
    path = folder / MANIFEST
    return Manifest.parse(path.read_bytes()) if path.exists() else None


def _check_is_ours(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise WrongUseError(f"{folder} is not a folder")
    if folder.exists() and any(folder.iterdir()) and not (folder / ".lock").exists():
        raise WrongUseError(f"{folder} holds other files; give a new or an empty folder")


def _usable(folder: Path, connection: Connection, buckets: int | None) -> Manifest | None:
    """What the folder holds of this log, None where that is nothing that can be added to."""
    try:
        found = read_manifest(folder)
    except (DamagedError, WrongUseError):
        return None
    if found is None or buckets not in (None, found.buckets):
        return None
    return found if hash_at(connection, found.position) == found.head else None


def _buckets_for(position: int) -> int:
    return max(_FEWEST_BUCKETS, -(-position // _EVENTS_IN_A_BUCKET))


def _write_range(runner: DuckRunner, folder: Path, after: int, last: int, buckets: int) -> None:
    """Writes the positions after one, up to another, under the name of the last."""
    made = folder / "log" / f".making-{last}"
    shutil.rmtree(made, ignore_errors=True)
    made.parent.mkdir(exist_ok=True)
    runner.run(
        f"COPY (SELECT {', '.join(LOG)}, pid % {buckets} AS bucket FROM log "
        f"WHERE position > {after} AND position <= {last}) TO {literal(str(made))} "
        "(FORMAT parquet, COMPRESSION zstd, PARTITION_BY (bucket))"
    )
    ready = folder / "log" / f"upto={last}"
    shutil.rmtree(ready, ignore_errors=True)
    made.rename(ready)


def _write(path: Path, content: bytes) -> None:
    made = path.with_name(f".{path.name}")
    made.write_bytes(content)
    made.rename(path)


def _sweep(folder: Path, manifest: Manifest) -> None:
    """Removes the exports that the manifest does not name."""
    kept = {f"upto={last}" for last in manifest.ranges}
    for found in (folder / "log").iterdir():
        if found.name not in kept:
            shutil.rmtree(found)
