"""What suppression and rounding promise for every table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from projections.disclosure import Release, Rule, suppress
from projections.disclosure_audit import audit
from projections.disclosure_rounding import round_to_base
from tests.disclosure.figures import GROUPS, Persons, counted, hidden, with_margins

COUNTIES = {"Hamar": "Hedmark", "Kongsvinger": "Hedmark", "Moss": "Østfold", "Ski": "Akershus"}
SMALL = st.one_of(st.integers(0, 6), st.integers(0, 60))
few = settings(max_examples=60, deadline=None)


@st.composite
def peoples(draw: st.DrawFn, low: int = 0) -> list[Persons]:
    count = st.integers(low, 80) if low else SMALL
    return [
        ({"office": office, "county": county, "target_group": group, "sex": sex}, draw(count))
        for office, county in COUNTIES.items()
        for group in GROUPS[:2]
        for sex in ("female", "male")
    ]


def linked(people: list[Persons], **meta: Any) -> list[dict[str, Any]]:
    """Three ways of cutting the same people that share margins, one of them by county."""
    two_way = with_margins(people, "office", "target_group", **meta)
    other = [counted(people, by, **meta) for by in (["county", "sex"], ["county"], ["sex"])]
    return [*two_way, *other]


NESTING: Mapping[tuple[str, str], Mapping[Any, Any]] = {("office", "county"): COUNTIES}
rules = st.builds(Rule, threshold=st.integers(2, 6), zeros_shown=st.booleans())


@few
@given(peoples(), rules)
def test_what_is_suppressed_cannot_be_worked_out(people: list[Persons], rule: Rule) -> None:
    done = suppress(linked(people), rule, nesting=NESTING)
    assert not done.open
    assert audit(done.results, rule, nesting=NESTING).leaks == ()


@few
@given(peoples(), rules)
def test_what_is_published_is_true_and_nothing_small_is(people: list[Persons], rule: Rule) -> None:
    tables = linked(people)
    done = suppress(tables, rule, nesting=NESTING)
    for true, shown in zip(tables, done.results, strict=True):
        for before, after in zip(true["rows"], shown["rows"], strict=True):
            assert after["persons"] in (None, before["persons"])
            assert after["persons"] is None or not rule.is_small(after["persons"])
            assert {**before, "persons": 0} == {**after, "persons": 0}


@few
@given(peoples(low=7))
def test_nothing_small_nothing_suppressed(people: list[Persons]) -> None:
    done = suppress(linked(people), nesting=NESTING)
    assert (done.primary, done.secondary, hidden(done.results)) == (frozenset(), frozenset(), 0)


@settings(max_examples=40, deadline=None)
@given(peoples(), st.lists(st.integers(-2, 3), min_size=16, max_size=16))
def test_a_later_release_does_not_give_away_the_late_registrations(
    people: list[Persons], late: list[int]
) -> None:
    now = [(d, max(0, n + more)) for (d, n), more in zip(people, late, strict=True)]
    assume(now != people)
    before = with_margins(people, "office", "target_group", known_at="2004-01-31")
    after = with_margins(now, "office", "target_group", known_at="2004-06-30")
    first = suppress(before)
    second = suppress(after, earlier=[Release(before, first.results)])
    assert not second.open
    assert audit(second.results, earlier=[first.results]).leaks == ()


@few
@given(peoples(), st.sampled_from([3, 5, 10]))
def test_rounded_counts_are_neighbouring_multiples_and_add_up(
    people: list[Persons], base: int
) -> None:
    tables = with_margins(people, "office", "target_group")
    shown = round_to_base(tables, base)
    assert shown[0]["meta"]["disclosure"]["broken"] == 0
    for true, other in zip(tables, shown, strict=True):
        assert sum(row["persons"] for row in other["rows"]) == other["total"]["persons"]
        for before, after in zip(true["rows"], other["rows"], strict=True):
            assert after["persons"] % base == 0
            assert abs(after["persons"] - before["persons"]) < base
