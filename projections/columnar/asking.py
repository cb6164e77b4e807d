"""A question as SQL over the rectangles, and its answer as the sums that every engine ends in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from operator import add
from typing import Any

from domain.codes import Profile
from projections.columnar.dimensions import Dimensions
from projections.columnar.parts import Adds, Part, Pour, Told
from projections.columnar.plans import parts_of
from projections.columnar.tables import Runner
from projections.layout import WITHOUT_TOTAL
from projections.question import PERSON, Question
from projections.tally import Extra, Sums


def ask(question: Question, profile: Profile, runner: Runner, without: str | None = None) -> Sums:
    """A question's sums over all participants, or all but those in the table `without`."""
    sums = Sums()
    with_total = bool(question.by) and question.figure not in WITHOUT_TOTAL
    for part in parts_of(question, profile, runner):
        dimensions = Dimensions(question, profile, part.period)
        is_sum = with_total and adds_up(part, dimensions)
        rolled_up = with_total and not is_sum and part.whole is None
        rows = runner.rows(_sql(part, dimensions, question.by, without, rolled_up=rolled_up))
        _take(sums, part, rows, len(question.by), rolled_up=rolled_up)
        if is_sum:
            _add_to_total(sums, part, rows, len(question.by))
        elif with_total and not rolled_up:
            for row in runner.rows(_sql(part, dimensions, (), without)):
                for extra, adds in part.read(row):
                    _add(sums.total, extra, adds)
    if not question.by:
        group = sums.groups.setdefault((), {})
        sums.total = {extra: counts.copy() for extra, counts in group.items()}
    return sums


def _take(
    sums: Sums, part: Part, rows: Iterable[tuple[Any, ...]], width: int, *, rolled_up: bool
) -> None:
    """Adds a part's rows to their cells, and to the total those that are rolled up."""
    end = -1 if rolled_up else None
    if part.pour is not None:
        _pour(sums, part.pour, rows, width, end)
        return
    for row in rows:
        if rolled_up and row[-1]:
            into = sums.total
        else:
            cell = row[:width]
            found = sums.groups.get(cell)
            into = sums.groups.setdefault(cell, {}) if found is None else found
        for extra, adds in part.read(row[width:end]):
            _add(into, extra, adds)


def _pour(
    sums: Sums, pour: Pour, rows: Iterable[tuple[Any, ...]], width: int, end: int | None
) -> None:
    """Adds all rows of a cell together; the last column of one of the total, if any, is a 1."""
    cells: dict[tuple[Any, ...] | None, list[tuple[Any, ...]]] = {}
    for row in rows:
        cell = None if end and row[-1] else row[:width]
        found = cells.get(cell)
        if found is None:
            found = cells[cell] = []
        found.append(row[width:end])
    for cell, some in cells.items():
        _put_together(sums.total if cell is None else sums.groups.setdefault(cell, {}), pour(some))


def _put_together(into: dict[Extra, Counter[Hashable]], told: Told) -> None:
    for extra, adds in told.items():
        counts = into.get(extra)
        if counts is None:
            into[extra] = Counter(adds)
        else:
            counts.update(adds)


def _add_to_total(sums: Sums, part: Part, rows: Iterable[tuple[Any, ...]], width: int) -> None:
    """Adds the cells' rows together first, so that what many cells have in common is read once."""
    if part.pour is not None:  # it alone says all that is in the cells
        for told in sums.groups.values():
            _put_together(sums.total, told)
        return
    added: dict[tuple[Any, ...], list[int]] = {}
    keys = width + len(part.keys)
    for row in rows:
        numbers = row[keys:]
        before = added.get(row[width:keys])
        added[row[width:keys]] = (
            list(numbers) if before is None else list(map(add, before, numbers))
        )
    for key, summed in added.items():
        for extra, adds in part.read((*key, *summed)):
            _add(sums.total, extra, adds)


def adds_up(part: Part, dimensions: Dimensions) -> bool:
    """Whether each thing, and each person, is in one cell alone, so that cells sum to the total.

    What is the person's own on the day counted has one value; so has a spell's own, but a person
    may have several spells, and a spell may meet several of another kind.
    """
    question = dimensions.question
    if set(question.by) <= set(PERSON):
        return True
    return part.persons is None and not dimensions.families(question.dimensions)


def _add(rows: dict[Extra, Counter[Hashable]], extra: Extra, adds: Adds) -> None:
    """Adds to what belongs together; nothing where there is nothing to add."""
    counts = rows.get(extra)
    for name, number in adds:
        if number:
            if counts is None:
                counts = rows[extra] = Counter()
            counts[name] = counts.get(name, 0) + number


def _sql(
    part: Part,
    dimensions: Dimensions,
    by: tuple[str, ...],
    without: str | None,
    *,
    rolled_up: bool = False,
) -> str:
    """One query: a row for each cell, and in it for each of what tells its rows apart.

    `rolled_up` adds the rows of the total, and a last column that tells them by a 1.
    """
    left_out = f"AND c.pid NOT IN (SELECT w_.pid FROM {without} w_)" if without else ""
    if part.whole is not None:
        return part.whole(by, left_out)
    names = tuple(dict.fromkeys((*by, *dimensions.question.where)))
    sums = part.sums(several=bool(dimensions.families(names)))
    ctes, found = counted(part, dimensions, by, left_out)
    values = [dimensions.value(name) for name in by]
    keys = [f"c.{name}" for name in part.keys]
    if rolled_up:
        cells = [f"c.cell_{index}" for index in range(len(by))]
        named = [f"{value} AS cell_{index}" for index, value in enumerate(values)]
        sets = f"({', '.join([*cells, *keys])}), ({', '.join(keys)})"
        return (
            f"{ctes}\nSELECT {', '.join([*cells, *keys, *sums])}, GROUPING({cells[0]})\n"
            f"FROM (SELECT {', '.join(['c.*', *named])} {found}) c\nGROUP BY GROUPING SETS ({sets})"
        )
    grouped = [*values, *keys]
    group_by = f"GROUP BY {', '.join(grouped)}" if grouped else ""
    return f"{ctes}\nSELECT {', '.join([*grouped, *sums])}\n{found}\n{group_by}"


def counted(
    part: Part, dimensions: Dimensions, by: tuple[str, ...], condition: str
) -> tuple[str, str]:
    """What a part counts, under its question's filters and a further condition on `c`.

    As SQL: the WITH that comes before a SELECT, and the FROM and WHERE that come after it.
    """
    names = tuple(dict.fromkeys((*by, *dimensions.question.where)))
    ctes = ",\n".join(f"{name} AS ({sql})" for name, sql in part.ctes)
    found = f"FROM c\n{dimensions.joins(names)}\nWHERE TRUE {dimensions.filters()} {condition}"
    return f"WITH {ctes}", found
