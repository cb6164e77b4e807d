"""Arena: change rows of its tables (GoldenGate), one a line, in the order of `pos`.

Participations (TILTAKDELTAKER) of one person in one implementation are one subject. Arena re-enters
a person by copying the old row to HIST_TILTAKDELTAKER, with a new id and no link, deleting it, and
inserting a new one; so a deleted row is history where a copy of it is known, and was registered in
error where none is, until a late copy restores it. Decisions (VEDTAK) of one case are one subject.
The conversion rules are those that amt-arena-acl follows (class ArenaDeltakerStatusConverter).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from adapters.case_systems.code_tables import known_fields, shipped
from adapters.case_systems.implementations import subject_of
from adapters.case_systems.messages import (
    ALWAYS,
    IMPLEMENTATION,
    Cells,
    Claim,
    Delivery,
    Implementation,
    Messages,
    SourceRecord,
    State,
    Version,
)
from adapters.case_systems.participation import Participation, as_day, check_days
from adapters.case_systems.records import Fields, day_of, json_records
from domain.calendar import ONE_DAY, parse_day

SOURCE: Final = "arena"
_MATCH = ("DATO_FRA", "DATO_TIL", "DATO_STATUSENDRING")  # what a copy shares with its row
_ASSUMED: Final = "assumed: the day on which the row was changed"
_OPEN: Final = ("referred", "waiting", "under_way")


def read(content: bytes, delivery: Delivery) -> Messages:
    """Versions of participations and sanctions; implementations from their own rows.

    Implementations in the same file are known to all its rows, wherever in it they stand.
    """
    messages = Messages()
    changes: list[tuple[str, Fields, bytes]] = []
    for wrapped in json_records(content, messages):
        if not isinstance(wrapped.value, Mapping) or "table" not in wrapped.value:
            messages.problem("", wrapped.line, "table", None, "missing; not a change row of Arena")
            continue
        reference = f"pos {wrapped.value.get('pos')}"
        fields = Fields(wrapped.value, reference, wrapped.line, messages)
        table = (fields.text("table") or "").rpartition(".")[2]
        if table == "TILTAKGJENNOMFORING":
            _read_implementation(fields, wrapped.raw)
        else:
            changes.append((table, fields, wrapped.raw))
    known = {*delivery.implementations, *messages.implementations}
    for table, fields, raw in changes:
        messages.begin(raw)
        if table in {"TILTAKDELTAKER", "HIST_TILTAKDELTAKER"}:
            _read_participation(fields, table.startswith("HIST"), known)
        elif table.startswith("VEDTAK"):
            _read_decision(fields, raw, delivery.received_at)
        elif table == "TILTAK":
            messages.passed_by += 1
        else:
            messages.warn("table", table, "not a known table; kept, and nothing follows")
            messages.keep_unknown(SOURCE, raw, table, delivery.received_at)
    return messages


def tell(versions: Sequence[Version]) -> State:
    """What the rows say together: the last of each id, and the copies of those deleted."""
    if any("decision" in version.says for version in versions):
        return _told_sanctions(versions)
    rows: dict[str, Version] = {}
    intensity: dict[str, dict[str, Any]] = {}
    copies: set[str] = set()
    of_it: list[Version] = []
    for version in versions:
        says = version.says
        if IMPLEMENTATION in says:
            of_it.append(version)
        elif says["copy"]:
            copies.add(says["match"])
        else:
            rows[says["id"]] = version
            _take_intensity(intensity.setdefault(says["id"], {}), says["is"]["intensity"])
    state: dict[str, Cells] = {}
    for identity, version in rows.items():
        says = version.says
        if not says["deleted"] or says["match"] in copies:
            told = Participation(**{**says["is"], "intensity": intensity[identity]})
            state |= _in_implementation(told, version, of_it).state(identity)
    return {slot: _flagged(cells) for slot, cells in state.items()}


def _flagged(cells: Cells) -> Cells:
    """Arena does not tell from when on an amount holds."""
    return {**cells, "note": _ASSUMED} if cells["type"] == "intensity_changed" else cells


def _in_implementation(
    told: Participation, row: Version, of_it: Sequence[Version]
) -> Participation:
    """The measure and the provider; and where the implementation has ended, a participation whose
    status does not say that it has, by its dates when both were known, never started."""
    single_place, ended_at = False, None
    for version in of_it:
        says = version.says[IMPLEMENTATION]
        if "measure" in says:
            told.measure, told.provider = says["measure"], says["provider"]
            single_place = says["single_place"]
        else:
            ended_at = (ended_at or version.changed_at) if says["ended"] else None
    if ended_at is None or told.standing not in _OPEN:
        return told
    if single_place and told.status == "GJENN":
        return told
    on = day_of(max(row.changed_at, ended_at))
    over = told.start is not None and told.last_day is not None and told.last_day < on
    if told.standing == "referred" or not over:
        told.standing = "never_started"
    return told


def _take_intensity(told: dict[str, Any], row: Mapping[str, Any]) -> None:
    """A row holds one amount and the day of its latest change of any kind: a new amount, a new
    day; the same amount says nothing of the day."""
    latest = list(next(reversed(told.values()), ()))
    told |= {day: amount for day, amount in row.items() if list(amount) != latest}


def _read_implementation(fields: Fields, raw: bytes) -> None:
    """A row of an implementation: its measure and provider, which it has always had, and whether
    it has ended, from now on."""
    messages = fields.messages
    place, found = _ordered(fields), _row_of(fields)
    if place is None or found is None:
        return
    (pos, at), (row, _) = place, found
    identity, code = row.text("TILTAKGJENNOMFORING_ID"), row.text("TILTAKSKODE")
    for name, text in {"TILTAKGJENNOMFORING_ID": identity, "TILTAKSKODE": code}.items():
        if text is None:
            row.refuse(name)
            return
    codes, on, status = shipped(SOURCE), at.date(), row.text("TILTAKSTATUSKODE")
    stands = codes.translate("implementation_status", status, on, messages)
    provider = row.text("ARBGIV_ID_ARRANGOR")
    is_of = {
        "measure": codes.translate("measure", code, on, messages),
        "provider": provider,
        "single_place": codes.find("single_place", code, on) is not None,
    }
    subject, ended = subject_of(str(identity)), {"pos": pos, "ended": stands == "ended"}
    versions = [
        Version(SOURCE, subject, (-1, pos), ALWAYS, {IMPLEMENTATION: is_of}, line=fields.line),
        Version(SOURCE, subject, (pos,), at, {IMPLEMENTATION: ended}, line=fields.line),
    ]
    messages.told_of_them.append(SourceRecord(raw, versions, []))
    messages.implementations[str(identity)] = Implementation(str(code), provider)
    messages.passed_by += 1


def _ordered(fields: Fields) -> tuple[int, datetime] | None:
    """The row's place and time; None, and a problem, where it does not tell them."""
    pos, at = fields.text("pos"), fields.instant("op_ts")
    if pos is None or not pos.isdecimal():
        fields.refuse("pos", pos, "not a number; without it the row has no place among the others")
    elif at is None:
        fields.refuse("op_ts")
    else:
        return int(pos), at
    return None


