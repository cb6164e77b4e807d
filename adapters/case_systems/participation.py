"""One person's stay in one measure, as the measure systems tell it, and the facts that it states.

They agree on the shape: a status, a first and a last day, both included, a reason, intensities.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final, get_args

from adapters.case_systems.messages import Cells, Claim, Standing, State
from adapters.case_systems.records import Fields
from domain.calendar import ONE_DAY, parse_day

_STANDINGS: Final[Mapping[str | None, Standing]] = {means: means for means in get_args(Standing)}
_STAYS = {"waiting", "under_way", "stopped", None}
_REFERS = {"referred", "waiting", "under_way", "stopped", "never_started", None}


@dataclass(slots=True)
class Participation:
    """`last_day` is the last day in the measure; the contract's stop is the day after it.

    Days are text, as the contract writes them, so that it is a JSON value as it stands. A
    `standing` of None is a status that nobody knows: the dates are believed. `intensity` is by the
    day from which it holds, days a week and percent.
    """

    participant: str
    measure: str = "unknown"
    provider: str | None = None
    standing: str | None = None
    status: str = ""
    referred_on: str | None = None
    referred_at: str | None = None
    start: str | None = None
    last_day: str | None = None
    reason: str = "unknown"
    intensity: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return dict(zip(self.__slots__, _values(self), strict=True))

    def claim(self, placement: str) -> Claim:
        return Claim(placement, self.status, _STANDINGS.get(self.standing))

    def state(self, reference: str) -> State:
        """The facts: none of one that is void, or a draft; no stay of one that never started."""
        state: dict[str, Cells] = {}
        if self.standing in _REFERS and self.referred_on is not None:
            known = {} if self.referred_at is None else {"recorded_at": self.referred_at}
            state[f"{reference}/referred"] = self._cells("referred", self.referred_on, **known)
        if self.standing in _STAYS and self.start is not None:
            state |= self._stay(reference, self.start)
        return state

    def _stay(self, reference: str, start: str) -> State:
        provider = {} if self.provider is None else {"provider": self.provider}
        state: dict[str, Cells] = {
            f"{reference}/start": {
                "participant": self.participant,
                "type": "measure_started",
                "occurred_on": start,
                "measure": self.measure,
                "placement": reference,
                "track": "unknown",
                **provider,
            }
        }
        told = self._intensity_from(start) if self.intensity else {}
        for day, (days_per_week, percent) in told.items():
            cells = {"placement": reference}
            cells |= {} if days_per_week is None else {"days_per_week": days_per_week}
            cells |= {} if percent is None else {"percent": percent}
            state[f"{reference}/intensity/{day}"] = self._cells("intensity_changed", day, **cells)
        if self.last_day is not None:
            state[f"{reference}/stop"] = self._cells(
                "measure_stopped",
                _day_after(self.last_day),
                placement=reference,
                reason=self.reason,
            )
        return state

    def _intensity_from(self, start: str) -> Mapping[str, tuple[str | None, str | None]]:
        """What holds before the start holds from the start: the latest of it."""
        told: dict[str, tuple[str | None, str | None]] = {}
        for day in sorted(self.intensity):
            days_per_week, percent = self.intensity[day]
            if days_per_week is not None or percent is not None:
                told[max(day, start)] = days_per_week, percent
        return told

    def _cells(self, topic: str, on: str, **more: str) -> Cells:
        return {"participant": self.participant, "type": topic, "occurred_on": on, **more}


_values: Final = attrgetter(*Participation.__slots__)


def check_days(fields: Fields, start: date | None, last_day: date | None) -> date | None:
    """The last day, if it can be. The end of all time is how some write that there is none.

    A stay of no days, whose last day is the one before its first, can be.
    """
    if last_day is None or last_day.year == date.max.year:
        return None
    if start is not None and last_day + ONE_DAY < start:
        fields.wrong("sluttDato", last_day, f"the last day comes before the first, {start}")
        return None
    return last_day


@lru_cache(maxsize=10_000)
def _day_after(day: str) -> str:
    return (parse_day(day) + ONE_DAY).isoformat()


def as_day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
