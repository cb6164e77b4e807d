"""Marks and their sums: what a journey adds to a figure, cell by cell, before it is laid out.

Every engine ends here. The reference engine makes marks from journeys and sums them; another may
bring the sums themselves. A figure's rows are laid out from the sums alone (`projections.layout`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from domain.history import Fact
from domain.journey import Exit, Spell
from projections.question import Cell

Extra: TypeAlias = tuple[Hashable, ...]  # what tells rows of one cell apart: a step, a horizon
Counts: TypeAlias = Counter[Hashable]


@dataclass(frozen=True, slots=True)
class Mark:
    """What one counted thing of one journey adds to the cells that it is in.

    `adds` are summed. A `person` is counted once in a cell however many marks say so. `item` and
    `because` are the lineage: what was counted, and the facts that placed it beyond its own.
    """

    cells: frozenset[Cell]
    item: Spell | Exit | Fact | None
    adds: tuple[tuple[Hashable, int], ...] = ()
    person: bool = False
    extra: Extra = ()
    because: tuple[Fact, ...] = ()


@dataclass(slots=True)
class Sums:
    """Counts by cell and, in it, by what tells its rows apart; and over all cells."""

    groups: dict[Cell, dict[Extra, Counts]] = field(default_factory=dict)
    total: dict[Extra, Counts] = field(default_factory=dict)

    def add_person(self, marks: Iterable[Mark]) -> None:
        """Adds all marks of one person, whom each cell and the total count once."""
        counted: set[tuple[Cell | None, Extra]] = set()
        for mark in marks:
            if not mark.cells:
                continue
            self._add(None, mark, counted)
            for cell in mark.cells:
                self._add(cell, mark, counted)

    def _add(self, cell: Cell | None, mark: Mark, counted: set[tuple[Cell | None, Extra]]) -> None:
        rows = self.total if cell is None else self.groups.setdefault(cell, {})
        counts = rows.setdefault(mark.extra, Counter())
        for name, number in mark.adds:
            counts[name] += number
        if mark.person and (cell, mark.extra) not in counted:
            counted.add((cell, mark.extra))
            counts["persons"] += 1