def _row_of(fields: Fields) -> tuple[Fields, bool] | None:
    """The row as it is after the change, or was before it was deleted; and whether it was."""
    operation = fields.text("op_type")
    name = "before" if operation == "D" else "after"
    if operation not in {"I", "U", "D"}:
        fields.refuse("op_type", operation, "not one of I, U and D")
    elif not isinstance(fields.values.get(name), Mapping):
        fields.refuse(name)
    else:
        return fields.child(name), operation == "D"
    return None


def _read_participation(fields: Fields, copy: bool, known: Collection[str]) -> None:
    place, found = _ordered(fields), _row_of(fields)
    if place is None or found is None:
        return
    (pos, at), (row, deleted) = place, found
    row.expect(known_fields("arena"))
    person, implementation = row.text("PERSON_ID"), row.text("TILTAKGJENNOMFORING_ID")
    identity = row.text("HIST_TILTAKDELTAKER_ID", "TILTAKDELTAKER_ID")
    ids = {"TILTAKDELTAKER_ID": identity, "PERSON_ID": person}
    for name, text in {**ids, "TILTAKGJENNOMFORING_ID": implementation}.items():
        if text is None:
            row.refuse(name)
            return
    match = "|".join(row.text(name) or "" for name in _MATCH)
    says: dict[str, Any] = {"id": identity, "copy": copy, "deleted": deleted, "match": match}
    says["pos"] = pos
    claims: tuple[Claim, ...] = ()
    if not copy:
        told = _participation(row, str(person), at)
        says["is"] = told.as_json()
        claims = () if deleted else (told.claim(str(identity)),)
        if implementation not in known:
            why = "not a known implementation: measure unknown until it is told of"
            fields.messages.warn("TILTAKGJENNOMFORING_ID", "", why)
    version = Version(
        SOURCE,
        f"{person}/{implementation}",
        (pos,),
        at,
        says,
        claims=claims,
        line=fields.line,
        about=person,
        implementation=implementation,
    )
    fields.messages.versions.append(version)


def _participation(row: Fields, person: str, at: datetime) -> Participation:
    """What the row says; measure and provider are the implementation's."""
    messages, codes, on = row.messages, shipped(SOURCE), at.date()
    status = row.text("DELTAKERSTATUSKODE")
    standing = codes.find("status", status, on)
    if standing is None:
        messages.warn("DELTAKERSTATUSKODE", status, "not a known status; the dates are believed")
    registered = row.instant("REG_DATO")
    if registered is None:
        row.wrong("REG_DATO", None, "missing; the time of the change is taken")
    start = row.day("DATO_FRA")
    changed_on = row.day("DATO_STATUSENDRING")
    standing = _standing(standing, status, registered or at, start, changed_on)
    last_day = _last_day(check_days(row, start, row.day("DATO_TIL")), standing, changed_on)
    reason = codes.translate("reason", row.text("AARSAKVERDIKODE_STATUS"), on, messages)
    if reason == "unknown":
        reason = codes.find("stop_status", status, on) or reason
    return Participation(
        participant=person,
        standing=standing,
        status=status or "",
        referred_on=day_of(registered or at),
        start=as_day(start),
        last_day=as_day(last_day),
        reason=reason,
        intensity=_intensity(row, start),
    )


