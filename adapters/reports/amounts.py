"""What one cell of a published table is: counts of figures, their sums, and their percentages.

Everything is exact until it is rounded, and it is rounded half up, as the reports do.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import product
from typing import Final, Protocol, TypeAlias

from adapters.answers import Asked
from projections.question import DIMENSIONS, PERSON, TELLS_APART, Value

_OF_SPELLS: Final = frozenset({"spells", "inflow", "outflow", "exits", "final", "returned"})
Choice: TypeAlias = Value | tuple[Value, ...]  # one value, or any of several


class Numbers(Protocol):
    """Where the numbers of figures come from: counted, or as they may be published."""

    def number(self, asked: Asked, wanted: Mapping[str, Value], column: str) -> Fraction | None:
        """A column of the row that has these values; of the total, where none is wanted."""

    def values(self, asked: Asked, dimension: str) -> Iterable[Value]:
        """All that a figure's rows have of a dimension, each once."""


class Amount(Protocol):
    """A cell's recipe."""

    def of(self, numbers: Numbers) -> Fraction | None:
        """What it comes to; None where nothing tells."""

    def within(self, narrowing: Mapping[str, Choice]) -> Amount:
        """The same of only those who have these values of dimensions, or the rows that do."""

    def figures(self) -> tuple[str, ...]:
        """The figures that it takes, each once, in order."""


@dataclass(frozen=True)
class Count:
    """One number of a figure.

    A `narrowing` by one value groups the figure by that dimension and looks its row up, so that
    all cells of a table share one figure; by several values it adds rows up, or filters where a
    person may have more than one of them. `picks` are what tells a figure's rows apart beside its
    dimensions: a date, a step, a horizon.
    """

    asked: Asked
    column: str = "persons"
    picks: Mapping[str, Value] = field(default_factory=dict)
    narrowing: Mapping[str, Choice] = field(default_factory=dict)

    def of(self, numbers: Numbers) -> Fraction | None:
        one = {name: v for name, v in self.narrowing.items() if not isinstance(v, tuple)}
        either = {name: v for name, v in self.narrowing.items() if isinstance(v, tuple)}
        split = {name: v for name, v in either.items() if self._adds_up_by(name)}
        where = {**self.asked.where, **{n: v for n, v in either.items() if n not in split}}
        by = {**one, **split}.keys() - TELLS_APART.get(self.asked.figure, frozenset())
        asked = replace(self.asked, by=tuple(sorted(by)), where=where)
        wanted = {**self.picks, **one}
        found = _added_up(
            numbers.number(asked, {**wanted, **dict(zip(split, v, strict=True))}, self.column)
            for v in product(*split.values())
        )
        if len(split) != 1:
            return found
        ((dimension, values),) = split.items()
        rest = self._all_but_the_others(numbers, asked, wanted, dimension, values)
        return rest if found is None else found

    def _all_but_the_others(
        self,
        numbers: Numbers,
        asked: Asked,
        wanted: Mapping[str, Value],
        dimension: str,
        values: tuple[Value, ...],
    ) -> Fraction | None:
        """What rows come to by what is left of the whole, where one of them may not be printed."""
        whole = replace(asked, by=tuple(name for name in asked.by if name != dimension))
        others = [v for v in numbers.values(asked, dimension) if v not in values]
        taken = (numbers.number(asked, {**wanted, dimension: v}, self.column) for v in others)
        less = _added_up(taken)
        found = numbers.number(whole, wanted, self.column)
        return None if found is None or less is None else found - less

    def _adds_up_by(self, dimension: str) -> bool:
        """Whether nothing counted has two values of a dimension, so that rows may be added up.

        Then a total and its rows are cells of one figure, which suppression sees as one.
        """
        return dimension in PERSON or self.column in _OF_SPELLS

    def within(self, narrowing: Mapping[str, Choice]) -> Count:
        picks = {name: v for name, v in narrowing.items() if name not in DIMENSIONS}
        more = {name: v for name, v in narrowing.items() if name in DIMENSIONS}
        if any(isinstance(value, tuple) for value in picks.values()):
            raise ValueError("rows of a figure are picked by one value each")
        return replace(
            self,
            picks={**self.picks, **picks},  # type: ignore[dict-item]
            narrowing={**self.narrowing, **more},
        )

    def figures(self) -> tuple[str, ...]:
        return (self.asked.figure,)


