"""National numbers and D-numbers: whether one is sound, whose birth date it holds, how it is shown.

Fødselsnummer: DDMMYY, three individual digits, two control digits (folkeregisterforskriften
§ 2-2-1). A D-number adds 40 to the day. Synthetic ones add 40 or 65 (NAV, Dolly) or 80
(Skatteetaten, Tenor) to the month. From 2032 the first control digit may leave any of the
remainders 0-3, and the individual digits no longer tell the century (skatteetaten.github.io,
folkeregisteret-api-dokumentasjon, nytt-fodselsnummer-fra-2032), so a number that only those rules
allow has no birth date.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal

Series = Literal["real", "nav", "tenor"]

_NUMBER = re.compile(r"\d{11}", re.ASCII)
_IN_TEXT = re.compile(r"(?<!\d)\d{6}[ -]?\d{5}(?!\d)", re.ASCII)
_FIRST = (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)
_SECOND = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)
_MONTHS_ADDED: tuple[tuple[int, Series], ...] = (
    (80, "tenor"),
    (65, "nav"),
    (40, "nav"),
    (0, "real"),
)
# Which individual digits were given out to those born in which years, both ends included.
_CENTURIES = ((0, 499, 1900, 1999), (500, 749, 1854, 1899), (500, 999, 2000, 2039),
              (900, 999, 1940, 1999))  # fmt: skip


@dataclass(frozen=True, slots=True)
class NationalNumber:
    """A number that passes its checks. `born_on` is None where the rules from 2032 must be used.

    `rules` are those that its control digits obey: the ones of 1964, or those from 2032.
    """

    number: str
    d_number: bool
    series: Series
    born_on: date | None
    rules: Literal[1964, 2032]

    def __repr__(self) -> str:
        return f"NationalNumber({masked(self.number)}, {self.series})"


def read_number(text: str) -> NationalNumber | None:
    """The number that a text is, spaces and one hyphen aside; None if it is not a sound one."""
    number = text.strip().replace(" ", "").replace("-", "")
    if not _NUMBER.fullmatch(number):
        return None
    rules = _rules_of(number)
    day_shift = 40 if number[0] in "4567" else 0
    month = int(number[2:4])
    added, series = next(pair for pair in _MONTHS_ADDED if month > pair[0] or not pair[0])
    if rules is None or not _is_day(int(number[:2]) - day_shift, month - added):
        return None
    born_on = _born_on(number, day_shift, added) if rules == 1964 else None
    if born_on is None:
        rules = 2032  # no century gave out these individual digits in that year
    return NationalNumber(number, day_shift > 0, series, born_on, rules)


def _rules_of(number: str) -> Literal[1964, 2032] | None:
    digits = [int(digit) for digit in number]
    if sum(w * d for w, d in zip(_SECOND, digits, strict=True)) % 11:
        return None
    remainder = sum(w * d for w, d in zip(_FIRST, digits, strict=False)) % 11
    if remainder == 0:
        return 1964
    return 2032 if remainder <= 3 else None


def _is_day(day: int, month: int) -> bool:
    """Whether the day exists in some year: the century may not be known."""
    try:
        date(2000, month, day)
    except ValueError:
        return False
    return True


def _born_on(number: str, day_shift: int, added: int) -> date | None:
    individual, year = int(number[6:9]), int(number[4:6])
    for lowest, highest, first, last in _CENTURIES:
        for century in (1800, 1900, 2000):
            if lowest <= individual <= highest and first <= century + year <= last:
                try:
                    day, month = int(number[:2]) - day_shift, int(number[2:4]) - added
                    return date(century + year, month, day)
                except ValueError:
                    return None
    return None


def masked(text: str) -> str:
    """The text with everything that looks like a national number hidden, sound or not."""
    return _IN_TEXT.sub("***********", text)
