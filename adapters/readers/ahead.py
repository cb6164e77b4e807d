"""A long table read by a second process, while the first one judges and writes what came before.

The second process knows the file and the profile, and nothing of the store. It is a chunk ahead at
most, and ends when the first one does, whatever that died of: nobody reads its pipe any more.

    python -m adapters.readers.ahead    (started by `read_ahead` alone)
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import IO, Any, Final, TypeAlias

from adapters.errors import ForlopError
from adapters.readers.files import Delivery, RowFile
from adapters.readers.reading import ReadRow, RowReader
from adapters.readers.rows import RawRow, chunks
from domain.calendar import to_microseconds
from domain.codes import Profile
from domain.composing import Record, composers

LONG: Final = 6_000_000  # bytes of a table from which a second process pays for its start
_LENGTH: Final = 8  # bytes that say how long a message is
_STARTING: Final = 20_000  # rows that the first process reads meanwhile

# line, bytes, type, participant, fields with the recording time as microseconds, and state
Packed: TypeAlias = tuple[int, bytes, str, str, tuple[Any, ...], bytes]
Message: TypeAlias = list[Packed | ReadRow]


@dataclass(frozen=True, slots=True)
class Task:
    """What the second process is told: a file, how to read it, and after how many rows."""

    file: Delivery
    source: str | None
    profile: Profile
    size: int
    after: int = 0


def is_long(file: RowFile) -> bool:
    """Whether a second process pays: for a table of text, on a machine that has room for it."""
    long = file.format == "csv" and file.delivery.size >= LONG
    return long and (os.cpu_count() or 1) > 1 and bool(sys.executable)


def read_ahead(
    file: RowFile, profile: Profile, size: int, reader: RowReader
) -> Generator[list[ReadRow], None, None]:
    """The rows of a file in chunks, read by a second process as soon as that has started.

    Raises ForlopError where the file breaks off, or the second process does.
    """
    task = Task(file.delivery, file.source, profile, size, _STARTING)
    command = [sys.executable, "-m", __name__]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as second:
        assert second.stdin is not None
        assert second.stdout is not None
        try:
            with suppress(BrokenPipeError), second.stdin as to_second:  # it may have died already
                pickle.dump(task, to_second)
            for chunk in chunks(islice(file.rows(), _STARTING), size):
                at = datetime.now(UTC)
                yield [reader.read(row, at) for row in chunk]
            yield from _received(second.stdout, task)
        finally:
            second.kill()


def _received(pipe: IO[bytes], task: Task) -> Generator[list[ReadRow], None, None]:
    while True:
        length = int.from_bytes(pipe.read(_LENGTH), "big")
        content = pipe.read(length)
        if not length or len(content) < length:
            raise ForlopError(
                f"the process that reads {task.file.name} ahead has ended; nothing of this part "
                "is stored, run the command again"
            )
        found = pickle.loads(content)
        if isinstance(found, Exception):
            raise found
        if found is None:
            return
        header, message = found
        yield [
            one if isinstance(one, ReadRow) else unpack(one, header, task.source) for one in message
        ]


def pack(row: ReadRow) -> Packed | ReadRow:
    """A row that reads without looking at the store, as little as says all of it."""
    if row.record is None or row.state is None or row.raw.values is None:
        return row
    participant, event = row.record
    fields = event.__dict__ | {"recorded_at": to_microseconds(event.recorded_at)}
    raw = row.raw
    return raw.line, raw.raw, event.TOPIC, participant, tuple(fields.values()), row.state


def unpack(packed: Packed, header: tuple[str, ...], source: str | None) -> ReadRow:
    """The row again, by the header of its table and the source of the whole file."""
    line, raw, topic, participant, values, state = packed
    event = _ANY_CODE[topic].restored(values)
    return ReadRow(
        RawRow(line, raw, header=header, source=source), Record(participant, event), state
    )


_ANY_CODE: Final = composers(None)


def main() -> None:
    """Reads what `read_ahead` asks for, until it is done or nobody listens any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process says when it is over
    gc.disable()
    task: Task = pickle.load(sys.stdin.buffer)
    try:
        _send_rows(task, sys.stdout.buffer)
    except BrokenPipeError:
        os._exit(0)  # without a last attempt to write what is left


def _send_rows(task: Task, pipe: IO[bytes]) -> None:
    reader = RowReader(task.profile)
    try:
        rows = islice(RowFile(task.file, task.source).rows(), task.after, None)
        for chunk in chunks(rows, task.size):
            at = datetime.now(UTC)
            message: Message = [pack(reader.read(row, at)) for row in chunk]
            _put((chunk[0].header, message), pipe)
        _put(None, pipe)
    except ForlopError as error:
        _put(error, pipe)


def _put(message: object, pipe: IO[bytes]) -> None:
    content = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    pipe.write(len(content).to_bytes(_LENGTH, "big"))
    pipe.write(content)
    pipe.flush()


if __name__ == "__main__":
    main()
