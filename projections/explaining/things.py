"""What of a person might be counted in a figure, whether or not it is."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from domain.history import Fact
from domain.journey import Exit, Journey, Spell
from domain.kinds import Kind
from projections.question import Question


@dataclass(frozen=True, slots=True)
class Thing:
    """A spell, an exit, a pair of measures, or (`whole`) the person.

    `after` is the measure that follows, in a chain.
    """

    item: Spell | Exit | Fact | None
    whole: bool = False
    after: Spell | None = None


def things_of(question: Question, journey: Journey) -> list[Thing]:
    """Everything of the kind that a figure counts, in the order of the history."""
    match question.figure:
        case "exits" | "outcomes" | "returns":
            return [Thing(exit_) for exit_ in journey.exits]
        case "funnel" | "duty":
            return [Thing(None, whole=True)]
        case "chains":
            return _pairs(question, journey)
    kind: Kind = "measure" if question.figure == "capacity" else question.of
    return [Thing(spell) for spell in journey.spells[kind]]


def _pairs(question: Question, journey: Journey) -> list[Thing]:
    """Each measure with the next that the question lets in; the last ones have none."""
    wanted = question.programme
    spells = journey.spells["measure"]
    carrying = [
        spell
        for spell in spells
        if wanted in (None, getattr(spell.opened.event, "programme", None))
    ]
    following = {id(first): second for first, second in pairwise(carrying)}
    return [Thing(spell, after=following.get(id(spell))) for spell in spells]
