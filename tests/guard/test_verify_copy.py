"""The columnar copy beside a store: any value in it that does not follow from the log is found."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import Engine, delete

from adapters.answers import Asked, answer
from adapters.columnar_copy import ColumnarCopy
from adapters.database import reading
from adapters.erasing import erase
from adapters.errors import ForlopError
from adapters.log import head_of
from adapters.profiles import default_profile
from adapters.schema import batches, events
from adapters.verification.columns import CopyCheck
from adapters.verification.findings import Finding, Note
from adapters.verification.store import Report, verify
from projections.columnar.tables import DERIVED, FAMILY_COLUMNS
from tests.guard.amounts import examples
from tests.guard.deliveries import KARI, NOW, OLA, SECRET_NOTES, UNKNOWN, hand_in, many_rows, row
from tests.guard.tampering import Tampering

LOG_TABLES = {f"log_{family}": columns for family, columns in FAMILY_COLUMNS.items()}
TABLES = {**LOG_TABLES, "person": {"pid": "BIGINT", "participant_id": "BLOB"}, **DERIVED}
OTHERWISE = {
    "VARCHAR": "coalesce({0}, '') || 'x'",
    "BOOLEAN": "NOT coalesce({0}, FALSE)",
    "BLOB": "'\\x01\\x02'::BLOB",
    "BIGINT": "coalesce({0}, 0) - 1",
    "INTEGER": "coalesce({0}, 0) - 1",
}


def every_table() -> list[dict[str, str]]:
    """Rows of one person, enough for a row in each table of the copy but the links."""
    steps = [
        ("registered", {"birth_date": "1990-01-01", "sex": "female", "office": "0100"}),
        ("status_changed", {"status": "fully_unemployed"}),
        ("referred", {"programme": "kvp"}),
        ("enrolled", {"programme": "kvp"}),
        ("met", {"kind": "information", "attended": "true"}),
        ("benefit_started", {"benefit": "social_assistance", "role": "main"}),
        ("duty_imposed", {}),
        ("duty_exempted", {"reason": "school"}),
        ("sanctioned", {"sanction": "deduction", "reason": "no_show", "until": "2030-01-01"}),
        ("measure_started", {"measure": "wage_subsidy", "placement": "m1", "track": "ordinary"}),
        ("measure_stopped", {"placement": "m1", "reason": "completed"}),
        ("exited", {"programme": "kvp", "destination": "work"}),
    ]
    return [
        dict(row(f"e{day}", "P-ALL", topic, f"2024-03-{day:02}", **more))
        for day, (topic, more) in enumerate(steps, start=1)
    ]


@pytest.fixture
def copied(engine: Engine) -> Iterator[ColumnarCopy]:
    """The copy of a store in which every kind of spell, attribute and sign stands."""
    linked = row("l1", KARI, "linked", "2024-04-01", same_as=OLA)
    summary = hand_in(engine, [*every_table(), linked, *many_rows(1, 5)])
    assert summary.counts.appended == len(every_table()) + 1 + 20, summary.troubles
    count(engine)
    yield ColumnarCopy(engine)


def count(engine: Engine) -> bytes:
    return answer(engine, default_profile(), Asked("stock", by=("programme", "sex"))).as_json()


def checked(engine: Engine) -> Report:
    return verify(engine, further=[CopyCheck(engine)])


def test_a_copy_that_nobody_touched_is_whole(engine: Engine, copied: ColumnarCopy) -> None:
    report = checked(engine)
    assert (report.findings, report.notes) == ([], [])
    with duckdb.connect(str(copied.path), read_only=True) as kept:
        for table in TABLES:
            found = kept.execute(f"SELECT count(*) FROM {table}").fetchone()
            assert found is not None and found[0] > 0, table


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("table", TABLES)
def test_any_column_of_any_table_altered_is_found_and_named(
    engine: Engine, copied: ColumnarCopy, table: str
) -> None:
    """All columns of a row at once, each of which is named; then what the row is found by."""
    key = "position" if table in LOG_TABLES else "pid"
    columns = {name: type_ for name, type_ in TABLES[table].items() if name != key}
    told = altered(engine, copied, table, columns)
    for column in columns:
        assert f"{column} is " in told, (column, told)
    assert f"its table {table}" in altered(engine, copied, table, {key: "BIGINT"})


def altered(engine: Engine, copied: ColumnarCopy, table: str, columns: Mapping[str, str]) -> str:
    """What is told after some columns of a table's first row were altered; mends them again."""
    sound = copied.path.read_bytes()
    changed = ", ".join(
        f"{name} = {OTHERWISE[type_].format(name)}" for name, type_ in columns.items()
    )
    with duckdb.connect(str(copied.path)) as kept:
        kept.execute(f"UPDATE {table} SET {changed} WHERE rowid = (SELECT min(rowid) FROM {table})")
    with reading(engine) as connection:
        found = list(CopyCheck(engine)(connection, head_of(connection)))
    copied.path.write_bytes(sound)
    assert isinstance(found[-1], Note) and "delete the columnar copy" in found[-1].what
    return "\n".join(one.what for one in found)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("table", ["log_enrolment", "enrolment", "person"])
