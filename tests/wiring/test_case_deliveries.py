"""What case systems send goes in as events, is kept sealed, and is erased with its person."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select
from typer.testing import CliRunner

from adapters.case_systems import snapshots
from adapters.case_systems.systems import SYSTEMS
from adapters.database import open_engine, reading, writing
from adapters.errors import WrongUseError
from adapters.said import Said
from adapters.schema import quarantine, source_records, source_versions, store_info
from adapters.seals import Seals
from cli.main import app
from tests.case_systems.deliveries import STORIES
from tests.wiring.conftest import SAMPLES, Run

KOMET = SAMPLES / "komet" / "timeline.snapshots.jsonl"
GOLDEN = SAMPLES.parent / "golden"
PERSON = "10428812345"


def told(result: object) -> dict[str, object]:
    found: dict[str, object] = json.loads(getattr(result, "stdout", ""))
    return found


def snapshot(at: str, last_day: str | None = None, **more: object) -> dict[str, object]:
    status = "DELTAR" if last_day is None else "HAR_SLUTTET"
    return {
        "id": "d1",
        "personIdent": PERSON,
        "gjennomforingId": "g1",
        "startDato": "2024-02-01",
        "sluttDato": last_day,
        "status": {"type": status},
        "endretTidspunkt": at,
        **more,
    }


def write(folder: Path, name: str, *records: object) -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    return path


@pytest.mark.parametrize("story", STORIES)
def test_every_sample_goes_in_as_its_golden_file_says(sqlite: str, story: str, run: Run) -> None:
    system, files = STORIES[story]
    golden = json.loads((GOLDEN / f"{story}.json").read_text("utf-8"))
    names = [SAMPLES / name for name in files]
    whose = ["--participant", "p1"] if story in {"digisos", "paw_answers"} else []
    found = told(run(sqlite, "append", "--from", system, *whose, *names, "--json", code=None))
    left_out = [p for p in golden["problems"] if p.endswith("(left out)")]
    assert found["rejected"] == len({p.partition(":")[0] for p in left_out})  # one a record
    assert found["held"] == len(golden["waiting"])
    assert found["position"] == len(golden["rows"]) - len(golden["waiting"])
    assert sum(w["count"] for w in found["warnings"]) == sum(w[3] for w in golden["warnings"])  # type: ignore[attr-defined]


def test_the_same_content_is_a_duplicate_however_it_is_wrapped(
    store: str, tmp_path: Path, run: Run
) -> None:
    first = snapshot("2024-02-01T09:00:00")
    plain = write(tmp_path, "plain.jsonl", first)
    topic = {"key": "d1", "value": json.dumps(first, indent=2), "timestamp": 1706774400000}
    wrapped = tmp_path / "wrapped.json.gz"
    wrapped.write_bytes(gzip.compress(json.dumps([topic]).encode()))
    assert told(run(store, "append", "--from", "komet", plain, "--json"))["appended"] == 1
    again = told(run(store, "append", "--from", "komet", wrapped, plain, "--json"))
    assert (again["read"], again["duplicates"], again["position"]) == (2, 2, 1)


def test_a_snapshot_is_explained_against_what_was_said_in_another_file(
    store: str, tmp_path: Path, run: Run
) -> None:
    files = [
        write(tmp_path, "1.jsonl", snapshot("2024-02-01T09:00:00")),
        write(tmp_path, "3.jsonl", snapshot("2024-06-01T09:00:00", "2024-05-31")),
        write(tmp_path, "2.jsonl", snapshot("2024-05-01T09:00:00", "2024-06-30")),
    ]
    for file in files:
        run(store, "append", "--from", "komet", file)
    for known_at, persons in (("2024-03-01", 1), ("2024-05-15", 1), ("2024-06-02", 0)):
        asked = ("--of", "measure", "--at", "2024-06-15", "--known-at", known_at, "--json")
        assert told(run(store, "stock", *asked))["total"] == {"persons": persons, "spells": persons}


def test_a_person_of_whom_all_was_annulled_takes_what_comes_after(
    store: str, tmp_path: Path, run: Run
) -> None:
    begun = "source,event_id,participant,type,occurred_on,replaces\na,1,p1,referred,2024-01-01,\n"
    for number, row in enumerate(
        ("", "a,2,p1,voided,2024-01-01,1\n", "a,3,p1,referred,2024-02-01,\n")
    ):
        (tmp_path / f"{number}.csv").write_text(begun + row, "utf-8")
        found = told(run(store, "append", tmp_path / f"{number}.csv", "--json"))
    assert (found["appended"], found["position"]) == (1, 3)


def test_a_dry_run_says_what_would_become_of_it_and_keeps_nothing(
    store: str, tmp_path: Path, run: Run
) -> None:
    run(
        store,
        "append",
        "--from",
        "komet",
        write(tmp_path, "1.jsonl", snapshot("2024-02-01T09:00:00")),
    )
    later = write(tmp_path, "2.jsonl", snapshot("2024-06-01T09:00:00", "2024-05-31"), {"id": "d2"})
    dry = told(run(store, "append", "--from", "komet", later, "--dry-run", "--json", code=3))
    assert told(run(store, "append", "--from", "komet", later, "--json", code=3)) == dry
    assert (dry["appended"], dry["rejected"], dry["records"]) == (1, 1, 2)


def test_a_record_that_cannot_be_read_is_in_quarantine_once_with_its_own_reference(
    store: str, tmp_path: Path, run: Run
) -> None:
    bad = write(tmp_path, "bad.jsonl", {"id": "d7", "personIdent": PERSON}, snapshot("2024-02-01"))
    for _ in range(2):
        result = run(store, "append", "--from", "komet", bad, code=3)
    assert "line 1: rejected: d7: endret: missing; the source must say it" in result.output
    assert PERSON not in result.output
    [slip, _] = json.loads(run(store, "quarantine", "list", "--json").stdout)
    assert (slip["source"], slip["line"], slip["outcome"]) == ("komet", 1, "rejected")
    shown = run(store, "quarantine", "show", slip["id"], code=None).stdout
    assert '"personIdent"' in shown


def test_a_record_that_was_rejected_is_open_no_longer_once_it_reads(store: str, run: Run) -> None:
    file, other = SAMPLES / "digisos" / "minimal.json", SAMPLES / "digisos" / "komplett.json"
    for name in (file, other):
        run(store, "append", "--from", "digisos", name, code=3)
    statuses = [slip["status"] for slip in slips_of(run, store)]
    assert statuses == ["open", "open"]
    run(store, "append", "--from", "digisos", "--participant", "p1", file, "--dry-run")
    assert [slip["status"] for slip in slips_of(run, store)] == statuses
    run(store, "append", "--from", "digisos", "--participant", "p1", file)
    [first, second] = slips_of(run, store)
    assert (first["status"], first["closed_why"]) == ("mended", "handed in again, and read")
    assert second["status"] == "open"


def slips_of(run: Run, store: str) -> list[dict[str, object]]:
    """All that ever was in quarantine."""
    found: list[dict[str, object]] = json.loads(
        run(store, "quarantine", "list", "--status", "all", "--json").stdout
    )
    return found


def test_what_a_source_told_of_its_implementations_holds_for_the_next_file(
    store: str, run: Run
) -> None:
    changes = SAMPLES / "komet" / "deltaker-hendelse-v1.constructed.jsonl"
    run(store, "append", "--from", "komet", changes)
    before = told(run(store, "append", "--from", "komet", KOMET, "--json"))
    known = [w["why"] for w in before["warnings"]]  # type: ignore[attr-defined]
    identity = json.loads(KOMET.read_text("utf-8").splitlines()[0])["gjennomforingId"]
    listed = identity in changes.read_text("utf-8")
    assert listed is not any("implementation" in why for why in known)


def test_snapshots_get_their_measure_when_a_later_file_tells_of_their_list(
    store: str, tmp_path: Path, run: Run
) -> None:
    first = write(tmp_path, "1.jsonl", snapshot("2024-02-01T09:00:00"))
    run(store, "append", "--from", "komet", first)
    listed = {"id": "g1", "tiltak": {"tiltakskode": "OPPFOLGING"}}
    whose = {"id": "d8", "personident": PERSON, "deltakerliste": listed}
    change = {"id": "h1", "opprettet": "2024-06-01T09:00:00", "deltaker": whose}
    told_of = write(tmp_path, "2.jsonl", {**change, "payload": {"type": "OpprettUtkast"}})
    run(store, "append", "--from", "komet", told_of)
    asked = ("stock", "--of", "measure", "--by", "measure", "--at", "2024-03-01", "--json")
    for known_at in ("2024-03-01", "2024-07-01"):
        counted = told(run(store, *asked, "--known-at", known_at))["rows"]
        assert counted == [{"measure": "follow_up", "persons": 1, "spells": 1}]
    again = told(run(store, "append", "--from", "komet", first, "--json"))
    assert (again["appended"], again["duplicates"]) == (0, 1)


def test_what_is_of_an_unknown_kind_is_kept_raw_counted_and_erased_with_its_person(
    sqlite: str, tmp_path: Path, run: Run
) -> None:
    change = {"id": "h1", "opprettet": "2024-06-01T09:00:00", "payload": {"type": "HeltNytt"}}
    new = write(tmp_path, "1.jsonl", {**change, "deltaker": {"id": "d", "personident": PERSON}})
    first = told(run(sqlite, "append", "--from", "komet", new, "--json"))
    assert (first["appended"], first["unchanged"], first["records"]) == (0, 1, 1)
    assert [w["found"] for w in first["warnings"]] == ["HeltNytt"]  # type: ignore[attr-defined]
    assert told(run(sqlite, "append", "--from", "komet", new, "--json"))["duplicates"] == 1
    engine = open_engine(sqlite, make=False)
    with reading(engine) as connection:
        [row] = connection.execute(select(source_records)).all()
        opened = Seals(connection).open_said(
            bytes(row.participant_id), "record", row.id, bytes(row.raw)
        )
    assert opened == new.read_bytes()
    run(sqlite, "append", "--from", "komet", write(tmp_path, "2", snapshot("2024-02-01T09:00:00")))
    run(sqlite, "erase", PERSON, "--reason", "asked for it")
    with reading(engine) as connection:
        kept = [bytes(raw) for (raw,) in connection.execute(select(source_records.c.raw))]
    assert kept == [b"", b""]
    engine.dispose()


def test_an_unknown_system_and_two_readings_at_once_are_wrong_use(sqlite: str, run: Run) -> None:
    result = run(sqlite, "append", "--from", "komett", KOMET, code=1)
    assert isinstance(result.exception, WrongUseError)
    assert all(name in str(result.exception) for name in SYSTEMS)
    result = run(sqlite, "append", "--from", "komet", "--source", "komet", KOMET, code=1)
    assert isinstance(result.exception, WrongUseError)


def test_what_is_kept_is_sealed_raw_and_gone_when_the_person_is_erased(
    store: str, tmp_path: Path, run: Run
) -> None:
    draft = {**snapshot("2024-02-01T09:00:00"), "id": "d9", "status": {"type": "KLADD"}}
    draft["personIdent"] = "01410112345"  # known to the store by what it kept, and not by any event
    lines = write(tmp_path, "1.jsonl", snapshot("2024-02-01T09:00:00"), draft)
    run(store, "append", "--from", "komet", lines)
    engine = open_engine(store, make=False)
    with reading(engine) as connection:
        seals = Seals(connection)
        rows = connection.execute(select(source_records).order_by(source_records.c.id)).all()
        opened = [
            seals.open_said(bytes(r.participant_id), "record", r.id, bytes(r.raw)) for r in rows
        ]
        pasts = dict(Said(connection, seals).every())
    assert opened == lines.read_bytes().splitlines()
    assert PERSON.encode() not in b"".join(bytes(row.raw) for row in rows)
    assert sum(len(past.versions) for past in pasts.values()) == 2
    for key in (PERSON, "01410112345"):
        run(store, "erase", key, "--reason", "asked for it")
    with reading(engine) as connection:
        assert [bytes(raw) for (raw,) in connection.execute(select(source_records.c.raw))] == [
            b""
        ] * 2
        kept = connection.execute(select(source_versions.c.stored)).all()
        assert [bytes(stored) for (stored,) in kept] == [b""] * 2
    again = told(run(store, "append", "--from", "komet", lines, "--json"))
    assert (again["duplicates"], again["position"]) == (2, 1)
    engine.dispose()


def test_of_someone_erased_what_was_said_before_stays_out_beside_what_is_new(
    store: str, tmp_path: Path, run: Run
) -> None:
    old, new = snapshot("2024-02-01T09:00:00"), snapshot("2024-03-01T09:00:00", "2024-02-28")
    run(store, "append", "--from", "komet", write(tmp_path, "1.jsonl", old))
    run(store, "erase", PERSON, "--reason", "asked for it")
    other = {**old, "id": "d2", "personIdent": "01410112345"}
    again = told(
        run(
            store, "append", "--from", "komet", write(tmp_path, "2.jsonl", old, new, other),
            "--json",
        )
    )  # fmt: skip
    assert (again["records"], again["duplicates"], again["appended"]) == (3, 1, 3)


def test_a_rejected_record_is_erased_with_the_person_whom_it_names(
    sqlite: str, tmp_path: Path, run: Run
) -> None:
    bad = write(tmp_path, "bad.jsonl", {"id": "d7", "personIdent": PERSON})
    run(sqlite, "append", "--from", "komet", bad, code=3)
    run(sqlite, "erase", PERSON, "--reason", "asked for it")
    engine = open_engine(sqlite, make=False)
    with reading(engine) as connection:
        [slip] = connection.execute(select(quarantine)).all()
    assert (slip.status, bytes(slip.raw), bytes(slip.cells)) == ("erased", b"", b"")


def test_the_worked_mapping_is_checked_and_appended_by_its_name(sqlite: str, run: Run) -> None:
    listed = SAMPLES / "mapping" / "municipal_measures.csv"
    arguments = ["mapping", "check", "municipal_measures", str(listed)]
    checked = CliRunner().invoke(app, arguments)
    assert checked.exit_code == 3  # one row has a date that is none
    assert "line 2\n  2024-01-02 referred" in checked.output
    rows = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).stdout)
    assert [len(row["events"]) for row in rows] == [4, 3, 0, 4, 2, 0]
    assert rows[5]["problems"] and not rows[0]["problems"]
    found = told(
        run(sqlite, "append", "--mapping", "municipal_measures", listed, "--json", code=None)
    )
    assert (found["appended"], found["records"], found["rejected"]) == (13, 6, 1)
    again = told(
        run(sqlite, "append", "--mapping", "municipal_measures", listed, "--json", code=None)
    )
    assert (again["appended"], again["duplicates"], again["rejected"]) == (0, 5, 1)


def test_a_row_that_cannot_be_read_any_more_does_not_annul_what_it_said(
    sqlite: str, run: Run, tmp_path: Path
) -> None:
    listed, changed = SAMPLES / "mapping" / "municipal_measures.csv", tmp_path / "changed.csv"
    changed.write_bytes(listed.read_bytes().replace(b"05.02.2024", b"2024?").replace(
        b"08.01.2024", b""))  # fmt: skip
    arguments = ["append", "--mapping", "municipal_measures"]
    run(sqlite, *arguments, listed, code=3)
    before = run(sqlite, "series", "--of", "measure", "--from", "2024-01-01", "--to", "2024-12-31")
    found = told(run(sqlite, *arguments, changed, "--json", code=3))
    assert (found["appended"], found["rejected"]) == (0, 2)
    assert "2024-002" in run(sqlite, "quarantine", "list").output
    after = run(sqlite, "series", "--of", "measure", "--from", "2024-01-01", "--to", "2024-12-31")
    assert after.stdout.splitlines()[:-1] == before.stdout.splitlines()[:-1]  # without the source


@settings(max_examples=5, deadline=None)
@given(order=st.permutations(range(4)), split=st.integers(1, 4))
def test_files_in_any_order_end_in_the_same_figures_at_every_knowledge_time(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], split: int
) -> None:
    told = [
        snapshot("2024-02-01T09:00:00"),
        snapshot("2024-03-01T09:00:00", "2024-04-30"),
        {**snapshot("2024-04-01T09:00:00"), "status": {"type": "FEILREGISTRERT"}},
        snapshot("2024-06-01T09:00:00", "2024-05-31"),
    ]
    found = []
    for given_order in (list(range(4)), order):
        folder = tmp_path_factory.mktemp("order")
        store = f"sqlite:///{folder / 'a.db'}"
        for start in range(0, 4, split):
            part = write(folder, f"{start}.jsonl", *(told[i] for i in given_order[start:][:split]))
            invoked = CliRunner().invoke(
                app, ["append", "--from", "komet", str(part), "--store", store]
            )
            assert invoked.exit_code == 0, invoked.output
        figures = []
        for known_at in ("2024-02-15", "2024-03-15", "2024-04-15", "2024-07-01"):
            asked = ["stock", "--of", "measure", "--from", "2024-02-01", "--to", "2024-06-30"]
            asked += ["--known-at", known_at, "--json", "--engine", "reference", "--store", store]
            figures.append(json.loads(CliRunner().invoke(app, asked).stdout)["rows"])
        found.append(figures)
    assert found[0] == found[1]
    assert len({str(figure) for figure in found[0]}) == 4


def a_stay_and_its_end(folder: Path) -> tuple[Path, Path]:
    """Two files: a participation that goes on, and the same when it is over."""
    return (
        write(folder, "1.jsonl", snapshot("2024-02-01T09:00:00")),
        write(folder, "2.jsonl", snapshot("2024-06-01T09:00:00", "2024-05-31")),
    )


def forget_the_rules(url: str) -> None:
    """Makes a store as it was before it noted by which rules it was told."""
    engine = open_engine(url, make=False)
    with writing(engine) as connection:
        noted = store_info.c.name.like("telling_rules/%")
        assert connection.execute(delete(store_info).where(noted)).rowcount == 1
    engine.dispose()


def test_what_was_told_by_other_rules_is_refused_and_not_told_twice(
    store: str, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, later = a_stay_and_its_end(tmp_path)
    run(store, "append", "--from", "komet", first)
    with monkeypatch.context() as patched:
        patched.setattr(snapshots, "RULES", snapshots.RULES + 1)
        refused = run(store, "append", "--from", "komet", later, code=1)
        assert "what komet sent" in str(refused.exception)
        assert "hand the files in to a new store" in str(refused.exception)
    assert told(run(store, "append", "--from", "komet", later, "--json"))["position"] == 2


def test_a_store_that_does_not_say_its_rules_is_taken_on_where_its_rows_are_the_same(
    store: str, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, later = a_stay_and_its_end(tmp_path)
    run(store, "append", "--from", "komet", first)
    forget_the_rules(store)
    with monkeypatch.context() as patched:
        patched.setattr(snapshots, "_LONGEST_SLOT", 1)  # other rules: the ids come out otherwise
        refused = run(store, "append", "--from", "komet", later, code=1)
        assert "another version" in str(refused.exception)
    assert told(run(store, "append", "--from", "komet", later, "--json"))["position"] == 2
    forget_the_rules(store)
    again = told(run(store, "append", "--from", "komet", first, later, "--json"))
    assert (again["duplicates"], again["position"]) == (2, 2)
