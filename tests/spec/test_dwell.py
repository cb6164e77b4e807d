"""Dwell time: lengths of spells, means and medians, and the Kaplan-Meier estimate."""

from __future__ import annotations

from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.kaplan_meier import curve, median
from tests.event_tables import Events, events, rows_are, total_is


def stays(*lengths: tuple[str, str | None]) -> Events:
    """One stay in a measure for each pair of a start and a stop (None: it runs on)."""
    rows = []
    for number, (start, stop) in enumerate(lengths):
        who = f"P{number}"
        rows.append(
            f"{who} | measure_started | {start} | measure=mentor; placement=a; track=ordinary"
        )
        if stop is not None:
            rows.append(f"{who} | measure_stopped | {stop} | placement=a; reason=completed")
    return events("who | type | occurred_on | fields\n" + "\n".join(rows))


def test_completed_and_ongoing_spells_are_told_apart_at_the_cutoff() -> None:
    found = stays(("2003-01-01", "2003-01-11"), ("2003-01-01", "2003-03-01")).ask(
        "dwell", "2003-02-28", of="measure"
    )
    rows_are(
        found,
        """
        spells | completed | ongoing | mean_days_completed | median_days_completed
        2      | 1         | 1       | 10                  | 10
        """,
    )


def test_a_spell_is_completed_on_the_day_of_its_stop() -> None:
    stay = stays(("2003-01-01", "2003-01-11"))
    rows_are(stay.ask("dwell", "2003-01-10", of="measure"), "completed | ongoing\n0 | 1")
    rows_are(stay.ask("dwell", "2003-01-11", of="measure"), "completed | ongoing\n1 | 0")


def test_a_spell_that_has_not_started_is_not_there() -> None:
    stay = stays(("2003-01-02", None))
    rows_are(stay.ask("dwell", "2003-01-01", of="measure"), "spells | mean_months_all\n0 | null")
    rows_are(stay.ask("dwell", "2003-01-02", of="measure"), "spells | mean_months_all\n1 | 0")


def test_the_period_keeps_the_spells_that_start_in_it_both_days_included() -> None:
    some = stays(
        ("2003-01-31", "2003-03-01"),
        ("2003-02-01", "2003-03-01"),
        ("2003-02-28", None),
        ("2003-03-01", None),
    )
    found = some.ask("dwell", "2003-12-31", of="measure", period="2003-02-01 2003-02-28")
    rows_are(found, "spells | completed | ongoing\n2 | 1 | 1")
    cut = some.ask("dwell", of="measure", period="2003-02-01 2003-02-28")
    rows_are(cut, "spells | completed | ongoing\n2 | 0 | 2")


def test_months_are_a_twelfth_of_a_year_and_ongoing_spells_count_up_to_the_cutoff() -> None:
    some = stays(("2003-01-01", "2003-03-02"), ("2003-01-01", "2003-01-02"), ("2003-01-01", None))
    (row,) = some.ask("dwell", "2004-01-01", of="measure").rows
    assert row["mean_days_completed"] == (60 + 1) / 2
    assert row["mean_months_completed"] == pytest.approx(30.5 / 30.4375, abs=1e-15)
    assert row["median_months_completed"] == pytest.approx(30.5 / 30.4375, abs=1e-15)
    assert row["mean_months_all"] == pytest.approx((60 + 1 + 365) / 3 / 30.4375, abs=1e-15)


def test_the_median_of_an_odd_number_is_the_middle_one() -> None:
    some = stays(
        ("2003-01-01", "2003-01-02"), ("2003-01-01", "2003-01-31"), ("2003-01-01", "2003-01-04")
    )
    rows_are(some.ask("dwell", "2004-01-01", of="measure"), "median_days_completed\n3")


def test_nothing_completed_has_no_mean_and_no_median() -> None:
    rows_are(
        stays(("2003-01-01", None)).ask("dwell", "2004-01-01", of="measure"),
        """
        mean_days_completed | median_days_completed | mean_months_completed | km_median_days
        null                | null                  | null                  | null
        """,
    )


# The 6-mercaptopurine arm of Freireich et al. (1963), the textbooks' example: weeks in remission,
# with ties, and with censoring on a day of events, which counts as at risk that day.
FREIREICH = {
    (6, True): 3, (6, False): 1, (7, True): 1, (9, False): 1, (10, True): 1, (10, False): 1,
    (11, False): 1, (13, True): 1, (16, True): 1, (17, False): 1, (19, False): 1, (20, False): 1,
    (22, True): 1, (23, True): 1, (25, False): 1, (32, False): 2, (34, False): 1, (35, False): 1,
}  # fmt: skip


