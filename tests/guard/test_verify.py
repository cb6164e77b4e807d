"""Nobody changes the past unseen: every kind of tampering is found, and named by its position."""

from __future__ import annotations

from collections.abc import Callable

import orjson
import pytest
from sqlalchemy import Connection, Engine, Table, delete, func, insert, select, text, update
from sqlalchemy.exc import DatabaseError

from adapters.access_log import reader, record_access
from adapters.database import reading, writing
from adapters.erasing import erase
from adapters.errors import ForlopError, WrongUseError
from adapters.log import Head, head_of
from adapters.schema import (
    APPEND_ONLY,
    accesses,
    batches,
    erasures,
    events,
    participants,
)
from adapters.verification.findings import Finding
from adapters.verification.store import Expected, verify
from tests.guard.deliveries import KARI, NOW, hand_in, many_rows
from tests.guard.tampering import Tampering, alter, drop_triggers, rechain

MIDDLE = 3
EVENT_COLUMNS = [column.name for column in events.columns if column.name != "id"]
BATCH_COLUMNS = [column.name for column in batches.columns if column.name != "id"]


def where(engine: Engine, position: int = MIDDLE) -> set[str]:
    """The tables in which something is wrong; `position` is the first bad one of the log."""
    report = verify(engine)
    assert report.first is not None
    assert report.first.table != "events" or report.first.at == position, report.findings
    return {found.table for found in report}


def head(engine: Engine) -> Head:
    with reading(engine) as connection:
        return head_of(connection)


def test_a_store_that_nobody_touched_is_whole(engine: Engine) -> None:
    hand_in(engine, many_rows(1, 40))
    erase(engine, KARI, "krav", "saksbehandler", NOW)
    found = head(engine)
    report = verify(engine, Expected(found.position, found.hash.hex()))
    assert report.findings == []
    assert (report.head, report.events) == (found, found.position)


@pytest.mark.parametrize("column", EVENT_COLUMNS)
def test_any_column_of_an_event_altered_is_found_there(engine: Engine, column: str) -> None:
    with Tampering(engine) as connection:
        alter(connection, events, MIDDLE, column)
    assert "events" in where(engine)


@pytest.mark.parametrize("column", ["topic", "state", "occurred_on", "recorded_at", "source"])
def test_a_column_altered_and_the_chain_mended_still_disagrees_with_the_state(
    engine: Engine, column: str
) -> None:
    with Tampering(engine) as connection:
        alter(connection, events, MIDDLE, column)
        rechain(connection)
    assert "events" in where(engine)


@pytest.mark.parametrize("column", BATCH_COLUMNS)
def test_any_column_of_a_batch_altered_is_found(engine: Engine, column: str) -> None:
    with Tampering(engine) as connection:
        alter(connection, batches, 1, column)
    assert "batches" in {found.table for found in verify(engine)}


def swap(connection: Connection) -> None:
    shift = text("UPDATE events SET id = :new WHERE id = :old")
    for old, new in ((MIDDLE, 99), (MIDDLE + 1, MIDDLE), (99, MIDDLE + 1)):
        connection.execute(shift, {"old": old, "new": new})


def leave_out(connection: Connection) -> None:
    connection.execute(delete(events).where(events.c.id == MIDDLE))


def leave_out_and_close_up(connection: Connection) -> None:
    leave_out(connection)
    connection.execute(text("UPDATE events SET id = -id WHERE id > 3"))
    connection.execute(text("UPDATE events SET id = -id - 1 WHERE id < 0"))


def put_in(connection: Connection) -> None:
    connection.execute(text("UPDATE events SET id = -id WHERE id >= 3"))
    connection.execute(text("UPDATE events SET id = -id + 1 WHERE id < 0"))
    row = dict(connection.execute(select(events).where(events.c.id == 1)).one()._mapping)
    row |= {"id": MIDDLE, "source_event_id": "forged", "version": 9}
    connection.execute(insert(events), row)


@pytest.mark.parametrize("forge", [swap, leave_out, leave_out_and_close_up, put_in])
def test_rows_swapped_left_out_or_put_in_are_found(
    engine: Engine, forge: Callable[[Connection], None]
) -> None:
    with Tampering(engine) as connection:
        forge(connection)
    after = MIDDLE + 1 if forge is leave_out else MIDDLE
    assert "events" in where(engine, after)


@pytest.mark.parametrize("forge", [leave_out_and_close_up, put_in])
def test_rows_left_out_or_put_in_and_the_chain_mended_are_found(
    engine: Engine, forge: Callable[[Connection], None]
) -> None:
    with Tampering(engine) as connection:
        forge(connection)
        rechain(connection)
    assert verify(engine).findings


def test_a_tail_cut_off_is_found_by_the_batches_or_by_the_head_kept_outside(
    engine: Engine,
) -> None:
    hand_in(engine, many_rows(1, 5))
    kept = head(engine)
    with Tampering(engine) as connection:
        connection.execute(delete(events).where(events.c.id > 5))
    assert "its tail was cut off" in "".join(map(str, verify(engine)))
    with Tampering(engine) as connection:
        connection.execute(delete(batches).where(batches.c.id == 2))
    assert verify(engine).findings == []
    (found,) = verify(engine, Expected(kept.position, kept.hash.hex()))
    assert (found.at, "the tail was cut off" in found.what) == (6, True)


