"""KOSTRA 11CF out of the log: a year's file of the Qualification Programme, by the year's layout.

The rules are those of Statistics Norway's kostra-kontrollprogram: AVSL_DATO where STATUS is 3, 4,
5 or 7, inside the year; a destination where it is 3 or 7; no start or decision more than four
years before the year; each person once. What the log does not hold (EKTSTAT, BU18, amounts) is
left blank and told of, to be filled in where the form is sent from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from sqlalchemy import Engine

from adapters.access_log import Reader
from adapters.case_systems.code_tables import shipped
from adapters.case_systems.keys import read_number
from adapters.case_systems.kostra import Layout, layouts
from adapters.case_systems.kostra_11cf import PROGRAMME, SOURCE, YEARS_BACK
from adapters.errors import WrongUseError
from adapters.exports.journeys import Person, everybody
from domain.calendar import ONE_DAY
from domain.events import Exited, MeasureStarted, MeasureStopped, Referred
from domain.history import Cutoff
from domain.journey import Journey, Spell

# The code of a destination, and the field in which it is ticked.
_TICKS: Final[Mapping[str, tuple[str, str]]] = {
    "work": ("01", "AVSL_ORDINAERTARB"),
    "school": ("04", "AVSL_SKOLE"),
    "other_benefit": ("13", "AVSL_UFORE"),
    "work_assessment_allowance": ("14", "AVSL_AAP"),
    "social_assistance": ("16", "AVSL_UTEN_OK_AVKLAR"),
    "unknown": ("17", "AVSL_UKJENT"),
}
_OTHER: Final = ("10", "AVSL_ANNET")


@dataclass(slots=True)
class Form:
    """A year's file, latin-1, and what is to be known of it: who is not in it, what is blank."""

    records: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    blank: dict[str, int] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        return "".join(f"{record}\r\n" for record in self.records).encode("latin-1", "replace")


def export_kostra_11cf(
    engine: Engine, year: int, by: Reader, municipality: str | None = None
) -> Form:
    """The form of a year, as known now; of one municipality, or of all that the log has.

    Raises WrongUseError where the year's layout is not known, or nobody lived in the municipality
    at the end of the year.
    """
    layout = layouts("11cf").get(year)
    if layout is None:
        known = ", ".join(map(str, layouts("11cf")))
        raise WrongUseError(f"the layout of {year} is not known; there are {known}")
    form = Form()
    last = date(year, 12, 31)
    homes: set[str] = set()
    for person in everybody(engine, Cutoff(at=last + ONE_DAY), by, f"export kostra_11cf {year}"):
        home = person.journey.attribute("municipality", last)
        homes |= set() if home is None else {home}
        spell = _stay_in(person.journey, year)
        if spell is None:
            continue
        if municipality is not None and home != municipality:
            continue
        why = _why_not(person, home, spell, year)
        if why is not None:
            form.left_out.append(f"{person.participant.hex()}: {why}")
            continue
        cells = _cells(person, spell, year, len(form.records) + 1)
        for name in ("EKTSTAT", "BU18", *(n for n in ("KJONN", "FODSELSDATO") if n not in cells)):
            if name in layout.columns:
                form.blank[name] = form.blank.get(name, 0) + 1
        form.records.append(_record(layout, cells))
    if municipality is not None and municipality not in homes:
        there = ", ".join(sorted(homes)) or "none at all"
        raise WrongUseError(f"by {last} the log knows no municipality {municipality}; only {there}")
    return form


def _stay_in(journey: Journey, year: int) -> Spell | None:
    """The latest stay in the programme that touches the year: the form has each person once.

    A stay whose last day in was the year's last has its stop on the first of January.
    """
    first, last = date(year, 1, 1), date(year, 12, 31)
    touching = [
        spell
        for spell in journey.spells["enrolment"]
        if getattr(spell.opened.event, "programme", None) == PROGRAMME
        and spell.start <= last
        and (spell.stop is None or spell.stop > first)
    ]
    return max(touching, key=lambda spell: spell.start, default=None)


