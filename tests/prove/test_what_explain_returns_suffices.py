"""Folding just the explained events gives the same figure, and none of the support could go."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projections.explaining.aim import ROW_LABELS, Aim, labels_of, sums_of
from projections.explaining.cell import person_json, take_apart
from projections.explaining.support import suffices
from projections.question import Question
from projections.reference import answer, marks_of
from projections.views import Lens
from tests.prove.histories import PROFILE, Log, logs, questions

FIGURES = (
    "stock", "mean", "flow", "series", "dwell", "exits", "outcomes", "returns", "funnel",
    "chains", "capacity", "duty",
)  # fmt: skip


@pytest.mark.parametrize("figure", FIGURES)
@settings(max_examples=50, deadline=None)
@given(data=st.data(), log=logs())
def test_the_explained_events_alone_give_the_same_figure(
    figure: str, data: st.DataObject, log: Log
) -> None:
    question = data.draw(questions(figure))
    lens = Lens(question, PROFILE)
    explained = [found for facts in log if (found := suffices(Aim(question), lens, facts))]
    again = answer(question, PROFILE, [found.facts for found in explained])
    assert again == answer(question, PROFILE, log)


@pytest.mark.parametrize("figure", sorted(ROW_LABELS))
@settings(max_examples=30, deadline=None)
@given(data=st.data(), log=logs())
def test_one_row_alone_is_explained_too(figure: str, data: st.DataObject, log: Log) -> None:
    question = data.draw(questions(figure))
    lens = Lens(question, PROFILE)
    extras = {mark.extra for facts in log for mark in marks_of(question, lens, facts) if mark.cells}
    if not extras:
        return
    aim = Aim(question, labels_of(question, data.draw(st.sampled_from(sorted(extras, key=str)))))
    for facts in log:
        wanted = sums_of(aim.marks_of(marks_of(question, lens, facts)))
        found = suffices(aim, lens, facts)
        told = () if found is None else found.facts
        assert sums_of(aim.marks_of(marks_of(question, lens, told))) == wanted


@settings(max_examples=150, deadline=None)
@given(question=questions(), log=logs(most_persons=1))
def test_no_event_that_only_gives_a_place_could_be_left_out(question: Question, log: Log) -> None:
    lens = Lens(question, PROFILE)
    found = suffices(Aim(question), lens, log[0])
    if found is None:
        return
    wanted = sums_of(found.marks)
    read = {at for at, roles in found.roles.items() if set(roles) - {"place", "replaced"}}
    for fact in found.facts:
        if found.roles[fact.position] == ("place",):
            rest = [one for one in found.facts if one is not fact]
            less = suffices(Aim(question), lens, rest)
            unread = less is None or not read <= set(less.roles)
            assert unread or sums_of(less.marks if less else ()) != wanted


@settings(max_examples=150, deadline=None)
@given(data=st.data(), log=logs())
def test_the_persons_told_are_as_many_as_the_cell_counts(data: st.DataObject, log: Log) -> None:
    figure = data.draw(st.sampled_from(["stock", "flow", "exits", "funnel", "duty"]))
    question = replace(data.draw(questions(figure)), by=())
    aim = Aim(question)
    found = take_apart(aim, Lens(question, PROFILE), list(enumerate(log)))
    assert found.table.rows == answer(question, PROFILE, log).rows
    told = [person_json(question, aim, part)["counted"] for _, part in found.persons]
    column = "exits" if figure == "exits" else "persons"
    adds = [sum(thing["adds"].get(column, 0) for thing in things) for things in told]
    if figure in ("stock", "flow"):
        adds = [min(one, 1) for one in adds]
    assert sum(adds) == sum(row[column] for row in found.table.rows)
