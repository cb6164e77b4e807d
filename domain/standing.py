"""What runs for one participant at one point of the history, and what an event changes in it.

A `Standing` is the least that the rules of soundness need. It grows event by event, in order;
what it opens and closes are the spells of `domain.journey`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final, NamedTuple, TypeAlias

from domain.events import (
    BenefitStarted,
    BenefitStopped,
    DutyEnded,
    DutyExempted,
    DutyImposed,
    Enrolled,
    Event,
    Exited,
    MeasureStarted,
    MeasureStopped,
    Reentered,
    Registered,
    Sanctioned,
    SanctionLifted,
)
from domain.kinds import Kind


class Change(NamedTuple):
    """A spell that an event opens or closes: its kind, and which of that kind."""

    kind: Kind
    key: str
    opens: bool


_NOTHING: Final[tuple[Change, ...]] = ()


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
        step = _STEPS.get(type(event))
        return step(self, event) if step else _NOTHING


def _enter(now: Standing, event: Enrolled | Reentered) -> tuple[Change, ...]:
    now.programmes[event.programme] = True
    return (Change("enrolment", event.programme, True),)


def _exit(now: Standing, event: Exited) -> tuple[Change, ...]:
    now.programmes[event.programme] = False
    return (Change("enrolment", event.programme, False),)


def _start_measure(now: Standing, event: MeasureStarted) -> tuple[Change, ...]:
    now.placements[event.placement] = True
    return (Change("measure", event.placement, True),)


def _stop_measure(now: Standing, event: MeasureStopped) -> tuple[Change, ...]:
    now.placements[event.placement] = False
    return (Change("measure", event.placement, False),)


def _impose_duty(now: Standing, _: DutyImposed) -> tuple[Change, ...]:
    if now.on_duty:
        return _NOTHING
    ended = _end_exemption(now)
    now.on_duty = True
    return (*ended, Change("duty", "", True))


def _exempt(now: Standing, event: DutyExempted) -> tuple[Change, ...]:
    if now.exempt_for == event.reason:
        return _NOTHING
    ended = _end_duty(now) + _end_exemption(now)
    now.exempt_for = event.reason
    return (*ended, Change("exemption", "", True))


def _end_either(now: Standing, _: DutyEnded) -> tuple[Change, ...]:
    return _end_duty(now) + _end_exemption(now)


def _end_duty(now: Standing) -> tuple[Change, ...]:
    ran, now.on_duty = now.on_duty, False
    return (Change("duty", "", False),) if ran else _NOTHING


def _end_exemption(now: Standing) -> tuple[Change, ...]:
    ran, now.exempt_for = now.exempt_for is not None, None
    return (Change("exemption", "", False),) if ran else _NOTHING


def _start_benefit(now: Standing, event: BenefitStarted) -> tuple[Change, ...]:
    now.benefits.add(event.benefit)
    return (Change("benefit", event.benefit, True),)


def _stop_benefit(now: Standing, event: BenefitStopped) -> tuple[Change, ...]:
    now.benefits.discard(event.benefit)
    return (Change("benefit", event.benefit, False),)


def _sanction(now: Standing, event: Sanctioned) -> tuple[Change, ...]:
    now.sanctions_begun += 1
    key = str(now.sanctions_begun)
    now.sanctions[key] = event.until
    return (Change("sanction", key, True),)


def _lift_sanction(now: Standing, event: SanctionLifted) -> tuple[Change, ...]:
    key = now.sanction_running(event.occurred_on)
    if key is None:
        raise ValueError("no sanction runs")
    del now.sanctions[key]
    return (Change("sanction", key, False),)


def _register(now: Standing, event: Registered) -> tuple[Change, ...]:
    now.born_on = event.birth_date or now.born_on
    return _NOTHING


_Step: TypeAlias = Callable[[Standing, Any], tuple[Change, ...]]
_STEPS: Final[dict[type[Event], _Step]] = {
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
