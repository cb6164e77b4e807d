"""From a file's name, or standard input, to its rows; what a file is, its first bytes tell."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, Final, cast

from adapters.errors import ForlopError, WrongUseError
from adapters.readers import delimited, json_lines, parquet
from adapters.readers.delimited import LineReader
from adapters.readers.rows import RawRow, check_columns, check_source, fill_source
from domain.record import without_natural_keys

_GZIP: Final = b"\x1f\x8b"
_PARQUET: Final = b"PAR1"
_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Delivery:
    """A file that was handed in: the name to show, where its bytes are, their SHA-256 in hex."""

    name: str
    path: Path
    sha256: str
    size: int


@contextmanager
def delivery(name: str, standard_input: BinaryIO | None = None) -> Iterator[Delivery]:
    """A file by its name, or standard input for `-`, kept in a temporary file meanwhile.

    Raises WrongUseError where there is no such file, or nothing in it.
    """
    if name == "-" and standard_input is not None:
        with tempfile.NamedTemporaryFile(prefix="forlop-") as kept:
            shutil.copyfileobj(standard_input, kept, _CHUNK)
            kept.flush()
            yield _described("standard input", Path(kept.name))
        return
    path, shown = Path(name), shown_name(name)
    try:
        if not path.exists():
            raise WrongUseError(f"there is no file {shown}")
        if path.is_dir():
            raise WrongUseError(f"{shown} is a folder; give its files")
        if not path.is_file():
            raise WrongUseError(f"{shown} is not a file, which is read twice; hand it in as -")
        found = _described(shown, path)
    except OSError as error:
        raise WrongUseError(f"{shown} cannot be read: {error.strerror}") from None
    except ValueError:  # a NUL character
        raise WrongUseError(f"{shown} cannot be the name of a file") from None
    yield found


def shown_name(name: str) -> str:
    """A file's name as it may be shown and stored: one line of text, at most 200 characters.

    A national number in it is masked: a file is often named after whom it is about.
    """
    text = without_natural_keys(name.encode("utf-8", "replace").decode())
    kept = "".join(char if char.isprintable() else "\ufffd" for char in text)
    return kept if len(kept) <= 200 else f"{kept[:200]}…"


def _described(name: str, path: Path) -> Delivery:
    digest = hashlib.sha256()
    size = 0
    with path.open("rb") as file:
        while part := file.read(_CHUNK):
            digest.update(part)
            size += len(part)
    if size == 0:
        raise WrongUseError(f"{name} is empty; it should hold a header or a row at least")
    return Delivery(name, path, digest.hexdigest(), size)


def content_of(found: Delivery) -> bytes:
    """All of a delivery, unpacked where it is gzipped; WrongUseError where it does not unpack."""
    content = found.path.read_bytes()
    if not content.startswith(_GZIP):
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, OSError, zlib.error) as error:
        raise WrongUseError(f"{found.name} does not read as gzip: {error}") from None


class RowFile:
    """A delivery that reads as rows. Its header is checked when it is opened, before any row."""

    def __init__(self, found: Delivery, source: str | None = None) -> None:
        self.delivery = found
        self.source = check_source(source)
        self.header: tuple[str, ...] = ()
        self._opened: BufferedReader | None = None
        self._read_elsewhere = 0
        self.packed = False
        try:
            with self._bytes() as file:
                self.format = _format(file)
            self._check_header()
        except (EOFError, OSError, zlib.error) as error:
            raise WrongUseError(f"{found.name} breaks off at its beginning: {error}") from None

    def _check_header(self) -> None:
        name = self.delivery.name
        if self.format == "parquet":
            with self._plain() as path:
                check_columns(name, parquet.read_columns(path, name), self.source)
        elif self.format == "csv":
            with self._bytes() as file:
                self.header = tuple(delimited.read_header(LineReader(file), name))
            check_columns(name, self.header, self.source)

    def bytes_read(self) -> int | None:
        """How many of the file's bytes, as it lies there, have been read; None of Parquet."""
        if self.format == "parquet" or self._opened is None:
            return None
        here = self.delivery.size if self._opened.closed else self._opened.tell()
        return self._read_elsewhere or here

    def note_read(self, count: int) -> None:
        """Another process has read so many of the file's bytes."""
        self._read_elsewhere = count

    def rows(self) -> Iterator[RawRow]:
        """The rows, one by one; ForlopError where the file breaks off."""
        try:
            for row in self._rows():
                if self.source is not None:
                    fill_source(row, self.source)
                yield row
        except (EOFError, OSError, zlib.error) as error:
            raise ForlopError(f"{self.delivery.name} breaks off: {error}") from error

    def _rows(self) -> Iterator[RawRow]:
        if self.format == "parquet":
            with self._plain() as path:
                yield from parquet.read_rows(path)
            return
        with self._bytes() as file:
            lines = LineReader(file)
            if self.format == "json":
                yield from json_lines.read_rows(lines)
            else:
                header = delimited.read_header(lines, self.delivery.name)
                yield from delimited.read_rows(lines, header)

    @contextmanager
    def _bytes(self) -> Iterator[BinaryIO]:
        """The file's bytes, unpacked where it is gzipped."""
        with self.delivery.path.open("rb") as file:
            self._opened = file
            self.packed = file.peek(2)[:2] == _GZIP
            if self.packed:
                with gzip.open(file) as unpacked:
                    try:
                        unpacked.peek(1)
                    except (EOFError, OSError, zlib.error) as error:
                        raise WrongUseError(
                            f"{self.delivery.name} does not read as gzip: {error}"
                        ) from None
                    yield cast(BinaryIO, unpacked)
            else:
                yield file

    @contextmanager
    def _plain(self) -> Iterator[Path]:
        """The path of the unpacked file, for a reader that wants one."""
        with self._bytes() as file:
            if isinstance(file, BufferedReader) and not isinstance(file, gzip.GzipFile):
                yield self.delivery.path
                return
            with tempfile.NamedTemporaryFile(prefix="forlop-", suffix=".parquet") as unpacked:
                shutil.copyfileobj(file, unpacked, _CHUNK)
                unpacked.flush()
                yield Path(unpacked.name)


def _format(file: BinaryIO) -> str:
    start = file.read(4096)
    if start[:4] == _PARQUET:
        return "parquet"
    return "json" if start.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{" else "csv"
