"""What providers tell Komet (amt.arrangor-melding-v1): their assessment of whether a participant
meets what a measure asks for (Vurdering). Proposals and changes of theirs (Forslag,
EndringFraArrangor) come as the participation's own changes once they are decided.

Source: amt-lib's Melding, Vurdering and Vurderingstype (no.nav.amt.lib.models.arrangor.melding).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from adapters.case_systems.code_tables import known_fields, shipped
from adapters.case_systems.messages import ASSESSMENT, Cells, Version
from adapters.case_systems.records import Fields, day_of
from domain.calendar import to_microseconds


def read_message(fields: Fields, source: str, raw: bytes, received_at: datetime) -> None:
    """A message about a participation, which it names by its id: whose it is, that tells."""
    fields.expect(known_fields("komet_provider"))
    messages, at = fields.messages, fields.instant("opprettet")
    needed = {"id": fields.text("id"), "deltakerId": fields.text("deltakerId"), "opprettet": at}
    for name, found in needed.items():
        if found is None:
            fields.refuse(name)
            return
    assert at is not None
    codes, on, kind = shipped(source), at.date(), fields.text("type")
    means = codes.find("provider", kind, on)
    if means is None:
        messages.warn("type", kind, "a message that is not known; nothing follows")
        messages.keep_unknown(source, raw, kind, received_at)
    elif means == "nothing":
        messages.passed_by += 1
    else:
        told = {
            "id": needed["id"],
            "at": at.isoformat(),
            "result": codes.translate("result", fields.text("vurderingstype"), on, messages),
        }
        order, subject = (to_microseconds(at),), str(needed["deltakerId"])
        messages.versions.append(
            Version(source, subject, order, at, {ASSESSMENT: told}, line=fields.line)
        )


def assessed(subject: str, participant: str, told: Mapping[str, Any]) -> tuple[str, Cells]:
    """An assessment by the provider, under its slot; known since it was made, once it is known
    whom the participation is about."""
    return f"{subject}/assessed/{told['id']}", {
        "participant": participant,
        "type": "assessed",
        "occurred_on": day_of(datetime.fromisoformat(told["at"])),
        "kind": "unknown",
        "result": told["result"],
        "recorded_at": told["at"],
    }