def test_the_textbook_curve_comes_out() -> None:
    found = [
        (point.days, point.at_risk, point.events, round(point.survival, 4), round(point.se, 4))
        for point in curve(FREIREICH)
    ]
    assert found == [
        (6, 21, 3, 0.8571, 0.0764),
        (7, 17, 1, 0.8067, 0.0869),
        (10, 15, 1, 0.7529, 0.0963),
        (13, 12, 1, 0.6902, 0.1068),
        (16, 11, 1, 0.6275, 0.1141),
        (22, 7, 1, 0.5378, 0.1282),
        (23, 6, 1, 0.4482, 0.1346),
    ]
    assert median(FREIREICH) == 23


def test_a_curve_by_hand_with_ties_and_censoring() -> None:
    # Five stays: two of 2 days, one cut off at 2 days, one of 3 days, one cut off at 4.
    some = stays(
        ("2003-01-01", "2003-01-03"),
        ("2003-01-01", "2003-01-03"),
        ("2003-01-03", None),
        ("2003-01-01", "2003-01-04"),
        ("2003-01-01", None),
    )
    (row,) = some.ask("dwell", "2003-01-05", of="measure", curve=True).rows
    assert row["km_median_days"] == 3
    first, second = row["curve"]
    assert (first["days"], first["at_risk"], first["events"]) == (2, 5, 2)
    assert first["survival"] == pytest.approx(3 / 5, abs=1e-12)
    assert first["se"] == pytest.approx(3 / 5 * sqrt(2 / (5 * 3)), abs=1e-12)
    assert (second["days"], second["at_risk"], second["events"]) == (3, 2, 1)
    assert second["survival"] == pytest.approx(3 / 10, abs=1e-12)
    assert second["se"] == pytest.approx(3 / 10 * sqrt(2 / (5 * 3) + 1 / (2 * 1)), abs=1e-12)


def test_the_standard_error_is_nought_where_nobody_is_left() -> None:
    last = list(curve({(1, True): 1, (2, True): 2}))[-1]
    assert (last.survival, last.se) == (0, 0)


@pytest.mark.parametrize(
    ("lengths", "day"),
    [
        ({(1, True): 1, (2, True): 1}, 1),  # S is exactly a half on day 1
        ({(1, True): 1, (2, True): 2}, 2),
        ({(1, True): 1, (2, False): 2}, None),  # S never falls to a half
        ({(0, True): 1}, 0),
        # 4/7 · 7/8 = 1/2 is a half as a fraction, whatever it is in floating point
        ({(1, True): 1, (2, True): 3, (3, False): 4}, 2),
    ],
)
def test_the_median_is_the_first_day_on_which_a_half_is_left(
    lengths: dict[tuple[int, bool], int], day: int | None
) -> None:
    assert median(lengths) == day


def test_a_median_compared_as_fractions_does_not_slip_by_a_day() -> None:
    # S = 9/10 · 8/9 · … · 5/6 = 1/2 on day 5; a product of floats need not be a half.
    assert median({(day, True): 1 for day in range(1, 11)}) == 5


def test_groups_have_their_own_lengths_and_the_total_all_of_them() -> None:
    found = events("""
        who  | type            | occurred_on | fields
        Anna | measure_started | 2003-01-01  | measure=mentor; placement=a; track=ordinary
        Anna | measure_stopped | 2003-01-11  | placement=a; reason=completed
        Anna | measure_started | 2003-01-01  | measure=follow_up; placement=b; track=ordinary
        Anna | measure_stopped | 2003-01-31  | placement=b; reason=to_work
    """).ask("dwell", "2003-12-31", of="measure", by="measure,stop_reason")
    rows_are(
        found,
        """
        measure   | stop_reason | spells | mean_days_completed
        follow_up | to_work     | 1      | 30
        mentor    | completed   | 1      | 10
        """,
    )
    total_is(found, "spells | mean_days_completed\n2 | 20")


@given(
    st.dictionaries(st.tuples(st.integers(0, 20), st.booleans()), st.integers(1, 5), max_size=20)
)
def test_the_median_is_the_first_day_of_the_curve_with_a_half_or_less(
    lengths: dict[tuple[int, bool], int],
) -> None:
    at_most_half = (
        point.days for point in curve(lengths) if 2 * point.numerator <= point.denominator
    )
    assert median(lengths) == next(at_most_half, None)


def test_the_median_is_exact_where_a_float_cannot_tell() -> None:
    half = 10**9
    assert median({(1, True): half, (2, False): half}) == 1
    assert median({(1, True): half - 1, (2, False): half + 1}) is None
