"""Random histories: every type of event, late, corrected, annulled, some without a place."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, TypeAlias

from adapters.profiles import default_profile

Cells: TypeAlias = dict[str, Any]
Choices: TypeAlias = dict[str, tuple[Any, ...]]
_FIRST: Final = date(2003, 1, 1)


def _codes(name: str, number: int = 4) -> tuple[str, ...]:
    return tuple(default_profile().lists[name])[:number]


_WHERE: Final[Choices] = {
    "office": ("Aetat Moss", "Aetat Bodø", "Nowhere's office", None),
    "municipality": ("Moss", "Bodø", None),
}
_PROGRAMME: Final[Choices] = {"programme": _codes("programme", 3)}
_PLACEMENT: Final[Choices] = {"placement": ("a", "b", "c")}
_BENEFIT: Final[Choices] = {"benefit": _codes("benefit", 3)}
_DESTINATION: Final = (*_codes("destination", 2), "unknown", "unknown")
# How often each type comes, and what each of its columns may hold.
_TYPES: Final[dict[str, tuple[int, Choices]]] = {
    "registered": (
        4,
        _WHERE
        | {
            "birth_date": ("1981-02-28", "1984-02-29", "1990-07-01", "2003-06-01", None),
            "sex": ("male", "female", None),
            "origin": (*_codes("origin"), None),
            "single_parent": (True, False, None),
            "refugee_background": (True, False, None),
        },
    ),
    "referred": (3, {"programme": (*_codes("programme", 3), None), **_WHERE}),
    "met": (2, {"kind": _codes("meeting_kind"), "attended": (True, False)}),
    "assessed": (2, {"kind": ("kvp", *_codes("assessment_kind", 2))}),
    "enrolled": (6, _PROGRAMME | _WHERE),
    "exited": (6, _PROGRAMME | {"destination": _DESTINATION}),
    "reentered": (4, _PROGRAMME | _WHERE),
    "measure_started": (
        6,
        _PLACEMENT
        | {
            "measure": _codes("measure"),
            "track": ("ordinary", "reduced_capacity"),
            "provider": ("North", None),
        },
    ),
    "measure_stopped": (5, _PLACEMENT | {"reason": _codes("stop_reason")}),
    "benefit_started": (
        4,
        _BENEFIT | {"benefit": ("social_assistance", *_codes("benefit", 2)), "role": ("main",)},
    ),
    "benefit_stopped": (3, {"benefit": ("social_assistance", *_codes("benefit", 2))}),
    "duty_imposed": (2, {}),
    "duty_exempted": (2, {"reason": _codes("exemption_reason")}),
    "duty_ended": (1, {}),
    "sanctioned": (
        2,
        {"sanction": _codes("sanction"), "reason": _codes("sanction_reason")}
        | {"until": ("2003-12-24", None)},
    ),
    "sanction_lifted": (1, {}),
    "status_changed": (2, {"status": _codes("jobseeker_status")}),
    "outcome_observed": (3, {"outcome": _DESTINATION, "method": _codes("method", 2)}),
}
_WEIGHTS: Final = [weight for weight, _ in _TYPES.values()]


def histories(rng: random.Random, participants: int) -> Iterator[Cells]:
    """Rows to append, one participant's after another; some will be held or rejected."""
    for number in range(participants):
        rows = _history(rng, f"R{number:05}")
        # In the order of days most rows find a place at once; what has none comes in the others.
        yield from rows if rng.random() < 0.2 else sorted(rows, key=_in_order)


def _in_order(row: Cells) -> tuple[bool, date]:
    return "replaces" in row, row["occurred_on"]


def _history(rng: random.Random, participant: str) -> list[Cells]:
    rows: list[Cells] = []
    for index in range(rng.randint(1, 22)):
        topic = rng.choices(list(_TYPES), _WEIGHTS)[0]
        day = _FIRST + timedelta(days=rng.randint(0, 300))
        known = datetime(day.year, day.month, day.day, rng.randint(0, 23), tzinfo=UTC)
        own: Cells = {
            "source": "random",
            "event_id": f"{participant}-{index}",
            "participant": participant,
            "recorded_at": known + timedelta(days=rng.choice((0, 0, 0, 1, 40, 200))),
        }
        chosen = {name: rng.choice(values) for name, values in _TYPES[topic][1].items()}
        told = {"type": topic, "occurred_on": day} | chosen
        if rows and rng.random() < 0.15:
            told = _replacing(rng, rng.choice(rows))
        rows.append(told | own)
    return rows


def _replacing(rng: random.Random, target: Cells) -> Cells:
    """A correction of another row, on its day or later, or its annulment."""
    if rng.random() < 0.4:
        told = {"type": "voided", "occurred_on": target["occurred_on"]}
    else:
        later = timedelta(days=rng.choice((0, 0, 3, 20)))
        told = target | {"occurred_on": target["occurred_on"] + later}
    return told | {"replaces": target["event_id"]}
