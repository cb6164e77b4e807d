"""Stock at C: persons with a spell `start <= C < stop`, and those spells."""

from __future__ import annotations

import pytest

from tests.event_tables import events, rows_are, total_is

ONE_STAY = events("""
    who  | type     | occurred_on | fields
    Anna | enrolled | 2003-04-01  | programme=kvp
    Anna | exited   | 2003-06-30  | programme=kvp; destination=work
""")


@pytest.mark.parametrize(
    ("at", "persons"),
    [("2003-03-31", 0), ("2003-04-01", 1), ("2003-06-29", 1), ("2003-06-30", 0)],
)
def test_a_spell_counts_from_its_first_day_until_the_day_before_its_stop(
    at: str, persons: int
) -> None:
    rows_are(ONE_STAY.ask("stock", at), f"persons | spells\n{persons} | {persons}")


def test_an_open_spell_runs_for_good() -> None:
    open_stay = events("""
        who  | type     | occurred_on | fields
        Anna | enrolled | 2003-04-01  | programme=kvp
    """)
    rows_are(open_stay.ask("stock", "2099-12-31"), "persons | spells\n1 | 1")


def test_a_spell_of_no_days_is_never_in_the_stock() -> None:
    visit = events("""
        who  | type     | occurred_on | recorded_at      | fields
        Anna | enrolled | 2003-04-01  | 2003-04-01 09:00 | programme=kvp
        Anna | exited   | 2003-04-01  | 2003-04-01 15:00 | programme=kvp; destination=work
    """)
    rows_are(visit.ask("stock", "2003-04-01"), "persons | spells\n0 | 0")


def test_a_person_with_two_spells_is_one_person_in_the_total_and_in_each_programme() -> None:
    found = events("""
        who  | type     | occurred_on | fields
        Anna | enrolled | 2003-04-01  | programme=kvp
        Anna | enrolled | 2003-04-02  | programme=intro
        Bo   | enrolled | 2003-04-02  | programme=intro
    """).ask("stock", "2003-05-01", by="programme")
    rows_are(
        found,
        """
        programme | persons | spells
        intro     | 2       | 2
        kvp       | 1       | 1
        """,
    )
    total_is(found, "persons | spells\n2 | 3")


def test_programme_keeps_the_spells_that_carry_it() -> None:
    both = events("""
        who  | type            | occurred_on | fields
        Anna | enrolled        | 2003-04-01  | programme=kvp
        Anna | enrolled        | 2003-04-02  | programme=intro
        Anna | measure_started | 2003-04-03  | measure=mentor; placement=a; track=ordinary
        Bo   | measure_started | 2003-04-03  | measure=mentor; placement=b; track=ordinary; programme=kvp
    """)  # noqa: E501
    rows_are(both.ask("stock", "2003-05-01", programme="kvp"), "persons | spells\n1 | 1")
    rows_are(
        both.ask("stock", "2003-05-01", of="measure", programme="kvp"), "persons | spells\n1 | 1"
    )


def test_rows_of_zeros_are_left_out_and_the_one_without_dimensions_is_not() -> None:
    rows_are(ONE_STAY.ask("stock", "2003-12-31"), "persons | spells\n0 | 0")
    found = ONE_STAY.ask("stock", "2003-12-31", by="programme")
    assert found.rows == []
    total_is(found, "persons | spells\n0 | 0")


@pytest.mark.parametrize(
    ("at", "persons"),
    [("2003-04-14", 1), ("2003-04-15", 0), ("2003-03-31", 0)],
)
def test_a_sanction_is_over_on_its_until_date(at: str, persons: int) -> None:
    sanction = events("""
        who  | type       | occurred_on | fields
        Anna | sanctioned | 2003-04-01  | sanction=deduction; reason=no_show; until=2003-04-15
    """)
    rows_are(sanction.ask("stock", at, of="sanction"), f"persons | spells\n{persons} | {persons}")


