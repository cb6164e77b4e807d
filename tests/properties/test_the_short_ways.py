"""The short ways by which most rows go come to what the plain definitions come to."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from adapters.profiles import default_profile
from domain.composing import Header
from domain.events import EVENT_TYPES
from domain.intake import Append, Intake
from domain.record import COLUMNS, Record, read_plainly, read_record
from tests.event_tables import AFTER_ALL
from tests.properties.random_rows import Row, rows

_NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
_LATEST = datetime(2024, 5, 2, 12, tzinfo=UTC)
_PROFILE = default_profile()
_RIGHT = {
    "source": ["arena", "a_b-1"],
    "event_id": ["e1", "e2", "ø"],
    "participant": ["P1", "P2", "Åse"],
    "occurred_on": ["2024-01-02", "2024-02-29"],
    "recorded_at": [
        "2024-01-02T10:00:00+00:00", "2024-01-02T10:00", "2024-05-02 12:00:00.5Z",
        "2024-03-31T02:30:00", "2024-01-02T10:00:00,25+02:00",
    ],
    "replaces": ["e1", "e0"],
    "attended": ["true", "false"], "single_parent": ["true", "false"],
    "refugee_background": ["true", "false"],
    "until": ["2024-01-02", "2024-03-01"], "birth_date": ["1999-12-31"],
    "days_per_week": ["2.5", "0"], "percent": ["100", "33.33"], "same_as": ["P1", "P2"],
}  # fmt: skip
_CODES = {
    "programme": "programme", "measure": "measure", "track": "track", "status": "jobseeker_status",
    "sanction": "sanction", "benefit": "benefit", "role": "role", "destination": "destination",
    "outcome": "destination", "method": "method", "sex": "sex", "origin": "origin",
}  # fmt: skip
_ANY_CODE = [code for codes in _PROFILE.lists.values() for code in list(codes)[:2]]
_WRONG = [
    "", " ", "x", "2024-02-30", "2024-1-2", "20240102", "2024-W01-1", "2024-01-02T25:00",
    "2024-05-03T00:00:00+00:00", "2024-01-02T10:00:00+00:00:30", "true ", "TRUE", "1", "7.5",
    "101", "1.234", "a\x00b", "\udcff", "y" * 65, "z" * 129, "P1", "e1", "æ",
]  # fmt: skip
_TYPED: list[Any] = [None, True, False, 1, 2.5, date(2024, 1, 2), datetime(2024, 1, 2, 3), [], b"x"]


@st.composite
def cells(draw: st.DrawFn, wrong: list[Any]) -> dict[str, Any]:
    """Cells of a row, most of them what its type takes, some of them anything."""
    topic = draw(st.sampled_from([*EVENT_TYPES, *EVENT_TYPES, "enroled", ""]))
    fields = EVENT_TYPES[topic].model_fields if topic in EVENT_TYPES else {}
    row: dict[str, Any] = {"type": topic, "participant": draw(st.sampled_from(["P1", "P2"]))}
    for name in COLUMNS:
        if name == "type":
            continue
        field = fields.get(name)
        if field is not None and (field.is_required() or draw(st.booleans())):
            row[name] = draw(st.sampled_from(_right(name)))
    for name in draw(st.lists(st.sampled_from(COLUMNS), max_size=2)):
        row[name] = draw(st.sampled_from(wrong))
    return row


def _right(name: str) -> list[str]:
    if name in _RIGHT:
        return _RIGHT[name]
    if name in _CODES:
        return list(_PROFILE.lists[_CODES[name]])[:3]
    return _ANY_CODE if name in ("reason", "kind") else ["text", "ø"]


@given(cells([*_WRONG, *_TYPED]))
def test_a_row_reads_as_its_definition_reads_it(row: dict[str, Any]) -> None:
    found = read_record(row, _PROFILE, _NOW, _LATEST)
    assert found == read_plainly(row, _PROFILE, _NOW, _LATEST)


@given(cells(_WRONG), st.lists(st.sampled_from(COLUMNS), max_size=3), st.randoms())
def test_a_row_of_a_table_reads_as_its_definition_reads_it(
    row: dict[str, str], absent: list[str], random: Any
) -> None:
    """Whatever the order of the columns, and with some that no row has left out."""
    header = [name for name in COLUMNS if name not in absent or name in row]
    random.shuffle(header)
    found = Header(header, _PROFILE).compose([row.get(n, "") for n in header], _NOW, _LATEST)
    plainly = read_plainly(row, _PROFILE, _NOW, _LATEST)
    if found is None:
        assert read_record(row, _PROFILE, _NOW, _LATEST) == plainly
    else:
        assert found == plainly
        assert list(found.event.__dict__) == list(type(found.event).model_fields)


def test_most_rows_take_the_short_way() -> None:
    """Else the properties above compare nothing."""
    for topic, cls in EVENT_TYPES.items():
        row = {"type": topic, "participant": "P1"} | {
            name: right[0]
            for name, field in cls.model_fields.items()
            if field.is_required() and (right := _right(name))
        }
        row |= {"event_id": "e9", "kind": "kvp", "reason": _reason(topic), "same_as": "P9"}
        row = {name: cell for name, cell in row.items() if name in _used(cls)}
        found = Header(COLUMNS, _PROFILE).compose(
            [row.get(name, "") for name in COLUMNS], _NOW, _LATEST
        )
        if topic not in ("met", "intensity_changed"):  # another kind; looks at two columns at once
            assert found is not None, row


def _reason(topic: str) -> str:
    lists = {"measure_stopped": "stop_reason", "duty_exempted": "exemption_reason"}
    return next(iter(_PROFILE.lists[lists.get(topic, "sanction_reason")]))


def _used(cls: Any) -> set[str]:
    return {"participant", "type", *cls.model_fields}


@given(rows())
def test_a_row_appended_plainly_is_judged_alike(handed_in: list[Row]) -> None:
    short, long = Intake[str](0), Intake[str](0)
    for slip, row in enumerate(handed_in + handed_in[:3], start=1):
        record = read_record(row, _PROFILE, AFTER_ALL)
        assert isinstance(record, Record)
        who, event = record
        for intake in (short, long):
            if who not in intake.histories:
                intake.load(who, (), ())
        judged = long.judge(who, event, slip)
        fact = short.append_plainly(who, event, event.key)
        if fact is not None:
            assert (judged.outcome, judged.appends) == ("appended", [Append(who, fact)])
        else:
            again = short.judge(who, event, slip)
            assert (again.outcome, again.why) == (judged.outcome, judged.why)
            assert [a.fact for a in again.appends] == [a.fact for a in judged.appends]
    assert short.position == long.position
