"""What was known when: late registration, corrections, annulments, restatements, positions."""

from __future__ import annotations

import pytest

from tests.event_tables import events, rows_are


def test_an_event_counts_from_the_time_at_which_it_was_recorded() -> None:
    late = events("""
        who  | type     | occurred_on | recorded_at      | fields
        Anna | enrolled | 2003-01-01  | 2003-05-10 14:15 | programme=kvp
    """)
    rows_are(late.ask("stock", "2003-12-31", known_at="2003-05-10T14:14:59"), "persons\n0")
    rows_are(late.ask("stock", "2003-12-31", known_at="2003-05-10T14:15:00"), "persons\n1")


def test_a_bare_date_means_the_end_of_that_day_in_oslo() -> None:
    late = events("""
        who  | type     | occurred_on | recorded_at               | fields
        Anna | enrolled | 2003-01-01  | 2003-05-10T21:59:59+00:00 | programme=kvp
        Bo   | enrolled | 2003-01-01  | 2003-05-10T22:00:00+00:00 | programme=kvp
    """)
    rows_are(late.ask("stock", "2003-12-31", known_at="2003-05-09"), "persons\n0")
    rows_are(late.ask("stock", "2003-12-31", known_at="2003-05-10"), "persons\n1")
    rows_are(late.ask("stock", "2003-12-31", known_at="2003-05-11"), "persons\n2")


def test_in_the_repeated_hour_of_autumn_a_time_without_offset_is_the_first() -> None:
    late = events("""
        who  | type     | occurred_on | recorded_at      | fields
        Anna | enrolled | 2003-01-01  | 2003-10-26 02:30 | programme=kvp
    """)
    rows_are(late.ask("stock", "2003-12-31", known_at="2003-10-26T00:29:59+00:00"), "persons\n0")
    rows_are(late.ask("stock", "2003-12-31", known_at="2003-10-26T00:30:00+00:00"), "persons\n1")


def test_a_planned_start_may_be_known_before_it_happens() -> None:
    planned = events("""
        who  | type     | occurred_on | recorded_at | fields
        Anna | enrolled | 2003-06-01  | 2003-05-01  | programme=kvp
    """)
    rows_are(planned.ask("stock", "2003-05-31", known_at="2003-05-15"), "persons\n0")
    rows_are(planned.ask("stock", "2003-06-01", known_at="2003-05-15"), "persons\n1")


CORRECTED = events("""
    who  | type     | occurred_on | recorded_at | fields
    Anna | enrolled | 2003-01-10  | 2003-01-10  | programme=kvp
    Anna | enrolled | 2003-02-20  | 2003-03-01  | programme=intro; replaces=1
""")


@pytest.mark.parametrize(
    ("at", "known_at", "rows"),
    [
        ("2003-01-31", "2003-02-28", "kvp | 1"),
        ("2003-01-31", "2003-03-01", ""),  # known, though it happened later
        ("2003-02-20", "2003-02-28", "kvp | 1"),
        ("2003-02-20", "2003-03-01", "intro | 1"),
    ],
)
def test_a_correction_works_from_its_own_recording_whatever_day_it_is_of(
    at: str, known_at: str, rows: str
) -> None:
    found = CORRECTED.ask("stock", at, known_at=known_at, by="programme")
    rows_are(found, "programme | persons\n" + rows)


def test_an_annulment_takes_away_and_annulling_a_correction_leaves_neither() -> None:
    found = events("""
        who  | type     | occurred_on | recorded_at | fields
        Anna | enrolled | 2003-01-10  | 2003-01-10  | programme=kvp
        Anna | enrolled | 2003-01-10  | 2003-02-01  | programme=intro; replaces=1
        Anna | voided   | 2003-01-10  | 2003-03-01  | replaces=2
    """)
    for known_at, rows in (
        ("2003-01-31", "kvp | 1"),
        ("2003-02-28", "intro | 1"),
        ("2003-03-01", ""),
    ):
        found_then = found.ask("stock", "2003-12-31", known_at=known_at, by="programme")
        rows_are(found_then, "programme | persons\n" + rows)


def test_an_annulment_made_in_error_is_put_right_by_stating_the_fact_again() -> None:
    found = events("""
        who  | type     | occurred_on | recorded_at | fields
        Anna | enrolled | 2003-01-10  | 2003-01-10  | programme=kvp
        Anna | voided   | 2003-04-01  | 2003-02-01  | replaces=1
        Anna | enrolled | 2003-01-10  | 2003-03-01  | programme=kvp; replaces=2
    """)
    for known_at, persons in (("2003-01-31", 1), ("2003-02-28", 0), ("2003-03-01", 1)):
        rows_are(found.ask("stock", "2003-12-31", known_at=known_at), f"persons\n{persons}")


