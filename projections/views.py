"""One person's journey as a question looks at it: which cells a counted thing falls in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import pairwise, product
from typing import Final, TypeAlias

from domain.calendar import Period, birthday, month_of, quarter_of, year_of
from domain.codes import Profile
from domain.events import MeasureStarted, MeasureStopped
from domain.history import Fact
from domain.journey import Journey, Spell
from domain.kinds import Kind
from projections.question import (
    BENEFIT,
    ENROLMENT,
    MEASURE,
    OWN,
    PERSON,
    SANCTION,
    TIME,
    Cell,
    Question,
    Value,
)

Family: TypeAlias = tuple[tuple[Kind, ...], tuple[str, ...]]
Families: TypeAlias = list[Family]
Facts: TypeAlias = tuple[Fact, ...]
_STATUS_IN_MEASURE: Final = {
    "ordinary": "ordinary_measure_participant",
    "reduced_capacity": "reduced_capacity_in_measure",
}
_TIME_OF: Final = {"month": month_of, "quarter": quarter_of, "year": year_of}


class Lens:
    """A question's dimensions, sorted by where their values come from."""

    def __init__(
        self, question: Question, profile: Profile, by: tuple[str, ...] | None = None
    ) -> None:
        """`by`, where given, are looked at in place of those that the question groups by."""
        self.profile = profile
        self.by = question.by if by is None else by
        self._where = {name: frozenset(values) for name, values in question.where.items()}
        needed = tuple(dict.fromkeys((*self.by, *question.where)))
        own = OWN[question.counted] + (TIME if question.figure == "series" else ())
        self.own = tuple(name for name in needed if name in own)
        self._person = tuple(name for name in needed if name in PERSON)
        others = [name for name in needed if name not in own and name not in PERSON]
        self._families = _families(others)

    def cells(
        self,
        journey: Journey,
        own: dict[str, Value],
        day: date,
        period: Period | None = None,
    ) -> frozenset[Cell]:
        """The cells that a counted thing is in, none where a filter leaves it out.

        `own` are its own dimensions' values. The person's are those of the end of `day`; spells of
        other kinds count where they run then, or touch the period where one is given.
        """
        known = dict(own)
        if not self._lets_in(known):
            return frozenset()
        for name in self._person:
            known[name] = person_value(self.profile, journey, name, day)
            if name in self._where and known[name] not in self._where[name]:
                return frozenset()
        if not self._families:
            return frozenset(((*(known[name] for name in self.by),),))
        parts = [self._of_family(journey, family, day, period) for family in self._families]
        cells = set()
        for combination in product(*parts):
            for part in combination:
                known |= part
            cells.add(tuple(known[name] for name in self.by))
        return frozenset(cells)

    def _lets_in(self, values: dict[str, Value]) -> bool:
        return all(
            values[name] in allowed for name, allowed in self._where.items() if name in values
        )

    def _of_family(
        self,
        journey: Journey,
        family: Family,
        day: date,
        period: Period | None,
    ) -> list[dict[str, Value]]:
        """The values of one family of dimensions, one spell at a time; unknown without a spell."""
        names = family[1]
        spells = _spells_of(journey, family, day, period)
        found = [spell_values(self.profile, spell, names, day) for spell in spells]
        return [values for values in found or [dict.fromkeys(names)] if self._lets_in(values)]

    def read(self, journey: Journey, day: date, period: Period | None = None) -> dict[str, Facts]:
        """The facts that `cells` reads a thing's dimensions from, by dimension.

        Of a family, the spells that a filter lets in. The thing's own dimensions are left out: they
        are said by the facts that opened and closed it.
        """
        found = {name: person_facts(journey, name, day) for name in self._person}
        for family in self._families:
            said: list[Fact] = []
            for spell in _spells_of(journey, family, day, period):
                if self._lets_in(spell_values(self.profile, spell, family[1], day)):
                    said.append(spell.opened)
                    if spell.closed is not None and spell.stopped_by(day):
                        said.append(spell.closed)
            found |= dict.fromkeys(family[1], tuple(said))
        return found


def _spells_of(journey: Journey, family: Family, day: date, period: Period | None) -> list[Spell]:
    """The spells of a family of dimensions that count: running on a day, or touching a period."""
    return [
        spell
        for kind in family[0]
        for spell in journey.spells[kind]
        if (spell.runs_on(day) if period is None else spell.touches(period))
    ]


