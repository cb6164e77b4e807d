"""Who was in a state at many dates, counted once a person, without a row for each date.

The steps that a spell covers are one whole number, a bit a step; a person's are the bits of the
person's spells together. Sixty months of a million spells are then a million numbers to bring
together, not the ten million rows of spells beside months.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from domain.calendar import Period
from projections.columnar.dimensions import Dimensions
from projections.columnar.parts import Adds, Part
from projections.columnar.tables import Runner, day_number, literal
from projections.question import OWN, Question
from projections.tally import Extra

_BITS: Final = 62  # steps in one number, which stays clear of its sign
_CHANGING: Final = ("stop_reason", "destination")  # unknown until the day on which it is counted
_LAST_DAY: Final = "greatest(c.stop - 1, c.start)"  # a spell of no days covers its day


@dataclass(frozen=True, slots=True)
class Covered:
    """What is counted in each step, and in which ones a spell `c` counts.

    `bits` is SQL over two rows of the table of days: `a` of the day `opens`, `b` of the day
    `closes`. `once` is set where a person counts once a step, else each spell does.
    """

    figure: str
    name: str
    when: str
    opens: str
    closes: str
    bits: str
    once: bool = False


# `{first}` is the first day of all steps, `{after}` the day after their last.
_RUNS: Final = (
    "c.start < {after} AND c.stop > {first}",
    "greatest(c.start, {first})",
    "least(c.stop, {after})",
    "a.onwards & b.before",
)
STOCK: Final = (
    Covered("stock", "persons", *_RUNS, once=True),
    Covered("stock", "spells", *_RUNS),
)
FLOW: Final = (
    Covered(
        "flow",
        "persons",
        f"c.start < {{after}} AND {_LAST_DAY} >= {{first}}",
        "greatest(c.start, {first})",
        f"least({_LAST_DAY}, {{after}} - 1)",
        "a.onwards & (b.before + b.own)",
        once=True,
    ),
    Covered("flow", "inflow", "TRUE", "c.start", "c.start", "a.own"),
    Covered("flow", "outflow", "TRUE", "c.stop", "c.stop", "a.own"),
)
Found: TypeAlias = Iterator[tuple[Extra, Adds]]


def fits(question: Question) -> bool:
    """Whether all its dimensions are the spell's own, and the same on every day."""
    return set(question.dimensions) <= set(OWN[question.of]) - set(_CHANGING)


def step_parts(
    question: Question,
    dimensions: Dimensions,
    runner: Runner,
    steps: Sequence[Period],
    counted: Sequence[Covered],
) -> Iterator[Part]:
    """What is counted in each step, some sixty steps a query; told apart by last day and figure."""
    for begin in range(0, len(steps), _BITS):
        some = steps[begin : begin + _BITS]
        table = f"days_of_steps_{begin}"
        _put_days(runner, table, some)
        for covered in counted:
            yield _part(question, dimensions, table, some, covered)


def _put_days(runner: Runner, table: str, steps: Sequence[Period]) -> None:
    """The days of some steps, and the one after: the bits of its own step, and of those around."""
    rows = []
    everything = (1 << len(steps)) - 1
    for index, step in enumerate(steps):
        own = 1 << index
        bits = (own, own - 1, everything & -own)
        rows += [(day, *bits) for day in range(day_number(step.start), day_number(step.stop))]
    rows.append((day_number(steps[-1].stop), 0, everything, 0))
    bits_columns = dict.fromkeys(("own", "before", "onwards"), "BIGINT")
    runner.put(table, {"day": "INTEGER", **bits_columns}, rows)


def _part(
    question: Question,
    dimensions: Dimensions,
    table: str,
    steps: Sequence[Period],
    covered: Covered,
) -> Part:
    def spells(by: tuple[str, ...], condition: str) -> str:
        return _spell(question, dimensions, table, steps, covered, by) + condition

    def sql(by: tuple[str, ...], condition: str) -> str:
        return _sums(spells(by, condition), covered, len(by), len(steps))

    def spread(values: tuple[Any, ...]) -> Found:
        for step, number in zip(steps, values, strict=True):
            yield (step.last, covered.figure), [(covered.name, number)]

    persons = "TRUE" if covered.once else None
    return Part([], {}, persons=persons, whole=sql, spread=spread, spells=spells, width=len(steps))


def _spell(
    question: Question,
    dimensions: Dimensions,
    table: str,
    steps: Sequence[Period],
    covered: Covered,
    by: tuple[str, ...],
) -> str:
    """A query of each spell's person, cell, and the bits of the steps in which it counts."""
    days = {"first": day_number(steps[0].start), "after": day_number(steps[-1].stop)}
    values = [f"{dimensions.value(name)} AS cell_{index}" for index, name in enumerate(by)]
    wanted = ""
    if question.programme is not None:
        wanted = f"AND c.programme = {literal(question.programme)}"
    return (
        f"SELECT {', '.join(['c.pid', *values])}, {covered.bits} AS bits FROM {question.of} c "
        f"JOIN {table} a ON a.day = {covered.opens.format(**days)} "
        f"JOIN {table} b ON b.day = {covered.closes.format(**days)} "
        f"WHERE {dimensions.known('c')} AND {covered.when.format(**days)} "
        f"{wanted} {dimensions.filters()} "
    )


def _sums(spell: str, covered: Covered, width: int, steps: int) -> str:
    """A row for each cell, with a number for each step. Equal bits are counted before they part."""
    cells = [f"cell_{index}" for index in range(width)]
    person = "SELECT * FROM spell"
    if covered.once:
        person = f"SELECT {', '.join([*cells, 'bit_or(bits) AS bits'])} FROM spell"
        person += f" GROUP BY {', '.join(['pid', *cells])}"
    alike = f"SELECT {', '.join([*cells, 'bits', 'count(*) AS n'])} FROM person"
    alike += f" GROUP BY {', '.join([*cells, 'bits'])}"
    sums = [f"sum(CASE WHEN (bits & {1 << k}) <> 0 THEN n ELSE 0 END)" for k in range(steps)]
    group_by = f" GROUP BY {', '.join(cells)}" if cells else ""
    return (
        f"WITH spell AS ({spell}),\nperson AS ({person}),\nalike AS ({alike})\n"
        f"SELECT {', '.join([*cells, *sums])} FROM alike{group_by}"
    )
