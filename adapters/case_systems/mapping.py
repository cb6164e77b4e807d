"""Somebody's own list by a mapping file: rows become versions, as every case system's records do.

So a list may be handed in anew when it has changed: a row that was corrected becomes a correction,
and one that is told of later does not undo what was known. A row that is no longer in the list is
not taken as annulled.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Final

from adapters.case_systems.keys import masked, read_number
from adapters.case_systems.mapping_file import EventOf, MappingFile
from adapters.case_systems.messages import (
    Cells,
    Delivery,
    Messages,
    SourceProblem,
    Version,
    Warned,
    last_word,
)
from adapters.case_systems.records import NOT_A_NUMBER
from adapters.case_systems.snapshots import Row, explain
from adapters.case_systems.workbook import Typed, day_of_serial, is_workbook, read_workbook
from domain.calendar import as_instant, to_microseconds

_NUMBERS: Final = ("days_per_week", "percent")
_DAYS: Final = ("until", "birth_date")
_KEYS: Final = ("participant", "same_as")

tell = last_word


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a list: its line, its cells by column, and how many cells it has too many.

    Of a workbook, also its sheet, the cells that are dates or numbers, and those that cannot be
    read, with why.
    """

    number: int
    cells: Mapping[str, str]
    surplus: int
    sheet: str = ""
    typed: Mapping[str, Typed] = field(default_factory=dict)
    wrong: Mapping[str, str] = field(default_factory=dict)


def lines_of(
    content: bytes, mapping: MappingFile, messages: Messages | None = None
) -> Iterator[Line]:
    """The rows of a list, in CSV or of a workbook. Bytes that the encoding does not have stay
    visible as such. Raises WrongUseError where a workbook is none, or has not the sheets."""
    if is_workbook(content):
        book = read_workbook(content, mapping.sheets, mapping.header, list(mapping.columns))
        for title in book.left_out:
            why = "a sheet that the mapping does not name, or without its columns; not read"
            (messages or Messages()).warn("sheet", title, why)
        for row in book.rows:
            yield Line(row.number, row.cells, row.surplus, row.sheet, row.typed, row.wrong)
        return
    encoding = "utf-8-sig" if mapping.encoding == "utf-8" else mapping.encoding
    text = content.decode(encoding, errors="surrogateescape")
    reader = csv.DictReader(
        io.StringIO(text, newline=""), delimiter=mapping.separator, restkey="", restval=""
    )
    for cells in reader:
        surplus: list[str] = cells.pop("", [])  # type: ignore[assignment]
        yield Line(reader.line_num, cells, len(surplus) if isinstance(surplus, list) else 0)


def read(content: bytes, delivery: Delivery, mapping: MappingFile) -> Messages:
    """Versions of the rows of a list, whose header must have the columns that the mapping names."""
    messages = Messages()
    seen: dict[str, Line] = {}
    for line in lines_of(content, mapping, messages):
        version = _read_line(line, delivery, mapping, messages)
        if version is None or version.dated:
            continue
        before = seen.setdefault(version.subject, line)
        if before is not line:
            where = f"line {before.number}" + (f" of {before.sheet}" if before.sheet else "")
            why = f"the same row as on {where}, by its id; the later one holds"
            _Reader(line, mapping, messages).wrong(mapping.id[0], why)
    return messages


def _read_line(
    line: Line, delivery: Delivery, mapping: MappingFile, messages: Messages
) -> Version | None:
    messages.records += 1
    messages.begin(json.dumps(line.cells).encode())
    reader = _Reader(line, mapping, messages)
    if not reader.is_sound():
        return None
    changed_at = delivery.received_at
    if mapping.changed is not None:
        told = reader.moment(mapping.changed)
        if told is None:
            reader.refuse(mapping.changed, "missing, or not a time in a format of the mapping")
            return None
        changed_at = as_instant(told)
    noted = len(messages.problems)
    state: dict[str, Cells] = {}
    for event in () if reader.is_left_out() else mapping.event:
        cells = reader.event(event)
        if cells is not None:
            name = event.name or event.type
            state[name if reader.is_private else f"{reader.reference}/{name}"] = cells
    if not state and len(messages.problems) > noted:
        # Taken as saying nothing, it would annul what it said before: it does not read, instead.
        messages.problems[noted:] = [replace(p, left_out=True) for p in messages.problems[noted:]]
        return None
    version = Version(
        mapping.source,
        reader.reference,
        (to_microseconds(changed_at),),
        changed_at,
        {"state": state},
        dated=mapping.changed is not None,
        line=line.number,
        private=reader.is_private,
    )
    messages.versions.append(version)
    return version


