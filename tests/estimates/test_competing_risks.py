"""Aalen-Johansen against lifelines, against R, and where the answer is known."""

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


# Twenty made-up spells with ties and censoring, and what R 4.2.2 with survival 3.5-3 gives for
# them: summary(survfit(Surv(days, state) ~ 1)), a state's first level being "censored".
SPELLS = [
    (12, "work"), (12, "school"), (20, None), (20, "work"), (20, "work"), (35, "school"),
    (35, "school"), (41, None), (41, "work"), (50, "other"), (50, "work"), (63, None),
    (63, "school"), (63, "work"), (70, "work"), (88, None), (88, "school"), (95, "work"),
    (120, "other"), (120, None),
]  # fmt: skip
# Days, at risk, then the shares in work, school and elsewhere, and their standard errors.
BY_R = """
     12 20 0.050000000 0.050000000 0.000000000 0.0487339717 0.0487339717 0.0000000000
     20 18 0.150000000 0.050000000 0.000000000 0.0798435971 0.0487339717 0.0000000000
     35 15 0.150000000 0.156666667 0.000000000 0.0798435971 0.0831520250 0.0000000000
     41 13 0.203333333 0.156666667 0.000000000 0.0909140824 0.0831520250 0.0000000000
     50 11 0.261515152 0.156666667 0.058181818 0.1011563130 0.0831520250 0.0563570600
     63  9 0.319696970 0.214848485 0.058181818 0.1085440808 0.0955360934 0.0563570600
     70  6 0.387575758 0.214848485 0.058181818 0.1166594771 0.0955360934 0.0563570600
     88  5 0.387575758 0.282727273 0.058181818 0.1166594770 0.1083006960 0.0563570600
     95  3 0.478080808 0.282727273 0.058181818 0.1272206800 0.1083006960 0.0563570600
    120  2 0.478080808 0.282727273 0.148686869 0.1272206803 0.1083006957 0.0966109474
"""


@pytest.mark.parametrize(("place", "destination"), list(enumerate(["work", "school", "other"])))
def test_shares_and_errors_are_those_of_r(place: int, destination: str) -> None:
    printed = [[float(number) for number in line.split()] for line in BY_R.strip().splitlines()]
    steps = cumulative_incidence(SPELLS, destination)
    assert [(step.days, step.at_risk) for step in steps] == [(row[0], row[1]) for row in printed]
    shares, errors = ([row[2 + place + of * 3] for row in printed] for of in (0, 1))
    assert [step.incidence for step in steps] == pytest.approx(shares, abs=1e-8)
    assert [step.standard_error for step in steps] == pytest.approx(errors, abs=1e-8)


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
