"""What suppression promises where a row has several counts that bound or make up one another."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from projections.disclosure import suppress
from projections.disclosure_audit import audit
from tests.disclosure.figures import result

MONTHS, DESTINATIONS = ("2003-10", "2003-11", "2003-12"), ("other", "school", "work")
CLASSES = ("final", "returned", "pending")
SMALL = st.one_of(st.integers(0, 5), st.integers(0, 40))
Counts = dict[tuple[str, str], tuple[int, int, int]]
several = settings(max_examples=50, deadline=None)


def exits_by(counts: Counts, by: list[str]) -> dict[str, Any]:
    """Exits by month, destination or both, with their shares of the finals, and the total."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for (month, destination), classes in counts.items():
        key = tuple({"month": month, "destination": destination}[name] for name in by)
        sums = groups.setdefault(key, [0, 0, 0])
        groups[key] = [a + b for a, b in zip(sums, classes, strict=True)]
    rows = [
        {**dict(zip(by, key, strict=True)), **_row(sums)}
        for key, sums in sorted(groups.items())
        if any(sums)
    ]
    if "destination" in by:
        for row in rows:
            alike = [r["final"] for r in rows if r.get("month") == row.get("month")]
            row["share_of_final"] = row["final"] / sum(alike) if sum(alike) else None
    total = [sum(classes[i] for classes in counts.values()) for i in range(3)]
    return result(by, rows, _row(total), figure="exits")


def _row(sums: list[int]) -> dict[str, Any]:
    return {"exits": sum(sums), **dict(zip(CLASSES, sums, strict=True))}


all_counts = st.fixed_dictionaries(
    {(m, d): st.tuples(SMALL, SMALL, SMALL) for m in MONTHS for d in DESTINATIONS}
)


@several
@given(all_counts)
def test_no_class_of_exit_can_be_worked_out_from_others_or_from_shares(counts: Counts) -> None:
    tables = [exits_by(counts, by) for by in (["month", "destination"], ["month"], ["destination"])]
    done = suppress(tables)
    assert not done.open
    assert audit(done.results).leaks == ()


@several
@given(all_counts)
def test_a_share_stands_only_beside_its_count_and_is_true(counts: Counts) -> None:
    (true,) = [exits_by(counts, ["month", "destination"])]
    (shown,) = suppress([true]).results
    for before, after in zip(true["rows"], shown["rows"], strict=True):
        assert after["share_of_final"] in (None, before["share_of_final"])
        assert after["final"] is not None or after["share_of_final"] is None


@several
@given(st.lists(st.tuples(SMALL, SMALL, SMALL), min_size=2, max_size=8))
def test_a_series_keeps_its_small_flows(steps: list[tuple[int, int, int]]) -> None:
    stock, rows = 20, []
    for month, (inflow, leaving, persons_less) in enumerate(steps, start=1):
        outflow = min(leaving, stock + inflow)
        stock += inflow - outflow
        persons = max(0, stock - persons_less)
        rows.append(
            {"date": f"2003-{month:02d}-28", "stock": persons, "stock_spells": stock,
             "inflow": inflow, "outflow": outflow, "flow": persons + outflow}
        )  # fmt: skip
    done = suppress([result([], rows, figure="series")])
    assert audit(done.results).leaks == ()
    for before, after in zip(rows, done.results[0]["rows"], strict=True):
        for name in ("stock", "stock_spells", "inflow", "outflow", "flow"):
            assert after[name] in (None, before[name])
            assert after[name] is None or not 0 < after[name] < 4