def test_a_lifted_sanction_is_the_latest_that_still_runs() -> None:
    found = events("""
        who  | type            | occurred_on | fields
        Anna | sanctioned      | 2003-04-01  | sanction=deduction; reason=no_show
        Anna | sanctioned      | 2003-04-02  | sanction=suspension; reason=no_show; until=2003-04-05
        Anna | sanction_lifted | 2003-04-05  |
    """)
    before, after = (
        found.ask("stock", day, of="sanction", by="sanction")
        for day in ("2003-04-04", "2003-04-05")
    )
    rows_are(before, "sanction | spells\ndeduction | 1\nsuspension | 1")
    assert after.rows == []


def test_imposing_a_duty_ends_an_exemption_and_exempting_ends_a_duty() -> None:
    found = events("""
        who  | type          | occurred_on | fields
        Anna | duty_exempted | 2003-04-01  | reason=school
        Anna | duty_exempted | 2003-04-05  | reason=school
        Anna | duty_exempted | 2003-04-10  | reason=work
        Anna | duty_imposed  | 2003-04-20  |
        Anna | duty_imposed  | 2003-04-25  |
        Anna | duty_ended    | 2003-04-30  |
    """)
    rows_are(
        found.ask("stock", "2003-04-09", of="exemption", by="reason"), "reason | spells\nschool | 1"
    )
    rows_are(
        found.ask("stock", "2003-04-10", of="exemption", by="reason"), "reason | spells\nwork | 1"
    )
    rows_are(found.ask("stock", "2003-04-20", of="exemption"), "spells\n0")
    rows_are(found.ask("stock", "2003-04-26", of="duty"), "persons | spells\n1 | 1")
    rows_are(found.ask("stock", "2003-04-30", of="duty"), "spells\n0")
    rows_are(found.ask("dwell", "2003-12-31", of="exemption"), "spells | completed\n2 | 2")


def test_an_exit_leaves_a_running_placement_as_it_is() -> None:
    found = events("""
        who  | type            | occurred_on | fields
        Anna | enrolled        | 2003-04-01  | programme=kvp
        Anna | measure_started | 2003-04-05  | measure=mentor; placement=a; track=ordinary
        Anna | exited          | 2003-04-10  | programme=kvp; destination=work
    """)
    rows_are(found.ask("stock", "2003-04-11", of="measure"), "persons\n1")


def test_a_role_changes_by_a_stop_and_a_start() -> None:
    found = events("""
        who  | type            | occurred_on | recorded_at      | fields
        Anna | benefit_started | 2003-04-01  |                  | benefit=social_assistance; role=main
        Anna | benefit_stopped | 2003-04-10  | 2003-04-10 09:00 | benefit=social_assistance
        Anna | benefit_started | 2003-04-10  | 2003-04-10 10:00 | benefit=social_assistance; role=supplementary
    """)  # noqa: E501
    rows_are(found.ask("stock", "2003-04-09", of="benefit", by="role"), "role | spells\nmain | 1")
    rows_are(
        found.ask("stock", "2003-04-10", of="benefit", by="role"),
        "role | spells\nsupplementary | 1",
    )


def test_the_mean_stock_is_the_mean_over_the_days_of_the_period() -> None:
    found = events("""
        who  | type     | occurred_on | fields
        Anna | enrolled | 2003-03-25  | programme=kvp
        Anna | exited   | 2003-04-06  | programme=kvp; destination=work
        Bo   | enrolled | 2003-04-10  | programme=kvp
    """).ask("stock", period="2003-04-01 2003-04-10")
    rows_are(found, "mean_persons\n0.6")  # Anna's five days and Bo's one, of ten


def test_in_a_mean_stock_attributes_are_those_of_each_day() -> None:
    found = events("""
        who  | type       | occurred_on | fields
        Anna | registered | 2003-03-01  | birth_date=1978-04-05; single_parent=true
        Anna | enrolled   | 2003-03-25  | programme=kvp
    """).ask("stock", period="2003-04-01 2003-04-10", by="target_group")
    rows_are(
        found,
        """
        target_group  | mean_persons
        single_parent | 0.6
        youth_20_24   | 0.4
        """,
    )
    total_is(found, "mean_persons\n1")
