"""Arena: deletion, history copy and re-entry, right at each knowledge time and in any order."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import orjson
import pytest

from adapters.case_systems.systems import SYSTEMS
from domain.calendar import as_instant
from domain.events import IntensityChanged, MeasureStopped, Referred
from domain.journey import Journey
from tests.case_systems.deliveries import one_at_a_time, sample, story, told
from tests.case_systems.telling import Store, stays

REFERENCE = sample("arena/tiltak_og_gjennomforing.goldengate.reauthored.jsonl")
CHANGES = sample("arena/tiltakdeltaker.goldengate.reauthored.jsonl")

# As known at a time: the days of referral, the stay, and the reason for its stop, of 880001.
PLANNED = [("work_preparation", date(2023, 2, 6), date(2023, 7, 1))]
ENDED = [("work_preparation", date(2023, 2, 6), date(2023, 6, 1))]
KNOWN: list[tuple[str, list[str], list[Any], str | None]] = [
    ("2023-01-09T10:14:59", [], [], None),
    ("2023-01-09T10:15:02", ["2023-01-09"], [], None),
    ("2023-01-20T09:00:00", ["2023-01-09"], [], None),  # approved, without dates
    ("2023-01-25T09:00:00", ["2023-01-09"], PLANNED, "unknown"),  # accepted, with dates
    ("2023-02-20T09:00:00", ["2023-01-09"], PLANNED, "unknown"),  # late: started two weeks ago
    ("2023-07-09T23:59:59", ["2023-01-09"], PLANNED, "unknown"),
    ("2023-07-10T08:00:00", ["2023-01-09"], ENDED, "to_work"),  # late: ended in May
    ("2023-07-12T08:00:00", ["2023-01-09"], ENDED, "illness"),  # the reason corrected
    ("2023-09-01T07:00:00", ["2023-01-09"], ENDED, "illness"),  # copied to history
    ("2023-09-01T07:00:01", ["2023-01-09"], ENDED, "illness"),  # deleted, and still true
    ("2023-09-01T07:00:02", ["2023-01-09", "2023-09-01"], ENDED, "illness"),  # re-entered
]


def moment(text: str) -> datetime:
    return as_instant(datetime.fromisoformat(text))


def seen(journey: Journey) -> tuple[list[str], list[Any], str | None]:
    events = [fact.event for fact in journey.told]
    referred = [e.occurred_on.isoformat() for e in events if isinstance(e, Referred)]
    reasons = [e.reason for e in events if isinstance(e, MeasureStopped)]
    return referred, stays(journey), reasons[0] if reasons else None


@pytest.mark.parametrize(("known_at", "referred", "stay", "reason"), KNOWN)
def test_the_sample_is_right_at_each_knowledge_time(
    known_at: str, referred: list[str], stay: list[Any], reason: str | None
) -> None:
    store, _ = story("arena")
    assert seen(store.journey("880001", moment(known_at))) == (referred, stay, reason)
    assert store.waiting == []


@pytest.mark.parametrize("seed", range(8))
def test_the_order_of_delivery_makes_no_difference(seed: int) -> None:
    store = Store(SYSTEMS["arena"].tell)
    for messages in one_at_a_time("arena", REFERENCE, CHANGES, seed=seed):
        store.hear(messages)
    assert store.waiting == []
    for known_at, *expected in KNOWN:
        assert list(seen(store.journey("880001", moment(known_at)))) == expected


def test_an_amount_holds_from_when_it_was_changed() -> None:
    store, _ = story("arena")
    amounts = [
        (event.occurred_on.isoformat(), event.days_per_week, event.percent)
        for fact in store.journey("880001").told
        if isinstance(event := fact.event, IntensityChanged)
    ]
    assert amounts == [("2023-02-06", None, 100.0), ("2023-05-02", 2.0, 40.0)]


def test_not_relevant_on_the_day_of_registration_was_an_error() -> None:
    store, _ = story("arena")
    assert len(store.journey("880002", moment("2023-03-01T12:59:59")).told) == 1
    assert store.journey("880002").told == []


def copy_of_the_deleted(op_ts: str) -> bytes:
    """A late history copy of 700004, which the sample deletes without one."""
    lines = [orjson.loads(line) for line in CHANGES.splitlines()]
    deleted = next(line for line in lines if line["op_type"] == "D" and "0136" in line["pos"])
    row = {n: v for n, v in deleted["before"].items() if n != "TILTAKDELTAKER_ID"}
    return orjson.dumps(
        {
            "table": "SIAMO.HIST_TILTAKDELTAKER",
            "op_type": "I",
            "op_ts": op_ts,
            "pos": "00000000005000000300",
            "before": None,
            "after": {**row, "HIST_TILTAKDELTAKER_ID": 390009},
        }
    )


def test_deleted_without_a_copy_is_annulled_until_a_late_copy_restores_it() -> None:
    store, _ = told("arena", REFERENCE, CHANGES, copy_of_the_deleted("2023-03-10 08:00:00.000000"))
    counts = [
        len(store.journey("880003", moment(known_at)).told)
        for known_at in ("2023-03-04T00:00:00", "2023-03-06T00:00:00", "2023-03-11T00:00:00")
    ]
    assert counts == [1, 0, 1]


def ended(code: str, start: str | None, last: str | None, changed: str) -> list[Any]:
    """The stays of a participation whose only row has a closing status."""
    row = {
        "TILTAKDELTAKER_ID": 1,
        "PERSON_ID": 2,
        "TILTAKGJENNOMFORING_ID": 910001,
        "DELTAKERSTATUSKODE": code,
        "REG_DATO": "2023-01-01 08:00:00",
        "DATO_FRA": start,
        "DATO_TIL": last,
        "DATO_STATUSENDRING": changed,
    }
    change = {"table": "SIAMO.TILTAKDELTAKER", "op_type": "I", "op_ts": changed, "pos": "9"}
    store, _ = told("arena", REFERENCE, orjson.dumps({**change, "after": row}))
    return [stay[1:] for stay in stays(store.journey("2"))]


@pytest.mark.parametrize(
    ("start", "last", "changed", "expected"),
    [
        # The last day had passed when the status changed: it holds, and is the last one in.
        ("2023-02-06", "2023-03-10", "2023-04-01", [(date(2023, 2, 6), date(2023, 3, 11))]),
        # It had not: the change of status ended the stay.
        ("2023-02-06", "2023-06-30", "2023-04-01", [(date(2023, 2, 6), date(2023, 4, 1))]),
        ("2023-02-06", None, "2023-04-01", [(date(2023, 2, 6), date(2023, 4, 1))]),
        # Ended before it began, or on its first day: it never started.
        ("2023-04-10", "2023-06-30", "2023-04-01", []),
        ("2023-04-01", "2023-06-30", "2023-04-01", []),
        (None, None, "2023-04-01", []),
    ],
)
@pytest.mark.parametrize("code", ["FULLF", "DELAVB", "GJENN_AVB", "GJENN_AVL", "IKKEM"])
def test_a_closing_status_ends_a_stay_only_after_it_began(
    code: str, start: str | None, last: str | None, changed: str, expected: list[Any]
) -> None:
    assert ended(code, start, last, f"{changed} 09:00:00") == expected
