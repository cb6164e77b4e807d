"""What changes a figure: each fact that becomes known has one cause, and so has the calendar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from domain.calendar import OSLO
from domain.events import (
    Enrolled,
    Linked,
    MeasureStarted,
    OutcomeObserved,
    Reentered,
    Unlinked,
    Voided,
)
from domain.history import Fact, Key
from projections.question import Question
from projections.tally import Mark

Cause = Literal[
    "late_registration",
    "late_delivery",
    "new_event",
    "correction",
    "annulment",
    "restatement",
    "return",
    "outcome",
    "linked_keys",
    "calendar",
    "window",
]
CAUSES: Final[tuple[Cause, ...]] = (
    "late_registration",
    "late_delivery",
    "new_event",
    "correction",
    "annulment",
    "restatement",
    "return",
    "outcome",
    "linked_keys",
    "calendar",
    "window",
)
MEANINGS: Final[dict[Cause, str]] = {
    "late_registration": "happened by the first knowledge time, registered after it",
    "late_delivery": "registered by the first knowledge time, handed in after the first position",
    "new_event": "happened after the first knowledge time",
    "correction": "replaces what was known",
    "annulment": "takes back what was known",
    "restatement": "states again what had been annulled",
    "return": "a return that cancelled an exit",
    "outcome": "an outcome learned later",
    "linked_keys": "keys turned out to be one person, or not",
    "calendar": "the cutoff date moved",
    "window": "another window",
}
OF_EXITS: Final = ("exits", "outcomes", "returns")


def is_entry(fact: Fact) -> bool:
    """Whether a fact may bring somebody back after an exit."""
    return isinstance(fact.event, Enrolled | Reentered | MeasureStarted)


def cause_of(
    fact: Fact, before: Question, after: Sequence[Mark], known: Mapping[Key, Fact]
) -> Cause:
    """Why a fact that became known changed a figure; `after` are the marks with it.

    A correction is one whatever it says; so is an annulment. A late event that brings somebody back
    after an exit is a return, in figures of exits.
    """
    event = fact.event
    if isinstance(event, Voided):
        return "annulment"
    if isinstance(event, Linked | Unlinked):
        return "linked_keys"
    if event.replaced_key is not None:
        annulled = isinstance(known[event.replaced_key].event, Voided)
        return "restatement" if annulled else "correction"
    if before.figure in OF_EXITS and is_entry(fact) and any(fact in one.because for one in after):
        return "return"
    if isinstance(event, OutcomeObserved):
        return "outcome"
    if event.recorded_at <= before.known_at:
        return "late_delivery"
    if event.occurred_on <= before.known_at.astimezone(OSLO).date():
        return "late_registration"
    return "new_event"
