"""KOSTRA 11CF: the Qualification Programme (kvalifiseringsprogrammet), a record a person and year.

A year's file is handed in anew when it is corrected; the last one of a year holds, and a later
year's holds over an earlier's. That a person comes from another municipality's programme is a
transfer and no re-entry. The file does not say when it was written: known is when it was received.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from adapters.case_systems.code_tables import shipped
from adapters.case_systems.kostra import Record, records, registered, subject_of
from adapters.case_systems.messages import (
    Cells,
    Claim,
    Delivery,
    Messages,
    Standing,
    State,
    Version,
)
from adapters.case_systems.programmes import Stay, enrolments
from domain.calendar import ONE_DAY, to_microseconds

SOURCE: Final = "kostra_11cf"
PROGRAMME: Final = "kvp"
TRANSFERRED: Final = "transferred, from the programme of municipality "
YEARS_BACK: Final = 4  # no decision and no start may lie further back than this before the year
_DESTINATIONS: Final = (
    "AVSL_ORDINAERTARB", "AVSL_ARBLONNSTILS", "AVSL_ARBMARK", "AVSL_SKOLE", "AVSL_UFORE",
    "AVSL_AAP", "AVSL_OK_AVKLAR", "AVSL_UTEN_OK_AVKLAR", "AVSL_ANNET", "AVSL_UKJENT",
)  # fmt: skip


def read(content: bytes, delivery: Delivery) -> Messages:
    """Versions of persons in the programme of one municipality."""
    messages = Messages()
    seen: dict[str, int] = {}
    for record in records(content, "11cf", messages):
        version = _version(record, delivery)
        if version is None:
            continue
        before = seen.setdefault(version.subject, record.line)
        if before != record.line and not record.cells["KOMMUNE_NR"].startswith("0301"):
            why = f"the same person as on line {before}; outside Oslo each is in the file once"
            record.wrong("PERSON_FODSELSNR", None, why)
        messages.versions.append(version)
    return messages


def _version(record: Record, delivery: Delivery) -> Version | None:
    whose = record.person()
    applied, decided, begun = (record.day(n) for n in ("REG_DATO", "VEDTAK_DATO", "BEGYNT_DATO"))
    if whose is None:
        return None
    if begun is None and decided is None:
        record.refuse("BEGYNT_DATO", record.text("BEGYNT_DATO"), "missing, and VEDTAK_DATO too")
        return None
    participant, number = whose
    codes, at = shipped(SOURCE), delivery.received_at
    on = date(record.year, 12, 31)
    sex = codes.find("sex", record.text("KJONN"), on)
    entered = decided or begun
    assert entered is not None
    first = min(day for day in (applied, decided, begun) if day is not None)
    _check_age(record, decided, begun)
    says: dict[str, Any] = {
        "year": record.year,
        "participant": participant,
        "applied": None if applied is None else applied.isoformat(),
        "entered": entered.isoformat(),
        "begun": None if begun is None else begun.isoformat(),
        "municipality": record.cells["KOMMUNE_NR"],
        "from": _came_from(record),
        "registered": registered(record, participant, number, first, sex),
        **_ending(record, on),
    }
    status = record.text("STATUS") or ""
    return Version(
        SOURCE,
        subject_of(record, participant),
        (record.year, to_microseconds(at)),
        at,
        says,
        dated=False,
        claims=(Claim("", status, _means(status, on)),),
        line=record.line,
        private=True,
    )


def _came_from(record: Record) -> str | None:
    """The municipality whose programme the person came from; empty where the form does not say."""
    if record.text("KVP_KOMM") != "1":
        return None
    return record.text("KOMMNR_KVP_KOMM") or ""


def _check_age(record: Record, decided: date | None, begun: date | None) -> None:
    for name, day in (("VEDTAK_DATO", decided), ("BEGYNT_DATO", begun)):
        if day is not None and day.year < record.year - YEARS_BACK:
            why = f"more than {YEARS_BACK} years before {record.year}"
            record.wrong(name, record.text(name), why)


def _means(status: str, on: date) -> Standing | None:
    found = shipped(SOURCE).find("status", status, on)
    return "stopped" if found == "stopped" else "under_way" if found == "under_way" else None


def _ending(record: Record, on: date) -> dict[str, Any]:
    """The first day no longer in the programme, how it ended, and where to."""
    codes, messages = shipped(SOURCE), record.messages
    status, last_day = record.text("STATUS"), record.day("AVSL_DATO")
    if status is None:
        record.wrong("STATUS", None, "missing; it must be one of 1 to 7")
    means = codes.translate("status", status, on, messages)
    if means != "stopped":
        return {"stop": None, "reason": "unknown", "destination": "unknown"}
    if last_day is None or last_day.year != record.year:
        why = f"with status {status} it must be a day of {record.year}"
        record.wrong("AVSL_DATO", record.text("AVSL_DATO"), why)
    destination = codes.find("exit_status", status, on) or _destination(record, on)
    return {
        "stop": None if last_day is None else (last_day + ONE_DAY).isoformat(),
        "reason": codes.find("stop_status", status, on) or "unknown",
        "destination": destination,
    }


def _destination(record: Record, on: date) -> str:
    """The most important source of income after it; or the only one that is ticked."""
    codes, messages = shipped(SOURCE), record.messages
    main = record.text("AVSL_VIKTIGSTE_INNTEKT")
    ticked = [code for name in _DESTINATIONS if (code := record.text(name)) is not None]
    code = main or (ticked[0] if len(ticked) == 1 else None)
    status = record.text("STATUS")
    if not main and not ticked and codes.find("needs_destination", status, on) is not None:
        why = f"missing; with status {status} the form must tell of the situation afterwards"
        record.wrong("AVSL_VIKTIGSTE_INNTEKT", None, why)
    return codes.translate("destination", code, on, messages)


def tell(versions: Sequence[Version]) -> State:
    """The latest record of each year; a stay that had ended is not the one of a later year."""
    years: dict[int, Mapping[str, Any]] = {v.says["year"]: v.says for v in versions}
    told: list[Mapping[str, Any]] = []
    for says in years.values():
        if told and (told[-1]["stop"] is None or told[-1]["begun"] == says["begun"]):
            told[-1] = says
        else:
            told.append(says)
    state: dict[str, Cells] = {}
    stays = []
    for number, says in enumerate(told, 1):
        state |= _around(str(number), says)
        if says["stop"] is None or says["stop"] >= says["entered"]:
            stays.append(_programme_stay(str(number), says))
    return {**state, **enrolments(PROGRAMME, stays), **_measures(told)}


def _programme_stay(reference: str, says: Mapping[str, Any]) -> Stay:
    came_from = says.get("from")
    return Stay(
        reference,
        says["participant"],
        says["entered"],
        says["stop"],
        says["destination"],
        municipality=says["municipality"],
        transferred=None if came_from is None else f"{TRANSFERRED}{came_from or 'unknown'}",
    )


def _around(reference: str, says: Mapping[str, Any]) -> State:
    state: dict[str, Cells] = {f"{reference}/registered": says["registered"]}
    if says["applied"] is not None:
        state[f"{reference}/referred"] = {
            "participant": says["participant"],
            "type": "referred",
            "occurred_on": says["applied"],
            "programme": PROGRAMME,
            "municipality": says["municipality"],
        }
    return state


def _measures(told: Sequence[Mapping[str, Any]]) -> State:
    """From the day it began a person is in the programme's measures; the form names none."""
    state: dict[str, Cells] = {}
    for number, says in enumerate(told, 1):
        begun, stop = says["begun"], says["stop"]
        if begun is None:
            continue
        placement = f"{says['municipality']}/{number}"
        state[f"{number}/start"] = {
            "participant": says["participant"],
            "type": "measure_started",
            "occurred_on": begun,
            "measure": "unknown",
            "placement": placement,
            "track": "unknown",
            "programme": PROGRAMME,
        }
        if stop is not None and stop >= begun:
            state[f"{number}/stop"] = {
                "participant": says["participant"],
                "type": "measure_stopped",
                "occurred_on": stop,
                "placement": placement,
                "reason": says["reason"],
            }
    return state
