"""Every event type: frozen, validated, with a fixed topic and a schema version.

The columns and codes are those of the public contract, section 2. A model is also the reader of
its own row: `Event` subclasses take text as it stands in a file and say, in words for the person
who must mend it, what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Final, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo

from domain.calendar import as_instant, parse_day, parse_instant, show_instant
from domain.codes import Profile

_SOURCE = re.compile(r"[a-z0-9_-]{1,32}", re.ASCII)
_LONE = re.compile("[\ud800-\udfff]")  # how bytes that are not UTF-8 stand in a text
_NUMBER = re.compile(r"\d{1,3}(\.\d{1,2})?", re.ASCII)


def read_day(found: object) -> date:
    """A date, given as one or as ISO text; ValueError says what would be right."""
    if isinstance(found, str):
        return parse_day(found)
    if isinstance(found, date) and not isinstance(found, datetime):
        return found
    raise ValueError("not a date; write it as 2003-12-31")


def read_instant(found: object) -> datetime:
    """A time, given as one or as ISO text, in UTC; ValueError says what would be right."""
    if isinstance(found, str):
        return parse_instant(found)
    if isinstance(found, datetime):
        return as_instant(found)
    raise ValueError("not a time; write it as 2003-12-31T14:15:00+01:00")


def _read_flag(found: object) -> bool:
    if found is True or found == "true":
        return True
    if found is False or found == "false":
        return False
    raise ValueError("neither true nor false; write one of those two")


def _read_number(found: object) -> float:
    if isinstance(found, (int, float)) and not isinstance(found, bool):
        found = f"{found:g}"
    if isinstance(found, str) and _NUMBER.fullmatch(found):
        return float(found)
    raise ValueError("not a number of at most two decimals; write it as 2.5")


def _up_to(highest: int) -> Callable[[float], float]:
    def check(found: float) -> float:
        if found > highest:
            raise ValueError(f"more than {highest}")
        return found

    return check


def read_text(found: object) -> str:
    """Text that both databases and JSON can keep; ValueError says what would be right."""
    if not isinstance(found, str):
        raise ValueError("not text; put it in quotation marks")
    if "\x00" in found:
        raise ValueError("holds a NUL character; leave it out")
    if not found.isascii() and _LONE.search(found):
        raise ValueError("holds bytes that are not UTF-8; save the file as UTF-8")
    return found


def _at_most(length: int) -> Callable[[str], str]:
    def check(found: str) -> str:
        if len(found) > length:
            raise ValueError(f"{len(found)} characters long; at most {length} are allowed")
        return found

    return check


def source_name(found: str) -> str:
    """The name of a source; ValueError where it cannot be one."""
    if not _SOURCE.fullmatch(found):
        raise ValueError("not a source's name; use 1 to 32 of a-z, 0-9, _ and -")
    return found


class CodeOf:
    """A field that takes a code of one list of the profile."""

    def __init__(self, list_name: str) -> None:
        self.list_name = list_name

    def __call__(self, found: str, info: ValidationInfo) -> str:
        """Checks against the profile in the context; stored events were checked when they came."""
        profile: Profile | None = info.context
        if profile is not None and not profile.has(self.list_name, found):
            near = profile.nearest(self.list_name, found)
            known = near or sorted(profile.lists[self.list_name])
            told = f"{'nearest' if near else 'the codes are'}: {', '.join(known)}"
            raise ValueError(f"not a code of the list {self.list_name}; {told}")
        return found


def _code(list_name: str) -> AfterValidator:
    return AfterValidator(CodeOf(list_name))


Day: TypeAlias = Annotated[date, BeforeValidator(read_day)]
Instant: TypeAlias = Annotated[datetime, BeforeValidator(read_instant)]
Flag: TypeAlias = Annotated[bool, BeforeValidator(_read_flag)]
Number: TypeAlias = Annotated[float, BeforeValidator(_read_number)]
Text: TypeAlias = Annotated[str, BeforeValidator(read_text)]
Source: TypeAlias = Annotated[Text, AfterValidator(source_name)]
Key: TypeAlias = Annotated[Text, AfterValidator(_at_most(64))]
EventId: TypeAlias = Annotated[Text, AfterValidator(_at_most(128))]


class Event(BaseModel):
    """One immutable fact about one participant, from one source.

    `stamped` tells that the source gave no `recorded_at`, and the store put the time at which the
    row was first handed in.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    TOPIC: ClassVar[str] = ""
    VERSION: ClassVar[int] = 1

    source: Source
    event_id: EventId
    occurred_on: Day
    recorded_at: Instant
    stamped: bool = False
    replaces: EventId | None = None
    note: Text | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What makes an event the same event: its source, and its id there."""
        return self.source, self.event_id

    @property
    def replaced_key(self) -> tuple[str, str] | None:
        return None if self.replaces is None else (self.source, self.replaces)

    def same_content(self, other: Event) -> bool:
        """Whether two deliveries say the same, as values; a time the store stamped equals any."""
        if type(self) is not type(other):
            return False
        if self.stamped or other.stamped:
            ignored = {"recorded_at", "stamped"}
            return self.model_dump(exclude=ignored) == other.model_dump(exclude=ignored)
        return self == other


class Registered(Event):
    TOPIC = "registered"
    office: Text | None = None
    municipality: Text | None = None
    birth_date: Day | None = None
    sex: Annotated[Text, _code("sex")] | None = None
    origin: Annotated[Text, _code("origin")] | None = None
    single_parent: Flag | None = None
    refugee_background: Flag | None = None


class Referred(Event):
    TOPIC = "referred"
    programme: Annotated[Text, _code("programme")] | None = None
    office: Text | None = None
    municipality: Text | None = None


class Met(Event):
    TOPIC = "met"
    kind: Annotated[Text, _code("meeting_kind")]
    attended: Flag


class Assessed(Event):
    TOPIC = "assessed"
    kind: Annotated[Text, _code("assessment_kind")]
    result: Text | None = None


class Enrolled(Event):
    TOPIC = "enrolled"
    programme: Annotated[Text, _code("programme")]
    office: Text | None = None
    municipality: Text | None = None


class Reentered(Event):
    TOPIC = "reentered"
    programme: Annotated[Text, _code("programme")]
    office: Text | None = None
    municipality: Text | None = None


class Exited(Event):
    TOPIC = "exited"
    programme: Annotated[Text, _code("programme")]
    destination: Annotated[Text, _code("destination")]


class StatusChanged(Event):
    TOPIC = "status_changed"
    status: Annotated[Text, _code("jobseeker_status")]


class MeasureStarted(Event):
    TOPIC = "measure_started"
    measure: Annotated[Text, _code("measure")]
    placement: Text
    track: Annotated[Text, _code("track")]
    programme: Annotated[Text, _code("programme")] | None = None
    provider: Text | None = None


class MeasureStopped(Event):
    TOPIC = "measure_stopped"
    placement: Text
    reason: Annotated[Text, _code("stop_reason")]


def _says_how_much(percent: float | None, info: ValidationInfo) -> float | None:
    if percent is None and info.data.get("days_per_week", "wrong itself") is None:
        raise ValueError("missing, as days_per_week is; give one of them")
    return percent


class IntensityChanged(Event):
    """How much of the week a placement takes from `occurred_on` on, until the next such event.

    Days a week (0-7), percent of full time (0-100), or both.
    """

    TOPIC = "intensity_changed"
    placement: Text
    days_per_week: Annotated[Number, AfterValidator(_up_to(7))] | None = None
    percent: Annotated[
        Annotated[Number, AfterValidator(_up_to(100))] | None, AfterValidator(_says_how_much)
    ] = Field(default=None, validate_default=True)


class DutyImposed(Event):
    TOPIC = "duty_imposed"


class DutyExempted(Event):
    TOPIC = "duty_exempted"
    reason: Annotated[Text, _code("exemption_reason")]


class DutyEnded(Event):
    TOPIC = "duty_ended"


class BenefitStarted(Event):
    TOPIC = "benefit_started"
    benefit: Annotated[Text, _code("benefit")]
    role: Annotated[Text, _code("role")]


class BenefitStopped(Event):
    TOPIC = "benefit_stopped"
    benefit: Annotated[Text, _code("benefit")]
    role: Annotated[Text, _code("role")] | None = None


class Linked(Event):
    """The participant and `same_as` are keys of one person, as known from `recorded_at` on.

    In a row `same_as` is the other key as the case systems share it; in the log it is the id that
    the store gave that participant, in hex.

    Each key keeps its own history, and is sound or not by itself; persons are counted together.
    """

    TOPIC = "linked"
    same_as: Key


class Unlinked(Event):
    """The participant and `same_as` turn out to be two persons: ends what `linked` said."""

    TOPIC = "unlinked"
    same_as: Key


def _after_the_start(until: date, info: ValidationInfo) -> date:
    occurred_on = info.data.get("occurred_on")
    if occurred_on is not None and until <= occurred_on:
        raise ValueError(f"not after occurred_on, {occurred_on}; give the first day without it")
    return until


class Sanctioned(Event):
    TOPIC = "sanctioned"
    sanction: Annotated[Text, _code("sanction")]
    reason: Annotated[Text, _code("sanction_reason")]
    until: Annotated[Day, AfterValidator(_after_the_start)] | None = None


class SanctionLifted(Event):
    TOPIC = "sanction_lifted"


class OutcomeObserved(Event):
    TOPIC = "outcome_observed"
    outcome: Annotated[Text, _code("destination")]
    method: Annotated[Text, _code("method")]
    programme: Annotated[Text, _code("programme")] | None = None


class Voided(Event):
    """The annulment of the event that it replaces; it says nothing else."""

    TOPIC = "voided"
    replaces: EventId  # required here, optional elsewhere


class Withdrawn(Voided):
    """The annulment of an event that may have been replaced already, by something recorded later.

    A source's older message can arrive after a newer one. What was derived from the newer one is
    then wrong for the time between the two, and an event is replaced only once: so its end, which
    the later replacement set, could not be moved to where it belongs. The earliest end holds.
    """

    TOPIC = "withdrawn"


EVENT_TYPES: Final[Mapping[str, type[Event]]] = {
    cls.TOPIC: cls
    for cls in (
        Registered,
        Referred,
        Met,
        Assessed,
        Enrolled,
        StatusChanged,
        MeasureStarted,
        MeasureStopped,
        IntensityChanged,
        DutyImposed,
        DutyExempted,
        DutyEnded,
        BenefitStarted,
        BenefitStopped,
        Sanctioned,
        SanctionLifted,
        Exited,
        Reentered,
        OutcomeObserved,
        Linked,
        Unlinked,
        Voided,
        Withdrawn,
    )
}

# (topic, version) -> what turns a stored state of that version into one of the next.
Upcast: TypeAlias = Callable[[dict[str, Any]], dict[str, Any]]
UPCASTS: dict[tuple[str, int], Upcast] = {}


class UnreadableEventError(ValueError):
    """A stored event that this version cannot read: unknown topic, or written by a later one."""


def to_state(event: Event) -> dict[str, Any]:
    """An event as it is stored: its version, and every field that is set.

    Dates and times are left as such; in JSON they are ISO 8601, times in UTC.
    """
    fields = event.__dict__.items()
    return {"v": event.VERSION} | {
        name: value
        for name, value in fields
        if value is not None and (value is not False or name != "stamped")
    }


def from_state(topic: str, state: Mapping[str, Any]) -> Event:
    """A stored event, validated, older versions brought up to date first.

    Raises UnreadableEventError on a topic or version that this program does not know, and
    pydantic's ValidationError on a state that its model refuses.
    """
    cls = EVENT_TYPES.get(topic)
    if cls is None:
        raise UnreadableEventError(f"no event type has the topic {topic!r}")
    fields = dict(state)
    version = fields.pop("v", 0)
    while version != cls.VERSION:
        upcast = UPCASTS.get((topic, version))
        if upcast is None:
            raise UnreadableEventError(
                f"{topic} of version {version!r}; this program reads {cls.VERSION}"
            )
        fields, version = upcast(fields), version + 1
    return cls.model_validate(fields)


def show_value(value: object) -> str:
    """A field's value as a row of the contract's CSV has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}"
    return show_instant(value) if isinstance(value, datetime) else str(value)
