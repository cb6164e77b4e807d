"""A file's rows read by a second process, while the first one appends those that came before.

Reading takes about as long as appending, and needs nothing of the store. What the second process
reads comes over in pieces, see `adapters.readers.packing`. Should it end before its time, the rest
is read here.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import islice
from queue import Queue
from struct import Struct
from threading import Thread
from typing import IO, Final, TypeAlias

from adapters.errors import ForlopError
from adapters.readers.files import RowFile
from adapters.readers.packing import pack, unpack
from adapters.readers.reading import Piece, RowReader
from adapters.readers.rows import PIECE, chunks
from domain.codes import Profile

_WORTH_IT: Final = 4 << 20  # bytes of a file; the process takes as long to start as to read one
_PACKED: Final = 5  # times as many bytes come out of a packed file, or more
_READY: Final = 60  # pieces that wait to be appended, at most
_PIPE: Final = 1 << 20  # bytes that are on their way, where the system can be asked for so many
_START: Final = (
    "import sys; sys.path[:] = {path!r}; from adapters.readers.ahead import serve; serve()"
)
_FRAME: Final = Struct("<cqq")
_PIECE, _END, _BROKEN_OFF = b"p", b"e", b"b"
Frame: TypeAlias = tuple[bytes, bytes, int]
"""A kind, a packed piece or what went wrong, and how many of the file's bytes have been read."""


def pays(file: RowFile) -> bool:
    """Whether a second process would be of use for a file, here."""
    if getattr(sys, "frozen", False) or not sys.executable:
        return False  # another program than Python would be started
    size = file.delivery.size * (_PACKED if file.packed else 1)
    return file.format == "csv" and size >= _WORTH_IT and _cores() > 1


def _cores() -> int:
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def reading(
    file: RowFile, profile: Profile, at: datetime, first: int
) -> Iterator[Iterator[Piece | None]]:
    """The pieces of a file of CSV, but for its `first` rows, handed in at a time.

    Raises ForlopError, while they are taken, where the file breaks off.
    """
    job = pickle.dumps((file.delivery, file.source, profile, at, first))
    try:
        process = _started()
    except OSError:  # no room for another process, or for such pipes
        yield _read(file, profile, at, first)
        return
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(BrokenPipeError), process.stdin as stdin:
        stdin.write(job)
    fetching = _Fetching(process.stdout)
    try:
        yield _taken(fetching, file, profile, at, first)
    finally:
        process.kill()
        process.wait()
        fetching.stop()
        process.stdout.close()


def _started() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", _START.format(path=sys.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        pipesize=_PIPE,
    )


def _taken(
    fetching: _Fetching, file: RowFile, profile: Profile, at: datetime, first: int
) -> Iterator[Piece | None]:
    """The pieces that come over, and where they stop coming, the rest as it is read here."""
    count = first
    while True:
        if not fetching.has_more:
            yield None
        if (frame := fetching.next()) is None:
            break
        kind, content, read = frame
        if kind == _END:
            return
        if kind == _BROKEN_OFF:
            raise ForlopError(content.decode())
        piece = unpack(content, file.header, file.source, at)
        file.note_read(read)
        count += len(piece.rows)
        yield piece
    yield from _read(file, profile, at, count)


def _read(file: RowFile, profile: Profile, at: datetime, first: int) -> Iterator[Piece]:
    reader = RowReader(profile)
    for some in chunks(islice(file.rows(), first, None), PIECE):
        yield reader.piece(some, at)


class _Fetching:
    """Takes in what comes over, some of it before it is asked for."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._ready: Queue[Frame | None] = Queue(_READY)
        self._ended = False
        self._thread = Thread(target=self._fetch, daemon=True)
        self._thread.start()

    @property
    def has_more(self) -> bool:
        return not self._ready.empty()

    def next(self) -> Frame | None:
        """What came next; None where nothing comes any more."""
        frame = None if self._ended else self._ready.get()
        self._ended = frame is None
        return frame

    def stop(self) -> None:
        """Lets go of what is still to come, once the other process is gone."""
        while self.next() is not None:
            pass
        self._thread.join()

    def _fetch(self) -> None:
        while len(head := self._stream.read(_FRAME.size)) == _FRAME.size:
            kind, length, read = _FRAME.unpack(head)
            content = self._stream.read(length)
            if len(content) < length:
                break
            self._ready.put((kind, content, read))
        self._ready.put(None)


def serve() -> None:
    """What the second process does: its job comes on standard input, the pieces go out."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it decides when it ends
    gc.disable()
    delivery, source, profile, at, first = pickle.load(sys.stdin.buffer)
    file, out = RowFile(delivery, source), sys.stdout.buffer
    with suppress(BrokenPipeError):
        try:
            for piece in _read(file, profile, at, first):
                _send(out, _PIECE, pack(piece), file.bytes_read() or 0)
            _send(out, _END)
        except ForlopError as error:
            _send(out, _BROKEN_OFF, str(error).encode())


def _send(out: IO[bytes], kind: bytes, content: bytes = b"", read: int = 0) -> None:
    out.write(_FRAME.pack(kind, len(content), read))
    out.write(content)
    out.flush()
