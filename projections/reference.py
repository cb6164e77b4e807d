"""The reference engine: every figure in plain Python over journeys. It is the specification.

Slow and obvious on purpose. Any faster engine must give the same rows for every history.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from domain.codes import Profile
from domain.history import Cutoff, Fact
from domain.journey import Journey, journey_at
from domain.linking import Person, people, united
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


def people_of(
    histories: Iterable[tuple[bytes, Sequence[Fact]]], linked: Collection[bytes], question: Question
) -> Iterator[Person[bytes]]:
    """Everybody as a question sees them, from each participant's facts by position.

    `linked` are the participants that some link names; keys of one person are together, as the
    links stand at the question's last day.
    """
    aside: dict[bytes, Sequence[Fact]] = {}
    for participant, facts in histories:
        if participant in linked:
            aside[participant] = facts
        else:
            yield Person({participant: facts})
    names = {participant.hex(): participant for participant in aside}
    yield from people(aside, names, replace(cutoff_of(question), at=question.at))


def journeys_of(
    histories: Iterable[tuple[bytes, Sequence[Fact]]], linked: Collection[bytes], question: Question
) -> Iterator[Journey]:
    """The one journey of each of `people_of`.

    It is folded without a cutoff date: an event never changes what came before it, so what held at
    the end of any day can be read off the whole.
    """
    cutoff = cutoff_of(question)
    for person in people_of(histories, linked, question):
        yield united(person.journeys(cutoff))


def answer(question: Question, profile: Profile, histories: Iterable[Sequence[Fact]]) -> Table:
    """A figure over the histories of participants of whom none are linked, each by position."""
    cutoff = cutoff_of(question)
    return answer_over(question, profile, (journey_at(facts, cutoff) for facts in histories))


def answer_over(question: Question, profile: Profile, journeys: Iterable[Journey]) -> Table:
    """A figure over all participants' journeys, folded at the question's `cutoff_of`."""
    lens = Lens(question, profile)
    sums = Sums()
    for journey in journeys:
        sums.add_person(marks_in(question, lens, journey))
    return lay_out(question, sums)
