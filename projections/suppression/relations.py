"""The relations that every reader of a set of tables knows: margins, and counts of one row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from projections.suppression.cells import TOLERANCE, Cell, Dims, Relation
from projections.suppression.reading import UNSUMMABLE, Line, Nesting, Sheet, lies_within, without

_SUMS = {
    "exits": (("exits", ("final", "returned", "pending")),),
    "dwell": (("spells", ("completed", "ongoing")),),
}
_AT_MOST = {
    "stock": (("persons", "spells"),),
    "flow": (("persons", "spells"), ("inflow", "spells"), ("outflow", "spells")),
    "series": (("stock", "stock_spells"), ("stock", "flow")),
    "outcomes": (("in_work_or_education", "reached"),),
    "returns": (("returned", "exits"),),
    "capacity": (("used", "used_highest"),),
    "duty": (("kvp_assessed_first", "persons"),),
}
_OVERLAPPING = frozenset(
    {
        "programme",
        "measure",
        "measure_group",
        "track",
        "provider",
        "stop_reason",
        "benefit",
        "role",
        "sanction",
    }
)
_COUNTS_OF_PERSONS = frozenset({"persons", "mean_persons", "stock", "flow"})
_NEVER_CHANGES = frozenset({"programme", "measure", "measure_group", "track", "provider", "date"})

Known = Mapping[Cell, float]


def relations(sheets: Sequence[Sheet], known: Known, nesting: Nesting) -> list[Relation]:
    """All relations among the cells of some sheets; those of two releases have none.

    `known` are the true values or, for an attack from outside, the published ones. A relation
    that what is known contradicts (a person counted in two rows) is weakened to what still holds;
    one that happens to hold is taken as known, which makes the reader stronger, never weaker.
    """
    found: dict[frozenset[tuple[Cell, float]], Relation] = {}
    for release in sorted({sheet.release for sheet in sheets}):
        here = [sheet for sheet in sheets if sheet.release == release]
        for relation in (
            *_margins(here, known, nesting, release),
            *_within_rows(here, known),
            *_balances(here, known),
        ):
            found.setdefault(frozenset(relation.form.items()), relation)
    return list(found.values())


def _margins(
    sheets: Sequence[Sheet], known: Known, nesting: Nesting, release: int
) -> Iterator[Relation]:
    """Each cell against the rows of each table that splits it up."""
    wholes: dict[tuple[str, Dims], set[str]] = defaultdict(set)
    for sheet in sheets:
        for line in sheet.lines:
            columns_here = {cell.column for cell, _ in sheet.cells(line)}
            wholes[sheet.scope, line.dims] |= columns_here
    for cell in known:  # what only shares tell
        if cell.release != release:
            continue
        wholes[cell.scope, cell.dims].add(cell.column)
    for (scope, whole), columns in wholes.items():
        for sheet in sheets:
            if sheet.scope != scope or not lies_within(dict(whole), sheet.kept, nesting):
                continue
            parts = [part for part in sheet.lines if _splits(part, whole, nesting)]
            for column in sorted(columns):
                cells = [c for part in parts for c, _ in sheet.cells(part) if c.column == column]
                if cells:
                    yield from _margin(Cell(scope, column, whole, release), cells, known)


def _splits(part: Line, whole: Dims, nesting: Nesting) -> bool:
    if part.index is None or part.dims == whole:
        return False
    dims = dict(part.dims)
    more = {name for name, _ in part.dims} - {name for name, _ in whole}
    return not more & UNSUMMABLE and lies_within(dims, whole, nesting)


def _margin(whole: Cell, parts: list[Cell], known: Known) -> Iterator[Relation]:
    """The whole is the sum of its parts; less than it, where one person is in two of them."""
    form: dict[Cell, float] = {whole: 1.0}
    for part in parts:
        form[part] = form.get(part, 0.0) - 1.0
    if _adds_up(whole, parts, form, known):
        yield Relation(form)
        return
    if _difference(form, known) <= TOLERANCE:
        yield Relation(form, equal=False)
    for part in parts:
        if _holds({part: 1.0, whole: -1.0}, known):
            yield Relation({part: 1.0, whole: -1.0}, equal=False)


def _adds_up(whole: Cell, parts: list[Cell], form: Mapping[Cell, float], known: Known) -> bool:
    if all(cell in known for cell in form):
        return abs(_difference(form, known)) <= TOLERANCE * max(1.0, known[whole])
    split_by = {name for part in parts for name, _ in part.dims} - {n for n, _ in whole.dims}
    return not (whole.column in _COUNTS_OF_PERSONS and split_by & _OVERLAPPING)


def _difference(form: Mapping[Cell, float], known: Known) -> float:
    """The form's value; where something is not known, as if the relation held."""
    if not all(cell in known for cell in form):
        return 0.0
    return sum(factor * known[cell] for cell, factor in form.items())


