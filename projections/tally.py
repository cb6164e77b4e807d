"""Marks and their sums: what a journey adds to a figure, cell by cell, before it is laid out.

Every engine ends here. The reference engine makes marks from journeys and sums them; another may
bring the sums themselves. A figure's rows are laid out from the sums alone (`projections.layout`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, TypeAlias

from domain.calendar import Period
from projections.question import Cell

if TYPE_CHECKING:  # sums are made without events, too
    from domain.history import Fact
    from domain.journey import Exit, Spell

Extra: TypeAlias = tuple[Hashable, ...]  # what tells rows of one cell apart: a step, a horizon
Counts: TypeAlias = Counter[Hashable]


@dataclass(frozen=True, slots=True)
class Mark:
    """What one counted thing of one journey adds to the cells that it is in.

    `adds` are summed. A `person` is counted once in a cell however many marks say so. The rest is
    the lineage: `item` is what was counted, `because` the facts that decided beyond its own, `on`
    the day at whose end its dimensions were read (spells of other kinds: those that touch
    `period`, where it has one). `Lens.read` finds the facts that set them.
    """

    cells: frozenset[Cell]
    item: Spell | Exit | Fact | None
    adds: tuple[tuple[Hashable, int], ...] = ()
    person: bool = False
    extra: Extra = ()
    because: tuple[Fact, ...] = ()
    on: date | None = None
    period: Period | None = None


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
