"""Which source holds for which measure and period, where several tell of one stay: a table.

Columns: `measure` and `source` (empty: any), `ends_from` and `ends_to` (days, both included; empty:
no limit) and `note`. Of two stays that overlap, the one holds that the first fitting row names; a
row fits by the last day of the stay, and one that runs on ends after every day. The shipped
table has the days on which NAV moved measures between its systems (mulighetsrommet's
tiltakshistorikk decides by the same last day). A profile's own `sources.csv` takes its place.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Final

from adapters.errors import WrongUseError
from domain.calendar import ONE_DAY, parse_day

COLUMNS: Final = ("measure", "source", "ends_from", "ends_to", "note")


@dataclass(frozen=True, slots=True)
class Stay:
    """One person's stay in a measure, `[start, stop)`, as one source tells it.

    `participant` is the id that events carry, `person` that of one of the person's keys. `subject`
    is None where it came as events and not as a source's messages.
    """

    participant: bytes
    person: bytes
    source: str
    placement: str
    measure: str
    start: date
    stop: date | None
    subject: bytes | None = None

    @property
    def last_day(self) -> date:
        return date.max if self.stop is None else self.stop - ONE_DAY

    def overlaps(self, other: Stay) -> bool:
        """Whether both are the same person's, in one measure, told by two sources, on some day."""
        if self.source == other.source or self.person != other.person:
            return False
        if self.measure != other.measure or self.measure == "unknown":
            return False
        if self.placement == other.placement or self.start == other.start:
            return True
        return self.start <= other.last_day and other.start <= self.last_day


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table."""

    measure: str
    source: str
    ends_from: date | None
    ends_to: date | None

    def fits(self, stay: Stay) -> bool:
        if self.measure not in {"", stay.measure} or self.source not in {"", stay.source}:
            return False
        begun = self.ends_from is None or self.ends_from <= stay.last_day
        return begun and (self.ends_to is None or stay.last_day <= self.ends_to)


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two stays that are one: the one that holds, and the one that is left out.

    `by_rule` is false where no row of the table tells; then the source first by name holds.
    """

    holds: Stay
    left_out: Stay
    by_rule: bool


def decide(one: Stay, other: Stay, rules: Sequence[Rule]) -> Overlap:
    """Which of two overlapping stays holds."""
    one, other = sorted((one, other), key=lambda stay: stay.source)
    for rule in rules:
        if rule.fits(one) != rule.fits(other):
            return Overlap(one, other, True) if rule.fits(one) else Overlap(other, one, True)
    return Overlap(one, other, False)


def overlaps_among(stays: Iterable[Stay], rules: Sequence[Rule]) -> list[Overlap]:
    """Every pair of stays that are one, person by person, by the day on which they start."""
    by_person: dict[bytes, list[Stay]] = {}
    for stay in stays:
        by_person.setdefault(stay.person, []).append(stay)
    found = []
    for mine in by_person.values():
        mine.sort(key=lambda stay: (stay.start, stay.source, stay.placement))
        for index, one in enumerate(mine):
            found += [decide(one, two, rules) for two in mine[index + 1 :] if one.overlaps(two)]
    return found


def precedence(folder: Path | None = None) -> tuple[Rule, ...]:
    """The table of a profile's folder, or the shipped one. Raises WrongUseError where it does not
    read."""
    own = None if folder is None else folder / "sources.csv"
    if own is None or not own.is_file():
        shipped = files("adapters") / "data" / "default" / "sources.csv"
        return read_rules(shipped.read_text("utf-8"), "sources.csv")
    try:
        return read_rules(own.read_text("utf-8-sig"), str(own))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise WrongUseError(f"{own} cannot be read: {error}") from None


def read_rules(text: str, name: str) -> tuple[Rule, ...]:
    """The rows of a table, in order; WrongUseError names the line that does not read."""
    reader = csv.DictReader(text.splitlines())
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise WrongUseError(f"{name}, line 1: the columns must be {','.join(COLUMNS)}")
    rules = []
    for row in reader:
        try:
            ends = [parse_day(row[n]) if row[n] else None for n in ("ends_from", "ends_to")]
        except (ValueError, TypeError) as error:
            raise WrongUseError(f"{name}, line {reader.line_num}: {error}") from None
        rules.append(Rule(row["measure"] or "", row["source"] or "", *ends))
    return tuple(rules)
