"""Shares, means, curves and other tables' columns that would tell a suppressed count."""

from __future__ import annotations

from typing import Any

import pytest

from projections.disclosure import Release, Rule, suppress
from projections.disclosure_audit import audit
from projections.disclosure_rounding import round_to_base
from tests.disclosure.figures import counted, hidden, result


def test_means_and_medians_go_with_the_spells_they_are_of() -> None:
    rows = [
        {"sex": s, "spells": n, "completed": c, "ongoing": n - c, "mean_days_completed": 37.5}
        for s, n, c in (("female", 40, 38), ("male", 30, 12))
    ]
    (shown,) = suppress([result(["sex"], rows, figure="dwell")]).results
    assert shown["rows"][0]["ongoing"] is None
    assert shown["rows"][0]["completed"] is None
    assert shown["rows"][0]["mean_days_completed"] is None
    assert shown["rows"][1] == rows[1]


def test_the_symbol_and_the_places_of_what_is_gone_are_in_the_provenance() -> None:
    rows = [{"sex": s, "persons": n} for s, n in (("female", 2), ("male", 30), ("unknown", 9))]
    (shown,) = suppress([result(["sex"], rows, {"persons": 41})], Rule(symbol="*")).results
    assert shown["meta"]["disclosure"] == {
        "method": "suppression",
        "threshold": 4,
        "zeros_shown": True,
        "symbol": "*",
        "suppressed": [[0, "persons"], [2, "persons"]],
    }
    assert [row["persons"] for row in shown["rows"]] == [None, 30, None]


def test_shares_of_a_group_go_when_its_size_would_tell_a_count() -> None:
    """18 final at 60 % are 30 final in all, and those less the others' are the 2 to be hidden."""
    rows = [
        {"destination": d, "exits": f + r, "final": f, "returned": r, "pending": 0,
         "share_of_final": f / 30}
        for d, f, r in (("school", 2, 5), ("work", 18, 5), ("other", 10, 5))
    ]  # fmt: skip
    done = suppress([result(["destination"], rows, figure="exits")])
    shown = done.results[0]["rows"]
    assert shown[0]["final"] is None
    naive = [{**rows[0], "final": None, "share_of_final": None, "returned": None}, *rows[1:]]
    assert not audit([result(["destination"], naive, figure="exits")]).holds
    assert None in (shown[0]["exits"], shown[0]["returned"])
    without_final = [row["share_of_final"] for row in shown if row["final"] is None]
    assert len(without_final) >= 2 or all(row["share_of_final"] is None for row in shown)
    assert set(without_final) == {None}
    assert audit(done.results).holds


def test_every_share_of_a_funnel_goes_with_the_number_referred() -> None:
    rows = [
        {"step": step, "persons": n, "share": n / 3, "median_days": 7.0}
        for step, n in (("assessed", 2), ("enrolled", 0), ("met", 3), ("referred", 3))
    ]
    (shown,) = suppress([result([], rows, figure="funnel")]).results
    assert [row["share"] for row in shown["rows"]] == [None] * 4
    assert shown["rows"][1]["persons"] == 0


def test_a_person_in_two_measures_is_no_sum_but_still_a_bound() -> None:
    """2 + 9 + 30 is more than the 38 persons, so nothing is told by the difference."""
    rows = [{"measure": m, "persons": n} for m, n in (("amb", 2), ("mentor", 9), ("work", 30))]
    done = suppress([result(["measure"], rows, {"persons": 38})])
    assert [len(done.primary), len(done.secondary)] == [1, 0]
    assert audit(done.results).holds


def test_persons_are_hidden_where_the_spells_of_the_row_would_bound_them() -> None:
    rows = [
        {"sex": "female", "persons": 3, "spells": 3},
        {"sex": "male", "persons": 8, "spells": 9},
    ]
    done = suppress([result(["sex"], rows)])
    assert done.results[0]["rows"][0] == {"sex": "female", "persons": None, "spells": None}


def test_a_series_hides_a_stock_that_its_flows_would_tell() -> None:
    months = [("2003-10-31", 3, 0, 0), ("2003-11-30", 10, 9, 2), ("2003-12-31", 15, 11, 6)]
    rows = [
        {"date": d, "stock": s, "stock_spells": s, "inflow": i, "outflow": o}
        for d, s, i, o in months
    ]
    done = suppress([result([], rows, figure="series")])
    november = done.results[0]["rows"][1]
    assert done.results[0]["rows"][0]["stock_spells"] is None
    assert None in (november["stock_spells"], november["inflow"], november["outflow"])
    assert audit(done.results).holds


