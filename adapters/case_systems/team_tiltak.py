"""Team Tiltak (tiltaksgjennomforing): agreements, as AvtaleHendelse, in Avro or from GraphQL.

All are whole snapshots of an agreement. Dates in Avro's JSON are days since 1970, times are
milliseconds. Sources: tiltaksgjennomforing.avsc, AvtaleMapper and schema of tiltak-datadeling.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from adapters.case_systems.code_tables import known_fields, shipped
from adapters.case_systems.messages import Delivery, Messages, State, Version
from adapters.case_systems.participation import Participation, as_day, check_days
from adapters.case_systems.records import Fields, day_of, json_records
from domain.calendar import to_microseconds

SOURCE: Final = "team_tiltak"


def read(content: bytes, delivery: Delivery) -> Messages:  # noqa: ARG001
    """Versions of agreements. Their many other fields, of wages and names, are not read."""
    messages = Messages()
    for wrapped in json_records(content, messages):
        if not isinstance(wrapped.value, Mapping):
            messages.problem("", wrapped.line, "record", None, "not an object with fields")
            continue
        fields = Fields(wrapped.value, str(wrapped.value.get("avtaleId")), wrapped.line, messages)
        _read_agreement(fields)
    return messages


def tell(versions: Sequence[Version]) -> State:
    """The latest snapshot of the agreement."""
    return Participation(**versions[-1].says["is"]).state(versions[-1].subject)


def _read_agreement(fields: Fields) -> None:
    fields.expect(known_fields(SOURCE))
    identity, person = fields.text("avtaleId"), fields.person("deltakerFnr")
    changed_at = fields.instant("sistEndret", "tidspunkt", "endretTidspunkt")
    for name, found in (("avtaleId", identity), ("deltakerFnr", person)):
        if found is None:
            fields.refuse(name)
            return
    if changed_at is None:
        fields.refuse("sistEndret")
        return
    assert identity is not None
    told = _participation(fields, str(person), changed_at)
    fields.messages.versions.append(
        Version(
            SOURCE,
            identity,
            (to_microseconds(changed_at),),
            changed_at,
            {"is": told.as_json()},
            claims=(told.claim(identity),),
            line=fields.line,
        )
    )


def _participation(fields: Fields, person: str, changed_at: datetime) -> Participation:
    messages, codes, on = fields.messages, shipped(SOURCE), changed_at.date()
    status = fields.text("avtaleStatus", "tiltakStatus")
    start = fields.day("startDato")
    opened_at = fields.instant("opprettetTidspunkt")
    told = Participation(
        participant=person,
        measure=shipped("measure_types").translate(
            "measure", fields.text("tiltakstype"), on, messages
        ),
        provider=fields.text("bedriftNr"),
        standing=_standing(fields, status, changed_at),
        status=status or "",
        referred_on=None if opened_at is None else day_of(opened_at),
        referred_at=None if opened_at is None else opened_at.isoformat(),
        start=as_day(start),
        last_day=as_day(check_days(fields, start, fields.day("sluttDato"))),
        reason=codes.translate("reason", fields.text("forkortetGrunn"), on, messages),
    )
    if told.start is not None:
        amount = fields.number(7, "antallDagerPerUke"), fields.number(100, "stillingprosent")
        told.intensity = {told.start: amount}
    return told


def _standing(fields: Fields, status: str | None, changed_at: datetime) -> str | None:
    """An annulled agreement never began, or never was, by the reason that is given for it."""
    codes, on = shipped(SOURCE), changed_at.date()
    if fields.flag("feilregistrert") or fields.flag("slettemerket"):
        return "void"
    standing = codes.find("status", status, on)
    if standing is None:
        fields.messages.warn("status", status, "not a known status; the dates are believed")
    if status != "ANNULLERT":
        return standing
    reason = fields.text("annullertGrunn")
    annulled = codes.find("annulled", reason, on)
    if annulled is None and reason is not None:
        fields.messages.warn("annullertGrunn", reason, "not a known reason; it never began")
    return annulled or standing
