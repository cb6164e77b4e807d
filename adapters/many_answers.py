"""Many figures over one store as it stood at one moment, each counted once: for a report."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from typing import Any

import orjson
from sqlalchemy import Engine

from adapters.answers import (
    Asked,
    EngineName,
    Result,
    answer,
    checked,
    described,
    head_at,
    settle_at,
)
from adapters.columnar_copy import ColumnarCopy
from adapters.database import reading
from adapters.duck_runner import DuckRunner
from adapters.engines import over_copy
from adapters.errors import WrongUseError
from adapters.facts import every_history, linked_participants
from adapters.log import appended_at
from adapters.watching import Watch, unwatched
from domain.codes import Profile
from domain.history import Cutoff, Fact
from domain.journey import Journey
from projections import reference
from projections.layout import Table
from projections.question import Question
from projections.views import Lens


class Answers:
    """Many figures over one store as it stood when this was made.

    For a report, whose figures share much: one that was asked before is not counted again, and
    the reference engine reads the histories once and folds them once a cutoff. `watch` is called
    where the columnar copy must be refreshed first.
    """

    def __init__(
        self,
        engine: Engine,
        profile: Profile,
        position: int | None = None,
        by_engine: EngineName = "columnar",
        watch: Watch = unwatched,
    ) -> None:
        self._engine = engine
        self._profile = profile
        self._by_engine = by_engine
        self._watch = watch
        with reading(engine) as connection:
            self._head = head_at(connection, position)
            self._moment = appended_at(connection, self._head[0])
        self._journeys: dict[Cutoff, list[Journey]] = {}
        self._results: dict[bytes, Result] = {}
        self._copy: tuple[DuckRunner, int] | None = None

    @contextmanager
    def at_hand(self) -> Iterator[None]:
        """Keeps the columnar copy open meanwhile, so that each figure need not open it.

        Nothing may refresh the copy until then: ask for no later position from inside.
        """
        if self._by_engine != "columnar" or self.position == 0:
            yield
            return
        with (
            reading(self._engine) as connection,
            ColumnarCopy(self._engine).at_least(connection, self.position, self._watch) as copy,
        ):
            self._copy = copy
            try:
                yield
            finally:
                self._copy = None

    @property
    def position(self) -> int:
        """The last position that the figures look at; one asked for another is WrongUseError."""
        return self._head[0]

    def answer(self, asked: Asked) -> Result:
        """A figure, the same as `answer` gives it at this position; WrongUseError as it raises."""
        if asked.position not in (None, self.position):
            raise WrongUseError(f"these figures are counted at position {self.position}")
        question = self._settled(asked)
        key = orjson.dumps(question.as_meta())
        if key not in self._results:
            self._results[key] = self._counted(asked, question)
        return self._results[key]

    def journeys(self, asked: Asked) -> tuple[Question, Lens, list[Journey]]:
        """What a figure is counted from, for what is more than a count: an estimate."""
        question = self._settled(asked)
        return question, Lens(question, self._profile), self._journeys_for(question)

    def meta(self, question: Question) -> dict[str, Any]:
        """What it takes to ask a question again."""
        return described(question, Table([], None), self._head[1], self._profile).meta

    def _settled(self, asked: Asked) -> Question:
        return checked(settle_at(asked, self.position, self._moment), self._profile)

    def _counted(self, asked: Asked, question: Question) -> Result:
        if self._copy is not None:
            with reading(self._engine) as connection:
                table = over_copy(self._copy, connection, self._profile, question)
        elif self._by_engine == "reference":
            journeys = self._journeys_for(question)
            table = reference.answer_over(question, self._profile, journeys)
        else:
            here = replace(asked, position=self.position)
            return answer(self._engine, self._profile, here, self._by_engine, self._watch)
        return described(question, table, self._head[1], self._profile)

    @cached_property
    def _histories(self) -> tuple[list[tuple[bytes, list[Fact]]], set[bytes]]:
        """Every history, and who is linked to whom; the log before a position never changes."""
        with reading(self._engine) as connection:
            histories = list(every_history(connection, self.position))
            return histories, linked_participants(connection, self.position)

    def _journeys_for(self, question: Question) -> list[Journey]:
        """Folded once for each cutoff; the date matters only where keys are linked."""
        histories, linked = self._histories
        cutoff = reference.cutoff_of(question)
        if linked:
            cutoff = replace(cutoff, at=question.at)
        if cutoff not in self._journeys:
            self._journeys[cutoff] = list(reference.journeys_of(histories, linked, question))
        return self._journeys[cutoff]