def test_a_log_rewritten_whole_is_found_by_the_head_kept_outside(engine: Engine) -> None:
    kept = head(engine)
    with Tampering(engine) as connection:
        row = connection.execute(select(events).where(events.c.id == 2)).one()
        state = orjson.loads(bytes(row.state)) | {"programme": "intro"}
        connection.execute(update(events).where(events.c.id == 2).values(state=orjson.dumps(state)))
        last = connection.execute(select(events).where(events.c.id == 4)).one()
        state = orjson.loads(bytes(last.state)) | {"programme": "intro"}
        connection.execute(update(events).where(events.c.id == 4).values(state=orjson.dumps(state)))
        rechain(connection)
    assert verify(engine).findings == []
    (found,) = verify(engine, Expected(kept.position, kept.hash.hex()[:16]))
    assert "rewritten" in found.what


def test_a_history_made_unsound_with_every_hash_mended_is_found(engine: Engine) -> None:
    with Tampering(engine) as connection:
        row = connection.execute(select(events).where(events.c.topic == "enrolled")).first()
        assert row is not None
        state = orjson.loads(bytes(row.state)) | {"programme": "tiltaksplan"}
        changed = update(events).where(events.c.id == row.id).values(state=orjson.dumps(state))
        connection.execute(changed)
        rechain(connection)
    (found,) = verify(engine)
    assert "the history is not sound here: not in kvp" in found.what
    assert found.at == 4


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_the_triggers_refuse_change_and_their_absence_is_found(engine: Engine, table: str) -> None:
    erase(engine, KARI, "krav", "saksbehandler", NOW)
    record_access(engine, reader("kari", "sak"), "replay", [b"x" * 16])
    column = "tombstone" if table == "tombstones" else "hash"
    for statement in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"):
        with pytest.raises(ForlopError, match="append-only"), writing(engine) as connection:
            connection.execute(text(statement))
    with writing(engine) as connection:
        drop_triggers(connection)
    assert f"{table} is not protected" in "".join(map(str, verify(engine)))


@pytest.mark.parametrize("table", [erasures, accesses], ids=lambda table: str(table.name))
def test_erasures_and_accesses_altered_or_taken_away_are_found(
    engine: Engine, table: Table
) -> None:
    for natural_key in (KARI, "02028012345"):
        record_access(engine, reader("kari", "sak"), "replay", [natural_key.encode()])
        erase(engine, natural_key, "krav", "saksbehandler", NOW)
    with Tampering(engine) as connection:
        alter(connection, table, 2, "reason")
    assert {(found.table, found.at) for found in verify(engine)} == {(table.name, 2)}
    with Tampering(engine) as connection:
        connection.execute(delete(table).where(table.c.id == 1))
    assert (table.name, 2) in {(found.table, found.at) for found in verify(engine)}


def test_a_participant_s_key_swapped_or_lost_is_found(engine: Engine) -> None:
    with Tampering(engine) as connection:
        one, other = connection.execute(select(participants)).all()
        for row, key in ((one, other.wrapped_key), (other, one.wrapped_key)):
            connection.execute(
                update(participants)
                .where(participants.c.participant_id == row.participant_id)
                .values(wrapped_key=key)
            )
    assert {found.table for found in verify(engine)} == {"participants"}
    with Tampering(engine) as connection:
        connection.execute(delete(participants))
    assert "has no key and was not erased" in "".join(map(str, verify(engine)))


def test_a_bit_flipped_anywhere_in_a_state_is_found(engine: Engine) -> None:
    """Flips a bit of every fifth byte of one state, one after another."""
    tried = 0
    with writing(engine) as connection:
        drop_triggers(connection)
    with reading(engine) as connection:
        rows = connection.execute(select(events.c.id, events.c.state)).all()
    row = min(rows, key=lambda one: len(one.state))
    state = bytes(row.state)
    for at in range(0, len(state), 5):
        flipped = state[:at] + bytes([state[at] ^ 0x20]) + state[at + 1 :]
        with writing(engine) as connection:
            change = update(events).where(events.c.id == row.id)
            connection.execute(change.values(state=flipped))
        assert row.id in {found.at for found in verify(engine) if found.table == "events"}
        tried += 1
    assert tried >= 8


def test_a_further_check_is_told_the_head_and_heard(engine: Engine) -> None:
    def copy_is_behind(connection: Connection, found: Head) -> list[Finding]:
        counted = connection.execute(select(func.count()).select_from(events)).scalar_one()
        assert counted == found.position
        return [Finding("copy", found.position, "the copy is behind")]

    (found,) = verify(engine, further=[copy_is_behind])
    assert found.table == "copy"


def test_a_head_that_cannot_be_one_is_refused() -> None:
    for position, digits in ((-1, "0" * 64), (3, "xyz"), (3, "abc"), (3, "0" * 65)):
        with pytest.raises(WrongUseError, match="forlop head"):
            Expected(position, digits)


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_dropped_column_is_an_error_and_no_traceback(engine: Engine) -> None:
    with Tampering(engine) as connection:
        connection.execute(text("ALTER TABLE events DROP COLUMN hash"))
    with pytest.raises(ForlopError) as told:
        verify(engine)
    assert not isinstance(told.value, DatabaseError)
