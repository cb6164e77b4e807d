"""Groups of facts that differ only in their days, times and words: what becomes of one, of all.

The fold compares days with days, moments with moments, and asks of a word only whether it is
another. So a group is told with numbers in their place, in their order; the many that then look
alike, such as a stay whose stop was registered late, are told once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from projections.columnar.tables import FOREVER, NEVER_REPLACED

OWN: Final = ("ord", "position", "topic", "day", "known_from", "known_to")
_DAYS: Final = {"until", "born"}  # fields that are days

# Of each fact its topic, the numbers of its day and of its moments, and those of its fields.
Shape: TypeAlias = tuple[tuple[Any, ...], ...]


@dataclass(frozen=True, slots=True)
class Alike:
    """What a group's numbers stand for: days, moments, and the words of each field."""

    shape: Shape
    days: Sequence[int]
    moments: Sequence[int]
    words: Mapping[str, Sequence[Any]]

    def day(self, number: int) -> int:
        return number if number == FOREVER else self.days[number]

    def moment(self, number: int) -> int:
        return number if number == NEVER_REPLACED else self.moments[number]


def alike(rows: Iterable[Sequence[Any]], fields: Sequence[str]) -> Alike:
    """The shape of facts, each its values of `OWN` and then of some fields, in order."""
    facts = list(rows)
    width = len(OWN)
    told = [
        (place, name in _DAYS)
        for place, name in enumerate(fields, start=width)
        if any(fact[place] is not None for fact in facts)
    ]
    days = {fact[3] for fact in facts}
    days.update(fact[place] for place, is_day in told if is_day for fact in facts)
    days.discard(None)
    moments = {moment for fact in facts for moment in fact[4:6]} - {NEVER_REPLACED}
    day_of = {day: number for number, day in enumerate(sorted(days))}
    moment_of = {moment: number for number, moment in enumerate(sorted(moments))}
    moment_of[NEVER_REPLACED] = NEVER_REPLACED
    numbers: dict[int, dict[Any, int]] = {
        place: day_of if is_day else _numbered(fact[place] for fact in facts)
        for place, is_day in told
    }
    shape = tuple(
        (
            fact[2],
            day_of[fact[3]],
            moment_of[fact[4]],
            moment_of[fact[5]],
            *((place - width, numbers[place].get(fact[place])) for place, _ in told),
        )
        for fact in facts
    )
    words = {name: tuple(numbers.get(place, ())) for place, name in enumerate(fields, start=width)}
    return Alike(shape, tuple(day_of), tuple(moment_of), words)


def _numbered(words: Iterable[Any]) -> dict[Any, int]:
    """A number for each word, in the order in which they turn up."""
    told = dict.fromkeys(word for word in words if word is not None)
    return {word: number for number, word in enumerate(told)}
