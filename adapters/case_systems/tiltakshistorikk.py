"""Tiltakshistorikk (mulighetsrommet): a person's stays, as Arena, Komet and Team Tiltak hold them.

An answer is a snapshot of each stay in it, and says nothing of when it became known: that is the
time of receipt. What an answer leaves out is not taken as annulled, for answers can be partial, and
then say so in `meldinger`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from adapters.case_systems.code_tables import known_fields, shipped
from adapters.case_systems.messages import Delivery, Messages, State, Version
from adapters.case_systems.participation import Participation, as_day, check_days
from adapters.case_systems.records import Fields, json_records
from domain.calendar import to_microseconds

SOURCE: Final = "tiltakshistorikk"
_ANSWER: Final = frozenset({"historikk", "meldinger"})


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of stay says what it says: the tables of its codes, and the lists in them."""

    measures: str
    codes: str
    status: str
    stop_status: str
    percent: str


_KINDS: Final[Mapping[str, Kind]] = {
    "ArenaDeltakelse": Kind("arena", SOURCE, "arena_status", "arena_stop_status", "deltidsprosent"),
    "TeamKometDeltakelse": Kind(
        "measure_types", "komet", "status", "stop_status", "deltidsprosent"
    ),
    "TeamTiltakAvtale": Kind(
        "measure_types", SOURCE, "agreement_status", "agreement_stop_status", "stillingsprosent"
    ),
}


def read(content: bytes, delivery: Delivery) -> Messages:
    """Versions of stays, from one answer or many."""
    messages = Messages()
    for wrapped in json_records(content, messages):
        answer = wrapped.value
        if not isinstance(answer, Mapping) or not isinstance(answer.get("historikk"), list):
            messages.problem("", wrapped.line, "historikk", None, "missing; not an answer")
            continue
        fields = Fields(answer, "", wrapped.line, messages)
        fields.expect(_ANSWER)
        for told in fields.texts("meldinger"):
            known = shipped(SOURCE).find("message", told, delivery.received_at.date())
            why = "the answer is partial" if known else "a message that is not known"
            messages.warn("meldinger", told, why)
        for stay in fields.children("historikk"):
            reference = str(stay.values.get("id") or "")
            told_of = Fields(stay.values, reference, wrapped.line, messages)
            _read_stay(told_of, delivery, json.dumps(stay.values, default=str).encode())
    return messages


def tell(versions: Sequence[Version]) -> State:
    """The latest snapshot of the stay."""
    return Participation(**versions[-1].says["is"]).state(versions[-1].subject)


def _read_stay(fields: Fields, delivery: Delivery, raw: bytes) -> None:
    messages = fields.messages
    kind = _KINDS.get(fields.text("type") or "")
    if kind is None:
        name = fields.text("type")
        messages.warn("type", name or "", "not a known kind of stay; kept, and nothing follows")
        messages.keep_unknown(SOURCE, raw, name, delivery.received_at)
        return
    fields.expect(known_fields(SOURCE))
    identity, person = fields.text("id"), fields.person("norskIdent")
    if identity is None or person is None:
        fields.refuse("id" if identity is None else "norskIdent")
        return
    told = _participation(fields, person, kind, delivery.received_at.date())
    at = delivery.received_at
    messages.versions.append(
        Version(
            SOURCE,
            identity,
            (to_microseconds(at),),
            at,
            {"is": told.as_json()},
            dated=False,
            claims=(told.claim(identity),),
            line=fields.line,
        )
    )


def _participation(fields: Fields, person: str, kind: Kind, on: date) -> Participation:
    messages, codes = fields.messages, shipped(kind.codes)
    status, reason_code = _status(fields)
    standing = codes.find(kind.status, status, on)
    if standing is None:
        messages.warn("status", status, "a status that is not known; the dates are believed")
    reason = codes.translate("reason", reason_code, on, messages)
    if reason == "unknown":
        reason = codes.find(kind.stop_status, status, on) or reason
    measure = fields.child("tiltakstype").text("tiltakskode")
    start = fields.day("startDato")
    told = Participation(
        participant=person,
        measure=shipped(kind.measures).translate("measure", measure, on, messages),
        provider=fields.child("arrangor").child("underenhet").text("organisasjonsnummer")
        or fields.child("arbeidsgiver").text("organisasjonsnummer"),
        standing=standing,
        status=status or "",
        start=as_day(start),
        last_day=as_day(check_days(fields, start, fields.day("sluttDato"))),
        reason=reason,
    )
    if told.start is not None:
        amount = fields.number(7, "dagerPerUke"), fields.number(100, kind.percent)
        told.intensity = {told.start: amount}
    return told


def _status(fields: Fields) -> tuple[str | None, str | None]:
    """Komet's status is an object with a reason, the others' a bare code."""
    if not isinstance(fields.values.get("status"), Mapping):
        return fields.text("status"), None
    status = fields.child("status")
    if isinstance(status.values.get("aarsak"), Mapping):
        return status.text("type"), status.child("aarsak").text("type")
    return status.text("type"), status.text("aarsak")
