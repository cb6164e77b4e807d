"""What diff says: each change by its cause, the parts adding up to the whole, row by row."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.calendar import Length, parse_known_at
from domain.history import Fact
from projections.explaining.aim import ROW_LABELS, Plain
from projections.question import Question
from projections.revising.path import Change, changes_of
from projections.revising.revision import RevisedRow, revised_rows
from projections.revising.triangle import corners, triangle
from tests.prove.histories import FIGURES, PROFILE, Log, by_key, figure_of, key, logs, questions
from tests.prove.tables import asked, facts


def revised(
    before: Question, after: Question, log: Log
) -> tuple[list[RevisedRow[int]], RevisedRow[int] | None]:
    histories = by_key(log)
    changes = [(0, change) for change in changes_of(before, after, PROFILE, histories)]
    then, now = figure_of(before, histories), figure_of(after, histories)
    return revised_rows(before, then, now, changes)


def check(row: RevisedRow[int]) -> None:
    """Every count's change is what the parts add up to; every part is what its changes are."""
    counted = row.counted_change()
    for name, change in row.change().items():
        if isinstance(row.after[name], int) and name in _COUNTED:
            assert counted.get(name, 0) == change, name
    for part in row.parts:
        for name, number in part.columns.items():
            assert number == sum(columns[name] for _, _, columns in part.changes)


_COUNTED = {
    "persons", "spells", "inflow", "outflow", "stock", "stock_spells", "flow", "completed",
    "ongoing", "exits", "final", "returned", "pending", "reached", "in_work_or_education", "count",
    "kvp_assessed_first",
}  # fmt: skip


@pytest.mark.parametrize("figure", FIGURES)
@settings(max_examples=30, deadline=None)
@given(data=st.data(), log=logs(most_persons=2))
def test_the_parts_add_up_to_the_change(figure: str, data: st.DataObject, log: Log) -> None:
    one = data.draw(questions(figure))
    labels = ROW_LABELS.get(figure, ())
    one = replace(one, by=tuple(name for name in one.by if name not in labels))
    later = data.draw(st.sampled_from([Length(days=20), Length(days=200), Length(days=900)]))
    before = replace(one, position=data.draw(st.sampled_from([one.position, 15])))
    after = replace(one, known_at=one.known_at + (later.after(one.at) - one.at), position=999)
    if figure in ("stock", "exits", "outcomes", "returns", "dwell") and data.draw(st.booleans()):
        after = replace(after, at=Length(days=100).after(one.at))
    if figure in ("exits", "outcomes", "funnel") and data.draw(st.booleans()):
        after = replace(after, window=Length(5))
    rows, total = revised(before, after, log)
    for row in rows if total is None else [*rows, total]:
        check(row)
        if "mean_persons" in row.after:
            days = row.counted_change().get("days", 0)
            assert before.period is not None
            assert row.change()["mean_persons"] == pytest.approx(days / before.period.days)


@settings(max_examples=50, deadline=None)
@given(question=questions(), log=logs())
def test_nothing_changed_where_nothing_was_learned(question: Question, log: Log) -> None:
    rows, _ = revised(question, question, log)
    assert all(not row.parts and row.before == row.after for row in rows)


HISTORY = """
    1 enrolled 2003-06-02 programme=tiltaksplan
    2 exited 2003-09-30 2003-10-01 programme=tiltaksplan destination=unknown
"""
EXITS = asked("exits", "2003-12-31", "2003-12-31")


def causes(before: Question, after: Question, history: list[Fact]) -> list[tuple[str, Any]]:
    found = changes_of(before, after, PROFILE, {key(0): history})
    return [(one.cause, _in_all(one)) for one in found]


def _in_all(change: Change) -> dict[str, int]:
    whole: Plain = change.delta
    return {str(name): n for numbers in whole[None].values() for name, n in numbers.items()}


@pytest.mark.parametrize(
    ("learned", "expected"),
    [
        (
            "3 reentered 2003-12-30 2004-01-10 programme=tiltaksplan",
            [("return", {"final": -1, "returned": 1})],
        ),
        (
            "3 voided 2004-01-10 replaces=2",
            [("annulment", {"exits": -1, "final": -1})],
        ),
        (
            "3 exited 2003-10-15 2004-01-10 replaces=2 programme=tiltaksplan destination=unknown",
            [("correction", {"final": -1, "pending": 1})],
        ),
        (
            "3 outcome_observed 2003-12-01 2004-01-10 outcome=work method=survey",
            [],
        ),
        (
            "3 enrolled 2003-01-01 2004-01-09 programme=kvp\n"
            "4 exited 2003-02-01 2004-01-10 programme=kvp destination=work",
            [("late_registration", {"exits": 1, "final": 1})],
        ),
        (
            "3 voided 2004-01-09 replaces=2\n"
            "4 exited 2003-10-15 2004-01-10 replaces=3 programme=tiltaksplan destination=unknown",
            [
                ("annulment", {"exits": -1, "final": -1}),
                ("restatement", {"exits": 1, "pending": 1}),
            ],
        ),
    ],
)
def test_each_cause_of_a_changed_exit(learned: str, expected: list[tuple[str, Any]]) -> None:
    later = replace(EXITS, known_at=parse_known_at("2004-01-13"))
    assert causes(EXITS, later, facts(HISTORY + learned)) == expected


