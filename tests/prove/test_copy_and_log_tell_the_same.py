"""Explain, diff and triangle from the columnar copy, and from every history: the same bytes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from adapters.answers import Asked
from adapters.errors import WrongUseError
from adapters.explaining import explain
from adapters.revising import diff, grow
from domain.calendar import ONE_DAY, Length
from projections.explaining.aim import ROW_LABELS
from tests.prove.histories import FIGURES, PROFILE, Log, logs, questions
from tests.prove.test_rerun_makes_the_same_bytes import append, as_asked, as_rows, fresh_store

_COLUMNS = {
    "stock": ["persons", "spells"],
    "flow": ["persons", "inflow", "outflow"],
    "series": ["stock", "stock_spells", "inflow", "outflow", "flow"],
    "dwell": ["completed", "ongoing"],
    "exits": ["final", "returned", "pending"],
    "outcomes": ["in_work_or_education"],
    "returns": ["returned"],
    "chains": ["count"],
    "duty": ["kvp_assessed_first"],
}


@contextmanager
def filled(log: Log) -> Iterator[tuple[Engine, int]]:
    """A store with a log in it, and where it ends."""
    with fresh_store() as engine:
        yield engine, append(engine, as_rows(log))


@pytest.mark.parametrize("figure", FIGURES)
@settings(max_examples=4, deadline=None)
@given(data=st.data(), log=logs())
def test_a_cell_is_explained_alike(figure: str, data: st.DataObject, log: Log) -> None:
    with filled(log) as (engine, length):
        for _ in range(2):
            asked = _at_some_position(data, as_asked(data.draw(questions(figure))), length)
            limit = data.draw(st.sampled_from([None, 1, 2]))
            column = data.draw(st.sampled_from([None, *_COLUMNS.get(figure, ())]))
            row: dict[str, str | None] = {}
            for _ in range(2):
                found = [
                    explain(
                        engine, PROFILE, asked, row, column, limit=limit, by_engine=by
                    ).as_json()
                    for by in ("columnar", "reference")
                ]
                assert found[0] == found[1]
                rows = orjson.loads(found[0])["rows"]
                if not rows or asked.figure not in ROW_LABELS:
                    break
                one = data.draw(st.sampled_from(rows))
                row = {name: _label(one[name]) for name in ROW_LABELS[asked.figure]}


def _label(value: Any) -> str | None:
    return None if value is None else str(value)


def _at_some_position(data: st.DataObject, asked: Asked, length: int) -> Asked:
    """At the log's end, or before it, where the copy knows more than the question."""
    back = data.draw(st.sampled_from([0, 0, 1, 5]))
    return replace(asked, position=max(length - back, 0))


@settings(max_examples=6, deadline=None)
@given(data=st.data(), log=logs())
def test_a_person_is_explained_alike(data: st.DataObject, log: Log) -> None:
    with filled(log) as (engine, length):
        asked = _at_some_position(data, as_asked(data.draw(questions())), length)
        for number in [number for number, facts in enumerate(log) if facts]:
            one, other = (
                explain(engine, PROFILE, asked, {}, participant=f"P{number}", by_engine=by)
                for by in ("columnar", "reference")
            )
            assert one.as_json() == other.as_json()


@pytest.mark.parametrize("figure", FIGURES)
@settings(max_examples=4, deadline=None)
@given(data=st.data(), log=logs())
def test_a_change_is_split_alike(figure: str, data: st.DataObject, log: Log) -> None:
    with filled(log) as (engine, length):
        for _ in range(2):
            one = as_asked(data.draw(questions(figure)))
            labels = ROW_LABELS.get(figure, ())
            one = replace(one, by=tuple(name for name in one.by if name not in labels))
            before = _at_some_position(data, one, length)
            after = replace(one, position=length)
            if one.known_at is not None:
                days = data.draw(st.sampled_from([0, 20, 200]))
                after = replace(after, known_at=one.known_at + days * ONE_DAY)
            if one.at and not (figure == "mean" or one.figure in ("flow", "series", "duty")):
                days = data.draw(st.sampled_from([0, 0, 100]))
                after = replace(after, at=one.at + days * ONE_DAY)
            if figure in ("exits", "outcomes", "funnel"):
                after = replace(after, window=data.draw(st.sampled_from([one.window, Length(5)])))
            limit = data.draw(st.sampled_from([None, 1]))
            found = [
                diff(engine, PROFILE, before, after, limit=limit, by_engine=by).as_json()
                for by in ("columnar", "reference")
            ]
            assert found[0] == found[1]


@settings(max_examples=4, deadline=None)
@given(data=st.data(), log=logs(most_persons=2))
def test_a_triangle_grows_alike_and_each_corner_is_the_figure(
    data: st.DataObject, log: Log
) -> None:
    figure: Any = data.draw(st.sampled_from(["stock", "flow", "exits", "returns", "dwell"]))
    one = replace(as_asked(data.draw(questions("flow"))), figure=figure, at=None, of="enrolment")
    with filled(log) as (engine, length):
        asked = _at_some_position(data, one, length)
        try:
            grown = [
                grow(engine, PROFILE, asked, "quarter", by_engine=by).as_json()
                for by in ("columnar", "reference")
            ]
        except WrongUseError:
            return
        assert grown[0] == grown[1]
