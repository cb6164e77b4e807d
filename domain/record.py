"""The event record of the contract: one row of named cells becomes one event, or its problems."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pydantic import ValidationError

from domain.codes import Profile
from domain.events import EVENT_TYPES, Event, show_value

COLUMNS: Final = (
    "source", "event_id", "participant", "type", "occurred_on", "recorded_at", "replaces",
    "programme", "office", "municipality", "measure", "placement", "track", "provider", "reason",
    "kind", "result", "attended", "status", "sanction", "until", "benefit", "role", "destination",
    "outcome", "method", "birth_date", "sex", "origin", "single_parent", "refugee_background",
    "days_per_week", "percent", "same_as", "note",
)  # fmt: skip
REQUIRED_COLUMNS: Final = ("source", "event_id", "participant", "type", "occurred_on")
_USED: Final = {
    name: frozenset(cls.model_fields) - {"stamped"} | {"participant", "type"}
    for name, cls in EVENT_TYPES.items()
}
_KNOWN: Final = frozenset(COLUMNS)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a row: the column (empty for the row itself), what is there, and why.

    `why` also says what would be right.
    """

    column: str
    found: str | None
    why: str

    def __str__(self) -> str:
        if not self.column:
            return self.why
        found = "is empty" if self.found is None else f"{_shortened(self.found)!r}"
        return f"{self.column} {found}: {self.why}"


def _shortened(text: str, length: int = 60) -> str:
    return text if len(text) <= length else f"{text[:length]}…"


@dataclass(frozen=True, slots=True)
class Record:
    """A row that reads: whose event it is, and the event."""

    participant: str
    event: Event


def read_record(
    cells: Mapping[str, Any],
    profile: Profile,
    handed_in_at: datetime,
    latest_at: datetime | None = None,
) -> Record | list[Problem]:
    """One row, read; or everything that is wrong with it.

    `cells` are the cells by column, absent or empty where there is nothing: text, or typed dates,
    times and booleans. `handed_in_at` is the recording time of a row that brings none, `latest_at`
    (by default the same) the last one that is not to come.
    """
    filled = {name: value for name, value in cells.items() if value is not None and value != ""}
    problems = []
    type_name = filled.pop("type", None)
    cls = EVENT_TYPES.get(type_name) if isinstance(type_name, str) else None
    if cls is None:
        problems.append(_type_problem(type_name))
    participant = filled.pop("participant", None)
    if (wrong := _participant_problem(participant)) is not None:
        problems.append(wrong)
    problems += [
        Problem(name, show_value(filled.pop(name)), "no such column; " + _nearest_column(name))
        for name in list(filled)
        if name not in _KNOWN
    ]
    if cls is None:
        return problems
    used = _USED[cls.TOPIC]
    for name in [name for name in filled if name not in used]:
        why = f"{cls.TOPIC} does not use this column; leave it empty"
        problems.append(Problem(name, show_value(filled.pop(name)), why))
    if "recorded_at" not in filled:
        filled["recorded_at"] = handed_in_at
        filled["stamped"] = True
    try:
        event = cls.model_validate(filled, context=profile)
    except ValidationError as error:
        return problems + _problems_of(error, cls)
    problems += _problems_between(event, latest_at or handed_in_at)
    if problems:
        return problems
    return Record(str(participant), event)


def _type_problem(found: object) -> Problem:
    if not isinstance(found, str):
        return Problem("type", None if found is None else str(found), "give the event's type")
    near = difflib.get_close_matches(found.lower(), EVENT_TYPES, n=3, cutoff=0.5)
    return Problem(
        "type", found, "no such type of event; nearest: " + ", ".join(near or sorted(EVENT_TYPES))
    )


def _participant_problem(found: object) -> Problem | None:
    if found is None:
        return Problem("participant", None, "missing; say whose event it is")
    if not isinstance(found, str):
        return Problem("participant", str(found), "not text; put it in quotation marks")
    if len(found) > 64:
        return Problem("participant", None, f"{len(found)} characters long; at most 64 are allowed")
    if "\x00" in found or any("\ud800" <= char <= "\udfff" for char in found):
        return Problem("participant", None, "holds a NUL character or bytes that are not UTF-8")
    return None


def _nearest_column(name: str) -> str:
    near = difflib.get_close_matches(str(name).lower(), COLUMNS, n=2, cutoff=0.6)
    return f"nearest: {', '.join(near)}" if near else f"the columns are {', '.join(COLUMNS)}"


def _problems_of(error: ValidationError, cls: type[Event]) -> list[Problem]:
    problems = []
    for detail in error.errors(include_url=False):
        column = str(detail["loc"][0])
        if detail["type"] == "missing":
            problems.append(Problem(column, None, f"missing; {cls.TOPIC} needs it"))
        else:
            why = str(detail.get("ctx", {}).get("error", detail["msg"]))
            found = detail["input"]
            problems.append(Problem(column, None if found is None else show_value(found), why))
    return problems


def _problems_between(event: Event, latest_at: datetime) -> list[Problem]:
    problems = []
    if event.recorded_at > latest_at and not event.stamped:
        why = "a time to come; a source cannot have registered it yet"
        problems.append(Problem("recorded_at", show_value(event.recorded_at), why))
    if event.replaces == event.event_id:
        why = "the event's own id; name the event whose place it takes"
        problems.append(Problem("replaces", event.replaces, why))
    return problems


def to_row(participant: str, event: Event) -> dict[str, str]:
    """The row that an event came from: its cells as text, by column, only those that are set."""
    row = {"participant": participant, "type": event.TOPIC}
    for name, value in event.__dict__.items():
        if (
            value is not None
            and name != "stamped"
            and not (name == "recorded_at" and event.stamped)
        ):
            row[name] = show_value(value)
    return {name: row[name] for name in COLUMNS if name in row}
