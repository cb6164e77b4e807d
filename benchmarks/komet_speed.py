"""How fast Komet's snapshots go in, against the events that they become in the neutral format.

    python -m benchmarks.komet_speed 100000

The claim: `cpu ratio` is at most 2, snapshots at no less than half the speed. It is of processor
time, so that others on the machine do not count; the sides in turn, each into a new store. The
snapshots are JSON Lines, so the events are handed in as that too; CSV is read by a second process.
"""

from __future__ import annotations

import csv
import json
import random
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from adapters.case_deliveries import append_delivery, system_named
from adapters.case_systems.messages import Delivery, Implementation
from adapters.case_systems.snapshots import by_subject, explain
from adapters.database import open_engine, reading, writing
from adapters.ingest import append_file
from adapters.profiles import default_profile
from adapters.readers.files import RowFile, delivery
from adapters.said import keep_implementations
from adapters.schema import events as stored
from benchmarks.measuring import in_turn, same
from benchmarks.results import Compared, keep
from domain.record import COLUMNS

ROUNDS = 2
_KNOWN = {"g1": Implementation("ARBEIDSFORBEREDENDE_TRENING", "912345678")}


def snapshots(count: int, seed: int = 1) -> Iterator[dict[str, Any]]:
    """Participations as deltaker-ekstern-v1 tells them: half under way, half ended."""
    chance = random.Random(seed)
    for number in range(count):
        start = date(2024, 1, 1) + timedelta(days=chance.randrange(600))
        ended = bool(number % 2)
        registered = datetime(2023, 12, 1, 9, tzinfo=UTC) + timedelta(
            minutes=chance.randrange(9999)
        )
        changed = datetime.combine(start, datetime.min.time(), UTC) + timedelta(days=90, hours=10)
        yield {
            "id": f"{number:08d}-6f5d-4a3c-9d5e-000000000000",
            "gjennomforingId": "g1",
            "personIdent": f"P{number:010d}",
            "startDato": start.isoformat(),
            "sluttDato": (start + timedelta(days=80)).isoformat() if ended else None,
            "status": {"type": "HAR_SLUTTET" if ended else "DELTAR"},
            "registrertTidspunkt": registered.isoformat(),
            "endretTidspunkt": changed.isoformat(),
            "kilde": "KOMET",
            "deltakelsesmengder": [],
        }


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        told, rows = Path(folder) / "komet.jsonl", Path(folder) / "events.csv"
        lines = Path(folder) / "events.jsonl"
        told.write_text("".join(json.dumps(one) + "\n" for one in snapshots(count)), "utf-8")
        events = _write_events(told, rows)
        _write_lines(rows, lines)
        paths = [Path(folder) / f"{number}.db" for number in range(3 * ROUNDS)]
        stores = iter(paths)
        sides = {
            "snapshots": lambda: _append(next(stores), told, neutral=False),
            "CSV": lambda: _append(next(stores), rows, neutral=True),
            "JSON Lines": lambda: _append(next(stores), lines, neutral=True),
        }
        took = in_turn(sides, ROUNDS)
        for number in (1, 2):
            same(_appended(paths[0]), _appended(paths[number]), "the ids of the events")
    beside = f"the same {events:,} events as"
    what = f"append {count:,} Komet snapshots"
    note = "at most 2 is half the speed"
    keep(
        "komet_speed",
        events,
        [
            Compared(what, f"{beside} {form}", took["snapshots"], took[form], note=note)
            for form in ("CSV", "JSON Lines")
        ],
    )


def _write_events(told: Path, rows: Path) -> int:
    """The events that the snapshots become, as the neutral format has them; how many."""
    system = system_named("komet")
    messages = system.read(told.read_bytes(), Delivery(datetime.now(UTC), None, _KNOWN))
    written = 0
    with rows.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        for versions in by_subject(messages.versions).values():
            for _, events in explain([], versions, system.tell):
                writer.writerows(events or ())
                written += len(events or ())
    return written


def _write_lines(rows: Path, lines: Path) -> None:
    with rows.open(newline="", encoding="utf-8") as file, lines.open("w", encoding="utf-8") as out:
        for row in csv.DictReader(file):
            out.write(json.dumps({name: cell for name, cell in row.items() if cell}) + "\n")


def _append(store: Path, path: Path, *, neutral: bool) -> None:
    """A file into a new store, which is left where it is."""
    engine = open_engine(f"sqlite:///{store}", make=True)
    with writing(engine) as connection:
        keep_implementations(connection, "komet", _KNOWN)
    with delivery(str(path)) as file:
        if neutral:
            append_file(engine, RowFile(file), default_profile())
        else:
            append_delivery(engine, file, system_named("komet"), default_profile())
    engine.dispose()


def _appended(store: Path) -> set[str]:
    with reading(open_engine(f"sqlite:///{store}", make=False)) as connection:
        return set(connection.execute(select(stored.c.source_event_id)).scalars())


if __name__ == "__main__":
    main()
