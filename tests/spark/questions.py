"""Questions to ask both engines: a few that reach everything, and random ones."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, cast, get_args

from adapters.answers import Asked
from domain.calendar import Length, Period
from domain.kinds import KINDS
from projections.question import BOOLEAN, DIMENSIONS, TIME, Figure, Place, Value

_PLAIN: Final = tuple(name for name in DIMENSIONS if name not in TIME)
_PERIOD: Final = Period.closed(date(2003, 5, 1), date(2003, 10, 15))
_WEEK: Final = Period.closed(date(2003, 9, 29), date(2003, 10, 5))
_AT: Final = date(2003, 12, 31)
_EARLY: Final = datetime(2003, 11, 1, tzinfo=UTC)
_PLACES: Final = (Place("mentor", "North", date(2003, 1, 1), None, 12),)

# Every figure, every dimension, and each way to narrow one down, in as few questions as will do.
FIXED: Final[dict[str, Asked]] = {
    "stock": Asked("stock", at=_AT),
    "stock, by whose": Asked("stock", at=_AT, by=("target_group", "age_band", "county")),
    "stock, by background": Asked(
        "stock", at=_AT, by=("sex", "origin", "single_parent", "refugee_background")
    ),
    "stock, known early": Asked("stock", at=_AT, known_at=_EARLY, by=("office", "municipality")),
    "stock of measures": Asked(
        "stock", at=_AT, of="measure", by=("measure_group", "track", "provider", "programme")
    ),
    "stock of benefits": Asked("stock", at=_AT, of="benefit", by=("benefit", "role", "in_measure")),
    "stock of sanctions": Asked("stock", at=_AT, of="sanction", by=("sanction", "reason")),
    "stock of exemptions": Asked("stock", at=_AT, of="exemption", by=("reason", "unit")),
    "stock by spells of other kinds": Asked(
        "stock", at=_AT, by=("measure", "benefit", "sanction"), where={"track": ("ordinary",)}
    ),
    "stock of some": Asked(
        "stock",
        at=_AT,
        programme="tiltaksplan",
        where={"in_measure": (True,), "sex": ("female", None), "office": ("Aetat Moss", None)},
    ),
    "mean stock": Asked("stock", period=_WEEK, by=("jobseeker_status",)),
    "flow": Asked("flow", period=_PERIOD, by=("programme", "in_measure")),
    "flow of measures": Asked(
        "flow", period=_PERIOD, of="measure", by=("measure", "stop_reason", "benefit")
    ),
    "flow of duties": Asked("flow", period=_PERIOD, of="duty", by=("sex",)),
    "series": Asked("series", period=_PERIOD, by=("programme", "quarter")),
    "series by spells of other kinds": Asked(
        "series", period=_WEEK, every="week", by=("track",), where={"month": ("2003-10",)}
    ),
    "dwell": Asked("dwell", at=_AT, by=("programme", "destination"), curve=True),
    "dwell of a period's": Asked("dwell", at=_AT, of="measure", period=_PERIOD, by=("track",)),
    "exits": Asked("exits", at=date(2004, 2, 1), by=("destination", "month")),
    "exits, another window": Asked(
        "exits", at=_AT, period=_PERIOD, window=Length.parse("40d"), by=("year", "unit")
    ),
    "outcomes": Asked(
        "outcomes", at=_AT, horizons=(Length(months=1), Length(months=4)), by=("programme",)
    ),
    "returns": Asked("returns", at=date(2004, 6, 30), by=("sex",)),
    "funnel": Asked("funnel", period=_PERIOD, at=_AT, programme="tiltaksplan"),
    "funnel by": Asked("funnel", period=_PERIOD, at=_AT, by=("programme", "target_group")),
    "chains": Asked("chains", at=_AT, by=("track",)),
    "capacity": Asked("capacity", period=_WEEK, places=_PLACES),
    "duty": Asked("duty", period=_PERIOD, ages=(18, 30), by=("jobseeker_status",)),
    "nobody": Asked("exits", at=date(1990, 1, 1), by=("destination",)),
}

_SOME: Final[dict[str, Value]] = {
    "in_measure": True,
    "single_parent": True,
    "refugee_background": False,
    "measure": "training_amo",
    "track": "ordinary",
    "sex": "female",
    "programme": "kvp",
    "reason": "no_show",
    "benefit": "social_assistance",
    "target_group": "youth_20_24",
    "destination": "work",
    "month": "2003-09",
}


def random_question(rng: random.Random, position: int | None = None) -> Asked:
    """Any figure with any arguments; some by few spells, some by many, some that nobody is in."""
    figure = cast(Figure, rng.choice(get_args(Figure)))
    start = date(rng.choice((2003, 2003, 2022)), rng.randint(1, 12), rng.randint(1, 28))
    stop = start + timedelta(days=rng.choice((0, 1, 20, 100)))
    asked: dict[str, Any] = {"position": position}
    needed = figure in ("flow", "series", "funnel", "capacity", "duty")
    if needed or (figure in ("stock", "dwell", "exits") and rng.random() < 0.4):
        asked["period"] = Period.closed(start, stop)
    if figure in ("dwell", "exits", "outcomes", "returns", "funnel", "chains") or len(asked) == 1:
        asked["at"] = stop + timedelta(days=rng.choice((0, 30, 400)))
    if figure in ("stock", "flow", "series", "dwell"):
        asked["of"] = rng.choice(("enrolment", *KINDS))
    if figure == "series":
        asked["every"] = rng.choice(("week", "month", "quarter"))
    if figure == "dwell":
        asked["curve"] = rng.random() < 0.5
    if figure == "duty" and rng.random() < 0.5:
        asked["ages"] = (18, 30)
    if figure in ("exits", "outcomes") and rng.random() < 0.5:
        asked["window"] = Length.parse(rng.choice(("10d", "1m", "6m")))
    if rng.random() < 0.7:
        known = datetime(start.year, 1, 1, tzinfo=UTC)
        asked["known_at"] = known + timedelta(days=rng.randint(0, 500))
    if rng.random() < 0.2:
        asked["programme"] = rng.choice(("tiltaksplan", "intro", "kvp"))
    timed = figure in ("exits", "outcomes", "returns", "series")
    names = (*_PLAIN, *TIME) if timed else _PLAIN
    asked["by"] = tuple(rng.sample(names, rng.choice((0, 1, 1, 2, 3))))
    if rng.random() < 0.4:
        name = rng.choice(names)
        value = _SOME.get(name, True if name in BOOLEAN else None)
        asked["where"] = {name: (value,) if rng.random() < 0.7 else (value, None)}
    return Asked(figure, **asked)
