"""Exits: returned, final or pending; outcomes and returns after them."""

from __future__ import annotations

import pytest

from tests.event_tables import Events, events, rows_are, total_is

CLASSES = "exits | final | returned | pending\n"


def left_on(day: str, then: str = "", destination: str = "work") -> Events:
    return events(f"""
        who  | type     | occurred_on | recorded_at | fields
        Anna | enrolled | 2003-01-01  |             | programme=kvp
        Anna | exited   | {day}       | {day} 09:00 | programme=kvp; destination={destination}
        {then}
    """)


@pytest.mark.parametrize(
    ("exit_on", "window", "last"),
    [
        ("2003-05-10", "3m", "2003-08-10"),
        ("2003-11-30", "3m", "2004-02-29"),  # the last day of a shorter month, in a leap year
        ("2004-11-30", "3m", "2005-02-28"),
        ("2003-11-28", "3m", "2004-02-28"),
        ("2004-02-29", "1y", "2005-02-28"),
        ("2003-05-31", "1m", "2003-06-30"),
        ("2003-05-10", "90d", "2003-08-08"),
        ("2003-05-10", "2w", "2003-05-24"),
    ],
)
def test_an_exit_is_final_on_the_very_day_that_ends_its_window(
    exit_on: str, window: str, last: str
) -> None:
    exit_ = left_on(exit_on)
    day_before = f"{last[:8]}{int(last[8:]) - 1:02}"
    rows_are(exit_.ask("exits", last, window=window), CLASSES + "1 | 1 | 0 | 0")
    rows_are(exit_.ask("exits", day_before, window=window), CLASSES + "1 | 0 | 0 | 1")


@pytest.mark.parametrize(
    ("back_on", "counts"),
    [("2004-02-29", "1 | 0 | 1 | 0"), ("2004-03-01", "1 | 1 | 0 | 0")],
)
def test_a_return_on_the_windows_last_day_is_one_and_on_the_next_is_none(
    back_on: str, counts: str
) -> None:
    exit_ = left_on("2003-11-30", f"Anna | reentered | {back_on} | | programme=kvp")
    rows_are(exit_.ask("exits", "2004-12-31"), CLASSES + counts)


def test_a_return_after_the_cutoff_has_not_happened() -> None:
    exit_ = left_on("2003-05-10", "Anna | reentered | 2003-06-01 | | programme=kvp")
    rows_are(exit_.ask("exits", "2003-05-31"), CLASSES + "1 | 0 | 0 | 1")
    rows_are(exit_.ask("exits", "2003-06-01"), CLASSES + "1 | 0 | 1 | 0")


@pytest.mark.parametrize(
    "then",
    [
        "Anna | enrolled | 2003-06-01 | | programme=intro",
        "Anna | enrolled | 2003-06-01 | | programme=kvp",
        "Anna | measure_started | 2003-06-01 | | measure=mentor; placement=a; track=ordinary",
    ],
)
def test_an_entry_into_any_programme_or_the_start_of_a_measure_is_a_return(then: str) -> None:
    rows_are(left_on("2003-05-10", then).ask("exits", "2003-12-31"), CLASSES + "1 | 0 | 1 | 0")


def test_a_benefit_or_a_meeting_is_no_return() -> None:
    exit_ = left_on("2003-05-10", "Anna | met | 2003-06-01 | | kind=information; attended=true")
    rows_are(exit_.ask("exits", "2003-12-31"), CLASSES + "1 | 1 | 0 | 0")


@pytest.mark.parametrize(
    ("recorded_at", "counts"),
    [("2003-05-10 15:00", "1 | 0 | 1 | 0"), ("2003-05-10 08:00", "1 | 1 | 0 | 0")],
)
def test_what_is_recorded_later_on_the_exit_day_is_after_it(recorded_at: str, counts: str) -> None:
    start = "measure_started | 2003-05-10 | {} | measure=mentor; placement=a; track=ordinary"
    exit_ = left_on("2003-05-10", "Anna | " + start.format(recorded_at))
    rows_are(exit_.ask("exits", "2003-12-31"), CLASSES + counts)


