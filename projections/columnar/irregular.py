"""Rectangles of what set operations cannot pair: the domain's own fold, at each knowledge time.

What was believed at one moment follows from the facts known and not replaced at it; rectangles
are the stretches of knowledge time in which the same thing was believed.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import partial
from operator import attrgetter, itemgetter
from typing import Any, Final, TypeAlias

from domain.events import EVENT_TYPES, Event
from domain.history import Fact
from domain.journey import Journey, fold
from domain.kinds import KINDS
from projections.columnar.tables import (
    ATTRIBUTES,
    DERIVED,
    FOREVER,
    LOG,
    NEVER_REPLACED,
    SPELL,
    Group,
    Runner,
    as_day,
    day_number,
    month_day,
)

_NOT_FIELDS: Final = {"position", "pid", "topic", "day", "recorded", "replaces_position", "same_as"}
_FIELDS: Final = tuple(name for name in LOG if name not in _NOT_FIELDS)
_OWN: Final = ("ord", "position", "topic", "day", "known_from", "known_to")
_SELECTED: Final = ", ".join((*(f"f.{name}" for name in _OWN), *(f"m.{name}" for name in _FIELDS)))
_AS_DATES: Final = {"until", "birth_date"}
_AT_ANY_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC)
# By topic, an event of which nothing is known yet, and the fields that a row tells, and where.
_EMPTY: Final[Mapping[str, Mapping[str, Any]]] = {
    topic: dict.fromkeys(cls.model_fields)
    | {"source": "", "recorded_at": _AT_ANY_TIME, "stamped": False}
    for topic, cls in EVENT_TYPES.items()
}
_WHERE_FOUND: Final[Mapping[str, Sequence[tuple[str, int]]]] = {
    topic: [
        (field, index)
        for index, name in enumerate(_FIELDS, start=len(_OWN))
        if (field := "birth_date" if name == "born" else name) in cls.model_fields
    ]
    for topic, cls in EVENT_TYPES.items()
}

# A fact, its place in the history, and the instants between which it was believed.
Believed: TypeAlias = tuple[Fact, int, int, int]
Rectangle: TypeAlias = tuple[Hashable, int, int]


def rectangles(
    facts: Sequence[Believed], look: Callable[[Sequence[Fact]], Iterable[Hashable]]
) -> Iterator[Rectangle]:
    """What `look` sees in the facts believed at a moment, and from when to when it sees it."""
    cuts = sorted({cut for _, _, known_from, known_to in facts for cut in (known_from, known_to)})
    ordered = sorted(facts, key=itemgetter(1))
    since: dict[Hashable, int] = {}
    for cut in cuts:
        live = [fact for fact, _, known_from, known_to in ordered if known_from <= cut < known_to]
        seen = set(look(live))
        for gone in since.keys() - seen:
            yield gone, since.pop(gone), cut
        for new in seen - since.keys():
            since[new] = cut
    for still, known_from in since.items():
        yield still, known_from, NEVER_REPLACED


def add_spells(runner: Runner) -> None:
    """Adds the spells of the subjects in `odd_subject`."""
    runner.make_folded(
        "folded",
        {"spell_kind": "VARCHAR", **SPELL},
        f"SELECT f.pid, f.subject, f.subject_key, {_SELECTED} FROM subject_event f "
        "JOIN odd_subject o ON o.pid = f.pid AND o.subject = f.subject "
        "AND o.subject_key = f.subject_key "
        "JOIN mine m ON m.pid = f.pid AND m.position = f.position",
        3,
        _spell_rows,
    )
    for kind in KINDS:
        runner.add(kind, f"SELECT {', '.join(SPELL)} FROM folded WHERE spell_kind = '{kind}'")
    runner.drop("folded")


def _spell_rows(group: Group) -> Iterator[tuple[Any, ...]]:
    """One subject's rows: the kind of spell, then the columns of `SPELL`."""
    pid = group[0][0]
    believed = [_believed(row[3:]) for row in group]
    facts: dict[int | None, tuple[dict[str, Any], int]] = {
        fact.position: (fact.event.__dict__, order) for fact, order, _, _ in believed
    }
    for seen, known_from, known_to in rectangles(believed, _spells):
        assert isinstance(seen, tuple)
        yield seen[0], pid, *_spell_row(seen, facts), known_from, known_to


