"""The tables of Rogaland Revisjon's audit of Eigersund municipality, 2023.

Its figures were gathered in the spring of 2023; all that the register says was known by the end
of April.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Final

from adapters.answers import Asked
from adapters.reports.amounts import (
    Amount,
    Count,
    NoData,
    Ratio,
    Rounded,
    Sum,
    Times,
    Whole,
    percent,
)
from adapters.reports.sheets import Grid, Listed, Place, Rows, Sheet
from domain.calendar import Period, end_of_day

GATHERED_AT: Final = end_of_day(date(2023, 4, 30))
_END_OF_2022: Final = date(2022, 12, 31)
_AUDIT_DAY: Final = date(2023, 2, 23)


def _year(year: int) -> Period:
    return Period.closed(date(year, 1, 1), date(year, 12, 31))


def _follow_up(measure: str, first: date, to: Mapping[str, tuple[str, ...]]) -> Listed:
    """Tables 1 and 2: one municipal measure since it began.

    The places are the most that were used at once: no event tells how many were bought.
    """
    period = Period.closed(first, _END_OF_2022)
    only = {"measure": (measure,)}
    flow = Asked("flow", of="measure", period=period, known_at=GATHERED_AT, where=only)
    ended = Count(flow, "outflow")
    stock = replace(flow, figure="stock", period=None, at=_AUDIT_DAY)
    dwell = replace(flow, figure="dwell", period=None, at=_END_OF_2022)
    cells: dict[str, Amount] = {
        "places": Count(replace(flow, figure="capacity"), "used_highest"),
        f"followed_up {first}..{_END_OF_2022}": Count(flow),
        "ended": ended,
        f"active {_AUDIT_DAY}": Count(stock),
        "mean_months": Rounded(Count(dwell, "mean_months_all"), 1),
    }
    for column, reasons in to.items():
        cells[column] = ended.within({"stop_reason": reasons})
    return Listed({(measure, column): amount for column, amount in cells.items()})


def _duty_review() -> dict[Place, Amount]:
    """The auditors' own review of recipients aged 18 to 30 in October and November 2022."""
    first, last = date(2022, 10, 1), date(2022, 11, 30)
    period = Period.closed(first, last)
    review = Count(Asked("duty", period=period, ages=(18, 30), known_at=GATHERED_AT))
    exempt = {
        reason: replace(review, picks={"state": "exempt", "reason": reason})
        for reason in ("health_or_substance", *_ACTIVE)
    }
    row = f"activity_duty_review {first}..{last}"
    return {
        (row, "recipients_aged_18_30"): review,
        (row, "exempt_health_or_substance"): exempt["health_or_substance"],
        (row, "exempt_school_kvp_work_followup_or_one_off"): Sum(
            tuple(exempt[reason] for reason in _ACTIVE)
        ),
        (row, "under_duty"): replace(review, picks={"state": "duty"}),
    }


_ACTIVE: Final = ("school", "kvp", "work", "nav_follow_up", "one_off_payment")


def _assistance(period: Period) -> Asked:
    return Asked(
        "flow",
        of="benefit",
        period=period,
        known_at=GATHERED_AT,
        where={"benefit": ("social_assistance",)},
    )


def _recipients() -> dict[Place, Amount]:
    """Those with social assistance in 2022."""
    persons = Count(_assistance(_year(2022)))
    refugees = persons.within({"refugee_background": True})
    row = "recipients_2022"
    residence = "refugee_background, over 6 months, over 5 years residence"
    return {
        (row, "total"): persons,
        (row, "refugee_background"): refugees,
        (row, "refugee_background main_income"): refugees.within({"role": "main"}),
        (row, "refugee_background supplementary"): refugees.within({"role": "supplementary"}),
        (residence, "total"): NoData(),
    }


def _state_follow_up() -> dict[Place, Amount]:
    """Follow-up by the provider BA, bought by the state: those who ended in a period."""
    cells: dict[Place, Amount] = {}
    for first in (date(2021, 8, 1), date(2022, 1, 1)):
        last = date(first.year, 12, 31)
        asked = Asked(
            "flow",
            of="measure",
            period=Period.closed(first, last),
            known_at=GATHERED_AT,
            where={"measure": ("follow_up",), "provider": ("BA",)},
        )
        ended = Count(asked, "outflow")
        row = f"state_follow_up_ba {first}..{last}"
        cells[row, "ended"] = ended
        cells[row, "ended_to_work"] = ended.within({"stop_reason": "to_work"})
    return cells


