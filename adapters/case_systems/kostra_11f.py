"""KOSTRA 11F: financial social assistance, one record a person and year.

Support is told by month, so a spell begins on the first of a month and stops on the first of the
month after its last. What comes after December is not known before the next year's file: the spell
stops there until that file carries it on. A sanction is told of the year, without a date, and is
given the year from end to end (the note says so); from 2025 it may be for breach of § 20 as well as
of § 20 a, a break in the series.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any, Final

from adapters.case_systems.code_tables import shipped
from adapters.case_systems.kostra import Record, records, registered, subject_of
from adapters.case_systems.messages import Cells, Delivery, Messages, State, Version
from domain.calendar import to_microseconds

SOURCE: Final = "kostra_11f"
_SANCTIONS: Final = ("SANKSJONRED", "SANKSJONANDRE")
_NOTE: Final = "told of the whole year, without a date"


def read(content: bytes, delivery: Delivery) -> Messages:
    """Versions of persons with social assistance in one municipality."""
    messages = Messages()
    for record in records(content, "11f", messages):
        version = _version(record, delivery)
        if version is not None:
            messages.versions.append(version)
    return messages


def _version(record: Record, delivery: Delivery) -> Version | None:
    whose = record.person()
    if whose is None:
        return None
    participant, number = whose
    codes, at, on = shipped(SOURCE), delivery.received_at, date(record.year, 12, 31)
    months = record.months()
    first = date(record.year, months[0] if months else 1, 1)
    sex = codes.find("sex", record.text("KJONN"), on)
    ticked = {name: record.text(name) for name in _SANCTIONS}
    says: dict[str, Any] = {
        "year": record.year,
        "participant": participant,
        "months": months,
        "role": codes.translate("role", record.text("VKLO"), on, record.messages),
        "sanctions": [
            codes.translate("sanction", name, on, record.messages)
            for name, code in ticked.items()
            if code is not None and code.strip("0")
        ],
        "registered": registered(record, participant, number, first, sex),
    }
    if says["role"] == "unknown":
        # The contract has no unknown role: what is not known to be the main income adds to it.
        says["role"] = "supplementary"
    if not months:
        record.wrong("STMND_1", None, "no month with support; there is no spell")
    order = (record.year, to_microseconds(at))
    subject = subject_of(record, participant)
    return Version(SOURCE, subject, order, at, says, dated=False, line=record.line, private=True)


def tell(versions: Sequence[Version]) -> State:
    """The latest record of each year, their months put together."""
    years: dict[int, Mapping[str, Any]] = {v.says["year"]: v.says for v in versions}
    state: dict[str, Cells] = {}
    months: list[tuple[str, int, str]] = []
    for year, says in years.items():
        state[f"{year}/registered"] = says["registered"]
        months += [(says["participant"], year * 12 + m - 1, says["role"]) for m in says["months"]]
        for sanction in says["sanctions"]:
            state[f"{year}/{sanction}"] = {
                "participant": says["participant"],
                "type": "sanctioned",
                "occurred_on": f"{year}-01-01",
                "until": f"{year + 1}-01-01",
                "sanction": sanction,
                "reason": "condition_not_met",
                "note": _NOTE,
            }
    for first, last in _runs(months):
        state |= _spell(first, last)
    return state


def _runs(
    months: Sequence[tuple[str, int, str]],
) -> Iterator[tuple[tuple[str, int, str], tuple[str, int, str]]]:
    """First and last month of each stretch without a gap, under one key and in one role."""
    begun = 0
    for index, (this, following) in enumerate(pairwise([*months, None])):
        if this is None:
            return
        if following is None or following != (this[0], this[1] + 1, this[2]):
            yield months[begun], this
            begun = index + 1


def _spell(first: tuple[str, int, str], last: tuple[str, int, str]) -> State:
    start, stop = _first_of(first[1]), _first_of(last[1] + 1)
    cells = {"participant": first[0], "benefit": "social_assistance", "role": first[2]}
    return {
        f"{start}/benefit": {**cells, "type": "benefit_started", "occurred_on": start},
        f"{start}/stopped": {**cells, "type": "benefit_stopped", "occurred_on": stop},
    }


def _first_of(month: int) -> str:
    return date(month // 12, month % 12 + 1, 1).isoformat()
