"""Follow-up by NAV (veilarboppfolging): follow-up periods v1 and v3, KVP periods, § 14 a decisions.

The participant is the aktørId, which lasts; v3 also tells the national number, and so a link.
All of a person is one subject, for the first period is an enrolment and the next a re-entry.
Source: veilarboppfolging's schemas (oppfolgingsperiode.v1 and v3, kvpperiode.v1).
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
PROGRAMMES: Final = {"period": "follow_up_period", "kvp": "kvp"}


def read(content: bytes, delivery: Delivery) -> Messages:  # noqa: ARG001
    """Versions of persons in follow-up."""
    messages = Messages()
    for wrapped in json_records(content, messages):
        if not isinstance(wrapped.value, Mapping):
            messages.problem("", wrapped.line, "record", None, "not an object with fields")
            continue
        value = wrapped.value
        reference = str(value.get("oppfolgingsperiodeUuid") or value.get("uuid") or "")
        fields = Fields(value, reference, wrapped.line, messages)
        if fields.text("aktorId") is None:
            fields.refuse("aktorId")
        elif "innsatsgruppe" in value:
            _read_decision(fields)
        elif "event" in value:
            _read_kvp(fields)
        else:
            _read_period(fields)
    return messages


def tell(versions: Sequence[Version]) -> State:
    """The last word on each period, and every decision, office and link."""
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
    """A § 14 a decision: an assessment of work capacity, with the effort group as its result."""
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
            "result": result,
        }
    }
    _add(fields, at, {"facts": facts})
