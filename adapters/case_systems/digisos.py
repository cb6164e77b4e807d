"""Digisos (soknadsosialhjelp-filformat): a municipality's log of one application, sent whole.

The whole list comes again each time; each entry of it is a version, so what came before is a
duplicate. The file does not say whom it is about: the delivery does, or the message around it. A
payment that was stopped may be a sanction: it is told of, and never taken for one, for the file
does not say why it was.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from adapters.case_systems.code_tables import known_fields, shipped
from adapters.case_systems.messages import Cells, Delivery, Messages, State, Version
from adapters.case_systems.records import Fields, day_of, json_records
from domain.calendar import to_microseconds

SOURCE: Final = "digisos"
_AT: Final = "hendelsestidspunkt"


def read(content: bytes, delivery: Delivery) -> Messages:
    """Versions of an application: one for each entry that says something of a journey."""
    messages = Messages()
    for wrapped in json_records(content, messages):
        value = wrapped.value
        if not isinstance(value, Mapping) or not isinstance(value.get("hendelser"), list):
            messages.problem(wrapped.key or "", wrapped.line, "hendelser", None, "missing")
            continue
        person = delivery.participant
        if person is None:
            why = "missing; say whom the file is about: --participant KEY"
            messages.problem(wrapped.key or "", wrapped.line, "participant", None, why)
            continue
        fields = Fields(value, wrapped.key or "", wrapped.line, messages)
        fields.expect(known_fields(SOURCE))
        entries = fields.children("hendelser")
        case = _Case(wrapped.key or _application_of(person, entries), person, not wrapped.key)
        for entry in entries:
            _read_entry(entry, case, delivery)
    return messages


@dataclass(frozen=True, slots=True)
class _Case:
    """One application: its name, whose it is, and whether the name is by whose it is."""

    name: str
    person: str
    private: bool


def _application_of(person: str, entries: Sequence[Fields]) -> str:
    """A file that does not name its application: the person, and when it was first told of."""
    first = [e.values.get(_AT) for e in entries if e.values.get("type") == "soknadsStatus"]
    times = first or [e.values.get(_AT) for e in entries]
    return f"{person}/{min((str(time) for time in times if time), default='')}"


def _read_entry(entry: Fields, case: _Case, delivery: Delivery) -> None:
    entry.expect(known_fields("digisos_entry"))
    messages = entry.messages
    kind, at = entry.text("type"), entry.instant(_AT)
    if at is None:
        entry.refuse(_AT, kind, "missing, in an entry of this type")
        return
    event = shipped(SOURCE).find("event", kind, at.date())
    if event is None:
        messages.warn("hendelser.type", kind, "not a known kind of entry; kept, nothing follows")
        raw = json.dumps([case.name, dict(entry.values)], default=str).encode()
        messages.keep_unknown(SOURCE, raw, kind, delivery.received_at, case.person)
        return
    if event == "payment":
        status = entry.text("status")
        if shipped(SOURCE).find("payment", status, at.date()) == "perhaps_sanction":
            messages.warn("utbetaling.status", status, "perhaps a sanction; see why it was stopped")
    if event in {"nothing", "payment"}:
        messages.passed_by += 1
        return
    says = {"event": event, "participant": case.person, "on": day_of(at)}
    says |= _READ[event](entry, at)
    order = (to_microseconds(at),)
    version = Version(SOURCE, case.name, order, at, says, line=entry.line, private=case.private)
    messages.versions.append(version)


def _application(entry: Fields, at: datetime) -> dict[str, Any]:
    codes, status = shipped(SOURCE), entry.text("status")
    return {"means": codes.translate("application", status, at.date(), entry.messages)}


def _office(entry: Fields, _: datetime) -> dict[str, Any]:
    return {"office": entry.text("navKontor")}


def _case(entry: Fields, at: datetime) -> dict[str, Any]:
    """Whether a case is an application for a programme is told by its title alone."""
    codes, title = shipped(SOURCE), entry.text("tittel")
    return {
        "case": entry.text("referanse"),
        "programme": codes.find("programme_of_title", title, at.date()),
        "means": codes.translate("case", entry.text("status"), at.date(), entry.messages),
    }


def _decision(entry: Fields, at: datetime) -> dict[str, Any]:
    codes, outcome = shipped(SOURCE), entry.text("utfall")
    return {
        "case": entry.text("saksreferanse"),
        "means": codes.translate("outcome", outcome, at.date(), entry.messages),
    }


_READ: Final = {
    "application": _application,
    "office": _office,
    "case": _case,
    "decision": _decision,
}


def tell(versions: Sequence[Version]) -> State:
    """The application, the offices that had it, and the programmes that were granted."""
    state: dict[str, Cells] = {}
    cases: dict[str, Mapping[str, Any]] = {}
    granted: dict[str, Mapping[str, Any]] = {}
    start = "" if versions[0].private else f"{versions[0].subject}/"
    for index, version in enumerate(versions):
        says = version.says
        person = {"participant": says["participant"], "occurred_on": says["on"]}
        if says["event"] == "application":
            state.setdefault(f"{start}referred", {**person, "type": "referred"})
        elif says["event"] == "office" and says["office"] is not None:
            slot = f"{start}office/{version.changed_at.isoformat()}"
            state[slot] = {**person, "type": "registered", "office": says["office"]}
        elif says["event"] == "case":
            cases[says["case"] or str(index)] = says
        elif says["event"] == "decision":
            _decide(granted, says["case"] or str(index), says)
    for case, decision in granted.items():
        told = cases.get(case)
        if told is not None and told["programme"] is not None and told["means"] != "void":
            state[f"{start}{case}/enrolled"] = {
                "participant": decision["participant"],
                "type": "enrolled",
                "occurred_on": decision["on"],
                "programme": told["programme"],
            }
    return state


def _decide(granted: dict[str, Mapping[str, Any]], case: str, says: Mapping[str, Any]) -> None:
    """The last decision of a case holds; what was granted is so from the first that says it."""
    if says["means"] == "granted":
        granted.setdefault(case, says)
    elif says["means"] == "refused":
        granted.pop(case, None)
