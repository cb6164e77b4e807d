"""A question as SQL over the rectangles, and its answer as the sums that every engine ends in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from domain.codes import Profile
from projections.columnar.dimensions import Dimensions
from projections.columnar.parts import Adds, Part
from projections.columnar.plans import parts_of
from projections.columnar.tables import Runner
from projections.layout import WITHOUT_TOTAL
from projections.question import PERSON, Cell, Question
from projections.tally import Counts, Extra, Sums


def ask(question: Question, profile: Profile, runner: Runner, without: str | None = None) -> Sums:
    """A question's sums over all participants, or all but those in the table `without`."""
    sums = Sums()
    with_total = bool(question.by) and question.figure not in WITHOUT_TOTAL
    for part in parts_of(question, profile, runner):
        dimensions = Dimensions(question, profile, part.period)
        adds_up = with_total and _add_up(part, dimensions)
        for cell, extra, adds in _found(part, dimensions, question.by, runner, without):
            group = sums.groups.get(cell)
            if group is None:
                group = sums.groups[cell] = {}
            _add(group, extra, adds)
            if adds_up:
                _add(sums.total, extra, adds)
        if with_total and not adds_up:
            for _, extra, adds in _found(part, dimensions, (), runner, without):
                _add(sums.total, extra, adds)
    if not question.by:
        group = sums.groups.setdefault((), {})
        sums.total = {extra: counts.copy() for extra, counts in group.items()}
    return sums


def _add_up(part: Part, dimensions: Dimensions) -> bool:
    """Whether each thing, and each person, is in one cell alone, so that cells sum to the total.

    What is the person's own on the day counted has one value; so has a spell's own, but a person
    may have several spells, and a spell may meet several of another kind.
    """
    question = dimensions.question
    if set(question.by) <= set(PERSON):
        return True
    return part.persons is None and not dimensions.families(question.dimensions)


def _found(
    part: Part, dimensions: Dimensions, by: tuple[str, ...], runner: Runner, without: str | None
) -> Iterator[tuple[Cell, Extra, Adds]]:
    """What there is in each cell: the cell, what tells its rows apart, and what is added."""
    width = len(by)
    for row in runner.rows(_sql(part, dimensions, by, without)):
        for extra, adds in part.read(row[width:]):
            yield row[:width], extra, adds


def _add(rows: dict[Extra, Counts], extra: Extra, adds: Adds) -> None:
    for name, number in adds:
        if number:
            counts = rows.get(extra)
            if counts is None:
                counts = rows[extra] = Counter()
            counts[name] = counts.get(name, 0) + number


def _sql(part: Part, dimensions: Dimensions, by: tuple[str, ...], without: str | None) -> str:
    """One query: a row for each cell, and in it for each of what tells its rows apart."""
    left_out = f"AND c.pid NOT IN (SELECT w_.pid FROM {without} w_)" if without else ""
    if part.whole is not None:
        return part.whole(by, left_out)
    names = tuple(dict.fromkeys((*by, *dimensions.question.where)))
    several = bool(dimensions.families(names))
    grouped = [*(dimensions.value(name) for name in by), *(f"c.{name}" for name in part.keys)]
    selected = [*grouped, *part.sums(several=several)]
    ctes = ",\n".join(f"{name} AS ({sql})" for name, sql in part.ctes)
    group_by = f"GROUP BY {', '.join(grouped)}" if grouped else ""
    return (
        f"WITH {ctes}\nSELECT {', '.join(selected)}\nFROM c\n{dimensions.joins(names)}\n"
        f"WHERE TRUE {dimensions.filters()} {left_out}\n{group_by}"
    )
