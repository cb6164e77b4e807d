"""Many figures over one store, for a report: its histories are read, and folded, once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
from sqlalchemy import Engine

from adapters.answers import Asked, Result, checked, described, head_at, settle_at
from adapters.database import reading
from adapters.errors import WrongUseError
from adapters.event_store import appended_at
from adapters.facts import every_history, linked_participants
from domain.codes import Profile
from domain.history import Cutoff
from domain.journey import Journey
from projections import reference
from projections.layout import Table
from projections.question import Question
from projections.views import Lens


class Answers:
    """Many figures over one store as it stood when this was made, its histories read once.

    For a report, whose figures have most of their journeys in common. A figure that was asked
    before is not counted again. `answer` raises WrongUseError as the function does.
    """

    def __init__(self, engine: Engine, profile: Profile, position: int | None = None) -> None:
        self._profile = profile
        with reading(engine) as connection:
            self._head = head_at(connection, position)
            self._moment = appended_at(connection, self._head[0])
            self._histories = list(every_history(connection, self._head[0]))
            self._linked = linked_participants(connection, self._head[0])
        self._journeys: dict[Cutoff, list[Journey]] = {}
        self._results: dict[bytes, Result] = {}

    @property
    def position(self) -> int:
        """The last position that the figures look at; one asked for another is WrongUseError."""
        return self._head[0]

    def answer(self, asked: Asked) -> Result:
        """A figure, the same as `answer` gives it at this position."""
        if asked.position not in (None, self.position):
            raise WrongUseError(f"these histories were read at position {self.position}")
        question = self._settled(asked)
        key = orjson.dumps(question.as_meta())
        if key not in self._results:
            journeys = self._journeys_for(question)
            table = reference.answer_over(question, self._profile, journeys)
            self._results[key] = described(question, table, self._head[1], self._profile)
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

    def _journeys_for(self, question: Question) -> list[Journey]:
        """Folded once for each cutoff; the date matters only where keys are linked."""
        cutoff = reference.cutoff_of(question)
        if self._linked:
            cutoff = replace(cutoff, at=question.at)
        if cutoff not in self._journeys:
            found = reference.journeys_of(self._histories, self._linked, question)
            self._journeys[cutoff] = list(found)
        return self._journeys[cutoff]
