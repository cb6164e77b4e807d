"""The recorder keeps the event-sourcing library's promises, by the library's own test cases."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from time import sleep
from typing import Any
from uuid import uuid4

import pytest
from eventsourcing.application import Application
from eventsourcing.persistence import ApplicationRecorder
from eventsourcing.tests.persistence import (
    ApplicationRecorderTestCase,
    NonInterleavingNotificationIDsBaseCase,
)
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from adapters.database import open_engine
from adapters.recorder import EventLog, JourneyMapper, Recorded
from domain.calendar import parse_day, parse_instant
from domain.events import Enrolled, Exited

# The library's concurrent case does not join its readers, whose connections are closed late.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    made = open_engine(url, make=True)
    yield made
    sleep(0.2)
    made.dispose()
    gc.collect()


class OnAStore:
    """Gives the library's test cases a recorder over the store at hand."""

    engine: Engine

    def create_recorder(self) -> Any:
        return EventLog(self.engine)


class Recorder(OnAStore, ApplicationRecorderTestCase[ApplicationRecorder]):
    __test__ = False


class Sequence(OnAStore, NonInterleavingNotificationIDsBaseCase):
    __test__ = False


@pytest.mark.parametrize(
    ("case", "name"),
    [
        (Recorder, "test_insert_select"),
        (Recorder, "test_concurrent_no_conflicts"),
        (Recorder, "test_concurrent_throughput"),
        (Sequence, "test"),
    ],
)
def test_the_librarys_own_case_passes(case: Any, name: str, engine: Engine) -> None:
    test = case(name)
    test.engine = engine
    test.debug()  # runs the case and raises what fails in it


@pytest.mark.parametrize(
    "statement",
    ["UPDATE events SET topic = 'met'", "DELETE FROM events", "UPDATE batches SET read = 0"],
)
def test_the_log_refuses_to_be_changed(statement: str, engine: Engine) -> None:
    save_one_enrolment(engine)
    with pytest.raises(DBAPIError, match="append-only"), engine.connect() as connection:
        if "batches" in statement:
            blob = "BLOB" if engine.dialect.name == "sqlite" else "BYTEA"
            connection.execute(text(_A_BATCH.format(blob=blob)))
        connection.execute(text(statement))
    assert EventLog(engine).max_notification_id() == 1


_A_BATCH = (
    "INSERT INTO batches VALUES (1, 'd', 'f', '', 0, 1, 1, 0, 0, 0, 0, 1, 1, "
    "CAST('x' AS {blob}), CAST('x' AS {blob}))"
)


def test_a_table_of_the_log_cannot_be_emptied_on_postgresql(engine: Engine) -> None:
    save_one_enrolment(engine)
    if engine.dialect.name == "sqlite":
        statement = "INSERT OR REPLACE INTO events SELECT * FROM events"
    else:
        statement = "TRUNCATE events"
    with pytest.raises(DBAPIError), engine.connect() as connection:
        connection.execute(text(statement))
    assert EventLog(engine).max_notification_id() == 1


def save_one_enrolment(engine: Any) -> None:
    log = EventLog(engine)
    log.insert_events([JourneyMapper(transcoder=None).to_stored_event(enrolment())])  # type: ignore[arg-type]


def enrolment() -> Recorded:
    event = Enrolled(
        source="s",
        event_id="1",
        occurred_on=parse_day("2003-04-01"),
        recorded_at=parse_instant("2003-04-01T12:00:00Z"),
        programme="kvp",
    )
    return Recorded(uuid4(), 1, event)


def test_an_application_of_the_library_saves_and_replays_a_journey(engine: Engine) -> None:
    """The library's own way through the store: save events, read them back validated."""

    class Journeys(Application[Any]):
        def construct_recorder(self) -> ApplicationRecorder:
            return EventLog(engine)

        def construct_mapper(self) -> Any:
            return JourneyMapper(transcoder=self.construct_transcoder())

    app = Journeys()
    first = enrolment()
    left = Exited(
        source="s",
        event_id="2",
        occurred_on=parse_day("2003-05-01"),
        recorded_at=parse_instant("2003-05-01T12:00:00Z"),
        programme="kvp",
        destination="work",
    )
    app.save(first, Recorded(first.originator_id, 2, left))
    found: list[Any] = list(app.events.get(first.originator_id))
    assert [one.event for one in found] == [first.event, left]
    assert [one.id for one in app.notification_log.select(start=1, limit=10)] == [1, 2]
