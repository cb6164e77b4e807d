"""A question as SQL over the rectangles, and its answer as the sums that every engine ends in."""

from __future__ import annotations

from collections import Counter

from domain.codes import Profile
from projections.columnar.dimensions import Dimensions
from projections.columnar.parts import Part
from projections.columnar.plans import parts_of
from projections.columnar.tables import Runner
from projections.question import Question
from projections.tally import Sums


def ask(question: Question, profile: Profile, runner: Runner, without: str | None = None) -> Sums:
    """A question's sums over all participants, or all but those in the table `without`."""
    sums = Sums()
    for part in parts_of(question, profile, runner):
        _add(sums, part, question, profile, runner, without, total=True)
        if question.by:
            _add(sums, part, question, profile, runner, without, total=False)
    if not question.by:
        sums.groups[()] = {extra: counts.copy() for extra, counts in sums.total.items()}
    return sums


def _add(
    sums: Sums,
    part: Part,
    question: Question,
    profile: Profile,
    runner: Runner,
    without: str | None,
    *,
    total: bool,
) -> None:
    by = () if total else question.by
    width = len(by)
    for row in runner.rows(_sql(part, Dimensions(question, profile, part.period), by, without)):
        extra, adds = part.read(row[width:])
        adds = [(name, number) for name, number in adds if number]
        if not adds:
            continue
        rows = sums.total if total else sums.groups.setdefault(row[:width], {})
        counts = rows.setdefault(extra, Counter())
        for name, number in adds:
            counts[name] += number


def _sql(part: Part, dimensions: Dimensions, by: tuple[str, ...], without: str | None) -> str:
    """One query: a row for each cell, and in it for each of what tells its rows apart."""
    names = tuple(dict.fromkeys((*by, *dimensions.question.where)))
    several = bool(dimensions.families(names))
    grouped = [*(dimensions.value(name) for name in by), *(f"c.{name}" for name in part.keys)]
    selected = [*grouped, *part.sums(several=several)]
    ctes = ",\n".join(f"{name} AS ({sql})" for name, sql in part.ctes)
    left_out = f"AND c.pid NOT IN (SELECT w_.pid FROM {without} w_)" if without else ""
    group_by = f"GROUP BY {', '.join(grouped)}" if grouped else ""
    return (
        f"WITH {ctes}\nSELECT {', '.join(selected)}\nFROM c\n{dimensions.joins(names)}\n"
        f"WHERE TRUE {dimensions.filters()} {left_out}\n{group_by}"
    )
