"""What runs for one participant at one point of the history, and what an event changes in it.

A `Standing` is the least that the rules of soundness need. It grows event by event, in order;
what it opens and closes are the spells of `domain.journey`. Of an event it needs three things: the
type, the day, and the one field that the event is about, if any.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final, TypeAlias

from domain.events import (
    BenefitStarted,
    BenefitStopped,
    DutyEnded,
    DutyExempted,
    DutyImposed,
    Enrolled,
    Event,
    Exited,
    IntensityChanged,
    MeasureStarted,
    MeasureStopped,
    Reentered,
    Registered,
    Sanctioned,
    SanctionLifted,
)
from domain.kinds import Kind

Change: TypeAlias = tuple[Kind, str, bool]
"""A spell that an event opens or closes: its kind, which of that kind, and whether it opens."""

_NOTHING: Final[tuple[Change, ...]] = ()
ABOUT: Final[Mapping[type[Event], str]] = {
    Enrolled: "programme",
    Reentered: "programme",
    Exited: "programme",
    MeasureStarted: "placement",
    MeasureStopped: "placement",
    IntensityChanged: "placement",
    BenefitStarted: "benefit",
    BenefitStopped: "benefit",
    DutyExempted: "reason",
    Sanctioned: "until",
    Registered: "birth_date",
}
"""The field that events of a type are about, as far as what runs goes; the others have none."""
ABOUT_A_DAY: Final = frozenset({Sanctioned, Registered})
"""The types whose events are about a day, which may not be known; the others are about a text."""


def about(event: Event) -> Any:
    """What an event is about; None where its type is about nothing."""
    name = ABOUT.get(type(event))
    return None if name is None else event.__dict__[name]


@dataclass(slots=True)
class Standing:
    """What runs, what has run, and when the person was born and first heard of.

    `programmes` and `placements` map to whether the person is still in them; `sanctions` hold, in
    the order in which they began, the first day without (None: no end set; a lifted one is gone).
    `exempt_for` is the reason of a running exemption.
    """

    programmes: dict[str, bool] = field(default_factory=dict)
    placements: dict[str, bool] = field(default_factory=dict)
    sanctions: dict[str, date | None] = field(default_factory=dict)
    sanctions_begun: int = 0
    on_duty: bool = False
    exempt_for: str | None = None
    benefits: set[str] = field(default_factory=set)
    born_on: date | None = None
    first_on: date | None = None

    def copy(self) -> Standing:
        """A standing of its own, which later events change apart from this one."""
        return replace(
            self,
            programmes=self.programmes.copy(),
            placements=self.placements.copy(),
            sanctions=self.sanctions.copy(),
            benefits=self.benefits.copy(),
        )

    def sanction_running(self, on: date) -> str | None:
        """The latest sanction that still runs on a day, as its key."""
        for key in reversed(self.sanctions):
            until = self.sanctions[key]
            if until is None or until > on:
                return key
        return None

    def apply(self, event: Event) -> tuple[Change, ...]:
        """Takes in a sound event; gives the spells that it closes and opens, in that order."""
        if self.first_on is None:
            self.first_on = event.occurred_on
        step = STEPS.get(type(event))
        return step(self, about(event), event.occurred_on) if step else _NOTHING


def _enter(now: Standing, programme: str, _: date) -> tuple[Change, ...]:
    now.programmes[programme] = True
    return (("enrolment", programme, True),)


def _exit(now: Standing, programme: str, _: date) -> tuple[Change, ...]:
    now.programmes[programme] = False
    return (("enrolment", programme, False),)


def _start_measure(now: Standing, placement: str, _: date) -> tuple[Change, ...]:
    now.placements[placement] = True
    return (("measure", placement, True),)


def _stop_measure(now: Standing, placement: str, _: date) -> tuple[Change, ...]:
    now.placements[placement] = False
    return (("measure", placement, False),)


def _impose_duty(now: Standing, _: None, __: date) -> tuple[Change, ...]:
    if now.on_duty:
        return _NOTHING
    ended = _end_exemption(now)
    now.on_duty = True
    return (*ended, ("duty", "", True))


def _exempt(now: Standing, reason: str, _: date) -> tuple[Change, ...]:
    if now.exempt_for == reason:
        return _NOTHING
    ended = _end_duty(now) + _end_exemption(now)
    now.exempt_for = reason
    return (*ended, ("exemption", "", True))


def _end_either(now: Standing, _: None, __: date) -> tuple[Change, ...]:
    return _end_duty(now) + _end_exemption(now)


def _end_duty(now: Standing) -> tuple[Change, ...]:
    ran, now.on_duty = now.on_duty, False
    return (("duty", "", False),) if ran else _NOTHING


def _end_exemption(now: Standing) -> tuple[Change, ...]:
    ran, now.exempt_for = now.exempt_for is not None, None
    return (("exemption", "", False),) if ran else _NOTHING


def _start_benefit(now: Standing, benefit: str, _: date) -> tuple[Change, ...]:
    now.benefits.add(benefit)
    return (("benefit", benefit, True),)


def _stop_benefit(now: Standing, benefit: str, _: date) -> tuple[Change, ...]:
    now.benefits.discard(benefit)
    return (("benefit", benefit, False),)


def _sanction(now: Standing, until: date | None, _: date) -> tuple[Change, ...]:
    now.sanctions_begun += 1
    key = str(now.sanctions_begun)
    now.sanctions[key] = until
    return (("sanction", key, True),)


def _lift_sanction(now: Standing, _: None, on: date) -> tuple[Change, ...]:
    key = now.sanction_running(on)
    if key is None:
        raise ValueError("no sanction runs")
    del now.sanctions[key]
    return (("sanction", key, False),)


def _register(now: Standing, birth_date: date | None, _: date) -> tuple[Change, ...]:
    now.born_on = birth_date or now.born_on
    return _NOTHING


Step: TypeAlias = Callable[[Standing, Any, date], tuple[Change, ...]]
STEPS: Final[Mapping[type[Event], Step]] = {
    Enrolled: _enter,
    Reentered: _enter,
    Exited: _exit,
    MeasureStarted: _start_measure,
    MeasureStopped: _stop_measure,
    DutyImposed: _impose_duty,
    DutyExempted: _exempt,
    DutyEnded: _end_either,
    BenefitStarted: _start_benefit,
    BenefitStopped: _stop_benefit,
    Sanctioned: _sanction,
    SanctionLifted: _lift_sanction,
    Registered: _register,
}
"""What events of a type do to a standing: with what they are about, on a day; see `apply`."""
