"""KOSTRA's fixed-width files: records by the layout of their year, which is data, not code.

Latin-1, one record a line, the year of the record (the last two digits) in columns 5 and 6. The
layouts are those of Statistics Norway's file descriptions, kostra-kontrollprogram.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Literal

from adapters.case_systems.keys import NationalNumber, read_number
from adapters.case_systems.messages import Cells, Messages

Form = Literal["11f", "11cf"]


@dataclass(frozen=True, slots=True)
class Column:
    """One field of a layout: where it begins, counted from 0, its width, and what it holds.

    `kind` is `text`, `number`, or a date's pattern, `ddMMyy` or `ddMMyyyy`.
    """

    name: str
    begin: int
    size: int
    kind: str


@dataclass(frozen=True, slots=True)
class Layout:
    """One year's record."""

    columns: Mapping[str, Column]

    @property
    def length(self) -> int:
        return max(column.begin + column.size for column in self.columns.values())


@cache
def layouts(form: Form) -> Mapping[int, Layout]:
    """The layouts of a form, by year."""
    name = f"kostra_{form}_layout.csv"
    text = resources.files("adapters.case_systems.data").joinpath(name).read_text("utf-8")
    years: dict[int, dict[str, Column]] = {}
    for row in csv.DictReader(io.StringIO(text)):
        column = Column(row["name"], int(row["from"]) - 1, int(row["size"]), row["kind"])
        years.setdefault(int(row["year"]), {})[column.name] = column
    return {year: Layout(columns) for year, columns in years.items()}


@dataclass(frozen=True, slots=True)
class Record:
    """One person's record of one year. Its reference is the municipality and the journal number."""

    year: int
    cells: Mapping[str, str]
    layout: Layout
    line: int
    messages: Messages

    @property
    def reference(self) -> str:
        return f"{self.cells['KOMMUNE_NR']} {self.cells['PERSON_JOURNALNR'].strip()}"

    def text(self, name: str) -> str | None:
        """A field, blanks taken off; None where it is blank or the year does not have it."""
        return self.cells.get(name, "").strip() or None

    def day(self, name: str) -> date | None:
        """A date field; of two digits of the year, 2000 is meant. Zeros are a blank."""
        text = self.text(name)
        if text is None or not text.strip("0"):
            return None
        pattern = self.layout.columns[name].kind
        try:
            if not text.isdecimal() or len(text) != len(pattern):
                raise ValueError
            year = int(text[4:]) + (2000 if len(text) == 6 else 0)
            return date(year, int(text[2:4]), int(text[:2]))
        except ValueError:
            self.wrong(name, text, f"not a date; in {self.year} it is written {pattern}")
            return None

    def months(self) -> list[int]:
        """The months, 1 to 12, in which support was paid."""
        return [month for month in range(1, 13) if self.text(f"STMND_{month}") is not None]

    def wrong(self, name: str, found: object, why: str) -> None:
        self.messages.problem(self.reference, self.line, name, found, why, left_out=False)

    def refuse(self, name: str, found: object, why: str) -> None:
        self.messages.problem(self.reference, self.line, name, found, why)

    def person(self) -> tuple[str, NationalNumber | None] | None:
        """Whom it is about: the national number, or the journal's, where there is no sound one."""
        text = self.text("PERSON_FODSELSNR")
        number = None if text is None else read_number(text)
        if number is not None:
            return number.number, number
        duf = self.text("PERSON_DUF")
        if self.text("PERSON_JOURNALNR") is None and duf is None:
            self.refuse("PERSON_FODSELSNR", text, "no sound number, and no journal number either")
            return None
        if text is not None:
            self.wrong(
                "PERSON_FODSELSNR", text, "not a sound number; the journal number is the key"
            )
        return duf or self.reference.replace(" ", "-"), None


def records(content: bytes, form: Form, messages: Messages) -> Iterator[Record]:
    """The records of a file, each by the layout of its own year."""
    for line, raw in enumerate(content.split(b"\n"), 1):
        text = raw.rstrip(b"\r\x1a").decode("latin-1")
        if not text.strip():
            continue
        messages.records += 1
        messages.begin(raw)
        reference = f"{text[:4]} line {line}"
        year = 2000 + int(text[4:6]) if text[4:6].isdecimal() else None
        layout = None if year is None else layouts(form).get(year)
        if year is None or layout is None:
            known = ", ".join(str(y)[2:] for y in sorted(layouts(form)))
            why = f"not a year whose layout is known; VERSION must be one of {known}"
            messages.problem(reference, line, "VERSION", text[4:6], why)
        elif len(text) < layout.length:
            why = f"cut short at {len(text)} characters; a record of {year} has {layout.length}"
            messages.problem(reference, line, "record", None, why)
        elif len(text.rstrip()) > layout.length:
            why = f"{len(text.rstrip())} characters; a record of {year} has {layout.length}"
            messages.problem(reference, line, "record", None, why)
        elif "\x00" in text:
            messages.problem(reference, line, "record", None, "holds NUL characters; use blanks")
        else:
            yield Record(year, _cut(text, layout), layout, line, messages)


def _cut(text: str, layout: Layout) -> dict[str, str]:
    return {c.name: text[c.begin : c.begin + c.size] for c in layout.columns.values()}


def subject_of(record: Record, participant: str) -> str:
    """The person in the municipality: a name that tells who it is, and so is for no event id."""
    return f"{record.cells['KOMMUNE_NR']}/{participant}"


def registered(
    record: Record, participant: str, number: NationalNumber | None, on: date, sex: str | None
) -> Cells:
    """What the record tells of the person: municipality, sex, and birth date."""
    born_on = record.day("FODSELSDATO") if "FODSELSDATO" in record.layout.columns else None
    if born_on is None and number is not None:
        born_on = number.born_on
    cells = {
        "participant": participant,
        "type": "registered",
        "occurred_on": on.isoformat(),
        "municipality": record.cells["KOMMUNE_NR"],
    }
    cells |= {} if sex is None else {"sex": sex}
    return cells | ({} if born_on is None or born_on > on else {"birth_date": born_on.isoformat()})
