"""The reference engine: every figure in plain Python over journeys. It is the specification.

Slow and obvious on purpose. Any faster engine must give the same rows for every history.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from domain.codes import Profile
from domain.history import Cutoff, Fact
from domain.journey import Journey, journey_at
from projections.layout import Table, lay_out
from projections.marks import exits, persons, spells
from projections.question import Question
from projections.tally import Mark, Sums
from projections.views import Lens

Marker: TypeAlias = Callable[[Question, Lens, Journey], Iterator[Mark]]

_MARKERS: Final[Mapping[str, Marker]] = {
    "stock": spells.stock,
    "mean_stock": spells.mean_stock,
    "flow": spells.flow,
    "series": spells.series,
    "dwell": spells.dwell,
    "capacity": spells.capacity,
    "exits": exits.exits,
    "outcomes": exits.outcomes,
    "returns": exits.returns,
    "funnel": persons.funnel,
    "chains": persons.chains,
    "duty": persons.duty,
}


def marks_of(question: Question, lens: Lens, facts: Sequence[Fact]) -> Iterator[Mark]:
    """What one participant's facts, by position, add to a figure."""
    return marks_in(question, lens, journey_at(facts, cutoff_of(question)))


def cutoff_of(question: Question) -> Cutoff:
    """What a question's journeys are folded from; questions that agree in it share journeys."""
    return Cutoff(known_at=question.known_at, position=question.position)


def marks_in(question: Question, lens: Lens, journey: Journey) -> Iterator[Mark]:
    """What one participant's journey adds to a figure."""
    marker = _MARKERS["mean_stock" if question.is_mean else question.figure]
    return marker(question, lens, journey)


def answer(question: Question, profile: Profile, histories: Iterable[Sequence[Fact]]) -> Table:
    """A figure over the histories of all participants, each its facts by position.

    A journey is folded without a cutoff date: an event never changes what came before it, so what
    holds at the end of any day can be read off the whole.
    """
    lens = Lens(question, profile)
    sums = Sums()
    for facts in histories:
        sums.add_person(marks_of(question, lens, facts))
    return lay_out(question, sums)
