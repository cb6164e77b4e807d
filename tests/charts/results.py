"""Results as the figures give them, real enough to look at."""

from __future__ import annotations

import csv
import math
import random
from pathlib import Path
from typing import Any

from domain.codes import Code

META: dict[str, Any] = {
    "at": "2003-12-31",
    "known_at": "2004-01-31T23:59:59.999999+01:00",
    "position": 45278,
    "source": "Aetat, Prosjekt Tiltaksplan",
}
LABELS = {
    "target_group": {
        "single_parent": Code("single_parent", "", "Eneforsørger", "Single parent"),
        "youth_20_24": Code("youth_20_24", "", "20-24 år", "Aged 20-24"),
        "long_term": Code("long_term", "", "Langtids sosialhjelp", "Long-term social assistance"),
    },
    "measure": {
        code: Code(code, "", nb, en)
        for code, nb, en in (
            ("wage_subsidy", "Lønnstilskudd", "Wage subsidy"),
            ("work_practice_ordinary", "Arbeidspraksis i ordinær virksomhet", "Work practice"),
            ("training_amo", "Opplæring (AMO)", "Training course"),
            ("amb_clarification_phase_1", "AMB avklaring (fase 1)", "Sheltered: clarification"),
            ("supported_employment", "Arbeid med bistand", "Supported employment"),
        )
    },
    "destination": {"work": Code("work", "positive", "Arbeid", "Work")},
    "programme": {"tiltaksplan": Code("tiltaksplan", "", "Prosjekt Tiltaksplan", "Action plan")},
    "sanction": {"deduction": Code("deduction", "", "Trekk i stønad", "Deduction from benefit")},
    "benefit": {
        "social_assistance": Code("social_assistance", "", "Økonomisk sosialhjelp", "Assistance")
    },
}  # fmt: skip


def result(figure: str, by: list[str], rows: list[dict[str, Any]], **meta: Any) -> dict[str, Any]:
    return {"meta": {**META, "figure": figure, "by": by, **meta}, "rows": rows, "total": None}


def series() -> dict[str, Any]:
    """Aetat's table 3: the stock by target group, April to December 2003; flows made to fit."""
    with Path(__file__).with_name("aetat_3.csv").open(encoding="utf-8") as file:
        stock = {(r["month"], r["target_group"]): int(r["persons"]) for r in csv.DictReader(file)}
    rows, before = [], dict.fromkeys(("single_parent", "youth_20_24", "long_term"), 0)
    for (month, group), persons in sorted(stock.items()):
        gone = before[group] // 9
        days = {"04": 30, "06": 30, "09": 30, "11": 30}.get(month[5:], 31)
        rows.append(
            {"date": f"{month}-{days}", "target_group": group, "stock": persons,
             "stock_spells": persons, "inflow": persons - before[group] + gone, "outflow": gone,
             "flow": persons + gone}
        )  # fmt: skip
        before[group] = persons
    span = {"from": "2003-04-01", "to": "2003-12-31"}
    return result("series", ["target_group"], rows, every="month", at=None, **span)


def dwell() -> dict[str, Any]:
    """Three groups' curves of made-up spells, some of them censored."""
    rows = []
    for group, count, mean in (
        ("long_term", 241, 190),
        ("single_parent", 38, 120),
        ("youth_20_24", 95, 90),
    ):
        chance = random.Random(group)
        spells = sorted(
            (1 + int(chance.expovariate(1 / mean)), chance.random() < 0.8) for _ in range(count)
        )
        rows.append({"target_group": group, "spells": count, "curve": _curve(spells)})
    return result("dwell", ["target_group"], rows)


def _curve(spells: list[tuple[int, bool]]) -> list[dict[str, Any]]:
    at_risk, survival, greenwood, curve = len(spells), 1.0, 0.0, []
    for day in sorted({days for days, _ in spells}):
        events = sum(days == day and ended for days, ended in spells)
        if 0 < events < at_risk:
            survival *= 1 - events / at_risk
            greenwood += events / (at_risk * (at_risk - events))
            se = survival * math.sqrt(greenwood)
            curve.append(
                {"days": day, "at_risk": at_risk, "events": events, "survival": survival, "se": se}
            )
        at_risk -= sum(days == day for days, _ in spells)
    return curve


