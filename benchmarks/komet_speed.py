"""How fast Komet's snapshots go in, against the events that they become in the neutral format.

    python -m benchmarks.komet_speed 100000

Prints one line of JSON. The claim: `ratio` is at most 2, snapshots at no less than half the speed.
Seconds are of processor time, so that others on the machine do not count.
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

from adapters.case_deliveries import append_delivery, system_named
from adapters.case_systems.messages import Delivery, Implementation
from adapters.case_systems.snapshots import by_subject, explain
from adapters.database import open_engine, writing
from adapters.ingest import append_file
from adapters.profiles import default_profile
from adapters.readers.files import RowFile, delivery
from adapters.said import keep_implementations
from benchmarks.measuring import processor_time
from domain.record import COLUMNS

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


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        told, rows = Path(folder) / "komet.jsonl", Path(folder) / "events.csv"
        told.write_text("".join(json.dumps(one) + "\n" for one in snapshots(count)), "utf-8")
        events = _write_events(told, rows)
        by_snapshot = _seconds(folder, told, neutral=False)
        by_event = _seconds(folder, rows, neutral=True)
    found = {"snapshots": count, "events": events, "seconds": round(by_snapshot, 2)}
    found |= {"neutral_seconds": round(by_event, 2), "ratio": round(by_snapshot / by_event, 2)}
    print(json.dumps(found))  # noqa: T201


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


def _seconds(folder: str, path: Path, *, neutral: bool) -> float:
    engine = open_engine(f"sqlite:///{folder}/{path.stem}.db", make=True)
    with writing(engine) as connection:
        keep_implementations(connection, "komet", _KNOWN)
    with delivery(str(path)) as file:
        begun = processor_time()
        if neutral:
            append_file(engine, RowFile(file), default_profile())
        else:
            append_delivery(engine, file, system_named("komet"), default_profile())
        return processor_time() - begun


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
