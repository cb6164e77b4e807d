"""The event record of the contract: one row of named cells becomes one event, or its problems."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pydantic import ValidationError

from domain.codes import Profile
from domain.composing import Record, composers
from domain.events import EVENT_TYPES, Event, Linked, Unlinked, show_value

__all__ = [
    "COLUMNS", "REQUIRED_COLUMNS", "Problem", "Record", "masked", "read_plainly", "read_record",
    "to_row", "without_natural_keys",
]  # fmt: skip

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
_IDENTITY_NUMBER: Final = re.compile(r"(?<!\d)\d{6} ?\d{5}(?!\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a row: the column (empty for the row itself), what is there, and why.

    `why` also says what would be right.
    """

    column: str
    found: str | None
    why: str

    def __str__(self) -> str:
        """The problem as it may be shown: no natural key in full, nothing of a note."""
        if not self.column:
            return without_natural_keys(self.why)
        if self.found is not None and self.column == "note":
            return f"note: {self.why}"
        found = "is empty" if self.found is None else f"{_shown(self.column, self.found)!r}"
        return without_natural_keys(f"{_shortened(self.column)} {found}: {self.why}")


def masked(natural_key: str) -> str:
    """A natural key as it may be shown: its first two characters."""
    return f"{natural_key[:2]}…" if len(natural_key) > 2 else "…"


def without_natural_keys(text: str, natural_key: str | None = None) -> str:
    """A message without the natural key of its row, and without any eleven-digit identity number.

    A key of less than five characters stands in too many words to be told from them.
    """
    if natural_key is not None and len(natural_key) >= 5:
        text = text.replace(natural_key, masked(natural_key))
    return _IDENTITY_NUMBER.sub(lambda found: masked(found[0]), text)


def _shown(column: str, found: str) -> str:
    return masked(found) if column == "participant" else _shortened(found)


def _shortened(text: str, length: int = 60) -> str:
    return text if len(text) <= length else f"{text[:length]}…"


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
    latest_at = latest_at or handed_in_at
    return _composed(cells, profile, handed_in_at, latest_at) or read_plainly(
        cells, profile, handed_in_at, latest_at
    )


def _composed(
    cells: Mapping[str, Any], profile: Profile, handed_in_at: datetime, latest_at: datetime
) -> Record | None:
    """The short way, by which nearly every row is read."""
    topic = cells.get("type")
    composer = composers(profile).get(topic) if isinstance(topic, str) else None
    if composer is None:
        return None
    found = list(map(cells.get, composer.columns))
    filled = sum(value is not None and value != "" for value in cells.values())
    return composer.compose(found, filled, handed_in_at, latest_at)


def read_plainly(
    cells: Mapping[str, Any], profile: Profile, handed_in_at: datetime, latest_at: datetime
) -> Record | list[Problem]:
    """One row, read by the definition of its event: what `read_record` gives, and says."""
    filled = {name: value for name, value in cells.items() if value is not None and value != ""}
    type_name, participant = filled.pop("type", None), filled.pop("participant", None)
    cls = EVENT_TYPES.get(type_name) if isinstance(type_name, str) else None
    wrong = _participant_problem(participant)
    problems = [] if cls is not None else [_type_problem(type_name)]
    problems += [] if wrong is None else [wrong]
    problems += _column_problems(filled, cls)
    if cls is None:
        return problems
    if "recorded_at" not in filled:
        filled |= {"recorded_at": handed_in_at, "stamped": True}
    try:
        found = cls.model_validate(filled, context=profile)
    except ValidationError as error:
        return problems + _problems_of(error, cls)
    problems += _problems_between(participant, found, latest_at)
    return problems or Record(str(participant), found)


def _column_problems(filled: dict[str, Any], cls: type[Event] | None) -> list[Problem]:
    """Cells in columns that do not exist, or that the type does not use; they are taken out."""
    problems = []
    used = _KNOWN if cls is None else _USED[cls.TOPIC]
    for name in [name for name in filled if name not in used]:
        if name in _KNOWN and cls is not None:
            why = f"{cls.TOPIC} does not use this column; leave it empty"
        else:
            why = "no such column; " + _nearest_column(name)
        problems.append(Problem(name, show_value(filled.pop(name)), why))
    return problems


def _type_problem(found: object) -> Problem:
    if not isinstance(found, str):
        return Problem("type", None if found is None else str(found), "give the event's type")
    near = difflib.get_close_matches(found.lower(), EVENT_TYPES, n=3, cutoff=0.5)
    known = f"nearest: {', '.join(near)}" if near else f"the types are {', '.join(EVENT_TYPES)}"
    return Problem("type", found, f"no such type of event; {known}")


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


def _problems_between(participant: object, event: Event, latest_at: datetime) -> list[Problem]:
    problems = []
    if event.recorded_at > latest_at and not event.stamped:
        why = "a time to come; a source cannot have registered it yet"
        problems.append(Problem("recorded_at", show_value(event.recorded_at), why))
    if event.replaces == event.event_id:
        why = "the event's own id; name the event whose place it takes"
        problems.append(Problem("replaces", event.replaces, why))
    if isinstance(event, Linked | Unlinked) and event.same_as == participant:
        why = "the participant's own key; name the other one"
        problems.append(Problem("same_as", "…", why))
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
