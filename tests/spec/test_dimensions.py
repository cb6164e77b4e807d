"""Dimensions: attributes in force, ages, target groups, measures taken together, filters, order."""

from __future__ import annotations

import pytest

from tests.event_tables import Events, events, rows_are, total_is


def born(birth_date: str, **others: str) -> Events:
    fields = "; ".join([f"birth_date={birth_date}", *(f"{k}={v}" for k, v in others.items())])
    return events(f"""
        who  | type       | occurred_on | fields
        Anna | registered | 1999-01-01  | {fields}
        Anna | enrolled   | 1999-01-02  | programme=kvp
    """)


@pytest.mark.parametrize(
    ("birth_date", "at", "band"),
    [
        ("1983-05-10", "2003-05-09", "19_and_under"),
        ("1983-05-10", "2003-05-10", "20_24"),
        ("1978-05-10", "2003-05-09", "20_24"),
        ("1978-05-10", "2003-05-10", "25_29"),
        ("1984-02-29", "2004-02-28", "19_and_under"),
        ("1984-02-29", "2004-02-29", "20_24"),
        ("1980-02-29", "2005-02-28", "20_24"),  # turns 25 on 1 March in other years
        ("1980-02-29", "2005-03-01", "25_29"),
        ("1963-05-10", "2003-05-10", "40_49"),
        ("1943-05-11", "2003-05-10", "50_59"),
        ("1943-05-10", "2003-05-10", "60_and_over"),
        ("1973-05-10", "2003-05-10", "30_39"),
    ],
)
def test_age_is_whole_years_on_the_day_counted(birth_date: str, at: str, band: str) -> None:
    rows_are(born(birth_date).ask("stock", at, by="age_band"), f"age_band | persons\n{band} | 1")


@pytest.mark.parametrize(
    ("fields", "group"),
    [
        ("birth_date=1980-01-01; single_parent=true", "youth_20_24"),
        ("birth_date=1970-01-01; single_parent=true", "single_parent"),
        ("birth_date=1970-01-01; single_parent=false", "long_term"),
        ("birth_date=1970-01-01", "long_term"),
        ("birth_date=1985-01-01; single_parent=true", "single_parent"),
        ("single_parent=true", "single_parent"),  # no birth date known: never the first
        ("sex=female", "long_term"),
    ],
)
def test_the_target_group_is_the_first_that_fits(fields: str, group: str) -> None:
    found = events(f"""
        who  | type       | occurred_on | fields
        Anna | registered | 2003-01-01  | {fields}
        Anna | enrolled   | 2003-01-02  | programme=kvp
    """)
    rows_are(
        found.ask("stock", "2003-12-31", by="target_group"), f"target_group | persons\n{group} | 1"
    )


def test_attributes_hold_from_the_day_on_which_they_occurred() -> None:
    found = events("""
        who  | type       | occurred_on | recorded_at | fields
        Anna | enrolled   | 2003-01-01  |             | programme=kvp; office=Aetat Moss; municipality=Moss
        Anna | registered | 2003-03-01  | 2003-01-01  | office=Aetat Ski
        Anna | referred   | 2003-02-01  | 2003-04-01  | municipality=Sarpsborg
    """)  # noqa: E501
    by = "county,office,municipality"
    header = "county | office | municipality\n"
    rows_are(found.ask("stock", "2003-01-31", by=by), header + "Østfold | Aetat Moss | Moss")
    rows_are(found.ask("stock", "2003-02-28", by=by), header + "Østfold | Aetat Moss | Sarpsborg")
    rows_are(found.ask("stock", "2003-03-01", by=by), header + "Akershus | Aetat Ski | Sarpsborg")
    rows_are(
        found.ask("stock", "2003-03-01", by=by, known_at="2003-03-31"),
        header + "Akershus | Aetat Ski | Moss",
    )


def test_a_cell_left_empty_leaves_the_earlier_value() -> None:
    found = events("""
        who  | type       | occurred_on | fields
        Anna | registered | 2003-01-01  | sex=female; origin=oecd; refugee_background=true
        Anna | enrolled   | 2003-01-02  | programme=kvp
        Anna | registered | 2003-02-01  | origin=norway
    """)
    rows_are(
        found.ask("stock", "2003-12-31", by="sex,origin,refugee_background"),
        "sex | origin | refugee_background\nfemale | norway | true",
    )


def test_the_unit_comes_from_the_home_municipality_and_the_county_from_the_office() -> None:
    found = events("""
        who  | type     | occurred_on | fields
        Anna | enrolled | 2003-01-01  | programme=kvp; office=Aetat Moss; municipality=Bodø
        Bo   | enrolled | 2003-01-01  | programme=kvp; office=Kontoret; municipality=Bygda
    """)
    rows_are(
        found.ask("stock", "2003-12-31", by="county,unit"),
        "county | unit | persons\nnull | null | 1\nØstfold | Bodø og Fauske | 1",
    )


