"""Events in plain words: what happened, when, and at which position of the log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from domain.calendar import show_instant
from domain.events import show_value
from domain.history import Fact
from domain.journey import Spell
from projections.question import Value
from projections.replay import fields_of

# What an event says, around its day: the words before it, and what comes after.
_VERBS: Final[Mapping[str, tuple[str, Callable[[Any], str]]]] = {
    "enrolled": ("enrolled", lambda event: f"in {event.programme}"),
    "reentered": ("back", lambda event: f"in {event.programme}"),
    "exited": ("exited", lambda event: f"from {event.programme} to {event.destination}"),
    "referred": ("referred", lambda event: f"to {event.programme}" if event.programme else ""),
    "measure_started": (
        "started",
        lambda event: f"in {event.measure}, placement {event.placement}",
    ),
    "measure_stopped": (
        "stopped",
        lambda event: f"in placement {event.placement}, {event.reason}",
    ),
    "met": ("met" , lambda event: "" if event.attended else "not attended"),
    "assessed": ("assessed", lambda event: f"({event.kind})"),
    "status_changed": ("status set", lambda event: f"to {event.status}"),
    "duty_imposed": ("duty imposed", lambda _: ""),
    "duty_exempted": ("exempted", lambda event: f"for {event.reason}"),
    "duty_ended": ("duty or exemption ended", lambda _: ""),
    "benefit_started": ("benefit started", lambda event: f"{event.benefit}, {event.role}"),
    "benefit_stopped": ("benefit stopped", lambda event: event.benefit),
    "sanctioned": ("sanctioned", lambda event: f"{event.sanction}, {event.reason}"),
    "sanction_lifted": ("sanction lifted", lambda _: ""),
    "outcome_observed": (
        "observed",
        lambda event: f"in {event.outcome} ({event.method})",
    ),
    "linked": ("linked", lambda _: "to another key"),
    "unlinked": ("unlinked", lambda _: "from another key"),
    "voided": ("annulled", lambda event: f"(what {event.replaces} says)"),
}  # fmt: skip


def tell(fact: Fact) -> str:
    """As `enrolled 2003-06-02 in kvp, position 8812`."""
    event = fact.event
    verb, more = _VERBS.get(event.TOPIC, (event.TOPIC.replace("_", " "), _fields))
    said = " ".join(part for part in (verb, event.occurred_on.isoformat(), more(event)) if part)
    return f"{said}, position {fact.position}"


def _fields(event: Any) -> str:
    return ", ".join(f"{name} {show_value(value)}" for name, value in fields_of(event).items())


def tell_spell(spell: Spell, last: date) -> str:
    """What opened a spell, and what closed it by a day; or that it runs on."""
    if spell.start > last:
        return tell(spell.opened)
    if spell.stop is None or not spell.stopped_by(last):
        return f"{tell(spell.opened)}; runs on at the end of {last}"
    if spell.closed is None:
        return f"{tell(spell.opened)}; ends by itself on {spell.stop}"
    return f"{tell(spell.opened)}; {tell(spell.closed)}"


def show(value: Value) -> str:
    """A dimension's value as it is written in `--where`."""
    return "unknown" if value is None else show_value(value)


def fact_json(fact: Fact) -> dict[str, Any]:
    """An event with its position, both times, and where it came from."""
    event = fact.event
    return {
        "position": fact.position,
        "type": event.TOPIC,
        "occurred_on": event.occurred_on.isoformat(),
        "recorded_at": show_instant(event.recorded_at),
        "source": event.source,
        "event_id": event.event_id,
        "replaces": event.replaces,
        "fields": fields_of(event),
    }
