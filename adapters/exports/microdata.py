"""Spells as event files for microdata.no, with metadata, as `microdata-tools` validates them.

A dataset is a folder with NAME.csv (`unit_id;value;start;stop;attributes`, the last day included,
empty where it runs on) and NAME.json. Spells of one unit must not overlap within a dataset, so
there is one for each programme and each measure, and in it a person's spells that meet are one.
A spell of no days has no day to include and is left out, as are persons who were erased.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

import orjson
from sqlalchemy import Engine

from adapters.access_log import Reader
from adapters.errors import WrongUseError
from adapters.exports.journeys import everybody
from domain.calendar import ONE_DAY
from domain.codes import Profile
from domain.history import Cutoff
from domain.kinds import Kind

_SETS: Final[Mapping[Kind, str]] = {"enrolment": "PROGRAM", "measure": "TILTAK"}
_LISTS: Final[Mapping[Kind, str]] = {"enrolment": "programme", "measure": "measure"}
Stretch = tuple[date, date | None]


@dataclass(slots=True)
class Dataset:
    """One file: whose spells of one code. `code` is a code of the profile's list `list_name`."""

    name: str
    list_name: str
    code: str
    spells: dict[str, list[Stretch]] = field(default_factory=dict)


def export_microdata(
    engine: Engine, folder: Path, profile: Profile, cutoff: Cutoff, by: Reader
) -> list[str]:
    """Writes the datasets into a folder that is made; gives their names.

    Raises WrongUseError where the folder has something in it.
    """
    if folder.exists() and any(folder.iterdir()):
        raise WrongUseError(f"{folder} is not empty; name another folder")
    datasets: dict[str, Dataset] = {}
    for person in everybody(engine, cutoff, by, "export microdata"):
        if person.key is None:
            continue
        for kind, prefix in _SETS.items():
            for spell in person.journey.spells[kind]:
                code = str(getattr(spell.opened.event, _LISTS[kind]))
                name = f"{prefix}_{re.sub('[^A-Z0-9_]', '_', code.upper())}"
                found = datasets.setdefault(name, Dataset(name, _LISTS[kind], code))
                if spell.stop is None or spell.stop > spell.start:
                    stretch = (spell.start, spell.stop)
                    found.spells.setdefault(person.key, []).append(stretch)
    written = [one for _, one in sorted(datasets.items()) if one.spells]
    for one in written:
        _write(folder / one.name, one, profile)
    return [one.name for one in written]


def merged(spells: Iterable[Stretch]) -> list[Stretch]:
    """Spells `[start, stop)` in order, those that overlap or meet as one."""
    told: list[Stretch] = []
    for start, stop in sorted(spells, key=lambda one: (one[0], one[1] or date.max)):
        if told and (told[-1][1] is None or start <= told[-1][1]):
            first, last = told[-1]
            told[-1] = (first, None if last is None or stop is None else max(last, stop))
        else:
            told.append((start, stop))
    return told


def _write(folder: Path, one: Dataset, profile: Profile) -> None:
    folder.mkdir(parents=True)
    lines, first = [], date.max
    for key, spells in sorted(one.spells.items()):
        for start, stop in merged(spells):
            last = "" if stop is None else (stop - ONE_DAY).isoformat()
            lines.append(f"{key};{one.code};{start.isoformat()};{last};\n")
            first = min(first, start)
    (folder / f"{one.name}.csv").write_text("".join(lines), "utf-8")
    told = orjson.dumps(_metadata(one, first, profile), option=orjson.OPT_INDENT_2)
    (folder / f"{one.name}.json").write_bytes(told)


def _metadata(one: Dataset, first: date, profile: Profile) -> dict[str, Any]:
    """What microdata.no asks to be told of a variable, in Norwegian."""
    title = profile.label(one.list_name, one.code, "nb")
    what = "program" if one.list_name == "programme" else "tiltak"
    code = {"code": one.code, "categoryTitle": _no(title), "validFrom": first.isoformat()}
    variable = {
        "name": _no(title),
        "description": _no(f"Personens forløp i {what}: {title}. Siste dag er med."),
        "dataType": "STRING",
        "valueDomain": {"codeList": [code]},
    }
    return {
        "temporalityType": "EVENT",
        "sensitivityLevel": "PERSON_SPECIAL",
        "populationDescription": _no(f"Personer som har deltatt i {what}: {title}"),
        "subjectFields": [_no("ARBEID")],
        "dataRevision": {"description": _no("Eksport fra hendelsesloggen.")},
        "identifierVariables": [{"unitType": "PERSON"}],
        "measureVariables": [variable],
    }


def _no(text: str) -> list[dict[str, str]]:
    return [{"languageCode": "no", "value": text}]