_HORIZONS: Final = {"1 year": "1y", "3 years": "3y", "5 years": "5y"}
_OUTCOMES: Final = Asked(
    "outcomes",
    at=_END_OF_2022,
    known_at=GATHERED_AT,
    programme="intro",
    targets=(0.55, 0.70, 0.80),  # the state's goals for the programme, as the audit quotes them
)


_KVP_YEARS: Final = ("2019", "2020", "2021", "2022", "2023")
_UNDER_30: Final = ("19_and_under", "20_24", "25_29")


def _outcomes() -> dict[Place, Amount]:
    """Figure 15: those in work or school on the anniversaries of leaving the programme."""
    reached = {text: {"horizon": horizon} for text, horizon in _HORIZONS.items()}
    return {
        ("introduction_programme", text): percent(
            Count(_OUTCOMES, "in_work_or_education", picks), Count(_OUTCOMES, "reached", picks)
        )
        for text, picks in reached.items()
    }


def _targets() -> dict[Place, Amount]:
    """The state's goals: given to the figure, not counted by it."""
    return {
        ("introduction_programme_target", text): Rounded(
            Times(Count(_OUTCOMES, "target", {"horizon": horizon}), 100)
        )
        for text, horizon in _HORIZONS.items()
    }


def _kvp(year: str) -> Count:
    """Those who were in the Qualification Programme in a year."""
    period = _year(int(year))
    return Count(Asked("flow", period=period, known_at=GATHERED_AT, programme="kvp"))


def _kvp_participants() -> Listed:
    """Table 3. Who may have the duty is who is under 30; one who is both is counted once."""
    cells: dict[Place, Amount] = {}
    for year in _KVP_YEARS:
        persons = _kvp(year)
        refugees = persons.within({"refugee_background": True})
        young = persons.within({"refugee_background": (False, None), "age_band": _UNDER_30})
        both = Sum((refugees, young))
        cells["kvp_participants", year] = persons
        cells["with_activity_duty_or_refugee_background", year] = both
        cells["share_percent", year] = percent(both, persons)
    return Listed(cells, is_grid=True)


def _kvp_results() -> Grid:
    """Table 4: exits in a year by destination, of those who took part in it."""
    columns: dict[str, Amount] = {}
    for year in _KVP_YEARS[:-1]:
        exits = replace(_kvp(year).asked, figure="exits", at=GATHERED_AT.date())
        columns[year] = percent(Count(exits, "exits"), Whole(_kvp(year)))
    return Grid(columns, Rows("destination"))


def _months_with_assistance() -> Listed:
    """Figure 13: the calendar months in which a recipient had assistance, on average.

    The register holds the recipients of 2022 alone.
    """
    months = _year(2022)
    series = replace(_assistance(months), figure="series", every="month")
    touched = [
        Count(series, "flow", {"date": month.last.isoformat()}) for month in months.steps("month")
    ]
    mean = Ratio(Sum(tuple(touched)), Count(_assistance(months)))
    cells: dict[str, Amount] = {str(year): NoData() for year in range(2017, 2022)}
    cells["2022"] = Rounded(mean, 1)
    row = "Eigersund"
    return Listed({(row, year): amount for year, amount in cells.items()}, is_grid=True)


SHEETS: Final[Mapping[str, Sheet]] = {
    "eigersund-1": _follow_up(
        "veien_til_arbeid",
        date(2020, 9, 1),
        {"ended_to_work_or_school": ("to_work", "to_school")},
    ),
    "eigersund-2": _follow_up("jobbmestring", date(2021, 1, 1), {"ended_to_work": ("to_work",)}),
    "eigersund-3": _kvp_participants(),
    "eigersund-4": _kvp_results(),
    "eigersund-text": Listed(
        {**_duty_review(), **_recipients(), **_state_follow_up(), **_targets()}
    ),
    "eigersund-fig13": _months_with_assistance(),
    "eigersund-fig15": Listed(_outcomes(), is_grid=True),
}
