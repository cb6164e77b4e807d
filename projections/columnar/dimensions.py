"""Dimensions in SQL: where each one's value comes from, joined to what is counted.

What is counted is a query aliased `c` with the person (`pid`), the day on which the person's
attributes count (`day`, and its `day_year` and `day_month_day`), and its own dimensions by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from domain.calendar import Period, to_microseconds
from domain.codes import Profile, TargetGroup
from projections.columnar.tables import day_number, literal
from projections.question import (
    BENEFIT,
    ENROLMENT,
    MEASURE,
    OWN,
    PERSON,
    SANCTION,
    TIME,
    Question,
    Value,
)

_BACKGROUND = ("target_group", "age_band", "sex", "origin", "single_parent", "refugee_background")
_WHEREABOUTS = ("office", "county", "municipality", "unit")
_IN_MEASURE = ("in_measure", "jobseeker_status")
_FAMILIES = (("enrolment", ENROLMENT), ("measure", MEASURE), ("benefit", BENEFIT))


@dataclass(frozen=True)
class Dimensions:
    """A question's dimensions as SQL over `c` and what is joined to it.

    `period` is set where spells of other kinds count by touching it, not by running on the day.
    """

    question: Question
    profile: Profile
    period: Period | None = None

    @property
    def known_at(self) -> int:
        return to_microseconds(self.question.known_at)

    def known(self, alias: str) -> str:
        """Whether a row was believed at the knowledge time."""
        return f"{alias}.known_from <= {self.known_at} AND {self.known_at} < {alias}.known_to"

    @property
    def own(self) -> tuple[str, ...]:
        """The dimensions that what is counted carries itself."""
        own = OWN[self.question.counted] + (TIME if self.question.figure == "series" else ())
        return tuple(name for name in self.question.dimensions if name in own)

    def joins(self, names: Iterable[str]) -> str:
        """The joins that give the person's dimensions, and those of spells of other kinds."""
        others = [name for name in names if name not in self.own]
        parts = []
        if any(name in _BACKGROUND for name in others):
            parts.append(self._attribute("background", "b"))
        if any(name in _WHEREABOUTS for name in others):
            parts.append(self._attribute("whereabouts", "w"))
        if "jobseeker_status" in others:
            parts.append(self._attribute("statuses", "st"))
        if any(name in _IN_MEASURE for name in others):
            parts.append(self._in_measure())
        parts += [self._family(kind) for kind, _ in self.families(names)]
        return "\n".join(parts)

    def families(self, names: Iterable[str]) -> list[tuple[str, tuple[str, ...]]]:
        """Kinds of spells, other than the counted, that dimensions are of: alias and names."""
        others = [name for name in names if name not in self.own and name not in PERSON]
        found = [
            (kind, tuple(name for name in others if name in members))
            for kind, members in _FAMILIES
            if any(name in members for name in others)
        ]
        if asked := tuple(name for name in others if name in SANCTION):
            found.append(("sanction" if "sanction" in self.question.dimensions else "any", asked))
        return found

    def _attribute(self, table: str, alias: str) -> str:
        return (
            f"LEFT JOIN {table} {alias} ON {alias}.pid = c.pid AND {self.known(alias)} "
            f"AND {alias}.valid_from <= c.day AND c.day < {alias}.valid_to"
        )

    def _in_measure(self) -> str:
        """Of the measures that the person is in on the day, the track of the one started last."""
        return (
            "LEFT JOIN (SELECT x.pid, x.day, max_by(s.track, s.opened_ord) AS track "
            "FROM (SELECT DISTINCT pid, day FROM c) x JOIN measure s ON s.pid = x.pid "
            f"AND {self.known('s')} AND s.start <= x.day AND x.day < s.stop "
            "GROUP BY x.pid, x.day) im ON im.pid = c.pid AND im.day = c.day"
        )

    def _family(self, kind: str) -> str:
        alias = f"f_{kind}"
        if kind == "any":
            some = "pid, start, stop, reason, known_from, known_to"
            table = f"(SELECT {some} FROM sanction UNION ALL SELECT {some} FROM exemption)"
        else:
            table = kind
        when = f"{alias}.start <= c.day AND c.day < {alias}.stop"
        if self.period is not None:
            when = touches(alias, self.period)
        return (
            f"LEFT JOIN {table} {alias} ON {alias}.pid = c.pid AND {self.known(alias)} AND {when}"
        )

    def value(self, name: str) -> str:
        """The SQL of a dimension's value."""
        if name in self.own:
            is_spell = self.question.counted != "exit" and name not in TIME
            return self.of_spell("c", name) if is_spell else f"c.{name}"
        match name:
            case "sex" | "origin" | "single_parent" | "refugee_background":
                return f"b.{name}"
            case "office" | "municipality":
                return f"w.{name}"
            case "county":
                return _mapped("w.office", self.profile.county_of_office.items())
            case "unit":
                return _mapped("w.municipality", self.profile.unit_of_municipality.items())
            case "age_band":
                return self._age_band()
            case "target_group":
                return self._target_group()
            case "in_measure":
                return "(im.pid IS NOT NULL)"
            case "jobseeker_status":
                return (
                    "CASE WHEN im.pid IS NULL THEN st.status "
                    "WHEN im.track = 'ordinary' THEN 'ordinary_measure_participant' "
                    "WHEN im.track = 'reduced_capacity' THEN 'reduced_capacity_in_measure' "
                    "ELSE 'unknown' END"
                )
        for kind, names in self.families([name]):
            if name in names:
                return self.of_spell(f"f_{kind}", name)
        raise AssertionError(f"{name} is a dimension")

    def of_spell(self, alias: str, name: str) -> str:
        """A spell's own dimension, as known when days up to the counted day count."""
        if name == "measure_group":
            codes = self.profile.lists["measure"].values()
            return _mapped(f"{alias}.measure", ((code.code, code.group) for code in codes))
        if name in ("stop_reason", "destination"):
            return f"CASE WHEN {alias}.stop <= c.day THEN {alias}.{name} END"
        return f"{alias}.{name}"

    @property
    def age(self) -> str:
        """Whole years: the difference of the years, less one before the birthday."""
        return (
            "(c.day_year - b.born_year "
            "- CASE WHEN c.day_month_day < b.born_month_day THEN 1 ELSE 0 END)"
        )

    def _age_band(self) -> str:
        cases = " ".join(
            f"WHEN {_between(self.age, band.lowest, band.highest)} THEN {literal(band.code)}"
            for band in self.profile.age_bands
        )
        return f"CASE WHEN b.born IS NULL THEN NULL {cases} END"

    def _target_group(self) -> str:
        cases = " ".join(
            f"WHEN {self._fits(group)} THEN {literal(group.code)}"
            for group in self.profile.target_groups
        )
        return f"CASE {cases} END"

    def _fits(self, group: TargetGroup) -> str:
        conditions = ["TRUE"]
        if group.ages is not None:
            ages = _between(self.age, group.ages.lowest, group.ages.highest)
            conditions.append(f"(b.born IS NOT NULL AND {ages})")
        for name in ("single_parent", "refugee_background"):
            wanted = getattr(group, name)
            if wanted is not None:
                conditions.append(f"coalesce(b.{name} = {literal(wanted)}, FALSE)")
        return " AND ".join(conditions)

    def filters(self) -> str:
        """The question's filters, as conditions that follow a WHERE."""
        parts = []
        for name, values in self.question.where.items():
            parts.append(f"AND {_is_one_of(self.value(name), values)}")
        return " ".join(parts)


