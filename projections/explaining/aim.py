"""Which part of a figure is looked at: a cell, by its dimensions, its row and its column."""

from __future__ import annotations

import difflib
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from projections.layout import Row
from projections.question import DIMENSIONS, Question, QuestionError
from projections.tally import Counts, Extra, Mark, Sums

Labels: TypeAlias = Mapping[str, str | None]
Plain: TypeAlias = dict[Any, dict[Extra, dict[Hashable, int]]]

# What tells the rows of one cell apart, by figure.
ROW_LABELS: Final[Mapping[str, tuple[str, ...]]] = {
    "series": ("date",),
    "outcomes": ("horizon",),
    "returns": ("months",),
    "funnel": ("step",),
    "chains": ("measure", "next_measure"),
    "capacity": ("measure", "provider"),
    "duty": ("state", "reason"),
}
# Columns that follow from counts, in every figure: what counts for the row counts for them.
_COUNTS: Final[Mapping[str, tuple[str, ...]]] = {
    "stock": ("persons", "spells"),
    "mean_stock": (),
    "flow": ("persons", "spells", "inflow", "outflow"),
    "series": ("stock", "stock_spells", "inflow", "outflow", "flow"),
    "dwell": ("completed", "ongoing"),
    "exits": ("exits", "final", "returned", "pending"),
    "outcomes": ("reached", "in_work_or_education"),
    "returns": ("exits", "returned"),
    "funnel": ("persons",),
    "chains": ("count",),
    "capacity": (),
    "duty": ("persons", "kvp_assessed_first"),
}


@dataclass(frozen=True, slots=True)
class Aim:
    """A figure, and what of it is looked at: some of its rows, and one column or all.

    The question's own filters make the cell; without a filter it is the whole figure. `row` gives
    labels that a row must carry, those of `ROW_LABELS`; `column` keeps what adds to that column.
    """

    question: Question
    row: Labels = field(default_factory=dict)
    column: str | None = None

    def __post_init__(self) -> None:
        known = ROW_LABELS.get(self.question.figure, ())
        for name in self.row:
            if name not in known:
                has = ", ".join(known) or "none"
                raise QuestionError(
                    f"rows of {self.question.figure} have no label {name!r}; they have {has}"
                )
        columns = _COUNTS[self._kind]
        if self.column is not None and self.column not in columns:
            near = difflib.get_close_matches(self.column, columns, n=3, cutoff=0.5) or columns
            one_of = f"nearest: {', '.join(near)}" if near else "leave --column out"
            raise QuestionError(
                f"{self.question.figure} counts nothing in a column {self.column!r}; {one_of}"
            )

    @property
    def _kind(self) -> str:
        return "mean_stock" if self.question.is_mean else self.question.figure

    def takes(self, mark: Mark) -> bool:
        """Whether a mark is in a cell, in the rows, and adds to the column."""
        return bool(mark.cells) and self.in_rows(mark.extra) and self._in_column(mark)

    def in_rows(self, extra: Extra) -> bool:
        if not self.row:
            return True
        labels = labels_of(self.question, extra)
        return all(labels[name] == value for name, value in self.row.items())

    def _in_column(self, mark: Mark) -> bool:
        column = self.column
        if column is None:
            return True
        if self._kind == "series" and column.removesuffix("_spells") in ("stock", "flow"):
            part = "stock" if column.startswith("stock") else "flow"
            return mark.extra[1] == part and (mark.person or column == "stock_spells")
        if self._kind == "dwell":
            return any(name[1] is (column == "completed") for name, _ in mark.adds)  # type: ignore[index]
        if column == "persons" and mark.person:
            return True
        return any(name == column and number for name, number in mark.adds)

    def keeps(self, row: Row) -> bool:
        """Whether a row of the figure, as laid out, is looked at."""
        return all(_as_label(row[name]) == value for name, value in self.row.items())

    def marks_of(self, marks: Iterable[Mark]) -> list[Mark]:
        return [mark for mark in marks if self.takes(mark)]


def _as_label(value: object) -> str | None:
    return None if value is None else str(value)


def split_conditions(
    figure: str, conditions: Iterable[str], rows: Iterable[str]
) -> tuple[list[str], dict[str, str | None]]:
    """`DIM=VALUE` conditions on dimensions, and those that name a label of the figure's rows.

    A name that is both, as `measure` in chains, is a dimension; as a label it comes in `rows`.
    """
    where, row = [], {}
    labels = ROW_LABELS.get(figure, ())
    for condition in conditions:
        name, _, text = condition.partition("=")
        if name in labels and name not in DIMENSIONS:
            row[name] = text or None
        else:
            where.append(condition)
    for condition in rows:
        name, sign, text = condition.partition("=")
        if not sign:
            raise QuestionError(f"--row {condition!r} should read LABEL=VALUE")
        row[name] = text or None
    return where, row


def labels_of(question: Question, extra: Extra) -> dict[str, str | None]:
    """The labels of the row that marks with an `extra` are counted in."""
    match question.figure:
        case "series":
            return {"date": str(extra[0])}
        case "outcomes":
            index = extra[0]
            assert isinstance(index, int)
            return {"horizon": str(question.horizons[index])}
        case "capacity":
            return dict(zip(("measure", "provider"), _place_key(question, extra), strict=True))
    names = ROW_LABELS.get(question.figure, ())
    return {name: _as_label(value) for name, value in zip(names, extra, strict=True)}


def _place_key(question: Question, extra: Extra) -> tuple[str | None, ...]:
    """Places without a provider take those whose provider has no places of its own."""
    named = {(place.measure, place.provider) for place in question.places}
    key = extra if extra in named or (extra[0], None) not in named else (extra[0], None)
    return tuple(_as_label(part) for part in key)


def sums_of(marks: Iterable[Mark]) -> Plain:
    """What one person's marks add, by cell and row; over all cells under None; no zeros."""
    sums = Sums()
    sums.add_person(marks)
    plain: Plain = {}
    for cell, rows in [(None, sums.total), *sums.groups.items()]:
        counted = {extra: _without_zeros(counts) for extra, counts in rows.items()}
        plain[cell] = {extra: counts for extra, counts in counted.items() if counts}
    return plain


def added(one: Plain, other: Plain) -> Plain:
    """The sums of two persons together."""
    whole: Plain = {}
    for plain in (one, other):
        for cell, rows in plain.items():
            into = whole.setdefault(cell, {})
            for extra, numbers in rows.items():
                counts = into.setdefault(extra, {})
                for name, number in numbers.items():
                    counts[name] = counts.get(name, 0) + number
    return whole


def _without_zeros(counts: Counts) -> dict[Hashable, int]:
    return {name: number for name, number in counts.items() if number}
