"""What is sealed opens, where it stands, and is what it is filed under: with the secret alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Table

from adapters.case_systems.messages import from_stored
from adapters.errors import DamagedError
from adapters.mapper import decode
from adapters.participants import natural_key_in
from adapters.schema import events, participants, quarantine, source_records, source_versions
from adapters.seals import Seals
from adapters.secret import Secret, SecretError, TamperedError
from adapters.verification.findings import Finding, Note, raw_rows

_AT_ONCE: Final = 500
_UNREADABLE: Final = (TamperedError, DamagedError, KeyError, TypeError, ValueError, AttributeError)
_ERASED: Final = "it is of somebody erased, and still holds what was handed in"
Row = tuple[Any, ...]


def sealed_findings(connection: Connection) -> Iterator[Finding | Note]:
    """Keys, notes, rows in quarantine and what sources said. Without the secret, that it is so."""
    try:
        Seals(connection, restoring=True).secret  # noqa: B018 - looked for when it is asked for
    except SecretError as error:
        yield Note(f"what is sealed was not opened: {error}")
        return
    yield from _key_findings(connection)
    yield from _note_findings(connection)
    yield from _slip_findings(connection)
    yield from _record_findings(connection)
    yield from _version_findings(connection)


def _in_parts(
    connection: Connection, table: Table, columns: str, owner: int, where: str = "TRUE"
) -> Iterator[tuple[Seals, list[Row]]]:
    """Rows of a table, some at a time, with the keys of those whose they are.

    Rows of those whose key does not open are left out: the key is told of, and is what is wrong.
    """
    rows = raw_rows(connection, f"SELECT {columns} FROM {table.name} WHERE {where} ORDER BY id")
    while some := list(islice(rows, _AT_ONCE)):
        seals = Seals(connection, restoring=True)
        whose = {row[owner] for row in some if isinstance(row[owner], bytes) and row[owner]}
        try:
            seals.load(whose)
            yield seals, some
        except _UNREADABLE:
            locked = {person for person in whose if not _opens(connection, person)}
            yield (
                Seals(connection, restoring=True),
                [row for row in some if row[owner] not in locked],
            )


def _opens(connection: Connection, person: bytes) -> bool:
    try:
        Seals(connection, restoring=True).load([person])
    except _UNREADABLE:
        return False
    return True


def _each(
    parts: Iterable[tuple[Seals, list[Row]]],
    table: Table,
    problem_of: Callable[[Seals, Row], str | None],
) -> Iterator[Finding]:
    """A finding for each row, its id first, in which something is wrong or does not read."""
    for seals, rows in parts:
        for row in rows:
            try:
                wrong = problem_of(seals, row)
            except _UNREADABLE as error:
                opens = isinstance(error, TamperedError)
                wrong = "a sealed value does not open" if opens else "the row does not read"
            if wrong is not None:
                yield Finding(table.name, row[0], wrong)


def _key_findings(connection: Connection) -> Iterator[Finding]:
    """Whether every participant's key opens, and is filed under the natural key that it opens."""
    secret = Seals(connection, restoring=True).secret
    statement = "SELECT participant_id, lookup, wrapped_key, natural_key FROM participants"
    for person, lookup, wrapped, sealed in raw_rows(connection, f"{statement} ORDER BY 1"):
        try:
            wrong = secret.lookup(natural_key_in(secret, person, wrapped, sealed)) != lookup
        except _UNREADABLE:
            wrong = True
        if wrong:
            named = person.hex() if isinstance(person, bytes) else "?"
            what = f"the key of participant {named} does not open, or is filed under another"
            yield Finding(participants.name, None, what)


def _note_findings(connection: Connection) -> Iterator[Finding]:
    """Whether every note in the log opens, but those of who was erased."""

    def problem(seals: Seals, row: Row) -> str | None:
        fields = orjson.loads(row[2])
        seals.open_note(row[1], fields, fields["sealed"])
        return None

    has = {
        "sqlite": "instr(state, CAST('\"sealed\"' AS BLOB)) > 0",
        "postgresql": "position('\"sealed\"'::bytea IN state) > 0",
    }[connection.dialect.name]
    parts = _in_parts(connection, events, "id, participant_id, state", 1, has)
    yield from _each(parts, events, problem)


def _slip_findings(connection: Connection) -> Iterator[Finding]:
    """Whether every row in quarantine opens, and is what it is filed under."""
    columns = (
        "id, participant_id, participant_lookup, source, event_id, outcome, status, topic, "
        "fingerprint, state, cells, raw"
    )
    parts = _in_parts(connection, quarantine, columns, 1)
    yield from _each(parts, quarantine, _slip_problem)