def touches(alias: str, period: Period) -> str:
    """Whether a spell runs at some time in a period; one of no days does on its day."""
    first, after = day_number(period.start), day_number(period.stop)
    return (
        f"{alias}.start < {after} AND ({alias}.stop > {first} "
        f"OR ({alias}.stop = {alias}.start AND {alias}.start = {first}))"
    )


def _is_one_of(expression: str, values: Sequence[Value]) -> str:
    known = [literal(value) for value in values if value is not None]
    conditions = [f"{expression} IN ({', '.join(known)})"] if known else []
    if None in values:
        conditions.append(f"{expression} IS NULL")
    return f"({' OR '.join(conditions)})"


def _mapped(expression: str, pairs: Iterable[tuple[str, str]]) -> str:
    by_target: dict[str, list[str]] = {}
    for code, target in pairs:
        by_target.setdefault(target, []).append(literal(code))
    cases = " ".join(
        f"WHEN {expression} IN ({', '.join(codes)}) THEN {literal(target)}"
        for target, codes in by_target.items()
    )
    return f"CASE {cases} END" if cases else "CAST(NULL AS VARCHAR)"


def _between(expression: str, lowest: int, highest: int | None) -> str:
    upper = "" if highest is None else f" AND {expression} <= {highest}"
    return f"({expression} >= {lowest}{upper})"
