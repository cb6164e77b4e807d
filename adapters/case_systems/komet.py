"""Komet (amt-deltaker): deltaker-v1, deltaker-ekstern-v1 and deltaker-hendelse-v1, and what
providers tell (arrangor-melding-v1).

The first two are whole snapshots, the third says what changed; all may be mixed, for one
participation is one subject. The order is `endret`, then arrival. Sources: amt-deltaker's
docs/deltaker-ekstern-v1.md, amt-tiltak's .docs/deltaker-v1.md, amt-lib's Hendelse and HendelseType.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from adapters.case_systems.code_tables import known_fields, shipped
from adapters.case_systems.implementations import subject_of
from adapters.case_systems.komet_providers import assessed, read_message
from adapters.case_systems.messages import (
    ALWAYS,
    ASSESSMENT,
    BESIDE,
    IMPLEMENTATION,
    Delivery,
    Implementation,
    Messages,
    SourceRecord,
    State,
    Version,
)
from adapters.case_systems.participation import Participation, as_day, check_days
from adapters.case_systems.records import Fields, Wrapped, day_of, json_records
from domain.calendar import to_microseconds

SOURCE: Final = "komet"


def read(content: bytes, delivery: Delivery) -> Messages:
    """Versions of participations. An implementation that is not known has an unknown measure."""
    messages = Messages()
    for wrapped in json_records(content, messages):
        value = wrapped.value
        if value is None and wrapped.key is not None:
            messages.versions.append(_tombstone(wrapped, delivery))
        elif not isinstance(value, Mapping):
            messages.problem("", wrapped.line, "record", value, "not an object with fields")
        elif "payload" in value:
            fields = Fields(value, str(value.get("id") or ""), wrapped.line, messages)
            _read_change(fields, delivery, wrapped.raw)
        elif "deltakerId" in value:
            fields = Fields(value, str(value.get("id") or ""), wrapped.line, messages)
            read_message(fields, SOURCE, wrapped.raw, delivery.received_at)
        else:
            _read_snapshot(
                Fields(value, str(value.get("id") or ""), wrapped.line, messages), delivery
            )
    return messages


def tell(versions: Sequence[Version]) -> State:
    """The last snapshot, and what has changed since. A tombstone annuls all before it."""
    told: dict[str, Any] | None = None
    of_it: Mapping[str, Any] = {}
    assessments: dict[str, Mapping[str, Any]] = {}
    for version in versions:
        says = version.says
        if IMPLEMENTATION in says:
            of_it = says[IMPLEMENTATION]
        elif "is" in says:
            told = None if says["is"] is None else {**says["is"], **says[BESIDE]}
        elif ASSESSMENT in says:
            assessments[says[ASSESSMENT]["id"]] = says[ASSESSMENT]
        else:
            told = _changed(told, says["becomes"])
    if told is None:
        return {}
    if of_it and told["measure"] == "unknown":
        told |= of_it
    subject = versions[-1].subject
    state = Participation(**told).state(subject)
    if not assessments or told.get("standing") == "void":
        return state
    found = (assessed(subject, told["participant"], each) for each in assessments.values())
    return {**state, **dict(found)}


def _tombstone(wrapped: Wrapped, delivery: Delivery) -> Version:
    """It has no time of its own: that of the message around it, or of its receipt."""
    at = wrapped.sent_at or delivery.received_at
    order, dated = (to_microseconds(at),), wrapped.sent_at is not None
    return Version(SOURCE, str(wrapped.key), order, at, {"is": None}, dated, line=wrapped.line)


def _read_snapshot(fields: Fields, delivery: Delivery) -> None:
    fields.expect(known_fields("komet"))
    identity, person = fields.text("id"), fields.person("personIdent")
    changed_at = fields.instant("endretTidspunkt", "endretDato")
    for name, found in (("id", identity), ("personIdent", person), ("endret", changed_at)):
        if found is None:
            fields.refuse(name)
            return
    assert identity is not None
    assert person is not None
    assert changed_at is not None
    told = _participation(fields, person, changed_at)
    implementation = fields.text("gjennomforingId")
    known = delivery.implementations.get(implementation or "")
    is_now = told.as_json()
    beside = {name: is_now.pop(name) for name in ("measure", "provider")}
    if known is None:
        why = "an implementation that is not known: measure unknown until it is told of"
        fields.messages.warn("gjennomforingId", implementation, why)
    else:
        beside = _told_of(known, changed_at, fields.messages)
    version = Version(
        SOURCE,
        identity,
        (to_microseconds(changed_at),),
        changed_at,
        {"is": is_now, BESIDE: beside},
        claims=(told.claim(identity),),
        line=fields.line,
        implementation=implementation if known is None else None,
    )
    fields.messages.versions.append(version)


def _participation(fields: Fields, person: str, changed_at: datetime) -> Participation:
    messages, codes, on = fields.messages, shipped(SOURCE), changed_at.date()
    status = fields.child("status")
    code = status.text("type")
    if code is None and isinstance(fields.values.get("status", {}), Mapping):
        status.wrong("type", None, "missing; the dates are believed")
    standing = codes.find("status", code, on)
    if code is not None and standing is None:
        messages.warn("status", code, "a status that is not known; the dates are believed")
    start = fields.day("startDato")
    told_last = fields.day("sluttDato")
    last_day = check_days(fields, start, told_last)
    if standing == "stopped" and start is not None and told_last is None:
        fields.wrong("sluttDato", None, "missing, yet the status says that it has ended")
    referred_at = fields.instant("registrertTidspunkt", "registrertDato")
    return Participation(
        participant=person,
        standing=standing,
        status=code or "",
        referred_on=None if referred_at is None else day_of(referred_at),
        referred_at=None if referred_at is None else referred_at.isoformat(),
        start=as_day(start),
        last_day=as_day(last_day),
        reason=_reason(messages, code, _reason_code(status), changed_at),
        intensity=_intensity(fields, as_day(start)),
    )


def _reason_code(status: Fields) -> str | None:
    """v1 has a bare code, ekstern-v1 an object; its free text is left alone, for privacy."""
    found = status.values.get("aarsak")
    return status.child("aarsak").text("type") if isinstance(found, dict) else status.text("aarsak")


def _reason(messages: Messages, status: str | None, code: str | None, at: datetime) -> str:
    """Why it stopped: what the reason says, or where that says nothing, the status."""
    codes, on = shipped(SOURCE), at.date()
    reason = codes.translate("reason", code, on, messages)
    return reason if reason != "unknown" else codes.find("stop_status", status, on) or reason


def _told_of(known: Implementation, at: datetime, messages: Messages) -> dict[str, str | None]:
    types = shipped("measure_types")
    measure = types.translate("measure", known.measure_type, at.date(), messages)
    return {"measure": measure, "provider": known.provider}


def _intensity(fields: Fields, start: str | None) -> dict[str, tuple[str | None, str | None]]:
    told: dict[str, tuple[str | None, str | None]] = {}
    for row in fields.children("deltakelsesmengder"):
        day = as_day(row.day("gyldigFraDato", "gyldigFra"))
        if day is None:
            row.wrong("gyldigFra", None, "missing; this intensity is left out")
        else:
            told[day] = row.number(7, "dagerPerUke"), row.number(100, "deltakelsesprosent")
    if not told and start is not None:
        told[start] = fields.number(7, "dagerPerUke"), fields.number(100, "prosentStilling")
    return told


def _read_change(fields: Fields, delivery: Delivery, raw: bytes) -> None:
    """One hendelse: what changed, and what it tells of the participation as it does so."""
    fields.expect(known_fields("komet_change"))
    whose = fields.child("deltaker")
    identity, person = whose.text("id"), whose.person("personident")
    at = fields.instant("opprettet")
    for name, found in (("deltaker.id", identity), ("deltaker.personident", person)):
        if found is None:
            fields.refuse(name)
            return
    if at is None:
        fields.refuse("opprettet")
        return
    assert identity is not None
    payload = fields.child("payload")
    kind = payload.text("type")
    change = shipped(SOURCE).find("change", kind, at.date())
    if change is None:
        fields.messages.warn("payload.type", kind, "a change that is not known; nothing follows")
        fields.messages.keep_unknown(SOURCE, raw, kind, delivery.received_at)
        return
    if change == "nothing":
        fields.messages.passed_by += 1
        return
    becomes = {"participant": person, **_registered(whose, at, fields.messages), "change": change}
    becomes |= _CHANGES[change](payload, fields.messages, at)
    fields.messages.versions.append(
        Version(
            SOURCE,
            identity,
            (to_microseconds(at),),
            at,
            {"becomes": becomes},
            line=fields.line,
        )
    )
    _note_implementation(whose.child("deltakerliste"), at, fields.messages, delivery)


def _registered(whose: Fields, at: datetime, messages: Messages) -> dict[str, Any]:
    listed = whose.child("deltakerliste")
    code = listed.child("tiltak").text("tiltakskode")
    return {
        "measure": shipped("measure_types").translate("measure", code, at.date(), messages),
        "provider": listed.child("arrangor").text("organisasjonsnummer"),
        "referred_on": as_day(whose.day("opprettetDato")) or day_of(at),
    }


def _note_implementation(
    listed: Fields, at: datetime, messages: Messages, delivery: Delivery
) -> None:
    """What a change tells of the list, where that is new: snapshots name a list by its id alone."""
    identity, code = listed.text("id"), listed.child("tiltak").text("tiltakskode")
    if identity is None or code is None:
        return
    told = Implementation(code, listed.child("arrangor").text("organisasjonsnummer"))
    known = messages.implementations.get(identity, delivery.implementations.get(identity))
    if told != known:
        messages.implementations[identity] = told
        order, says = (-1, to_microseconds(at)), {IMPLEMENTATION: _told_of(told, at, Messages())}
        version = Version(SOURCE, subject_of(identity), order, ALWAYS, says)
        messages.told_of_them.append(SourceRecord(b"", [version], []))


def _days(payload: Fields, *_: object) -> dict[str, Any]:
    """Only the days that the change names: an extension leaves the first day as it is."""
    names = {"startdato": "start", "sluttdato": "last_day"}
    given = {to: as_day(payload.day(name)) for name, to in names.items()}
    return {name: day for name, day in given.items() if day is not None}


def _intensity_change(payload: Fields, *_: object) -> dict[str, Any]:
    day = as_day(payload.day("gyldigFra"))
    amount = payload.number(7, "dagerPerUke"), payload.number(100, "deltakelsesprosent")
    return {"intensity": {} if day is None else {day: amount}}


def _ending(payload: Fields, messages: Messages, at: datetime) -> dict[str, Any]:
    """`harFullfort` is said of courses; a reason that names where to says more."""
    kind = payload.text("type")
    finished = payload.values.get("harFullfort")
    status = "AVBRUTT" if kind == "AvbrytDeltakelse" or finished is False else "HAR_SLUTTET"
    reason = _reason(messages, "FULLFORT" if finished else status, _reason_code(payload), at)
    return {"reason": reason, "standing": "stopped", **_days(payload)}


def _first_known(payload: Fields, *_: object) -> dict[str, Any]:
    draft = payload.child("utkast")
    day = as_day(draft.day("startdato"))
    amount = draft.number(7, "dagerPerUke"), draft.number(100, "deltakelsesprosent")
    return {"standing": "waiting", **_days(draft), "first_intensity": amount, "first_day": day}


def _never_started(*_: object) -> dict[str, Any]:
    return {"standing": "never_started", **_NO_DAYS}


def _reopened(payload: Fields, *_: object) -> dict[str, Any]:
    """The same participation again: the source has erased its days, and sets them anew."""
    return {**_NO_DAYS, "reason": "unknown", **_first_known(payload)}


def _new_reason(payload: Fields, messages: Messages, at: datetime) -> dict[str, Any]:
    return {"reason": _reason(messages, None, _reason_code(payload), at)}


_NO_DAYS: Final = {"start": None, "last_day": None}
_CHANGES: Final[Mapping[str, Callable[[Fields, Messages, datetime], dict[str, Any]]]] = {
    "referred": lambda *_: {"standing": "referred"},
    "draft_changed": lambda *_: {},
    "accepted": _first_known,
    "dates": _days,
    "no_dates": lambda *_: {**_NO_DAYS},
    "intensity": _intensity_change,
    "never_started": _never_started,
    "stopped": _ending,
    "reason": _new_reason,
    "reopened": _reopened,
}


def _changed(told: Mapping[str, Any] | None, becomes: Mapping[str, Any]) -> dict[str, Any]:
    """A participation after a change. A first `referred_on` stays: the later ones repeat it."""
    new: dict[str, Any] = dict(told or {"referred_on": becomes["referred_on"]})
    change = becomes["change"]
    for name in ("participant", "measure", "provider", "standing", "start", "last_day", "reason"):
        if name in becomes:
            new[name] = becomes[name]
    intensity = dict(new.get("intensity") or {})
    if change == "intensity":
        # The source itself drops what was to come after a change's day (deltakelsesmengder.md).
        for day, amount in becomes["intensity"].items():
            intensity = {d: a for d, a in intensity.items() if d < day} | {day: tuple(amount)}
    elif "first_intensity" in becomes and tuple(becomes["first_intensity"]) != (None, None):
        day = becomes["first_day"] or new["referred_on"]
        intensity = {day: tuple(becomes["first_intensity"])}
    return {**new, "intensity": intensity}
