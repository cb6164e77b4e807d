"""The `eventsourcing` library used plainly: load a participant, trigger one event, save it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from eventsourcing.application import Application
from eventsourcing.persistence import ApplicationRecorder, EventStore, JSONTranscoder, Mapper
from sqlalchemy import Engine

from adapters.database import open_engine
from adapters.profiles import default_profile
from adapters.recorder import EventLog, JourneyMapper, Recorded
from benchmarks.generator import Row
from domain.record import Record, read_record
from domain.rules import problem_with
from domain.standing import Standing


class Journeys(Application[UUID]):
    """One participant is one aggregate; the store's recorder and mapper do the work."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        super().__init__()

    def construct_mapper(self) -> Mapper[UUID]:
        return JourneyMapper(JSONTranscoder())

    def construct_recorder(self) -> ApplicationRecorder:
        return EventLog(self._engine)

    def construct_event_store(self) -> EventStore[UUID]:
        return EventStore(self.mapper, self.recorder)


def append(url: str, rows: Iterable[Row]) -> None:
    """Appends rows one by one; the history is judged by its rules, replaced events as if none."""
    engine = open_engine(url, make=True)
    application, profile, ids = Journeys(engine), default_profile(), dict[str, UUID]()
    for row in rows:
        record = read_record(row, profile, datetime.now(UTC))
        assert isinstance(record, Record)
        person = ids.setdefault(record.participant, uuid4())
        history: list[Recorded] = list(application.events.get(person))  # type: ignore[arg-type]
        standing = Standing()
        for recorded in sorted(history, key=_when):
            if recorded.event.replaces is None and problem_with(recorded.event, standing) is None:
                standing.apply(recorded.event)
        problem_with(record.event, standing)
        saved: Any = Recorded(person, len(history) + 1, record.event)
        application.save(saved)
    engine.dispose()


def _when(recorded: Recorded) -> tuple[Any, ...]:
    return recorded.event.occurred_on, recorded.event.recorded_at
