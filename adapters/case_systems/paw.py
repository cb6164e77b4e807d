"""The job-seeker register (paw-arbeidssoekerregisteret): its internal log, one event a line.

The register's own rules are followed: a period is known by the id of the event that started it; a
start while one runs is ignored, unless it moves the start back; an end names its period. Of two
times, the true one is when it happened, and the event's own is when it was registered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from adapters.case_systems.code_tables import known_fields, shipped
from adapters.case_systems.messages import Cells, Delivery, Messages, State, Version
from adapters.case_systems.programmes import Stay, enrolments, left
from adapters.case_systems.records import Fields, day_of, json_records
from domain.calendar import to_microseconds

SOURCE: Final = "paw"
PROGRAMME: Final = "jobseeker_register"
_SECONDS = 1


def read(content: bytes, delivery: Delivery) -> Messages:  # noqa: ARG001
    """Versions of persons in the register, under the register's own long-lived key of each."""
    messages = Messages()
    for wrapped in json_records(content, messages, exact=True):
        if not isinstance(wrapped.value, Mapping):
            messages.problem("", wrapped.line, "record", None, "not an object with fields")
            continue
        reference = str(wrapped.value.get("hendelseId"))
        _read_event(Fields(wrapped.value, reference, wrapped.line, messages))
    return messages


def tell(versions: Sequence[Version]) -> State:
    """The periods that the events make, and the keys that they join."""
    stays: dict[str, Stay] = {}
    links: dict[str, Cells] = {}
    voided: set[str] = set()
    for says in (version.says for version in versions):
        if says["event"] == "started":
            _start(stays, says)
        elif says["event"] == "ended":
            _end(stays, voided, says)
        else:
            links |= _links(says)
    orphans = [stay for stay in stays.values() if not stay.start]
    begun = [stay for stay in stays.values() if stay.start and stay.reference not in voided]
    state = dict(enrolments(PROGRAMME, begun))
    for stay in orphans:
        if stay.stop is not None and stay.reference not in voided:
            state[f"{stay.reference}/exit"] = left(PROGRAMME, stay, stay.stop)
    return {**state, **links}


def _start(stays: dict[str, Stay], says: Mapping[str, Any]) -> None:
    running = next((s for s in stays.values() if s.start and s.stop is None), None)
    if running is None:
        stays[says["id"]] = Stay(says["id"], says["participant"], says["on"])
    elif says["deviation"] == "corrected" and says["on"] < running.start:
        stays[running.reference] = replace(running, start=says["on"])


def _end(stays: dict[str, Stay], voided: set[str], says: Mapping[str, Any]) -> None:
    """An end of a period that never began in what we hold is kept: its start may be on its way."""
    period = says["period"]
    stay = stays.get(period)
    if says["deviation"] == "void":
        voided.add(period)
    if stay is None:
        if not stays:
            stays[period] = Stay(period, says["participant"], "", says["on"], says["destination"])
    elif stay.stop is None or says["deviation"] == "corrected":
        stays[period] = replace(
            stay, stop=max(says["on"], stay.start), destination=says["destination"]
        )


def _links(says: Mapping[str, Any]) -> State:
    return {
        f"{says['id']}/linked/{index}": {
            "participant": says["participant"],
            "type": "linked",
            "occurred_on": says["on"],
            "same_as": other,
        }
        for index, other in enumerate(says["same_as"])
    }


def _read_event(fields: Fields) -> None:
    fields.expect(known_fields(SOURCE))
    messages, metadata = fields.messages, fields.child("metadata")
    kind, at = fields.text("hendelseType"), metadata.instant("tidspunkt", unit=_SECONDS)
    if at is None:
        metadata.refuse("tidspunkt")
        return
    event = shipped(SOURCE).find("event", kind, at.date())
    if event is None:
        messages.warn("hendelseType", kind, "a kind of event that is not known; nothing follows")
    if event is None or event == "nothing":
        messages.passed_by += 1
        return
    identity, person = fields.text("hendelseId"), fields.text("identitetsnummer")
    key, period = fields.text("id"), fields.text("periodeId")
    needed = {"hendelseId": identity, "identitetsnummer": person, "id": key}
    for name, found in (needed | ({"periodeId": period} if event == "ended" else {})).items():
        if found is None:
            fields.refuse(name)
            return
    says: dict[str, Any] = {"event": event, "id": identity, "participant": person, "on": day_of(at)}
    if event in {"started", "ended"}:
        says |= _when(fields, metadata, at) | {"period": period or identity}
    else:
        says |= {"event": "merged", "same_as": _others(fields, str(person))}
    messages.versions.append(
        Version(SOURCE, str(key), (to_microseconds(at),), at, says, line=fields.line)
    )


def _when(fields: Fields, metadata: Fields, at: datetime) -> dict[str, Any]:
    """The day it happened, how that differs from when it was registered, and what an end means."""
    codes, on, messages = shipped(SOURCE), at.date(), fields.messages
    told = metadata.child("tidspunktFraKilde")
    code = told.text("avviksType")
    deviation = codes.translate("deviation", code, on, messages)
    true_at = told.instant("tidspunkt", unit=_SECONDS)
    moved = deviation in {"delayed", "corrected"} and true_at is not None
    reason = fields.child("aarsaksInformasjon").text("aarsak") or fields.child(
        "avsluttetAarsak"
    ).text("type")
    means = codes.translate("end", reason, on, messages)
    return {
        "on": day_of(true_at if moved and true_at is not None else at),
        "deviation": "void" if means == "void" else deviation,
        "destination": "unknown" if means == "void" else means,
    }


def _others(fields: Fields, person: str) -> list[str]:
    """The other keys of the person: those listed, and those of the key that was taken in."""
    listed = fields.texts("alleIdentitetsnummer") + fields.child("kilde").texts("identitetsnummer")
    return sorted({*listed} - {person})
