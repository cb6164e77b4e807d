"""Folding just the explained events gives the same figure, and none of the support could go."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.linking import united
from projections.explaining.aim import ROW_LABELS, Aim, labels_of, sums_of
from projections.explaining.cell import in_cell, person_json
from projections.explaining.support import Sufficient, suffices
from projections.question import Question
from projections.reference import cutoff_of, marks_in
from projections.views import Lens
from tests.prove.histories import (
    FIGURES,
    PROFILE,
    Histories,
    Log,
    by_key,
    figure_of,
    logs,
    people_of,
    questions,
)


def told_by(found: Iterable[Sufficient[bytes]]) -> Histories:
    """The explained events, by the key that each is told of."""
    histories: Histories = {}
    for one in found:
        for fact in one.facts:
            told = histories.setdefault(one.told_of[fact.position], [])
            told += [fact] if fact not in told else []
    for facts in histories.values():
        facts.sort(key=lambda fact: fact.position)
    return histories


@pytest.mark.parametrize("figure", FIGURES)
@settings(max_examples=50, deadline=None)
@given(data=st.data(), log=logs())
def test_the_explained_events_alone_give_the_same_figure(
    figure: str, data: st.DataObject, log: Log
) -> None:
    question = data.draw(questions(figure))
    lens, people = Lens(question, PROFILE), people_of(question, by_key(log))
    explained = [found for one in people if (found := suffices(Aim(question), lens, one))]
    again = figure_of(question, told_by(explained))
    assert again == figure_of(question, by_key(log))


@pytest.mark.parametrize("figure", sorted(ROW_LABELS))
@settings(max_examples=30, deadline=None)
@given(data=st.data(), log=logs())
def test_one_row_alone_is_explained_too(figure: str, data: st.DataObject, log: Log) -> None:
    question = data.draw(questions(figure))
    lens, cutoff = Lens(question, PROFILE), cutoff_of(question)
    people = people_of(question, by_key(log))
    marks = [list(marks_in(question, lens, united(one.journeys(cutoff)))) for one in people]
    extras = {mark.extra for some in marks for mark in some if mark.cells}
    if not extras:
        return
    aim = Aim(question, labels_of(question, data.draw(st.sampled_from(sorted(extras, key=str)))))
    for person, some in zip(people, marks, strict=True):
        wanted = sums_of(aim.marks_of(some))
        found = suffices(aim, lens, person)
        alone = people_of(question, told_by([found] if found else []))
        again = [
            mark for one in alone for mark in marks_in(question, lens, united(one.journeys(cutoff)))
        ]
        assert sums_of(aim.marks_of(again)) == wanted


@settings(max_examples=150, deadline=None)
@given(question=questions(), log=logs(most_persons=2))
def test_no_event_that_only_gives_a_place_could_be_left_out(question: Question, log: Log) -> None:
    lens, aim = Lens(question, PROFILE), Aim(question)
    for person in people_of(question, by_key(log)):
        found = suffices(aim, lens, person)
        if found is None:
            continue
        wanted = sums_of(found.marks)
        read = {at for at, roles in found.roles.items() if set(roles) - {"place", "replaced"}}
        for fact in found.facts:
            if found.roles[fact.position] != ("place",):
                continue
            rest = replace(found, facts=tuple(one for one in found.facts if one is not fact))
            some = [suffices(aim, lens, one) for one in people_of(question, told_by([rest]))]
            less = [one for one in some if one]
            unread = not read <= {at for one in less for at in one.roles}
            assert unread or sums_of([mark for one in less for mark in one.marks]) != wanted


@settings(max_examples=100, deadline=None)
@given(data=st.data(), log=logs())
def test_keys_of_one_person_are_told_with_what_links_them(data: st.DataObject, log: Log) -> None:
    question = data.draw(questions())
    for person in people_of(question, by_key(log)):
        found = suffices(Aim(question), Lens(question, PROFILE), person)
        if found is None:
            continue
        links = [fact for fact in found.facts if "linked" in found.roles[fact.position]]
        assert len(links) == len(person.facts) - 1
        assert all(fact.event.TOPIC == "linked" for fact in links)
        assert all(fact.event.recorded_at <= question.known_at for fact in links)


@settings(max_examples=150, deadline=None)
@given(data=st.data(), log=logs())
def test_the_persons_told_are_as_many_as_the_cell_counts(data: st.DataObject, log: Log) -> None:
    figure = data.draw(st.sampled_from(["stock", "flow", "exits", "funnel", "duty"]))
    question = replace(data.draw(questions(figure)), by=())
    aim, lens = Aim(question), Lens(question, PROFILE)
    found = list(in_cell(aim, lens, people_of(question, by_key(log))))
    told = [person_json(aim, one.part(aim, lens), bytes.hex)["counted"] for one in found]
    column = "exits" if figure == "exits" else "persons"
    adds = [sum(thing["adds"].get(column, 0) for thing in things) for things in told]
    if figure in ("stock", "flow"):
        adds = [min(one, 1) for one in adds]
    rows = figure_of(question, by_key(log)).rows
    assert sum(adds) == sum(row[column] for row in rows)
