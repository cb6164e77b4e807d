"""Files taken as they land in a folder: each once, none moved, for as long as the program runs.

A file is taken when its size and its time of change have been the same at two looks. What was
taken is known by its content, in the store, so a restart or a second follower takes nothing anew;
one that was broken off half-way is taken again, and what is in already comes out as duplicates.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Event as Signal
from typing import Any, Final, TextIO

import orjson
from sqlalchemy import Engine, select

from adapters.database import open_engine, reading, writing
from adapters.errors import ForlopError, WrongUseError
from adapters.readers.files import Delivery, delivery
from adapters.schema import taken_files
from adapters.summary import Summary
from domain.calendar import to_microseconds
from domain.record import without_natural_keys

_LONGEST_WAIT: Final = 60.0  # seconds
Take = Callable[[Engine], Summary]
Prepare = Callable[[Delivery], Take]
Look = tuple[int, int]


class Log:
    """JSON lines of what is done, with the time; natural keys never get in."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stderr

    def say(self, event: str, **told: Any) -> None:
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = orjson.dumps({"at": at, "event": event, **told}, default=str).decode()
        self._out.write(without_natural_keys(line) + "\n")
        self._out.flush()


@dataclass(slots=True)
class Follower:
    """Follows one folder into one store. `prepare` gives what appends a file, as `reader` reads it.

    `stop` ends it: after the file at hand, not in the midst of it. `every` is the seconds between
    looks, `first_wait` those before the store is tried again; each wait is twice the one before.
    """

    url: str
    folder: Path
    reader: str
    prepare: Prepare
    log: Log
    stop: Signal
    every: float = 2.0
    first_wait: float = 1.0
    _seen: dict[Path, Look] = field(default_factory=dict)
    _done: dict[Path, Look] = field(default_factory=dict)
    _failures: int = 0

    def run(self) -> None:
        """Takes files until it is told to stop. Raises WrongUseError where there is no folder."""
        if not self.folder.is_dir():
            raise WrongUseError(f"there is no folder {self.folder} to follow")
        self.log.say("following", folder=str(self.folder), reader=self.reader)
        while not self.stop.is_set():
            try:
                self.look()
                pause = self.every
            except ForlopError as error:
                pause = self._next_wait()
                self.log.say("store away", why=str(error), wait_seconds=pause)
            except OSError as error:
                pause = self._next_wait()
                self.log.say("folder away", why=error.strerror, wait_seconds=pause)
            self.stop.wait(pause)
        self.log.say("stopped", folder=str(self.folder))

    def _next_wait(self) -> float:
        self._failures += 1
        return float(min(self.first_wait * 2 ** (self._failures - 1), _LONGEST_WAIT))

    def look(self) -> int:
        """Takes what has landed and lies still; gives how many files. ForlopError: the store."""
        taken = 0
        before, self._seen = self._seen, {}
        for path in sorted(self.folder.iterdir()):
            if self.stop.is_set():
                break
            if path.name.startswith(".") or not path.is_file():
                continue
            found = path.stat()
            look = self._seen[path] = (found.st_size, found.st_mtime_ns)
            if look[0] and before.get(path) == look and self._done.get(path) != look:
                taken += self._take(path)
                self._done[path] = look
        return taken

    def _take(self, path: Path) -> bool:
        """Takes one file, unless its content was taken before. A file that cannot be read is told
        of once, and looked at again when it changes."""
        try:
            with delivery(str(path)) as file:
                take = self.prepare(file)
                engine = open_engine(self.url, make=True)
                try:
                    taken = self._append(engine, file, take)
                finally:
                    engine.dispose()
        except ForlopError as error:
            if not isinstance(error, WrongUseError) and not self._store_answers():
                raise
            self.log.say("refused", file=path.name, why=str(error))
            return False
        self._failures = 0
        return taken

    def _store_answers(self) -> bool:
        """Whether it was the file: one that breaks off must not keep the others waiting."""
        try:
            engine = open_engine(self.url, make=False)
            try:
                with writing(engine, taken_files.name):
                    return True
            finally:
                engine.dispose()
        except ForlopError:
            return False

    def _append(self, engine: Engine, file: Delivery, take: Take) -> bool:
        name = Path(file.name).name
        if was_taken(engine, file.sha256, self.reader):
            self.log.say("known", file=name, sha256=file.sha256)
            return False
        summary = take(engine)
        note_taken(engine, file, self.reader)
        self.log.say("taken", file=name, sha256=file.sha256, **summary.as_json())
        return True


def was_taken(engine: Engine, sha256: str, reader: str) -> bool:
    """Whether a file of some content was taken whole by a reader."""
    mine = (taken_files.c.sha256 == sha256) & (taken_files.c.reader == reader)
    with reading(engine) as connection:
        return connection.execute(select(taken_files).where(mine)).first() is not None


def note_taken(engine: Engine, file: Delivery, reader: str) -> None:
    """Writes down that a file is in, once; after its last chunk is."""
    with writing(engine, taken_files.name) as connection:
        mine = (taken_files.c.sha256 == file.sha256) & (taken_files.c.reader == reader)
        if connection.execute(select(taken_files).where(mine)).first() is None:
            row = {
                "sha256": file.sha256,
                "reader": reader,
                "file": file.name,
                "taken_at": to_microseconds(datetime.now(UTC)),
            }
            connection.execute(taken_files.insert(), row)