def test_only_exits_in_the_period_and_of_the_programme_count() -> None:
    two = left_on(
        "2003-05-10",
        """Anna | enrolled | 2003-09-01 | | programme=intro
           Anna | exited | 2003-10-31 | | programme=intro; destination=school""",
    )
    rows_are(two.ask("exits", "2004-06-30"), CLASSES + "2 | 2 | 0 | 0")
    rows_are(two.ask("exits", "2004-06-30", programme="kvp"), CLASSES + "1 | 1 | 0 | 0")
    rows_are(two.ask("exits", period="2003-05-11 2003-10-31"), CLASSES + "1 | 0 | 0 | 1")
    rows_are(
        two.ask("exits", "2004-06-30", period="2003-05-10 2003-10-30"), CLASSES + "1 | 1 | 0 | 0"
    )
    rows_are(
        two.ask("exits", "2004-06-30", by="programme,month,quarter,year"),
        """
        programme | month   | quarter | year | exits
        intro     | 2003-10 | 2003-Q4 | 2003 | 1
        kvp       | 2003-05 | 2003-Q2 | 2003 | 1
        """,
    )


@pytest.mark.parametrize(
    ("observed_on", "window", "at", "destination"),
    [
        ("2003-08-10", "3m", "2003-12-31", "school"),  # the window's last day
        ("2003-08-11", "3m", "2003-12-31", "unknown"),
        ("2003-08-11", "93d", "2003-12-31", "school"),
        ("2003-06-01", "3m", "2003-05-31", "unknown"),  # after the cutoff
    ],
)
def test_an_unknown_destination_is_the_outcome_observed_within_the_window(
    observed_on: str, window: str, at: str, destination: str
) -> None:
    seen = f"Anna | outcome_observed | {observed_on} | | outcome=school; method=survey"
    found = left_on("2003-05-10", seen, "unknown").ask("exits", at, window=window, by="destination")
    rows_are(found, f"destination | exits\n{destination} | 1")


def test_the_latest_outcome_tells_an_unknown_destination_and_none_changes_a_known_one() -> None:
    seen = """Anna | outcome_observed | 2003-06-01 | | outcome=school; method=survey
              Anna | outcome_observed | 2003-07-01 | | outcome=other; method=register"""
    unknown = left_on("2003-05-10", seen, "unknown").ask("exits", "2003-12-31", by="destination")
    rows_are(unknown, "destination | final\nother | 1")
    known = left_on("2003-05-10", seen, "work").ask("exits", "2003-12-31", by="destination")
    rows_are(known, "destination | final\nwork | 1")


def test_an_outcome_observed_before_the_exit_says_nothing_of_it() -> None:
    found = events("""
        who  | type             | occurred_on | recorded_at      | fields
        Anna | enrolled         | 2003-01-01  |                  | programme=kvp
        Anna | outcome_observed | 2003-05-10  | 2003-05-10 08:00 | outcome=work; method=survey
        Anna | exited           | 2003-05-10  | 2003-05-10 09:00 | programme=kvp; destination=unknown
    """)  # noqa: E501
    rows_are(found.ask("exits", "2004-12-31", by="destination"), "destination | exits\nunknown | 1")
    rows_are(
        found.ask("outcomes", "2004-12-31", horizons="1y"),
        "reached | in_work_or_education\n1 | 0",
    )


def test_the_share_of_final_exits_is_within_the_other_dimensions() -> None:
    found = events("""
        who  | type     | occurred_on | fields
        Anna | enrolled | 2003-01-01  | programme=kvp
        Anna | exited   | 2003-02-01  | programme=kvp; destination=work
        Bo   | enrolled | 2003-01-01  | programme=kvp
        Bo   | exited   | 2003-02-01  | programme=kvp; destination=school
        Bo   | reentered | 2003-02-02 | programme=kvp
        Carl | enrolled | 2003-01-01  | programme=kvp
        Carl | exited   | 2003-02-01  | programme=kvp; destination=moved
        Dag  | enrolled | 2003-01-01  | programme=intro
        Dag  | exited   | 2003-02-01  | programme=intro; destination=work
    """).ask("exits", "2003-12-31", by="programme,destination")
    rows_are(
        found,
        """
        programme | destination | exits | final | returned | share_of_final
        intro     | work        | 1     | 1     | 0        | 1
        kvp       | moved       | 1     | 1     | 0        | 0.5
        kvp       | school      | 1     | 0     | 1        | 0
        kvp       | work        | 1     | 1     | 0        | 0.5
        """,
    )
    total_is(found, "exits | final | returned | pending\n4 | 3 | 1 | 0")


