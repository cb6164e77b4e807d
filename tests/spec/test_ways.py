"""Funnel, chains, capacity and duty: figures of the way that persons take."""

from __future__ import annotations

from datetime import date

import pytest

from projections.question import Place
from tests.event_tables import events, rows_are, total_is

WAY = events("""
    who  | type            | occurred_on | recorded_at      | fields
    Anna | met             | 2003-01-05  |                  | kind=information; attended=true
    Anna | referred        | 2003-01-10  |                  | programme=kvp
    Anna | met             | 2003-01-12  |                  | kind=information; attended=false
    Anna | met             | 2003-01-14  |                  | kind=information; attended=true
    Anna | assessed        | 2003-01-20  |                  | kind=kvp
    Anna | enrolled        | 2003-02-01  |                  | programme=kvp
    Anna | measure_started | 2003-02-10  |                  | measure=mentor; placement=a; track=ordinary
    Anna | exited          | 2003-05-01  |                  | programme=kvp; destination=unknown
    Anna | outcome_observed | 2003-08-01 |                  | outcome=work; method=survey
    Bo   | referred        | 2002-12-31  |                  | programme=kvp
    Bo   | referred        | 2003-01-15  |                  | programme=kvp
    Carl | referred        | 2003-01-31  | 2003-01-31 09:00 |
    Carl | assessed        | 2003-01-31  | 2003-01-31 10:00 | kind=work_capacity
    Carl | enrolled        | 2003-03-02  |                  | programme=kvp
    Carl | exited          | 2003-04-01  |                  | programme=kvp; destination=died
    Dag  | enrolled        | 2003-01-20  |                  | programme=kvp
""")  # noqa: E501


def test_a_funnel_counts_those_first_referred_in_the_period_and_how_far_they_came() -> None:
    found = WAY.ask("funnel", "2003-12-31", period="2003-01-01 2003-01-31")
    rows_are(
        found,
        """
        step            | persons | share | median_days
        referred        | 2       | 1     | 0
        met             | 1       | 0.5   | 4
        assessed        | 2       | 1     | 5
        enrolled        | 2       | 1     | 26
        in_measure      | 1       | 0.5   | 31
        exited_positive | 1       | 0.5   | 111
        """,
    )
    assert found.total is None


def test_a_funnel_looks_no_further_than_the_cutoff() -> None:
    found = WAY.ask("funnel", "2003-02-01", period="2003-01-01 2003-01-31")
    rows_are(
        found,
        "step | persons\nreferred | 2\nmet | 1\nassessed | 2\nenrolled | 1\nin_measure | 0\n"
        "exited_positive | 0",
    )
    rows_are(
        WAY.ask("funnel", period="2003-01-01 2003-01-31"),
        "persons\n2\n1\n2\n0\n0\n0",
    )


def test_chains_pair_each_measure_start_with_the_persons_next_one() -> None:
    found = events("""
        who  | type            | occurred_on | fields
        Anna | measure_started | 2003-01-01  | measure=mentor; placement=a; track=ordinary
        Anna | measure_stopped | 2003-01-11  | placement=a; reason=completed
        Anna | measure_started | 2003-01-21  | measure=follow_up; placement=b; track=ordinary
        Anna | measure_started | 2003-01-31  | measure=mentor; placement=c; track=ordinary
        Bo   | measure_started | 2003-01-01  | measure=mentor; placement=a; track=ordinary
        Bo   | measure_started | 2003-01-06  | measure=follow_up; placement=b; track=ordinary
        Bo   | measure_stopped | 2003-01-08  | placement=a; reason=completed
    """)
    rows_are(
        found.ask("chains", "2003-12-31"),
        """
        measure   | next_measure | count | median_days_start_to_start | median_days_stop_to_start
        follow_up | mentor       | 1     | 10                         | null
        mentor    | follow_up    | 2     | 12.5                       | 4
        """,
    )
    rows_are(
        found.ask("chains", "2003-01-10"),
        """
        measure | next_measure | count | median_days_start_to_start | median_days_stop_to_start
        mentor  | follow_up    | 1     | 5                          | -2
        """,
    )


def test_a_chain_has_the_dimensions_of_the_measure_that_it_starts_in() -> None:
    found = events("""
        who  | type            | occurred_on | fields
        Anna | measure_started | 2003-01-01  | measure=mentor; placement=a; track=ordinary; provider=Nav
        Anna | measure_stopped | 2003-01-11  | placement=a; reason=completed
        Anna | measure_started | 2003-01-21  | measure=follow_up; placement=b; track=reduced_capacity
        Anna | measure_stopped | 2003-01-31  | placement=b; reason=no_show
        Anna | measure_started | 2003-01-31  | measure=mentor; placement=c; track=ordinary; provider=Bydel
    """)  # noqa: E501
    rows_are(
        found.ask("chains", "2003-12-31", by="track,stop_reason"),
        """
        track            | stop_reason | measure   | next_measure | count | median_days_start_to_start | median_days_stop_to_start
        ordinary         | completed   | mentor    | follow_up    | 1     | 20                         | 10
        reduced_capacity | no_show     | follow_up | mentor       | 1     | 10                         | 0
        """,  # noqa: E501
    )
    rows_are(
        found.ask("chains", "2003-12-31", where=["measure=mentor", "provider=Nav"]),
        """
        measure | next_measure | count | median_days_start_to_start | median_days_stop_to_start
        mentor  | follow_up    | 1     | 20                         | 10
        """,
    )


