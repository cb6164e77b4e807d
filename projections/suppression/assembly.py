"""Results, and the earlier releases of them, put together as one system of cells."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from projections.suppression.cells import TOLERANCE, Cell, System
from projections.suppression.reading import (
    Nesting,
    Result,
    Sheet,
    moments,
    nesting_of,
    read,
)
from projections.suppression.relations import relations


@dataclass
class Published:
    """One release as a reader has it: the values printed, and the cells printed as suppressed."""

    sheets: tuple[Sheet, ...]
    values: dict[Cell, float] = field(default_factory=dict)
    suppressed: set[Cell] = field(default_factory=set)


def published(results: Sequence[Result], nesting: Nesting, moments: Sequence[int]) -> Published:
    """The cells of a release, each result's under the number of its moment.

    ValueError if two tables of one moment print different numbers for one cell.
    """
    pairs = zip(results, moments, strict=True)
    found = Published(tuple(read(result, nesting, number) for result, number in pairs))
    for sheet in found.sheets:
        for line in sheet.lines:
            for cell, value in sheet.cells(line):
                if value is None:
                    found.suppressed.add(cell)
                elif abs(found.values.setdefault(cell, value) - value) > TOLERANCE:
                    raise ValueError(
                        f"{cell} is {found.values[cell]} in one table, {value} in another"
                    )
    both = sorted(map(str, found.suppressed & found.values.keys()))
    if both:
        raise ValueError(f"{both[0]} is suppressed in one table and printed in another")
    for sheet in found.sheets:
        _share_totals(sheet, found)
    return found


def _share_totals(sheet: Sheet, found: Published) -> None:
    """The denominators of shares, which the shares tell even where no row prints them."""
    groups: dict[Cell, list[tuple[float | None, float | None]]] = defaultdict(list)
    for line in sheet.lines:
        for share in line.shares:
            total = sheet.cell(share.of, share.whole)
            one = 100 if share.column.startswith("percent") else 1
            value, part = line.row.get(share.of), line.row.get(share.column)
            groups[total].append((value, part / one if part is not None else None))
    for total, rows in groups.items():
        if total in found.values:
            continue
        # The largest part's share, however rounded, tells the denominator best.
        told = [(part, value / part) for value, part in rows if value and part]
        if told:
            found.values[total] = _denominator(max(told)[1], [value for value, _ in rows])
            found.suppressed.discard(total)
        elif any(value is None for value, _ in rows):
            found.suppressed.add(total)


def _denominator(told: float, parts: Sequence[float | None]) -> float:
    """The sum of the parts, if all are printed and the share, which may be rounded, agrees."""
    together = sum(part for part in parts if part is not None)
    agrees = None not in parts and abs(together - told) <= 1 + 0.02 * together
    return together if agrees else round(told)


@dataclass(frozen=True)
class Known:
    """What readers of earlier releases have of these numbers: printed, and hidden everywhere."""

    printed: frozenset[Cell]
    hidden: frozenset[Cell]


def true_system(
    results: Sequence[Result],
    earlier: Sequence[tuple[Sequence[Result], Sequence[Result]]],
    given: Nesting | None,
) -> tuple[System, Published, Known]:
    """The system of true values; `earlier` are pairs of true and published results.

    A cell that an earlier release tells of, of the same moment or of another, stays as it is told.
    """
    nesting = nesting_of([*results, *(r for pair in earlier for r in pair[0])], given)
    numbers = moments([results, *(true for true, _ in earlier)])
    now = published(results, nesting, numbers[0])
    if now.suppressed:
        raise ValueError(f"the true value of {min(map(str, now.suppressed))} is missing")
    before = [r for true, _ in earlier for r in true]
    everything = published([*results, *before], nesting, [n for each in numbers for n in each])
    printed: set[Cell] = set()
    hidden: set[Cell] = set()
    for (_, shown), each in zip(earlier, numbers[1:], strict=True):
        seen = published(shown, nesting, each)
        printed |= seen.values.keys()
        hidden |= seen.suppressed
    known = Known(frozenset(printed), frozenset(hidden - printed))
    system = System(
        values=dict(everything.values),
        relations=relations(everything.sheets, everything.values, nesting),
        fixed=(everything.values.keys() - now.values.keys()) | (printed & now.values.keys()),
        withheld=(everything.values.keys() - now.values.keys()) - printed,
    )
    return system, now, known


def same_cells(cells: Iterable[Cell]) -> Iterator[tuple[Cell, Cell]]:
    """Pairs of a later and an earlier release's cell for the same thing (release 0 is the last)."""
    releases: dict[tuple[Any, ...], list[Cell]] = defaultdict(list)
    for cell in sorted(cells, key=str):
        releases[cell.scope, cell.column, cell.dims].append(cell)
    for group in releases.values():
        ordered = sorted(group, key=lambda cell: (cell.release == 0, cell.release))
        for i, before in enumerate(ordered):
            for after in ordered[i + 1 :]:
                yield after, before
