"""What is asked for: a figure with all its arguments, checked once, before anything is counted."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final, Literal, TypeAlias

from domain.calendar import STEPS, Length, Period, Step, show_instant
from domain.codes import Profile
from domain.kinds import KINDS, Kind

Figure = Literal[
    "stock",
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
]
Value: TypeAlias = str | bool | None
Cell: TypeAlias = tuple[Value, ...]

DEFINITIONS: Final = 1  # the version of what the figures mean; a change of meaning raises it

PERSON: Final = (
    "target_group",
    "age_band",
    "sex",
    "origin",
    "single_parent",
    "refugee_background",
    "office",
    "county",
    "municipality",
    "unit",
    "jobseeker_status",
    "in_measure",
)
BOOLEAN: Final = ("single_parent", "refugee_background", "in_measure")
TIME: Final = ("month", "quarter", "year")
ENROLMENT: Final = ("programme", "destination")
MEASURE: Final = ("measure", "measure_group", "track", "provider", "stop_reason")
BENEFIT: Final = ("benefit", "role")
SANCTION: Final = ("sanction", "reason")
DIMENSIONS: Final = (*PERSON, *ENROLMENT, *MEASURE, *BENEFIT, *SANCTION, *TIME)

# What the counted thing itself carries; every other dimension is the person's on the day counted.
OWN: Final[Mapping[str, tuple[str, ...]]] = {
    "enrolment": ENROLMENT,
    "measure": (*MEASURE, "programme"),
    "sanction": SANCTION,
    "duty": (),
    "exemption": ("reason",),
    "benefit": BENEFIT,
    "exit": (*ENROLMENT, *TIME),
    "person": (),
}
# The code list of a dimension, where its values are codes.
LIST_OF: Final[Mapping[str, str]] = {
    "target_group": "target_group",
    "sex": "sex",
    "origin": "origin",
    "jobseeker_status": "jobseeker_status",
    "programme": "programme",
    "destination": "destination",
    "measure": "measure",
    "track": "track",
    "stop_reason": "stop_reason",
    "benefit": "benefit",
    "role": "role",
    "sanction": "sanction",
}
_TAKES_A_KIND: Final = ("stock", "flow", "series", "dwell")
# Dimensions by which a figure's rows are told apart without being asked.
TELLS_APART: Final[Mapping[str, frozenset[str]]] = {
    "chains": frozenset({"measure"}),
    "capacity": frozenset({"measure", "provider"}),
    "duty": frozenset({"reason"}),
}
_OF_EXITS: Final = ("exits", "outcomes", "returns")
_WITHOUT_AT: Final = ("flow", "series", "capacity", "duty")
WINDOW: Final = Length(months=3)
HORIZONS: Final = (Length(months=12), Length(months=36), Length(months=60))
RETURN_MONTHS: Final = (3, 6, 12, 24)
FUNNEL_STEPS: Final = (
    "referred",
    "met",
    "assessed",
    "enrolled",
    "in_measure",
    "exited_positive",
)
SOCIAL_ASSISTANCE: Final = "social_assistance"  # the benefit whose recipients a duty review counts
KVP: Final = "kvp"  # the kind of assessment that it looks for


class QuestionError(ValueError):
    """A question that cannot be meant; the message says what would be right."""


@dataclass(frozen=True, slots=True)
class Place:
    """Places of a measure, at a provider or (None) at those that no other row names.

    They are there from `start` to before `stop`; no stop: for good.
    """

    measure: str
    provider: str | None
    start: date
    stop: date | None
    places: int


@dataclass(frozen=True)
class Question:
    """A figure and its arguments.

    `at` is the cutoff; of a flow, a series, a mean stock, a capacity or a duty review it is the
    period's last day. `known_at` and `position` are always set: None of both would not be
    repeatable. `where` gives, by dimension, the values of which one must hold.
    """

    figure: Figure
    at: date
    known_at: datetime
    position: int
    period: Period | None = None
    of: Kind = "enrolment"
    programme: str | None = None
    by: tuple[str, ...] = ()
    where: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    every: Step = "month"
    window: Length = WINDOW
    horizons: tuple[Length, ...] = HORIZONS
    targets: tuple[float | None, ...] = ()
    curve: bool = False
    ages: tuple[int, int | None] | None = None
    places: tuple[Place, ...] = ()

    def __post_init__(self) -> None:
        needs = self.figure in ("flow", "series", "funnel", "capacity", "duty")
        if needs and self.period is None:
            raise QuestionError(f"{self.figure} is counted in a period; give --from and --to")
        if self.figure == "series" and self.every not in STEPS:
            raise QuestionError(f"--every {self.every} is no step; take one of {', '.join(STEPS)}")
        if self.of not in KINDS:
            raise QuestionError(f"--of {self.of} is nothing to count; one of {', '.join(KINDS)}")
        for name in (*self.by, *self.where):
            self._check_dimension(name)
        if len(set(self.by)) != len(self.by):
            raise QuestionError("--by names a dimension twice")
        if twice := sorted(set(self.by) & TELLS_APART.get(self.figure, frozenset())):
            raise QuestionError(f"the rows of {self.figure} are told apart by {twice[0]} already")
        if self.targets and len(self.targets) != len(self.horizons):
            raise QuestionError("--targets needs one target for each of the --horizons")

    def _check_dimension(self, name: str) -> None:
        if name not in DIMENSIONS:
            near = difflib.get_close_matches(name.lower(), DIMENSIONS, n=3, cutoff=0.5)
            raise QuestionError(
                f"there is no dimension {name!r}; {_nearest(near, 'dimensions', DIMENSIONS)}"
            )
        if name in TIME and self.figure not in ("exits", "outcomes", "returns", "series"):
            raise QuestionError(f"{self.figure} has no {name}; exits and series have")

    @property
    def is_mean(self) -> bool:
        """Whether it asks for the mean of a daily stock."""
        return self.figure == "stock" and self.period is not None

    @property
    def counted(self) -> str:
        """What is counted: a kind of spell, `exit`, or `person`; of a chain, its first measure."""
        if self.figure in _TAKES_A_KIND:
            return self.of
        if self.figure in ("capacity", "chains"):
            return "measure"
        return "exit" if self.figure in _OF_EXITS else "person"

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Every dimension that it needs: those grouped by, then those filtered on."""
        return tuple(dict.fromkeys((*self.by, *self.where)))

    def as_meta(self) -> dict[str, Any]:
        """What it takes to ask the same again."""
        asked: dict[str, Any] = {"figure": self.figure, "definitions": DEFINITIONS}
        if self.figure in _TAKES_A_KIND:
            asked["of"] = self.of
        if not (self.is_mean or self.figure in _WITHOUT_AT):
            asked["at"] = self.at.isoformat()
        if self.period is not None:
            asked["from"] = self.period.start.isoformat()
            asked["to"] = self.period.last.isoformat()
        asked |= {"known_at": show_instant(self.known_at), "position": self.position}
        asked |= {"programme": self.programme, "by": list(self.by)}
        asked["where"] = {name: list(values) for name, values in sorted(self.where.items())}
        asked |= self._own_arguments()
        return asked

    def _own_arguments(self) -> dict[str, Any]:
        match self.figure:
            case "series":
                return {"every": self.every}
            case "dwell":
                return {"curve": self.curve}
            case "exits" | "funnel":
                return {"window": str(self.window)}
            case "outcomes":
                return {
                    "window": str(self.window),
                    "horizons": [str(horizon) for horizon in self.horizons],
                    "targets": list(self.targets) or None,
                }
            case "duty":
                return {"ages": None if self.ages is None else list(self.ages)}
            case "capacity":
                return {"places": [_place_meta(place) for place in self.places]}
            case _:
                return {}


