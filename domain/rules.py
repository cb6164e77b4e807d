"""What makes a history sound: small named rules, each an event and a standing -> a problem.

A problem is a sentence that a case worker can act on. The rules are those of the contract,
section 2; the two about replacing (it exists, it has not been replaced) are in `domain.history`,
where the other events are in sight.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from domain.events import (
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
from domain.standing import Standing

Rule: TypeAlias = Callable[[Any, Standing], str | None]


def enrols_only_when_outside(event: Enrolled, now: Standing) -> str | None:
    if now.programmes.get(event.programme):
        return f"already in {event.programme}; an exit must come first"
    return None


def reenters_only_after_leaving(event: Reentered, now: Standing) -> str | None:
    if event.programme not in now.programmes:
        return f"has never been in {event.programme}; a first entry is `enrolled`"
    if now.programmes[event.programme]:
        return f"already in {event.programme}; an exit must come first"
    return None


def exits_only_when_inside(event: Exited, now: Standing) -> str | None:
    if not now.programmes.get(event.programme):
        return f"not in {event.programme}; an enrolment must come first"
    return None


def placement_starts_once(event: MeasureStarted, now: Standing) -> str | None:
    if event.placement in now.placements:
        return f"placement {event.placement} has started already; a new stay has a new placement"
    return None


def stop_has_a_start(event: MeasureStopped, now: Standing) -> str | None:
    running = now.placements.get(event.placement)
    if running is None:
        return f"placement {event.placement} has no start on or before this day"
    if not running:
        return f"placement {event.placement} has stopped already"
    return None


def intensity_has_a_start(event: IntensityChanged, now: Standing) -> str | None:
    """The placement may have stopped since: a source plans ahead, and then shortens the stay."""
    if event.placement not in now.placements:
        return f"placement {event.placement} has no start on or before this day"
    return None


def duty_was_there(_: DutyEnded, now: Standing) -> str | None:
    if not now.on_duty and now.exempt_for is None:
        return "neither a duty nor an exemption runs"
    return None


def benefit_starts_only_when_stopped(event: BenefitStarted, now: Standing) -> str | None:
    if event.benefit in now.benefits:
        return f"{event.benefit} runs already; a change of role is a stop and a start"
    return None


def benefit_was_there(event: BenefitStopped, now: Standing) -> str | None:
    return None if event.benefit in now.benefits else f"{event.benefit} does not run"


def sanction_was_there(event: SanctionLifted, now: Standing) -> str | None:
    return None if now.sanction_running(event.occurred_on) else "no sanction runs"


def born_before_all_else(event: Registered, now: Standing) -> str | None:
    """Whatever comes after this event comes after the birth too, for events come in order."""
    first_on = now.first_on or event.occurred_on
    if event.birth_date is not None and first_on < event.birth_date:
        return f"born {event.birth_date}, after an event of {first_on}"
    return None


RULES: Final[dict[type[Event], tuple[Rule, ...]]] = {
    Enrolled: (enrols_only_when_outside,),
    Reentered: (reenters_only_after_leaving,),
    Exited: (exits_only_when_inside,),
    MeasureStarted: (placement_starts_once,),
    MeasureStopped: (stop_has_a_start,),
    IntensityChanged: (intensity_has_a_start,),
    DutyEnded: (duty_was_there,),
    BenefitStarted: (benefit_starts_only_when_stopped,),
    BenefitStopped: (benefit_was_there,),
    SanctionLifted: (sanction_was_there,),
    Registered: (born_before_all_else,),
}


def problem_with(event: Event, now: Standing) -> str | None:
    """Why an event has no place after what has come before it; None where it has one."""
    for rule in RULES.get(type(event), ()):
        if (problem := rule(event, now)) is not None:
            return problem
    return None
