"""The rules applied to one person, in order, in words, each with the event that decided it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.history import Fact
from domain.linking import Person
from projections.explaining.aim import Aim
from projections.explaining.support import suffices
from projections.explaining.told import trace_json
from projections.explaining.trace import Trace, trace
from projections.question import Question
from projections.views import Lens
from tests.prove.histories import PROFILE, Log, by_key, key, logs, people_of, questions
from tests.prove.tables import asked, facts

ONE_EXIT = """
    8812 enrolled 2003-06-02 programme=tiltaksplan
    9001 exited 2003-09-30 programme=tiltaksplan destination=unknown
"""


def traced(question: Question, history: list[Fact], **aim: Any) -> Trace:
    return trace(Aim(question, **aim), Lens(question, PROFILE), Person({key(0): history}))


def says(found: Trace) -> list[str]:
    return [step.says for one in found.reasons for step in one.steps]


def test_back_on_the_last_day_of_the_window_is_returned() -> None:
    history = facts(ONE_EXIT + "9500 reentered 2003-12-30 programme=tiltaksplan")
    found = traced(asked("exits", "2004-06-30"), history, column="final")
    assert says(found)[:2] == [
        "enrolled 2003-06-02 in tiltaksplan, position 8812; "
        "exited 2003-09-30 from tiltaksplan to unknown, position 9001",
        "back 2003-12-30 in tiltaksplan, position 9500, the last day of the window of 3m: "
        "returned, so not final",
    ]
    assert not found.counted


def test_back_on_the_day_after_the_window_is_final() -> None:
    history = facts(ONE_EXIT + "9500 reentered 2003-12-31 programme=tiltaksplan")
    found = traced(asked("exits", "2004-06-30"), history, column="final")
    assert says(found)[1] == (
        "back 2003-12-31 in tiltaksplan, position 9500, came too late; "
        "the window of 3m ended on 2003-12-30: final"
    )
    assert found.counted


def test_nothing_back_yet_is_pending() -> None:
    found = traced(asked("exits", "2003-12-29"), facts(ONE_EXIT))
    assert says(found)[1] == (
        "nothing has come back by 2003-12-29; the window of 3m runs to 2003-12-30: "
        "pending, so not final"
    )


def test_a_correction_not_known_yet_is_named_with_the_day_it_was_recorded() -> None:
    history = facts(
        ONE_EXIT + "9500 exited 2003-08-31 2004-02-01 replaces=9001 "
        "programme=tiltaksplan destination=unknown"
    )
    before = traced(asked("stock", "2003-09-15", "2004-01-13"), history)
    after = traced(asked("stock", "2003-09-15", "2004-02-01"), history)
    assert before.counted and not after.counted
    assert before.left_out[0].says.endswith("position 9500: not recorded until 2004-02-01 12:00")
    assert "corrected by exited 2003-08-31" in after.left_out[0].says


def test_an_event_without_a_place_says_why() -> None:
    history = facts("7 exited 2003-09-30 programme=tiltaksplan destination=unknown")
    found = traced(asked("exits", "2004-01-13"), history)
    assert not found.reasons
    assert found.left_out[0].says.endswith(
        "position 7: has no place: not in tiltaksplan; an enrolment must come first"
    )


def test_a_filter_names_the_event_that_set_the_value() -> None:
    history = facts("3 registered 2003-03-01 sex=male\n8 enrolled 2003-06-02 programme=kvp")
    found = traced(asked("stock", "2003-06-02", where={"sex": ("female",)}), history)
    assert says(found)[-1] == (
        "sex is male (registered 2003-03-01 sex male, position 3); asked for female"
    )
    told = trace_json(found)
    assert told["things"][0]["rules"][-1]["positions"] == [3]
    assert [event["position"] for event in told["events"]] == [3, 8]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (asked("stock", "2003-06-01"), "it starts on 2003-06-02, after 2003-06-01: not yet in it"),
        (
            asked("stock", "2003-09-30"),
            "it stops on 2003-09-30, by the end of 2003-09-30: no longer in it",
        ),
        (
            asked("dwell", "2003-09-30"),
            "it starts on 2003-06-02, by 2003-09-30: 120 days, completed",
        ),
        (
            asked("flow", "2003-05-31", days=("2003-05-01", "2003-05-31")),
            "it starts on 2003-06-02 and stops on 2003-09-30; "
            "the person is not in it at some time in 2003-05-01 to 2003-05-31",
        ),
        (
            asked("exits", "2004-06-30", days=("2003-01-01", "2003-09-29")),
            "2003-09-30 is outside 2003-01-01 to 2003-09-29",
        ),
        (asked("exits", "2003-09-29"), "2003-09-30 is after the cutoff 2003-09-29"),
        (
            asked("exits", "2004-06-30", programme="kvp"),
            "it leaves tiltaksplan; asked for kvp",
        ),
        (asked("returns", "2003-12-30"), "24 months are up on 2005-09-30, after 2003-12-30"),
        (
            asked("outcomes", "2004-09-29"),
            "the anniversary 2008-09-30 is after the cutoff 2004-09-29",
        ),
        (
            asked("funnel", "2004-09-29", days=("2003-01-01", "2003-12-31")),
            "never referred by 2004-09-29",
        ),
        (
            asked("duty", "2003-12-31", days=("2003-01-01", "2003-12-31")),
            "no social assistance: none in 2003-01-01 to 2003-12-31",
        ),
    ],
)  # fmt: skip
def test_the_last_rule_says_what_decided(question: Question, expected: str) -> None:
    assert says(traced(question, facts(ONE_EXIT)))[-1] == expected


def test_linked_keys_are_told_with_the_day_and_since_when_it_is_known() -> None:
    first = facts(
        "1 enrolled 2003-06-02 programme=kvp\n2 exited 2003-09-30 programme=kvp destination=unknown"
    )
    other = facts(f"""
        3 enrolled 2003-10-15 programme=kvp
        4 linked 2003-10-20 2003-11-01 same_as={key(0).hex()}
    """)
    histories = {key(0): first, key(1): other}
    question = asked("exits", "2004-06-30")
    (person,) = people_of(question, histories)
    found = trace(Aim(question, column="final"), Lens(question, PROFILE), person)
    assert not found.counted
    assert [step.says for step in found.links] == [
        "linked 2003-10-20 to another key, position 4, known since 2003-11-01 12:00: "
        "one person under both keys"
    ]
    assert "position 3, by 2003-12-30, in the window of 3m: returned" in says(found)[1]
    apart = people_of(asked("exits", "2003-10-19"), histories)
    assert [list(one.facts) for one in apart] == [[key(0)], [key(1)]]


@settings(max_examples=200, deadline=None)
@given(question=questions(), log=logs(most_persons=2))
def test_the_trace_agrees_with_the_figure_and_gives_a_reason(question: Question, log: Log) -> None:
    lens = Lens(question, PROFILE)
    for person in people_of(question, by_key(log)):
        found = trace(Aim(question), lens, person)
        assert found.counted == (suffices(Aim(question), lens, person) is not None)
        for one in found.reasons:
            assert one.steps
            assert one.counted or not all(step.holds for step in one.steps)


@settings(max_examples=50, deadline=None)
@given(data=st.data(), log=logs(most_persons=2))
def test_every_event_is_either_told_or_left_out_with_a_reason(
    data: st.DataObject, log: Log
) -> None:
    question = data.draw(questions("exits"))
    for person in people_of(question, by_key(log)):
        found = trace(Aim(question), Lens(question, PROFILE), person)
        told = {fact.position for one in found.reasons for step in one.steps for fact in step.facts}
        out = {step.facts[0].position for step in found.left_out}
        assert not told & out