def test_zeros_are_small_too_where_they_are_not_shown() -> None:
    rows = [{"sex": s, "persons": n, "spells": 9} for s, n in (("female", 0), ("male", 9))]
    (shown,) = suppress([result(["sex"], rows)], Rule(zeros_shown=False)).results
    assert shown["rows"][0]["persons"] is None
    (shown,) = suppress([result(["sex"], rows)], Rule(zeros_shown=True)).results
    assert shown["rows"][0]["persons"] == 0


def test_a_curve_keeps_no_step_that_a_few_make() -> None:
    curve = [
        {"days": d, "at_risk": n, "events": e, "survival": s, "se": 0.01234}
        for d, n, e, s in (
            (10, 20, 1, 0.95),
            (20, 18, 3, 0.7917),
            (30, 9, 5, 0.3519),
            (40, 3, 2, 0.1),
        )
    ]
    rows = [{"spells": 20, "completed": 11, "ongoing": 9, "curve": curve}]
    (shown,) = suppress([result([], rows, figure="dwell")]).results
    assert shown["rows"][0]["curve"] == [
        {"days": 20, "at_risk": None, "events": None, "survival": 0.792, "se": 0.012},
        {"days": 30, "at_risk": None, "events": None, "survival": 0.352, "se": 0.012},
    ]


def test_a_number_that_differs_between_two_tables_is_refused() -> None:
    one, other = ([{"sex": "female", "persons": n}] for n in (5, 6))
    with pytest.raises(ValueError, match="persons\\[sex=female\\] is 5 in one table, 6 in another"):
        suppress([result(["sex"], one), result(["sex"], other)])


def test_tables_at_two_cutoffs_share_no_cell() -> None:
    one, other = ([{"sex": "female", "persons": n}] for n in (5, 6))
    done = suppress([result(["sex"], one), result(["sex"], other, at="2003-06-30")])
    assert done.secondary == frozenset()


def test_two_releases_that_differ_by_two_give_it_away_unless_the_later_is_suppressed() -> None:
    before = result(["sex"], [{"sex": "female", "persons": 20}, {"sex": "male", "persons": 30}])
    rows = [{"sex": "female", "persons": 22}, {"sex": "male", "persons": 30}]
    after = result(["sex"], rows, known_at="2004-02-29")
    assert [leak.kind for leak in audit([after], earlier=[[before]]).leaks] == ["change"]
    done = suppress([after], earlier=[Release([before], [before])])
    assert [row["persons"] for row in done.results[0]["rows"]] == [None, 30]


def test_what_an_earlier_release_gave_away_is_named_and_does_not_stop_the_next() -> None:
    before = result(["sex"], [{"sex": "female", "persons": 2}, {"sex": "male", "persons": 30}])
    true = {**before, "total": {"persons": 32}}
    broken = {**true, "rows": [{"sex": "female", "persons": None}, before["rows"][1]]}
    for moment in ("2004-01-31", "2004-02-29"):
        now = {**before, "meta": {**before["meta"], "known_at": moment}}
        done = suppress([now], earlier=[Release([true], [broken])])
        assert {(gone.kind, gone.cells[0].column) for gone in done.open} == {("count", "persons")}
        assert done.results[0]["rows"][0]["persons"] is None


def test_a_table_that_shares_only_margins_with_an_earlier_release_is_linked_to_it() -> None:
    """The offices' total by sex came out before; a table of offices alone must not complete it."""
    people = [
        ({"office": office, "sex": sex}, persons)
        for office, sex, persons in (
            ("Moss", "female", 2), ("Moss", "male", 20), ("Ski", "female", 30),
            ("Ski", "male", 40), ("Vik", "female", 50), ("Vik", "male", 60),
        )
    ]  # fmt: skip
    true = [counted(people, by) for by in (["office", "sex"], ["sex"], ["office"])]
    first = suppress([true[0]])
    second = suppress([true[1]], earlier=[Release([true[0]], first.results)])
    third = suppress(
        [true[2]], earlier=[Release([true[0]], first.results), Release([true[1]], second.results)]
    )
    together = [*first.results, *second.results, *third.results]
    assert audit(together).leaks == ()
    assert audit(third.results, earlier=[second.results, first.results]).leaks == ()


def test_the_audit_links_releases_of_the_same_numbers() -> None:
    by_sex = result(["sex"], [{"sex": s, "persons": n} for s, n in (("female", None), ("male", 9))])
    total = result([], [{"persons": 11}])
    assert audit([by_sex]).holds
    assert [leak.kind for leak in audit([total], earlier=[[by_sex]]).leaks] == ["small"]


