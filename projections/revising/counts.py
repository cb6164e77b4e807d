"""The counts of a figure's rows, out of sums: the columns whose changes can be split and added.

Means, medians and shares follow from these; a part of a median is not a thing that there is. A mean
stock and a capacity are counted in person-days, as `days`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from typing import TypeAlias

from projections.explaining.aim import labels_of
from projections.question import Question
from projections.tally import Extra

Labels: TypeAlias = tuple[tuple[str, str | None], ...]
Columns: TypeAlias = Counter[str]

_BY_NAME = {
    "stock": ("persons", "spells"),
    "flow": ("persons", "spells", "inflow", "outflow"),
    "exits": ("exits", "final", "returned", "pending"),
    "outcomes": ("reached", "in_work_or_education"),
    "returns": ("exits", "returned"),
    "funnel": ("persons",),
    "chains": ("count",),
    "capacity": ("days",),
    "duty": ("persons", "kvp_assessed_first"),
}


def counts_of(
    question: Question, rows: Mapping[Extra, Mapping[Hashable, int]]
) -> dict[Labels, Columns]:
    """A cell's counts by the labels of its rows, by column; also of a difference of sums."""
    found: dict[Labels, Columns] = {}
    for extra, numbers in rows.items():
        columns = _columns(question, extra, numbers)
        if columns:
            labels = tuple(labels_of(question, extra).items())
            found.setdefault(labels, Counter()).update(columns)
    return found


def _columns(question: Question, extra: Extra, numbers: Mapping[Hashable, int]) -> dict[str, int]:
    if question.figure == "dwell":
        return _dwell(numbers)
    if question.figure == "series":
        return _series(extra, numbers)
    names = ("days",) if question.is_mean else _BY_NAME[question.figure]
    return {name: numbers[name] for name in names if numbers.get(name)}


def _series(extra: Extra, numbers: Mapping[Hashable, int]) -> dict[str, int]:
    if extra[1] == "stock":
        names = {"persons": "stock", "spells": "stock_spells"}
    else:
        names = {"persons": "flow", "inflow": "inflow", "outflow": "outflow"}
    return {column: numbers[name] for name, column in names.items() if numbers.get(name)}


def _dwell(numbers: Mapping[Hashable, int]) -> dict[str, int]:
    """A length is counted as `(days, whether it is over)`."""
    columns = Counter[str]()
    for key, number in numbers.items():
        assert isinstance(key, tuple)
        columns.update({"spells": number, "completed" if key[1] else "ongoing": number})
    return {name: number for name, number in columns.items() if number}
