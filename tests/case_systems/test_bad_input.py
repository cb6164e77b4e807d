"""What is wrong is one clear problem with the source's own reference, and never stops the rest."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.case_systems.snapshots import by_subject, explain
from adapters.case_systems.systems import SYSTEMS
from domain.record import read_record
from tests.case_systems.deliveries import RECEIVED, STORIES, read, sample
from tests.case_systems.telling import profile

EXAMPLE = orjson.loads(sample("komet/deltaker-ekstern-v1.example.json"))
KOMET = {**EXAMPLE, "personIdent": "12839010182"}
ARENA = [
    orjson.loads(line)
    for line in sample("arena/tiltakdeltaker.goldengate.reauthored.jsonl").splitlines()
]
PAW = orjson.loads(sample("paw/korrigering.constructed.jsonl").splitlines()[0])
TEAM_TILTAK = orjson.loads(sample("team_tiltak/avtale-hendelse.json"))
KOSTRA = sample("kostra/11CF_2026.constructed.dat").splitlines()
GOOD: dict[str, Any] = {"komet": KOMET, "paw": PAW, "team_tiltak": TEAM_TILTAK}
UUID = "bd3b6087-2029-481b-bcf0-e37354c00286"
Found = list[tuple[str, str, bool]]


def problems(system: str, content: bytes) -> tuple[Found, int]:
    """Each problem's reference, column, and whether it left the record out; how many were used."""
    messages = read(system, content)
    found = [(p.reference, p.column, p.left_out) for p in messages.problems]
    return found, len(messages.versions)


def changed(system: str, **fields: Any) -> bytes:
    return orjson.dumps({**GOOD[system], **fields})


@pytest.mark.parametrize(
    ("system", "content", "expected", "used"),
    [
        # Missing and malformed times: without one of its own a record has no place in the order.
        ("komet", changed("komet", endretTidspunkt=None), [(UUID, "endret", True)], 0),
        (
            "komet",
            changed("komet", endretTidspunkt="i går"),
            [(UUID, "endretTidspunkt", False), (UUID, "endret", True)],
            0,
        ),
        ("komet", changed("komet", personIdent=""), [(UUID, "personIdent", True)], 0),
        ("komet", changed("komet", personIdent="12839010183"), [(UUID, "personIdent", False)], 1),
        ("komet", changed("komet", startDato="2022-02-30"), [(UUID, "startDato", False)], 1),
        ("komet", changed("komet", sluttDato="2022-01-01"), [(UUID, "sluttDato", False)], 1),
        ("komet", changed("komet", sluttDato=None), [(UUID, "sluttDato", False)], 1),
        ("komet", changed("komet", kilde="KOM\x00ET"), [(UUID, "kilde", False)], 1),
        (
            "komet",
            changed("komet", deltakelsesmengder=[{"gyldigFraDato": None, "dagerPerUke": 2}]),
            [(UUID, "deltakelsesmengder.gyldigFra", False)],
            1,
        ),
        (
            "komet",
            changed(
                "komet", deltakelsesmengder=[{"gyldigFraDato": "2022-02-25", "dagerPerUke": 8}]
            ),
            [(UUID, "deltakelsesmengder.dagerPerUke", False)],
            1,
        ),
        ("komet", changed("komet", status="DELTAR"), [(UUID, "status", False)] * 1, 1),
        ("komet", b'{"id": "x", "personIdent": "1', [("", "record", True)], 0),
        ("komet", b"[1, null]", [("", "record", True)] * 2, 0),
        (
            "arena",
            orjson.dumps({**ARENA[0], "pos": "midt i"}),
            [("pos midt i", "pos", True)],
            0,
        ),
        (
            "arena",
            orjson.dumps({**ARENA[0], "op_ts": None}),
            [("pos 00000000005000000017", "op_ts", True)],
            0,
        ),
        (
            "arena",
            orjson.dumps({**ARENA[0], "after": None}),
            [("pos 00000000005000000017", "after", True)],
            0,
        ),
        ("arena", b'{"a": 1}', [("", "table", True)], 0),
        (
            "paw",
            changed("paw", metadata={"tidspunkt": "NaN"}),
            [
                (PAW["hendelseId"], "metadata.tidspunkt", False),
                (PAW["hendelseId"], "metadata.tidspunkt", True),
            ],
            0,
        ),
        (
            "team_tiltak",
            changed("team_tiltak", deltakerFnr=None),
            [(TEAM_TILTAK["avtaleId"], "deltakerFnr", True)],
            0,
        ),
        ("digisos", b'{"hendelser": [{"type": "saksStatus"}]}', None, 0),
        ("tiltakshistorikk", b'{"historikk": null}', [("", "historikk", True)], 0),
        ("oppfolging", b'{"uuid": "u"}', [("u", "aktorId", True)], 0),
        ("kostra_11cf", KOSTRA[0][:-12], [("1106 line 1", "record", True)], 0),
        ("kostra_11cf", KOSTRA[0] + b"xx", [("1106 line 1", "record", True)], 0),
        ("kostra_11cf", b"110619" + KOSTRA[0][6:], [("1106 line 1", "VERSION", True)], 0),
        ("kostra_11cf", b"1106ab" + KOSTRA[0][6:], [("1106 line 1", "VERSION", True)], 0),
        ("kostra_11cf", b"110624" + KOSTRA[0][6:], [("1106 line 1", "record", True)], 0),
        (
            "kostra_11cf",
            KOSTRA[0][:40] + b"31092025" + KOSTRA[0][48:],
            [("1106 J0000001", "REG_DATO", False)],
            1,
        ),
        ("kostra_11cf", KOSTRA[0][:9] + b"\x00" + KOSTRA[0][10:], None, 0),
    ],
)
def test_it_is_a_problem_with_the_sources_own_reference(
    system: str, content: bytes, expected: Found | None, used: int
) -> None:
    found, versions = problems(system, content)
    if expected is None:
        assert [left_out for _, _, left_out in found] == [True]
    else:
        assert found == expected
    assert versions == used


