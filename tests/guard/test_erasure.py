"""Whoever is erased is gone for good: from the database, from what it shows, from backups."""

from __future__ import annotations

import logging
import shutil
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, select, text

from adapters.answers import Asked, answer
from adapters.database import open_engine, reading
from adapters.erasing import erase, erase_again
from adapters.errors import DamagedError, ErasedError, ForlopError, UnknownParticipantError
from adapters.journeys import replay_of
from adapters.participants import ids_of
from adapters.profiles import default_profile
from adapters.quarantine import slips
from adapters.schema import metadata, participants
from adapters.secret import Secret, SecretError, TamperedError, seal, secret_path, unseal
from adapters.verification.store import verify
from domain.record import Problem, without_natural_keys
from tests.guard.deliveries import (
    KARI,
    NOW,
    OLA,
    SECRET_NOTES,
    UNKNOWN,
    hand_in,
    many_rows,
    small_delivery,
)
from tests.guard.deliveries import row as event_row


def everything(engine: Engine) -> bytes:
    """All that the tables hold, as bytes."""
    with reading(engine) as connection:
        return b"\n".join(
            value if isinstance(value, bytes) else str(value).encode()
            for table in metadata.sorted_tables
            for found in connection.execute(text(f"SELECT * FROM {table.name}"))
            for value in found
        )


def person_of(engine: Engine, natural_key: str) -> bytes:
    with reading(engine) as connection:
        return ids_of(connection, [natural_key])[natural_key]


def stock(engine: Engine) -> bytes:
    asked = Asked("stock", by=("programme", "sex", "age_band"))
    return answer(engine, default_profile(), asked).as_json()


def test_no_natural_key_and_no_note_stands_in_the_database_in_the_clear(engine: Engine) -> None:
    held = everything(engine)
    for secret in (KARI, OLA, UNKNOWN, *SECRET_NOTES):
        assert secret.encode() not in held


def test_a_note_is_read_again_with_the_key_and_compared_when_it_is_sent_again(
    engine: Engine,
) -> None:
    found, _, _ = replay_of(engine, KARI)
    assert [told.fact.event.note for told in found.told] == [None, SECRET_NOTES[0], None]
    again = hand_in(engine, small_delivery()).counts
    assert (again.appended, again.duplicates, again.rejected) == (0, 6, 2)
    other = event_row("k2", KARI, "enrolled", "2024-01-03", programme="kvp", note="noe annet")
    assert hand_in(engine, [other]).counts.rejected == 1


def test_figures_and_chain_are_the_same_before_and_after_an_erasure(engine: Engine) -> None:
    before = stock(engine)
    erase(engine, KARI, "krav", "saksbehandler", NOW)
    assert stock(engine) == before
    assert verify(engine).findings == []


def test_an_erased_person_s_key_mapping_notes_and_quarantined_rows_are_gone(
    engine: Engine,
) -> None:
    person = person_of(engine, KARI)
    with reading(engine) as connection:
        query = select(participants).where(participants.c.participant_id == person)
        key = connection.execute(query).one()
    erase(engine, KARI, "krav", "saksbehandler", NOW)
    held = everything(engine)
    assert bytes(key.wrapped_key) not in held
    assert bytes(key.lookup) not in held
    with reading(engine) as connection:
        rows = slips(connection, status="erased")
    assert {(one.event_id, one.raw, tuple(one.cells)) for one in rows} == {
        ("k4", b"", ()),
        ("k5", b"", ()),
    }
    if engine.dialect.name == "sqlite":
        files = Path(str(engine.url.database)).read_bytes()
        assert bytes(key.wrapped_key) not in files
        assert bytes(key.lookup) not in files


@pytest.mark.parametrize("known_by", ["natural key", "id"])
def test_replay_of_an_erased_person_says_when_and_why_and_nothing_more(
    engine: Engine, known_by: str
) -> None:
    asked = KARI if known_by == "natural key" else person_of(engine, KARI).hex()
    assert len(replay_of(engine, asked)[0].told) == 3
    erase(engine, asked, "krav 26/881", "saksbehandler", NOW)
    with pytest.raises(ErasedError) as erased:
        replay_of(engine, asked)
    assert str(erased.value) == "the participant was erased on 2026-01-02: krav 26/881"


def test_a_row_of_an_erased_person_is_a_duplicate_by_its_id_alone(engine: Engine) -> None:
    erase(engine, KARI, "krav", "saksbehandler", NOW)
    counts = hand_in(engine, small_delivery()).counts
    assert (counts.appended, counts.duplicates, counts.rejected) == (0, 6, 2)
    changed = [dict(one) | {"note": "et annet notat"} for one in small_delivery()[1:2]]
    assert hand_in(engine, changed).counts.duplicates == 1
    with reading(engine) as connection:
        assert ids_of(connection, [KARI]) == {}
    assert KARI.encode() not in everything(engine)


