"""Whom a record seems to be about that could not be read: so that it is erased with the person."""

from __future__ import annotations

import re
from typing import Any, Final

import orjson

# The fields in which the systems name a person, as the readers know them.
_FIELDS: Final = (
    "personIdent",
    "personident",
    "deltakerFnr",
    "norskIdent",
    "PERSON_ID",
    "identitetsnummer",
    "aktorId",
    "fodselsnr",
    "fodselsnummer",
    "ident",
)
_NUMBER: Final = re.compile(rb"(?<!\d)\d{11}(?!\d)")


def whom(raw: bytes) -> str | None:
    """The key of the person, where the record names one and only one; of JSON by its fields, else
    by what has eleven digits."""
    try:
        named = set(_named(orjson.loads(raw)))
    except ValueError:
        named = set()
    named = named or {found.decode() for found in _NUMBER.findall(raw)}
    return named.pop() if len(named) == 1 else None


def _named(found: Any) -> list[str]:
    if isinstance(found, dict):
        own = [str(found[name]) for name in _FIELDS if isinstance(found.get(name), (str, int))]
        return own + [each for value in found.values() for each in _named(value)]
    return [each for value in found for each in _named(value)] if isinstance(found, list) else []
