"""Reading what case systems send, tolerantly: JSON in any wrapping, and its dates, times, numbers.

What cannot be read is a problem of that record, or of that field; it never stops the rest.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache
from typing import Any, Final, NamedTuple

import orjson

from adapters.case_systems.keys import read_number
from adapters.case_systems.messages import Messages
from domain.calendar import OSLO, from_microseconds, parse_day, parse_instant

_EPOCH_DAY = date(1970, 1, 1)
_NOT_A_TIME = "not a time; write it as 2003-12-31T14:15:00+01:00"
_NOT_A_DAY = "not a date; write it as 2003-12-31"
NOT_A_NUMBER: Final = "not a sound national number or D-number; it is taken as a key as it stands"
_MISSING: Final = "missing; the source must say it"


class Wrapped(NamedTuple):
    """One JSON record, taken out of what it came in. `value` is None in a tombstone.

    `key`, `sent_at` and `offset` are those of the message around it, where there was one; `raw` is
    all of it.
    """

    value: Any
    line: int | None = None
    key: str | None = None
    sent_at: datetime | None = None
    raw: bytes = b""
    offset: int | None = None


def json_records(content: bytes, messages: Messages, *, exact: bool = False) -> Iterator[Wrapped]:
    """Each record of a JSON document, an array, or lines of JSON; unwrapped, where a topic's dump.

    `exact` keeps decimals as they are written, where a binary fraction would not do.
    """
    body = content.removeprefix(b"\xef\xbb\xbf")
    try:
        whole = _parse(body, exact=exact)
    except ValueError:
        yield from _json_lines(body, messages, exact=exact)
        return
    for record in whole if isinstance(whole, list) else [whole]:
        messages.records += 1
        raw = body if record is whole else json.dumps(record, default=str).encode()
        messages.begin(raw)
        yield _unwrapped(record, None, raw)


def _json_lines(body: bytes, messages: Messages, *, exact: bool) -> Iterator[Wrapped]:
    lines = [(number, line) for number, line in enumerate(body.split(b"\n"), 1) if line.strip()]
    wrong: list[tuple[int, bytes, str]] = []
    found_any = False
    for number, line in lines:
        try:
            record = _parse(line, exact=exact)
        except ValueError as error:
            wrong.append((number, line, str(error)))
            continue
        found_any = True
        messages.records += 1
        messages.begin(line)
        yield _unwrapped(record, number, line)
    if not found_any:  # one document, cut short: every line of it would be a problem
        wrong = [(number, body, why) for number, _, why in wrong[:1]]
    for number, raw, why in wrong:
        messages.records += 1
        messages.begin(raw)
        message = f"not JSON, or cut short ({why}); send the record again, whole"
        messages.problem("", number, "record", None, message)


def _parse(text: bytes, *, exact: bool) -> Any:
    if exact:
        return json.loads(text.decode(), parse_float=Decimal)
    return orjson.loads(text)


def _unwrapped(record: Any, line: int | None, raw: bytes) -> Wrapped:
    if not isinstance(record, dict) or "value" not in record or "key" not in record:
        return Wrapped(record, line, raw=raw)
    value, sent = record["value"], record.get("timestamp")
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except ValueError:
            value = record["value"]
    sent_at = from_microseconds(int(sent) * 1000) if isinstance(sent, int) else None
    offset = record.get("offset")
    place = offset if isinstance(offset, int) else None
    return Wrapped(value, line, str(record["key"]), sent_at, raw, place)


class Fields(NamedTuple):
    """The fields of one record, each read as what it should be; what is wrong is noted.

    A field that is absent, null or empty reads as None, without a word.
    """

    values: Mapping[str, Any]
    reference: str
    line: int | None
    messages: Messages
    path: str = ""

    def expect(self, known: frozenset[str]) -> None:
        """Counts the fields that are not known, and says where NUL characters were taken out.

        `known` are names, those of fields inside fields with a point between; inside one of which
        none is named, all are. Both are kept, as they came, with the raw record.
        """
        for name, found in self.values.items():
            if name not in known:
                self.messages.warn(self.path + name, "", "a field that is not known")
            elif isinstance(found, str):
                if "\x00" in found:  # not shown: most of such fields hold what somebody wrote
                    self.wrong(name, None, "holds NUL characters; it is read without them")
            elif found and isinstance(found, (dict, list)):
                inside = _inside(name, known)
                for each in (found if isinstance(found, list) else [found]) if inside else ():
                    if isinstance(each, Mapping):
                        self._inside(each, name).expect(inside)

    def _inside(self, values: Mapping[str, Any], name: str) -> Fields:
        return Fields(values, self.reference, self.line, self.messages, f"{self.path}{name}.")

    def text(self, *names: str) -> str | None:
        """The first of these fields that says something, without NUL characters."""
        values = self.values
        for name in names:
            found = values.get(name)
            if found is None or found == "":
                continue
            text = found if isinstance(found, str) else _as_text(found)
            if "\x00" in text:
                text = text.replace("\x00", "")
            return text.strip() or None
        return None

    def person(self, name: str) -> str | None:
        """The key of a person; one that looks like a national number is checked as one."""
        text = self.text(name)
        if text is not None and len(text) == 11 and text.isdecimal() and not read_number(text):
            self.wrong(name, text, NOT_A_NUMBER)
        return text

    def day(self, *names: str) -> date | None:
        """A date; of a time, its day in Oslo; of a whole number, the days since 1970 (Avro)."""
        for name in names:
            found = self.values.get(name)
            if found is None or found == "":
                continue
            if isinstance(found, int) and not isinstance(found, bool):
                try:
                    return _EPOCH_DAY + timedelta(days=found)
                except OverflowError:
                    self.wrong(name, found, _NOT_A_DAY)
                    return None
            text = self.text(name) or ""
            try:
                return _day(text) if len(text) == 10 else _day_in_oslo(_instant(text))
            except ValueError:
                self.wrong(name, text, _NOT_A_DAY)
                return None
        return None

    def instant(self, *names: str, unit: int = 1_000) -> datetime | None:
        """A time; without a zone it is Oslo's. A number counts from 1970, `unit` to the second."""
        for name in names:
            found = self.values.get(name)
            if found is None or found == "":
                continue
            try:
                if isinstance(found, (int, float, Decimal)) and not isinstance(found, bool):
                    return from_microseconds(int(Decimal(str(found)) * 1_000_000 / unit))
                return _instant(self.text(name) or "")
            except (ValueError, OverflowError, InvalidOperation):
                self.wrong(name, found, _NOT_A_TIME)
                return None
        return None

    def number(self, highest: int, *names: str) -> str | None:
        """A number from 0 to the highest, of at most two decimals, as the contract writes it."""
        for name in names:
            found = self.values.get(name)
            if found is None or found == "":
                continue
            try:
                value = float(str(found).replace(",", "."))
            except ValueError:
                value = math.nan
            if not 0 <= value <= highest:
                self.wrong(name, found, f"not a number from 0 to {highest}")
                return None
            return f"{round(value, 2):g}"
        return None

    def flag(self, name: str) -> bool:
        return self.values.get(name) in (True, "true")

    def texts(self, name: str) -> list[str]:
        """The texts and numbers of a list; none, where it is absent or something else."""
        found = self.values.get(name)
        listed = found if isinstance(found, list) else []
        return [str(each) for each in listed if isinstance(each, (str, int))]

    def child(self, name: str) -> Fields:
        """The fields inside a field; none, where it is absent or something else."""
        found = self.values.get(name)
        if isinstance(found, dict):
            return self._inside(found, name)
        if found is not None:
            self.wrong(name, found, "not an object with fields")
        return self._inside({}, name)

    def children(self, name: str) -> list[Fields]:
        """The fields inside each object of a list."""
        found = self.values.get(name)
        if found is not None and not isinstance(found, list):
            self.wrong(name, found, "not a list")
        return [
            self._inside(each, name)
            for each in (found if isinstance(found, list) else [])
            if isinstance(each, Mapping)
        ]

    def wrong(self, name: str, found: object, why: str) -> None:
        """A problem of one field; the rest of the record is used."""
        self.messages.problem(
            self.reference, self.line, self.path + name, found, why, left_out=False
        )

    def refuse(self, name: str, found: object = None, why: str = _MISSING) -> None:
        """A problem that leaves the whole record out."""
        self.messages.problem(self.reference, self.line, self.path + name, found, why)


@cache
def _inside(name: str, known: frozenset[str]) -> frozenset[str]:
    """The known fields inside one of some."""
    start = f"{name}."
    return frozenset(each.removeprefix(start) for each in known if each.startswith(start))


def _as_text(found: object) -> str:
    if isinstance(found, float):
        return f"{found:g}"
    return str(found).lower() if isinstance(found, bool) else str(found)


_day: Final = lru_cache(maxsize=10_000)(parse_day)  # a delivery's days are few, and come often


def _instant(text: str) -> datetime:
    """Java writes the zone's name after the offset, as `+01:00[Europe/Oslo]`; the offset holds."""
    return parse_instant(text.partition("[")[0] if "[" in text else text)


def _day_in_oslo(moment: datetime) -> date:
    return moment.astimezone(OSLO).date()


def day_of(moment: datetime) -> str:
    """The day of a time in Oslo, as the contract writes it."""
    return _day_in_oslo(moment).isoformat()
