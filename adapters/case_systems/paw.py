"""The job-seeker register (paw-arbeidssoekerregisteret): its internal log, one event a line.

The register's own rules are followed: a period is known by the id of the event that started it; a
start while one runs is ignored, unless it moves the start back; an end names its period. Of two
times, the true one is when it happened, and the event's own is when it was registered.

The public periods (Periode in Avro, as JSON) are taken as well, by the number that they name: the
register's own key, which the log has, is not in them, so a store is given the one or the other.
Which numbers are one person's comes from the log, and from the identities' events. A profiling
(Profilering) is an assessment that a machine made, and its event says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from adapters.case_systems.code_tables import known_fields, shipped
from adapters.case_systems.messages import Cells, Delivery, Messages, State, Version
from adapters.case_systems.programmes import Stay, enrolments, left
from adapters.case_systems.records import Fields, Wrapped, day_of, json_records
from domain.calendar import to_microseconds

SOURCE: Final = "paw"
PROGRAMME: Final = "jobseeker_register"
_SECONDS, _MILLISECONDS = 1, 1_000
_BY_MACHINE: Final = "made by a machine: the register's profiling"
_NOBODY: Final = "missing; say whom the file is about: --participant KEY"


def read(content: bytes, delivery: Delivery) -> Messages:
    """Versions of persons in the register, under the register's own long-lived key of each."""
    messages = Messages()
    for wrapped in json_records(content, messages, exact=True):
        value = wrapped.value
        if not isinstance(value, Mapping):
            messages.problem("", wrapped.line, "record", None, "not an object with fields")
            continue
        reference = str(value.get("hendelseId") or value.get("id") or value.get("periodeId"))
        fields = Fields(value, reference, wrapped.line, messages)
        if "startet" in value:
            _read_period(fields, delivery)
        elif "profilertTil" in value:
            _read_profile(fields, delivery)
        elif "hendelseTidspunkt" in value:
            _read_identities(fields, wrapped, delivery)
        else:
            _read_event(fields, wrapped, delivery)
    return messages


def tell(versions: Sequence[Version]) -> State:
    """The periods that the events make, and the keys that they join or part."""
    stays: dict[str, Stay] = {}
    links: dict[str, Cells] = {}
    voided: set[str] = set()
    for says in (version.says for version in versions):
        if says["event"] == "started":
            _start(stays, says)
        elif says["event"] == "ended":
            _end(stays, voided, says)
        elif says["event"] == "period":
            _take_period(stays, voided, says)
        elif says["event"] == "profiled":
            return _profiled(says)
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


def _take_period(stays: dict[str, Stay], voided: set[str], says: Mapping[str, Any]) -> None:
    """A public period is whole: the last word on it holds."""
    stop = None if says["stop"] is None else max(says["stop"], says["on"])
    stays[says["id"]] = Stay(says["id"], says["participant"], says["on"], stop, says["destination"])
    (voided.add if says["void"] else voided.discard)(says["id"])


def _links(says: Mapping[str, Any]) -> State:
    """Each key beside each other one that it is joined with, or parted from."""
    pairs = [(own, other) for own in says["keys"] for other in says["same_as"] if own != other]
    return {
        f"{says['id']}/{says['event']}/{index}": {
            "participant": own,
            "type": says["event"],
            "occurred_on": says["on"],
            "same_as": other,
        }
        for index, (own, other) in enumerate(pairs)
    }


def _order(wrapped: Wrapped, at: datetime) -> tuple[int, ...]:
    """The topic's own order where the message around it tells of it; else by time."""
    return (-1 if wrapped.offset is None else wrapped.offset, to_microseconds(at))


def _read_event(fields: Fields, wrapped: Wrapped, delivery: Delivery) -> None:
    fields.expect(known_fields(SOURCE))
    messages, metadata = fields.messages, fields.child("metadata")
    kind, at = fields.text("hendelseType"), metadata.instant("tidspunkt", unit=_SECONDS)
    if at is None:
        metadata.refuse("tidspunkt")
        return
    event = shipped(SOURCE).find("event", kind, at.date())
    if event is None:
        messages.warn("hendelseType", kind, "a kind of event that is not known; nothing follows")
        messages.keep_unknown(SOURCE, wrapped.raw, kind, delivery.received_at)
        return
    if event == "nothing":
        messages.passed_by += 1
        return
    identity, person = fields.text("hendelseId"), fields.person("identitetsnummer")
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
        says |= {"keys": [person], "same_as": _others(fields, str(person))}
    version = Version(SOURCE, str(key), _order(wrapped, at), at, says, line=fields.line)
    messages.versions.append(version)