def _place_meta(place: Place) -> list[str | int | None]:
    stop = None if place.stop is None else Period(place.start, place.stop).last.isoformat()
    return [place.measure, place.provider, place.start.isoformat(), stop, place.places]


def check_codes(question: Question, profile: Profile) -> None:
    """Raises QuestionError where a filter names a code that its list does not have."""
    for name, values in question.where.items():
        for value in values:
            if isinstance(value, str):
                _check_code(profile, name, value)
    if question.programme is not None:
        _check_code(profile, "programme", question.programme)


def _check_code(profile: Profile, name: str, value: str) -> None:
    if name == "reason":
        known = {*profile.lists["sanction_reason"], *profile.lists["exemption_reason"]}
    elif name == "measure_group":
        known = {code.group for code in profile.lists["measure"].values()}
    elif name == "age_band":
        known = {band.code for band in profile.age_bands}
    elif name in LIST_OF:
        known = set(profile.lists[LIST_OF[name]])
    else:
        return
    if value not in known:
        near = difflib.get_close_matches(value.lower(), known, n=3, cutoff=0.5)
        raise QuestionError(f"{name} has no code {value!r}; {_nearest(near, 'codes', known)}")


def _nearest(near: Sequence[str], what: str, known: Iterable[str]) -> str:
    """What may have been meant; all there are, where nothing is near."""
    return f"nearest: {', '.join(near)}" if near else f"{what} are: {', '.join(sorted(known))}"


def let_in_places(question: Question, profile: Profile) -> Question:
    """The question with those of its places that its filters on the measure let in.

    Places of no named provider stay where a provider is asked for that has none of its own.
    """

    def let_in(place: Place) -> bool:
        own = {
            "measure": place.measure,
            "measure_group": profile.group_of("measure", place.measure),
        }
        if any(value not in question.where.get(name, (value,)) for name, value in own.items()):
            return False
        wanted = set(question.where.get("provider", (place.provider,)))
        if place.provider is None:
            wanted -= {p.provider for p in question.places if p.measure == place.measure} - {None}
            return bool(wanted)
        return place.provider in wanted

    return replace(question, places=tuple(filter(let_in, question.places)))


def read_where(conditions: list[str]) -> dict[str, tuple[Value, ...]]:
    """`DIM=VALUE` conditions; one dimension twice means either, `DIM=` means unknown."""
    where: dict[str, tuple[Value, ...]] = {}
    for condition in conditions:
        name, sign, text = condition.partition("=")
        if not sign:
            raise QuestionError(f"--where {condition!r} should read DIMENSION=VALUE")
        where[name] = (*where.get(name, ()), read_value(name, text))
    return where


def read_value(name: str, text: str) -> Value:
    """A dimension's value from its text; empty text means unknown."""
    if text == "":
        return None
    if name in BOOLEAN:
        if text not in ("true", "false"):
            raise QuestionError(f"{name} is true or false, not {text!r}")
        return text == "true"
    return text
