"""A cell taken apart: the persons in it, and each one's part of it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from domain.history import Fact
from domain.journey import Exit, Journey, Spell
from domain.linking import Person, united
from projections.explaining.aim import Aim, labels_of
from projections.explaining.support import Sufficient, closed_by, part_of
from projections.explaining.words import fact_json
from projections.question import Question
from projections.reference import cutoff_of, marks_in
from projections.replay import name_of
from projections.tally import Mark
from projections.views import Lens

K = TypeVar("K", bound=Hashable)
NameOf: TypeAlias = Callable[[K], str | None]


@dataclass(frozen=True, slots=True)
class InCell(Generic[K]):
    """A person who is in a cell, by these marks; `since` is the position of the first event."""

    person: Person[K]
    since: int
    journeys: list[Journey]
    marks: list[Mark]

    def part(self, aim: Aim, lens: Lens) -> Sufficient[K]:
        return part_of(aim, lens, self.person, self.journeys, self.marks)


def in_cell(aim: Aim, lens: Lens, people: Iterable[Person[K]]) -> Iterator[InCell[K]]:
    """Those of some people who are in the cell that is aimed at."""
    for person in people:
        journeys = person.journeys(cutoff_of(aim.question))
        if marks := aim.marks_of(marks_in(aim.question, lens, united(journeys))):
            since = min(fact.position for facts in person.facts.values() for fact in facts)
            yield InCell(person, since, journeys, marks)


def person_json(aim: Aim, part: Sufficient[K], name_of: NameOf[K]) -> dict[str, Any]:
    """One person's part: what is counted, and the events that suffice for it, as JSON values."""
    things: dict[int, list[Mark]] = {}
    for mark in part.marks:
        things.setdefault(id(mark.item), []).append(mark)
    several = len(set(part.told_of.values())) > 1
    return {
        "counted": [_thing_json(aim.question, aim, marks) for marks in things.values()],
        "events": [
            fact_json(fact)
            | ({"participant": name_of(part.told_of[fact.position])} if several else {})
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
