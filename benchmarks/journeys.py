"""One made-up participant's journey: what happened, and when the case system was told.

The shares and lengths are rough ones of a municipal and state labour-market effort; they make the
data lifelike, and no claim about anybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Final

DAY: Final = 86_400  # seconds
_UNIX: Final = date(1970, 1, 1).toordinal()
LATE: Final = 0.05
CORRECTED: Final = 0.014  # of the events drawn, so that about 1 % of the rows correct another
ANNULLED: Final = 0.003

_PROGRAMMES: Final = ("tiltaksplan", "tiltaksplan", "kvp", "intro")
_MEASURES: Final = (
    ("training_amo", "ordinary"),
    ("work_practice_ordinary", "ordinary"),
    ("wage_subsidy", "ordinary"),
    ("follow_up", "ordinary"),
    ("work_training", "ordinary"),
    ("clarification", "reduced_capacity"),
    ("work_preparation", "reduced_capacity"),
    ("amb_work_training_phase_2", "reduced_capacity"),
)
_STOPS: Final = ("completed", "completed", "to_work", "dropped_out", "illness", "other_measure")
_DESTINATIONS: Final = ("work", "work", "school", "unemployed", "other_benefit", "illness")
_UNKNOWN_DESTINATION: Final = 0.25
_OUTCOMES: Final = ("work", "work", "school", "social_assistance", "unemployed")
_BENEFITS: Final = {
    "tiltaksplan": "social_assistance",
    "kvp": "qualification_allowance",
    "intro": "introduction_allowance",
}
_STATUSES: Final = (
    "fully_unemployed",
    "partially_employed",
    "other_jobseeker",
    "reduced_capacity_planning_or_waiting",
)
_EXEMPTIONS: Final = ("health_or_substance", "school", "work")
_SANCTIONS: Final = ("no_show", "declined_offer", "undocumented_absence")
_ASSESSMENTS: Final = ("mapping_interview", "work_capacity", "kvp", "action_plan")
_MEETINGS: Final = ("three_party", "information", "follow_up", "follow_up")
_PROVIDERS: Final = tuple(f"Provider {letter}" for letter in "ABCDEFGHIJKLMNOPQRST")

# What a correction may change of an event without making its history unsound.
_CORRECTIONS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "registered": ("origin", ("norway", "non_oecd")),
    "met": ("attended", ("true", "false")),
    "assessed": ("kind", _ASSESSMENTS),
    "status_changed": ("status", _STATUSES),
    "measure_started": ("provider", _PROVIDERS),
    "measure_stopped": ("reason", _STOPS),
    "exited": ("destination", _DESTINATIONS),
    "outcome_observed": ("outcome", _OUTCOMES),
    "sanctioned": ("reason", _SANCTIONS),
}
_ANNULLABLE: Final = ("met", "assessed", "status_changed", "outcome_observed")


@dataclass(slots=True)
class Told:
    """An event as a case system registered it: at which second, and its cells.

    `number` counts the participant's events; `replaces` is the number of the one whose place it
    takes. `day` counts days since 1970, `second` seconds.
    """

    second: int
    number: int
    type: str
    day: int
    cells: dict[str, str]
    replaces: int | None = None


class Drawn:
    """A participant's events as they are drawn.

    What hangs together (a placement, a programme, a benefit) is registered in the order in which
    it happened, so that no row is ever held; across these, what comes late comes out of order.
    """

    def __init__(self, draw: Random, offices: tuple[tuple[str, str], ...]) -> None:
        self.draw = draw
        self.told: list[Told] = []
        self._offices = offices
        self._latest: dict[str, int] = {}

    def journey(self, first: int) -> list[Told]:
        """All events of a participant who turns up on a day, not in the order of registration."""
        self.told = []
        self._latest = {}
        self._turn_up(first)
        programme = self.draw.choice(_PROGRAMMES)
        benefit = _BENEFITS[programme]
        if self.chance(0.6):
            self.tell(benefit, "benefit_started", first + 5, {"benefit": benefit, "role": "main"})
        day = first + self.days(10)
        if self.chance(0.8):
            self.tell("", "referred", day, {"programme": programme})
        self._meet(day)
        if self.chance(0.5):
            kind = self.draw.choice(_ASSESSMENTS)
            self.tell("", "assessed", day + self.days(14), {"kind": kind})
        self._duty(day + self.days(20))
        last = self._in_programme(programme, day + self.days(30)) if self.chance(0.75) else day + 90
        if benefit in self._latest and self.chance(0.8):
            self.tell(benefit, "benefit_stopped", last + self.days(30), {"benefit": benefit})
        return self.told

    def chance(self, share: float) -> bool:
        return self.draw.random() < share

    def days(self, mean: int) -> int:
        """A length in whole days, at least one, about exponential."""
        return 1 + int(self.draw.expovariate(1 / mean))

    def tell(
        self, subject: str, type_: str, day: int, cells: dict[str, str], replaces: int | None = None
    ) -> Told:
        """Adds an event; `subject` is what must be registered in order, empty for nothing."""
        random = self.draw.random
        wait = 7 * DAY + int(random() * 110 * DAY) if random() < LATE else int(random() * 2 * DAY)
        second = max(day * DAY + 8 * 3600 + wait, self._latest.get(subject, 0) + 60)
        if subject:
            self._latest[subject] = second
        told = Told(second, len(self.told), type_, day, cells, replaces)
        self.told.append(told)
        if replaces is None:
            self._think_again(subject, told)
        return told

    def _think_again(self, subject: str, told: Told) -> None:
        """Sometimes corrects or annuls an event, some weeks after it was registered."""
        chosen = self.draw.random()
        if chosen < CORRECTED:
            column, values = _CORRECTIONS.get(told.type, ("", ()))
            if column:
                cells = told.cells | {column: self.draw.choice(values)}
                self._replace(subject, told, told.type, cells)
        elif chosen < CORRECTED + ANNULLED and told.type in _ANNULLABLE:
            self._replace("", told, "voided", {})

    def _replace(self, subject: str, told: Told, type_: str, cells: dict[str, str]) -> None:
        second = told.second + self.days(25) * DAY
        if subject:
            self._latest[subject] = second
        again = Told(second, len(self.told), type_, told.day, cells, told.number)
        self.told.append(again)

    def _turn_up(self, day: int) -> None:
        office, municipality = self.draw.choice(self._offices)
        age = 18 + int(self.draw.random() ** 1.5 * 45)
        cells = {
            "office": office,
            "municipality": municipality,
            "birth_date": as_text(day - age * 365 - int(self.draw.random() * 365)),
            "sex": "female" if self.chance(0.48) else "male",
            "origin": "norway" if self.chance(0.65) else "non_oecd",
            "single_parent": "true" if self.chance(0.12) else "false",
        }
        if self.chance(0.8):
            cells["refugee_background"] = "true" if self.chance(0.2) else "false"
        self.tell("person", "registered", day, cells)
        if self.chance(0.7):
            self.tell("", "status_changed", day, {"status": self.draw.choice(_STATUSES)})

    def _meet(self, day: int) -> None:
        for _ in range(1 + self.chance(0.4)):
            day += self.days(20)
            attended = "true" if self.chance(0.85) else "false"
            self.tell("", "met", day, {"kind": self.draw.choice(_MEETINGS), "attended": attended})

    def _duty(self, day: int) -> None:
        if not self.chance(0.25):
            return
        self.tell("duty", "duty_imposed", day, {})
        if self.chance(0.2):
            day += self.days(60)
            self.tell("duty", "duty_exempted", day, {"reason": self.draw.choice(_EXEMPTIONS)})
        if self.chance(0.5):
            self.tell("duty", "duty_ended", day + self.days(120), {})
        if self.chance(0.4):
            self._sanction(day + self.days(40))

    def _sanction(self, day: int) -> None:
        cells = {"sanction": "deduction", "reason": self.draw.choice(_SANCTIONS)}
        if self.chance(0.7):
            cells["until"] = as_text(day + 30)
        self.tell("sanction", "sanctioned", day, cells)
        if self.chance(0.2):
            self.tell("sanction", "sanction_lifted", day + 10, {})

    def _in_programme(self, programme: str, day: int) -> int:
        """A stay in a programme, with measures and an exit, and sometimes a second one."""
        entry = "enrolled"
        for _ in range(3):
            self.tell(programme, entry, day, {"programme": programme})
            day = self._measures(programme, day)
            if not self.chance(0.85):
                return day
            self._leave(programme, day)
            if not self.chance(0.22):
                return day
            entry, day = "reentered", day + self.days(120)
        return day

    def _measures(self, programme: str, day: int) -> int:
        while self.chance(0.62):
            day += self.days(25)
            measure, track = self.draw.choice(_MEASURES)
            placement = str(len(self.told))
            cells = {"measure": measure, "placement": placement, "track": track}
            cells |= {"programme": programme, "provider": self.draw.choice(_PROVIDERS)}
            self.tell(f"placement {placement}", "measure_started", day, cells)
            day += self.days(100)
            if self.chance(0.94):
                cells = {"placement": placement, "reason": self.draw.choice(_STOPS)}
                self.tell(f"placement {placement}", "measure_stopped", day, cells)
        return day + self.days(60)

    def _leave(self, programme: str, day: int) -> None:
        unknown = self.chance(_UNKNOWN_DESTINATION)
        destination = "unknown" if unknown else self.draw.choice(_DESTINATIONS)
        self.tell(programme, "exited", day, {"programme": programme, "destination": destination})
        if self.chance(0.35):
            after = day + self.draw.choice((60, 365, 365, 1095)) - self.days(15)
            cells = {"outcome": self.draw.choice(_OUTCOMES), "method": "register"}
            self.tell("", "outcome_observed", max(after, day), cells)


def as_text(day: int) -> str:
    """A day since 1970 as ISO text."""
    return date.fromordinal(_UNIX + day).isoformat()