def test_rows_taken_away_or_put_in_twice_are_found(
    engine: Engine, copied: ColumnarCopy, table: str
) -> None:
    for change in (
        f"DELETE FROM {table} WHERE rowid = (SELECT max(rowid) FROM {table})",
        f"INSERT INTO {table} SELECT * FROM {table} ORDER BY rowid LIMIT 1",
    ):
        with duckdb.connect(str(copied.path)) as kept:
            kept.execute(change)
        assert {found.table for found in checked(engine)} == {"copy"}
        copied.throw_away()
        count(engine)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_the_finding_names_the_participant_the_column_and_how_to_mend_it(
    engine: Engine, copied: ColumnarCopy
) -> None:
    with duckdb.connect(str(copied.path)) as kept:
        kept.execute("UPDATE exemption SET reason = 'work'")
        (person,) = kept.execute(
            "SELECT participant_id FROM person JOIN exemption USING (pid)"
        ).fetchall()
    (found,) = checked(engine)
    assert f"exemption, participant {person[0].hex()}: " in found.what
    assert found.what.endswith("reason is 'work', due is 'school'")
    copied.throw_away()
    count(engine)
    assert checked(engine).findings == []


def test_a_copy_that_is_behind_is_no_fault_and_one_that_was_altered_then_still_is(
    engine: Engine, copied: ColumnarCopy
) -> None:
    hand_in(engine, many_rows(2, 3))
    report = checked(engine)
    assert report.findings == []
    assert "the next figure brings it up to the log" in report.notes[0].what
    with duckdb.connect(str(copied.path)) as kept:
        kept.execute("UPDATE enrolment SET start = start + 1")
    assert {found.table for found in checked(engine)} == {"copy"}


def test_a_copy_of_another_log_or_of_a_longer_one_is_told(
    engine: Engine, copied: ColumnarCopy
) -> None:
    with duckdb.connect(str(copied.path)) as kept:
        kept.execute(f"UPDATE standing SET head = '{'0' * 64}'")
    (found,) = checked(engine)
    assert (found.table, "of another log" in found.what) == ("copy", True)
    copied.throw_away()
    count(engine)
    hand_in(engine, many_rows(2, 3))
    count(engine)
    with Tampering(engine) as connection:
        connection.execute(delete(events).where(events.c.batch_id == 3))
        connection.execute(delete(batches).where(batches.c.id == 3))
    found = next(one for one in checked(engine) if one.table == "copy")
    assert "the tail of the log was cut off" in found.what


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_copy_of_another_version_or_never_finished_is_told_and_no_fault(
    engine: Engine, copied: ColumnarCopy
) -> None:
    for change, told in (
        ("UPDATE standing SET version = 1", "another version of the program"),
        ("DROP TABLE standing", "never finished"),
    ):
        with duckdb.connect(str(copied.path)) as kept:
            kept.execute(change)
        report = checked(engine)
        assert report.findings == []
        assert [told in note.what for note in report.notes] == [True]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_bytes_of_the_copy_damaged_are_told_by_verify_and_never_make_a_figure_wrong(
    engine: Engine, copied: ColumnarCopy
) -> None:
    sound, right = copied.path.read_bytes(), count(engine)
    told = 0
    for seed in range(examples(20)):
        chance = random.Random(seed)
        content = bytearray(sound)
        for _ in range(chance.choice((1, 30, 3000))):
            content[chance.randrange(len(content))] ^= chance.randrange(1, 256)
        if chance.random() < 0.2:
            del content[chance.randrange(len(content)) :]
        copied.path.write_bytes(bytes(content))
        with reading(engine) as connection:
            found = list(CopyCheck(engine)(connection, head_of(connection)))
        told += any(isinstance(one, Finding) for one in found)
        try:
            assert count(engine) == right
        except ForlopError as error:
            assert "delete the copy" in str(error)
    assert told > 0
    copied.throw_away()
    assert count(engine) == right


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_without_a_copy_there_is_nothing_to_find(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "copy.columns"
    assert verify(engine, further=[CopyCheck(engine, path)]).findings == []
    assert not path.parent.exists()


def test_nothing_but_coded_values_is_in_the_copy(engine: Engine, copied: ColumnarCopy) -> None:
    erase(engine, OLA, "krav", "saksbehandler", NOW)
    with duckdb.connect(str(copied.path), read_only=True) as kept:
        values = {
            str(value)
            for table in (*TABLES, "standing")
            for found in kept.execute(f"SELECT * FROM {table}").fetchall()
            for value in found
        }
    held = "\n".join(values) + copied.path.read_bytes().decode("latin-1")
    for secret in (KARI, OLA, UNKNOWN, "P-ALL", *SECRET_NOTES):
        assert secret not in held
    assert "kvp" in values


def test_a_finding_at_a_position_of_the_copy_reads_so() -> None:
    assert str(Finding("copy", 7, "x")) == "copy, position 7: x"