def _holds(form: Mapping[Cell, float], known: Known) -> bool:
    unknown = any(cell not in known for cell in form)
    return unknown or sum(factor * known[cell] for cell, factor in form.items()) <= TOLERANCE


def _within_rows(sheets: Sequence[Sheet], known: Known) -> Iterator[Relation]:
    """Counts of one row that bound one another: no more persons than spells."""
    for sheet in sheets:
        for line in sheet.lines:
            cells = {cell.column: cell for cell, _ in sheet.cells(line)}
            for whole, parts in _SUMS.get(sheet.figure, ()):
                if whole in cells and all(part in cells for part in parts):
                    form = {cells[whole]: 1.0} | {cells[part]: -1.0 for part in parts}
                    yield Relation(form)
            for less, more in _AT_MOST.get(sheet.figure, ()):
                if less in cells and more in cells:
                    form = {cells[less]: 1.0, cells[more]: -1.0}
                    if _holds(form, known):
                        yield Relation(form, equal=False)
        if sheet.figure == "funnel":
            yield from _steps(sheet, known)


def _steps(sheet: Sheet, known: Known) -> Iterator[Relation]:
    """Nobody takes a later step of a funnel who was not referred."""
    present = {cell for line in sheet.lines for cell, _ in sheet.cells(line)}
    for cell in sorted(present, key=str):
        dims = tuple(sorted((*without(cell.dims, "step"), ("step", "referred"))))
        first = sheet.cell(cell.column, dims)
        form = {cell: 1.0, first: -1.0}
        if first in present and first != cell and _holds(form, known):
            yield Relation(form, equal=False)


def _balances(sheets: Sequence[Sheet], known: Known) -> Iterator[Relation]:
    """Stock yesterday, and what came and went, is the stock today (counted in spells)."""
    for sheet in sheets:
        if sheet.figure != "series":
            continue
        groups: dict[Dims, dict[str, dict[str, Cell]]] = defaultdict(dict)
        for line in sheet.lines:
            date = str(dict(line.dims).get("date"))
            row = {cell.column: cell for cell, _ in sheet.cells(line)}
            if {"stock_spells", "inflow", "outflow"} <= row.keys():
                groups[without(line.dims, "date")][date] = row
        for dims, steps in groups.items():
            yield from _balance(dims, [steps[date] for date in sorted(steps)], known)


def _balance(dims: Dims, rows: list[dict[str, Cell]], known: Known) -> Iterator[Relation]:
    names = {name for name, _ in dims}
    for before, after in pairwise(rows):
        form: dict[Cell, float] = {
            after["stock_spells"]: 1.0,
            before["stock_spells"]: -1.0,
            after["inflow"]: -1.0,
            after["outflow"]: 1.0,
        }
        if all(cell in known for cell in form):
            if abs(sum(f * known[c] for c, f in form.items())) <= TOLERANCE:
                yield Relation(form)
        elif names <= _NEVER_CHANGES:
            yield Relation(form)
