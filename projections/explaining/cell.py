"""A cell taken apart: its rows as the figure has them, and each person's part of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from domain.history import Fact
from domain.journey import Exit, Spell, journey_at
from projections.explaining.aim import Aim, labels_of
from projections.explaining.support import Sufficient, closed_by, part_of
from projections.explaining.words import fact_json
from projections.layout import Table, lay_out
from projections.question import Question
from projections.reference import cutoff_of, marks_in
from projections.replay import name_of
from projections.tally import Mark, Sums
from projections.views import Lens

P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class TakenApart(Generic[P]):
    """The rows that are looked at, and the persons that they are made of, each under its name."""

    table: Table
    persons: list[tuple[P, Sufficient]]


def take_apart(
    aim: Aim, lens: Lens, histories: Iterable[tuple[P, Sequence[Fact]]]
) -> TakenApart[P]:
    """One cell over the histories of participants, each its facts by position.

    A participant who adds nothing to the figure may be left out of `histories`.
    """
    sums = Sums()
    persons = []
    for who, facts in histories:
        journey = journey_at(facts, cutoff_of(aim.question))
        marks = list(marks_in(aim.question, lens, journey))
        sums.add_person(marks)
        if chosen := aim.marks_of(marks):
            persons.append((who, part_of(aim, lens, facts, journey, chosen)))
    laid = lay_out(aim.question, sums)
    rows = [row for row in laid.rows if aim.keeps(row)]
    return TakenApart(Table(rows, laid.total if not aim.row else None), persons)


def person_json(question: Question, aim: Aim, part: Sufficient) -> dict[str, Any]:
    """One person's part: what is counted, and the events that suffice for it, as JSON values."""
    things: dict[int, list[Mark]] = {}
    for mark in part.marks:
        things.setdefault(id(mark.item), []).append(mark)
    return {
        "counted": [_thing_json(question, aim, marks) for marks in things.values()],
        "events": [
            fact_json(fact)
            | {
                "roles": list(part.roles[fact.position]),
                "sets": list(part.sets.get(fact.position, ())),
            }
            for fact in part.facts
        ],
    }


def _thing_json(question: Question, aim: Aim, marks: list[Mark]) -> dict[str, Any]:
    cells = {cell: None for mark in marks for cell in sorted(mark.cells, key=str)}
    labels = {str(found): found for mark in marks if (found := labels_of(question, mark.extra))}
    return {
        "what": item_json(aim, marks[-1]),
        "cells": [dict(zip(question.by, cell, strict=True)) for cell in cells],
        "rows": list(labels.values()),
        "adds": adds_json(marks),
    }


def item_json(aim: Aim, mark: Mark) -> dict[str, Any]:
    """A spell, an exit or an event that is counted, and the positions that it stands on."""
    item = mark.item
    match item:
        case Spell():
            closed = closed_by(aim, mark, item)
            stop = item.stop if closed is not None or item.closed is None else None
            return {
                "kind": item.kind,
                "of": name_of(item).partition(" ")[2] or None,
                "start": item.start.isoformat(),
                "stop": None if stop is None else stop.isoformat(),
                "opened_by": item.opened.position,
                "closed_by": None if closed is None else closed.position,
            }
        case Exit():
            return {
                "kind": "exit",
                "of": item.event.programme,
                "on": item.event.occurred_on.isoformat(),
                "position": item.fact.position,
            }
        case Fact():
            on = item.event.occurred_on.isoformat()
            return {"kind": item.event.TOPIC, "on": on, "position": item.position}
    return {"kind": "person"}


_LENGTHS = {
    "days": "days",
    "start": "days_start_to_start",
    "stop": "days_stop_to_start",
}


def adds_json(marks: Iterable[Mark]) -> dict[str, int]:
    """What marks of one thing add: by column, a person once in each row, lengths in days."""
    adds: dict[str, int] = {}
    persons = {mark.extra for mark in marks if mark.person}
    if persons:
        adds["persons"] = len(persons)
    for mark in marks:
        for name, number in mark.adds:
            for column, value in _columns(name, number):
                if value:
                    adds[column] = adds.get(column, 0) + value
    return adds


def _columns(name: object, number: int) -> list[tuple[str, int]]:
    if isinstance(name, str):
        return [(name, number)]
    if isinstance(name, tuple) and isinstance(name[0], str):
        return [(_LENGTHS[name[0]], name[1])] if name[0] in _LENGTHS else []
    assert isinstance(name, tuple)  # a dwell: how many days, and whether it is over
    return [("spells", number), ("completed" if name[1] else "ongoing", number), ("days", name[0])]
