"""The engines by name, each on a store that is open: the reference, the columnar copy, Spark."""

from __future__ import annotations

from importlib import import_module

from sqlalchemy import Connection, Engine

from adapters.answers import EngineName
from adapters.columnar_copy import ColumnarCopy
from adapters.duck_runner import DuckRunner
from adapters.errors import WrongUseError
from adapters.facts import every_history, facts_of, linked_participants
from adapters.ready import UNSETTLED, set_apart
from adapters.watching import Watch, unwatched
from domain.codes import Profile
from projections import reference
from projections.columnar.asking import ask
from projections.layout import Table, lay_out
from projections.question import Question
from projections.tally import Sums
from projections.views import Lens


def count(
    engine: Engine,
    connection: Connection,
    profile: Profile,
    question: Question,
    by: EngineName,
    watch: Watch | None = None,
) -> Table:
    """A figure by one of the engines; `connection` reads the store at the question's position."""
    if by == "reference":
        return by_reference(connection, profile, question)
    if question.position == 0:
        return lay_out(question, Sums())
    if by == "spark":
        return _by_spark(engine, connection, profile, question)
    copied = ColumnarCopy(engine).at_least(connection, question.position, watch or unwatched)
    with copied as copy:
        return over_copy(copy, connection, profile, question)


def by_reference(connection: Connection, profile: Profile, question: Question) -> Table:
    histories = every_history(connection, question.position)
    linked = linked_participants(connection, question.position)
    return reference.answer_over(
        question, profile, reference.journeys_of(histories, linked, question)
    )


def over_copy(
    copy: tuple[DuckRunner, int], connection: Connection, profile: Profile, question: Question
) -> Table:
    """A figure over an open copy that stands at its position or later."""
    runner, stands_at = copy
    apart = set_apart([question], runner, stands_at)
    sums = ask(question, profile, runner, without=UNSETTLED if apart else None)
    _add_apart(sums, apart, connection, profile, question)
    return lay_out(question, sums)


def _by_spark(
    engine: Engine, connection: Connection, profile: Profile, question: Question
) -> Table:
    """A figure over rectangles cut at its position; whoever has several keys is left apart."""
    try:
        spark_columns = import_module("adapters.spark_columns")
    except ImportError as error:
        raise WrongUseError(
            f"the engine spark is not installed ({error}): pip install 'forlop[spark]'"
        ) from None
    sums, apart = spark_columns.sums_on_spark(engine, connection, profile, question)
    _add_apart(sums, apart, connection, profile, question)
    return lay_out(question, sums)


def _add_apart(
    sums: Sums, apart: list[bytes], connection: Connection, profile: Profile, question: Question
) -> None:
    """Adds those whom an engine over rectangles left out, by the reference engine."""
    left = facts_of(connection, apart)
    lens = Lens(question, profile)
    # All of them might be linked: looking for links in the whole log takes longer than asking.
    for journey in reference.journeys_of(left.items(), left, question):
        sums.add_person(reference.marks_in(question, lens, journey))
