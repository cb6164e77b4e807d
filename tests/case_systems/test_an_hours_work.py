"""A case system that is made up, whole: what one has to write to add one (DEVELOPERS.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import orjson

from adapters.case_systems.code_tables import read_table
from adapters.case_systems.messages import Delivery, Messages, State, Version
from adapters.case_systems.participation import Participation, as_day, check_days
from adapters.case_systems.records import Fields, json_records
from domain.calendar import as_instant, to_microseconds
from tests.case_systems.deliveries import RECEIVED
from tests.case_systems.telling import Store, stays

SOURCE = "fasit"
# These two would be data/fasit.csv (`shipped`) and a list in data/fields.toml (`known_fields`).
CODES = read_table(
    """\
list,code,means,valid_from,valid_to,note
measure,KURS,training_amo,,,Kurs
status,PLANLAGT,waiting,,,
status,I_GANG,under_way,,,
status,SLUTT,stopped,,,
status,FEIL,void,,,
""".splitlines()
)
FIELDS = frozenset({"sak", "fnr", "endret", "tiltak", "fra", "til", "status"})


def read(content: bytes, delivery: Delivery) -> Messages:
    """Versions of stays; each record is a whole snapshot of one."""
    messages = Messages()
    for wrapped in json_records(content, messages):
        value = wrapped.value
        if not isinstance(value, Mapping):
            messages.problem("", wrapped.line, "record", None, "not an object with fields")
        elif "sak" not in value:
            messages.warn("record", "", "not a known kind of record; kept, and nothing follows")
            messages.keep_unknown(SOURCE, wrapped.raw, None, delivery.received_at)
        else:
            _read_stay(Fields(value, str(value["sak"]), wrapped.line, messages))
    return messages


def _read_stay(fields: Fields) -> None:
    fields.expect(FIELDS)
    case, person, at = fields.text("sak"), fields.person("fnr"), fields.instant("endret")
    if case is None or person is None or at is None:
        fields.refuse("sak" if case is None else "fnr" if person is None else "endret")
        return
    on, start, status = at.date(), fields.day("fra"), fields.text("status")
    told = Participation(
        participant=person,
        measure=CODES.translate("measure", fields.text("tiltak"), on, fields.messages),
        standing=CODES.find("status", status, on),
        status=status or "",
        start=as_day(start),
        last_day=as_day(check_days(fields, start, fields.day("til"))),
    )
    says, order = {"is": told.as_json()}, (to_microseconds(at),)
    version = Version(SOURCE, case, order, at, says, claims=(told.claim(case),), line=fields.line)
    fields.messages.versions.append(version)


def tell(versions: Sequence[Version]) -> State:
    """The last snapshot."""
    return Participation(**versions[-1].says["is"]).state(versions[-1].subject)


def sent(at: str, status: str, last_day: str | None = None, **more: Any) -> bytes:
    told = {"sak": "F1", "fnr": "12839010182", "endret": at, "tiltak": "KURS"}
    return orjson.dumps({**told, "fra": "2024-01-10", "til": last_day, "status": status, **more})


def after(*records: bytes) -> tuple[Store, Messages]:
    messages, store = read(b"\n".join(records), Delivery(RECEIVED)), Store(tell)
    store.hear(messages)
    return store, messages


def test_it_starts_stops_is_annulled_and_restored() -> None:
    begun, ended = sent("2024-01-11", "I_GANG"), sent("2024-02-11", "SLUTT", "2024-02-09")
    wrong, again = sent("2024-03-01", "FEIL"), sent("2024-03-02", "SLUTT", "2024-02-09")
    begun, ended, wrong, again = (
        line.replace(b'","tiltak', b'T10:00:00","tiltak') for line in (begun, ended, wrong, again)
    )
    store, messages = after(again, begun, wrong, ended, begun)
    whole = [("training_amo", date(2024, 1, 10), date(2024, 2, 10))]
    running = [("training_amo", date(2024, 1, 10), None)]
    found = [
        stays(store.journey("12839010182", as_instant(datetime(2024, month, day, 12))))
        for month, day in ((1, 11), (2, 11), (3, 1), (3, 2))
    ]
    assert found == [running, whole, [], whole]
    assert (store.waiting, store.duplicates, messages.problems) == ([], 1, [])


def test_what_is_wrong_or_unknown_never_stops_it() -> None:
    at = "2024-01-11T10:00:00"
    records = [sent(at, "NY", nytt=1), sent(at, "I_GANG", fnr=""), b'{"noe": 1}', b"[1"]
    store, messages = after(*records)
    assert stays(store.journey("12839010182")) == [("training_amo", date(2024, 1, 10), None)]
    assert [(p.line, p.column) for p in messages.problems] == [(2, "fnr"), (4, "record")]
    assert [w.column for w in messages.warnings] == ["nytt", "record"]
