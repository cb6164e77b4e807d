"""What was believed from when to when: told in blocks, it is what it is told whole."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.events import EVENT_TYPES
from domain.history import Fact
from domain.journey import Journey, fold
from projections.columnar import retelling
from projections.columnar.irregular import _spells
from projections.columnar.retelling import Believed, Item, Seen, rectangles
from projections.columnar.tables import FOREVER, NEVER_REPLACED, day_number

_TOPICS = ("enrolled", "exited", "reentered")


def believed(topic: str, place: int, day: int, known_from: int, known_to: int) -> Believed:
    """An event of one programme at its place in the history."""
    cls = EVENT_TYPES[topic]
    fields: dict[str, Any] = dict.fromkeys(cls.model_fields) | {
        "source": "test",
        "event_id": str(place),
        "programme": "kvp",
        "occurred_on": date(2003, 1, 1) + timedelta(days=day),
    }
    return Fact(cls.model_construct(None, **fields), place), place, known_from, known_to


@st.composite
def histories(draw: st.DrawFn) -> list[Believed]:
    """Facts in order of their days, each known from some moment and perhaps replaced at another."""
    made = draw(
        st.lists(
            st.tuples(
                st.sampled_from(_TOPICS),
                st.integers(0, 2),
                st.integers(0, 20),
                st.one_of(st.none(), st.integers(1, 9)),
            ),
            max_size=14,
        )
    )
    day, facts = 0, []
    for place, (topic, later, known_from, lasts) in enumerate(made):
        day += later
        known_to = NEVER_REPLACED if lasts is None else known_from + lasts
        facts.append(believed(topic, place, day, known_from, known_to))
    return facts


def seen_in(facts: Iterable[Fact]) -> set[Item]:
    """The spells of facts that are folded at once."""
    return {
        (
            spell.kind,
            day_number(spell.start),
            FOREVER if spell.stop is None else day_number(spell.stop),
            spell.opened.position,
            None if spell.closed is None else spell.closed.position,
        )
        for spells in fold(facts).spells.values()
        for spell in spells
    }


@settings(max_examples=300, deadline=None, derandomize=True)
@given(facts=histories(), block=st.integers(1, 5))
def test_at_every_moment_it_is_what_the_fold_gives_of_the_facts_known_then(
    facts: list[Believed], block: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retelling, "_BLOCK", block)
        found = list(rectangles(facts, _spells))
    for moment in range(31):
        live = [fact for fact, _, since, until in facts if since <= moment < until]
        told = [item for item, since, until in found if since <= moment < until]
        assert len(told) == len(set(told))
        assert set(told) == seen_in(live)


def facts_told(events: int, late: float) -> int:
    """How many facts are folded for one participant with many events, some late, some replaced."""
    random, facts = Random(1), []
    for place in range(events):
        known_from = place + (random.randrange(events) if random.random() < late else 0)
        known_to = known_from + 5 if random.random() < late else NEVER_REPLACED
        topic = ("exited" if place % 2 else "reentered") if place else "enrolled"
        facts.append(believed(topic, place, place, known_from, known_to))
    told = 0

    def counting(entry: Journey, live: Iterable[Fact]) -> Seen:
        nonlocal told
        facts = list(live)
        told += len(facts)
        return _spells(entry, facts)

    assert list(rectangles(facts, counting))
    return told


@pytest.mark.parametrize("late", [0.0, 0.1])
def test_the_work_for_one_participant_grows_with_the_events_and_not_with_their_square(
    late: float,
) -> None:
    assert facts_told(4_000, late) < 6 * facts_told(1_000, late)