def _read_period(fields: Fields, delivery: Delivery) -> None:
    """A period is said of when it starts and, with both, when it ends: so it is two versions."""
    fields.expect(known_fields("paw_period"))
    begun, ended = fields.child("startet"), fields.child("avsluttet")
    identity, person = fields.text("id", "periodeId"), fields.person("identitetsnummer")
    person, at = person or delivery.participant, begun.instant("tidspunkt")
    if person is None:
        fields.refuse("identitetsnummer", None, _NOBODY)
        return
    if identity is None or at is None:
        fields.refuse("id" if identity is None else "startet.tidspunkt")
        return
    start = _when(fields, begun, at, unit=_MILLISECONDS)
    says: dict[str, Any] = {"event": "period", "id": identity, "participant": person}
    says |= {"on": start["on"], "stop": None, "void": False, "destination": "unknown"}
    told = [(at, says)]
    if ended.values:
        ended_at = ended.instant("tidspunkt")
        if ended_at is None:
            ended.refuse("tidspunkt")
            return
        end = _when(fields, ended, ended_at, unit=_MILLISECONDS)
        ends = {"stop": end["on"], "void": end["deviation"] == "void"}
        told.append((ended_at, {**says, **ends, "destination": end["destination"]}))
    for known_at, one in told:
        order = (-1, to_microseconds(known_at))
        version = Version(SOURCE, f"period/{person}", order, known_at, one, line=fields.line)
        fields.messages.versions.append(version)


def _read_profile(fields: Fields, delivery: Delivery) -> None:
    """A profiling names a period, and not a person."""
    fields.expect(known_fields("paw_profile"))
    identity, at = (
        fields.text("profileringId", "id"),
        fields.child("sendtInnAv").instant("tidspunkt"),
    )
    if delivery.participant is None:
        fields.refuse("identitetsnummer", None, _NOBODY)
    elif identity is None or at is None:
        fields.refuse("profileringId" if identity is None else "sendtInnAv.tidspunkt")
    else:
        means, messages = fields.text("profilertTil"), fields.messages
        says = {"event": "profiled", "id": identity, "participant": delivery.participant}
        says |= {"on": day_of(at)}
        says["result"] = shipped(SOURCE).translate("profile", means, at.date(), messages)
        order, subject = (to_microseconds(at),), f"profile/{identity}"
        messages.versions.append(Version(SOURCE, subject, order, at, says, line=fields.line))


def _profiled(says: Mapping[str, Any]) -> State:
    cells = {"participant": says["participant"], "type": "assessed", "occurred_on": says["on"]}
    more = {"kind": "unknown", "result": says["result"], "note": _BY_MACHINE}
    return {f"{says['id']}/assessed": {**cells, **more}}


def _read_identities(fields: Fields, wrapped: Wrapped, delivery: Delivery) -> None:
    """Which numbers are one person's: each change is by itself, and what is said last holds."""
    fields.expect(known_fields("paw_identities"))
    kind, at = fields.text("hendelseType"), fields.instant("hendelseTidspunkt")
    identity = fields.text("hendelseId")
    if at is None or identity is None:
        fields.refuse("hendelseTidspunkt" if at is None else "hendelseId")
        return
    event = shipped(SOURCE).find("identities", kind, at.date())
    if event is None:
        why = "a kind of event that is not known; nothing follows"
        fields.messages.warn("hendelseType", kind, why)
        fields.messages.keep_unknown(SOURCE, wrapped.raw, kind, delivery.received_at)
        return
    own, before = _numbers(fields, "identiteter"), _numbers(fields, "tidligereIdentiteter")
    everyone = list(dict.fromkeys([*own, *before]))
    keys = own[:1] if event == "linked" else own
    others = [key for key in everyone if key not in keys]
    if event == "nothing" or not keys or not others:
        fields.messages.passed_by += 1
        return
    says = {"event": event, "id": identity, "keys": keys, "same_as": others, "on": day_of(at)}
    subject = f"identities/{identity}"
    version = Version(SOURCE, subject, (to_microseconds(at),), at, says, line=fields.line)
    fields.messages.versions.append(version)


def _numbers(fields: Fields, name: str) -> list[str]:
    """The keys of persons in a list of identities, the one that holds first; the register's own
    key is none."""
    listed = fields.children(name)
    listed.sort(key=lambda each: not each.flag("gjeldende"))
    return [
        key
        for each in listed
        if each.text("type") != "ARBEIDSSOEKERID" and (key := each.person("identitet")) is not None
    ]


def _when(fields: Fields, metadata: Fields, at: datetime, unit: int = _SECONDS) -> dict[str, Any]:
    """The day it happened, how that differs from when it was registered, and what an end means."""
    codes, on, messages = shipped(SOURCE), at.date(), fields.messages
    told = metadata.child("tidspunktFraKilde")
    code = told.text("avviksType")
    deviation = codes.translate("deviation", code, on, messages)
    true_at = told.instant("tidspunkt", unit=unit)
    moved = deviation in {"delayed", "corrected"} and true_at is not None
    reason = (
        fields.child("aarsaksInformasjon").text("aarsak")
        or fields.child("avsluttetAarsak").text("type")
        or fields.child("avslutningsInfo").child("aarsaksinformasjon").text("type")
    )
    means = codes.translate("end", reason, on, messages)
    return {
        "on": day_of(true_at if moved and true_at is not None else at),
        "deviation": "void" if means == "void" else deviation,
        "destination": "unknown" if means == "void" else means,
    }


def _others(fields: Fields, person: str) -> list[str]:
    """The other keys of the person: those listed, and those of the key that was taken in."""
    taken_in = fields.child("kilde").texts("identitetsnummer")
    listed = fields.texts("flyttedeIdentitetsnumre") + taken_in
    return sorted({*listed} - {person})