def _standing(
    standing: str | None,
    status: str | None,
    registered: datetime,
    start: date | None,
    changed_on: date | None,
) -> str | None:
    """What the code means, given the dates: ended before it began is never started; not relevant
    on the day of registration was registered in error."""
    if standing == "stopped" and (start is None or changed_on is None or changed_on <= start):
        return "never_started"
    if status == "IKKAKTUELL" and changed_on == parse_day(day_of(registered)):
        return "void"
    return standing


def _last_day(last_day: date | None, standing: str | None, changed_on: date | None) -> date | None:
    """DATO_TIL; where the status ended the stay before it, the day before the status changed."""
    if standing != "stopped" or changed_on is None:
        return last_day
    return last_day if last_day is not None and last_day < changed_on else changed_on - ONE_DAY


def _intensity(row: Fields, start: date | None) -> dict[str, tuple[str | None, str | None]]:
    """It holds from when it was changed, as far as Arena tells: not from when it is to hold."""
    amount = row.number(7, "ANTALL_DAGER_PR_UKE"), row.number(100, "PROSENT_DELTID")
    changed_on = as_day(row.day("MOD_DATO"))
    day = changed_on or as_day(start)
    return {} if day is None else {day: amount}


def _read_decision(fields: Fields, raw: bytes, received_at: datetime) -> None:
    """One VEDTAK row: a sanction, the annulment or the end of one, or nothing of the kind."""
    place, found = _ordered(fields), _row_of(fields)
    if place is None or found is None:
        return
    (pos, at), (row, deleted) = place, found
    code, messages = row.text("VEDTAKTYPEKODE"), fields.messages
    means = shipped(SOURCE).find("decision", code, at.date())
    row.expect(known_fields("arena_decision"))
    if means is None:
        messages.warn("VEDTAKTYPEKODE", code, "not a known kind of decision; it has no effect")
        messages.keep_unknown(SOURCE, raw, code, received_at)
        return
    if means == "no_sanction":
        messages.passed_by += 1
        return
    identity, case, person = row.text("VEDTAK_ID"), row.text("SAK_ID"), row.text("PERSON_ID")
    start, last_day = row.day("VEDTAKSPERIODE_FOM"), row.day("VEDTAKSPERIODE_TOM")
    if last_day is not None and last_day.year == date.max.year:
        last_day = None
    for name, given in (("VEDTAK_ID", identity), ("SAK_ID", case), ("PERSON_ID", person)):
        if given is None:
            row.refuse(name)
            return
    if start is None:
        row.refuse("VEDTAKSPERIODE_FOM")
        return
    if last_day is not None and last_day < start:
        row.wrong("VEDTAKSPERIODE_TOM", last_day, f"before {start}; the end is taken as unknown")
        last_day = None
    says: dict[str, Any] = {
        "decision": identity,
        "means": means,
        "deleted": deleted,
        "participant": person,
        "start": as_day(start),
        "until": None if last_day is None else as_day(last_day + ONE_DAY),
    }
    says["pos"] = pos
    messages.versions.append(Version(SOURCE, f"sak/{case}", (pos,), at, says, line=fields.line))


def _told_sanctions(versions: Sequence[Version]) -> State:
    """The sanctions of a case. One that annuls or ends meets the latest one decided before it."""
    decided: dict[str, Mapping[str, Any]] = {}
    for version in versions:
        decided[version.says["decision"]] = version.says
    state: dict[str, dict[str, str]] = {}
    for identity, says in decided.items():
        slot = f"vedtak/{identity}/sanction"
        if says["deleted"]:
            continue
        running = next(reversed(state), None)
        if says["means"] == "annuls":
            state.pop(running or "", None)
        elif says["means"] == "lifts":
            if running is not None:
                ends = max(says["start"], _day_after(state[running]))
                state[running]["until"] = min(ends, state[running].get("until", ends))
        else:
            state[slot] = {
                "participant": says["participant"],
                "type": "sanctioned",
                "occurred_on": says["start"],
                "sanction": says["means"],
                "reason": "unknown",
            }
            if says["until"] is not None:
                state[slot]["until"] = says["until"]
    return state


def _day_after(sanctioned: Cells) -> str:
    """The earliest day on which a sanction can be over: `until` comes after its first day."""
    return (parse_day(sanctioned["occurred_on"]) + ONE_DAY).isoformat()
