"""Made-up, lifelike deliveries of events, for any number of participants: always the same ones.

Participants turn up evenly over ten years. Their events are handed out in the order in which they
were registered, as nightly files are: about ten a participant, one in twenty late, one in a
hundred a correction, some annulments. `append` takes all of them; none is held or rejected.

    python -m benchmarks.generator 100000 events.csv
"""

from __future__ import annotations

import csv
import sys
import tempfile
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from random import Random
from typing import Final, TypeAlias

from benchmarks.journeys import DAY, Drawn, Told, as_text
from domain.record import COLUMNS

FIRST: Final = date(2014, 1, 1)
LAST: Final = date(2023, 12, 31)  # nothing happens or is registered later
EVENTS_EACH: Final = 10  # about how many events a participant has
_FIRST: Final = FIRST.toordinal() - date(1970, 1, 1).toordinal()
_DAYS: Final = (LAST - FIRST).days + 1
_OFFICES: Final = (
    ("Aetat Furuset", "Oslo"),
    ("Aetat Gamle Christiania", "Oslo"),
    ("Aetat Majorstuen", "Oslo"),
    ("Aetat Moss", "Moss"),
    ("Aetat Sarpsborg", "Sarpsborg"),
    ("Aetat Fredrikstad", "Fredrikstad"),
    ("Aetat Trondheim Sentrum", "Trondheim"),
    ("Aetat Bodø", "Bodø"),
)
Row: TypeAlias = dict[str, str]


def rows(participants: int, seed: int = 1) -> Iterator[Row]:
    """The rows of a number of participants, by the time of registration, only cells that are set.

    Holds the events to come of those who have turned up: about a tenth of all rows.
    """
    drawn = Drawn(Random(seed), _OFFICES)
    nights: dict[int, list[tuple[int, int, Told]]] = {}
    night = _FIRST
    for index in range(participants):
        first = _FIRST + index * _DAYS // participants
        for past in range(night, first):
            yield from _delivered(nights.pop(past, []))
        night = first
        for told in drawn.journey(first):
            if told.second < (_FIRST + _DAYS) * DAY:
                nights.setdefault(told.second // DAY, []).append((told.second, index, told))
    for past in range(night, _FIRST + _DAYS):
        yield from _delivered(nights.pop(past, []))


def events(count: int, seed: int = 1) -> Iterator[Row]:
    """The first `count` events that somewhat more participants than needed come to."""
    return islice(rows(count // EVENTS_EACH * 6 // 5 + 20, seed), count)


def _delivered(night: list[tuple[int, int, Told]]) -> Iterator[Row]:
    night.sort(key=lambda one: (one[0], one[1], one[2].number))
    return (_row(index, told) for _, index, told in night)


def _row(index: int, told: Told) -> Row:
    minutes, second = divmod(told.second % DAY, 60)
    time = f"{minutes // 60:02}:{minutes % 60:02}:{second:02}+00:00"
    row = {
        "source": "arena",
        "event_id": f"E{index}-{told.number}",
        "participant": f"D{index:08}",
        "type": told.type,
        "occurred_on": as_text(told.day),
        "recorded_at": f"{as_text(told.second // DAY)}T{time}",
        **told.cells,
    }
    if told.replaces is not None:
        row["replaces"] = f"E{index}-{told.replaces}"
    return row


def write_csv(path: Path, found: Iterable[Row]) -> int:
    """Writes rows in the contract's CSV; gives how many there were."""
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        write = csv.writer(file).writerow
        write(COLUMNS)
        for row in found:
            write([row.get(name) for name in COLUMNS])
            count += 1
    return count


def write_parquet(path: Path, found: Iterable[Row]) -> int:
    """Writes rows as Parquet, every column text, in the same order."""
    import duckdb  # noqa: PLC0415 - a slow import that CSV does without

    with tempfile.NamedTemporaryFile(suffix=".csv") as kept, duckdb.connect() as connection:
        count = write_csv(Path(kept.name), found)
        connection.execute(
            f"COPY (SELECT * FROM read_csv('{kept.name}', all_varchar = true, header = true)) "
            f"TO '{path}' (FORMAT parquet, COMPRESSION zstd)"
        )
    return count


def main() -> None:
    """`python -m benchmarks.generator PARTICIPANTS FILE [SEED]`; the name's ending says how."""
    participants, path = int(sys.argv[1]), Path(sys.argv[2])
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    write = write_parquet if path.suffix == ".parquet" else write_csv
    count = write(path, rows(participants, seed))
    sys.stdout.write(f"{count} events of {participants} participants in {path}\n")


if __name__ == "__main__":
    main()
