"""Flow in `[A, B]`, both days included, and series: stock and flow step by step."""

from __future__ import annotations

import pytest

from tests.event_tables import events, rows_are, total_is

ONE_STAY = events("""
    who  | type     | occurred_on | fields
    Anna | enrolled | 2003-04-01  | programme=kvp
    Anna | exited   | 2003-06-30  | programme=kvp; destination=work
""")
VISIT = events("""
    who  | type     | occurred_on | recorded_at      | fields
    Anna | enrolled | 2003-04-01  | 2003-04-01 09:00 | programme=kvp
    Anna | exited   | 2003-04-01  | 2003-04-01 15:00 | programme=kvp; destination=work
""")


@pytest.mark.parametrize(
    ("period", "persons", "inflow", "outflow"),
    [
        ("2003-03-01 2003-03-31", 0, 0, 0),
        ("2003-03-01 2003-04-01", 1, 1, 0),  # it starts on the last day
        ("2003-04-01 2003-04-01", 1, 1, 0),  # on the first day, too
        ("2003-05-01 2003-05-31", 1, 0, 0),
        ("2003-06-01 2003-06-30", 1, 0, 1),
        ("2003-06-30 2003-07-31", 0, 0, 1),  # a stop on day A is outflow, but the spell is over
        ("2003-07-01 2003-07-31", 0, 0, 0),
        ("2003-01-01 2003-12-31", 1, 1, 1),
    ],
)
def test_both_days_of_the_period_are_in_it(
    period: str, persons: int, inflow: int, outflow: int
) -> None:
    rows_are(
        ONE_STAY.ask("flow", period=period),
        f"persons | spells | inflow | outflow\n{persons} | {persons} | {inflow} | {outflow}",
    )


@pytest.mark.parametrize(
    ("period", "counts"),
    [
        ("2003-03-01 2003-03-31", "0 | 0 | 0 | 0"),
        ("2003-04-01 2003-04-01", "1 | 1 | 1 | 1"),
        ("2003-04-01 2003-04-30", "1 | 1 | 1 | 1"),
        ("2003-03-01 2003-04-01", "1 | 1 | 1 | 1"),
        ("2003-04-02 2003-04-30", "0 | 0 | 0 | 0"),
    ],
)
def test_a_spell_of_no_days_counts_on_its_day(period: str, counts: str) -> None:
    rows_are(VISIT.ask("flow", period=period), f"persons | spells | inflow | outflow\n{counts}")


def test_a_person_who_comes_back_is_one_person_in_two_spells() -> None:
    back = events("""
        who  | type      | occurred_on | fields
        Anna | enrolled  | 2003-04-01  | programme=kvp
        Anna | exited    | 2003-04-10  | programme=kvp; destination=work
        Anna | reentered | 2003-04-20  | programme=kvp
    """)
    rows_are(
        back.ask("flow", period="2003-04-01 2003-04-30"),
        "persons | spells | inflow | outflow\n1 | 2 | 2 | 1",
    )


def test_attributes_of_a_flow_are_those_of_its_last_day() -> None:
    found = events("""
        who  | type       | occurred_on | fields
        Anna | registered | 2003-01-01  | sex=unknown; office=Aetat Moss
        Anna | enrolled   | 2003-04-01  | programme=kvp
        Anna | registered | 2003-04-30  | sex=female; office=Aetat Ski
        Anna | registered | 2003-05-01  | office=Aetat Hamar
    """)
    rows_are(
        found.ask("flow", period="2003-04-01 2003-04-30", by="county,sex"),
        "county | sex | persons\nAkershus | female | 1",
    )
    rows_are(
        found.ask("flow", period="2003-04-01 2003-04-29", by="county,sex"),
        "county | sex | persons\nØstfold | unknown | 1",
    )


