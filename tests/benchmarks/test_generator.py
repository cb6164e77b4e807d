"""The made-up deliveries are ones that a store takes, and always the same."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from sqlalchemy import select

import forlop
from adapters.database import open_engine, reading
from adapters.schema import events
from benchmarks import generator, stores

_FEW = 400


def test_append_takes_every_row_of_either_format(tmp_path: Path) -> None:
    for name, write in (("e.csv", generator.write_csv), ("e.parquet", generator.write_parquet)):
        count = write(tmp_path / name, generator.rows(_FEW))
        with forlop.open_store(f"sqlite:///{tmp_path / name}.db", make=True) as store:
            summary = store.append_file(tmp_path / name)
        assert summary.as_json() == dict.fromkeys(summary.as_json(), 0) | {
            "read": count,
            "appended": count,
            "position": count,
        }


def test_the_same_seed_gives_the_same_rows_and_another_gives_others() -> None:
    first = list(generator.rows(_FEW, seed=7))
    assert first == list(generator.rows(_FEW, seed=7))
    assert first != list(generator.rows(_FEW, seed=8))


def test_rows_come_in_the_order_of_registration_some_late_corrected_or_annulled() -> None:
    found = list(generator.rows(4_000))
    recorded = [row["recorded_at"] for row in found]
    assert recorded == sorted(recorded)
    types = Counter(row["type"] for row in found)
    corrections = sum("replaces" in row for row in found) - types["voided"]
    late = sum(row["recorded_at"][:10] > row["occurred_on"][:8] + "99" for row in found)
    assert 9 < len(found) / 4_000 < 12
    assert 0.005 < corrections / len(found) < 0.015
    assert late > 0.03 * len(found)
    assert types["voided"] > 0
    assert len({row["type"] for row in found}) == 19


def test_a_store_made_fast_holds_what_append_writes(tmp_path: Path) -> None:
    rows = list(generator.rows(_FEW))
    with forlop.open_store(f"sqlite:///{tmp_path}/slow.db", make=True) as store:
        store.append(rows)
    stores.fill(f"sqlite:///{tmp_path}/fast.db", rows).dispose()
    assert _log(f"{tmp_path}/slow.db") == _log(f"{tmp_path}/fast.db")


def _log(path: str) -> list[Any]:
    told = (
        events.c[name]
        for name in ("id", "version", "topic", "state", "occurred_on", "recorded_at", "source")
    )
    engine = open_engine(f"sqlite:///{path}", make=False)
    with reading(engine) as connection:
        found = list(map(tuple, connection.execute(select(*told).order_by(events.c.id))))
    engine.dispose()
    return found
