"""The tables of Arbeidsforskningsinstituttet's first part-report on Prosjekt Tiltaksplan, 2004.

Aetat drew its figures on 13 January 2004; the report says December 2003, or 30 March to 21
December.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Final

from adapters.answers import Asked
from adapters.reports.amounts import Amount, Blank, Count, Sum, Whole, percent
from adapters.reports.sheets import Grid, Listed, Place, Rows, Sheet
from domain.calendar import Period, end_of_day, month_of

DRAWN_AT: Final = end_of_day(date(2004, 1, 13))
DECEMBER: Final = date(2003, 12, 31)
_EFFORT: Final = Period.closed(date(2003, 3, 30), date(2003, 12, 21))
_TABLES_1_AND_2: Final = Period.closed(date(2003, 3, 31), date(2003, 12, 21))
_PLAN: Final = "tiltaksplan"
_GROUPS: Final = ("single_parent", "youth_20_24", "long_term")

_PERSONS: Final = Count(Asked("stock", at=DECEMBER, known_at=DRAWN_AT, programme=_PLAN))


def _by_group(amount: Amount) -> dict[str, Amount]:
    """A column for each target group, and their total."""
    return {group: amount.within({"target_group": group}) for group in _GROUPS} | {"total": amount}


def _with_percent(
    rows: Rows, counted: Amount, others: Mapping[Place, Amount] | None = None
) -> Grid:
    """Target groups by something, with each row's share of all; the shares are added up."""
    columns = {**_by_group(counted), "percent": percent(counted, Whole(counted))}
    return Grid(columns, rows, summed=("percent",), others=others or {})


def _shares_of_groups() -> dict[Place, Amount]:
    """The last row of table 4: each group's share of all, their sum, and an empty corner."""
    shares = {group: percent(_by_group(_PERSONS)[group], _PERSONS) for group in _GROUPS}
    total = Sum(tuple(shares.values()))
    cells: dict[str, Amount] = {**shares, "total": total, "percent": Blank()}
    return {("percent", column): amount for column, amount in cells.items()}


def _in_measures(track: str) -> Grid:
    """Tables 1 and 2: persons in measures in the period. A person in two counts in both rows,
    and the report's total is the sum over rows."""
    asked = Asked("flow", of="measure", period=_TABLES_1_AND_2, known_at=DRAWN_AT, programme=_PLAN)
    persons = Count(asked, narrowing={"track": track})
    whole = Whole(Sum(tuple(persons.within({"measure_group": g}) for g in _MEASURE_GROUPS[track])))
    return Grid(
        {"persons": persons, "percent": percent(persons, whole)},
        Rows("measure_group"),
        summed=("persons", "percent"),
    )


_MEASURE_GROUPS: Final = {
    "ordinary": (
        "wage_subsidy",
        "work_practice",
        "temporary_employment",
        "training",
        "trial_and_other",
    ),
    "reduced_capacity": (
        "wage_subsidy",
        "work_practice",
        "temporary_employment",
        "training",
        "trial_and_other",
        "supported_employment",
        "amb",
    ),
}


def _by_month() -> Grid:
    """Table 3: the stock at the end of each month of the effort."""
    period = Period.closed(date(2003, 4, 1), DECEMBER)
    asked = Asked("series", period=period, every="month", known_at=DRAWN_AT, programme=_PLAN)
    ends = {month_of(month.start): month.last.isoformat() for month in period.steps("month")}
    return Grid(_by_group(Count(asked, "stock")), Rows("date", ends))


def _on_track(track: str) -> Grid:
    """Tables 8 and 9: those in a measure on one track, by measure."""
    return _with_percent(Rows("measure"), _PERSONS.within({"track": track}))


def _by_unit() -> Grid:
    """Table 10: the units of the effort. Its total leaves out those who live elsewhere."""
    columns: dict[str, Amount] = {
        "persons": _PERSONS,
        "in_measure": _PERSONS.within({"in_measure": True}),
        "not_in_measure": _PERSONS.within({"in_measure": False}),
    }
    for group in _GROUPS:
        part = _PERSONS.within({"target_group": group})
        columns[f"{group}_percent"] = percent(part, _PERSONS)
    return Grid(columns, Rows("unit"), total_of_rows=True)


def county_table(county: str) -> Grid:
    """Tables 11 to 30: the offices of a county by target group."""
    return Grid(
        _by_group(_PERSONS),
        Rows("office"),
        others={
            ("total", column): amount.within({"county": county})
            for column, amount in _by_group(_PERSONS).items()
        },
    )


