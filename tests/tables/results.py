"""Results as the figures give them, small enough to read."""

from __future__ import annotations

from typing import Any

from domain.codes import Code

LABELS = {
    "target_group": {
        "single_parent": Code("single_parent", "", "Eneforsørger", "Single parent"),
        "youth_20_24": Code("youth_20_24", "", "20-24 år", "Aged 20-24"),
        "long_term": Code("long_term", "", "Langtids sosialhjelp", "Long-term social assistance"),
    },
    "destination": {
        "work": Code("work", "positive", "Arbeid", "Work"),
        "school": Code("school", "positive", "Skole, utdanning eller kurs", "School or course"),
    },
    "measure": {"amb": Code("amb", "amb", "AMB | fase 1", "Sheltered | phase 1")},
}
META: dict[str, Any] = {
    "figure": "stock",
    "at": "2003-12-31",
    "known_at": "2004-01-31T23:59:59.999999+01:00",
    "position": 45278,
    "by": ["target_group"],
}


def stock() -> dict[str, Any]:
    """Aetat's table 4: the stock by target group in December 2003, one unknown added."""
    groups = ((None, 1), ("long_term", 2415), ("single_parent", 151), ("youth_20_24", 949))
    rows = [{"target_group": group, "persons": persons} for group, persons in groups]
    return {"meta": dict(META), "rows": rows, "total": {"persons": 3516}}


def suppressed() -> dict[str, Any]:
    result = stock()
    result["rows"][0]["persons"] = result["rows"][2]["persons"] = None
    result["meta"]["disclosure"] = {
        "method": "suppression",
        "threshold": 4,
        "zeros_shown": True,
        "symbol": ":",
        "suppressed": [[0, "persons"], [2, "persons"]],
    }
    return result


def exits() -> dict[str, Any]:
    rows = [
        {"destination": d, "exits": e, "final": f, "returned": e - f, "pending": 0,
         "share_of_final": s, "mean_days": m}
        for d, e, f, s, m in (
            ("school", 1245, 1000, 0.37, 93.25), ("work", 2100, 1702, 0.63, 1207.0)
        )
    ]  # fmt: skip
    return {"meta": {**META, "figure": "exits", "by": ["destination"]}, "rows": rows, "total": None}


def dwell() -> dict[str, Any]:
    curve = [{"days": 30, "at_risk": 40, "events": 10, "survival": 0.75, "se": 0.0685}]
    rows = [{"sex": None, "spells": 40, "km_median_days": None, "curve": curve}]
    return {"meta": {**META, "figure": "dwell", "by": ["sex"]}, "rows": rows, "total": None}


def hostile() -> dict[str, Any]:
    """What somebody might write into an office's name."""
    names = ("=cmd|'/c calc'!A0", "+1+1", "-2", "@SUM(A1)", "\tx", "\rx", "<b>fet</b>", "[red]x")
    rows = [{"office": name, "persons": 10} for name in names]
    return {"meta": {**META, "by": ["office"]}, "rows": rows, "total": {"persons": 80}}
