"""Profiles from their folders: rules, bands, code lists, offices, units, places and reports.

A folder has `profile.toml` and, where they differ from the profile that it extends, `codes.csv`,
`offices.csv`, `units.csv`, `places.csv` and a folder `reports`.
"""

from __future__ import annotations

import csv
import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from adapters.errors import WrongUseError
from adapters.places import read_places
from adapters.toml_file import BadFileError, TomlFile, is_flag, is_text, is_whole, unreadable
from domain.codes import AgeBand, Code, Profile, TargetGroup
from projections.question import BOOLEAN, DIMENSIONS, TIME, Place

_DATA: Final = files("adapters") / "data"
SHIPPED: Final[Mapping[str, Traversable]] = {
    "default": _DATA / "default",
    "tiltaksplan-2003": _DATA / "profiles" / "tiltaksplan-2003",
    "eigersund-2022": _DATA / "profiles" / "eigersund-2022",
}
_KEYS: Final = ("name", "title_nb", "title_en", "extends", "age_bands", "target_groups")
# Lists of what figures are not grouped by; the others go by the names of their dimensions.
_UNGROUPED: Final = (
    "assessment_kind", "exemption_reason", "meeting_kind", "method", "sanction_reason",
)  # fmt: skip
_LISTS: Final = sorted({*_UNGROUPED, *DIMENSIONS} - {*BOOLEAN, *TIME})
_COLUMNS: Final = {
    "codes.csv": ("list", "code", "group", "label_nb", "label_en"),
    "offices.csv": ("office", "county"),
    "units.csv": ("municipality", "unit"),
}


@dataclass(frozen=True)
class ProfileFolder:
    """A profile, what is kept beside it, and where it is (`None`: it is shipped)."""

    profile: Profile
    titles: tuple[str, str]  # Norwegian, English
    places: tuple[Place, ...]
    reports: Traversable | Path
    path: Path | None


@cache
def default_profile() -> Profile:
    """The profile that comes with Forløp."""
    return open_profile("default").profile


def open_profile(name: str | os.PathLike[str] = "default") -> ProfileFolder:
    """A profile by the name of a shipped one, or by its folder.

    BadFileError has every problem in it with file and line; WrongUseError where there is none.
    """
    text = os.fspath(name)
    if text in SHIPPED:
        return _read(SHIPPED[text], None)
    path = Path(text)
    if not (path / "profile.toml").is_file():
        raise WrongUseError(
            f"there is no profile {text!r}: neither a folder with a profile.toml nor one of "
            f"{', '.join(SHIPPED)}"
        )
    return _read(path, path)


def _read(folder: Traversable | Path, path: Path | None) -> ProfileFolder:
    try:
        rules = TomlFile(folder / "profile.toml")
    except BadFileError as error:
        raise BadFileError([*error.problems, *_problems_beside(folder)]) from None
    values = rules.values
    rules.check_keys(values, _KEYS)
    name = rules.taken(values, "name", is_text, "a text", default="")
    if not name:
        rules.wrong("name is missing: what the profile is called")
    under = _extended(rules, values)
    bands, groups = _bands(rules, values), _groups(rules, values)
    tables = {file: _table(folder, file, rules.problems) for file in _COLUMNS}
    lists = _lists(under.profile if under else None, tables["codes.csv"])
    _check_labels(rules, lists, groups)
    places = _places(folder, lists, rules.problems)
    rules.finish()
    offices = {row["office"]: row["county"] for row in tables["offices.csv"]}
    units = {row["municipality"]: row["unit"] for row in tables["units.csv"]}
    if under is not None:
        bands, groups = bands or under.profile.age_bands, groups or under.profile.target_groups
        offices = offices or dict(under.profile.county_of_office)
        units = units or dict(under.profile.unit_of_municipality)
    profile = Profile(name, lists, bands, groups, offices, units)
    titles = (values.get("title_nb", name), values.get("title_en", name))
    own = places if places is not None else under.places if under else ()
    return ProfileFolder(profile, titles, own, folder / "reports", path)


def _problems_beside(folder: Traversable | Path) -> list[str]:
    """What is wrong in the tables, whatever the rules say."""
    problems: list[str] = []
    for file in _COLUMNS:
        _table(folder, file, problems)
    try:
        if (folder / "places.csv").is_file():
            read_places(folder / "places.csv")
    except WrongUseError as error:
        problems += str(error).splitlines()
    return problems


def _extended(rules: TomlFile, values: Mapping[str, Any]) -> ProfileFolder | None:
    if "extends" not in values:
        for name in ("age_bands", "target_groups"):
            if name not in values:
                rules.wrong(f'{name} are missing, and there is no extends = "default"')
        return None
    if values["extends"] not in SHIPPED:
        known = ", ".join(SHIPPED)
        rules.wrong(f"extends should be one of {known}, not {values['extends']!r}", key="extends")
        return None
    return _read(SHIPPED[values["extends"]], None)


