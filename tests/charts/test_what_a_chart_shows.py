"""The numbers on each chart, and what is left out of it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from adapters.charts.draw import chart
from tests.charts import results
from tests.charts.test_what_a_chart_says import readable, words

__all__ = ["readable"]
pytestmark = pytest.mark.usefixtures("readable")
THIN = " "  # `words` makes every space a plain one


def suppressed(result: dict[str, Any], row: int, column: str) -> dict[str, Any]:
    rows = [dict(r) for r in result["rows"]]
    rows[row][column] = None
    gone = {"suppressed": [[row, column]], "threshold": 4, "symbol": ":"}
    return {**result, "meta": {**result["meta"], "disclosure": gone}, "rows": rows}


def test_a_series_names_its_groups_and_months() -> None:
    text = words("stock", results.series())
    for part in ("Eneforsørger", "Langtids sosialhjelp", "april", "des.", "Forløp per måned"):
        assert part in text
    assert f"2{THIN}500" in text


def test_a_single_stock_needs_no_legend() -> None:
    rows = [r for r in results.series()["rows"] if r["target_group"] == "long_term"]
    text = words("stock", results.result("series", [], rows, every="month"))
    assert "Alle" not in text


def test_a_suppressed_stock_is_a_gap_and_the_chart_says_so() -> None:
    text = words("stock", suppressed(results.series(), 0, "stock"))
    assert "Tall under 4 og tall som ville ha røpet dem, er utelatt." in text


def test_curves_say_how_many_spells_they_are_of_and_what_the_band_is() -> None:
    text = words("dwell", results.dwell())
    assert "Langtids sosialhjelp (n = 241)" in text
    assert "95 % konfidensbånd (log-log)" in text
    without = words("dwell", suppressed(results.dwell(), 0, "curve"))
    assert "Langtids" not in without
    assert "Eneforsørger (n = 38)" in without


def test_exits_are_summed_over_destinations_in_each_month() -> None:
    text = words("exits", results.exits())
    assert "2003-04 2003-05" in text
    assert "80 100 120 140 160 180 170 187 172" in text


def test_a_month_with_a_suppressed_class_is_left_blank() -> None:
    text = words("exits", suppressed(results.exits(), 0, "returned"))
    assert " 100 120 140" in text
    assert "80 100" not in text.replace("2003", "")


def test_outcomes_have_share_number_and_target() -> None:
    text = words("outcomes", results.outcomes())
    for part in ("30,5 %", f"n=1{THIN}240", "1 år", "5 år", "Mål"):
        assert part in text
    no_target = results.outcomes()
    for row in no_target["rows"]:
        row["target"] = None
    assert "Mål" not in words("outcomes", no_target).split()


def test_chains_show_what_leaves_and_reaches_each_measure() -> None:
    text = words("chains", results.chains())
    for part in ("Opplæring (AMO) (395)", "Lønnstilskudd (213)", "Arbeid med bistand (9)"):
        assert part in text


def test_the_triangle_writes_every_number() -> None:
    text = words("revisions", results.revisions())
    for row in results.revisions()["rows"]:
        assert f"{row['value']:,}".replace(",", THIN) in text


def test_a_journey_names_its_lanes_once_and_says_what_runs() -> None:
    text = words("journey", results.journey())
    assert text.count("Tiltak ") == 1
    assert "Prosjekt Tiltaksplan (pågår)" in text
    assert "Trekk i stønad" in text


def test_measures_that_overlap_lie_in_rows_of_their_own() -> None:
    from adapters.charts.journey import _placed  # noqa: PLC0415

    cutoff = date(2003, 12, 31)
    bars = _placed(results.journey()["rows"], cutoff, results.LABELS, "nb")
    rows = {bar.text: bar.row for bar in bars if bar.lane == "measure"}
    assert rows == {
        "Opplæring (AMO)": 0,
        "Arbeidspraksis i ordinær virksomhet": 1,
        "Lønnstilskudd": 0,
    }


def test_a_name_that_would_lie_over_the_next_one_has_a_row_of_its_own() -> None:
    from adapters.charts.journey import _placed  # noqa: PLC0415

    rows = [
        {"kind": "enrolment", "code": "tiltaksplan", "start": start, "stop": stop}
        for start, stop in (("2003-07-15", "2003-08-18"), ("2003-10-06", None))
    ]
    for cutoff, expected in ((date(2003, 12, 31), [0, 0]), (date(2026, 12, 31), [0, 1])):
        assert [bar.row for bar in _placed(rows, cutoff, results.LABELS, "nb")] == expected


@pytest.mark.parametrize(
    ("kind", "result", "complaint"),
    [
        ("pie", results.exits(), "no chart 'pie'; there are stock, dwell"),
        ("dwell", results.exits(), "no curve"),
        ("exits", results.outcomes(), "not by month"),
        ("chains", results.result("chains", [], []), "no chain"),
        ("journey", results.result("journey", [], []), "no spell"),
        ("journey", results.result("journey", [], [{"kind": "nap", "start": "", "stop": None}]),
         "no kind of spell 'nap'"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_said(kind: str, result: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        chart(kind, result, {}, "nb")


def test_returns_are_drawn_as_shares_after_so_many_months() -> None:
    rows: list[dict[str, Any]] = [
        {"months": 3, "exits": 844, "returned": 124, "share": 124 / 844},
        {"months": 6, "exits": 0, "returned": 0, "share": None},
    ]
    text = words("bars", results.result("returns", [], rows))
    for part in ("3 måneder", "6 måneder", f"14,7{THIN}%"):
        assert part in text


def test_capacity_is_drawn_by_the_places_that_are_used() -> None:
    row = {
        "measure": "mentor", "provider": "BA", "places": 0.0, "used": 29.9, "used_highest": 41,
        "share_used": None, "person_months": 358.0,
    }  # fmt: skip
    assert "29,9" in words("bars", results.result("capacity", [], [row]))