def test_an_annulment_works_whatever_day_it_is_of() -> None:
    found = events("""
        who  | type     | occurred_on | recorded_at | fields
        Anna | enrolled | 2003-01-10  | 2003-01-10  | programme=kvp
        Anna | voided   | 2099-01-01  | 2003-02-01  | replaces=1
    """)
    rows_are(found.ask("stock", "2003-12-31", known_at="2003-02-01"), "persons\n0")


def test_what_replaces_is_known_no_earlier_than_what_it_replaces() -> None:
    found = events("""
        who  | type     | occurred_on | recorded_at | fields
        Anna | enrolled | 2003-01-10  | 2003-03-01  | programme=kvp
        Anna | enrolled | 2003-01-10  | 2003-02-01  | programme=intro; replaces=1
    """)
    rows_are(found.ask("stock", "2003-12-31", known_at="2003-02-28"), "persons\n0")
    rows_are(
        found.ask("stock", "2003-12-31", known_at="2003-03-01", by="programme"),
        "programme | persons\nintro | 1",
    )


def test_a_correction_stands_in_the_place_of_what_it_replaces_within_the_day() -> None:
    # The exit is corrected after the day's re-entry was recorded, and still comes before it.
    found = events("""
        who  | type      | occurred_on | recorded_at      | fields
        Anna | enrolled  | 2003-01-01  |                  | programme=kvp
        Anna | exited    | 2003-01-10  | 2003-01-10 09:00 | programme=kvp; destination=work
        Anna | reentered | 2003-01-10  | 2003-01-10 10:00 | programme=kvp
        Anna | exited    | 2003-01-10  | 2003-01-10 11:00 | programme=kvp; destination=school; replaces=2
    """)  # noqa: E501
    rows_are(
        found.ask("exits", "2003-12-31", by="destination"),
        "destination | returned\nschool | 1",
    )


def test_an_event_without_a_place_leaves_no_trace_until_it_has_one() -> None:
    # The enrolment was recorded after the exit from it.
    found = events("""
        who  | type      | occurred_on | recorded_at | fields
        Anna | enrolled  | 2003-01-01  | 2003-06-01  | programme=kvp
        Anna | exited    | 2003-02-01  | 2003-02-01  | programme=kvp; destination=work
        Anna | reentered | 2003-03-01  | 2003-03-01  | programme=kvp
    """)
    before, after = "2003-05-31", "2003-06-01"
    rows_are(found.ask("exits", "2003-05-31", known_at=before), "exits\n0")
    rows_are(found.ask("stock", "2003-05-31", known_at=before), "persons\n0")
    rows_are(found.ask("exits", "2003-05-31", known_at=after), "exits | returned\n1 | 1")
    rows_are(found.ask("stock", "2003-05-31", known_at=after), "persons\n1")


def test_what_an_event_without_a_place_replaces_stays_replaced() -> None:
    # A registration is corrected into an exit, whose enrolment is not known yet.
    found = events("""
        who  | type            | occurred_on | recorded_at | fields
        Anna | measure_started | 2003-01-02  | 2003-01-02  | measure=mentor; placement=a; track=ordinary
        Anna | enrolled        | 2003-01-01  | 2003-06-01  | programme=kvp
        Anna | exited          | 2003-02-01  | 2003-02-01  | programme=kvp; destination=work; replaces=1
    """)  # noqa: E501
    rows_are(found.ask("stock", "2003-01-15", of="measure", known_at="2003-01-31"), "persons\n1")
    rows_are(found.ask("stock", "2003-01-15", of="measure", known_at="2003-02-01"), "persons\n0")
    rows_are(found.ask("exits", "2003-12-31", known_at="2003-02-01"), "exits\n0")
    rows_are(found.ask("exits", "2003-12-31", known_at="2003-06-01"), "exits\n1")


def test_a_position_leaves_out_what_was_appended_later_however_early_it_was_recorded() -> None:
    found = events("""
        who  | type     | occurred_on | recorded_at | fields
        Anna | enrolled | 2003-01-01  | 2003-01-01  | programme=kvp
        Bo   | enrolled | 2003-01-01  | 2002-12-01  | programme=kvp
        Bo   | voided   | 2003-01-01  | 2002-12-02  | replaces=2
    """)
    for position, persons in ((0, 0), (1, 1), (2, 2), (3, 1)):
        rows_are(
            found.ask("stock", "2003-12-31", known_at="2003-12-31", position=position),
            f"persons\n{persons}",
        )


def test_events_of_one_day_count_in_the_order_in_which_they_were_recorded() -> None:
    found = events("""
        who  | type      | occurred_on | recorded_at      | fields
        Anna | enrolled  | 2003-01-01  |                  | programme=kvp
        Anna | exited    | 2003-01-10  | 2003-01-10 09:00 | programme=kvp; destination=work
        Anna | registered | 2003-01-10 | 2003-01-10 12:00 | office=Aetat Moss
        Anna | registered | 2003-01-10 | 2003-01-10 11:00 | office=Aetat Ski
    """)
    rows_are(found.ask("exits", "2003-12-31", by="office"), "office | exits\nAetat Moss | 1")