def _slip_problem(seals: Seals, row: Row) -> str | None:
    slip, person, lookup, source, event_id, outcome, status, topic, fingerprint, *sealed = row
    if status == "erased":
        return _ERASED if any(sealed) or lookup else None
    if person and seals.key_of(person) is None:
        return "its participant has no key and was not erased"
    names = ("state", "cells", "raw")
    state, cells, raw = (
        seals.open_slip(person, slip, name, content)
        for name, content in zip(names, sealed, strict=True)
    )
    said = orjson.loads(cells or b"{}")
    if outcome == "held":
        event = decode(topic, state)
        return None if event.key == (source, event_id) else "it is filed under another event id"
    natural = said.get("participant")
    named = natural if isinstance(natural, str) and lookup else None
    if named is not None and seals.secret.lookup(named) != lookup:
        return "it is filed under another participant"
    if None in said.values():
        return None  # it may have been a number that JSON has not, and counted as filled
    if fingerprint not in _fingerprints(seals.secret, said, raw):
        return "its fingerprint is not that of what was handed in"
    return None


def _fingerprints(secret: Secret, cells: dict[str, Any], raw: bytes) -> Sequence[bytes]:
    """Under what a rejected row may be known again: by its cells, or by its bytes."""
    filled = {name: value for name, value in cells.items() if value is not None and value != ""}
    by_cells = orjson.dumps(filled, option=orjson.OPT_SORT_KEYS)
    return [secret.fingerprint(by_cells), secret.fingerprint(raw.rstrip(b"\r\n"))]


def _record_findings(connection: Connection) -> Iterator[Finding]:
    """Whether every record of a source opens, is the one that came, and none is missing."""

    def problem(seals: Seals, row: Row) -> str | None:
        number, person, fingerprint, sealed = row
        raw = _opened(seals, person, "record", number, sealed)
        if raw is not None and seals.secret.fingerprint(raw) != fingerprint:
            return "its fingerprint is not that of the record"
        return None

    columns = "id, participant_id, fingerprint, raw"
    yield from _each(_in_parts(connection, source_records, columns, 1), source_records, problem)
    yield from _gaps(connection, source_records)


def _version_findings(connection: Connection) -> Iterator[Finding]:
    """Whether every version of a source opens, is filed under its subject, and none is missing."""

    def problem(seals: Seals, row: Row) -> str | None:
        number, person, source, subject, digest, sealed = row
        stored = _opened(seals, person, "version", number, sealed)
        if stored is None:
            return None
        version, own = from_stored(stored), seals.secret.fingerprint
        if own(f"subject/{version.source}/{version.subject}".encode()) != subject:
            return "it is filed under another subject"
        if (version.source, own(f"version/{version.digest}".encode())) != (source, digest):
            return "its digest is not that of what the source said"
        if not {(subject, seals.secret.lookup(one)) for one in version.participants} <= known:
            return "whom it is about is not written down; erasure would not find it"
        return None

    statement = "SELECT subject, lookup FROM source_subjects"
    known = set(raw_rows(connection, statement))
    columns = "id, participant_id, source, subject, digest, stored"
    yield from _each(_in_parts(connection, source_versions, columns, 1), source_versions, problem)
    yield from _gaps(connection, source_versions)
    statement = (
        "SELECT v.id FROM source_versions v WHERE v.record_id <> 0 "
        "AND NOT EXISTS (SELECT 1 FROM source_records r WHERE r.id = v.record_id) ORDER BY 1"
    )
    for (number,) in raw_rows(connection, statement):
        yield Finding(source_versions.name, number, "the record that it came in is not there")


def _opened(seals: Seals, person: bytes, kind: str, number: int, sealed: bytes) -> bytes | None:
    """What was sealed; None where erasure emptied it. TamperedError: with no key to open it."""
    if not sealed:
        return None
    if person and seals.key_of(person) is None:
        raise TamperedError("nobody has the key")
    return seals.open_said(person, kind, number, sealed)


def _gaps(connection: Connection, table: Table) -> Iterator[Finding]:
    last = 0
    for (number,) in raw_rows(connection, f"SELECT id FROM {table.name} ORDER BY id"):
        if number != last + 1:
            yield Finding(table.name, number, f"it follows row {last}: one is missing")
        last = number