@dataclass(frozen=True, slots=True)
class _Reader:
    """One row, read by a mapping; what is wrong with it is noted."""

    line: Line
    mapping: MappingFile
    messages: Messages

    @property
    def reference(self) -> str:
        return "/".join(self.line.cells.get(name, "").strip() for name in self.mapping.id)

    @property
    def is_private(self) -> bool:
        """Whether the row's id has a national number in it: it gets into no event id."""
        return masked(self.reference) != self.reference

    def refuse(self, column: str, why: str) -> None:
        found = self.line.cells.get(column)
        where = self._where(column)
        self.messages.problem(self.reference, self.line.number, where, found, why)

    def wrong(self, column: str, why: str) -> None:
        """Notes a problem of one cell, once, however many events read it."""
        number, found, where = self.line.number, self.line.cells.get(column), self._where(column)
        noted = {(p.line, p.column) for p in self.messages.problems[-len(self.line.cells) :]}
        if (number, where) not in noted:
            self.messages.problem(self.reference, number, where, found, why, left_out=False)

    def _where(self, column: str) -> str:
        """A column; of a workbook, as Excel writes it."""
        return f"{self.line.sheet}!{column}" if self.line.sheet else column

    def is_sound(self) -> bool:
        """Whether the row is whole, in its encoding, and has the columns and an id."""
        if self.line.surplus:
            self.refuse("row", f"{self.line.surplus} cells more than the header has columns")
            return False
        for name in self.mapping.columns:
            if name not in self.line.cells:
                there = _readable(", ".join(map(str, self.line.cells)))
                self.refuse(name, f"the list has no such column; it has {there}")
                return False
        for name in self.line.cells:
            if name not in self.mapping.columns and name not in self.mapping.ignored:
                why = "a column that the mapping does not name"
                self.messages.warn(_readable(name), "", why)
        for name, text in self.line.cells.items():
            if "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text):
                why = f"holds a NUL character, or bytes that are not {self.mapping.encoding}"
                where, reference = _readable(self._where(name)), _readable(self.reference)
                self.messages.problem(reference, self.line.number, where, None, why)
                return False
        for name, why in self.line.wrong.items():
            if name in self.mapping.columns:
                self.refuse(name, why)
                return False
        empty = next((n for n in self.mapping.id if not self.line.cells[n].strip()), None)
        if empty is not None:
            self.refuse(empty, "missing; without it the row cannot be told from others")
        return empty is None

    def is_left_out(self) -> bool:
        """Whether a rule leaves it out: it says nothing, and annuls what it said before."""
        rules = self.mapping.leave_out
        return any(self.line.cells[rule.column].strip() in rule.values for rule in rules)

    def moment(self, column: str) -> datetime | None:
        """A time, by the first of the mapping's formats that fits; a date of a workbook as it is,
        and a number that no format fits as the day that it is there."""
        typed = self.line.typed.get(column)
        if isinstance(typed, datetime):
            return typed
        text = self.line.cells[column].strip()
        for pattern in self.mapping.patterns:
            try:
                return datetime.strptime(text, pattern)
            except ValueError:
                continue
        return None if typed is None else day_of_serial(typed)

    def day(self, column: str) -> date | None:
        text = self.line.cells[column].strip()
        if not text:
            return None
        moment = self.moment(column)
        if moment is None:
            self.wrong(column, f"not a date; write it as {' or '.join(self.mapping.dates)}")
            return None
        return moment.date()

    def event(self, event: EventOf) -> Cells | None:
        """The event that the row is; None where its day, or what it is only with, is not filled."""
        on = self.day(event.day)
        if on is None or not all(self.line.cells[name].strip() for name in event.only_with):
            return None
        day = on + timedelta(days=1) if event.inclusive else on
        cells = {"type": event.type, "occurred_on": day.isoformat(), **event.constants}
        for name, column in event.columns.items():
            told = self._cell(name, column, on)
            if told is not None:
                cells[name] = told
        if "participant" not in cells:
            self.wrong(event.columns["participant"], f"missing; no {event.type} without it")
            return None
        return cells

    def _cell(self, name: str, column: str, on: date) -> str | None:
        """One column of the contract, from one of the list's."""
        text = self.line.cells[column].strip()
        if name in self.mapping.codes:
            return self.mapping.table.translate(name, text or None, on, self.messages)
        if not text:
            return None
        if name in _KEYS:
            return self._key(column, text)
        if name in _DAYS:
            day = self.day(column)
            return None if day is None else day.isoformat()
        return text.replace(",", ".") if name in _NUMBERS else text

    def _key(self, column: str, text: str) -> str:
        """A person's key, checked where it looks like a national number; one that was kept as a
        number has lost the zero that it began with."""
        if isinstance(self.line.typed.get(column), int) and len(text) == 10:
            padded = text.zfill(11)
            if read_number(padded) is not None:
                why = "a number that lost its first zero; it is read with it"
                self.messages.warn(column, "", why)
                return padded
        if len(text) == 11 and text.isdecimal() and read_number(text) is None:
            self.wrong(column, NOT_A_NUMBER)
        return text


@dataclass(frozen=True, slots=True)
class Checked:
    """What one row of a sample becomes: rows of the contract, or nothing, and why."""

    line: int
    cells: Mapping[str, str]
    rows: tuple[Row, ...]
    problems: tuple[SourceProblem, ...]
    warnings: tuple[Warned, ...]
    left_out: bool
    sheet: str = ""


def check(content: bytes, delivery: Delivery, mapping: MappingFile) -> Iterator[Checked]:
    """Each row of a sample, by itself, with what it would become were it the first to come."""
    for line in lines_of(content, mapping):
        messages = Messages()
        version = _read_line(line, delivery, mapping, messages)
        rows: list[Row] = []
        if version is not None:
            [(_, told)] = explain([], [version], tell)
            rows = told or []
        yield Checked(
            line.number,
            line.cells,
            tuple(rows),
            tuple(messages.problems),
            tuple(messages.warnings),
            version is None or not version.says["state"],
            line.sheet,
        )


def _readable(text: str) -> str:
    """A text to show: bytes that its encoding does not have, as `?`."""
    return text.encode("utf-8", "replace").decode()
