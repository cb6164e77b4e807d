"""Stock, mean stock, flow, series, dwell and capacity: figures of spells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from domain.calendar import Period
from domain.journey import Journey, Spell
from domain.kinds import Kind
from projections.question import Cell, Question, Value
from projections.tally import Mark
from projections.views import Lens, spell_value, spell_values, stretches, time_values


def _spells(question: Question, journey: Journey) -> Iterator[Spell]:
    """The counted spells; `--programme` keeps those that carry it."""
    wanted = question.programme
    kind: Kind = "measure" if question.figure == "capacity" else question.of
    for spell in journey.spells[kind]:
        if wanted is None or getattr(spell.opened.event, "programme", None) == wanted:
            yield spell


def _own(lens: Lens, spell: Spell, day: date) -> dict[str, Value]:
    times = time_values(lens.own, day)
    names = [name for name in lens.own if name not in times]
    return spell_values(lens.profile, spell, names, day) | times


def stock(question: Question, lens: Lens, journey: Journey) -> Iterator[Mark]:
    """Persons with a spell `start <= C < stop`, and those spells."""
    yield from _stock_on(question.at, question, lens, journey)


def _stock_on(day: date, question: Question, lens: Lens, journey: Journey) -> Iterator[Mark]:
    for spell in _spells(question, journey):
        if spell.runs_on(day):
            cells = lens.cells(journey, _own(lens, spell, day), day)
            yield Mark(cells, spell, (("spells", 1),), person=True, on=day)


def mean_stock(question: Question, lens: Lens, journey: Journey) -> Iterator[Mark]:
    """The days that the person is in the stock: a mean is their sum over the period's days."""
    assert question.period is not None
    for stretch in stretches(journey, question.period):
        counted = [mark for mark in _stock_on(stretch.start, question, lens, journey) if mark.cells]
        if counted:
            cells = frozenset[Cell]().union(*(mark.cells for mark in counted))
            others = tuple(mark.item.opened for mark in counted[1:] if isinstance(mark.item, Spell))
            adds = (("days", stretch.days),)
            yield Mark(cells, counted[0].item, adds, because=others, on=stretch.start)


def flow(question: Question, lens: Lens, journey: Journey) -> Iterator[Mark]:
    """Persons in a spell at any time in the period; spells, and those that start and stop in it."""
    assert question.period is not None
    yield from _flow_in(question.period, question, lens, journey)


def _flow_in(period: Period, question: Question, lens: Lens, journey: Journey) -> Iterator[Mark]:
    for spell in _spells(question, journey):
        touches = spell.touches(period)
        starts = spell.start in period
        stops = spell.stop is not None and spell.stop in period
        if touches or starts or stops:
            cells = lens.cells(journey, _own(lens, spell, period.last), period.last, period)
            adds = (("spells", int(touches)), ("inflow", int(starts)), ("outflow", int(stops)))
            yield Mark(cells, spell, adds, person=touches, on=period.last, period=period)


def series(question: Question, lens: Lens, journey: Journey) -> Iterator[Mark]:
    """For each step: the stock at its end, and the flow, inflow and outflow in it."""
    assert question.period is not None
    for step in question.period.steps(question.every):
        for mark in _stock_on(step.last, question, lens, journey):
            yield replace(mark, extra=(step.last, "stock"))
        for mark in _flow_in(step, question, lens, journey):
            yield replace(mark, extra=(step.last, "flow"))


def dwell(question: Question, lens: Lens, journey: Journey) -> Iterator[Mark]:
    """How many days each spell that has started has lasted by the cutoff, and whether it is over.

    With a period, those that start in it.
    """
    day = question.at
    for spell in _spells(question, journey):
        if spell.start <= day and (question.period is None or spell.start in question.period):
            cells = lens.cells(journey, _own(lens, spell, day), day)
            yield Mark(cells, spell, (((spell.days_by(day), spell.stopped_by(day)), 1),), on=day)


def capacity(question: Question, lens: Lens, journey: Journey) -> Iterator[Mark]:
    """The days on which each measure spell takes up a place, and where they begin and end."""
    assert question.period is not None
    for spell in _spells(question, journey):
        key = tuple(
            spell_value(lens.profile, spell, name, spell.start) for name in ("measure", "provider")
        )
        for stretch in stretches(journey, question.period):
            if spell.runs_on(stretch.start):
                cells = lens.cells(journey, _own(lens, spell, stretch.start), stretch.start)
                adds = (
                    ("days", stretch.days),
                    (("change", stretch.start), 1),
                    (("change", stretch.stop), -1),
                )
                yield Mark(cells, spell, adds, extra=key, on=stretch.start)
