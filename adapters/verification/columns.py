"""The columnar copy: every value of every table, beside what follows from the log.

The copy is made once more from the log, in a temporary file, and each table is compared with its
twin row by row. What the two have in common, how the rectangles are worked out, is tried apart
from that: for some participants the domain's own fold tells the same spells.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any, Final, TypeAlias

import duckdb
from sqlalchemy import Connection, Engine, select

from adapters.columnar_copy import VERSION, ColumnarCopy
from adapters.database import reading
from adapters.duck_runner import DuckRunner
from adapters.errors import ForlopError
from adapters.facts import facts_of
from adapters.log import Head, head_of
from adapters.schema import events
from adapters.verification.findings import Finding, Note
from adapters.watching import Watch, unwatched
from domain.history import Cutoff
from domain.journey import journey_at
from domain.kinds import KINDS
from projections.columnar.tables import FOREVER, NEVER_REPLACED, day_number

_SLICE: Final = 1_500_000  # rows that are compared at a time, to bound the memory
_MOST: Final = 10  # rows told of in each table
_SAMPLE: Final = 200  # participants folded by the domain
_LONGEST: Final = 60
Found: TypeAlias = Iterator[Finding | Note]
Row: TypeAlias = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class CopyCheck:
    """A check of the copy beside a store; where there is none, there is nothing to find.

    `watch` is called while the copy is made once more.
    """

    engine: Engine
    path: Path | None = None
    watch: Watch = unwatched

    def __call__(self, connection: Connection, head: Head) -> Found:
        copy = ColumnarCopy(self.engine, self.path)
        if not copy.path.exists():
            return
        wrong = False
        with copy.left_alone():
            for found in _findings(copy, connection, head, self.watch):
                wrong = wrong or isinstance(found, Finding)
                yield found
        if wrong:
            yield Note(f"delete the columnar copy {copy.path}: the next figure makes it anew")


def _findings(copy: ColumnarCopy, connection: Connection, head: Head, watch: Watch) -> Found:
    try:
        with duckdb.connect(str(copy.path), read_only=True) as kept:
            standing = _standing(kept)
    except duckdb.Error as error:
        yield Finding("copy", None, f"the columnar copy does not read: {_first_line(error)}")
        return
    match standing:
        case None:
            yield Note("the columnar copy was never finished; the next figure makes it anew")
        case (version, _, _) if version != VERSION:
            what = "the columnar copy was made by another version of the program"
            yield Note(f"{what}; the next figure makes it anew")
        case (_, int(position), str(hash_)):
            yield from _placed(copy, connection, head, position, hash_, watch)
        case _:
            yield Finding("copy", None, "where the columnar copy stands does not read")


def _standing(kept: duckdb.DuckDBPyConnection) -> Row | None:
    """What the copy says of itself: version, position, hash. None where it says nothing yet."""
    tables = kept.execute("SELECT table_name FROM duckdb_tables()").fetchall()
    if ("standing",) not in tables:
        return None
    rows = kept.execute("SELECT version, position, head FROM standing").fetchall()
    return rows[0] if len(rows) == 1 else (VERSION, None, None)


def _placed(
    copy: ColumnarCopy,
    connection: Connection,
    head: Head,
    position: int,
    hash_: str,
    watch: Watch,
) -> Found:
    """Whether the copy is of this log, and if so, what in it is wrong."""
    if position > head.position:
        with reading(connection.engine) as now:
            grown = head_of(now)
            if position <= grown.position:  # appended, and taken in, since this check began
                yield from _placed(copy, now, grown, position, hash_, watch)
                return
    if not 0 < position <= head.position:
        what = f"the columnar copy stands at position {position}, the log ends at {head.position}"
        yield Finding("copy", None, f"{what}: the tail of the log was cut off, or it is another")
        return
    query = select(events.c.hash).where(events.c.id == position)
    if bytes(connection.execute(query).scalar_one_or_none() or b"").hex() != hash_:
        what = "the columnar copy has another hash here: it is of another log, or of this one"
        yield Finding("copy", position, f"{what} before it was rewritten")
        return
    if position < head.position:
        yield Note(
            f"the columnar copy stands at position {position} of {head.position}; "
            "the next figure brings it up to the log"
        )
    try:
        with tempfile.TemporaryDirectory(prefix="forlop-") as folder:
            twin = ColumnarCopy(connection.engine, Path(folder) / "twin.columns")
            yield from _compared(copy, connection, position, twin, watch)
    except (duckdb.Error, ForlopError, OSError) as error:
        yield Finding("copy", None, f"the columnar copy cannot be compared: {_first_line(error)}")


def _compared(
    copy: ColumnarCopy, connection: Connection, position: int, twin: ColumnarCopy, watch: Watch
) -> Found:
    with twin.at_least(connection, position, watch) as (runner, _):
        attached = str(copy.path).replace("'", "''")
        runner.run(f"ATTACH '{attached}' AS kept (READ_ONLY)")
        mine, theirs = _tables(runner, "kept"), _tables(runner, twin.path.stem)
        for table, columns in theirs.items():
            if mine.get(table) != columns:
                yield Finding("copy", None, f"its table {table} is missing or has other columns")
            else:
                yield from _table_findings(runner, twin.path.stem, table, list(columns), position)
        for table in sorted(mine.keys() - theirs.keys()):
            yield Finding("copy", None, f"it has a table {table}, which no figure knows")
        if mine.keys() >= theirs.keys():
            yield from _folded_findings(runner, connection, position)


def _tables(runner: DuckRunner, database: str) -> dict[str, dict[str, str]]:
    """The columns and types of each table of an attached file, but the one that tells of it.

    `log` is no table: it is the families of the log together.
    """
    found: dict[str, dict[str, str]] = {}
    for table, column, type_ in runner.rows(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() "
        f"WHERE database_name = '{database}' AND NOT internal ORDER BY table_name, column_index"
    ):
        found.setdefault(table, {})[column] = type_
    for apart in ("standing", "log"):
        found.pop(apart, None)
    return found


def _key(table: str) -> str:
    """What tells the rows of a table apart: events stand by position, all else by participant."""
    return "position" if table.startswith("log_") else "pid"


def _table_findings(
    runner: DuckRunner, twin: str, table: str, columns: Sequence[str], position: int
) -> Iterator[Finding]:
    """The rows that only one of the two has, by participant or position, the first of them."""
    key = _key(table)
    names = ", ".join(columns)
    place = columns.index(key)
    told = 0
    for part in _parts(key, position):
        rows = runner.rows(
            f"SELECT {names}, sum(side) FROM (SELECT {names}, 1 AS side FROM kept.{table} "
            f"WHERE {part} UNION ALL SELECT {names}, -1 FROM {twin}.{table} WHERE {part}) "
            f"GROUP BY {names} HAVING sum(side) <> 0 ORDER BY {key} NULLS FIRST, {names} "
            f"LIMIT {_MOST - told}"
        )
        for number, group in groupby(rows, lambda row: row[place]):
            yield _finding(runner, table, columns, number, list(group))
        told += len(rows)
        if told >= _MOST:
            return


def _parts(key: str, position: int) -> Iterator[str]:
    """Conditions that split a table by its key; every row is in one part, whatever its key is."""
    cuts = list(range(_SLICE, position, _SLICE))
    for first, last in zip([None, *cuts], [*cuts, None], strict=True):
        above = "TRUE" if first is None else f"{key} >= {first}"
        below = "TRUE" if last is None else f"{key} < {last}"
        none = f" OR {key} IS NULL" if first is None else ""
        yield f"({above} AND {below}{none})"


def _finding(
    runner: DuckRunner, table: str, columns: Sequence[str], number: int | None, rows: list[Row]
) -> Finding:
    only_kept = [row for row in rows if row[-1] > 0]
    only_due = [row for row in rows if row[-1] < 0]
    if len(only_kept) == len(only_due) == 1:
        pairs = zip(columns, only_kept[0], only_due[0], strict=False)
        differing = [(name, was, due) for name, was, due in pairs if was != due]
        told = "; ".join(f"{name} is {_show(w)}, due is {_show(d)}" for name, w, d in differing)
    else:
        told = f"{len(only_kept)} rows do not follow from the log, {len(only_due)} are missing"
    where = f"its table {table}" + ("" if _key(table) == "position" else _whose(runner, number))
    return Finding("copy", number, f"{where}: {told}")


def _whose(runner: DuckRunner, pid: int | None) -> str:
    """The participant of a number, by the id that events carry; from the twin, which is right."""
    if pid is None:
        return ""
    rows = runner.rows(f"SELECT participant_id FROM person WHERE pid = {pid}")
    return f", participant {bytes(rows[0][0]).hex()}" if rows else ", of nobody in the log"


def _show(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"


def _folded_findings(runner: DuckRunner, connection: Connection, position: int) -> Found:
    """Whether the domain's fold tells the same spells, of some participants throughout the log."""
    ((people,),) = runner.rows("SELECT count(*) FROM person")
    step = max(people // _SAMPLE, 1)
    sample = runner.rows(
        "SELECT pid, participant_id FROM (SELECT *, row_number() OVER (ORDER BY pid) AS n "
        f"FROM person) p WHERE n % {step} = 0 ORDER BY pid"
    )
    numbers = {bytes(person): pid for pid, person in sample}
    kept = _spells_kept(runner, numbers.values())
    for person, facts in facts_of(connection, numbers).items():
        pid = numbers[person]
        journey = journey_at(facts, Cutoff(position=position))
        due = {
            (kind, day_number(spell.start), _stop(spell.stop), spell.opened.position)
            for kind, spells in journey.spells.items()
            for spell in spells
        }
        if kept.get(pid, set()) != due:
            what = f"participant {person.hex()}: its spells are not those that the events tell"
            yield Finding("copy", pid, what)


def _stop(day: date | None) -> int:
    return FOREVER if day is None else day_number(day)


def _spells_kept(runner: DuckRunner, pids: Iterable[int]) -> dict[int, set[Row]]:
    """What the copy has of some participants with all that is known: the spells, by participant."""
    among = ", ".join(map(str, pids)) or "NULL"
    found: dict[int, set[Row]] = {}
    for kind in KINDS:
        rows = runner.rows(
            f"SELECT pid, start, stop, opened FROM kept.{kind} "
            f"WHERE known_to = {NEVER_REPLACED} AND pid IN ({among})"
        )
        for pid, start, stop, opened in rows:
            found.setdefault(pid, set()).add((kind, start, stop, opened))
    return found


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
