"""One participant's history told event by event, and the state that it leads to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from domain.calendar import show_instant, whole_years
from domain.codes import Profile
from domain.events import Event, Voided, show_value
from domain.history import Cutoff, Fact, Key, counting
from domain.journey import ATTRIBUTES, Journey, Spell
from domain.kinds import KINDS
from projections.views import person_value

Status = Literal["counts", "corrected", "annulled", "annuls", "without_place"]
_NAMED_BY = {
    "measure": ("measure", "placement"),
    "other": ("programme", "benefit", "role", "sanction", "reason"),
}
_CODES = ("measure", "programme", "benefit", "sanction", "reason")
_TOLD_ELSEWHERE = {"source", "event_id", "occurred_on", "recorded_at", "stamped", "replaces"}


@dataclass(frozen=True, slots=True)
class Told:
    """One event of a replay: what became of it, and what it changed.

    `by` is the event that took its place, `why` the reason of one that has none.
    """

    fact: Fact
    status: Status
    changes: tuple[str, ...] = ()
    by: Fact | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Replay:
    """A history at a cutoff, in the order in which its events count, struck ones in their place."""

    told: tuple[Told, ...]
    journey: Journey


def replay(facts: Sequence[Fact], cutoff: Cutoff) -> Replay:
    """Tells one participant's facts, given by position, as they stood at a cutoff.

    An event after the cutoff date is left out, but for one that replaces an earlier one; an event
    not known by the knowledge time, or appended after the position, is left out.
    """
    known = known_facts(facts, cutoff)
    replacements = _replacements(known)
    journey, changes, whys = _fold(counting(facts, cutoff))
    places: dict[Key, tuple[datetime, int]] = {}
    for fact in known.values():
        replaced = fact.event.replaced_key
        own = (fact.event.recorded_at, fact.position)
        places[fact.event.key] = places.get(replaced, own) if replaced else own
    ordered = sorted(
        known.values(), key=lambda f: (f.event.occurred_on, places[f.event.key], f.position)
    )
    told = []
    for fact in ordered:
        late = cutoff.at is not None and fact.event.occurred_on > cutoff.at
        if late and fact.event.replaces is None:
            continue
        told.append(_tell(fact, replacements, changes, whys))
    return Replay(tuple(told), journey)


def _replacements(known: Mapping[Key, Fact]) -> dict[Key, Fact]:
    """By what is replaced, the event that ended it: of several, the one recorded first."""
    found: dict[Key, Fact] = {}
    for fact in known.values():
        key = fact.event.replaced_key
        if key in known and key is not None:
            first = found.get(key)
            if first is None or fact.event.recorded_at < first.event.recorded_at:
                found[key] = fact
    return found


def known_facts(facts: Iterable[Fact], cutoff: Cutoff) -> dict[Key, Fact]:
    """Facts, given by position, that are known at a cutoff, replaced or not, whatever their day."""
    known: dict[Key, Fact] = {}
    for fact in facts:
        event = fact.event
        if cutoff.position is not None and fact.position > cutoff.position:
            break
        if cutoff.known_at is not None and event.recorded_at > cutoff.known_at:
            continue
        if event.replaced_key is None or event.replaced_key in known:
            known[event.key] = fact
    return known


def _fold(facts: Iterable[Fact]) -> tuple[Journey, dict[Key, tuple[str, ...]], dict[Key, str]]:
    journey = Journey()
    changes: dict[Key, tuple[str, ...]] = {}
    whys: dict[Key, str] = {}
    for fact in facts:
        running = {id(spell): spell for spell in _running(journey)}
        why = journey.take(fact)
        if why is not None:
            whys[fact.event.key] = why
            continue
        now = {id(spell): spell for spell in _running(journey)}
        stopped = [f"{name_of(running[one])} ends" for one in running if one not in now]
        started = [f"{name_of(now[one])} begins" for one in now if one not in running]
        changes[fact.event.key] = (*stopped, *started)
    return journey, changes, whys


def _running(journey: Journey) -> Iterable[Spell]:
    return (spell for kind in KINDS for spell in journey.spells[kind] if spell.closed is None)


def name_of(spell: Spell) -> str:
    """A spell in a few words: its kind and what it is of."""
    fields = _NAMED_BY["measure" if spell.kind == "measure" else "other"]
    said = [str(v) for name in fields if (v := getattr(spell.opened.event, name, None))]
    return " ".join((spell.kind, *said))


def _tell(
    fact: Fact,
    replacements: dict[Key, Fact],
    changes: dict[Key, tuple[str, ...]],
    whys: dict[Key, str],
) -> Told:
    by = replacements.get(fact.event.key)
    if by is not None:
        return Told(fact, "annulled" if isinstance(by.event, Voided) else "corrected", by=by)
    if isinstance(fact.event, Voided):
        return Told(fact, "annuls")
    key = fact.event.key
    if key in whys:
        return Told(fact, "without_place", why=whys[key])
    return Told(fact, "counts", changes.get(key, ()))


def as_json(found: Replay, day: date, profile: Profile) -> dict[str, Any]:
    """A replay's events and the state at the end of a day, as JSON values."""
    return {
        "events": [_event_json(told) for told in found.told],
        "state": state_json(found.journey, day, profile),
    }