def _text() -> Listed:
    """What the report's text says of the whole effort."""
    ever = Asked("flow", period=_EFFORT, known_at=DRAWN_AT, programme=_PLAN)
    until_september = Period.closed(date(2003, 3, 30), date(2003, 9, 30))
    exits = Asked(
        "exits",
        period=until_september,
        at=date(2004, 1, 13),
        known_at=DRAWN_AT,
        programme=_PLAN,
    )
    final = Count(exits, "final")
    period, drawn = "2003-03-30..2003-12-21", "through 2003-09, published 2004-01-13"
    return Listed(
        {
            ("persons_ever_enrolled", period): Count(ever),
            ("persons_ever_in_measure", period): Count(replace(ever, of="measure")),
            ("final_exits", drawn): final,
            ("final_exits_to_work", "share"): percent(final.within({"destination": "work"}), final),
            ("final_exits_to_education", "share"): percent(
                final.within({"destination": "school"}), final
            ),
            ("outside_participating_municipalities", "2003-12"): _PERSONS.within({"unit": None}),
        }
    )


def _sarpsborg() -> Listed:
    """Sarpsborg's referrals by 15 July 2003, the day of the last information meeting.

    All who had been referred "to July" were called to one. The next referral came on 28 July.

    The report's four groups are exclusive: single parents first, then the young, then those born
    outside the OECD; its "20-25 years" is the effort's 20 to 24.
    """
    referred_in = Period.closed(date(2003, 3, 30), date(2003, 7, 15))
    asked = Asked(
        "funnel",
        period=referred_in,
        at=DECEMBER,
        known_at=DRAWN_AT,
        where={"municipality": ("Sarpsborg",)},
    )
    steps = {step: Count(asked, picks={"step": step}) for step in ("referred", "met", "in_measure")}
    referred = steps["referred"]
    others = referred.within({"single_parent": (False, None)})
    older = others.within({"age_band": _ALL_BUT_YOUTH})
    row = "referred to 2003-07"
    return Listed(
        {
            (row, "total"): referred,
            (row, "single_parent"): referred.within({"single_parent": True}),
            (row, "youth_20_25"): others.within({"age_band": "20_24"}),
            (row, "minority_language"): older.within({"origin": "non_oecd"}),
            (row, "long_term"): older.within({"origin": ("norway", "oecd", "unknown", None)}),
            ("attended information meeting", "total"): steps["met"],
            ("started a measure", "total"): steps["in_measure"],
        }
    )


_ALL_BUT_YOUTH: Final = (
    "19_and_under",
    "25_29",
    "30_39",
    "40_49",
    "50_59",
    "60_and_over",
    None,
)


def _hamar() -> Listed:
    """Hamar at 30 June 2003; where the three in work had gone was known later."""
    half = Period.closed(date(2003, 3, 30), date(2003, 6, 30))
    hamar: Mapping[str, tuple[str]] = {"municipality": ("Hamar",)}
    enrolled = Asked("flow", period=half, known_at=DRAWN_AT, programme=_PLAN, where=hamar)
    exits = Count(replace(enrolled, figure="exits", at=DECEMBER), "exits")
    measures = Count(replace(enrolled, of="measure"))
    row = "enrolled by 2003-06-30"
    return Listed(
        {
            (row, "total"): Count(enrolled),
            (row, "in_work"): exits.within({"destination": "work"}),
            (row, "on_sick_leave"): exits.within({"destination": "illness"}),
            (row, "started_work_practice"): measures.within({"measure_group": "work_practice"}),
        }
    )


_SEX: Final = Rows("sex", {"women": "female", "men": "male"})
_ORIGIN: Final = Rows("origin", {"immigrant_non_oecd": "non_oecd", "immigrant_oecd": "oecd"})

SHEETS: Final[Mapping[str, Sheet]] = {
    "aetat-1": _in_measures("ordinary"),
    "aetat-2": _in_measures("reduced_capacity"),
    "aetat-3": _by_month(),
    "aetat-4": _with_percent(Rows("age_band"), _PERSONS, _shares_of_groups()),
    "aetat-5": Grid({name: percent(n, Whole(n)) for name, n in _by_group(_PERSONS).items()}, _SEX),
    "aetat-6": _with_percent(_ORIGIN, _PERSONS),
    "aetat-7": _with_percent(Rows("jobseeker_status"), _PERSONS),
    "aetat-8": _on_track("ordinary"),
    "aetat-9": _on_track("reduced_capacity"),
    "aetat-10": _by_unit(),
    "aetat-text": _text(),
    "sarpsborg-text": _sarpsborg(),
    "hamar-text": _hamar(),
}