def test_two_knowledge_times_of_one_table_in_one_publication_hide_the_late_ones() -> None:
    before = result(["sex"], [{"sex": "female", "persons": 20}, {"sex": "male", "persons": 30}])
    rows = [{"sex": "female", "persons": 21}, {"sex": "male", "persons": 30}]
    after = result(["sex"], rows, known_at="2004-02-29")
    assert [leak.kind for leak in audit([before, after]).leaks] == ["change"]
    done = suppress([before, after])
    assert audit(done.results).holds
    assert hidden(done.results) == 1


def test_the_audit_says_what_is_exact_and_what_must_be_small() -> None:
    rows = [{"sex": s, "persons": n} for s, n in (("female", None), ("male", 30), ("unknown", 0))]
    (leak,) = audit([result(["sex"], rows, {"persons": 47})]).leaks
    assert (leak.kind, leak.low, leak.high) == ("exact", 17, 17)
    (leak,) = audit([result(["sex"], rows, {"persons": 32})]).leaks
    assert (leak.kind, leak.low, leak.high) == ("small", 2, 2)


def test_the_audit_bounds_what_it_cannot_tell() -> None:
    rows = [{"sex": s, "persons": n} for s, n in (("female", None), ("male", None), ("unknown", 4))]
    found = audit([result(["sex"], rows, {"persons": 24})])
    assert [(i.low, i.high) for i in found.intervals] == [(1, 19), (1, 19)]
    alone = audit([result(["sex"], rows)])
    assert [(i.low, i.high) for i in alone.intervals] == [(1, None), (1, None)]


def test_cells_that_cannot_all_be_true_are_refused() -> None:
    rows = [{"sex": s, "persons": n} for s, n in (("female", None), ("male", 30))]
    with pytest.raises(ValueError, match="no table fits"):
        audit([result(["sex"], rows, {"persons": 12})])


def test_rounding_works_shares_out_again_and_drops_medians_of_a_few() -> None:
    rows = [
        {"months": m, "exits": e, "returned": r, "share": r / e}
        for m, e, r in ((3, 50, 12), (6, 41, 13))
    ]
    (shown,) = round_to_base([result([], rows, figure="returns")], 10)
    assert shown["rows"][0] == {"months": 3, "exits": 50, "returned": 10, "share": 0.2}
    chains = [
        {"measure": "amb", "next_measure": "mentor", "count": 2, "median_days_start_to_start": 9}
    ]
    (shown,) = round_to_base([result([], chains, figure="chains")], 3)
    assert shown["rows"][0]["median_days_start_to_start"] is None


def test_a_threshold_or_base_of_one_is_wrong_use() -> None:
    with pytest.raises(ValueError, match="suppresses nothing"):
        Rule(threshold=1)
    with pytest.raises(ValueError, match="2 or more"):
        round_to_base([], 1)


def test_a_reports_percentages_tell_the_total_that_they_are_of() -> None:
    """Nobody prints the county's 40, but 20 persons at 50 % do, and so the 2 that are left."""
    rows = [
        {"county": c, "office": o, "persons": n, "percent": 100 * n / of}
        for c, o, n, of in (
            ("Hedmark", "Hamar", 20, 40), ("Hedmark", "Brumunddal", 18, 40),
            ("Hedmark", "Kongsvinger", 2, 40), ("Oslo", "Furuset", 9, 20),
            ("Oslo", "Helsfyr", 11, 20),
        )
    ]  # fmt: skip
    of_county: dict[str, Any] = {
        "percentages": {"percent": {"of": "persons", "within": ["county"]}}
    }
    table = result(["county", "office"], rows, **of_county)
    naive = {**table, "rows": [{**r, "persons": None, "percent": None} if r["persons"] == 2 else r
                               for r in rows]}  # fmt: skip
    assert [leak.kind for leak in audit([naive]).leaks] == ["small"]
    done = suppress([table])
    assert audit(done.results).holds
    hedmark, oslo = done.results[0]["rows"][:3], done.results[0]["rows"][3:]
    assert oslo == rows[3:]
    assert [row["percent"] is None for row in hedmark] in ([True] * 3, [False, True, True])


def test_a_rounded_percentage_is_no_contradiction() -> None:
    rows = [
        {"sex": s, "persons": n, "percent": p} for s, n, p in (("female", 17, 33), ("male", 35, 67))
    ]
    share: dict[str, Any] = {"percentages": {"percent": {"of": "persons", "within": []}}}
    (shown,) = suppress([result(["sex"], rows, {"persons": 52, "percent": 100}, **share)]).results
    assert shown["rows"] == rows
