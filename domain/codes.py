"""Code lists and profiles: what a programme's codes, bands, groups and places are, as values.

A profile is read from data files by `adapters.profiles`; this module only says what one is.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from domain.calendar import whole_years

Language = Literal["nb", "en"]
POSITIVE = "positive"  # the group of destinations that count as work or education


@dataclass(frozen=True, slots=True)
class Code:
    """One code of a list, with what it is grouped under and what people call it."""

    code: str
    group: str
    label_nb: str
    label_en: str

    def label(self, language: Language) -> str:
        return self.label_nb if language == "nb" else self.label_en


@dataclass(frozen=True, slots=True)
class AgeBand:
    """Ages `lowest` to `highest` in whole years, both included; no highest: and over."""

    code: str
    lowest: int
    highest: int | None

    def __contains__(self, age: int) -> bool:
        return self.lowest <= age and (self.highest is None or age <= self.highest)


@dataclass(frozen=True, slots=True)
class TargetGroup:
    """A rule for a target group: every condition that is set must hold; first rule that fits."""

    code: str
    ages: AgeBand | None = None
    single_parent: bool | None = None
    refugee_background: bool | None = None

    def fits(
        self, age: int | None, single_parent: bool | None, refugee_background: bool | None
    ) -> bool:
        """Whether a person is in it; a condition on something unknown is not met."""
        if self.ages is not None and (age is None or age not in self.ages):
            return False
        if self.single_parent is not None and single_parent is not self.single_parent:
            return False
        return self.refugee_background is None or refugee_background is self.refugee_background


@dataclass(frozen=True)
class Profile:
    """All that a programme may set for itself."""

    name: str
    lists: Mapping[str, Mapping[str, Code]]
    age_bands: tuple[AgeBand, ...]
    target_groups: tuple[TargetGroup, ...]
    county_of_office: Mapping[str, str] = field(default_factory=dict)
    unit_of_municipality: Mapping[str, str] = field(default_factory=dict)

    def has(self, list_name: str, code: str) -> bool:
        return code in self.lists[list_name]

    def nearest(self, list_name: str, code: str) -> list[str]:
        """The codes of a list that look most like a wrong one, best first; none, if none does."""
        return difflib.get_close_matches(code.lower(), self.lists[list_name], n=3, cutoff=0.5)

    def group_of(self, list_name: str, code: str | None) -> str | None:
        found = self.lists[list_name].get(code) if code is not None else None
        return found.group or None if found else None

    def label(self, list_name: str, code: str, language: Language) -> str:
        """What people call a code; a code that is not in the list is shown as it is."""
        found = self.lists.get(list_name, {}).get(code)
        return found.label(language) if found else code

    def is_positive(self, destination: str | None) -> bool:
        """Whether a destination is work or education."""
        return self.group_of("destination", destination) == POSITIVE

    def age_band(self, born_on: date | None, on: date) -> str | None:
        if born_on is None:
            return None
        age = whole_years(born_on, on)
        return next((band.code for band in self.age_bands if age in band), None)

    def target_group(
        self,
        born_on: date | None,
        single_parent: bool | None,
        refugee_background: bool | None,
        on: date,
    ) -> str | None:
        """The first group that fits; with no birth date known, never one that asks for an age."""
        age = None if born_on is None else whole_years(born_on, on)
        for group in self.target_groups:
            if group.fits(age, single_parent, refugee_background):
                return group.code
        return None
