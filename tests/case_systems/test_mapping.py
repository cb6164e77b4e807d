"""Mapping files: the two worked examples, what `check` shows, and what a wrong file is told."""

from __future__ import annotations

from datetime import date, datetime
from importlib import resources
from pathlib import Path

import pytest

from adapters.case_systems.mapping import check, read, tell
from adapters.case_systems.mapping_file import MappingFile, MappingFileError, read_mapping
from adapters.case_systems.messages import Delivery
from domain.calendar import as_instant
from tests.case_systems.deliveries import RECEIVED, sample
from tests.case_systems.telling import Store, stays

DELIVERY = Delivery(RECEIVED)


def shipped(name: str) -> MappingFile:
    folder = resources.files("adapters.case_systems.data")
    return read_mapping(folder.joinpath(f"mapping_{name}.toml").read_text("utf-8"))


def test_the_municipal_list_in_excel_becomes_its_stays() -> None:
    store = Store(tell)
    content, mapping = sample("mapping/municipal_measures.csv"), shipped("municipal_measures")
    store.deliver(read(content, DELIVERY, mapping).versions)
    assert store.waiting == []
    assert stays(store.journey("12839010182")) == [
        ("jobbmestring", date(2024, 1, 15), date(2024, 4, 15))  # the last day is in
    ]
    assert stays(store.journey("05879810045")) == [("ja_vi_kan", date(2024, 2, 5), None)]
    assert stays(store.journey("21918510149")) == []  # registered in error: left out
    assert stays(store.journey("30817910269")) == [
        ("unknown", date(2024, 3, 1), date(2024, 4, 1)),  # a word that the mapping does not have
        ("work_practice_ordinary", date(2013, 11, 4), date(2014, 2, 1)),  # by the codes of 2013
    ]


def test_check_shows_what_each_row_becomes() -> None:
    content, mapping = sample("mapping/municipal_measures.csv"), shipped("municipal_measures")
    checked = list(check(content, DELIVERY, mapping))
    assert [(c.line, [row["type"] for row in c.rows], c.left_out) for c in checked] == [
        (2, ["referred", "measure_started", "intensity_changed", "measure_stopped"], False),
        (3, ["referred", "measure_started", "intensity_changed"], False),
        (4, [], True),
        (5, ["referred", "measure_started", "intensity_changed", "measure_stopped"], False),
        (6, ["measure_started", "measure_stopped"], False),
        (7, [], True),
    ]
    assert checked[0].rows[1]["provider"] == "Kirkens Bymisjon"
    assert checked[0].rows[2]["days_per_week"] == "2.5"
    assert checked[1].cells["Merknad"] == 'ringer "snart"; ny avtale'
    assert [(w.column, w.found) for w in checked[4].warnings] == [
        ("measure", "Hageprosjekt"),
        ("reason", "Ble lei"),
    ]
    assert [str(p) for p in checked[5].problems] == [
        "line 7, 2024-005: Startdato '2024-04-01': not a date; write it as dd.MM.yyyy (left out)"
    ]


def test_an_arena_extract_is_corrected_by_its_later_rows() -> None:
    store = Store(tell)
    messages = read(sample("mapping/arena_extract.csv"), DELIVERY, shipped("arena_extract"))
    store.deliver(messages.versions)
    known_at = as_instant(datetime.fromisoformat("2023-07-01T00:00"))
    assert stays(store.journey("880010", known_at)) == [
        ("work_preparation", date(2023, 2, 6), date(2023, 7, 1))
    ]
    assert stays(store.journey("880010")) == [
        ("work_preparation", date(2023, 2, 6), date(2023, 6, 1))
    ]
    assert [(p.reference, p.column) for p in messages.problems] == [("800004", "MOD_DATO")]
    assert store.waiting == []


SMALL = """
source = "liste"
id = ["nr"]
[[leave_out]]
column = "status"
values = ["feil"]
[[event]]
type = "met"
day = "dag"
columns = { participant = "hvem" }
constants = { kind = "follow_up", attended = "true" }
"""


