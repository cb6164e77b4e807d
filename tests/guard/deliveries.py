"""Rows to hand in: small histories that are sound, seeded, with a note here and there."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine

from adapters.ingest import Delivering
from adapters.profiles import default_profile
from adapters.readers.rows import RawRow
from adapters.summary import Summary
from domain.record import COLUMNS

Row = Mapping[str, str]
NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
KARI, OLA, UNKNOWN = "01017012345", "02028012345", "03039012345"
SECRET_NOTES = ("Ring moren på kveldstid", "Har vært hos legen", "Notat i en feil rad")


def row(key: str, participant: str, topic: str, day: str, **more: str) -> Row:
    recorded = f"{day}T10:00:00Z"
    return {
        "source": "nav",
        "event_id": key,
        "participant": participant,
        "type": topic,
        "occurred_on": day,
        "recorded_at": recorded,
        **more,
    }


def small_delivery() -> list[Row]:
    """Two participants with notes; a row that is held, one rejected, one of somebody unknown."""
    return [
        row("k1", KARI, "registered", "2024-01-02", birth_date="1970-01-01", sex="female"),
        row("k2", KARI, "enrolled", "2024-01-03", programme="kvp", note=SECRET_NOTES[0]),
        row("o1", OLA, "enrolled", "2024-02-03", programme="intro", note=SECRET_NOTES[1]),
        row("k3", KARI, "exited", "2024-05-03", programme="kvp", destination="work"),
        row("k4", KARI, "exited", "2024-06-03", programme="intro", destination="work"),
        row("k5", KARI, "exitted", "2024-06-03", note=SECRET_NOTES[2]),
        row("u1", UNKNOWN, "exitted", "2024-06-03", note=SECRET_NOTES[2]),
        row("o2", OLA, "exited", "2024-09-03", programme="intro", destination="school"),
    ]


def hand_in(engine: Engine, rows: Iterable[Row], at: datetime = NOW) -> Summary:
    """Appends rows as one delivery."""
    delivering = Delivering(engine, default_profile(), "rows", "", lambda: at)
    return delivering.append(
        RawRow(line, ",".join(cells.values()).encode(), dict(cells))
        for line, cells in enumerate(rows, start=1)
    )


def many_rows(seed: int, persons: int, *, first: int = 0) -> list[Row]:
    """Sound histories of some participants: in, a measure, out, and back; a third have notes."""
    chance = random.Random(seed)
    rows: list[Row] = []
    for number in range(first, first + persons):
        who = f"P{seed:03}{number:06}"
        day = date(2020, 1, 1) + timedelta(days=chance.randrange(900))
        steps: Sequence[tuple[str, dict[str, str]]] = (
            ("enrolled", {"programme": "kvp"}),
            ("met", {"kind": "information", "attended": "true"}),
            ("exited", {"programme": "kvp", "destination": "work"}),
            ("reentered", {"programme": "kvp"}),
        )
        for step, (topic, more) in enumerate(steps):
            day += timedelta(days=chance.randrange(1, 90))
            note = {"note": f"om {who}"} if chance.random() < 0.3 else {}
            rows.append(row(f"{who}-{step}", who, topic, day.isoformat(), **more, **note))
    return rows


def write_csv(path: Path, rows: Iterable[Row]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return path
