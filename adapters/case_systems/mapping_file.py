"""A mapping file: how the columns of somebody's own list become events, as TOML that people write.

source = "kommune"                 # the source of the events
encoding = "windows-1252"          # utf-8, if not said
separator = ";"                    # a comma, if not said
dates = ["dd.MM.yyyy"]             # as the list writes dates; yyyy-MM-dd, if not said
sheets = ["2024", "2025"]          # of a workbook (.xlsx); every sheet that has the columns, else
header = 1                         # the row of a workbook that has the names of the columns
id = ["Saksnr"]                    # the columns that tell one row's subject from another's
changed = "Endret"                 # optional: when the list knew it; else, when it came
ignored = ["Navn"]                 # columns that say nothing of a journey

[[leave_out]]                      # rows that are not to be read
column = "Status"
values = ["Feilregistrert"]

[[event]]                          # each row becomes each of these whose day is filled
type = "measure_stopped"
day = "Sluttdato"                  # the column of occurred_on
inclusive = true                   # it is the last day in: the event comes the day after
columns = { participant = "Fødselsnr", placement = "Saksnr", reason = "Årsak" }
constants = { }

[codes.reason]                     # what the list's words mean; another word: unknown
"Fullført" = "completed"
"Sluttet" = [ { means = "unknown", to = 2019-12-31 }, { means = "dropped_out", from = 2020-01-01 } ]
"""

from __future__ import annotations

import codecs
import re
import tomllib
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails

from adapters.case_systems.code_tables import CodeTable, Meaning
from domain.events import EVENT_TYPES
from domain.record import COLUMNS

_PARTS: Final = {
    "yyyy": "%Y", "yy": "%y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S",
}  # fmt: skip
_PART = re.compile("|".join(_PARTS))
_SET_BY_US = {"source", "event_id", "type", "occurred_on", "recorded_at", "replaces"}


class MappingFileError(ValueError):
    """A mapping file that cannot be used; the text says where in it, and what would be right."""


def _known_encoding(found: str) -> str:
    try:
        return codecs.lookup(found).name
    except LookupError:
        raise ValueError("no such encoding; use utf-8, windows-1252 or iso-8859-1") from None


def _whole_date(found: str) -> str:
    """A format that leaves a part out would read every day wrongly: `mm` is minutes."""
    parts = _PART.findall(found)
    for part, what in (
        ("y", "year, yyyy or yy"),
        ("MM", "month, MM (mm is minutes)"),
        ("d", "day, dd"),
    ):
        if not any(one.startswith(part) for one in parts):
            raise ValueError(f"{found!r} has no {what}; write it as dd.MM.yyyy")
    return found


def _known_type(found: str) -> str:
    if found not in EVENT_TYPES:
        raise ValueError(f"no such type of event; the types are {', '.join(EVENT_TYPES)}")
    return found


def _settable(found: dict[str, str]) -> dict[str, str]:
    for name in found:
        if name not in COLUMNS or name in _SET_BY_US:
            raise ValueError(f"{name} is not a column that can be mapped here")
    return found


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class LeaveOut(_Part):
    """Rows to leave out: those whose column has one of some values."""

    column: str
    values: frozenset[str]


class EventOf(_Part):
    """One event that a row may become. `name` tells two of one type apart."""

    type: Annotated[str, AfterValidator(_known_type)]
    day: str
    only_with: tuple[str, ...] = ()
    inclusive: bool = False
    name: str = ""
    columns: Annotated[dict[str, str], AfterValidator(_settable)]
    constants: Annotated[dict[str, str], AfterValidator(_settable)] = {}

    @model_validator(mode="after")
    def _is_about_somebody(self) -> EventOf:
        if "participant" not in {*self.columns, *self.constants}:
            raise ValueError("no column for participant; say whose event it is")
        return self


class Means(_Part):
    """What a word means from one day to another, both included."""

    means: str
    valid_from: date | None = Field(default=None, alias="from")
    valid_to: date | None = Field(default=None, alias="to")


class MappingFile(_Part):
    """A mapping, read and checked."""

    source: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,32}$")]
    encoding: Annotated[str, AfterValidator(_known_encoding)] = "utf-8"
    separator: Annotated[str, Field(min_length=1, max_length=1)] = ","
    dates: Annotated[
        tuple[Annotated[str, AfterValidator(_whole_date)], ...], Field(min_length=1)
    ] = ("yyyy-MM-dd",)
    sheets: tuple[str, ...] = ()
    header: Annotated[int, Field(ge=1)] = 1
    id: Annotated[tuple[str, ...], Field(min_length=1)]
    changed: str | None = None
    ignored: frozenset[str] = frozenset()
    leave_out: tuple[LeaveOut, ...] = ()
    event: Annotated[tuple[EventOf, ...], Field(min_length=1)]
    codes: dict[str, dict[str, str | list[Means]]] = {}

    @model_validator(mode="after")
    def _tells_events_apart(self) -> MappingFile:
        names = [event.name or event.type for event in self.event]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two events called {twice[0]}; give one of them a name of its own")
        return self

    @property
    def columns(self) -> Mapping[str, None]:
        """The columns of the list that are used, in the order in which the file names them."""
        used = [*self.id, self.changed, *(rule.column for rule in self.leave_out)]
        for event in self.event:
            used += [event.day, *event.only_with, *event.columns.values()]
        return dict.fromkeys(name for name in used if name is not None)

    @property
    def patterns(self) -> tuple[str, ...]:
        """The date formats as `strptime` knows them."""
        return tuple(_PART.sub(lambda part: _PARTS[part[0]], text) for text in self.dates)

    @property
    def table(self) -> CodeTable:
        """The words of the list and what they mean, by the contract's column."""
        return CodeTable(
            {
                column: {word: _meanings(means) for word, means in words.items()}
                for column, words in self.codes.items()
            }
        )


def _meanings(means: str | list[Means]) -> tuple[Meaning, ...]:
    if isinstance(means, str):
        return (Meaning(means, None, None),)
    return tuple(Meaning(each.means, each.valid_from, each.valid_to) for each in means)


def _said(detail: ErrorDetails) -> str:
    """A mistake in this file's own words; pydantic's where it has found one that we do not."""
    match detail["type"]:
        case "value_error":
            return str(detail["ctx"]["error"])
        case "extra_forbidden":
            return f"there is no such key; {_keys_at(detail['loc'])}"
        case "missing":
            return "missing; give it"
    return detail["msg"]


def _keys_at(place: tuple[int | str, ...]) -> str:
    """The keys that the part of the file has in which there is one too many."""
    parts: Mapping[str, type[_Part]] = {"event": EventOf, "leave_out": LeaveOut}
    part = parts.get(str(place[0]), Means) if len(place) > 1 else MappingFile
    return f"there are {', '.join(field.alias or n for n, field in part.model_fields.items())}"


def read_mapping(text: str) -> MappingFile:
    """A mapping from the text of its file. Raises MappingFileError, with every mistake in it."""
    try:
        return MappingFile.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise MappingFileError(f"not TOML: {error}") from None
    except ValidationError as error:
        wrong = [
            f"{'.'.join(str(part) for part in detail['loc']) or 'mapping'}: {_said(detail)}"
            for detail in error.errors(include_url=False)
        ]
        raise MappingFileError("; ".join(wrong)) from None
