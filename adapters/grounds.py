"""What an answer is read from: the columnar copy, or every history in the log.

Both tell the same of a question: its figure, who is behind a cell, of whom the figure changed. From
the copy only those are folded of whom the query that counts the figure says that they are in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from heapq import merge
from itertools import islice
from typing import Final, Protocol, TypeAlias

from sqlalchemy import Connection, Engine

from adapters.answers import EngineName
from adapters.columnar_copy import ColumnarCopy
from adapters.duck_runner import DuckRunner
from adapters.engines import by_reference, over_copy
from adapters.errors import DamagedError, WrongUseError
from adapters.facts import every_history, facts_of, linked_participants
from adapters.ready import UNSETTLED, set_apart
from adapters.watching import Watch, unwatched
from domain.calendar import to_microseconds
from domain.codes import Profile
from domain.history import Fact
from domain.linking import Person
from projections import reference
from projections.explaining.aim import Aim
from projections.explaining.cell import InCell, in_cell
from projections.layout import Table
from projections.question import Question
from projections.views import Lens

Histories: TypeAlias = dict[bytes, Sequence[Fact]]
_AT_ONCE: Final = 2_000  # persons whose histories are in memory at a time


class Ground(Protocol):
    """Where answers come from; each of its methods raises what reading the store raises."""

    def table(self, question: Question) -> Table:
        """A figure."""

    def behind(self, aim: Aim, most: int | None) -> tuple[int, Iterator[InCell[bytes]]]:
        """How many persons are in a cell, and the first `most` of them (None: all).

        They come in the order in which the log came to know them.
        """

    def changed(self, before: Question, after: Question) -> Iterator[Histories]:
        """The histories of those of whom a figure may be another one after.

        One person at a time, all keys together that are one on either side.
        """

    def person(self, question: Question, participant: bytes) -> Person[bytes]:
        """A participant, with the other keys of that person."""


@contextmanager
def open_ground(
    engine: Engine,
    connection: Connection,
    profile: Profile,
    by_engine: EngineName,
    position: int,
    watch: Watch = unwatched,
) -> Iterator[Ground]:
    """The ground that an engine stands on, for questions at a position and before it.

    `watch` is called where the columnar copy must be refreshed first.
    WrongUseError for Spark, which answers figures alone.
    """
    if by_engine == "spark":
        raise WrongUseError("Spark counts figures alone; take --engine columnar or reference")
    if by_engine == "reference" or position == 0:
        yield LogGround(connection, profile)
        return
    copy = ColumnarCopy(engine).at_least(connection, position, watch)
    with copy as (runner, stands_at):
        yield CopyGround(connection, profile, runner, stands_at)


class LogGround:
    """Every history, folded."""

    def __init__(self, connection: Connection, profile: Profile) -> None:
        self._connection = connection
        self._profile = profile

    def _people(self, question: Question) -> Iterator[Person[bytes]]:
        histories = every_history(self._connection, question.position)
        linked = linked_participants(self._connection, question.position)
        return reference.people_of(histories, linked, question)

    def table(self, question: Question) -> Table:
        return by_reference(self._connection, self._profile, question)

    def behind(self, aim: Aim, most: int | None) -> tuple[int, Iterator[InCell[bytes]]]:
        lens = Lens(aim.question, self._profile)
        found = sorted(in_cell(aim, lens, self._people(aim.question)), key=_since)
        return len(found), islice(found, most)

    def changed(self, before: Question, after: Question) -> Iterator[Histories]:
        linked = linked_participants(self._connection, after.position)
        aside: Histories = {}
        for participant, facts in every_history(self._connection, after.position):
            if participant in linked:
                aside[participant] = facts
            else:
                yield {participant: facts}
        yield from _together(aside, before, after)

    def person(self, question: Question, participant: bytes) -> Person[bytes]:
        keys = linked_participants(self._connection, question.position) | {participant}
        return _person(
            _facts(self._connection, sorted(keys), question.position), question, participant
        )


class CopyGround:
    """The columnar copy, and the histories of those whom it names, or cannot tell of."""

    def __init__(
        self, connection: Connection, profile: Profile, runner: DuckRunner, stands_at: int
    ) -> None:
        self._connection = connection
        self._profile = profile
        self._runner = runner
        self._stands_at = stands_at

    def table(self, question: Question) -> Table:
        copy = (self._runner, self._stands_at)
        return over_copy(copy, self._connection, self._profile, question)

    def behind(self, aim: Aim, most: int | None) -> tuple[int, Iterator[InCell[bytes]]]:
        from projections.columnar.behind import make_behind  # noqa: PLC0415

        question = aim.question
        lens = Lens(question, self._profile)
        apart, condition = self._set_apart(question)
        folded = sorted(in_cell(aim, lens, self._people(apart, question)), key=_since)
        make_behind("behind", aim, self._profile, self._runner, condition)
        ((count,),) = self._runner.rows("SELECT count(*) FROM behind")
        limit = "" if most is None else f" LIMIT {most}"
        named = self._named(f"SELECT pid FROM behind ORDER BY pid{limit}")
        found = merge(folded, self._in_cell(aim, lens, named), key=_since)
        return count + len(folded), islice(found, most)

    def _in_cell(self, aim: Aim, lens: Lens, named: list[bytes]) -> Iterator[InCell[bytes]]:
        """Those whom the copy says to be in a cell, folded; that they are in it is checked."""
        for histories in self._in_parts(named, aim.question.position):
            people = (Person({own: facts}) for own, facts in histories.items())
            found = list(in_cell(aim, lens, people))
            if len(found) < len(histories):
                raise DamagedError("the columnar copy and the log disagree; run `forlop verify`")
            yield from found

    def changed(self, before: Question, after: Question) -> Iterator[Histories]:
        from projections.columnar.behind import differing, make_own_sums  # noqa: PLC0415

        apart, condition = self._set_apart(before, after)
        if (before.at, before.period, before.window) == (after.at, after.period, after.window):
            self._runner.make("learning", _learning(before, after))
            condition += " AND c.pid IN (SELECT l_.pid FROM learning l_)"
        for prefix, question in (("sums_before", before), ("sums_after", after)):
            count = make_own_sums(prefix, question, self._profile, self._runner, condition)
        queries = differing(("sums_before", "sums_after"), count)
        named = self._named(f"SELECT DISTINCT pid FROM ({' UNION ALL '.join(queries)}) u")
        yield from _together(_facts(self._connection, apart, after.position), before, after)
        for histories in self._in_parts(named, after.position):
            yield from ({own: facts} for own, facts in histories.items())

    def person(self, question: Question, participant: bytes) -> Person[bytes]:
        ids = self._named(
            "WITH RECURSIVE pair AS (SELECT l.pid AS one, p.pid AS other FROM link l "
            "JOIN person p ON p.participant_id = unhex(l.same_as)), near AS ("
            f"SELECT pid FROM person WHERE participant_id = unhex('{participant.hex()}') UNION "
            "SELECT CASE WHEN r.one = n.pid THEN r.other ELSE r.one END FROM near n "
            "JOIN pair r ON r.one = n.pid OR r.other = n.pid) SELECT pid FROM near"
        )
        return _person(_facts(self._connection, ids, question.position), question, participant)

    def _set_apart(self, *questions: Question) -> tuple[list[bytes], str]:
        """Whom the copy cannot tell of, and the condition on `c` that leaves them out."""
        found = set_apart(questions, self._runner, self._stands_at)
        return found, f"AND c.pid NOT IN (SELECT w_.pid FROM {UNSETTLED} w_)" if found else ""

    def _named(self, pids: str) -> list[bytes]:
        """Participants by the query of their numbers, in the order of those: as they turned up."""
        query = f"SELECT participant_id FROM person p WHERE p.pid IN ({pids}) ORDER BY p.pid"
        return [bytes(own) for (own,) in self._runner.rows(query)]

    def _people(self, apart: Sequence[bytes], question: Question) -> Iterator[Person[bytes]]:
        histories = _facts(self._connection, apart, question.position)
        return reference.people_of(histories.items(), histories, question)

    def _in_parts(self, ids: Sequence[bytes], position: int) -> Iterator[Histories]:
        for start in range(0, len(ids), _AT_ONCE):
            yield _facts(self._connection, ids[start : start + _AT_ONCE], position)


def _facts(connection: Connection, ids: Sequence[bytes], position: int) -> Histories:
    """Histories up to a position; whoever has none by then is not there."""
    found: Histories = {}
    for own, facts in facts_of(connection, ids).items():
        if kept := [fact for fact in facts if fact.position <= position]:
            found[own] = kept
    return found


def _since(one: InCell[bytes]) -> int:
    return one.since


def _learning(before: Question, after: Question) -> str:
    """Those of whom something became known in between."""
    return (
        f"SELECT DISTINCT pid FROM log WHERE position <= {after.position} "
        f"AND recorded <= {to_microseconds(after.known_at)} AND (position > {before.position} "
        f"OR recorded > {to_microseconds(before.known_at)})"
    )


def _together(histories: Histories, before: Question, after: Question) -> Iterator[Histories]:
    """Histories of participants whom links name, those together that are one person on a side."""
    groups = {own: {own} for own in histories}
    for question in (before, after):
        for person in reference.people_of(histories.items(), histories, question):
            joined = {one for own in person.facts for one in groups[own]}
            groups |= dict.fromkeys(joined, joined)
    for group in {id(group): group for group in groups.values()}.values():
        yield {own: histories[own] for own in sorted(group)}


def _person(histories: Histories, question: Question, participant: bytes) -> Person[bytes]:
    for person in reference.people_of(histories.items(), histories, question):
        if participant in person.facts:
            return person
    return Person({participant: []})
