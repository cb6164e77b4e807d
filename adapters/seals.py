"""What is sealed under a participant's own key: notes, rows in quarantine, what sources said.

Each is bound to its place, so that it does not open anywhere else. Whoever is erased has no key
any more, and nothing of theirs opens again.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any, Final

from sqlalchemy import Connection

from adapters.bulk import look_up
from adapters.ledger import refuse_if_restored
from adapters.secret import Secret, TamperedError, seal, sealing, secret_of, unseal

_KEY_LENGTH: Final = 32
_WRAPPED: Final = "SELECT participant_id, wrapped_key FROM participants"
Fields = dict[str, Any]


class Seals:
    """The participants' keys inside one transaction, unwrapped as they are needed."""

    def __init__(self, connection: Connection, *, restoring: bool = False) -> None:
        """`restoring`: also of a store that was restored and still has erased people back."""
        self._connection = connection
        self._restoring = restoring
        self._keys: dict[bytes, bytes | None] = {}
        self._sealings: dict[bytes, Callable[[bytes, bytes], bytes]] = {}

    @cached_property
    def secret(self) -> Secret:
        """Looked for when it is first needed: what holds nothing sealed reads without it."""
        if not self._restoring:
            refuse_if_restored(self._connection)
        return secret_of(self._connection)

    def load(self, persons: Iterable[bytes]) -> None:
        """Reads the keys of some participants at once."""
        missing = [person for person in dict.fromkeys(persons) if person not in self._keys]
        self._keys.update(dict.fromkeys(missing))
        for person, wrapped in look_up(self._connection, _WRAPPED, "participant_id", missing):
            own = unseal(self.secret.wrapping_key, bytes(wrapped), bytes(person))
            self._keys[bytes(person)] = own

    def new_key(self, person: bytes) -> bytes:
        """A key for a new participant, to be written down wrapped under the secret."""
        own = self._keys[person] = os.urandom(_KEY_LENGTH)
        return own

    def key_of(self, person: bytes) -> bytes | None:
        """A participant's key; None where there is none, or none any more."""
        if person not in self._keys:
            self.load([person])
        return self._keys[person]

    def seal_note(self, person: bytes, fields: Fields, note: str) -> str:
        """A note as it stands in an event's state, bound to the participant and the event's id."""
        own = self.key_of(person)
        if own is None:
            raise TamperedError("a participant has no key; run `forlop verify`")
        sealed = seal(own, note.encode(), _note_place(person, fields))
        return base64.b64encode(sealed).decode()

    def open_note(self, person: bytes, fields: Fields, sealed: str) -> str | None:
        """The note again; None where the participant was erased."""
        own = self.key_of(person)
        if own is None:
            return None
        try:
            content = base64.b64decode(sealed, validate=True)
        except (binascii.Error, TypeError, ValueError):
            raise TamperedError("a sealed note does not read; run `forlop verify`") from None
        return unseal(own, content, _note_place(person, fields)).decode()

    def seal_slip(self, person: bytes, slip: int, column: str, content: bytes) -> bytes:
        """A column of a row in quarantine; without a participant, under the store's own key."""
        key = self._slip_key(person)
        if key is None:
            raise TamperedError("a participant has no key; run `forlop verify`")
        return seal(key, content, _slip_place(person, slip, column)) if content else b""

    def open_slip(self, person: bytes, slip: int, column: str, sealed: bytes) -> bytes:
        """A column of a row in quarantine again; empty where the participant was erased."""
        if not sealed:
            return b""
        key = self._slip_key(person)
        return b"" if key is None else unseal(key, sealed, _slip_place(person, slip, column))

    def seal_said(self, person: bytes, kind: str, number: int, content: bytes) -> bytes:
        """A record or a version of a source; without a participant, under the store's own key."""
        sealed = self._sealings.get(person) or self.sealing_of(person)
        return sealed(content, _said_place(person, kind, number))

    def sealing_of(self, person: bytes) -> Callable[[bytes, bytes], bytes]:
        """What seals under a participant's key, or the store's own; made once for many values."""
        key = self._slip_key(person)
        if key is None:
            raise TamperedError("a participant has no key; run `forlop verify`")
        made = self._sealings[person] = sealing(key)
        return made

    def open_said(self, person: bytes, kind: str, number: int, sealed: bytes) -> bytes:
        """It again; empty where the participant was erased."""
        key = self._slip_key(person) if sealed else None
        return b"" if key is None else unseal(key, sealed, _said_place(person, kind, number))

    def _slip_key(self, person: bytes) -> bytes | None:
        return self.key_of(person) if person else self.secret.quarantine_key


def _note_place(person: bytes, fields: Fields) -> bytes:
    source, event_id = str(fields["source"]), str(fields["event_id"])
    return b"note/" + person + f"/{len(source)}/{source}/{event_id}".encode()


def _slip_place(person: bytes, slip: int, column: str) -> bytes:
    return f"slip/{slip}/{column}/".encode() + person


def _said_place(person: bytes, kind: str, number: int) -> bytes:
    return f"said/{kind}/{number}/".encode() + person
