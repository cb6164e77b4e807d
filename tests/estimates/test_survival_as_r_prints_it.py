"""Kaplan-Meier against what R's `survival` prints: `summary(survfit(Surv(time, status) ~ x, aml))`.

The data set `aml` of that package: remission of acute myelogenous leukaemia, in weeks, with and
without maintenance (Miller, Survival Analysis, 1997); the table is in many courses and textbooks.
"""

from __future__ import annotations

from collections import Counter

import pytest

from projections.kaplan_meier import curve, median

MAINTAINED = "9 13 13+ 18 23 28+ 31 34 45+ 48 161+"
NOT_MAINTAINED = "5 5 8 8 12 16+ 23 27 30 33 43 45"
# time, n.risk, n.event, survival, std.err
PRINTED = {
    MAINTAINED: [
        (9, 11, 1, 0.909, 0.0867), (13, 10, 1, 0.818, 0.1163), (18, 8, 1, 0.716, 0.1397),
        (23, 7, 1, 0.614, 0.1526), (31, 5, 1, 0.491, 0.1642), (34, 4, 1, 0.368, 0.1627),
        (48, 2, 1, 0.184, 0.1535),
    ],
    NOT_MAINTAINED: [
        (5, 12, 2, 0.8333, 0.1076), (8, 10, 2, 0.6667, 0.1361), (12, 8, 1, 0.5833, 0.1423),
        (23, 6, 1, 0.4861, 0.1481), (27, 5, 1, 0.3889, 0.1470), (30, 4, 1, 0.2917, 0.1387),
        (33, 3, 1, 0.1944, 0.1219), (43, 2, 1, 0.0972, 0.0919), (45, 1, 1, 0.0, 0.0),
    ],
}  # fmt: skip
MEDIANS = {MAINTAINED: 31, NOT_MAINTAINED: 23}


def lengths(text: str) -> Counter[tuple[int, bool]]:
    return Counter((int(one.rstrip("+")), not one.endswith("+")) for one in text.split())


@pytest.mark.parametrize("group", PRINTED)
def test_survival_and_its_errors_are_those_that_r_prints(group: str) -> None:
    found = list(curve(lengths(group)))
    assert [(p.days, p.at_risk, p.events) for p in found] == [row[:3] for row in PRINTED[group]]
    for point, (*_, survival, error) in zip(found, PRINTED[group], strict=True):
        assert point.survival == pytest.approx(survival, abs=5e-4)
        assert point.se == pytest.approx(error, abs=5e-5)


@pytest.mark.parametrize("group", MEDIANS)
def test_medians_are_those_that_r_prints(group: str) -> None:
    assert median(lengths(group)) == MEDIANS[group]
