"""Results, and the earlier releases of them, put together as one system of cells."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from projections.suppression.cells import TOLERANCE, Cell, System
from projections.suppression.reading import Nesting, Result, Sheet, nesting_of, read
from projections.suppression.relations import relations

_NOT_WHOLE = frozenset({"mean_persons", "mean_spells", "used"})  # means over days


@dataclass
class Published:
    """One release as a reader has it: the values printed, and the cells printed as suppressed."""

    sheets: tuple[Sheet, ...]
    values: dict[Cell, float] = field(default_factory=dict)
    suppressed: set[Cell] = field(default_factory=set)


def is_whole(cell: Cell) -> bool:
    """Whether a cell counts whole persons or spells."""
    return cell.column not in _NOT_WHOLE


def published(results: Sequence[Result], nesting: Nesting, release: int) -> Published:
    """The cells of a release. ValueError if two tables print different numbers for one cell."""
    found = Published(tuple(read(result, nesting) for result in results))
    for sheet in found.sheets:
        for line in sheet.lines:
            for cell, value in sheet.cells(line, release):
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
        _share_totals(sheet, found, release)
    return found


def _share_totals(sheet: Sheet, found: Published, release: int) -> None:
    """The denominators of shares, which the shares tell even where no row prints them."""
    groups: dict[Cell, list[tuple[float | None, float | None]]] = defaultdict(list)
    for line in sheet.lines:
        for share in line.shares:
            total = Cell(sheet.scope, share.of, share.whole, release)
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


def true_system(
    results: Sequence[Result],
    earlier: Sequence[tuple[Sequence[Result], Sequence[Result]]],
    given: Nesting | None,
) -> tuple[System, Published]:
    """The system of true values; `earlier` are pairs of true and published results."""
    nesting = nesting_of([*results, *(r for pair in earlier for r in pair[0])], given)
    system = System()
    now = published(results, nesting, 0)
    if now.suppressed:
        raise ValueError(f"the true value of {min(map(str, now.suppressed))} is missing")
    system.values.update(now.values)
    system.relations += relations(now.sheets, now.values, nesting, 0)
    for number, (true, printed) in enumerate(earlier, start=1):
        known, seen = published(true, nesting, number), published(printed, nesting, number)
        system.values.update(known.values)
        system.relations += relations(known.sheets, known.values, nesting, number)
        system.fixed |= known.values.keys()
        system.withheld |= {c for c in known.values if c not in seen.values}
    return system, now


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