def _spells(live: Sequence[Fact]) -> Iterable[Hashable]:
    for spells in fold(live).spells.values():
        for spell in spells:
            closed = None if spell.closed is None else spell.closed.position
            yield spell.kind, spell.start, spell.stop, spell.opened.position, closed


def _spell_row(
    seen: tuple[Any, ...], facts: Mapping[int | None, tuple[dict[str, Any], int]]
) -> Iterator[Any]:
    """A spell's columns between the person and the knowledge times."""
    kind, start, stop, opened, closed = seen
    before, opened_ord = facts[opened]
    after, closed_ord = facts.get(closed, ({}, None))
    own = {
        "destination": after.get("destination"),
        "stop_reason": after.get("reason") if kind == "measure" else None,
        "start": day_number(start),
        "stop": FOREVER if stop is None else day_number(stop),
        "opened": opened,
        "opened_ord": opened_ord,
        "closed": closed,
        "closed_ord": closed_ord,
    }
    for name in SPELL:
        if name not in ("pid", "known_from", "known_to"):
            yield own[name] if name in own else before.get(name)


def add_attributes(runner: Runner) -> None:
    """Adds the attributes of the persons in each `odd_<table>`."""
    for table, columns in ATTRIBUTES.items():
        # A place may hang on the enrolments; and on everything, where a birth may come too late.
        runner.make_folded(
            "folded",
            DERIVED[table],
            f"SELECT f.pid, {_SELECTED} FROM fact f "
            f"JOIN (SELECT DISTINCT pid FROM odd_{table}) o ON o.pid = f.pid "
            "JOIN mine m ON m.pid = f.pid AND m.position = f.position "
            f"WHERE f.topic IN {_NEEDED[table]} "
            "OR f.pid IN (SELECT p.pid FROM odd_person p)",
            1,
            partial(_attribute_rows, tuple(columns)),
        )
        runner.add(table, f"SELECT {', '.join(DERIVED[table])} FROM folded")
        runner.drop("folded")
        runner.drop(f"odd_{table}")


def _attribute_rows(columns: Sequence[str], group: Group) -> Iterator[tuple[Any, ...]]:
    pid = group[0][0]
    names = tuple(_BIRTH[name][0] if name in _BIRTH else name for name in columns)
    believed = [_believed(row[1:]) for row in group]
    for seen, known_from, known_to in rectangles(believed, partial(_timeline, names)):
        yield pid, *_attribute_row(seen, columns), known_from, known_to


_NEEDED: Final = {
    "background": "('registered')",
    "whereabouts": "('registered', 'referred', 'enrolled', 'reentered', 'exited')",
    "statuses": "('status_changed')",
}


def _timeline(names: Sequence[str], live: Sequence[Fact]) -> Iterable[Hashable]:
    """The days between which the attributes held: from, to, and each one's value."""
    journey: Journey = fold(live)
    days = sorted({fact.event.occurred_on for name in names for fact in journey.facts_of(name)})
    for index, day in enumerate(days):
        until = day_number(days[index + 1]) if index + 1 < len(days) else FOREVER
        yield day_number(day), until, *(journey.attribute(name, day) for name in names)


def _attribute_row(seen: Hashable, columns: Iterable[str]) -> Iterator[Any]:
    assert isinstance(seen, tuple)
    yield from seen[:2]
    for name, value in zip(columns, seen[2:], strict=True):
        yield _BIRTH[name][1](value) if name in _BIRTH and value is not None else value


# How a birth date is kept: as a day, and apart, so that an age is whole-number arithmetic.
_BIRTH: Final[dict[str, tuple[str, Callable[[date], int]]]] = {
    "born": ("birth_date", day_number),
    "born_year": ("birth_date", attrgetter("year")),
    "born_month_day": ("birth_date", month_day),
}


def _believed(row: Sequence[Any]) -> Believed:
    """A row of `_SELECTED` as a fact of the domain; its key is its position, no replaced event."""
    order, position, topic, day, known_from, known_to = row[: len(_OWN)]
    fields = dict(_EMPTY[topic])
    for name, index in _WHERE_FOUND[topic]:
        value = row[index]
        fields[name] = as_day(value) if value is not None and name in _AS_DATES else value
    fields["event_id"] = str(position)
    fields["occurred_on"] = as_day(day)
    event: Event = EVENT_TYPES[topic].model_construct(None, **fields)
    return Fact(event, position), order, known_from, known_to
