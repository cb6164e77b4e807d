"""A question out of the `meta` of a published output: what it takes to ask it again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, ValidationError

from adapters.answers import Asked
from adapters.disclosing import Control
from domain.calendar import ONE_DAY, Length, Period, Step, parse_day, parse_instant
from domain.codes import Language
from domain.kinds import Kind
from projections.disclosure import Rule
from projections.question import HORIZONS, WINDOW, Figure, Place, Value

M = TypeVar("M", bound="FigureMeta")


class UnreadableMetaError(ValueError):
    """A `meta` that is not one of this program's outputs; the message says what is wrong."""


def _place(said: Any) -> Place:
    measure, provider, start, last, places = said
    stop = None if last is None else parse_day(last) + ONE_DAY
    return Place(measure, provider, parse_day(start), stop, places)


_Day: TypeAlias = Annotated[date, BeforeValidator(lambda text: parse_day(str(text)))]
_Instant: TypeAlias = Annotated[datetime, BeforeValidator(lambda text: parse_instant(str(text)))]
_Length: TypeAlias = Annotated[Length, BeforeValidator(lambda text: Length.parse(str(text)))]
_Place: TypeAlias = Annotated[Place, BeforeValidator(_place)]
_Value: TypeAlias = StrictBool | str | None


class DisclosureMeta(BaseModel):
    """What disclosure control was asked to do; what it did to the cells follows from that."""

    method: Literal["suppression", "rounding"]
    threshold: int = 4
    zeros_shown: bool = True
    symbol: str = ":"
    base: int | None = None

    def control(self) -> Control:
        return Control(Rule(self.threshold, self.zeros_shown, self.symbol), self.base)


class FigureMeta(BaseModel):
    """The `meta` of a figure. A key that it does not know might mean something: it is refused."""

    model_config = ConfigDict(extra="forbid")

    figure: Figure
    definitions: int
    of: Kind = "enrolment"
    at: _Day | None = None
    first: _Day | None = Field(None, alias="from")
    last: _Day | None = Field(None, alias="to")
    known_at: _Instant
    position: int
    programme: str | None
    by: tuple[str, ...]
    where: dict[str, tuple[_Value, ...]]
    every: Step = "month"
    window: _Length = WINDOW
    horizons: tuple[_Length, ...] = HORIZONS
    targets: tuple[float | None, ...] | None = None
    curve: bool = False
    ages: tuple[int, int | None] | None = None
    places: tuple[_Place, ...] = ()
    head: str
    profile: str
    profile_hash: str
    disclosure: DisclosureMeta | None = None

    def asked(self) -> Asked:
        """The arguments that it holds; ValueError where its period ends before it begins."""
        period = None
        if self.first is not None and self.last is not None:
            period = Period.closed(self.first, self.last)
        where: dict[str, tuple[Value, ...]] = dict(self.where)
        return Asked(
            self.figure,
            at=self.at,
            known_at=self.known_at,
            position=self.position,
            period=period,
            of=self.of,
            programme=self.programme,
            by=self.by,
            where=where,
            every=self.every,
            window=self.window,
            horizons=self.horizons,
            targets=self.targets or (),
            curve=self.curve,
            ages=self.ages,
            places=self.places,
        )


class ExplainMeta(FigureMeta):
    """The `meta` of an explanation."""

    command: Literal["explain"]
    row: dict[str, str | None]
    column: str | None
    participant: str | None
    limit: int | None


class TriangleMeta(FigureMeta):
    """The `meta` of a triangle."""

    command: Literal["diff"]
    triangle: Step
    known_from: _Instant | None


class DiffMeta(BaseModel):
    """The `meta` of a figure before and after."""

    model_config = ConfigDict(extra="forbid")

    command: Literal["diff"]
    figure: Figure
    before: FigureMeta
    after: FigureMeta
    limit: int | None


class EstimateMeta(BaseModel):
    """The `meta` of an estimate: its name, and the figure that it rests on. The rest follows."""

    command: Literal["estimate"]
    figure: Literal["nowcast", "expected_final", "competing_risks"]
    asked: FigureMeta
    counted: str | None


class ReportMeta(BaseModel):
    """The `meta` of a report's table: its file, by name and hash, says what is counted."""

    figure: Literal["report"]
    report: str
    report_hash: str
    language: Language
    definitions: int
    position: int
    head: str
    profile: str
    profile_hash: str
    disclosure: DisclosureMeta | None = None


AnyMeta: TypeAlias = FigureMeta | ExplainMeta | TriangleMeta | DiffMeta | EstimateMeta | ReportMeta


def read_meta(meta: Mapping[str, Any]) -> AnyMeta:
    """A `meta`, read; UnreadableMetaError where it is none of this program's."""
    model: type[FigureMeta | DiffMeta | EstimateMeta | ReportMeta] = FigureMeta
    if meta.get("figure") == "report":
        model = ReportMeta
    match meta.get("command"):
        case "explain":
            model = ExplainMeta
        case "estimate":
            model = EstimateMeta
        case "diff":
            model = TriangleMeta if "triangle" in meta else DiffMeta
    try:
        return model.model_validate(meta)
    except ValidationError as error:
        problems = error.errors(include_url=False)
        told = (f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in problems)
        raise UnreadableMetaError("; ".join(told)) from None
