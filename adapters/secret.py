"""The store's secret: 32 bytes outside the database, without which nobody's key opens.

It is looked for in FORLOP_SECRET (base64 or hex), then in the file that FORLOP_SECRET_FILE names,
then where it lies by default: beside a SQLite store as `<file>.key`, for PostgreSQL in
`~/.config/forlop/<fingerprint of the URL>.key`. Figures never need it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import URL, Connection, select

from adapters.errors import DamagedError, ForlopError
from adapters.schema import store_info

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_LENGTH: Final = 32
_NONCE: Final = 12
_MOST_LOOKUPS: Final = 20_000
_LONGEST: Final = 1 << 28  # bytes; nothing that was sealed is longer
CHECK: Final = "secret_check"  # the name of the row that tells a store's own secret from another


class SecretError(ForlopError):
    """The store's secret is missing, unreadable, open to others, or another store's."""


class TamperedError(DamagedError):
    """Something sealed does not open: it was changed, or moved to another place."""


@dataclass(frozen=True)
class Secret:
    """The store's secret. Each use has a key of its own, so that no use gives another away."""

    material: bytes

    def derived(self, use: str) -> bytes:
        return hmac.digest(self.material, b"forlop/1/" + use.encode(), "sha256")

    @cached_property
    def wrapping_key(self) -> bytes:
        return self.derived("wrapping")

    @cached_property
    def quarantine_key(self) -> bytes:
        return self.derived("quarantine")

    @cached_property
    def check(self) -> str:
        """What a store keeps to know its secret by."""
        return self.derived("check").hex()

    @cached_property
    def _lookup(self) -> hmac.HMAC:
        return hmac.new(self.derived("lookup"), digestmod="sha256")

    @cached_property
    def _lookups(self) -> dict[str, bytes]:
        """A chunk asks for the same persons' two or three times."""
        return {}

    @cached_property
    def _tombstone_key(self) -> bytes:
        return self.derived("tombstone")

    @cached_property
    def _fingerprint(self) -> hmac.HMAC:
        return hmac.new(self.derived("fingerprint"), digestmod="sha256")

    def lookup(self, natural_key: str) -> bytes:
        """Under what the store finds a participant."""
        found = self._lookups.get(natural_key)
        if found is None:
            if len(self._lookups) >= _MOST_LOOKUPS:
                self._lookups.clear()
            found = _digest(self._lookup, natural_key.encode("utf-8", "replace"))
            self._lookups[natural_key] = found
        return found

    def tombstone(self, natural_key: str) -> bytes:
        """Under what the store finds that a participant was erased; no relation to `lookup`."""
        return hmac.digest(self._tombstone_key, natural_key.encode("utf-8", "replace"), "sha256")

    def tombstone_seal(self, natural_key: str) -> bytes:
        """The key to what a tombstone says: it takes the natural key to read it."""
        return hmac.digest(self._tombstone_key, b"seal:" + natural_key.encode(), "sha256")

    def fingerprint(self, content: bytes) -> bytes:
        """What makes a row the same when it comes again; not to be guessed without the secret."""
        return _digest(self._fingerprint, content)


def _digest(begun: hmac.HMAC, content: bytes) -> bytes:
    """The HMAC of some content: going on from a key that was taken in is a third quicker."""
    own = begun.copy()
    own.update(content)
    return own.digest()


@cache
def _cipher() -> type[AESGCM]:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - slow to import

    return AESGCM


def seal(key: bytes, plain: bytes, bound_to: bytes) -> bytes:
    """AES-256-GCM: nonce, ciphertext and tag; opens with the key alone, where it belongs."""
    return sealing(key)(plain, bound_to)


def sealing(key: bytes) -> Callable[[bytes, bytes], bytes]:
    """What seals under one key, for many values: it takes what to seal, and what it is bound to."""
    encrypt = _cipher()(key).encrypt

    def sealed(plain: bytes, bound_to: bytes) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + encrypt(nonce, plain, bound_to)

    return sealed


def unseal(key: bytes, sealed: bytes, bound_to: bytes) -> bytes:
    """What was sealed; TamperedError where it does not open."""
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415

    try:
        if len(sealed) > _LONGEST:  # a number in a column of SQLite reads as so many zero bytes
            raise ValueError
        return _cipher()(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], bound_to)
    except (InvalidTag, ValueError):
        raise TamperedError(
            "a sealed value does not open: it was changed or moved; run `forlop verify`"
        ) from None


def secret_of(connection: Connection) -> Secret:
    """The secret of the store at a connection.

    Raises SecretError where there is none, it cannot be used, or it is another store's.
    """
    engine = connection.engine
    secret = find(engine.url)
    if secret is None:
        raise SecretError(
            "the store's secret is missing: put its file back at "
            f"{secret_path(engine.url)}, or name it in FORLOP_SECRET_FILE, "
            "or set FORLOP_SECRET; figures work without it"
        )
    query = select(store_info.c.value).where(store_info.c.name == CHECK)
    if connection.execute(query).scalar_one_or_none() != secret.check:
        raise SecretError(
            f"the secret from {_where(engine.url)} is not this store's; "
            "use the one that was made with it"
        )
    return secret


def find(url: URL) -> Secret | None:
    """The secret that is set for a store, None where there is none yet."""
    given = os.environ.get("FORLOP_SECRET")
    if given:
        return Secret(_read(given, "FORLOP_SECRET"))
    path = secret_path(url)
    try:
        mode = path.stat().st_mode
        text = path.read_text("ascii", "replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SecretError(f"the secret at {path} cannot be read: {error.strerror}") from None
    if stat.S_IMODE(mode) & 0o077:
        raise SecretError(f"the secret at {path} is open to others; run: chmod 600 {path}")
    return Secret(_read(text, str(path)))


def find_or_make(url: URL) -> Secret:
    """The secret for a store that is about to be made; where none is set, a new one, mode 0600."""
    found = find(url)
    if found is not None:
        return found
    path = secret_path(url)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write_once(path, base64.b64encode(secrets.token_bytes(_LENGTH)) + b"\n")
    except OSError as error:
        raise SecretError(f"the secret cannot be kept at {path}: {error.strerror}") from None
    found = find(url)
    if found is None:
        raise SecretError(f"the secret at {path} was removed as soon as it was made")
    return found


def secret_path(url: URL) -> Path:
    """The file of a store's secret, whether it is there or not."""
    named = os.environ.get("FORLOP_SECRET_FILE")
    if named:
        return Path(named)
    if url.get_backend_name() == "sqlite":
        return Path(f"{url.database}.key")
    plain = URL.create("postgresql", None, None, url.host, url.port, url.database, url.query)
    fingerprint = hashlib.sha256(plain.render_as_string().encode()).hexdigest()[:16]
    return Path.home() / ".config" / "forlop" / f"{fingerprint}.key"


def _where(url: URL) -> str:
    return "FORLOP_SECRET" if os.environ.get("FORLOP_SECRET") else str(secret_path(url))


def _write_once(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all; where two jobs write it, the first one's stays."""
    own = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(own, path)
    finally:
        own.unlink()


def _read(text: str, where: str) -> bytes:
    text = text.strip()
    with suppress(ValueError):
        material = bytes.fromhex(text)
        if len(material) == _LENGTH:
            return material
    with suppress(binascii.Error, ValueError):
        material = base64.b64decode(text, validate=True)
        if len(material) == _LENGTH:
            return material
    raise SecretError(f"{where} holds no secret; it should be 32 bytes in base64 or hex")