def test_somebody_only_ever_in_quarantine_is_erased_as_well(engine: Engine) -> None:
    erase(engine, UNKNOWN, "krav", "saksbehandler", NOW)
    with reading(engine) as connection:
        (only,) = slips(connection, status="erased")
    assert (only.event_id, only.raw, only.participant) == ("u1", b"", b"")
    with pytest.raises(ErasedError):
        replay_of(engine, UNKNOWN)


def test_erasing_twice_says_so_and_erasing_nobody_says_that(engine: Engine) -> None:
    erase(engine, KARI, "krav", "saksbehandler", NOW)
    with pytest.raises(ErasedError):
        erase(engine, KARI, "krav", "saksbehandler", NOW)
    with pytest.raises(UnknownParticipantError) as unknown:
        erase(engine, "99999999999", "krav", "saksbehandler", NOW)
    assert "99999999999" not in str(unknown.value)


def test_a_restored_backup_is_refused_until_its_erasures_are_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FORLOP_SECRET_FILE", raising=False)
    store, backup = tmp_path / "store.db", tmp_path / "backup.db"
    engine = open_engine(f"sqlite:///{store}", make=True)
    hand_in(engine, small_delivery())
    engine.dispose()  # as at the end of a command: the file is whole when nobody has it open
    shutil.copy(store, backup)
    erase(engine, KARI, "krav", "saksbehandler", NOW)
    engine.dispose()
    shutil.copy(backup, store)
    restored = open_engine(f"sqlite:///{store}", make=False)
    before = stock(restored)
    with pytest.raises(ForlopError, match="erase --replay"):
        replay_of(restored, KARI)
    with pytest.raises(ForlopError, match="erase --replay"):
        hand_in(restored, small_delivery())
    assert [one.reason for one in erase_again(restored)] == ["krav"]
    assert stock(restored) == before
    with pytest.raises(ErasedError):
        replay_of(restored, KARI)
    assert verify(restored).findings == []


def test_figures_work_without_the_secret_and_the_rest_says_what_to_do(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = stock(engine)
    secret_path(engine.url).rename(tmp_path / "elsewhere.key")
    assert stock(engine) == before
    assert verify(engine).findings == []
    for needs_it in (lambda: replay_of(engine, KARI), lambda: hand_in(engine, small_delivery())):
        with pytest.raises(SecretError, match="FORLOP_SECRET_FILE"):
            needs_it()
    monkeypatch.setenv("FORLOP_SECRET", "00" * 32)
    with pytest.raises(SecretError, match="not this store's"):
        replay_of(engine, KARI)
    monkeypatch.setenv("FORLOP_SECRET", "not a secret")
    with pytest.raises(SecretError, match="32 bytes"):
        replay_of(engine, KARI)
    monkeypatch.delenv("FORLOP_SECRET")
    (tmp_path / "elsewhere.key").rename(secret_path(engine.url))
    secret_path(engine.url).chmod(0o644)
    with pytest.raises(SecretError, match="chmod 600"):
        replay_of(engine, KARI)


def test_the_secret_is_made_once_and_for_its_owner_alone(engine: Engine) -> None:
    path = secret_path(engine.url)
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.read_bytes()
    open_engine(engine.url.render_as_string(hide_password=False), make=True).dispose()
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.glob("secret*")] == [path.name]


@given(key=st.text(min_size=1, max_size=64).filter(lambda text: "\x00" not in text))
def test_no_message_shows_a_natural_key(key: str) -> None:
    shown = str(Problem("participant", key, "not text"))
    assert len(key) <= 2 or repr(key)[1:-1] not in shown.partition(":")[0]
    assert "12057712345" not in without_natural_keys("etter 12057712345, se notat")
    assert "hemmelig" not in str(Problem("note", "hemmelig", "holds a NUL character"))


@given(plain=st.binary(max_size=200), place=st.binary(max_size=40), data=st.data())
def test_what_is_sealed_opens_only_whole_and_in_its_place(
    plain: bytes, place: bytes, data: st.DataObject
) -> None:
    key = Secret(bytes(32)).wrapping_key
    sealed = seal(key, plain, place)
    assert unseal(key, sealed, place) == plain
    with pytest.raises(TamperedError):
        unseal(key, sealed, place + b"x")
    at = data.draw(st.integers(0, len(sealed) - 1))
    with pytest.raises(DamagedError):
        unseal(key, sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :], place)


def test_a_number_where_sealed_bytes_belong_does_not_open() -> None:
    with pytest.raises(TamperedError):
        unseal(bytes(32), bytes((1 << 28) + 1), b"")


def test_erasing_one_of_two_thousand_takes_less_than_a_second(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    engine = open_engine(url, make=True)
    hand_in(engine, many_rows(1, 2000))
    started = time.perf_counter()
    erase(engine, "P001000777", "krav", "saksbehandler", NOW)
    assert time.perf_counter() - started < 1
    assert "P001000777" not in caplog.text
    engine.dispose()
