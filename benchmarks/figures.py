"""Each figure beside hand-written SQL over the same tables, and beside what analysts use.

python -m benchmarks.figures --events 1000000
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Engine

from adapters.answers import head_at, settle
from adapters.columnar_copy import ColumnarCopy
from adapters.database import reading
from adapters.duck_runner import DuckRunner
from adapters.profiles import default_profile
from benchmarks import stores
from benchmarks.by_others import OTHERS, Frames
from benchmarks.measuring import in_turn, same, timed
from benchmarks.questions import RACED, Numbers, Raced
from benchmarks.results import Compared, Noted, keep
from domain.calendar import DAYS_IN_A_MONTH, to_microseconds
from projections.columnar.asking import ask
from projections.layout import lay_out
from projections.question import Question

_TOO_MANY: Final = 3_000_000  # events that the frames of pandas are not asked to hold


def main() -> None:
    with stores.asked_for(__doc__) as (engine, count):
        keep("figures", count, list(_race(engine, count)))


def _race(engine: Engine, events: int) -> Iterator[Compared | Noted]:
    with reading(engine) as connection:
        position, _ = head_at(connection, None)
        with ColumnarCopy(engine).at_least(connection, position) as (runner, _):
            frames = None
            if events <= _TOO_MANY:
                yield Noted("loading the log into pandas", _load_time(runner), "s")
                frames = Frames(_log(runner))
            for raced in RACED:
                question = settle(raced.asked, connection, position)
                yield from _against(raced, question, runner, frames)


def _against(
    raced: Raced, question: Question, runner: DuckRunner, frames: Frames | None
) -> Iterator[Compared | Noted]:
    profile = default_profile()
    sql = raced.hand_written(to_microseconds(question.known_at))

    def ours() -> Numbers:
        return raced.numbers(lay_out(question, ask(question, profile, runner)))

    expected = ours()
    same(rounded(expected), rounded(_in_months(raced, runner.rows(sql))), raced.name)
    took = in_turn({"ours": ours, "sql": lambda: runner.rows(sql)})
    note = "" if raced.target is None else f"at 10 million: under {raced.target} s"
    yield Compared(raced.name, "hand-written SQL", took["ours"], took["sql"], note=note)
    if frames is not None and raced.name in OTHERS:
        who, how = OTHERS[raced.name]
        found = how(frames)
        width = len(found[0])
        same(rounded([row[:width] for row in expected]), rounded(found), f"{raced.name}, {who}")
        took = in_turn({"ours": ours, "others": lambda: how(frames)}, rounds=3)
        yield Compared(raced.name, who, took["ours"], took["others"])


def _in_months(raced: Raced, rows: Numbers) -> Numbers:
    """The SQL of dwell gives days where the figure gives months."""
    if raced.asked.figure != "dwell":
        return rows
    return [(*row[:5], row[5] / DAYS_IN_A_MONTH, row[6]) for row in rows]


def rounded(rows: Numbers) -> Numbers:
    """Rows with fractions to nine digits, for sides that add up in another order."""
    return [
        tuple(round(float(v), 9) if isinstance(v, float) else _plain(v) for v in row)
        for row in rows
    ]


def _plain(value: Any) -> Any:
    return float(value) if hasattr(value, "__float__") and not isinstance(value, bool) else value


def _log(runner: DuckRunner) -> Any:
    return runner.connection.execute("SELECT * FROM log").df()


def _load_time(runner: DuckRunner) -> float:
    return timed(lambda: _log(runner)).wall


if __name__ == "__main__":
    main()
