"""`withdrawn`: the end of what an event says is moved back, although it had an end already."""

from __future__ import annotations

from datetime import UTC, date, datetime

from domain.events import MeasureStarted, Voided, Withdrawn
from domain.history import Cutoff, Fact, History, counting


def at(day: int) -> datetime:
    return datetime(2024, 1, day, tzinfo=UTC)


def start(name: str, day: int, known: int, replaces: str | None = None) -> MeasureStarted:
    return MeasureStarted(
        source="s",
        event_id=name,
        occurred_on=date(2024, 1, day),
        recorded_at=at(known),
        replaces=replaces,
        measure="mentor",
        placement="p",
        track="unknown",
    )


def end(kind: type[Voided], name: str, replaces: str, known: int) -> Voided:
    day = date(2024, 1, 1)
    return kind(
        source="s", event_id=name, occurred_on=day, recorded_at=at(known), replaces=replaces
    )


def history() -> History:
    """Known from the 2nd: a start on the 1st. From the 9th: on the 3rd."""
    told = History()
    told.take([start("first", 1, 2)], 1)
    told.take([start("third", 3, 9, "first")], 2)
    return told


def test_a_second_annulment_is_refused_and_a_withdrawal_is_not() -> None:
    told = history()
    why = told.problem_with([end(Voided, "x", "first", 5)], 3)
    assert why == "replaces first, which has been replaced already"
    assert told.problem_with([end(Withdrawn, "x", "first", 5)], 3) is None


def test_an_older_message_gets_its_time_between_the_two() -> None:
    told = history()
    told.take([end(Withdrawn, "w", "first", 5)], 3)
    told.take([start("second", 2, 5, "w"), end(Voided, "v", "second", 9)], 4)
    assert [known(told.facts, day) for day in (4, 5, 8, 9)] == [
        "first",
        "second",
        "second",
        "third",
    ]


def known(facts: list[Fact], day: int) -> str:
    (only,) = counting(facts, Cutoff(known_at=at(day)))
    return only.event.event_id
