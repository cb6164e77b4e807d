"""Stays in a programme as enrolments, re-entries and exits: the first is an enrolment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from adapters.case_systems.messages import Cells, State


@dataclass(frozen=True, slots=True)
class Stay:
    """One stay, `[start, stop)`, under the source's own id of it; no stop: it runs on.

    `transferred` tells that the person came from the same programme elsewhere: no re-entry.
    """

    reference: str
    participant: str
    start: str
    stop: str | None = None
    destination: str = "unknown"
    office: str | None = None
    municipality: str | None = None
    transferred: str | None = None


def enrolments(programme: str, stays: Iterable[Stay]) -> State:
    """The facts of one person's stays in a programme, in order of their starts."""
    state: dict[str, Cells] = {}
    entered: set[str] = set()
    for stay in sorted(stays, key=lambda stay: (stay.start, stay.stop or "9999")):
        again = stay.participant in entered and stay.transferred is None
        entry = "reentered" if again else "enrolled"
        entered.add(stay.participant)
        cells = {
            "participant": stay.participant,
            "type": entry,
            "occurred_on": stay.start,
            "programme": programme,
        }
        cells |= {} if stay.office is None else {"office": stay.office}
        cells |= {} if stay.municipality is None else {"municipality": stay.municipality}
        cells |= {} if stay.transferred is None else {"note": stay.transferred}
        state[f"{stay.reference}/entry"] = cells
        if stay.stop is not None:
            state[f"{stay.reference}/exit"] = left(programme, stay, stay.stop)
    return state


def left(programme: str, stay: Stay, on: str) -> Cells:
    """The exit from a programme on the first day that the person is no longer in it."""
    return {
        "participant": stay.participant,
        "type": "exited",
        "occurred_on": on,
        "programme": programme,
        "destination": stay.destination,
    }
