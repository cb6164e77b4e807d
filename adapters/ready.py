"""A figure from a copy that is ready, with nothing loaded that it can do without.

Half of the time that such a figure took went into loading SQLAlchemy and the types of events.
SQLite's own driver tells where the log ends, and the copy has the rest.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

import duckdb

from adapters.answers import Asked, Result, checked, described, head_at, settle
from adapters.columnar_copy import beside, ready
from adapters.duck_runner import DuckRunner
from adapters.log import SCHEMA_VERSION, Rows, hash_at
from domain.calendar import to_microseconds
from domain.codes import Profile
from projections.columnar.asking import ask
from projections.layout import lay_out
from projections.question import Question

UNSETTLED: Final = "unsettled"  # the table of those whom the copy cannot count
_PLAIN_URL: Final = re.compile(r"sqlite:///(?!file:|:memory:)([^?]+)")
_WAIT_SECONDS: Final = 30.0
_UNREADABLE: Final = (TypeError, ValueError, OverflowError, MemoryError)  # as `adapters.database`


class _SqliteLog:
    """A store in a SQLite file, read by the driver alone."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def exec_driver_sql(self, statement: str, /) -> Rows:
        return self._connection.execute(statement)


def from_ready_copy(url: str, profile: Profile, asked: Asked) -> Result | None:
    """The figure, where the store's copy has all of it; None where it takes more than that.

    It takes more where the store is no plain SQLite file or something is wrong with it, where the
    copy is behind or away, and where somebody must be counted by their events: `answer` does it,
    and says what is wrong. Raises WrongUseError where the question cannot be meant.
    """
    plain = _PLAIN_URL.fullmatch(url)
    if plain is None or not Path(plain[1]).is_file():
        return None
    try:
        with _opened(plain[1]) as log:
            return _count(log, beside(plain[1]), profile, asked)
    except (sqlite3.Error, duckdb.Error, OSError, *_UNREADABLE):
        return None


@contextmanager
def _opened(database: str) -> Iterator[_SqliteLog]:
    connection = sqlite3.connect(database, timeout=_WAIT_SECONDS, isolation_level=None)
    try:
        connection.execute("BEGIN")
        yield _SqliteLog(connection)
    finally:
        connection.close()


def _count(log: _SqliteLog, copy: Path, profile: Profile, asked: Asked) -> Result | None:
    version = log.exec_driver_sql("SELECT value FROM forlop_store WHERE name = 'schema_version'")
    if version.fetchone() != (str(SCHEMA_VERSION),):
        return None
    position, head = head_at(log, asked.position)
    question = checked(settle(asked, log, position), profile)
    with ready(copy, partial(hash_at, log), position) as found:
        if found is None or set_apart([question], *found):
            return None
        sums = ask(question, profile, found[0])
    return described(question, lay_out(question, sums), head, profile)


def set_apart(questions: Sequence[Question], runner: DuckRunner, stands_at: int) -> list[bytes]:
    """Those whom the copy cannot count, left in the table `UNSETTLED`: for the reference engine.

    The copy has no axis of position. Where it stands later than a question does, whoever has an
    event after the question's position that would count is among them; so is whoever has several
    keys, whose journeys must be united.
    """
    apart = (
        "SELECT pid FROM link UNION SELECT p.pid FROM link l "
        "JOIN person p ON p.participant_id = unhex(l.same_as)"
    )
    for question in questions:
        if stands_at > question.position:
            apart += (
                f" UNION SELECT pid FROM log WHERE position > {question.position} "
                f"AND recorded <= {to_microseconds(question.known_at)}"
            )
    runner.run(f"CREATE OR REPLACE TEMPORARY TABLE {UNSETTLED} AS {apart}")
    found = runner.rows(f"SELECT participant_id FROM person JOIN {UNSETTLED} USING (pid)")
    return [bytes(one) for (one,) in found]
