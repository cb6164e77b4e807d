"""Histories and questions that nobody would think of, to hold the engines against each other."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

from hypothesis import strategies as st

from adapters.answers import Asked
from domain.calendar import Length, Period
from projections.question import DIMENSIONS, TIME, Figure, Place

_START = date(2003, 1, 20)
DAYS = st.integers(0, 400).map(lambda days: _START + timedelta(days=days))
_FEW_DAYS = st.integers(0, 40).map(lambda days: _START + timedelta(days=days))
_INSTANTS = st.integers(0, 60 * 24).map(
    lambda hours: datetime(2003, 1, 20, 8, tzinfo=UTC) + timedelta(hours=hours)
)
_PEOPLE = st.sampled_from(["P1", "P2", "P3"])
_PROGRAMMES = st.sampled_from(["tiltaksplan", "kvp"])
_OFFICES = st.sampled_from([None, "Aetat Moss", "Aetat Oslo", "Somewhere"])
_PLACEMENTS = st.sampled_from(["T1", "T2", "T3"])
_DESTINATIONS = st.sampled_from(["work", "school", "unknown", "unemployed"])
_FLAGS = st.sampled_from(["true", "false", None])

_FIELDS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "registered": {
        "office": _OFFICES,
        "municipality": st.sampled_from([None, "Moss", "Oslo", "Elsewhere"]),
        "birth_date": st.sampled_from(
            [None, "1980-02-29", "1978-12-31", "1983-03-01", "2003-01-25"]
        ),
        "sex": st.sampled_from([None, "female", "male", "unknown"]),
        "origin": st.sampled_from([None, "norway", "unknown"]),
        "single_parent": _FLAGS,
        "refugee_background": _FLAGS,
    },
    "referred": {"programme": st.none() | _PROGRAMMES, "office": _OFFICES},
    "met": {"kind": st.just("three_party"), "attended": st.sampled_from(["true", "false"])},
    "assessed": {"kind": st.sampled_from(["kvp", "work_capacity"])},
    "enrolled": {"programme": _PROGRAMMES, "office": _OFFICES},
    "reentered": {"programme": _PROGRAMMES, "office": _OFFICES},
    "exited": {"programme": _PROGRAMMES, "destination": _DESTINATIONS},
    "status_changed": {"status": st.sampled_from(["fully_unemployed", "other_jobseeker"])},
    "measure_started": {
        "measure": st.sampled_from(["training_amo", "wage_subsidy", "jobbmestring"]),
        "placement": _PLACEMENTS,
        "track": st.sampled_from(["ordinary", "reduced_capacity", "unknown"]),
        "provider": st.sampled_from([None, "AOF", "SOL"]),
        "programme": st.none() | _PROGRAMMES,
    },
    "measure_stopped": {
        "placement": _PLACEMENTS,
        "reason": st.sampled_from(["completed", "to_work"]),
    },
    "duty_imposed": {},
    "duty_exempted": {"reason": st.sampled_from(["school", "kvp"])},
    "duty_ended": {},
    "benefit_started": {
        "benefit": st.sampled_from(["social_assistance", "measure_allowance"]),
        "role": st.sampled_from(["main", "supplementary"]),
    },
    "benefit_stopped": {"benefit": st.sampled_from(["social_assistance", "measure_allowance"])},
    "sanctioned": {
        "sanction": st.sampled_from(["deduction", "suspension"]),
        "reason": st.just("no_show"),
    },
    "sanction_lifted": {},
    "outcome_observed": {"outcome": _DESTINATIONS, "method": st.just("survey")},
}
# What comes often in life comes often here: a history of nothing but oddities folds to nothing.
_TYPES = st.sampled_from(
    [*_FIELDS, *["enrolled", "exited", "reentered", "measure_started", "measure_stopped"] * 3]
)


@st.composite
def rows(draw: st.DrawFn, most: int = 30) -> list[dict[str, Any]]:
    """Rows of a few participants, in the order in which they are handed in; many will be held."""
    made: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, most))):
        if made and draw(st.integers(0, 6)) == 0:
            made.append(_replacing(draw, number, draw(st.sampled_from(made))))
            continue
        type_ = draw(_TYPES)
        made.append(_row(draw, number, type_, draw(_PEOPLE)))
    if draw(st.integers(0, 5)) == 0:
        made.append(_row(draw, len(made), "linked", "P1") | {"same_as": "P2"})
    return made


def _row(draw: st.DrawFn, number: int, type_: str, participant: str) -> dict[str, Any]:
    occurred_on = draw(_FEW_DAYS if draw(st.booleans()) else DAYS)
    row = {
        "source": "s",
        "event_id": f"E{number}",
        "participant": participant,
        "type": type_,
        "occurred_on": occurred_on.isoformat(),
        "recorded_at": draw(_INSTANTS).isoformat(),
    }
    if type_ == "sanctioned" and draw(st.booleans()):
        until = occurred_on + timedelta(days=draw(st.integers(1, 60)))
        row["until"] = until.isoformat()
    fields = _FIELDS.get(type_, {})
    return row | {name: value for name, one in fields.items() if (value := draw(one)) is not None}


def _replacing(draw: st.DrawFn, number: int, target: dict[str, Any]) -> dict[str, Any]:
    type_ = draw(st.sampled_from([target["type"], target["type"], "voided"]))
    row = _row(draw, number, type_, target["participant"])
    if type_ == "linked":
        row["same_as"] = "P2" if target["participant"] == "P1" else "P1"
    return row | {"replaces": target["event_id"]}


_FIGURES: tuple[Figure | Literal["mean"], ...] = (
    "stock",
    "mean",
    "flow",
    "series",
    "dwell",
    "exits",
    "outcomes",
    "returns",
    "funnel",
    "chains",
    "capacity",
    "duty",
)


@st.composite
def questions(draw: st.DrawFn, last_position: int) -> Asked:
    """Any figure, with any of its arguments."""
    figure = draw(st.sampled_from(_FIGURES))
    first = draw(DAYS)
    given: dict[str, Any] = {"known_at": draw(st.none() | _INSTANTS)}
    if figure in ("mean", "flow", "series", "funnel", "capacity", "duty") or draw(st.booleans()):
        length = draw(st.sampled_from([0, 1, 6, 40, 120]))
        given["period"] = Period.closed(first, first + timedelta(days=length))
    if figure == "stock":
        given.pop("period", None)
    if figure in ("stock", "dwell", "exits", "outcomes", "returns", "funnel", "chains"):
        given["at"] = draw(DAYS) + timedelta(days=draw(st.sampled_from([0, 0, 100, 900])))
    if figure == "chains":
        given.pop("period", None)
    given |= _own_arguments(draw, figure)
    names = [name for name in DIMENSIONS if name not in TIME]
    if figure in ("exits", "outcomes", "returns", "series"):
        names += TIME
    own = {"chains": "measure", "capacity": "measure provider", "duty": "reason"}.get(figure, "")
    names = [name for name in names if name not in own.split()]
    given["by"] = tuple(draw(st.lists(st.sampled_from(names), max_size=3, unique=True)))
    if draw(st.integers(0, 3)) == 0:
        name = draw(st.sampled_from(sorted(_VALUES)))
        given["where"] = {name: tuple(draw(st.lists(_VALUES[name], min_size=1, max_size=2)))}
    if draw(st.integers(0, 4)) == 0:
        given["programme"] = draw(_PROGRAMMES)
    if draw(st.integers(0, 3)) == 0:
        given["position"] = draw(st.integers(0, last_position))
    return Asked("stock" if figure == "mean" else figure, **given)


_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "sex": st.sampled_from(["female", "unknown", None]),
    "target_group": st.sampled_from(["youth_20_24", "single_parent", "long_term"]),
    "in_measure": st.booleans(),
    "measure": st.sampled_from(["training_amo", "jobbmestring", None]),
    "track": st.sampled_from(["ordinary", None]),
    "provider": st.sampled_from(["AOF", None]),
    "programme": st.sampled_from(["kvp", "tiltaksplan", None]),
    "reason": st.sampled_from(["no_show", "school", None]),
    "benefit": st.sampled_from(["social_assistance", None]),
    "county": st.sampled_from(["Østfold", None]),
    "destination": st.sampled_from(["work", "unknown", None]),
    "stop_reason": st.sampled_from(["completed", None]),
}


def _own_arguments(draw: st.DrawFn, figure: str) -> dict[str, Any]:
    kinds = ["enrolment", "enrolment", "measure", "sanction", "duty", "exemption", "benefit"]
    given: dict[str, Any] = {}
    if figure in ("stock", "mean", "flow", "series", "dwell"):
        given["of"] = draw(st.sampled_from(kinds))
    if figure == "series":
        given["every"] = draw(st.sampled_from(["week", "month", "quarter", "year"]))
    if figure == "dwell":
        given["curve"] = draw(st.booleans())
    if figure in ("exits", "outcomes", "funnel"):
        given["window"] = draw(
            st.sampled_from([Length(months=3), Length(days=10), Length(days=90)])
        )
    if figure == "outcomes":
        given["horizons"] = (Length(months=1), Length(months=6))
    if figure == "duty":
        given["ages"] = draw(st.sampled_from([None, (18, 30), (24, None)]))
    if figure == "capacity":
        there = (
            Place("jobbmestring", None, _START, None, 3),
            Place("training_amo", "AOF", _START, _START + timedelta(days=50), 2),
        )
        given["places"] = draw(st.sampled_from([(), there]))
    return given
