"""Aalen-Johansen against lifelines, and against what it must be where the answer is known."""

from __future__ import annotations

import math
import warnings

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from projections.aalen_johansen import cumulative_incidence
from projections.estimates import competing_risks, log_log_interval

CODES: dict[str | None, int] = {None: 0, "work": 1, "school": 2, "other": 3}
META = {"at": "2003-12-31", "position": 12}
destinations = st.sampled_from([None, "work", "school", "other"])
distinct_days = st.lists(
    st.tuples(st.integers(1, 400), destinations), min_size=5, max_size=60, unique_by=lambda s: s[0]
)


@settings(max_examples=40, deadline=None)
@given(distinct_days)
def test_shares_and_variances_are_those_of_lifelines(spells: list[tuple[int, str | None]]) -> None:
    """Without ties: lifelines moves tied times apart at random before it estimates."""
    assume(any(ended == "work" for _, ended in spells))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from lifelines import AalenJohansenFitter  # noqa: PLC0415

        fitter = AalenJohansenFitter(calculate_variance=True)
        fitter.fit([d for d, _ in spells], [CODES[e] for _, e in spells], event_of_interest=1)
    steps = cumulative_incidence(spells, "work")
    theirs = fitter.cumulative_density_.iloc[:, 0]
    for step in steps:
        assert step.incidence == pytest.approx(float(theirs.loc[step.days]), abs=1e-9)
        if step.at_risk > 1:
            variance = float(fitter.variance_.loc[step.days])
            assert step.standard_error**2 == pytest.approx(variance, abs=1e-9)


@given(st.lists(st.tuples(st.integers(1, 9), st.sampled_from(["work", "school"])), min_size=1))
def test_with_nothing_censored_it_is_a_proportion_with_its_binomial_error(
    spells: list[tuple[int, str]],
) -> None:
    for step in cumulative_incidence(spells, "work"):
        share = sum(d <= step.days and e == "work" for d, e in spells) / len(spells)
        assert step.incidence == pytest.approx(share)
        error = math.sqrt(share * (1 - share) / len(spells))
        assert step.standard_error == pytest.approx(error, abs=1e-7)


def test_a_small_case_worked_by_hand() -> None:
    """Of five one leaves for work on day 10 (1/5), one is censored on day 20; on day 30 one of
    the three left goes to school, on day 40 one of two to work: 4/5 * 2/3 * 1/2 more."""
    spells = [(10, "work"), (20, None), (30, "school"), (40, "work"), (50, None)]
    steps = cumulative_incidence(spells, "work")
    assert [(s.days, s.at_risk, s.events) for s in steps] == [(10, 5, 1), (30, 3, 0), (40, 2, 1)]
    assert [s.incidence for s in steps] == pytest.approx([1 / 5, 1 / 5, 1 / 5 + 4 / 15])


def test_the_shares_of_all_destinations_and_of_those_who_stay_are_one() -> None:
    spells = [(10, "work"), (10, "school"), (20, None), (30, "school"), (40, "work"), (50, None)]
    found = competing_risks(spells, META)
    stay = 4 / 6 * 2 / 3 * 1 / 2
    assert sum(row["incidence"] for row in found["rows"]) == pytest.approx(1 - stay)


def test_the_result_names_its_method_and_keeps_its_provenance() -> None:
    found = competing_risks([(10, "work"), (12, None)], META)
    assert found["meta"]["method"].startswith("Aalen-Johansen")
    assert (found["meta"]["position"], found["meta"]["by"]) == (12, ["destination"])
    assert found["rows"][0]["spells"] == 1
    assert 0 < found["rows"][0]["low"] < 0.5 < found["rows"][0]["high"] < 1


def test_an_interval_of_a_probability_stays_within_nought_and_one() -> None:
    low, high = log_log_interval(0.02, 0.019)
    assert 0 < low < 0.02 < high < 1
    assert log_log_interval(0.0, 0.0) == (0.0, 0.0)
    assert log_log_interval(1.0, 0.0) == (1.0, 1.0)