def _why_not(person: Person, home: str | None, spell: Spell, year: int) -> str | None:
    if home is None or len(home) != 4 or not home.isdecimal():
        return "no municipality number is known"
    if person.key is None:
        return "the person was erased"
    begun, _ = _measure(person.journey, spell)
    for what, day in (("decision", spell.start), ("start", begun)):
        if day.year < year - YEARS_BACK:
            return f"the {what} of {day} is more than {YEARS_BACK} years before {year}"
    return None


def _cells(person: Person, spell: Spell, year: int, number: int) -> dict[str, str | date]:
    """The fields of the form that the log can fill, dates as dates."""
    journey, last = person.journey, date(year, 12, 31)
    begun, stop = _measure(journey, spell)
    applied = [
        fact.event.occurred_on
        for _, fact in journey.signs[Referred]
        if getattr(fact.event, "programme", None) in (PROGRAMME, None)
        and fact.event.occurred_on <= spell.start
    ]
    cells: dict[str, str | date] = {
        "KOMMUNE_NR": str(journey.attribute("municipality", last)),
        "VERSION": f"{year % 100:02d}",
        "PERSON_JOURNALNR": f"J{number:07d}",
        "REG_DATO": max(applied, default=spell.start),
        "VEDTAK_DATO": spell.start,
        "BEGYNT_DATO": begun,
        "KVP_KOMM": "2",
    }
    if person.key is not None and read_number(person.key) is not None:
        cells["PERSON_FODSELSNR"] = person.key
    born_on, sex = journey.attribute("birth_date", last), journey.attribute("sex", last)
    cells |= {} if born_on is None else {"FODSELSDATO": born_on}
    cells |= {} if sex not in {"male", "female"} else {"KJONN": "1" if sex == "male" else "2"}
    for month in range(1, 13):
        first, following = date(year, month, 1), date(year + month // 12, month % 12 + 1, 1)
        if spell.start < following and (spell.stop is None or spell.stop > first):
            cells[f"STMND_{month}"] = f"{month:02d}"
    return cells | _ending(spell, stop, year)


def _measure(journey: Journey, spell: Spell) -> tuple[date, str]:
    """When the person began in the programme's measures, and why the last of them stopped."""
    mine = [
        measure
        for measure in journey.spells["measure"]
        if isinstance(measure.opened.event, MeasureStarted)
        and measure.opened.event.programme == PROGRAMME
        and (spell.stop is None or measure.start <= spell.stop)
        and (measure.start >= spell.start or measure.stop is None or measure.stop > spell.start)
    ]
    closed = [m.closed.event for m in mine if m.closed is not None]
    reasons = [event.reason for event in closed if isinstance(event, MeasureStopped)]
    return (min((m.start for m in mine), default=spell.start), reasons[-1] if reasons else "")


def _ending(spell: Spell, reason: str, year: int) -> dict[str, str | date]:
    """STATUS, and where it tells of an end, the last day and what came after."""
    last_day = None if spell.stop is None else spell.stop - ONE_DAY
    if last_day is None or last_day.year > year:
        return {"STATUS": "1"}
    event = spell.closed.event if spell.closed is not None else None
    destination = event.destination if isinstance(event, Exited) else "unknown"
    status = _status(reason, destination, date(year, 12, 31))
    cells: dict[str, str | date] = {"STATUS": status, "AVSL_DATO": last_day}
    if status in {"3", "7"}:
        code, tick = _TICKS.get(destination, _OTHER)
        cells |= {tick: code, "AVSL_VIKTIGSTE_INNTEKT": code}
    return cells


def _status(reason: str, destination: str, on: date) -> str:
    if "moved" in (reason, destination):
        return "5"
    if reason == "no_show" or (reason == "dropped_out" and destination == "unknown"):
        return "4"
    if reason == "dropped_out":  # with a destination: 7, which the form has from 2023 on
        return "7" if shipped(SOURCE).find("status", "7", on) is not None else "4"
    return "3"


def _record(layout: Layout, cells: Mapping[str, str | date]) -> str:
    text = [" "] * layout.length
    for name, value in cells.items():
        column = layout.columns.get(name)
        if column is None:
            continue
        if isinstance(value, date):
            value = value.strftime("%d%m%Y" if column.size == 8 else "%d%m%y")  # noqa: PLW2901
        text[column.begin : column.begin + column.size] = value[: column.size].ljust(column.size)
    return "".join(text)
