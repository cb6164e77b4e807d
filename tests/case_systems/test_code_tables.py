"""Mapping tables: they read, they hold for their days, and what they say is known."""

from __future__ import annotations

from datetime import date
from importlib import resources
from itertools import combinations

import pytest

from adapters.case_systems.code_tables import read_table, shipped
from adapters.case_systems.kostra import layouts
from adapters.case_systems.messages import Messages

DAY = date(2024, 1, 1)
HEADER = "list,code,means,valid_from,valid_to,note\n"
TABLES = sorted(
    name.removesuffix(".csv")
    for path in resources.files("adapters.case_systems.data").iterdir()
    if (name := path.name).endswith(".csv") and not name.endswith("_layout.csv")
)


def test_a_code_means_what_it_meant_on_the_day_both_ends_included() -> None:
    lines = [HEADER, "s,7,a,2020-01-01,2022-12-31,\n", "s,7,b,2023-01-01,,\n"]
    table = read_table(lines)
    days = [date(2019, 12, 31), date(2020, 1, 1), date(2022, 12, 31), date(2023, 1, 1)]
    assert [table.find("s", "7", day) for day in days] == [None, "a", "a", "b"]


def test_an_unknown_code_is_unknown_with_a_warning_and_no_code_without_one() -> None:
    messages = Messages()
    assert read_table([HEADER]).translate("s", "x", DAY, messages) == "unknown"
    assert read_table([HEADER]).translate("s", None, DAY, messages) == "unknown"
    assert [(w.column, w.found) for w in messages.warnings] == [("s", "x")]


@pytest.mark.parametrize(
    ("lines", "told"),
    [(["list,code\n"], "columns must be"), ([HEADER, "s,1,a,2020,,\n"], "line 2: not a date")],
)
def test_a_wrong_table_says_where(lines: list[str], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        read_table(lines)


@pytest.mark.parametrize("name", TABLES)
def test_no_code_means_two_things_on_one_day(name: str) -> None:
    for codes in shipped(name).lists.values():
        for meanings in codes.values():
            for one, other in combinations(meanings, 2):
                starts = [m.valid_from or date.min for m in (one, other)]
                ends = [m.valid_to or date.max for m in (one, other)]
                assert max(starts) > min(ends)


@pytest.mark.parametrize("name", ["arena", "komet", "team_tiltak"])
def test_a_status_means_one_of_the_standings(name: str) -> None:
    standings = {
        "draft", "referred", "waiting", "under_way", "stopped", "never_started", "void",
    }  # fmt: skip
    told = {m.means for codes in shipped(name).lists["status"].values() for m in codes}
    assert told <= standings


def test_a_broken_off_programme_has_its_own_status_from_2023() -> None:
    table = shipped("kostra_11cf")
    assert table.find("status", "7", date(2022, 12, 31)) is None
    assert table.find("status", "7", date(2023, 12, 31)) == "stopped"


def test_the_layouts_of_kostra_are_whole_and_of_the_published_lengths() -> None:
    lengths = {
        "11f": {2022: 324, 2023: 324, 2024: 324, 2025: 338, 2026: 338},
        "11cf": {2022: 139, 2023: 138, 2024: 136, 2025: 152, 2026: 152},
    }
    assert {year: each.length for year, each in layouts("11f").items()} == lengths["11f"]
    assert {year: each.length for year, each in layouts("11cf").items()} == lengths["11cf"]
    for layout in (*layouts("11f").values(), *layouts("11cf").values()):
        taken = [i for c in layout.columns.values() for i in range(c.begin, c.begin + c.size)]
        assert len(taken) == len(set(taken))
