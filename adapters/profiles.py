"""Profiles from their folders: code lists, age bands, target groups, offices and units."""

from __future__ import annotations

import csv
import tomllib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from domain.codes import AgeBand, Code, Profile, TargetGroup


@cache
def default_profile() -> Profile:
    """The profile that comes with Forløp."""
    return read_profile(files("adapters") / "data" / "default")


def read_profile(folder: Traversable | Path) -> Profile:
    """A profile from its folder: profile.toml, codes.csv, offices.csv, units.csv."""
    rules = tomllib.loads((folder / "profile.toml").read_text("utf-8"))
    return Profile(
        name=rules["name"],
        lists=_lists(_rows(folder / "codes.csv")),
        age_bands=tuple(_band(band["code"], band) for band in rules["age_bands"]),
        target_groups=tuple(_group(group) for group in rules["target_groups"]),
        county_of_office={row["office"]: row["county"] for row in _rows(folder / "offices.csv")},
        unit_of_municipality={
            row["municipality"]: row["unit"] for row in _rows(folder / "units.csv")
        },
    )


def _rows(file: Traversable | Path) -> list[dict[str, str]]:
    return list(csv.DictReader(file.read_text("utf-8").splitlines()))


def _lists(rows: list[dict[str, str]]) -> dict[str, dict[str, Code]]:
    lists: dict[str, dict[str, Code]] = {}
    for row in rows:
        code = Code(row["code"], row["group"], row["label_nb"], row["label_en"])
        lists.setdefault(row["list"], {})[code.code] = code
    return lists


def _band(code: str, band: dict[str, Any]) -> AgeBand:
    return AgeBand(code, band["lowest"], band.get("highest"))


def _group(rule: dict[str, Any]) -> TargetGroup:
    ages = rule.get("ages")
    return TargetGroup(
        code=rule["code"],
        ages=AgeBand(rule["code"], *ages) if ages else None,
        single_parent=rule.get("single_parent"),
        refugee_background=rule.get("refugee_background"),
    )
