"""Who is behind a figure's sums, and whose part of it is another one when asked otherwise.

By the queries that count the figure: persons in place of numbers. A `condition` on `c` says among
whom; what one person adds over several keys, or known at another position, is not told of here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from domain.codes import Profile
from projections.columnar.asking import adds_up, counted
from projections.columnar.dimensions import Dimensions
from projections.columnar.parts import Part
from projections.columnar.plans import parts_of
from projections.columnar.tables import Runner, literal
from projections.explaining.aim import Aim
from projections.layout import WITHOUT_TOTAL
from projections.question import Question
from projections.tally import Extra, Mark

# Keys of a part by which no row of a figure but a series is told apart, and what stands for one.
_LENGTHS: Final = ("days", "day")
_ANY: Final = {"since": "start"}
_IN_A_CELL: Final = frozenset({()})


def make_behind(table: str, aim: Aim, profile: Profile, runner: Runner, condition: str) -> None:
    """Makes a temporary table of `pid`: those who are in a cell."""
    question = replace(aim.question, by=())
    runner.put(table, {"pid": "BIGINT"}, [])
    for number, part in enumerate(parts_of(question, profile, runner)):
        dimensions = Dimensions(question, profile, part.period)
        if part.spells is not None:
            query = _by_bits(aim, part, condition)
        elif not aim.row:
            query = _by_conditions(aim, part, dimensions, condition)
        else:
            query = _by_row(aim, part, dimensions, runner, condition, f"{table}_{number}")
        if query is not None:
            known = f"SELECT b.pid FROM {table} b"
            runner.add(table, f"SELECT q.pid FROM ({query}) q WHERE q.pid NOT IN ({known})")


def _by_bits(aim: Aim, part: Part, condition: str) -> str | None:
    assert part.spells is not None
    wanted = [number for number in range(part.width) if _takes(aim, part, _one(number, part.width))]
    if not wanted:
        return None
    mask = sum(1 << number for number in wanted)
    spells = part.spells((), condition)
    return f"SELECT DISTINCT s.pid FROM ({spells}) s WHERE (s.bits & {mask}) <> 0"


def _by_conditions(aim: Aim, part: Part, dimensions: Dimensions, condition: str) -> str | None:
    """Those of whom something counts under a condition that adds to the column."""
    conditions = _conditions(part)
    keys = tuple(_ANY.get(name, 0) for name in part.keys)
    wanted = [
        f"({one})"
        for number, one in enumerate(conditions)
        if _takes(aim, part, (*keys, *_one(number, len(conditions))))
    ]
    if not wanted:
        return None
    ctes, found = counted(part, dimensions, (), condition)
    return f"{ctes} SELECT DISTINCT c.pid {found} AND ({' OR '.join(wanted)})"


def _by_row(
    aim: Aim, part: Part, dimensions: Dimensions, runner: Runner, condition: str, table: str
) -> str | None:
    """As `_by_conditions`, and what tells the rows apart must be that of the row, too."""
    conditions = _conditions(part)
    names = [n for n in part.keys if n not in _LENGTHS or dimensions.question.figure == "series"]
    holds = [f"coalesce({one}, FALSE) AS n_{number}" for number, one in enumerate(conditions)]
    chosen = ", ".join(["c.pid", *(f"c.{name}" for name in names), *holds])
    ctes, found = counted(part, dimensions, (), condition)
    runner.make(table, f"{ctes} SELECT DISTINCT {chosen} {found}")
    told = [*names, *(f"n_{number}" for number in range(len(conditions)))]
    wanted = []
    for row in runner.rows(f"SELECT DISTINCT {', '.join(told)} FROM {table}"):
        known = dict(zip(names, row, strict=False))
        keys = tuple(known.get(name, _ANY.get(name, 0)) for name in part.keys)
        if _takes(aim, part, (*keys, *map(int, row[len(names) :]))):
            same = (
                f"{n} IS NOT DISTINCT FROM {literal(v)}" for n, v in zip(told, row, strict=True)
            )
            wanted.append(f"({' AND '.join(same)})")
    return f"SELECT DISTINCT pid FROM {table} WHERE {' OR '.join(wanted)}" if wanted else None


def _conditions(part: Part) -> list[str]:
    """Under which a thing adds to each number of a row, in their order."""
    return [one for one in (part.persons, *part.counts.values()) if one is not None]


def _one(number: int, width: int) -> tuple[int, ...]:
    return tuple(int(place == number) for place in range(width))


def _takes(aim: Aim, part: Part, values: tuple[Any, ...]) -> bool:
    """Whether a row of a part's numbers has something that is looked at."""
    return any(
        aim.takes(_mark(extra, name))
        for extra, adds in part.read(values)
        for name, number in adds
        if number
    )


def _mark(extra: Extra, name: Any) -> Mark:
    return Mark(_IN_A_CELL, None, ((name, 1),), person=name == "persons", extra=extra)


def make_own_sums(
    prefix: str, question: Question, profile: Profile, runner: Runner, condition: str
) -> int:
    """Makes temporary tables, a number after the prefix, of what each person adds; gives how many.

    `pid` comes first, then a cell, what tells its rows apart, and the numbers.
    """
    number = 0
    for part in parts_of(question, profile, runner):
        dimensions = Dimensions(question, profile, part.period)
        whole = question.by and question.figure not in WITHOUT_TOTAL
        for by in (question.by, ()) if whole and not adds_up(part, dimensions) else (question.by,):
            runner.make(f"{prefix}_{number}", _own_sums(part, dimensions, by, condition))
            number += 1
    return number


def _own_sums(part: Part, dimensions: Dimensions, by: tuple[str, ...], condition: str) -> str:
    if part.spells is not None:
        cells = "".join(f", s.cell_{index}" for index in range(len(by)))
        return (
            f"SELECT s.pid{cells}, s.bits, count(*) AS n FROM ({part.spells(by, condition)}) s "
            f"WHERE s.bits <> 0 GROUP BY s.pid{cells}, s.bits"
        )
    names = tuple(dict.fromkeys((*by, *dimensions.question.where)))
    ctes, found = counted(part, dimensions, by, condition)
    grouped = ["c.pid", *map(dimensions.value, by), *(f"c.{name}" for name in part.keys)]
    sums = part.sums(several=bool(dimensions.families(names)))
    columns = [f"{value} AS v_{place}" for place, value in enumerate((*grouped[1:], *sums))]
    return f"{ctes} SELECT {', '.join(['c.pid', *columns])} {found} GROUP BY {', '.join(grouped)}"


def differing(prefixes: Sequence[str], count: int) -> Iterator[str]:
    """Queries of `pid`: those whose rows are not the same under two prefixes."""
    one, other = prefixes
    for number in range(count):
        for some, less in ((one, other), (other, one)):
            rows = f"SELECT * FROM {some}_{number} EXCEPT SELECT * FROM {less}_{number}"
            yield f"SELECT d.pid FROM ({rows}) d"
