"""`verify`: every check over one store, read in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, Engine, func, select, text

from adapters.access_log import SETTING, reason_required
from adapters.database import reading
from adapters.errors import NotAStoreError, WrongUseError
from adapters.log import Head
from adapters.schema import APPEND_ONLY, accesses, batches, erasures, events, trigger_names
from adapters.verification.chains import batch_findings, chain_findings, rows_of, spans_of
from adapters.verification.findings import Finding, Note
from adapters.verification.log import LogCheck
from adapters.verification.people import history_findings, key_findings
from adapters.verification.sealed import sealed_findings
from adapters.watching import Watch, unwatched

# A further check, such as that of a copy of the log, is given the connection and the head.
Check = Callable[[Connection, Head], Iterable[Finding | Note]]
_MOST: Final = 100


@dataclass(slots=True)
class Report:
    """What a verification came to: the head of the log as it was found, and what is wrong."""

    head: Head
    events: int = 0
    findings: list[Finding] = field(default_factory=list)
    more: int = 0
    notes: list[Note] = field(default_factory=list)

    @property
    def first(self) -> Finding | None:
        """What is wrong at the first bad position; before positions, other tables' rows."""
        placed = [found for found in self.findings if found.table == "events" and found.at]
        return min(placed, key=lambda found: found.at or 0) if placed else next(iter(self), None)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def as_json(self) -> dict[str, Any]:
        return {
            "whole": not self.findings,
            "position": self.head.position,
            "head": self.head.hash.hex(),
            "events": self.events,
            "first": None if self.first is None else self.first.as_json(),
            "findings": [found.as_json() for found in self.findings],
            "more": self.more,
            "notes": [note.what for note in self.notes],
        }


@dataclass(frozen=True, slots=True)
class Expected:
    """A head that was kept outside: its position, and the beginning of its hash in hex."""

    position: int
    hash: str

    def __post_init__(self) -> None:
        digits = set(self.hash) <= set("0123456789abcdef")
        if self.position < 0 or not digits or not 16 <= len(self.hash) <= 64:
            raise WrongUseError(
                "a head is a position and 16 to 64 hex digits, as `forlop head` prints them"
            )


def verify(
    engine: Engine,
    expected: Expected | None = None,
    further: Iterable[Check] = (),
    watch: Watch = unwatched,
    folding: Watch = unwatched,
) -> Report:
    """Checks a store; the findings are in the order of the checks, at most a hundred of them.

    Works without the store's secret; with it, all that is sealed is opened as well. `watch` is
    called for what goes through the whole log, `folding` for what folds every history of it.
    """
    report = Report(Head(0, b""))
    try:
        with reading(engine) as connection:
            for found in _findings(connection, report, expected, further, watch, folding):
                if isinstance(found, Note):
                    report.notes.append(found)
                elif len(report.findings) < _MOST:
                    report.findings.append(found)
                else:
                    report.more += 1
    except NotAStoreError as error:
        report.findings.append(Finding("store", None, f"the database is damaged: {error}"))
    return report


def _findings(
    connection: Connection,
    report: Report,
    expected: Expected | None,
    further: Iterable[Check],
    watch: Watch,
    folding: Watch,
) -> Iterator[Finding | Note]:
    yield from _trigger_findings(connection)
    known = list(rows_of(connection, batches))
    spans = spans_of(known)
    remember = {last for _, last in spans.values()} | ({expected.position} if expected else set())
    log = LogCheck(connection, remember)
    length = connection.execute(select(func.count()).select_from(events)).scalar_one()
    with watch(length) as done:
        yield from log.findings(spans, done)
    report.head, report.events = Head(log.position, log.head), log.counted
    if expected is not None:
        yield from _head_findings(expected, log)
    for table in (batches, erasures, accesses):
        yield from chain_findings(connection, table)
    yield from batch_findings(known, log.hashes, log.position)
    with folding(log.counted) as done:
        yield from history_findings(connection, done)
    yield from key_findings(connection)
    yield from _setting_findings(connection)
    yield from sealed_findings(connection)
    for check in further:
        yield from check(connection, report.head)


def _head_findings(expected: Expected, log: LogCheck) -> Iterator[Finding]:
    if expected.position > log.position:
        what = f"the log ends at position {log.position}, the head kept outside is further on"
        yield Finding("events", log.position + 1, f"{what}: the tail was cut off")
    elif not log.hashes.get(expected.position, b"").hex().startswith(expected.hash):
        what = "the hash is not the one kept outside: the log was rewritten at or before here"
        yield Finding("events", expected.position, what)


def _setting_findings(connection: Connection) -> Iterator[Finding]:
    """Whether a reason is required as it was set last: setting it is written down as an access."""
    query = (
        select(accesses.c.what)
        .where(accesses.c.what.like(f"{SETTING}%"))
        .order_by(accesses.c.id.desc())
        .limit(1)
    )
    was_set = connection.execute(query).scalar_one_or_none()
    if reason_required(connection) != (was_set == f"{SETTING}on"):
        what = "whether a reason is required was changed without being written down"
        yield Finding("forlop_store", None, f"{what}: set it with `forlop access require-reason`")


def _trigger_findings(connection: Connection) -> Iterator[Finding]:
    if connection.dialect.name == "sqlite":
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    else:
        query = (
            "SELECT tgname FROM pg_trigger "
            "WHERE tgenabled <> 'D' AND NOT tgisinternal AND pg_table_is_visible(tgrelid)"
        )
    there = {row[0] for row in connection.execute(text(query))}
    for table in APPEND_ONLY:
        if missing := set(trigger_names(connection.dialect.name, table)) - there:
            names = ", ".join(sorted(missing))
            yield Finding(table, None, f"{table} is not protected: the trigger {names} is gone")
