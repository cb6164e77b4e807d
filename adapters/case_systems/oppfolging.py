"""Follow-up by NAV (veilarboppfolging): follow-up periods v1 and v3, KVP periods, § 14 a decisions,
and Arena's record of the person (oppfolgingsbruker).

The participant is the aktørId, which lasts; v3 also tells the national number, and so a link.
All of a person is one subject, for the first period is an enrolment and the next a re-entry.
Arena's record is a snapshot under the national number, and a subject of its own: it tells that a
person's need for help was assessed by the group that it puts the person in.
Source: veilarboppfolging's schemas (oppfolgingsperiode.v1 and v3, kvpperiode.v1,
oppfolgingsbruker.v1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from adapters.case_systems.code_tables import known_fields, shipped
from adapters.case_systems.messages import Cells, Delivery, Messages, State, Version
from adapters.case_systems.programmes import Stay, enrolments
from adapters.case_systems.records import Fields, day_of, json_records
from domain.calendar import to_microseconds

SOURCE: Final = "oppfolging"
_LINK: Final = "linked"
_GROUP: Final = ("kvalifiseringsgruppekode", "kvalifiseringsgruppe")
_NOT_ASSESSED: Final = "not_assessed"
_NOTE: Final = "told by Arena's group; its record was changed on this day, the group then or before"
PROGRAMMES: Final = {"period": "follow_up_period", "kvp": "kvp"}


def read(content: bytes, delivery: Delivery) -> Messages:
    """Versions of persons in follow-up. A decision that was asked for does not say whose it is."""
    messages = Messages()
    for wrapped in json_records(content, messages):
        if not isinstance(wrapped.value, Mapping):
            messages.problem("", wrapped.line, "record", None, "not an object with fields")
            continue
        value = wrapped.value
        if "innsatsgruppe" in value and delivery.participant is not None:
            value = {"aktorId": delivery.participant, **value}
        reference = str(value.get("oppfolgingsperiodeUuid") or value.get("uuid") or "")
        fields = Fields(value, reference, wrapped.line, messages)
        if any(name in value for name in _GROUP):
            _read_person(fields)
        elif fields.text("aktorId") is None:
            fields.refuse("aktorId")
        elif "innsatsgruppe" in value:
            _read_decision(fields)
        elif "event" in value:
            _read_kvp(fields)
        else:
            _read_period(fields)
    return messages


def tell(versions: Sequence[Version]) -> State:
    """The last word on each period, and every decision, office and link; of Arena's records,
    where one differs from the one before it."""
    if any("group" in version.says for version in versions):
        return _told_by_records(versions)
    stays: dict[str, dict[str, Stay]] = {"period": {}, "kvp": {}}
    other: dict[str, Cells] = {}
    links: dict[str, Cells] = {}
    for says in (version.says for version in versions):
        if "stay" in says:
            kept = stays[says["kind"]]
            kept[says["stay"]["reference"]] = Stay(**says["stay"])
        facts = dict(says.get("facts") or {})
        link = facts.pop(_LINK, None)
        if link is not None:
            links.setdefault(link["same_as"], link)
        other |= facts
    state: dict[str, Cells] = {}
    for kind, programme in PROGRAMMES.items():
        state |= enrolments(programme, stays[kind].values())
    # A D-number gives way to a national number, and both stay the person's.
    linked = {f"linked/{number}": cells for number, cells in enumerate(links.values(), 1)}
    return {**state, **other, **linked}


def _add(fields: Fields, at: datetime, says: Mapping[str, Any]) -> None:
    person = fields.text("aktorId") or ""
    order, line = (to_microseconds(at),), fields.line
    version = Version(SOURCE, person, order, at, says, line=line, about=person, private=True)
    fields.messages.versions.append(version)


def _add_stay(fields: Fields, start: datetime, stop: datetime | None, says: Any) -> None:
    """What has no time of its own is told of when it starts, and with the end when it stops."""
    if stop is not None:
        _add(fields, start, {**says, "stay": {**says["stay"], "stop": None}})
    _add(fields, stop or start, says)


def _read_period(fields: Fields) -> None:
    """v1 has no time of its own: a period is told of when it starts and when it stops."""
    fields.expect(known_fields(SOURCE))
    reference = fields.text("oppfolgingsperiodeUuid", "uuid")
    start = fields.instant("startTidspunkt", "startDato")
    stop = fields.instant("sluttTidspunkt", "sluttDato")
    at = fields.instant("producerTimestamp") or stop or start
    if reference is None or start is None or at is None:
        fields.refuse("oppfolgingsperiodeUuid" if reference is None else "startTidspunkt")
        return
    change = fields.text("sisteEndringsType")
    if change is not None and shipped(SOURCE).find("change", change, at.date()) is None:
        fields.messages.warn("sisteEndringsType", change, "not a known change; the times hold")
    facts: dict[str, Cells] = {}
    person = fields.text("aktorId") or ""
    if (office := fields.child("kontor").text("kontorId")) is not None:
        facts[f"{reference}/office/{at.isoformat()}"] = {
            "participant": person,
            "type": "registered",
            "occurred_on": day_of(at),
            "office": office,
        }
    if (number := fields.person("ident")) is not None:
        facts[_LINK] = {
            "participant": person,
            "type": "linked",
            "occurred_on": day_of(start),
            "same_as": number,
        }
    says = {"kind": "period", "stay": _stay(fields, reference, start, stop), "facts": facts}
    if fields.text("producerTimestamp") is None:
        _add_stay(fields, start, stop, says)
    else:
        _add(fields, at, says)


def _stay(fields: Fields, reference: str, start: datetime, stop: datetime | None) -> dict[str, Any]:
    if stop is not None and stop < start:
        fields.wrong("sluttTidspunkt", stop.isoformat(), "before the start; the period runs on")
        stop = None
    return {
        "reference": reference,
        "participant": fields.text("aktorId"),
        "start": day_of(start),
        "stop": None if stop is None else day_of(stop),
    }


def _read_kvp(fields: Fields) -> None:
    """A KVP period has no id: the person and when it started tell it from others."""
    fields.expect(known_fields(SOURCE))
    event = fields.text("event")
    start, stop = fields.instant("startet"), fields.instant("avsluttet")
    if start is None:
        fields.refuse("startet")
        return
    if shipped(SOURCE).find("kvp", event, start.date()) is None:
        fields.messages.warn("event", event, "not a known event; the times hold")
    stay = _stay(fields, f"kvp/{start.isoformat()}", start, stop)
    stay["office"] = fields.text("enhetId")
    _add_stay(fields, start, stop, {"kind": "kvp", "stay": stay})


def _read_decision(fields: Fields) -> None:
    """A § 14 a decision: an assessment of work capacity; its result, the effort group and goal."""
    fields.expect(known_fields(SOURCE))
    at = fields.instant("fattetDato")
    if at is None:
        fields.refuse("fattetDato")
        return
    group = fields.text("innsatsgruppe")
    result = shipped(SOURCE).translate("effort_group", group, at.date(), fields.messages)
    facts = {
        f"14a/{at.isoformat()}/assessed": {
            "participant": fields.text("aktorId") or "",
            "type": "assessed",
            "occurred_on": day_of(at),
            "kind": "work_capacity",
            "result": _with_goal(fields, result, at, "hovedmal"),
        }
    }
    _add(fields, at, {"facts": facts})


def _with_goal(fields: Fields, group: str, at: datetime, *names: str) -> str:
    """An effort group, and what the person is to reach with it, where that is told."""
    goal = fields.text(*names)
    if goal is None:
        return group
    return f"{group}+{shipped(SOURCE).translate('goal', goal, at.date(), fields.messages)}"


def _read_person(fields: Fields) -> None:
    """A snapshot of the person in Arena: the group, and the office that follows the person up."""
    fields.expect(known_fields("oppfolging_person"))
    names = ("fodselsnr", "fodselsnummer")
    name = next((name for name in names if fields.text(name) is not None), names[0])
    person, at = fields.person(name), fields.instant("sistEndretDato")
    if person is None or at is None:
        fields.refuse(name if person is None else "sistEndretDato")
        return
    group = shipped(SOURCE).translate("group", fields.text(*_GROUP), at.date(), fields.messages)
    office = fields.text("navKontor", "oppfolgingsenhet")
    says = {"participant": person, "group": group, "office": office}
    says["result"] = _with_goal(fields, group, at, "hovedmaalkode", "hovedmaal")
    order, subject = (to_microseconds(at),), f"person/{person}"
    version = Version(SOURCE, subject, order, at, says, line=fields.line, private=True)
    fields.messages.versions.append(version)


def _told_by_records(versions: Sequence[Version]) -> State:
    """An assessment wherever the group is another that one leads to, and each new office."""
    state: dict[str, Cells] = {}
    group = office = None
    for version in versions:
        says, at = version.says, version.changed_at
        cells = {"participant": says["participant"], "occurred_on": day_of(at)}
        if says["group"] not in (group, _NOT_ASSESSED, "unknown"):
            assessed = {"type": "assessed", "kind": "work_capacity", "result": says["result"]}
            state[f"group/{at.isoformat()}"] = {**cells, **assessed, "note": _NOTE}
        if says["office"] not in (office, None):
            registered = {"type": "registered", "office": says["office"]}
            state[f"office/{at.isoformat()}"] = {**cells, **registered}
        group = group if says["group"] == "unknown" else says["group"]
        office = says["office"] or office
    return state