def fields_of(event: Event) -> dict[str, str | bool]:
    """What an event says beyond when, from where and in whose place, by field."""
    return {
        name: value if isinstance(value, bool) else show_value(value)
        for name, value in event.__dict__.items()
        if value is not None and name not in _TOLD_ELSEWHERE
    }


def _event_json(told: Told) -> dict[str, Any]:
    event = told.fact.event
    return {
        "position": told.fact.position,
        "type": event.TOPIC,
        "occurred_on": event.occurred_on.isoformat(),
        "recorded_at": show_instant(event.recorded_at),
        "source": event.source,
        "event_id": event.event_id,
        "replaces": event.replaces,
        "fields": fields_of(event),
        "status": told.status,
        "changes": list(told.changes),
        "replaced_by": None if told.by is None else told.by.event.event_id,
        "why": told.why,
    }


def spell_rows(journey: Journey, day: date) -> list[dict[str, Any]]:
    """All spells and exits up to a day, as a chart of the journey takes them."""
    rows: list[dict[str, Any]] = [
        {
            "kind": spell.kind,
            "code": next(
                (v for f in _CODES if (v := getattr(spell.opened.event, f, None)) is not None), None
            ),
            "start": spell.start.isoformat(),
            "stop": spell.stop.isoformat() if spell.stop and spell.stop <= day else None,
        }
        for kind in KINDS
        for spell in journey.spells[kind]
        if spell.start <= day
    ]
    for one in journey.exits:
        if one.event.occurred_on <= day:
            left_on = one.event.occurred_on.isoformat()
            code = one.event.destination
            rows.append({"kind": "exit", "code": code, "start": left_on, "stop": None})
    return rows


def state_json(journey: Journey, day: date, profile: Profile) -> dict[str, Any]:
    """What is known of a person at the end of a day: attributes, and the spells so far."""
    attributes: dict[str, Any] = {}
    for name in ATTRIBUTES[:-1]:
        value = journey.attribute(name, day)
        attributes[name] = value.isoformat() if isinstance(value, date) else value
    born_on = journey.attribute("birth_date", day)
    attributes["age"] = None if born_on is None else whole_years(born_on, day)
    for name in ("target_group", "county", "unit", "jobseeker_status"):
        attributes[name] = person_value(profile, journey, name, day)
    spells = [
        _spell_json(spell, day)
        for kind in KINDS
        for spell in journey.spells[kind]
        if spell.start <= day
    ]
    return {"attributes": attributes, "spells": spells}


def _spell_json(spell: Spell, day: date) -> dict[str, Any]:
    stop = spell.stop if spell.stop is not None and spell.stop <= day else None
    return {
        "kind": spell.kind,
        "what": name_of(spell).partition(" ")[2] or None,
        "start": spell.start.isoformat(),
        "stop": None if stop is None else stop.isoformat(),
        "days": spell.days_by(day),
        "opened_by": spell.opened.position,
        "closed_by": spell.closed.position if stop is not None and spell.closed else None,
    }