def test_a_flow_by_reason_knows_only_stops_up_to_its_last_day() -> None:
    found = events("""
        who  | type            | occurred_on | fields
        Anna | measure_started | 2003-04-01  | measure=mentor; placement=a; track=ordinary
        Anna | measure_stopped | 2003-05-01  | placement=a; reason=completed
    """)
    rows_are(
        found.ask("flow", of="measure", period="2003-04-01 2003-04-30", by="stop_reason"),
        "stop_reason | spells\nnull | 1",
    )
    rows_are(
        found.ask("flow", of="measure", period="2003-04-01 2003-05-01", by="stop_reason"),
        "stop_reason | spells\ncompleted | 1",
    )


def test_a_series_by_month_is_cut_at_both_ends() -> None:
    found = ONE_STAY.ask("series", period="2003-03-15 2003-06-30", every="month")
    rows_are(
        found,
        """
        date       | stock | stock_spells | inflow | outflow | flow
        2003-03-31 | 0     | 0            | 0      | 0       | 0
        2003-04-30 | 1     | 1            | 1      | 0       | 1
        2003-05-31 | 1     | 1            | 0      | 0       | 1
        2003-06-30 | 0     | 0            | 0      | 1       | 1
        """,
    )
    assert found.total is None


def test_weeks_are_iso_weeks_cut_at_both_ends() -> None:
    # 2003-12-31 is a Wednesday; the week that holds it ends on Sunday 4 January 2004.
    found = VISIT.ask("series", period="2003-12-31 2004-01-06", every="week")
    rows_are(found, "date | flow\n2004-01-04 | 0\n2004-01-06 | 0")


def test_quarters_and_years_end_where_the_calendar_has_it() -> None:
    quarters = VISIT.ask("series", period="2003-05-15 2004-01-01", every="quarter")
    rows_are(quarters, "date\n2003-06-30\n2003-09-30\n2003-12-31\n2004-01-01")
    years = VISIT.ask("series", period="2003-05-15 2005-02-28", every="year")
    rows_are(years, "date\n2003-12-31\n2004-12-31\n2005-02-28")


def test_days_have_a_step_each_and_february_may_have_29() -> None:
    days = VISIT.ask("series", period="2004-02-28 2004-03-01", every="day")
    rows_are(days, "date\n2004-02-28\n2004-02-29\n2004-03-01")


def test_in_a_series_attributes_are_those_of_each_step_and_rows_of_zeros_are_left_out() -> None:
    found = events("""
        who  | type       | occurred_on | fields
        Anna | registered | 2003-01-01  | single_parent=true
        Anna | enrolled   | 2003-04-01  | programme=kvp
        Anna | registered | 2003-05-31  | single_parent=false
    """).ask("series", period="2003-03-01 2003-05-31", by="single_parent")
    rows_are(
        found,
        """
        single_parent | date       | stock
        false         | 2003-05-31 | 1
        true          | 2003-04-30 | 1
        """,
    )


def test_months_quarters_and_years_are_dimensions_of_a_series() -> None:
    found = ONE_STAY.ask("series", period="2003-04-01 2003-06-30", by="quarter,month,year")
    rows_are(
        found,
        """
        quarter | month   | year | date       | stock
        2003-Q2 | 2003-04 | 2003 | 2003-04-30 | 1
        2003-Q2 | 2003-05 | 2003 | 2003-05-31 | 1
        2003-Q2 | 2003-06 | 2003 | 2003-06-30 | 0
        """,
    )


def test_the_total_of_a_flow_counts_persons_once() -> None:
    found = events("""
        who  | type            | occurred_on | fields
        Anna | measure_started | 2003-04-01  | measure=mentor; placement=a; track=ordinary
        Anna | measure_started | 2003-04-01  | measure=follow_up; placement=b; track=ordinary
    """).ask("flow", of="measure", period="2003-04-01 2003-04-30", by="measure")
    rows_are(found, "measure | persons | inflow\nfollow_up | 1 | 1\nmentor | 1 | 1")
    total_is(found, "persons | spells | inflow\n1 | 2 | 2")