def test_a_row_that_is_left_out_later_annuls_what_it_said() -> None:
    mapping, store = read_mapping(SMALL), Store(tell)
    for status in ("ok", "feil"):
        content = f"nr,hvem,dag,status\n1,p1,2024-01-02,{status}\n".encode()
        store.deliver(read(content, DELIVERY, mapping).versions)
    assert [row["type"] for row in store.rows] == ["met", "voided"]


@pytest.mark.parametrize(
    ("content", "column"),
    [
        (b"nr,hvem,dag\n1,p1,2024-01-02\n", "status"),  # a column is missing
        (b"nr,hvem,dag,status\n,p1,2024-01-02,ok\n", "nr"),
        (b"nr,hvem,dag,status\n1,,2024-01-02,ok\n", "hvem"),
        (b"nr,hvem,dag,status\n1,p1,02.01.2024,ok\n", "dag"),
        (b"nr,hvem,dag,status\n1,p1,2024-01-02,ok,x\n", "row"),
        (b"nr,hvem,dag,status\n1,p\xe5,2024-01-02,ok\n", "hvem"),  # not UTF-8
        (b"nr,hvem,dag,status\n1,p\x001,2024-01-02,ok\n", "hvem"),
    ],
)
def test_a_row_that_is_wrong_is_one_problem(content: bytes, column: str) -> None:
    messages = read(content, DELIVERY, read_mapping(SMALL))
    assert [(p.line, p.column) for p in messages.problems] == [(2, column)]
    assert all(not version.says["state"] for version in messages.versions)


def test_two_rows_with_one_id_are_told_of() -> None:
    content = b"nr,hvem,dag,status\n1,p1,2024-01-02,ok\n1,p1,2024-01-03,ok\n"
    messages = read(content, DELIVERY, read_mapping(SMALL))
    assert [(p.line, p.column) for p in messages.problems] == [(3, "nr")]


def test_an_id_that_is_a_national_number_does_not_get_into_event_ids() -> None:
    content = b"nr,hvem,dag,status\n12839010182,p1,2024-01-02,ok\n"
    [checked] = check(content, DELIVERY, read_mapping(SMALL))
    assert "12839010182" not in checked.rows[0]["event_id"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('type = "met"', 'type = "moett"', "no such type of event"),
        ("hvem", "hvem\nx", "not TOML"),
        ("participant", "deltaker", "deltaker is not a column that can be mapped here"),
        ('id = ["nr"]', "", "id: missing"),
        (
            'id = ["nr"]',
            'id = ["nr"]\nkoding = "x"',
            "koding: there is no such key; there are source, encoding",
        ),
        ('id = ["nr"]', 'id = ["nr"]\ndates = ["dd.mm.yyyy"]', r"no month, MM \(mm is minutes\)"),
        ('id = ["nr"]', 'id = ["nr"]\ndates = ["MM.yyyy"]', "no day, dd"),
        ('id = ["nr"]', 'id = ["nr"]\nencoding = "tolv"', "no such encoding"),
        ("constants = {", "constants = { event_id = '1',", "event_id is not a column"),
    ],
)
def test_a_wrong_mapping_file_says_what_is_wrong(old: str, new: str, told: str) -> None:
    with pytest.raises(MappingFileError, match=told):
        read_mapping(SMALL.replace(old, new))


def test_the_mapping_file_on_the_page_of_documentation_reads() -> None:
    page = Path(__file__).parents[2] / "docs" / "case-systems.md"
    example = page.read_text("utf-8").partition("```toml\n")[2].partition("```")[0]
    file = read_mapping(example)
    assert file.model_fields_set == set(MappingFile.model_fields)  # every key is shown


def test_two_events_of_one_type_need_names() -> None:
    again = SMALL[SMALL.index("[[event]]") :]
    with pytest.raises(MappingFileError, match="two events called met"):
        read_mapping(SMALL + again)
    assert len(read_mapping(SMALL + again + '\nname = "second"').event) == 2