def exits() -> dict[str, Any]:
    rows = [
        {"month": f"2003-{m:02d}", "destination": d, "exits": f + r + p,
         "final": f, "returned": r, "pending": p}
        for m in range(4, 13)
        for d, f, r, p in (
            ("work", 11 * m if m < 10 else 0, 3 * m if m < 12 else 4, 0 if m < 10 else 9 * m),
            ("other", 5 * m if m < 10 else 0, m, 0 if m < 10 else 4 * m),
        )
    ]  # fmt: skip
    return result("exits", ["month", "destination"], rows, window="3m")


def outcomes() -> dict[str, Any]:
    shares = {"long_term": (0.305, 0.38, 0.41), "youth_20_24": (0.52, 0.497, 0.55)}
    horizons = (("1y", 1240, 0.4), ("3y", 800, 0.5), ("5y", 91, 0.5))
    rows = [
        {"horizon": horizon, "target_group": group, "reached": reached,
         "in_work_or_education": round(reached * share), "share": share, "target": target}
        for group, of_group in shares.items()
        for (horizon, reached, target), share in zip(horizons, of_group, strict=True)
    ]  # fmt: skip
    return result("outcomes", ["target_group"], rows)


def chains() -> dict[str, Any]:
    flows = [
        ("training_amo", "work_practice_ordinary", 214), ("training_amo", "wage_subsidy", 61),
        ("training_amo", "training_amo", 120), ("work_practice_ordinary", "wage_subsidy", 143),
        ("work_practice_ordinary", "training_amo", 77), ("wage_subsidy", "training_amo", 12),
        ("amb_clarification_phase_1", "work_practice_ordinary", 40),
        ("amb_clarification_phase_1", "supported_employment", 22),
        ("supported_employment", "wage_subsidy", 9), ("wage_subsidy", "supported_employment", None),
    ]  # fmt: skip
    rows = [{"measure": a, "next_measure": b, "count": n} for a, b, n in flows]
    return result("chains", ["measure", "next_measure"], rows)


def revisions() -> dict[str, Any]:
    triangle = [
        [402, 611, 690, 722, 731, 733], [380, 597, 671, 705, 716], [455, 702, 788, 823],
        [391, 604, 693], [1420, 2163], [344],
    ]  # fmt: skip
    rows = [
        {"month": f"2003-{7 + i:02d}", "age": age, "value": value}
        for i, row in enumerate(triangle)
        for age, value in enumerate(row)
    ]
    return result("revisions", ["month"], rows)


def journey() -> dict[str, Any]:
    rows: list[dict[str, Any]] = [
        {"kind": "enrolment", "code": "tiltaksplan", "start": "2003-04-14", "stop": "2003-11-20"},
        {"kind": "enrolment", "code": "tiltaksplan", "start": "2003-12-05", "stop": None},
        {"kind": "measure", "code": "training_amo", "start": "2003-05-05", "stop": "2003-08-01"},
        {
            "kind": "measure",
            "code": "work_practice_ordinary",
            "start": "2003-07-15",
            "stop": "2003-10-31",
        },
        {"kind": "measure", "code": "wage_subsidy", "start": "2003-12-10", "stop": None},
        {
            "kind": "benefit",
            "code": "social_assistance",
            "start": "2003-03-01",
            "stop": "2003-12-01",
        },
        {"kind": "sanction", "code": "deduction", "start": "2003-09-08", "stop": "2003-09-22"},
        {"kind": "exit", "code": "work", "start": "2003-11-20", "stop": None},
    ]
    return result("journey", [], rows, participant="P-1042")


def bars() -> dict[str, Any]:
    groups = (("long_term", 2415), ("single_parent", 151), ("youth_20_24", None))
    rows = [{"target_group": group, "persons": persons} for group, persons in groups]
    return result("stock", ["target_group"], rows)


ALL = {
    "bars": bars(),
    "stock": series(),
    "dwell": dwell(),
    "exits": exits(),
    "outcomes": outcomes(),
    "chains": chains(),
    "revisions": revisions(),
    "journey": journey(),
}
