"""A published output, asked again: the same bytes whatever is appended later, or what differs."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from adapters.answers import Asked, answer
from adapters.database import open_engine
from adapters.disclosing import Control, Results, controlled
from adapters.errors import WrongUseError
from adapters.estimating import again as estimate
from adapters.explaining import explain
from adapters.ingest import Delivering, current_time
from adapters.many_answers import Answers
from adapters.provenance import form_of, provenance_of
from adapters.readers.rows import RawRow
from adapters.reports.catalogue import shipped
from adapters.reports.counting import Guard
from adapters.reports.running import run
from adapters.rerun import profile_of, rerun
from adapters.revising import diff, grow
from adapters.tables import html, json, parquet, xlsx
from adapters.tables.wording import Labels
from domain.calendar import ONE_DAY, Length, Period
from domain.codes import Language
from domain.record import to_row
from projections.disclosure import Rule
from projections.explaining.aim import ROW_LABELS
from projections.question import Question
from tests.prove.histories import FIGURES, FIRST, PROFILE, Log, key, logs, questions

ROWS = [
    {"event_id": "1", "type": "enrolled", "occurred_on": "2003-06-02", "programme": "tiltaksplan"},
    {"event_id": "2", "type": "registered", "occurred_on": "2003-06-02", "sex": "male"},
    {
        "event_id": "3",
        "type": "exited",
        "occurred_on": "2003-09-30",
        "programme": "tiltaksplan",
        "destination": "work",
    },
]
_WHOSE = {"source": "src", "participant": "A", "recorded_at": "2003-10-01T12:00:00Z"}
STOCK = Asked("stock", at=FIRST.replace(month=7), by=("sex",))


@contextmanager
def fresh_store() -> Iterator[Engine]:
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{folder}/log.db", make=True)
        yield engine
        engine.dispose()


def append(engine: Engine, rows: list[dict[str, str]]) -> int:
    """Appends rows; gives how many became events."""
    raw = (RawRow(line, orjson.dumps(row), dict(row)) for line, row in enumerate(rows, start=1))
    delivering = Delivering(engine, PROFILE, "rows", "", current_time)
    return delivering.append(raw).counts.appended


def small_store(engine: Engine, sex: str = "male") -> None:
    rows = [{**_WHOSE, **row} for row in ROWS]
    assert append(engine, [row | ({"sex": sex} if "sex" in row else {}) for row in rows]) == 3


def as_rows(log: Log) -> list[dict[str, str]]:
    """A log as rows to be appended: the key of a participant is `P` and the number."""
    names = {key(number).hex(): f"P{number}" for number in range(len(log))}
    facts = [(fact, f"P{who}") for who, history in enumerate(log) for fact in history]
    rows = [to_row(who, fact.event) for fact, who in sorted(facts, key=lambda one: one[0].position)]
    return [row | {n: names[row[n]] for n in ("same_as",) if n in row} for row in rows]


def as_asked(question: Question) -> Asked:
    given: dict[str, Any] = {name: getattr(question, name) for name in Asked.__dataclass_fields__}
    return Asked(**given | {"position": None})


def published(engine: Engine, asked: Asked) -> list[bytes]:
    """One question, as every command that answers it prints it."""
    later = replace(asked, known_at=asked.known_at + 90 * ONE_DAY if asked.known_at else None)
    figure = answer(engine, PROFILE, asked)
    found = [
        figure.as_json(),
        explain(engine, PROFILE, asked, {}).as_json(),
        explain(engine, PROFILE, asked, {}, limit=None).as_json(),
        explain(engine, PROFILE, asked, {}, participant="P0").as_json(),
    ]
    hidden, rounded = Control(Rule(threshold=3)), Control(Rule(), base=3)
    for control in (hidden, rounded):
        (less,) = controlled([figure.as_mapping()], control, PROFILE)
        found.append(json.write(less, {}, "en"))
    labels = ROW_LABELS.get(asked.figure, ())
    plain = replace(asked, by=tuple(name for name in asked.by if name not in labels))
    later = replace(later, by=plain.by)
    found.append(diff(engine, PROFILE, plain, later).as_json())
    if asked.figure in ("flow", "exits", "capacity", "duty") and asked.period is not None:
        last = replace(asked, known_at=None, at=None)
        found.append(grow(engine, PROFILE, last, "year").as_json())
    return found


@pytest.mark.parametrize("figure", FIGURES)
@settings(max_examples=3, deadline=None)
@given(data=st.data(), log=logs(most_persons=2))
def test_the_same_bytes_whatever_is_appended_later(
    figure: str, data: st.DataObject, log: Log
) -> None:
    rows = as_rows(log)
    part = data.draw(st.integers(1, len(rows))) if rows else 0
    asked = as_asked(data.draw(questions(figure)))
    with fresh_store() as engine:
        append(engine, [{**one, "participant": "P0"} for one in rows[:1]])
        append(engine, rows[1:part])
        outputs = published(engine, asked)
        append(engine, rows[part:])
        append(engine, [{"source": "src", "participant": "Q", **row} for row in ROWS])
        for output in outputs:
            found = rerun(engine, PROFILE, output)
            assert (found.verdict, found.says) == ("same", [])
            assert found.made == output


ESTIMATES = {
    "nowcast": Asked("flow", period=Period.closed(FIRST, FIRST.replace(month=4, day=30))),
    "expected_final": Asked("exits", at=FIRST.replace(month=10), by=("programme",)),
    "competing_risks": Asked("dwell", at=FIRST.replace(month=10)),
}


def _enrolled_each_month() -> Iterator[dict[str, str]]:
    """Two a month, of whom one is registered in the month after."""
    for month in range(1, 5):
        for late in (0, 1):
            yield {
                "source": "src",
                "event_id": f"{month} {late}",
                "participant": f"{month} {late}",
                "type": "enrolled",
                "occurred_on": f"2003-0{month}-10",
                "recorded_at": f"2003-0{month + late}-12T12:00:00Z",
                "programme": "kvp",
            }


@pytest.mark.parametrize("name", ESTIMATES)
def test_an_estimate_is_made_again_after_later_appends(name: str) -> None:
    with fresh_store() as engine:
        append(engine, list(_enrolled_each_month()))
        small_store(engine)
        asked = replace(ESTIMATES[name], known_at=datetime(2003, 11, 1, tzinfo=UTC))
        answers = Answers(engine, PROFILE, answer(engine, PROFILE, STOCK).meta["position"])
        found = estimate(answers, name, asked, "inflow")
        output = json.write(found, {}, "en")
        append(engine, [{"source": "src", "participant": "Q", **row} for row in ROWS])
        again = rerun(engine, PROFILE, output)
    assert (again.verdict, again.says, again.made) == ("same", [], output)


REPORT = "aetat-4"


def report_on(engine: Engine, guard: Guard | None = None) -> bytes:
    (ran,) = run([shipped()[REPORT]], Answers(engine, PROFILE), PROFILE, "nb", guard).reports
    return json.write(ran.result, {}, "en")


@pytest.mark.parametrize("threshold", [None, 3])
def test_a_report_is_made_again_after_later_appends(threshold: int | None) -> None:
    def hide(results: Results) -> Results:
        return controlled(results, Control(Rule(threshold or 2)), PROFILE)

    with fresh_store() as engine:
        small_store(engine)
        output = report_on(engine, hide if threshold else None)
        append(engine, [{"source": "src", "participant": "Q", **row} for row in ROWS])
        again = rerun(engine, PROFILE, output)
        other = replace(shipped()[REPORT], text="another")
        edited = rerun(engine, PROFILE, output, reports={REPORT: other})
    assert (again.verdict, again.says, again.made) == ("same", [], output)
    assert edited.says[0] == f"the report {REPORT} is another one than when it was published"


def test_a_parquet_file_is_made_again_and_one_of_other_numbers_differs() -> None:
    with fresh_store() as engine:
        small_store(engine)
        found = answer(engine, PROFILE, STOCK).as_mapping()
        output = parquet.write(found, {}, "en")
        append(engine, [{"source": "src", "participant": "Q", **row} for row in ROWS])
        again = rerun(engine, PROFILE, output)
        wrong = {**found, "rows": [{**row, "persons": 7} for row in found["rows"]]}
        differs = rerun(engine, PROFILE, parquet.write(wrong, {}, "en"))
    assert (again.verdict, again.says, again.made) == ("same", [], output)
    assert (differs.verdict, bool(differs.says)) == ("differs", True)


@pytest.mark.parametrize("language", ["nb", "en"])
@pytest.mark.parametrize("write", [html.write, xlsx.write], ids=["html", "xlsx"])
def test_a_page_and_a_workbook_are_made_again_from_their_provenance(
    write: Callable[[Any, Labels, Language], bytes], language: Language
) -> None:
    days = (FIRST, FIRST.replace(month=12))
    with fresh_store() as engine:
        small_store(engine)
        for asked in (
            replace(STOCK, where={"single_parent": (None, True), "sex": ("male", None)}),
            Asked("stock", at=FIRST.replace(month=7), programme="tiltaksplan"),
            Asked("series", period=Period.closed(*days), every="quarter"),
            Asked("outcomes", at=days[1], targets=(0.5, None), horizons=(Length(1), Length(12))),
        ):
            figure = answer(engine, PROFILE, asked).as_mapping()
            (hidden,) = controlled([figure], Control(Rule(threshold=3)), PROFILE)
            for result in (figure, hidden):
                output = write(result, PROFILE.lists, language)
                again = rerun(engine, PROFILE, output)
                assert (again.verdict, again.says, again.made) == ("same", [], output)
                assert profile_of(output) == PROFILE.name
        wrong = {**figure, "rows": [{**row, "reached": 7} for row in figure["rows"]]}
        differs = rerun(engine, PROFILE, write(wrong, PROFILE.lists, language))
        append(engine, [{**_WHOSE, **ROWS[0], "event_id": "4", "participant": "B"}])
        other = {**PROFILE.lists, "sex": {}}
        elsewhere = rerun(engine, replace(PROFILE, lists=other), output)
    assert differs.verdict == "differs"
    assert differs.says == ["the provenance is the same, what is told or how it is written is not"]
    assert elsewhere.says[0].startswith("the profile default has other rules or codes than")


@pytest.mark.parametrize(
    ("output", "told"),
    [
        (b"<!doctype html>\n<html>", "no page of one figure"),
        (b"<!doctype html><dl></dl><dl></dl>", "no page of one figure"),
        (b"<!doctype html>\xff", "it is not UTF-8"),
        (b"<!doctype html><dl><dt>by</dt><dd>[</dd></dl>", "the provenance is not whole: by"),
        (
            b"<!doctype html><dl><dt>figure</dt><dd>report</dd></dl>",
            "publish it with --format json",
        ),
        (b"<!doctype html><dl><dt>figure</dt><dd>stock</dd></dl>", "definitions: Field required"),
        (b"PK\x03\x04", "no workbook of this program"),
    ],
)
def test_a_page_or_workbook_that_tells_too_little_is_refused(output: bytes, told: str) -> None:
    with fresh_store() as engine, pytest.raises(WrongUseError, match=told):
        rerun(engine, PROFILE, output)


@pytest.mark.parametrize("write", [html.write, xlsx.write], ids=["html", "xlsx"])
def test_a_damaged_page_or_workbook_is_read_or_refused(
    write: Callable[[Any, Labels, Language], bytes],
) -> None:
    meta = {"figure": "stock", "by": ["sex"], "position": 3, "known_at": "2003-12-31T12:00+01:00"}
    whole = write({"meta": meta, "rows": [{"sex": None, "persons": 3}], "total": None}, {}, "nb")

    @settings(max_examples=100, deadline=None)
    @given(at=st.integers(20, len(whole)), length=st.integers(0, 9), new=st.binary(max_size=9))
    def reads_or_refuses(at: int, length: int, new: bytes) -> None:
        damaged = whole[:at] + new + whole[at + length :]
        form = form_of(damaged)
        assert form is not None
        with suppress(WrongUseError):
            assert isinstance(provenance_of(damaged, form).meta, dict)

    reads_or_refuses()


def changed(output: bytes, **meta: Any) -> bytes:
    found = orjson.loads(output)
    found["meta"] |= meta
    return orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def test_a_number_changed_in_the_file_is_named_by_its_path() -> None:
    with fresh_store() as engine:
        small_store(engine)
        output = answer(engine, PROFILE, STOCK).as_json()
        found = rerun(engine, PROFILE, output.replace(b'"persons": 1', b'"persons": 2', 1))
    assert found.verdict == "differs"
    assert found.says == ["rows[0].persons: published 2, now 1"]
    assert found.made == output


def test_the_same_values_in_a_file_written_otherwise_are_said_to_be() -> None:
    with fresh_store() as engine:
        small_store(engine)
        output = answer(engine, PROFILE, STOCK).as_json()
        found = rerun(engine, PROFILE, output.replace(b"\n", b"\r\n"))
    assert found.verdict == "rewritten"
    assert found.says[0].startswith("the same values, but the file was written otherwise")


def test_another_version_of_the_definitions_is_named() -> None:
    with fresh_store() as engine:
        small_store(engine)
        output = answer(engine, PROFILE, STOCK).as_json()
        found = rerun(engine, PROFILE, changed(output, definitions=7))
    assert found.says == [
        "the definitions are version 1; it was published with 7",
        "the numbers come out as published all the same",
    ]


def test_another_profile_is_named() -> None:
    with fresh_store() as engine:
        small_store(engine)
        output = answer(engine, PROFILE, STOCK).as_json()
        other = replace(PROFILE, target_groups=PROFILE.target_groups[:1])
        found = rerun(engine, other, output)
    assert found.verdict == "differs"
    assert (
        found.says[0] == "the profile default has other rules or codes than when it was published"
    )


def test_an_altered_log_is_named_even_where_the_numbers_agree() -> None:
    with fresh_store() as engine:
        small_store(engine)
        output = answer(engine, PROFILE, STOCK).as_json()
        with engine.connect() as connection:
            triggers = connection.execute(
                text("SELECT name FROM sqlite_master WHERE type='trigger'")
            )
            for name in triggers.scalars().all():
                connection.execute(text(f'DROP TRIGGER "{name}"'))
            connection.execute(text("UPDATE events SET hash = zeroblob(32) WHERE id = 3"))
            connection.commit()
        found = rerun(engine, PROFILE, output)
    assert found.says[0].startswith("the log was altered at or before position 3, or is another")
    assert found.says[1] == "the numbers come out as published all the same"


def test_a_rewritten_log_is_named_and_so_is_the_first_number_that_differs() -> None:
    with fresh_store() as engine, fresh_store() as other:
        small_store(engine)
        small_store(other, sex="female")
        found = rerun(other, PROFILE, answer(engine, PROFILE, STOCK).as_json())
    assert found.says[0].startswith("the log was altered at or before position 3")
    assert found.says[1] == 'rows[0].sex: published "male", now "female"'


def test_a_log_cut_off_is_named() -> None:
    with fresh_store() as engine, fresh_store() as other:
        small_store(engine)
        append(other, [{**_WHOSE, **ROWS[0]}])
        found = rerun(other, PROFILE, answer(engine, PROFILE, STOCK).as_json())
    assert found.made is None
    assert found.says == ["the log ends at position 1, before 3: it was cut off, or is another"]


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (b"date,persons\n", "not JSON"),
        (b"[1]", "it has no meta"),
        (b'{"meta": {"figure": "stock"}}', "definitions: Field required"),
        (b'{"meta": {"figure": "stok", "command": "explain"}}', "figure: Input should be"),
    ],
)
def test_what_is_no_output_is_refused(output: bytes, expected: str) -> None:
    with fresh_store() as engine, pytest.raises(WrongUseError, match=expected):
        rerun(engine, PROFILE, output)


def test_a_key_that_might_mean_something_is_refused() -> None:
    with fresh_store() as engine:
        small_store(engine)
        output = changed(answer(engine, PROFILE, STOCK).as_json(), suppressed_below=5)
        with pytest.raises(WrongUseError, match="suppressed_below"):
            rerun(engine, PROFILE, output)


def test_arguments_of_every_kind_come_back(tmp_path: Path) -> None:
    day = FIRST.replace(month=9)
    with fresh_store() as engine:
        small_store(engine)
        for asked in (
            Asked("exits", at=day, window=Length(days=90), where={"sex": ("male", None)}),
            Asked("outcomes", at=day, horizons=(Length(1), Length(12)), targets=(0.5, None)),
            Asked("dwell", at=day, curve=True, of="measure"),
            Asked("stock", at=day, where={"single_parent": (True, None)}, programme="kvp"),
        ):
            output = answer(engine, PROFILE, asked).as_json()
            (tmp_path / "figure.json").write_bytes(output)
            assert rerun(engine, PROFILE, (tmp_path / "figure.json").read_bytes()).made == output
