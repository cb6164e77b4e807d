"""The short ways by which most rows go come to what the plain definitions come to."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any
from unittest import mock

import orjson
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.mapper import as_entry
from adapters.profiles import default_profile
from adapters.readers import delimited
from adapters.readers.delimited import LineReader, read_rows
from adapters.readers.packing import pack, unpack
from adapters.readers.reading import Plain, RowReader
from adapters.readers.rows import RawRow
from domain.calendar import to_microseconds
from domain.columns import compose_together
from domain.composing import Header
from domain.events import EVENT_TYPES, to_state
from domain.history import Fact
from domain.intake import Append, Intake
from domain.record import COLUMNS, Record, read_plainly, read_record
from domain.standing import about
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


@st.composite
def tables(draw: st.DrawFn) -> list[dict[str, str]]:
    """Rows alike but for their own texts, as plain as most, with a few others between them."""
    drawn = draw(st.lists(cells([""]), min_size=1, max_size=4))
    when = draw(st.sampled_from(["", "2024-01-02T10:00:00+00:00"]))
    plain = [
        row | {"event_id": f"e{n}", "recorded_at": when, "note": "", "participant": f"P{n}"}
        for n in range(draw(st.integers(1, 4)))
        for row in drawn
    ]
    odd = draw(st.lists(cells(_WRONG), max_size=2))
    return draw(st.permutations(plain + odd))


@given(tables(), st.integers(1, 4))
def test_rows_read_together_are_what_each_is_alone(table: list[dict[str, str]], size: int) -> None:
    raw = [
        RawRow(n, b"", header=COLUMNS, values=[row.get(c, "") for c in COLUMNS])
        for n, row in enumerate(table)
    ]
    with mock.patch("domain.columns._PIECE", size):
        together = RowReader(_PROFILE).piece(raw, _NOW)
    for own, plain in zip(raw, together.plain, strict=True):
        alone = RowReader(_PROFILE).read(own, _NOW)
        assert alone.raw is own
        if plain is not None:
            assert alone.record is not None
            assert plain == _plainly(alone.record)


def _plainly(record: Record) -> Plain:
    participant, event = record
    assert event.replaces is None
    assert event.note is None
    what = about(event)
    said = what.isoformat() if isinstance(what, date) else what
    entry = as_entry(event, orjson.dumps(to_state(event)))
    return participant, event.key, entry, said


@given(tables())
def test_rows_come_out_as_they_went_into_another_process(table: list[dict[str, str]]) -> None:
    header = tuple(COLUMNS)
    file = io.StringIO()
    csv.DictWriter(file, header).writerows(table)
    lines = LineReader(BytesIO(file.getvalue().encode("utf-8", "surrogateescape")))
    rows = list(read_rows(lines, list(header)))
    reader = RowReader(_PROFILE)
    there = reader.piece(rows, _NOW)
    here = unpack(pack(there), header, None, _NOW)
    assert (here.plain, here.weight, here.at) == (there.plain, there.weight, there.at)
    for row, again in zip(rows, here.rows, strict=True):
        assert (again.line, again.raw, again.cells) == (row.line, row.raw, row.cells)
        assert again.problems == row.problems
        assert RowReader(_PROFILE).read(again, _NOW).record == reader.read(row, _NOW).record


@given(st.text('ab,"\r\n\x00 é\ud800').map(lambda text: text.encode("utf-8", "surrogatepass")))
@example(b'a,b\n"a\nb",c\na,b,c\nd,"e"\n')
@example(b"a,b\r\n\r\nc\rd,e\n")
def test_whole_lines_of_csv_read_as_they_do_one_by_one(content: bytes) -> None:
    def told() -> list[Any]:
        read = read_rows(LineReader(BytesIO(content)), ["x", "y"])
        return [(row.line, row.raw, row.cells, row.problems) for row in read]

    with mock.patch.object(delimited, "_BLOCK", 8):
        in_blocks = told()
    with mock.patch.object(delimited, "_rows_of", lambda *_: None):
        assert in_blocks == told()


@given(st.lists(st.sampled_from([0, 1, 6, 19, 20, 21, 45])), st.booleans(), st.integers(1, 20))
def test_blocks_have_the_lines_that_are_read_one_by_one(
    lengths: list[int], ends: bool, block: int
) -> None:
    """Of a line that is too long, too, only the beginning."""
    content = b"\n".join(b"c" * length for length in lengths) + b"\n" * ends
    with (
        mock.patch.object(delimited, "LONGEST_LINE", 20),
        mock.patch.object(delimited, "_BLOCK", block),
    ):
        whole, single = LineReader(BytesIO(content)), LineReader(BytesIO(content))
        found: list[tuple[int, bytes]] = []
        while (numbered := whole.read_block())[1]:
            found += enumerate(BytesIO(numbered[1]).readlines(), numbered[0])
        alone = []
        while (line := single.read()) is not None:
            alone.append(line)
    assert [number for number, _ in found] == [number for number, _ in alone]
    assert [line[:20] for _, line in found] == [line[:20] for _, line in alone]


def test_most_rows_are_read_together() -> None:
    """Else the property above compares a way with itself."""
    for topic, cls in EVENT_TYPES.items():
        row = {"type": topic, "participant": "P1", "recorded_at": "2024-01-02T10:00:00+00:00"} | {
            name: right[0]
            for name, field in cls.model_fields.items()
            if field.is_required() and name != "recorded_at" and (right := _right(name))
        }
        if "replaces" in row:
            continue  # such a row is read by itself
        row |= {"event_id": "e9", "kind": _kind(topic), "reason": _reason(topic)}
        values = [row.get(name, "") if name in _used(cls) else "" for name in COLUMNS]
        ((composer, _, cells),) = Header(COLUMNS, _PROFILE).by_type([values] * 3)
        filled = [len(values) - values.count("")] * 3
        read = compose_together(composer, cells, filled, _NOW)
        if topic not in ("linked", "unlinked", "intensity_changed"):  # others are looked at, too
            assert [len(batch.participants) for _, batch in read] == [3], row


def _kind(topic: str) -> str:
    lists = {"met": "meeting_kind"}
    return next(iter(_PROFILE.lists[lists.get(topic, "assessment_kind")]))


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
        at, what = to_microseconds(event.recorded_at), about(event)
        plainly = event.replaces is None and short.append_plainly(
            who, event.key, type(event), what, event.occurred_on, at, event
        )
        if plainly:
            fact = Fact(event, short.position)
            assert (judged.outcome, judged.appends) == ("appended", [Append(who, fact)])
        else:
            again = short.judge(who, event, slip)
            assert (again.outcome, again.why) == (judged.outcome, judged.why)
            assert [a.fact for a in again.appends] == [a.fact for a in judged.appends]
    assert short.position == long.position