def test_unknown_comes_first_then_text_order_with_false_before_true() -> None:
    found = events("""
        who  | type       | occurred_on | fields
        Anna | enrolled   | 2003-01-01  | programme=kvp
        Bo   | registered | 2003-01-01  | single_parent=true
        Bo   | enrolled   | 2003-01-01  | programme=kvp
        Carl | registered | 2003-01-01  | single_parent=false
        Carl | enrolled   | 2003-01-01  | programme=kvp
    """).ask("stock", "2003-12-31", by="single_parent")
    assert [row["single_parent"] for row in found.rows] == [None, False, True]
    total_is(found, "persons\n3")


TWO_MEASURES = events("""
    who  | type            | occurred_on | recorded_at      | fields
    Anna | enrolled        | 2003-01-01  |                  | programme=kvp
    Anna | status_changed  | 2003-01-01  | 2003-01-01 13:00 | status=fully_unemployed
    Anna | measure_started | 2003-02-01  | 2003-02-01 09:00 | measure=mentor; placement=a; track=ordinary; provider=Nav
    Anna | measure_started | 2003-02-01  | 2003-02-01 10:00 | measure=wage_subsidy; placement=b; track=reduced_capacity
    Anna | measure_stopped | 2003-03-01  |                  | placement=b; reason=completed
    Bo   | enrolled        | 2003-01-01  |                  | programme=kvp
""")  # noqa: E501


def test_a_person_in_two_measures_counts_in_both_and_once_in_the_total() -> None:
    found = TWO_MEASURES.ask("stock", "2003-02-10", by="measure")
    rows_are(
        found, "measure | persons | spells\nnull | 1 | 1\nmentor | 1 | 1\nwage_subsidy | 1 | 1"
    )
    total_is(found, "persons | spells\n2 | 2")


def test_the_dimensions_of_a_measure_are_taken_together_one_spell_at_a_time() -> None:
    found = TWO_MEASURES.ask("stock", "2003-02-10", by="measure_group,track,provider")
    rows_are(
        found,
        """
        measure_group | track            | provider | persons
        null          | null             | null     | 1
        mentor        | ordinary         | Nav      | 1
        wage_subsidy  | reduced_capacity | null     | 1
        """,
    )


def test_a_filter_on_a_measure_keeps_only_the_measure_spells_that_have_it() -> None:
    found = TWO_MEASURES.ask("stock", "2003-02-10", by="measure", where=["track=ordinary"])
    rows_are(found, "measure | persons\nmentor | 1")
    none = TWO_MEASURES.ask("stock", "2003-02-10", where=["track=ordinary", "measure=wage_subsidy"])
    rows_are(none, "persons\n0")


def test_one_dimension_twice_means_either_and_an_empty_value_means_unknown() -> None:
    either = TWO_MEASURES.ask("stock", "2003-02-10", where=["measure=mentor", "measure="])
    rows_are(either, "persons\n2")
    unknown = TWO_MEASURES.ask("stock", "2003-02-10", where=["measure="])
    rows_are(unknown, "persons\n1")


@pytest.mark.parametrize(
    ("at", "status", "in_measure"),
    [
        ("2003-01-31", "fully_unemployed", "false"),
        ("2003-02-10", "reduced_capacity_in_measure", "true"),  # of the measure started last
        ("2003-03-01", "ordinary_measure_participant", "true"),
    ],
)
def test_the_status_of_a_person_in_a_measure_is_by_its_track(
    at: str, status: str, in_measure: str
) -> None:
    found = TWO_MEASURES.ask("stock", at, by="jobseeker_status,in_measure")
    rows_are(
        found,
        f"jobseeker_status | in_measure | persons\nnull | false | 1\n{status} | {in_measure} | 1",
    )


def test_a_benefit_and_a_sanction_are_dimensions_of_persons_too() -> None:
    found = events("""
        who  | type            | occurred_on | fields
        Anna | enrolled        | 2003-01-01  | programme=kvp
        Anna | benefit_started | 2003-01-01  | benefit=social_assistance; role=main
        Anna | benefit_started | 2003-01-01  | benefit=measure_allowance; role=supplementary
        Anna | sanctioned      | 2003-01-05  | sanction=deduction; reason=no_show; until=2003-01-10
    """)
    rows_are(
        found.ask("stock", "2003-01-09", by="benefit,role,sanction,reason"),
        """
        benefit           | role          | sanction  | reason  | persons
        measure_allowance | supplementary | deduction | no_show | 1
        social_assistance | main          | deduction | no_show | 1
        """,
    )
    rows_are(found.ask("stock", "2003-01-10", by="sanction"), "sanction | persons\nnull | 1")


def test_the_destination_of_a_running_enrolment_is_not_known_yet() -> None:
    found = events("""
        who  | type     | occurred_on | fields
        Anna | enrolled | 2003-01-01  | programme=kvp
        Anna | exited   | 2003-02-01  | programme=kvp; destination=work
    """)
    rows_are(found.ask("dwell", "2003-01-31", by="destination"), "destination | spells\nnull | 1")
    rows_are(found.ask("dwell", "2003-02-01", by="destination"), "destination | spells\nwork | 1")