def test_a_record_cut_short_leaves_the_others_in() -> None:
    lines = sample("komet/timeline.snapshots.jsonl").splitlines()
    lines[3] = lines[3][:100]
    messages = read("komet", b"\n".join(lines))
    assert [(p.line, p.column) for p in messages.problems] == [(4, "record")]
    assert len(messages.versions) == len(lines) - 1
    assert messages.records == len(lines)


def test_times_without_a_zone_are_of_oslo_and_decimals_are_read() -> None:
    summer = read("komet", changed("komet", endretTidspunkt="2024-07-01T12:00:00"))
    assert summer.versions[0].changed_at.isoformat() == "2024-07-01T10:00:00+00:00"
    row = {"gyldigFraDato": "2022-02-25", "dagerPerUke": 2.5, "deltakelsesprosent": 33.3333}
    told = read("komet", changed("komet", deltakelsesmengder=[row])).versions[0]
    assert told.says["is"]["intensity"] == {"2022-02-25": ("2.5", "33.33")}


def test_decimals_of_a_second_are_not_lost() -> None:
    metadata = {**PAW["metadata"], "tidspunkt": 1780358119.801662}
    [version] = read("paw", changed("paw", metadata=metadata)).versions
    assert version.changed_at.isoformat() == "2026-06-01T23:55:19.801662+00:00"


def test_what_is_not_known_is_counted_and_does_not_stop_anything() -> None:
    status = {"type": "HELT_NY", "aarsak": {"type": "HELT_NY_AARSAK"}}
    new = changed("komet", status=status, nyttFelt=1)
    messages = read("komet", b"\n".join([new, new]))
    told = {(w.column, w.found): count for w, count in messages.warnings.items()}
    assert told["status", "HELT_NY"] == told["reason", "HELT_NY_AARSAK"] == 2
    assert told["nyttFelt", ""] == 2
    assert messages.problems == []
    assert messages.versions[0].says["is"]["reason"] == "unknown"


def test_a_national_number_never_shows_in_a_problem_or_a_warning() -> None:
    number = "12839010182"
    wrong = changed("komet", startDato=number, gjennomforingId=number, id=number)
    messages = read("komet", wrong + b"\n" + changed("komet", status={"type": number}))
    shown = [*map(str, messages.problems), *map(str, messages.warnings)]
    assert shown
    assert not any(number in text for text in shown)


# Values that a field may turn out to hold, as JSON: drawn anew each time, for they get changed.
VALUES = st.one_of(
    st.sampled_from(["null", "true", "[]", "{}", "[null]", '{"type": null}', '{"type": "x"}']),
    st.sampled_from(["", "\x00", "0", "-1", "9999-12-31", "2024-02-30", "1e9", "Æ", "[]"]).map(
        lambda text: orjson.dumps(text).decode()
    ),
    st.integers(-(2**53), 2**53).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.text(max_size=5).map(lambda text: orjson.dumps(text).decode()),
)
FILES = [(system, name) for system, names in STORIES.values() for name in names]
JSON_FILES = [(system, name) for system, name in FILES if not name.endswith(".dat")]


def leaves(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a JSON value where another value could stand: its container and key."""
    if not isinstance(value, (dict, list)):
        return []
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    return [(value, key) for key in keys] + [p for key in keys for p in leaves(value[key])]


def every_row_reads(system: str, content: bytes) -> None:
    """Whatever was sent, the reader comes through, and its rows are rows of the contract."""
    messages = read(system, content)
    tell = SYSTEMS[system].tell
    for news in by_subject(messages.versions).values():
        for _, rows in explain([], news, tell):
            for row in rows or []:
                assert set(row) >= {"source", "event_id", "participant", "type", "occurred_on"}
                read_record(row, profile(), RECEIVED)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_any_value_in_any_field_is_read_or_told_of(data: st.DataObject) -> None:
    system, name = data.draw(st.sampled_from(JSON_FILES))
    lines = sample(name).splitlines() if name.endswith("jsonl") else [sample(name)]
    record = orjson.loads(data.draw(st.sampled_from(lines)))
    for _ in range(data.draw(st.integers(1, 3))):
        places = leaves(record)
        if places:
            container, key = data.draw(st.sampled_from(places))
            container[key] = orjson.loads(data.draw(VALUES))
    every_row_reads(system, orjson.dumps(record))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_damage_to_a_file_is_read_or_told_of(data: st.DataObject) -> None:
    system, name = data.draw(st.sampled_from(FILES))
    content = sample(name)
    at = data.draw(st.integers(0, len(content)))
    cut = data.draw(st.integers(0, 40))
    every_row_reads(system, content[:at] + data.draw(st.binary(max_size=6)) + content[at + cut :])
