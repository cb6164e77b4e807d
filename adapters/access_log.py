"""Who read about one person: when, what, whose, and why. Append-only, and chained.

It is written before anything is shown, so nobody reads unseen: what cannot be recorded is refused.
"""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, delete, select

from adapters.chain import add_links
from adapters.database import reading, writing
from adapters.errors import WrongUseError
from adapters.schema import accesses, store_info
from domain.calendar import from_microseconds, show_instant, to_microseconds

SETTING = "access require-reason "  # and on or off: as what the setting itself is written down
_REQUIRED = "access_reason_required"
_LONGEST = 1000


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads, by the name given or the operating system's, and why."""

    who: str
    os_user: str
    reason: str


@dataclass(frozen=True, slots=True)
class Access:
    """One read. `participant` is the id that events carry, or the HMAC of an unknown key."""

    id: int
    accessed_at: datetime
    who: str
    os_user: str
    what: str
    participant: bytes
    reason: str

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "accessed_at": show_instant(self.accessed_at),
            "who": self.who,
            "os_user": self.os_user,
            "what": self.what,
            "participant": self.participant.hex() or None,
            "reason": self.reason or None,
        }


def reader(name: str | None = None, reason: str | None = None) -> Reader:
    """Who runs this: `name`, else FORLOP_USER, else the operating system's user."""
    user = os_user()
    who = name or os.environ.get("FORLOP_USER") or user
    return Reader(_plain(who), _plain(user), _plain(reason or ""))


def os_user() -> str:
    """The operating system's name for whoever runs this."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def record_access(engine: Engine, by: Reader, what: str, participants: Iterable[bytes]) -> None:
    """Writes down a read of some participants, one row each, before they are shown.

    Raises WrongUseError where the store requires a reason and none is given.
    """
    at = to_microseconds(datetime.now(UTC))
    with writing(engine, accesses.name) as connection:
        _check_reason(connection, by)
        rows = [_row(by, at, what, participant) for participant in dict.fromkeys(participants)]
        add_links(connection, accesses, rows)


def refuse_without_reason(engine: Engine, by: Reader) -> None:
    """Raises WrongUseError where the store requires a reason and none is given.

    For what takes long to find, ahead of finding it; `record_access` does the same again.
    """
    with reading(engine) as connection:
        _check_reason(connection, by)


def _check_reason(connection: Connection, by: Reader) -> None:
    if not by.reason and reason_required(connection):
        raise WrongUseError("this store shows a person only with a reason: give --reason")


def require_reason(engine: Engine, by: Reader, required: bool) -> None:
    """Sets whether a reason must be given; the setting is written down as well."""
    at = to_microseconds(datetime.now(UTC))
    with writing(engine, accesses.name) as connection:
        connection.execute(delete(store_info).where(store_info.c.name == _REQUIRED))
        value = "on" if required else "off"
        connection.execute(store_info.insert(), {"name": _REQUIRED, "value": value})
        add_links(connection, accesses, [_row(by, at, f"{SETTING}{value}", b"")])


def reason_required(connection: Connection) -> bool:
    query = select(store_info.c.value).where(store_info.c.name == _REQUIRED)
    return connection.execute(query).scalar_one_or_none() == "on"


def accesses_of(
    engine: Engine, participant: bytes | None = None, most: int | None = None
) -> list[Access]:
    """The reads so far, first to last, of one participant or all; of many, the last `most`."""
    query = select(accesses).order_by(accesses.c.id.desc()).limit(most)
    if participant is not None:
        query = query.where(accesses.c.participant == participant)
    with reading(engine) as connection:
        found = [
            Access(
                row.id,
                from_microseconds(row.accessed_at),
                row.who,
                row.os_user,
                row.what,
                bytes(row.participant),
                row.reason,
            )
            for row in connection.execute(query)
        ]
    return found[::-1]


def _row(by: Reader, at: int, what: str, participant: bytes) -> dict[str, Any]:
    return {
        "accessed_at": at,
        "who": by.who,
        "os_user": by.os_user,
        "what": what,
        "participant": participant,
        "reason": by.reason,
    }


def _plain(text: str) -> str:
    """Text on one line, as both databases take it."""
    kept = text.encode("utf-8", "replace").decode("utf-8")[:_LONGEST]
    return "".join(char if char.isprintable() else " " for char in kept).strip()
