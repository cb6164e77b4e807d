"""A program's arguments are values or text as on the command line, and wrong ones are told of."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

import forlop

JOURNEY = {"source": "arena", "participant": "Anna"}
ROWS: list[dict[str, Any]] = [
    {"type": "registered", "occurred_on": "2003-01-01", "birth_date": "1980-01-01"},
    {"type": "benefit_started", "occurred_on": "2003-01-01"}
    | {"benefit": "social_assistance", "role": "main"},
    {"type": "enrolled", "occurred_on": "2003-01-01", "programme": "kvp"},
    {"type": "measure_started", "occurred_on": "2003-01-01", "measure": "mentor"}
    | {"placement": "a", "track": "ordinary"},
    {"type": "exited", "occurred_on": "2003-01-10", "programme": "kvp", "destination": "work"}
    | {"recorded_at": "2003-01-20T10:00"},
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[forlop.Store]:
    url = f"sqlite:///{tmp_path_factory.mktemp('python')}/forlop.db"
    with forlop.open_store(url, make=True) as made:
        known = {"recorded_at": "2003-01-02T10:00"}
        made.append(JOURNEY | known | {"event_id": str(n)} | row for n, row in enumerate(ROWS))
        yield made


@pytest.mark.parametrize("engine", ["columnar", "reference"])
def test_a_knowledge_time_without_offset_is_oslos(store: forlop.Store, engine: Any) -> None:
    before, then = (
        store.figure("stock", at="2003-02-01", known_at=moment, engine=engine).total
        for moment in (datetime(2003, 1, 20, 9, 59), datetime(2003, 1, 20, 10))
    )
    assert (before, then) == ({"persons": 1, "spells": 1}, {"persons": 0, "spells": 0})


@pytest.mark.parametrize(
    ("condition", "persons"),
    [("true", 1), ("false", 0), (True, 1), (["true", "false"], 1), ("", 0), (None, 0)],
)
def test_a_filter_reads_text_as_the_command_line_does(
    store: forlop.Store, condition: Any, persons: int
) -> None:
    found = store.figure("stock", at="2003-01-05", where={"in_measure": condition})
    assert found.total is not None
    assert found.total["persons"] == persons


def test_ages_targets_lists_and_places_may_be_text(store: forlop.Store, tmp_path: Path) -> None:
    places = tmp_path / "places.csv"
    places.write_text("measure,provider,from,to,places\nmentor,,2003-01-01,,4\n")
    period: dict[str, Any] = {"start": "2003-01-01", "end": date(2003, 1, 10)}
    assert store.figure("duty", ages="18-30", **period).rows[0]["persons"] == 1
    assert store.figure("duty", ages="30-", **period).rows == []
    assert store.figure("capacity", places=str(places), **period).rows[0]["places"] == 4
    assert store.figure("stock", at="2003-01-05", by="sex,origin").rows[0].keys() >= {"origin"}
    found = store.figure("outcomes", at="2006-01-31", horizons="1y,3y", targets="55%,0.7")
    assert [(row["reached"], row["target"]) for row in found.rows] == [(1, 0.55), (1, 0.7)]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"figure": "stok"}, "no figure 'stok'; one of stock"),
        ({"engine": "abacus"}, "no engine 'abacus'; columnar"),
        ({"position": "5"}, "'5' is no position; give a whole number"),
        ({"at": datetime(2003, 1, 5, 10)}, "is no day; give a date"),
        ({"where": {"in_measure": "yes"}}, "true or false, not 'yes'"),
        ({"where": {"sex": 1}}, "True, False or None, not 1"),
        ({"windw": "3m"}, "no argument 'windw'; they are ages, at"),
        ({"start": "2003-01-01"}, "both start and end"),
        ({"figure": "duty", "ages": "old"}, "write it as 18-30"),
    ],
)
def test_a_wrong_argument_is_told_of(
    store: forlop.Store, arguments: dict[str, Any], said: str
) -> None:
    with pytest.raises(forlop.WrongUseError, match=said):
        store.figure(**{"figure": "stock", "at": "2003-01-05"} | arguments)
