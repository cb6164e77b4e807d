"""What becomes of pending exits."""

from __future__ import annotations

import math
import random

import pytest

from projections.estimates import final_share
from projections.pending_exits import FollowedExit, expected_final

META = {"at": "2003-12-31", "window": "3m", "position": 9}


def followed(*exits: tuple[int, bool]) -> list[FollowedExit]:
    return [FollowedExit(days, 90, returned) for days, returned in exits]


def test_a_pending_exit_counts_with_the_chance_that_is_left() -> None:
    """Of four followed past day 20 one returns on day 30: the pending one stays out with 4/5."""
    exits = followed((10, True), (20, False), (30, True), *[(90, False)] * 3, (29, False))
    found = expected_final(exits)
    assert (found.exits, found.final, found.pending) == (7, 3, 2)
    chance = 1 - 1 / 4
    assert found.expected == pytest.approx(2 * chance)
    variance = 2 * chance * (1 - chance) + (2 * chance) ** 2 * 1 / (4 * 3)
    assert found.standard_error == pytest.approx(math.sqrt(variance))


def test_nothing_pending_is_nothing_to_estimate() -> None:
    found = expected_final(followed((90, False), (91, False), (40, True)))
    assert (found.final, found.pending, found.expected, found.standard_error) == (2, 0, 0, 0)


def test_the_last_day_of_the_window_is_final_and_the_day_before_pending() -> None:
    assert FollowedExit(90, 90, False).final
    assert FollowedExit(89, 90, False).pending
    assert not FollowedExit(90, 90, True).final


def test_shares_lie_between_what_is_final_and_what_can_be() -> None:
    groups = {
        "work": followed((89, False), (90, False), (5, True), (80, True)),
        "school": followed((3, False), (90, False)),
    }
    found = final_share(groups, "destination", META)
    assert [row["destination"] for row in found["rows"]] == ["school", "work"]
    for row in (*found["rows"], found["total"]):
        least, most = row["final"] / row["exits"], (row["final"] + row["pending"]) / row["exits"]
        assert least <= row["low"] <= row["expected_share"] <= row["high"] <= most
    assert "Kaplan-Meier" in found["meta"]["method"]
    assert found["meta"]["position"] == 9


def test_no_exits_give_no_share() -> None:
    assert final_share({"work": []}, "destination", META)["rows"][0]["expected_share"] is None


def test_the_interval_holds_the_truth_about_nineteen_times_in_twenty() -> None:
    chance = random.Random(7)
    hits = 0
    for _ in range(300):
        returns = [
            r if (r := round(chance.expovariate(1 / 200)) + 1) <= 90 else None for _ in range(150)
        ]
        seen = [chance.randint(1, 180) for _ in returns]
        exits = [
            FollowedExit(r, 90, True) if r is not None and r <= s else FollowedExit(s, 90, False)
            for r, s in zip(returns, seen, strict=True)
        ]
        row = final_share({"all": exits}, "group", META)["total"]
        hits += row["low"] <= sum(r is None for r in returns) / 150 <= row["high"]
    assert 0.91 <= hits / 300 <= 0.99