@dataclass(frozen=True)
class Sum:
    """Parts added up: a report's own sum over rows, or groups that no person is two of."""

    parts: tuple[Amount, ...]

    def of(self, numbers: Numbers) -> Fraction | None:
        return _added_up(part.of(numbers) for part in self.parts)

    def within(self, narrowing: Mapping[str, Choice]) -> Sum:
        return Sum(tuple(part.within(narrowing) for part in self.parts))

    def figures(self) -> tuple[str, ...]:
        return _each_once(self.parts)


@dataclass(frozen=True)
class Ratio:
    """A part over a whole; None where the whole is nothing."""

    part: Amount
    whole: Amount

    def of(self, numbers: Numbers) -> Fraction | None:
        part, whole = self.part.of(numbers), self.whole.of(numbers)
        return None if part is None or not whole else part / whole

    def within(self, narrowing: Mapping[str, Choice]) -> Ratio:
        return Ratio(self.part.within(narrowing), self.whole.within(narrowing))

    def figures(self) -> tuple[str, ...]:
        return _each_once((self.part, self.whole))


@dataclass(frozen=True)
class Times:
    """An amount some times over: a share as a percentage."""

    amount: Amount
    factor: int

    def of(self, numbers: Numbers) -> Fraction | None:
        found = self.amount.of(numbers)
        return None if found is None else found * self.factor

    def within(self, narrowing: Mapping[str, Choice]) -> Times:
        return replace(self, amount=self.amount.within(narrowing))

    def figures(self) -> tuple[str, ...]:
        return self.amount.figures()


@dataclass(frozen=True)
class Rounded:
    """An amount to some decimal places, half up."""

    amount: Amount
    places: int = 0

    def of(self, numbers: Numbers) -> Fraction | None:
        found = self.amount.of(numbers)
        scale = 10**self.places
        return (
            None if found is None else Fraction(math.floor(found * scale + Fraction(1, 2)), scale)
        )

    def within(self, narrowing: Mapping[str, Choice]) -> Rounded:
        return replace(self, amount=self.amount.within(narrowing))

    def figures(self) -> tuple[str, ...]:
        return self.amount.figures()


@dataclass(frozen=True)
class Whole:
    """An amount that stays what it is, whatever row it stands in: what a table's shares are of."""

    amount: Amount

    def of(self, numbers: Numbers) -> Fraction | None:
        return self.amount.of(numbers)

    def within(self, narrowing: Mapping[str, Choice]) -> Whole:  # noqa: ARG002
        return self

    def figures(self) -> tuple[str, ...]:
        return self.amount.figures()


@dataclass(frozen=True)
class Blank:
    """A cell that the report leaves empty, written as zero in the published figures."""

    def of(self, numbers: Numbers) -> Fraction | None:  # noqa: ARG002
        return Fraction(0)

    def within(self, narrowing: Mapping[str, Choice]) -> Blank:  # noqa: ARG002
        return self

    def figures(self) -> tuple[str, ...]:
        return ()


@dataclass(frozen=True)
class NoData:
    """A cell of which no event tells anything."""

    def of(self, numbers: Numbers) -> Fraction | None:  # noqa: ARG002
        return None

    def within(self, narrowing: Mapping[str, Choice]) -> NoData:  # noqa: ARG002
        return self

    def figures(self) -> tuple[str, ...]:
        return ()


def percent(part: Amount, whole: Amount) -> Rounded:
    """A part of a whole in whole percent."""
    return Rounded(Times(Ratio(part, whole), 100))


def _added_up(found: Iterable[Fraction | None]) -> Fraction | None:
    """The sum; None where a part is not known."""
    together = Fraction(0)
    for number in list(found):
        if number is None:
            return None
        together += number
    return together


def _each_once(amounts: Iterable[Amount]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for amount in amounts for name in amount.figures()))
