"""The demo's registers into a store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from importlib.resources import as_file
from typing import Final

from sqlalchemy import Engine, select

from adapters.database import reading, show
from adapters.errors import ForlopError, WrongUseError
from adapters.ingest import Progress, append_file
from adapters.log import head_of
from adapters.readers.files import RowFile, delivery
from adapters.reports.published_rows import DATA
from adapters.schema import events
from adapters.summary import Summary
from domain.calendar import end_of_day
from domain.codes import Profile
from domain.history import Key

REGISTERS: Final = ("tiltaksplan-2003.csv.gz", "eigersund-2022.csv.gz")
DRAWN_AT: Final = end_of_day(date(2004, 1, 13))  # when Aetat drew its figures
DECEMBER: Final = date(2003, 12, 31)
# Left the effort, came back, and had an event corrected: the shortest history with all of it.
PARTICIPANT: Final = "TP001412"


def put_registers(engine: Engine, profile: Profile, done: Progress | None = None) -> Summary:
    """Appends both registers; `done` is told how many rows each chunk had.

    Raises WrongUseError, and appends nothing, where the store holds anything else; ForlopError
    where a row does not go in. A store that holds the registers already stays as it is.
    """
    total = Summary()
    with _registers() as files:
        _check_holds_nothing_else(engine, files)
        for file in files:
            total.add(append_file(engine, file, profile, done=done))
    if total.troubles:
        raise ForlopError(f"{show(engine)}: {next(iter(total.troubles.values()))}")
    return total


@contextmanager
def _registers() -> Iterator[list[RowFile]]:
    with ExitStack() as stack:
        paths = [stack.enter_context(as_file(DATA / name)) for name in REGISTERS]
        yield [RowFile(stack.enter_context(delivery(str(path)))) for path in paths]


def _check_holds_nothing_else(engine: Engine, files: list[RowFile]) -> None:
    with reading(engine) as connection:
        if head_of(connection).position == 0:
            return
        query = select(events.c.source, events.c.source_event_id)
        held: set[Key] = {(source, event_id) for source, event_id in connection.execute(query)}
    ours = {(row.cells["source"], row.cells["event_id"]) for file in files for row in file.rows()}
    if not held <= ours:
        raise WrongUseError(
            f"{show(engine)} holds other events than the demo's; give a store that is empty, "
            "or leave --store out for a temporary one"
        )