def _families(names: Iterable[str]) -> Families:
    """Dimensions of spells of other kinds than the counted, those of one kind together."""
    names = tuple(names)
    families: Families = []
    kinds: tuple[tuple[Kind, tuple[str, ...]], ...] = (
        ("enrolment", ENROLMENT),
        ("measure", MEASURE),
        ("benefit", BENEFIT),
    )
    for kind, members in kinds:
        if asked := tuple(name for name in names if name in members):
            families.append(((kind,), asked))
    if asked := tuple(name for name in names if name in SANCTION):
        # A reason alone may be a sanction's or an exemption's; with the sanction, it is its own.
        families.append(
            (("sanction",) if "sanction" in asked else ("sanction", "exemption"), asked)
        )
    return families


def person_value(profile: Profile, journey: Journey, name: str, day: date) -> Value:
    """A dimension of the person, as known and in force at the end of a day."""
    match name:
        case "age_band":
            return profile.age_band(journey.attribute("birth_date", day), day)
        case "target_group":
            return profile.target_group(
                journey.attribute("birth_date", day),
                journey.attribute("single_parent", day),
                journey.attribute("refugee_background", day),
                day,
            )
        case "county":
            return profile.county_of_office.get(journey.attribute("office", day))
        case "unit":
            return profile.unit_of_municipality.get(journey.attribute("municipality", day))
        case "in_measure":
            return _latest_measure(journey, day) is not None
        case "jobseeker_status":
            return _jobseeker_status(journey, day)
        case _:
            value: Value = journey.attribute(name, day)
            return value


# The attributes that a dimension of the person is made from; any other is an attribute itself.
_MADE_FROM: Final = {
    "age_band": ("birth_date",),
    "target_group": ("birth_date", "single_parent", "refugee_background"),
    "county": ("office",),
    "unit": ("municipality",),
    "jobseeker_status": ("status",),
}


def person_facts(journey: Journey, name: str, day: date) -> Facts:
    """The facts from which `person_value` makes a dimension of the person."""
    if name in ("in_measure", "jobseeker_status"):
        spell = _latest_measure(journey, day)
        if spell is not None or name == "in_measure":
            return () if spell is None else (spell.opened,)
    found = (journey.attribute_fact(one, day) for one in _MADE_FROM.get(name, (name,)))
    return tuple(fact for fact in found if fact is not None)


def _latest_measure(journey: Journey, day: date) -> Spell | None:
    """Of the measures that a person is in, the one started last."""
    running = (spell for spell in reversed(journey.spells["measure"]) if spell.runs_on(day))
    return next(running, None)


def _jobseeker_status(journey: Journey, day: date) -> Value:
    spell = _latest_measure(journey, day)
    if spell is None:
        status: Value = journey.attribute("status", day)
        return status
    assert isinstance(spell.opened.event, MeasureStarted)
    return _STATUS_IN_MEASURE.get(spell.opened.event.track, "unknown")


def spell_values(
    profile: Profile, spell: Spell, names: Iterable[str], day: date
) -> dict[str, Value]:
    """A spell's own dimensions, as they are known when days up to `day` count."""
    return {name: spell_value(profile, spell, name, day) for name in names}


def spell_value(profile: Profile, spell: Spell, name: str, day: date) -> Value:
    if name == "measure_group":
        assert isinstance(spell.opened.event, MeasureStarted)
        return profile.group_of("measure", spell.opened.event.measure)
    if name in ("stop_reason", "destination"):
        if spell.closed is None or not spell.stopped_by(day):
            return None
        event = spell.closed.event
        told: Value = getattr(event, "reason" if isinstance(event, MeasureStopped) else name)
        return told
    value: Value = getattr(spell.opened.event, name, None)
    return value


def time_values(names: Iterable[str], day: date) -> dict[str, Value]:
    """The month, quarter and year of a day, those that are asked for."""
    return {name: _TIME_OF[name](day) for name in names if name in _TIME_OF}


def stretches(journey: Journey, period: Period) -> Iterator[Period]:
    """A period cut where something about the person may change: within a piece nothing does."""
    cuts = {period.start, period.stop} | journey.attribute_days()
    for spells in journey.spells.values():
        for spell in spells:
            cuts.add(spell.start)
            if spell.stop is not None:
                cuts.add(spell.stop)
    for fact in journey.facts_of("birth_date"):
        born_on = getattr(fact.event, "birth_date")  # noqa: B009
        first, last = period.start.year - born_on.year - 1, period.stop.year - born_on.year + 1
        cuts.update(birthday(born_on, age) for age in range(max(first, 0), last + 1))
    inside = sorted(cut for cut in cuts if period.start <= cut <= period.stop)
    for start, stop in pairwise(inside):
        yield Period(start, stop)