def test_capacity_sets_places_against_places_used_day_by_day() -> None:
    found = events("""
        who  | type            | occurred_on | recorded_at      | fields
        Anna | measure_started | 2003-03-25  |                  | measure=mentor; placement=a; track=ordinary; provider=Nav
        Anna | measure_stopped | 2003-04-06  | 2003-04-06 09:00 | placement=a; reason=completed
        Bo   | measure_started | 2003-04-06  |                  | measure=mentor; placement=a; track=ordinary; provider=Nav
        Carl | measure_started | 2003-04-10  |                  | measure=mentor; placement=a; track=ordinary; provider=Bydel
        Dag  | measure_started | 2003-04-10  |                  | measure=follow_up; placement=a; track=ordinary
        Dag  | measure_stopped | 2003-04-10  | 2003-04-10 15:00 | placement=a; reason=no_show
    """).ask(  # noqa: E501
        "capacity",
        period="2003-04-01 2003-04-10",
        places=(
            Place("mentor", "Nav", date(2003, 4, 6), None, 4),
            Place("mentor", None, date(2003, 1, 1), date(2003, 4, 6), 2),
        ),
    )
    rows_are(
        found,
        """
        measure | provider | places | used | used_highest | share_used | person_months
        mentor  | null     | 1      | 0.1  | 1            | 0.1        | 0.0328542
        mentor  | Nav      | 2      | 1    | 1            | 0.5        | 0.328542
        """,
    )
    total_is(found, "places | used | used_highest | share_used\n3 | 1.1 | 2 | 0.366667")


PLACES = (
    Place("mentor", "Nav", date(2003, 4, 1), None, 4),
    Place("mentor", None, date(2003, 4, 1), None, 2),
    Place("training_amo", None, date(2003, 4, 1), None, 8),
)
IN_MENTOR = """
    who  | type            | occurred_on | fields
    Anna | measure_started | 2003-04-01  | measure=mentor; placement=a; track=ordinary; provider=Nav
"""


def test_places_that_are_not_there_in_the_period_have_no_row() -> None:
    found = events(IN_MENTOR).ask("capacity", period="2003-03-01 2003-03-31", places=PLACES)
    assert found.rows == []


@pytest.mark.parametrize(
    ("where", "places"),
    [
        ("measure=mentor", 6),
        ("measure=training_amo", 8),
        ("measure_group=training", 8),
        ("provider=Nav", 12),  # training has none of its own at Nav, so those for anybody
        ("provider=", 10),
        ("sex=female", 14),
    ],
)
def test_a_filter_on_the_measure_keeps_the_places_of_that_measure(where: str, places: int) -> None:
    found = events(IN_MENTOR).ask(
        "capacity", period="2003-04-01 2003-04-10", where=[where], places=PLACES
    )
    assert found.total is not None
    assert found.total["places"] == places


def test_measures_without_places_have_a_row_and_no_share() -> None:
    found = events("""
        who  | type            | occurred_on | fields
        Anna | measure_started | 2003-04-01  | measure=mentor; placement=a; track=ordinary
    """).ask("capacity", period="2003-04-01 2003-04-10")
    rows_are(found, "measure | provider | places | used | share_used\nmentor | null | 0 | 1 | null")


DUTY = events("""
    who  | type            | occurred_on | recorded_at      | fields
    Anna | registered      | 2000-01-01  |                  | birth_date=1985-04-30
    Anna | benefit_started | 2003-01-01  |                  | benefit=social_assistance; role=main
    Anna | assessed        | 2003-02-01  | 2003-02-01 09:00 | kind=kvp
    Anna | duty_imposed    | 2003-02-01  | 2003-02-01 10:00 |
    Anna | duty_ended      | 2003-04-15  |                  |
    Bo   | registered      | 2000-01-01  |                  | birth_date=1972-04-30
    Bo   | benefit_started | 2003-01-01  |                  | benefit=social_assistance; role=main
    Bo   | benefit_stopped | 2003-04-02  |                  | benefit=social_assistance
    Bo   | duty_imposed    | 2003-01-01  |                  |
    Bo   | duty_exempted   | 2003-04-20  |                  | reason=school
    Bo   | assessed        | 2003-04-21  |                  | kind=kvp
    Carl | registered      | 2000-01-01  |                  | birth_date=1980-01-01
    Carl | benefit_started | 2003-04-30  |                  | benefit=social_assistance; role=main
    Carl | duty_imposed    | 2003-05-01  |                  |
    Dag  | benefit_started | 2003-01-01  |                  | benefit=social_assistance; role=main
    Dag  | benefit_stopped | 2003-04-01  |                  | benefit=social_assistance
    Dag  | duty_imposed    | 2003-01-01  |                  |
    Eva  | benefit_started | 2003-01-01  |                  | benefit=measure_allowance; role=main
""")


def test_a_duty_review_takes_the_state_that_held_last_in_the_period() -> None:
    found = DUTY.ask("duty", period="2003-04-01 2003-04-30")
    rows_are(
        found,
        """
        state   | reason | persons | kvp_assessed_first
        duty    | null   | 1       | 1
        exempt  | school | 1       | 0
        neither | null   | 1       | 0
        """,
    )
    total_is(found, "persons | kvp_assessed_first\n3 | 1")


@pytest.mark.parametrize(
    ("ages", "persons"), [((18, 30), 2), ((18, 31), 3), ((19, None), 2), ((18, 18), 1)]
)
def test_ages_are_those_of_the_last_day_both_included(
    ages: tuple[int, int | None], persons: int
) -> None:
    # On 30 April 2003 Anna is 18, Carl 23 and Bo 31 years old.
    found = DUTY.ask("duty", period="2003-04-01 2003-04-30", ages=ages)
    total_is(found, f"persons\n{persons}")