def test_attributes_of_an_exit_are_those_of_its_day() -> None:
    found = events("""
        who  | type       | occurred_on | fields
        Anna | enrolled   | 2003-01-01  | programme=kvp; office=Aetat Moss
        Anna | exited     | 2003-02-01  | programme=kvp; destination=work
        Anna | registered | 2003-02-02  | office=Aetat Ski
    """)
    rows_are(found.ask("exits", "2003-12-31", by="office"), "office | exits\nAetat Moss | 1")


@pytest.mark.parametrize(
    ("at", "counts"), [("2005-02-27", "0 | 0 | null"), ("2005-02-28", "1 | 1 | 1")]
)
def test_a_horizon_is_reached_on_its_anniversary(at: str, counts: str) -> None:
    exit_ = left_on(
        "2004-02-29", "Anna | outcome_observed | 2004-06-01 | | outcome=school; method=register"
    )
    rows_are(
        exit_.ask("outcomes", at, horizons="1y"),
        "reached | in_work_or_education | share\n" + counts,
    )


def test_outcomes_go_by_what_was_observed_last_up_to_the_anniversary() -> None:
    exit_ = left_on(
        "2003-05-10",
        """Anna | outcome_observed | 2004-05-10 | | outcome=unemployed; method=register
           Anna | outcome_observed | 2006-05-10 | | outcome=work; method=register
           Anna | outcome_observed | 2006-05-11 | | outcome=moved; method=register""",
    )
    found = exit_.ask("outcomes", "2010-01-01", targets=(0.55, 0.7, None))
    rows_are(
        found,
        """
        horizon | reached | in_work_or_education | share | target
        1y      | 1       | 0                    | 0     | 0.55
        3y      | 1       | 1                    | 1     | 0.7
        5y      | 1       | 0                    | 0     | null
        """,
    )
    assert found.total is None


def test_only_final_exits_have_outcomes() -> None:
    exit_ = left_on(
        "2003-05-10",
        """Anna | reentered | 2003-06-01 | | programme=kvp
           Anna | exited | 2003-07-01 | | programme=kvp; destination=work""",
    )
    rows_are(exit_.ask("outcomes", "2010-01-01", horizons="1y"), "reached\n1")


@pytest.mark.parametrize(
    ("back", "at", "expected"),
    [
        ("reentered | 2003-08-10 | | programme=kvp", "2003-11-09", "3|1|1\n6|0|0\n12|0|0\n24|0|0"),
        ("reentered | 2003-08-11 | | programme=kvp", "2003-11-10", "3|1|0\n6|1|1\n12|0|0\n24|0|0"),
        ("enrolled | 2003-08-10 | | programme=kvp", "2005-05-10", "3|1|1\n6|1|1\n12|1|1\n24|1|1"),
        ("enrolled | 2003-08-10 | | programme=intro", "2005-05-10", "3|1|0\n6|1|0\n12|1|0\n24|1|0"),
        ("reentered | 2003-08-10 | | programme=kvp", "2003-08-09", "3|0|0\n6|0|0\n12|0|0\n24|0|0"),
    ],
)
def test_returns_are_to_the_same_programme_by_the_day_of_the_same_number(
    back: str, at: str, expected: str
) -> None:
    found = left_on("2003-05-10", f"Anna | {back}").ask("returns", at)
    rows_are(found, "months | exits | returned\n" + expected)
    assert found.total is None


def test_a_share_of_none_is_null() -> None:
    rows_are(
        left_on("2003-05-10").ask("returns", "2003-08-10"),
        "months | share\n3 | 0\n6 | null\n12 | null\n24 | null",
    )
