"""What is kept sealed beside the log, and what is kept so as not to read it, is verified too."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import Engine, Table, delete, select, update

from adapters.access_log import reader, require_reason
from adapters.case_deliveries import append_delivery, system_named
from adapters.erasing import erase
from adapters.ingest import Delivering
from adapters.profiles import default_profile
from adapters.readers.files import delivery
from adapters.readers.rows import RawRow
from adapters.schema import (
    events,
    participants,
    quarantine,
    source_records,
    source_subjects,
    source_versions,
    standings,
    store_info,
)
from adapters.verification.findings import Finding
from adapters.verification.store import verify
from domain.record import Problem
from tests.guard.deliveries import KARI, NOW, row
from tests.guard.tampering import Tampering, altered, rechain

PERSON = "10428812345"


def snapshot(own: str, at: str, last_day: str | None = None) -> dict[str, Any]:
    return {
        "id": own,
        "personIdent": PERSON,
        "gjennomforingId": "g1",
        "startDato": "2024-02-01",
        "sluttDato": last_day,
        "status": {"type": "DELTAR" if last_day is None else "HAR_SLUTTET"},
        "endretTidspunkt": at,
    }


def send(engine: Engine, folder: Path, *records: dict[str, Any]) -> None:
    """A delivery of a case system, as its messages came."""
    path = folder / "sent.jsonl"
    path.write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in records))
    with delivery(str(path)) as file:
        append_delivery(engine, file, system_named("komet"), default_profile(), now=lambda: NOW)


@pytest.fixture
def said(engine: Engine, tmp_path: Path) -> Engine:
    """The store with messages of a case system as well, the older one last."""
    send(engine, tmp_path, snapshot("d1", "2024-02-01T09:00:00"))
    send(engine, tmp_path, snapshot("d1", "2024-06-01T09:00:00", "2024-05-31"))
    send(engine, tmp_path, snapshot("d1", "2024-05-01T09:00:00", "2024-06-30"), snapshot("d2", ""))
    assert verify(engine).findings == []
    return engine


def change(engine: Engine, table: Table, row_id: int, column: str) -> None:
    with Tampering(engine) as connection:
        value = connection.execute(select(table.c[column]).where(table.c.id == row_id)).scalar_one()
        changed = update(table).where(table.c.id == row_id)
        connection.execute(changed.values({column: altered(value)}))


def found(engine: Engine) -> set[tuple[str, int | None]]:
    return {(one.table, one.at) for one in verify(engine)}


def test_an_older_message_that_came_later_is_no_damage(said: Engine) -> None:
    with said.connect() as connection:
        topics = set(connection.execute(select(events.c.topic)).scalars())
    assert "withdrawn" in topics


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        (quarantine, ["participant_id", "state", "cells", "raw", "event_id"]),
        (source_records, ["participant_id", "fingerprint", "raw"]),
        (source_versions, ["participant_id", "source", "subject", "digest", "stored", "record_id"]),
    ],
    ids=lambda one: str(getattr(one, "name", "")),
)
def test_what_is_kept_sealed_altered_is_found_there(
    said: Engine, table: Table, columns: list[str]
) -> None:
    for column in columns:
        with said.connect() as connection:
            (before,) = connection.execute(select(table).where(table.c.id == 1))
        change(said, table, 1, column)
        assert (table.name, 1) in found(said), column
        with Tampering(said) as connection:
            own = update(table).where(table.c.id == 1)
            connection.execute(own.values({column: before._mapping[column]}))
    assert found(said) == set()


def test_a_rejected_row_filed_under_another_fingerprint_or_person_is_found(said: Engine) -> None:
    with said.connect() as connection:
        query = select(quarantine.c.id).where(quarantine.c.outcome == "rejected")
        rejected = connection.execute(query).scalars().all()
    change(said, quarantine, rejected[0], "fingerprint")
    change(said, quarantine, rejected[1], "participant_lookup")
    assert found(said) == {("quarantine", rejected[0]), ("quarantine", rejected[1])}


@pytest.mark.parametrize("table", [source_records, source_versions], ids=lambda t: str(t.name))
def test_a_record_or_a_version_taken_away_is_found(said: Engine, table: Table) -> None:
    with Tampering(said) as connection:
        connection.execute(delete(table).where(table.c.id == 2))
    assert (table.name, 3) in found(said)


def test_whom_a_subject_is_about_taken_away_is_found_before_an_erasure_misses_it(
    said: Engine,
) -> None:
    with Tampering(said) as connection:
        connection.execute(delete(source_subjects))
    assert {table for table, _ in found(said)} == {"source_versions"}


def test_what_is_left_of_somebody_erased_is_found(said: Engine) -> None:
    with said.connect() as connection:
        query = select(quarantine.c.id, quarantine.c.raw).where(quarantine.c.event_id == "k4")
        (slip,) = connection.execute(query)
    erase(said, KARI, "krav", "drift", NOW)
    assert found(said) == set()
    with Tampering(said) as connection:
        connection.execute(
            update(quarantine).where(quarantine.c.id == slip.id).values(raw=slip.raw)
        )
    assert found(said) == {("quarantine", slip.id)}


def test_everything_of_an_erased_person_is_emptied_and_verifies(said: Engine) -> None:
    erase(said, PERSON, "krav", "drift", NOW)
    assert found(said) == set()
    with said.connect() as connection:
        kept = connection.execute(select(source_versions.c.stored)).scalars().all()
        raw = connection.execute(select(source_records.c.raw)).scalars().all()
        assert connection.execute(select(source_subjects)).all() == []
    assert len(kept) == 3 and set(map(bytes, kept)) == set(map(bytes, raw)) == {b""}


def test_a_note_sealed_anew_with_every_hash_mended_is_found(said: Engine) -> None:
    with Tampering(said) as connection:
        row_ = connection.execute(select(events).where(events.c.id == 2)).one()
        state = orjson.loads(bytes(row_.state))
        state["sealed"] = "A" + state["sealed"][1:] if state["sealed"][0] != "A" else "B"
        changed = update(events).where(events.c.id == 2)
        connection.execute(changed.values(state=orjson.dumps(state)))
        rechain(connection)
    assert list(verify(said)) == [Finding("events", 2, "a sealed value does not open")]


def test_where_a_history_was_left_altered_is_found(said: Engine) -> None:
    for column in ("version", "ends_on", "ends_at", "ends_position", "state"):
        with Tampering(said) as connection:
            first = connection.execute(select(standings).order_by(standings.c.version)).first()
            assert first is not None
            value = first._mapping[column]
            other = b'[{"kvp":true},{},{},0,false,null,[],null,null]'
            new = other if column == "state" else value + 1
            mine = standings.c.participant_id == first.participant_id
            connection.execute(update(standings).where(mine).values({column: new}))
        (told,) = verify(said)
        assert bytes(first.participant_id).hex() in told.what, column
        with Tampering(said) as connection:
            connection.execute(update(standings).where(mine).values({column: value}))
    assert found(said) == set()


def test_a_reason_that_is_required_no_more_without_being_written_down_is_found(
    said: Engine,
) -> None:
    require_reason(said, reader("leder"), True)
    assert found(said) == set()
    with Tampering(said) as connection:
        mine = store_info.c.name == "access_reason_required"
        connection.execute(update(store_info).where(mine).values(value="off"))
    assert found(said) == {("forlop_store", None)}


def test_a_participant_s_lookup_altered_is_found(said: Engine) -> None:
    with Tampering(said) as connection:
        one = connection.execute(select(participants)).first()
        assert one is not None
        changed = update(participants).where(participants.c.participant_id == one.participant_id)
        connection.execute(changed.values(lookup=altered(one.lookup)))
    assert found(said) == {("participants", None)}


def test_without_the_secret_it_is_said_that_nothing_sealed_was_opened(
    said: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORLOP_SECRET_FILE", "/nowhere/secret.key")
    report = verify(said)
    assert report.findings == []
    assert "was not opened: the store's secret is missing" in report.notes[0].what


def test_rejected_rows_of_every_kind_raise_no_false_alarm(engine: Engine) -> None:
    """Cells of any type, and rows that fall into none."""
    cells: list[dict[str, Any]] = [
        {"note": "x" * 900},
        {"participant": 17},
        {"participant": "p" * 70},
        {"office": float("nan")},
        {"attended": True, "occurred_on": date(2024, 1, 1)},
        {},
    ]
    rows = [
        RawRow(
            line, f"rad {line}\r\n".encode(), dict(row("w", KARI, "nothing", "2024-01-01")) | one
        )
        for line, one in enumerate(cells)
    ]
    rows.append(RawRow(9, b"\xff,", {"source": "\ufffd"}, [Problem("", None, "too few cells")]))
    delivering = Delivering(engine, default_profile(), "rows", "", lambda: NOW)
    assert delivering.append(rows).counts.rejected == len(rows)
    assert found(engine) == set()
