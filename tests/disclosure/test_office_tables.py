"""Aetat's office tables (11-30), suppressed: nothing leaks, and no smaller pattern would do."""

from __future__ import annotations

import functools
import subprocess
import sys
from typing import Any

import highspy
import numpy as np
import pytest

from projections.disclosure import Rule, Suppression, suppress
from projections.disclosure_audit import audit
from projections.suppression import optimum
from projections.suppression.assembly import true_system
from projections.suppression.cells import Cell, System, Value
from tests.disclosure.figures import counted, offices, with_margins


def of_county(county: str) -> list[dict[str, Any]]:
    people = [p for p in offices() if p[0]["county"] == county]
    return with_margins(people, "office", "target_group", where={"county": county})


@functools.cache
def all_linked() -> tuple[list[dict[str, Any]], Suppression]:
    """All twenty tables, the county totals and the country's, as one publication."""
    by = (["county", "office", "target_group"], ["county", "office"], ["county", "target_group"])
    tables = [counted(offices(), names) for names in (*by, ["county"], ["target_group"])]
    return tables, suppress(tables)


def test_the_linked_tables_leak_nothing_and_suppress_the_least_possible() -> None:
    _, done = all_linked()
    assert len(done.primary) == 68
    assert audit(done.results).leaks == ()
    assert len(done.primary) + len(done.secondary) == done.at_least == 114


def test_primary_suppression_alone_leaks() -> None:
    tables, _ = all_linked()
    naive = [
        {
            **t,
            "rows": [
                {**r, "persons": r["persons"] if r["persons"] > 3 else None} for r in t["rows"]
            ],
        }
        for t in tables
    ]
    kinds = {leak.kind for leak in audit(naive).leaks}
    assert kinds == {"small"}


def test_each_county_table_with_its_where_is_linked_to_the_country() -> None:
    counties = sorted({dims["county"] for dims, _ in offices()})
    separate = [table for county in counties for table in of_county(county)]
    country = [counted(offices(), ["county"]), counted(offices(), ["target_group"])]
    office_county: dict[Value, Value] = {dims["office"]: dims["county"] for dims, _ in offices()}
    done = suppress([*separate, *country], nesting={("office", "county"): office_county})
    assert len(done.primary) + len(done.secondary) == done.at_least == 114
    assert audit(done.results, nesting={("office", "county"): office_county}).holds


@pytest.mark.parametrize("county", ["Akershus", "Hedmark", "Troms", "Sør-Trøndelag", "Oslo"])
def test_a_county_table_is_as_small_as_one_whole_programme_finds(county: str) -> None:
    tables = of_county(county)
    done = suppress(tables)
    system, _, _ = true_system(tables, [], None)
    assert len(done.primary) + len(done.secondary) == fewest(system, Rule())
    assert audit(done.results).holds


def test_the_same_tables_give_the_same_pattern() -> None:
    first, again = suppress(of_county("Akershus")), suppress(of_county("Akershus"))
    assert first.results == again.results


def test_the_offices_are_those_of_the_report() -> None:
    assert sum(persons for _, persons in offices()) == 3515


def test_tables_too_large_to_finish_are_closed_safely(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optimum, "ROUNDS", 1)
    tables, best = all_linked()
    done = suppress(tables)
    assert audit(done.results).holds
    least = len(best.primary) + len(best.secondary)
    assert done.at_least <= least <= len(done.primary) + len(done.secondary) <= 2 * least


def test_nothing_heavy_is_loaded_until_it_is_used() -> None:
    """The command line must not wait for a solver or a plotting library to print a table."""
    program = (
        "import sys, projections.disclosure_audit, projections.disclosure_rounding, "
        "projections.estimates, adapters.charts.draw, adapters.tables.formats; "
        "print(*{'numpy', 'highspy', 'matplotlib', 'xlsxwriter', 'duckdb'} & sys.modules.keys())"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == ""
    assert found.stderr == ""


def test_the_solver_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    suppress(of_county("Hedmark"))
    assert capfd.readouterr() == ("", "")


def fewest(system: System, rule: Rule) -> int:
    """The optimum by another path: one mixed-integer programme with an alternative table for
    each small count in each direction, without cuts."""
    model = highspy.Highs()  # type: ignore[no-untyped-call]
    model.silent()
    cells = [c for c, v in system.values.items() if v > 0]
    primary = [c for c in cells if rule.is_small(system.values[c])]
    far = 1000.0
    chosen = {c: model.addBinary(obj=1.0) for c in cells}
    for small in primary:
        model.addConstr(chosen[small] >= 1)
        up, down = ({c: model.addVariable(lb=-far, ub=far) for c in cells} for _ in range(2))
        for moved in (up, down):
            _stay_a_table(model, system, moved)
            for c in cells:
                model.addConstr(moved[c] <= far * chosen[c])
                model.addConstr(moved[c] >= -(system.values[c] - rule.least(c)) * chosen[c])
        model.addConstr(up[small] >= rule.threshold - system.values[small])
        model.addConstr(up[small] - down[small] >= rule.threshold - 1)
    model.minimize()
    assert model.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return round(model.getInfo().objective_function_value)


def _stay_a_table(model: highspy.Highs, system: System, moved: dict[Cell, Any]) -> None:
    for relation in system.relations:
        terms = [(moved[c].index, factor) for c, factor in relation.form.items() if c in moved]
        columns = np.array([column for column, _ in terms], dtype=np.int32)
        factors = np.array([factor for _, factor in terms], dtype=np.float64)
        model.addRow(0.0, 0.0, len(terms), columns, factors)
