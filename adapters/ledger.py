"""The list of erasures kept outside the database, so that a restored backup cannot undo them.

It lies beside the store's secret, one JSON object a line, and names ids alone. Whatever needs the
secret refuses to work while the database still has someone of the list: `forlop erase --replay`
erases them again.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import orjson
from sqlalchemy import URL, Connection, select

from adapters.errors import ForlopError, WrongUseError
from adapters.schema import erasures, store_info
from adapters.secret import secret_path

STORE_ID = "store_id"


@dataclass(frozen=True, slots=True)
class Line:
    """One erasure as the list has it: of which store, whose id, which rows in quarantine, and
    which subjects of sources, by their HMACs."""

    store: str
    participant_id: bytes
    erased_at: int
    erased_by: str
    reason: str
    slips: tuple[int, ...]
    subjects: tuple[bytes, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "store": self.store,
            "participant_id": self.participant_id.hex(),
            "erased_at": self.erased_at,
            "erased_by": self.erased_by,
            "reason": self.reason,
            "slips": self.slips,
            "subjects": [subject.hex() for subject in self.subjects],
        }


def ledger_path(url: URL) -> Path:
    path = secret_path(url)
    return path.with_name(f"{path.name}.erased")


def store_id(connection: Connection) -> str:
    query = select(store_info.c.value).where(store_info.c.name == STORE_ID)
    return str(connection.execute(query).scalar_one())


def note_down(url: URL, lines: Iterable[Line]) -> None:
    """Adds lines to the list, on the disk before this returns.

    It is written before the database is: a list that is ahead is put right by erasing again.
    """
    path = ledger_path(url)
    # A line that a crash cut short ends here, and does not spoil the next one.
    text = b"".join(b"\n" + orjson.dumps(line.as_json()) + b"\n" for line in lines)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "ab") as file:
            _write_or_not(file, text)
    except OSError as error:
        raise ForlopError(
            f"the list of erasures at {path} cannot be written: {error.strerror}; nobody was erased"
        ) from None


def _write_or_not(file: BinaryIO, text: bytes) -> None:
    before = os.fstat(file.fileno()).st_size
    try:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    except OSError:
        os.ftruncate(file.fileno(), before)
        raise


def read_ledger(path: Path) -> list[Line]:
    """The lines of a list; one that a crash cut short is passed over. None where there is none."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise WrongUseError(f"{path} cannot be read: {error.strerror}") from None
    lines = []
    for raw in text.splitlines():
        try:
            found = orjson.loads(raw)
            person = bytes.fromhex(found["participant_id"])
            slips = tuple(map(int, found["slips"]))
            who, why = str(found["erased_by"]), str(found["reason"])
            at = int(found["erased_at"])
            subjects = tuple(bytes.fromhex(one) for one in found.get("subjects", ()))
            lines.append(Line(str(found["store"]), person, at, who, why, slips, subjects))
        except (ValueError, KeyError, TypeError):
            continue
    return lines


def unerased(connection: Connection, lines: Sequence[Line]) -> list[Line]:
    """Those of a list that this store has not erased, or no longer: it was restored."""
    if not lines:
        return []
    own = store_id(connection)
    rows = connection.execute(select(erasures.c.participant_id))
    erased = {bytes(row.participant_id) for row in rows}
    first: dict[bytes, Line] = {}
    for line in lines:
        if line.store == own and line.participant_id not in erased:
            first.setdefault(line.participant_id, line)
    return list(first.values())


def refuse_if_restored(connection: Connection) -> None:
    """Raises ForlopError where the database has someone back whom the list says is erased."""
    back = unerased(connection, read_ledger(ledger_path(connection.engine.url)))
    if back:
        raise ForlopError(
            f"the store was restored from a time before {len(back)} erasures; "
            "run `forlop erase --replay` first"
        )