def test_an_outcome_learned_later_moves_an_exit_between_destinations() -> None:
    history = facts(HISTORY + "3 outcome_observed 2003-12-01 2004-01-10 outcome=work method=survey")
    before = replace(EXITS, by=("destination",))
    after = replace(before, known_at=parse_known_at("2004-01-13"))
    rows, _ = revised(before, after, [history])
    told = {
        row.names["destination"]: [(part.cause, dict(part.columns)) for part in row.parts]
        for row in rows
    }
    assert told == {
        "unknown": [("outcome", {"exits": -1, "final": -1})],
        "work": [("outcome", {"exits": 1, "final": 1})],
    }


def test_pending_that_became_final_is_the_calendars_doing() -> None:
    before, after = (replace(EXITS, at=day) for day in _days("2003-12-29", "2003-12-30"))
    (change,) = changes_of(before, after, PROFILE, {key(0): facts(HISTORY)})
    assert (change.cause, _in_all(change)) == ("calendar", {"final": 1, "pending": -1})
    assert [(fact.position, role) for fact, role in change.facts] == [(2, "counted")]


def test_a_return_that_the_cutoff_moves_over_is_a_return() -> None:
    history = facts(HISTORY + "3 reentered 2003-12-30 2003-12-30 programme=tiltaksplan")
    before, after = (replace(EXITS, at=day) for day in _days("2003-12-29", "2003-12-30"))
    assert causes(before, after, history) == [("return", {"returned": 1, "pending": -1})]


def test_another_window_is_a_cause_of_its_own() -> None:
    history = facts(HISTORY + "3 reentered 2003-12-30 2003-12-30 programme=tiltaksplan")
    before = replace(EXITS, window=Length(days=90))
    assert causes(before, EXITS, history) == [("window", {"final": -1, "returned": 1})]


def test_an_old_recording_handed_in_late_is_a_late_delivery() -> None:
    before, after = replace(EXITS, position=1), replace(EXITS, position=2)
    assert causes(before, after, facts(HISTORY)) == [("late_delivery", {"exits": 1, "final": 1})]


def test_an_event_that_gives_another_its_place_names_it() -> None:
    history = facts("""
        1 exited 2003-09-30 2003-10-01 programme=tiltaksplan destination=work
        2 enrolled 2003-06-02 2004-01-10 programme=tiltaksplan
    """)
    later = replace(EXITS, known_at=parse_known_at("2004-01-13"))
    (change,) = changes_of(EXITS, later, PROFILE, {key(0): history})
    assert [(fact.position, role) for fact, role in change.facts] == [
        (2, "learned"),
        (1, "given_place"),
    ]


def test_the_triangle_shows_each_month_as_it_was_known_at_each_month_end() -> None:
    flow = asked("flow", "2003-07-31", "2003-09-15", days=("2003-06-01", "2003-07-31"))
    history = facts("""
        1 enrolled 2003-06-02 2003-06-03 programme=tiltaksplan
        2 exited 2003-06-20 2003-07-01 programme=tiltaksplan destination=work
        3 reentered 2003-07-10 2003-08-10 programme=tiltaksplan
    """)
    found = corners(flow, "month", None, None)
    tables = [figure_of(corner.question, {key(0): history}) for corner in found]
    rows = triangle(found, tables, "month")
    told = [(row["month"], row["known_at"], row["inflow"], row["outflow"]) for row in rows]
    assert told == [
        ("2003-06", "2003-06-30", 1, 0),
        ("2003-06", "2003-07-31", 1, 1),
        ("2003-06", "2003-08-31", 1, 1),
        ("2003-06", "2003-09-15", 1, 1),
        ("2003-07", "2003-07-31", 0, 0),
        ("2003-07", "2003-08-31", 1, 0),
        ("2003-07", "2003-09-15", 1, 0),
    ]


LINKED = facts(
    f"2 enrolled 2003-06-10 programme=kvp\n3 linked 2003-06-20 2003-07-01 same_as={key(0).hex()}"
)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (asked("stock", "2003-06-30", "2003-06-30"), asked("stock", "2003-06-30", "2003-07-01")),
        (asked("stock", "2003-06-19"), asked("stock", "2003-06-20")),
    ],
)
def test_keys_that_turn_out_to_be_one_person_are_a_cause(before: Question, after: Question) -> None:
    histories = {key(0): facts("1 enrolled 2003-06-02 programme=kvp"), key(1): LINKED}
    (change,) = changes_of(before, after, PROFILE, histories)
    assert (change.cause, _in_all(change)) == ("linked_keys", {"persons": -1})
    assert [fact.position for fact, _ in change.facts] == [3]


def test_who_adds_the_same_before_and_after_has_no_changes() -> None:
    """An event that was registered late and annulled again leaves the figure as it was."""
    history = facts("""
        1 enrolled 2003-06-02 2003-08-01 programme=kvp
        2 voided 2003-06-02 2003-08-02 replaces=1
    """)
    before = asked("stock", "2003-06-30", "2003-07-01")
    after = replace(before, known_at=parse_known_at("2003-09-01"))
    assert changes_of(before, after, PROFILE, {key(0): history}) == []


def _days(*days: str) -> list[Any]:
    return [parse_known_at(day).date() for day in days]
