"""What makes a history sound: small named rules, each what an event is about -> a problem.

A problem is a sentence that a case worker can act on. The rules are those of the contract,
section 2; the two about replacing (it exists, it has not been replaced) are in `domain.history`,
where the other events are in sight.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, Final, TypeAlias

from domain.events import (
    EVENT_TYPES,
    BenefitStarted,
    BenefitStopped,
    DutyEnded,
    Enrolled,
    Event,
    Exited,
    IntensityChanged,
    MeasureStarted,
    MeasureStopped,
    Reentered,
    Registered,
    SanctionLifted,
)
from domain.standing import STEPS, Standing, about

Rule: TypeAlias = Callable[[Any, date, Standing], str | None]


def enrols_only_when_outside(programme: str, _: date, now: Standing) -> str | None:
    if now.programmes.get(programme):
        return f"already in {programme}; an exit must come first"
    return None


def reenters_only_after_leaving(programme: str, _: date, now: Standing) -> str | None:
    if programme not in now.programmes:
        return f"has never been in {programme}; a first entry is `enrolled`"
    if now.programmes[programme]:
        return f"already in {programme}; an exit must come first"
    return None


def exits_only_when_inside(programme: str, _: date, now: Standing) -> str | None:
    if not now.programmes.get(programme):
        return f"not in {programme}; an enrolment must come first"
    return None


def placement_starts_once(placement: str, _: date, now: Standing) -> str | None:
    if placement in now.placements:
        return f"placement {placement} has started already; a new stay has a new placement"
    return None


def stop_has_a_start(placement: str, _: date, now: Standing) -> str | None:
    running = now.placements.get(placement)
    if running is None:
        return f"placement {placement} has no start on or before this day"
    if not running:
        return f"placement {placement} has stopped already"
    return None


def intensity_has_a_start(placement: str, _: date, now: Standing) -> str | None:
    """The placement may have stopped since: a source plans ahead, and then shortens the stay."""
    if placement not in now.placements:
        return f"placement {placement} has no start on or before this day"
    return None


def duty_was_there(_: None, __: date, now: Standing) -> str | None:
    if not now.on_duty and now.exempt_for is None:
        return "neither a duty nor an exemption runs"
    return None


def benefit_starts_only_when_stopped(benefit: str, _: date, now: Standing) -> str | None:
    if benefit in now.benefits:
        return f"{benefit} runs already; a change of role is a stop and a start"
    return None


def benefit_was_there(benefit: str, _: date, now: Standing) -> str | None:
    return None if benefit in now.benefits else f"{benefit} does not run"


def sanction_was_there(_: None, on: date, now: Standing) -> str | None:
    return None if now.sanction_running(on) else "no sanction runs"


def born_before_all_else(birth_date: date | None, on: date, now: Standing) -> str | None:
    """Whatever comes after this event comes after the birth too, for events come in order."""
    first_on = now.first_on or on
    if birth_date is not None and first_on < birth_date:
        return f"born {birth_date}, after an event of {first_on}"
    return None


RULES: Final[dict[type[Event], Rule]] = {
    Enrolled: enrols_only_when_outside,
    Reentered: reenters_only_after_leaving,
    Exited: exits_only_when_inside,
    MeasureStarted: placement_starts_once,
    MeasureStopped: stop_has_a_start,
    IntensityChanged: intensity_has_a_start,
    DutyEnded: duty_was_there,
    BenefitStarted: benefit_starts_only_when_stopped,
    BenefitStopped: benefit_was_there,
    SanctionLifted: sanction_was_there,
    Registered: born_before_all_else,
}


def problem_with(event: Event, now: Standing) -> str | None:
    """Why an event has no place after what has come before it; None where it has one."""
    rule = RULES.get(type(event))
    return None if rule is None else rule(about(event), event.occurred_on, now)


def takes(now: Standing, cls: type[Event], what: Any, on: date) -> bool:
    """Has a standing take in an event of a type, `what` it is about, on a day, if it has a place
    there; tells whether it has."""
    rule, step = _BOTH[cls]
    if rule is not None and rule(what, on, now) is not None:
        return False
    if now.first_on is None:
        now.first_on = on
    if step is not None:
        step(now, what, on)
    return True


_BOTH: Final = {cls: (RULES.get(cls), STEPS.get(cls)) for cls in EVENT_TYPES.values()}
