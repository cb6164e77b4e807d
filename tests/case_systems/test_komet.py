"""Komet: intensity as it was known, days that are both included, and what annuls and restores."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import orjson
import pytest

from adapters.case_systems.messages import Delivery, Implementation
from adapters.case_systems.systems import SYSTEMS
from domain.calendar import as_instant
from domain.events import Assessed, IntensityChanged
from tests.case_systems.deliveries import RECEIVED, sample, story, told
from tests.case_systems.telling import Store, stays

PERSON = "12839010182"
# Known from, then the intensities by the day from which they hold, as the document tells them.
TIMELINE: list[tuple[str, dict[str, tuple[float | None, float]]]] = [
    ("2024-12-01T10:00", {}),
    ("2024-12-02T10:00", {"2024-12-10": (None, 100)}),
    ("2024-12-10T10:00", {"2024-12-10": (None, 100), "2024-12-15": (2, 40)}),
    ("2024-12-15T10:00", {"2024-12-10": (None, 100), "2024-12-15": (2, 40)}),
    ("2024-12-17T10:00", {"2024-12-10": (5, 90)}),
    ("2024-12-17T10:01", {"2024-12-10": (5, 90), "2024-12-15": (2, 40)}),
    ("2024-12-18T10:00", {"2024-12-17": (2, 40)}),
    ("2024-12-19T10:00", {"2024-12-10": (2, 40)}),
    ("2025-01-02T10:00", {"2024-12-10": (2, 40), "2025-02-01": (None, 100)}),
    ("2025-01-03T10:00", {"2024-12-10": (2, 40)}),
    ("2025-01-05T10:00", {"2024-12-10": (2, 40), "2025-02-01": (None, 100)}),
]


def known(text: str) -> datetime:
    return as_instant(datetime.fromisoformat(text))


def intensity(store: Store, known_at: str) -> dict[str, tuple[float | None, float | None]]:
    return {
        event.occurred_on.isoformat(): (event.days_per_week, event.percent)
        for fact in store.journey(PERSON, known(known_at)).told
        if isinstance(event := fact.event, IntensityChanged)
    }


@pytest.mark.parametrize(("known_at", "expected"), TIMELINE)
def test_a_back_dated_change_does_not_erase_what_was_known(known_at: str, expected: Any) -> None:
    store, _ = story("komet_timeline")
    assert intensity(store, known_at) == expected


def test_the_timeline_in_reverse_is_known_just_the_same() -> None:
    lines = sample("komet/timeline.snapshots.jsonl").splitlines()
    store, _ = told("komet", *reversed(lines))
    for known_at, expected in TIMELINE:
        assert intensity(store, known_at) == expected


def test_the_last_day_is_in_the_stay() -> None:
    store, _ = story("komet_ekstern_v1")
    assert stays(store.journey("12345678942")) == [
        ("unknown", date(2022, 2, 25), date(2022, 5, 21))
    ]


def snapshot(changed: str, **more: Any) -> dict[str, Any]:
    told: dict[str, Any] = orjson.loads(sample("komet/deltaker-ekstern-v1.example.json"))
    return {**told, "endretTidspunkt": changed, **more}


def lines(*records: Any) -> bytes:
    return b"\n".join(map(orjson.dumps, records))


def test_an_implementation_that_is_known_gives_the_measure_and_the_provider() -> None:
    kept = Implementation("ARBEIDSFORBEREDENDE_TRENING", "912345678")
    delivery = Delivery(RECEIVED, implementations={"1487f7fe-156c-41d7-8d90-bf108dd1b4d2": kept})
    messages = SYSTEMS["komet"].read(lines(snapshot("2023-10-24T11:47:48")), delivery)
    store = Store(SYSTEMS["komet"].tell)
    store.deliver(messages.versions)
    assert stays(store.journey("12345678942"))[0][0] == "work_preparation"
    assert not messages.warnings


def test_a_tombstone_annuls_and_a_later_snapshot_restores() -> None:
    first, again = snapshot("2023-10-24T11:00:00"), snapshot("2023-10-26T11:00:00")
    gone = {"key": first["id"], "value": None, "timestamp": 1698220800000}  # 2023-10-25 10:00
    store, _ = told("komet", lines(first, gone, again))
    held = [
        len(stays(store.journey("12345678942", known(at))))
        for at in ("2023-10-24T12:00", "2023-10-25T12:00", "2023-10-26T12:00")
    ]
    assert held == [1, 0, 1]


def test_the_same_content_is_a_duplicate_however_it_is_wrapped() -> None:
    bare = snapshot("2023-10-24T11:00:00")
    shuffled = dict(reversed(bare.items()))
    wrapped = {"key": bare["id"], "value": shuffled, "timestamp": 1, "offset": 7}
    as_text = {"key": bare["id"], "value": orjson.dumps(bare).decode(), "offset": 8}
    pretty = orjson.dumps([bare], option=orjson.OPT_INDENT_2)
    store, _ = told("komet", lines(bare), lines(wrapped), lines(as_text), pretty)
    assert store.duplicates == 3


def test_registered_in_error_annuls_all_and_not_relevant_leaves_the_referral() -> None:
    for status, left in (("FEILREGISTRERT", 0), ("IKKE_AKTUELL", 1), ("AVBRUTT_UTKAST", 1)):
        closed = snapshot("2023-10-25T11:00:00", status={"type": status})
        store, _ = told("komet", lines(snapshot("2023-10-24T11:00:00"), closed))
        assert len(store.journey("12345678942").told) == left, status


def test_reopened_and_given_a_new_day_is_the_same_stay() -> None:
    """Not relevant erases the days, and reopening keeps the id: no re-entry, no second stay."""
    changes = sample("komet/deltaker-hendelse-v1.constructed.jsonl")
    last: dict[str, Any] = orjson.loads(changes.splitlines()[1])
    day = {**last["payload"], "startdato": "2024-12-12", "sluttdato": None}
    added = {**last, "id": "x", "opprettet": "2024-12-09T10:00:00", "payload": day}
    store, _ = told("komet", changes, orjson.dumps(added))
    person = "12345678942"
    assert stays(store.journey(person, known("2024-12-04T12:00"))) == [
        ("work_preparation", date(2024, 12, 10), date(2025, 6, 11))
    ]
    assert stays(store.journey(person, known("2024-12-07T12:00"))) == []
    assert stays(store.journey(person)) == [
        ("work_preparation", date(2024, 12, 12), date(2025, 2, 8))
    ]


def assessments(store: Store, known_at: str) -> list[tuple[date, str | None]]:
    return [
        (event.occurred_on, event.result)
        for fact in store.journey("12345678942", known(known_at)).told
        if isinstance(event := fact.event, Assessed)
    ]


def test_a_providers_assessment_is_the_persons_whichever_of_the_two_comes_first() -> None:
    told_by_provider = sample("komet/providers.constructed.jsonl")
    snapshots = lines(snapshot("2023-10-24T11:00:00"))
    made = (date(2022, 2, 1), "requirements_met")
    for delivered in ([told_by_provider, snapshots], [snapshots, told_by_provider]):
        store, _ = told("komet", *delivered)
        assert assessments(store, "2022-01-31T12:00") == []
        assert assessments(store, "2022-02-02T12:00") == [made]


def test_an_assessment_of_what_was_registered_in_error_is_annulled_with_it() -> None:
    error = {"type": "FEILREGISTRERT", "opprettetTidspunkt": "2023-11-01T10:00:00"}
    first = snapshot("2023-10-24T11:00:00")
    store, _ = told("komet", lines(first, snapshot("2023-11-01T10:00:00", status=error)),
                    sample("komet/providers.constructed.jsonl"))  # fmt: skip
    assert len(assessments(store, "2023-10-30T12:00")) == 1
    assert assessments(store, "2023-11-02T12:00") == []
