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


def implementation(at: str, status: str, code: str = "ARBFORB") -> bytes:
    """A row of implementation 910001, in the order of its time."""
    row = {"TILTAKGJENNOMFORING_ID": 910001, "TILTAKSKODE": code, "TILTAKSTATUSKODE": status}
    return change("TILTAKGJENNOMFORING", at, row)


def participation(at: str, code: str, start: str | None, last: str | None) -> bytes:
    row: dict[str, Any] = {"TILTAKDELTAKER_ID": 1, "PERSON_ID": 2}
    row |= {"TILTAKGJENNOMFORING_ID": 910001}
    row |= {"DELTAKERSTATUSKODE": code, "REG_DATO": "2023-01-02 08:00:00", "DATO_FRA": start}
    return change("TILTAKDELTAKER", at, {**row, "DATO_TIL": last, "DATO_STATUSENDRING": at})


def change(table: str, at: str, row: dict[str, Any]) -> bytes:
    pos = str(int(moment(at).timestamp()))
    told = {"table": f"SIAMO.{table}", "op_type": "U", "op_ts": at.replace("T", " "), "pos": pos}
    return orjson.dumps({**told, "after": row})


STARTED = "2023-02-06"
ENDED_ON = "2023-06-05T09:00:00"


@pytest.mark.parametrize(
    ("code", "start", "last", "stays_after"),
    [
        # Over by its dates when the implementation ended: it was there, and ended.
        ("GJENN", STARTED, "2023-05-31", 1),
        # Still under way, without an end, or yet to come: the rule says that it never started.
        ("GJENN", STARTED, "2023-06-30", 0),
        ("GJENN", STARTED, None, 0),
        ("TILBUD", "2023-06-20", "2023-12-31", 0),
        ("JATAKK", STARTED, None, 0),
        # Statuses that say how it ended themselves are left alone.
        ("FULLF", STARTED, "2023-05-31", 1),
    ],
)
def test_an_implementation_that_has_ended_leaves_no_participation_open(
    code: str, start: str | None, last: str | None, stays_after: int
) -> None:
    runs = implementation("2023-01-01T08:00:00", "GJENNOMFOR")
    ended = implementation(ENDED_ON, "AVSLUTT")
    row = participation("2023-06-01T08:00:00", code, start, last)
    found = []
    for files in ((runs, row, ended), (ended, row, runs), (b"\n".join([row, ended, runs]),)):
        store, _ = told("arena", *files)
        assert store.waiting == []
        found.append([known_stays(store, at) for at in ("2023-06-02", "2023-06-06")])
    assert found == [[1, stays_after]] * 3


def known_stays(store: Store, at: str) -> int:
    return len(store.journey("2", moment(f"{at}T00:00:00")).spells["measure"])


def test_an_implementation_that_goes_on_after_all_restores_and_a_single_place_ends_by_itself() -> (
    None
):
    row = participation("2023-06-01T08:00:00", "GJENN", STARTED, None)
    files = [
        implementation(ENDED_ON, "AVBRUTT"),
        implementation("2023-07-01T09:00:00", "GJENNOMFOR"),
    ]
    store, _ = told("arena", row, *files)
    assert [known_stays(store, at) for at in ("2023-06-02", "2023-06-06", "2023-07-02")] == [
        1,
        0,
        1,
    ]
    single, _ = told("arena", implementation(ENDED_ON, "AVSLUTT", "ENKELAMO"), row)
    assert stays(single.journey("2")) == [("training_amo", date(2023, 2, 6), None)]


def test_a_row_before_its_implementation_gets_its_measure_when_that_is_told_of() -> None:
    row = participation("2023-06-01T08:00:00", "GJENN", STARTED, None)
    store, _ = told("arena", row)
    assert [stay[0] for stay in stays(store.journey("2"))] == ["unknown"]
    late, _ = told("arena", row, implementation("2023-08-01T08:00:00", "GJENNOMFOR"))
    known_then = late.journey("2", moment("2023-06-02T00:00:00"))
    assert [stay[0] for stay in stays(known_then)] == ["work_preparation"]


def decision(number: int, code: str, first: str, last: str | None = None) -> bytes:
    row: dict[str, Any] = {"VEDTAK_ID": number, "SAK_ID": 1, "PERSON_ID": 2, "VEDTAKTYPEKODE": code}
    row |= {"VEDTAKSPERIODE_FOM": first, "VEDTAKSPERIODE_TOM": last}
    return change("VEDTAK", f"2023-05-{number:02}T09:00:00", row)


def test_a_resumption_ends_a_sanction_and_never_prolongs_one() -> None:
    lost = decision(1, "T", "2023-05-01", "2023-05-28")
    for resumed, until in (("2023-05-15", date(2023, 5, 15)), ("2023-07-01", date(2023, 5, 29))):
        store, _ = told("arena", lost, decision(2, "G", resumed))
        [spell] = store.journey("2").spells["sanction"]
        assert (spell.start, spell.stop) == (date(2023, 5, 1), until)
