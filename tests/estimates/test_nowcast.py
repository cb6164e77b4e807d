"""The chain ladder against the triangle that Mack published it with."""

from __future__ import annotations

from typing import Any

import pytest

from projections.chain_ladder import chain_ladder
from projections.estimates import nowcast

TAYLOR_ASHE = [
    [357848, 1124788, 1735330, 2218270, 2745596, 3319994, 3466336, 3606286, 3833515, 3901463],
    [352118, 1236139, 2170033, 3353322, 3799067, 4120063, 4647867, 4914039, 5339085],
    [290507, 1292306, 2218525, 3235179, 3985995, 4132918, 4628910, 4909315],
    [310608, 1418858, 2195047, 3757447, 4029929, 4381982, 4588268],
    [443160, 1136350, 2128333, 2897821, 3402672, 3873311],
    [396132, 1333217, 2180715, 2985752, 3691712],
    [440832, 1288463, 2419861, 3483130],
    [359480, 1421128, 2864498],
    [376686, 1363294],
    [344014],
]  # G.C. Taylor and F.R. Ashe, Journal of Econometrics 23 (1983)
RESERVES = [0, 95, 470, 710, 985, 1419, 2178, 3920, 4279, 4626]  # Mack 1993, table 2, thousands
ERRORS_PERCENT = [80, 26, 19, 27, 29, 26, 22, 23, 29]  # the same, table 3


def revisions(triangle: list[list[int]]) -> dict[str, Any]:
    rows = [
        {"month": f"2003-{i + 1:02d}", "age": age, "value": value}
        for i, row in enumerate(triangle)
        for age, value in enumerate(row)
    ]
    return {"meta": {"figure": "revisions", "position": 7}, "rows": rows, "total": None}


def test_reserves_are_macks() -> None:
    found = chain_ladder(TAYLOR_ASHE)
    assert [round((one.expected - one.latest) / 1000) for one in found.origins] == RESERVES
    assert round((found.total.expected - found.total.latest) / 1000) == 18681


def test_standard_errors_are_macks() -> None:
    found = chain_ladder(TAYLOR_ASHE)
    assert found.origins[0].standard_error == 0
    percents = [
        round(100 * (one.standard_error or 0) / (one.expected - one.latest))
        for one in found.origins[1:]
    ]
    assert percents == ERRORS_PERCENT
    assert found.total.standard_error == pytest.approx(2_447_095, abs=1)


def test_factors_and_variances_are_macks() -> None:
    found = chain_ladder(TAYLOR_ASHE)
    factors = [3.491, 1.747, 1.457, 1.174, 1.104, 1.086, 1.054, 1.077, 1.018]
    sigmas = [160_280, 37_737, 41_965, 15_183, 13_731, 8_186, 447, 1_147, 447]
    assert found.factors == pytest.approx(factors, abs=5e-4)
    assert found.sigmas_squared == pytest.approx(sigmas, abs=0.6)


def test_a_nowcast_names_its_method_and_brackets_what_it_expects() -> None:
    found = nowcast(revisions(TAYLOR_ASHE))
    assert "Mack (1993)" in found["meta"]["method"]
    assert (found["meta"]["of"], found["meta"]["position"]) == ("revisions", 7)
    for row in (*found["rows"][1:], found["total"]):
        assert row["latest"] < row["low"] < row["expected"] < row["high"]
    assert found["rows"][0]["low"] == found["rows"][0]["high"] == 3901463


def test_an_origin_of_nothing_grows_to_nothing_with_an_unknown_error() -> None:
    found = nowcast(revisions([[10, 20, 22], [12, 23], [0]]))
    assert found["rows"][2] == {
        "month": "2003-03", "latest": 0, "expected": 0, "standard_error": None,
        "low": None, "high": None,
    }  # fmt: skip


def test_annulments_shrink_a_figure() -> None:
    row = nowcast(revisions([[20, 18, 17], [30, 28], [40]]))["rows"][2]
    assert row["expected"] == pytest.approx(40 * 46 / 50 * 17 / 18)
    assert row["low"] < row["expected"] < row["latest"]


@pytest.mark.parametrize(
    ("triangle", "complaint"),
    [
        ([[1, 2], [1]], "three ages"),
        ([[1, 2, 3], [1], [1, 2]], "at most as many ages"),
        ([[0, 2, 3], [0, 1], [1]], "no factor"),
    ],
)
def test_a_triangle_that_gives_no_factors_is_refused(
    triangle: list[list[int]], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        chain_ladder(triangle)


def test_a_missing_age_is_named() -> None:
    result = revisions([[1, 2, 3], [1, 2], [1]])
    del result["rows"][1]
    with pytest.raises(ValueError, match="2003-01 misses an age between 0 and 2"):
        nowcast(result)
