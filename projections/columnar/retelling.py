"""What was believed from when to when: a history told again whenever something of it became known.

A history is told in blocks of a few facts. What becomes known changes one block, or few; later
ones are told again only until a block ends as it did before. So the work grows with the facts, and
not with the facts times the moments at which something became known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final, TypeAlias

from domain.history import Fact
from domain.journey import Journey
from projections.columnar.tables import NEVER_REPLACED

_BLOCK: Final = 24  # facts; twice or half as many take much the same time

# A fact, its place in the history, and the instants between which it was believed.
Believed: TypeAlias = tuple[Fact, int, int, int]
Item: TypeAlias = tuple[Any, ...]  # what can be seen
Rectangle: TypeAlias = tuple[Item, int, int]


@dataclass(frozen=True, slots=True)
class Seen:
    """What is seen in a block: what later facts cannot change, what they can, and where it ends.

    `open` is what would be seen beside all that is settled if nothing came after the block.
    """

    settled: set[Item]
    open: set[Item]
    end: Journey


Tell: TypeAlias = Callable[[Journey, Iterable[Fact]], Seen]


def rectangles(facts: Sequence[Believed], tell: Tell) -> Iterator[Rectangle]:
    """What `tell` sees in the facts believed at a moment, and from when to when it sees it.

    `tell` goes on from where a journey stands.
    """
    ordered = sorted(facts, key=itemgetter(1))
    blocks = [ordered[first : first + _BLOCK] for first in range(0, len(ordered), _BLOCK)]
    since: dict[Item, int] = {}
    told: list[Seen] = []
    for moment, changed in sorted(_changes(blocks).items()):
        gone, new = _retell(told, blocks, changed, moment, tell)
        for item in gone - new:
            yield item, since.pop(item), moment
        for item in new - gone:
            since[item] = moment
    for still, known_from in since.items():
        yield still, known_from, NEVER_REPLACED


def _changes(blocks: Sequence[Sequence[Believed]]) -> dict[int, set[int]]:
    """By moment, the blocks of which a fact becomes known or is replaced."""
    changes: dict[int, set[int]] = {}
    for index, block in enumerate(blocks):
        for _, _, known_from, known_to in block:
            changes.setdefault(known_from, set()).add(index)
            if known_to != NEVER_REPLACED:
                changes.setdefault(known_to, set()).add(index)
    return changes


def _retell(
    told: list[Seen],
    blocks: Sequence[Sequence[Believed]],
    changed: set[int],
    moment: int,
    tell: Tell,
) -> tuple[set[Item], set[Item]]:
    """Brings `told`, which ends with the last block of which anything is known, up to a moment.

    Gives what was seen before in what is told anew, and what is seen now.
    """
    gone = set(told[-1].open) if told else set()
    new: set[Item] = set()
    last, moved = max(changed), False
    for index in range(min(*changed, len(told)), len(blocks)):
        is_known = index < len(told)
        if index > last and not (moved and is_known):
            break
        if is_known and not moved and index not in changed:
            continue
        live = [fact for fact, _, since, until in blocks[index] if since <= moment < until]
        seen = tell(told[index - 1].end if index else Journey(), live)
        new |= seen.settled
        if is_known:
            gone |= told[index].settled
            moved = seen.end != told[index].end
            told[index] = seen
        else:
            told.append(seen)
    return gone, new | told[-1].open
