"""Every dated sample, its versions one at a time in any order: known alike at every time."""

from __future__ import annotations

from datetime import date, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.case_systems.messages import Version
from adapters.case_systems.systems import SYSTEMS
from domain.history import Cutoff, counting
from tests.case_systems.deliveries import STORIES, story
from tests.case_systems.telling import Store

# Where two versions of one subject have the same place in their source's order, arrival decides.
ARRIVAL_DECIDES = {"paw_ends_alone", "digisos"}


def versions_of(name: str) -> list[Version]:
    _, all_read = story(name)
    return [version for messages in all_read for version in messages.versions if version.dated]


DATED = {name: told for name in STORIES if (told := versions_of(name))}
Known = dict[str, list[tuple[str, date, str]]]


def known(store: Store, known_at: datetime) -> Known:
    """Who has which events at a knowledge time, in the order in which they count."""
    cutoff = Cutoff(known_at=known_at)
    return {
        person: [
            (
                event.TOPIC,
                event.occurred_on,
                str(event.model_dump(exclude={"event_id", "replaces"})),
            )
            for fact in counting(store.facts(person), cutoff)
            for event in [fact.event]
        ]
        for person in sorted(store.intake.histories)
    }


def test_the_samples_are_dated_where_their_sources_tell_the_time() -> None:
    assert set(DATED) == {name for name in STORIES if not name.startswith(("kostra", "tiltaksh"))}


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_order_is_known_alike_at_every_time(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(set(DATED) - ARRIVAL_DECIDES)))
    versions = DATED[name]
    ordered, shuffled = (Store(SYSTEMS[STORIES[name][0]].tell) for _ in range(2))
    for version in sorted(versions, key=lambda v: v.order):
        ordered.deliver([version])
    for version in data.draw(st.permutations(versions)):
        shuffled.deliver([version])
    assert sorted(shuffled.waiting) == sorted(ordered.waiting)
    for version in versions:
        assert known(shuffled, version.changed_at) == known(ordered, version.changed_at)