def _bands(rules: TomlFile, values: Mapping[str, Any]) -> tuple[AgeBand, ...]:
    found: list[AgeBand] = []
    for number, band in enumerate(values.get("age_bands", ())):
        place = ("age_bands", number)
        rules.check_keys(band, ("code", "lowest", "highest"), *place)
        code = rules.taken(band, "code", is_text, "a text", place)
        lowest = rules.taken(band, "lowest", is_whole, "an age in whole years", place)
        highest = rules.taken(band, "highest", is_whole, "an age in whole years", place)
        if code is None or lowest is None:
            rules.wrong("an age band has a code and a lowest age", *place)
            continue
        if highest is not None and highest < lowest:
            rules.wrong(f"highest {highest} is below lowest {lowest}", *place, "highest")
        for other in found:
            if lowest in other or other.lowest in AgeBand(code, lowest, highest):
                rules.wrong(f"the ages of {code} are in {other.code} too", *place, "lowest")
        found.append(AgeBand(code, lowest, highest))
    _check_gaps(rules, found)
    return tuple(found)


def _check_gaps(rules: TomlFile, bands: list[AgeBand]) -> None:
    """A problem for ages between two bands that are in none: they would count as unknown."""
    order = sorted(range(len(bands)), key=lambda number: bands[number].lowest)
    for below, above in pairwise(order):
        highest, lowest = bands[below].highest, bands[above].lowest
        if highest is not None and highest + 1 < lowest:
            ages = f"{highest + 1} to {lowest - 1}" if highest + 2 < lowest else str(lowest - 1)
            told = f"no band has age {ages}, between {bands[below].code} and {bands[above].code}"
            rules.wrong(told, "age_bands", above, "lowest")


def _groups(rules: TomlFile, values: Mapping[str, Any]) -> tuple[TargetGroup, ...]:
    found = []
    for number, rule in enumerate(values.get("target_groups", ())):
        place = ("target_groups", number)
        rules.check_keys(rule, ("code", "ages", "single_parent", "refugee_background"), *place)
        code = rules.taken(rule, "code", is_text, "a text", place)
        if code is None:
            rules.wrong("a target group has a code", *place)
            continue
        ages = rules.taken(rule, "ages", _is_span, "[lowest, highest] in whole years", place)
        single = rules.taken(rule, "single_parent", is_flag, "true or false", place)
        refugee = rules.taken(rule, "refugee_background", is_flag, "true or false", place)
        found.append(TargetGroup(code, AgeBand(code, *ages) if ages else None, single, refugee))
    return tuple(found)


def _is_span(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) in (1, 2)
        and all(map(is_whole, value))
        and value == sorted(value)
    )


def _table(folder: Traversable | Path, name: str, problems: list[str]) -> list[dict[str, str]]:
    """A file's rows; none, where there is no such file."""
    file = folder / name
    if not file.is_file():
        return []
    try:
        return _rows(file, name, problems)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        problems.append(f"{file}: cannot be read: {unreadable(error)}")
        return []


def _rows(file: Traversable | Path, name: str, problems: list[str]) -> list[dict[str, str]]:
    reader = csv.DictReader(file.read_text("utf-8-sig").splitlines())
    missing = [column for column in _COLUMNS[name] if column not in (reader.fieldnames or ())]
    if missing:
        problems.append(f"{file}, line 1: the column {', '.join(missing)} is missing")
        return []
    rows: list[dict[str, str]] = []
    for row in reader:
        key, *rest = (row[column] for column in _COLUMNS[name])
        if not key or None in rest or None in row:
            columns = ", ".join(_COLUMNS[name])
            problems.append(f"{file}, line {reader.line_num}: a row has {columns}")
        elif "list" in row and key not in _LISTS:
            near = difflib.get_close_matches(key.lower(), _LISTS, n=3)
            told = f"nearest: {', '.join(near)}" if near else f"lists are: {', '.join(_LISTS)}"
            problems.append(f"{file}, line {reader.line_num}: there is no list {key!r}; {told}")
        else:
            rows.append(row)
    return rows


def _lists(under: Profile | None, rows: list[dict[str, str]]) -> dict[str, dict[str, Code]]:
    lists = {} if under is None else {name: dict(codes) for name, codes in under.lists.items()}
    for row in rows:
        code = Code(row["code"], row["group"], row["label_nb"], row["label_en"])
        lists.setdefault(row["list"], {})[code.code] = code
    return lists


def _check_labels(
    rules: TomlFile, lists: Mapping[str, Mapping[str, Code]], groups: tuple[TargetGroup, ...]
) -> None:
    for number, group in enumerate(groups):
        if group.code not in lists.get("target_group", {}):
            rules.wrong(
                f"the target group {group.code} has no label; give codes.csv a row "
                f"target_group,{group.code},,norsk,English",
                "target_groups",
                number,
                "code",
            )


def _places(
    folder: Traversable | Path, lists: Mapping[str, Mapping[str, Code]], problems: list[str]
) -> tuple[Place, ...] | None:
    file = folder / "places.csv"
    if not file.is_file():
        return None
    try:
        found = read_places(file)
    except WrongUseError as error:
        problems += str(error).splitlines()
        return ()
    for line, place in enumerate(found, start=2):
        if place.measure not in lists.get("measure", {}):
            problems.append(f"{file}, line {line}: there is no measure {place.measure!r}")
    return found
