"""Rectangles of what set operations cannot pair: the domain's own fold, at each knowledge time.

What was believed at one moment follows from the facts known and not replaced at it; rectangles
are the stretches of knowledge time in which the same thing was believed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache, partial
from operator import attrgetter
from typing import Any, Final

from domain.events import EVENT_TYPES, Event
from domain.history import Fact
from domain.journey import Journey
from projections.columnar.retelling import Believed, Rectangle, Seen, rectangles
from projections.columnar.shapes import OWN, Alike, Shape, alike
from projections.columnar.tables import (
    ATTRIBUTES,
    DERIVED,
    FAMILIES,
    FAMILY_NUMBERS,
    FOREVER,
    LOG,
    RECTANGLE,
    SUBJECTS,
    Group,
    Runner,
    Subject,
    as_day,
    column_of,
    day_number,
    literal,
    month_day,
)

_NOT_FIELDS: Final = {"position", "pid", "topic", "day", "recorded", "replaces_position", "same_as"}
_FIELDS: Final = tuple(name for name in LOG if name not in _NOT_FIELDS)
_AS_DATES: Final = {"until", "birth_date"}
_KEPT: Final = 10_000  # shapes whose rectangles are remembered
_SHORT: Final = 12  # facts; longer groups are seldom alike
_AT_ANY_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC)
# By topic, an event of which nothing is known yet, and the fields that a row tells.
_EMPTY: Final[Mapping[str, Mapping[str, Any]]] = {
    topic: dict.fromkeys(cls.model_fields)
    | {"source": "", "recorded_at": _AT_ANY_TIME, "stamped": False}
    for topic, cls in EVENT_TYPES.items()
}


def fold_spells(runner: Runner) -> None:
    """Table `folded`: the rectangles of the subjects in each `odd_<family>`, by kind of spell."""
    runner.make_folded(
        "folded",
        {"kind": "VARCHAR", **RECTANGLE},
        " UNION ALL ".join(map(_odd_steps, SUBJECTS)),
        3,
        _spell_rows,
    )


def _odd_steps(subject: Subject) -> str:
    """The events of a family's odd subjects, with the two fields that decide what they do."""
    chosen = ", ".join(f"e.{name}" for name in OWN)
    until = "e.until" if subject.more == "until" else "CAST(NULL AS INTEGER)"
    reason = "e.reason" if subject.more == "reason" else "CAST(NULL AS VARCHAR)"
    family = subject.family
    return (
        f"SELECT e.pid, {literal(family)} AS family, e.subject_key, {chosen}, {until} AS until, "
        f"{reason} AS reason FROM step_{family} e JOIN odd_{family} o "
        "ON o.pid = e.pid AND o.subject_key = e.subject_key"
    )


_KEYS: Final = {subject.family: subject.key or "" for subject in SUBJECTS}


_DECIDING: Final = ("until", "reason")


def _spell_rows(group: Group) -> Iterator[tuple[Any, ...]]:
    """One subject's rows of `folded`."""
    pid, family = group[0][:2]
    facts = [row[3:] for row in group]
    one = alike(facts, _DECIDING)
    for seen, known_from, known_to in _remembered(_spell_rectangles, one.shape)(family, one.shape):
        kind, start, stop, *ends = seen
        places = [(None, None) if end is None else (facts[end][1], facts[end][0]) for end in ends]
        (opened, opened_ord), (closed, closed_ord) = places
        yield (
            *(kind, pid, one.day(start), one.day(stop), opened, opened_ord, closed, closed_ord),
            *(one.moment(known_from), one.moment(known_to)),
        )


def _remembered(found: Any, shape: Shape) -> Any:
    """A cached function, or what it is without its cache where that would only take room."""
    return found if len(shape) <= _SHORT else found.__wrapped__


@lru_cache(maxsize=_KEPT)
def _spell_rectangles(family: str, shape: Shape) -> Sequence[Rectangle]:
    """The rectangles of a shape, an event by its place in it."""
    believed = [_believed(*fact, _DECIDING, {_KEYS[family]: "it"}) for fact in enumerate(shape)]
    return tuple(rectangles(believed, _spells))


def _spells(entry: Journey, told: Iterable[Fact]) -> Seen:
    journey = entry.left_off()
    resumed = list(journey.running)
    for fact in told:
        journey.take(fact)
    new = [spell for spells in journey.spells.values() for spell in spells]
    seen = [
        (
            (
                s.kind,
                day_number(s.start),
                FOREVER if s.stop is None else day_number(s.stop),
                s.opened.position,
                None if s.closed is None else s.closed.position,
            ),
            s.closed is not None,
        )
        for s in (*resumed, *new)
    ]
    settled = {item for item, is_closed in seen if is_closed}
    return Seen(settled, {item for item, is_closed in seen if not is_closed}, journey.left_off())


def add_attributes(runner: Runner) -> None:
    """Adds the attributes of the persons in each `odd_<table>`."""
    births = bool(runner.rows("SELECT 1 FROM odd_person LIMIT 1"))
    for table, columns in ATTRIBUTES.items():
        runner.make_folded(
            "folded",
            DERIVED[table],
            " UNION ALL ".join(_odd_facts(table, births=births)),
            1,
            partial(_attribute_rows, tuple(columns)),
        )
        runner.add(table, f"SELECT {', '.join(DERIVED[table])} FROM folded")
        runner.drop("folded")
        runner.drop(f"odd_{table}")


# A place may hang on the enrolments; and on everything, where a birth may come too late.
_NEEDED: Final[Mapping[str, Sequence[str]]] = {
    "background": ("registration",),
    "whereabouts": ("registration", "referral", "enrolment"),
    "statuses": ("status",),
}


def _odd_facts(table: str, *, births: bool) -> Iterator[str]:
    """Queries of what decides on the attributes of the persons in `odd_<table>`."""
    for family in FAMILIES:
        if family in _NEEDED[table]:
            among = f"odd_{table}"
        elif births and table != "statuses":
            among = "odd_person"
        else:
            continue
        own = ", ".join(column_of(family, name) for name in _FIELDS)
        fields = ", ".join(f"m.{name}" for name in _FIELDS)
        yield (
            "SELECT m.pid, f.ord, m.position, m.topic, m.day, f.known_from, f.known_to, "
            f"{fields} FROM (SELECT pid, position, topic, day, {own} FROM log_{family}) m "
            f"JOIN {among} o ON o.pid = m.pid "
            f"JOIN fact f ON f.family = {FAMILY_NUMBERS[family]} "
            "AND f.pid = m.pid AND f.position = m.position "
            "WHERE m.topic NOT IN ('voided', 'withdrawn')"
        )


def _attribute_rows(columns: Sequence[str], group: Group) -> Iterator[tuple[Any, ...]]:
    pid = group[0][0]
    one = alike((row[1:] for row in group), _FIELDS)
    names = tuple(_BIRTH[name][0] if name in _BIRTH else name for name in columns)
    found = _remembered(_attribute_rectangles, one.shape)(names, one.shape)
    for (first, until, *values), known_from, known_to in found:
        told = (_word(one, name, value) for name, value in zip(columns, values, strict=True))
        known = one.moment(known_from), one.moment(known_to)
        yield pid, one.day(first), one.day(until), *told, *known


def _word(one: Alike, column: str, value: Any) -> Any:
    """What stands in a column where a shape has a number, or a day, for it."""
    if value is None:
        return None
    if column in _BIRTH:
        return _BIRTH[column][1](as_day(one.day(day_number(value))))
    return one.words[column][value]


@lru_cache(maxsize=_KEPT)
def _attribute_rectangles(names: Sequence[str], shape: Shape) -> Sequence[Rectangle]:
    believed = [_believed(*fact, _FIELDS, {}) for fact in enumerate(shape)]
    return tuple(rectangles(believed, partial(_timeline, names)))


def _timeline(names: Sequence[str], entry: Journey, told: Iterable[Fact]) -> Seen:
    """The days between which the attributes held: from, to, and each one's value."""
    journey = entry.left_off()
    set_before = [fact.event.occurred_on for name in names for fact in journey.facts_of(name)]
    for fact in told:
        journey.take(fact)
    days = {fact.event.occurred_on for name in names for fact in journey.facts_of(name)}
    since = sorted(day for day in days if day >= max(set_before, default=date.min))
    held = [
        (
            day_number(day),
            day_number(since[index + 1]) if index + 1 < len(since) else FOREVER,
            *(journey.attribute(name, day) for name in names),
        )
        for index, day in enumerate(since)
    ]
    return Seen(set(held[:-1]), set(held[-1:]), journey.left_off())


# How a birth date is kept: as a day, and apart, so that an age is whole-number arithmetic.
_BIRTH: Final[dict[str, tuple[str, Callable[[date], int]]]] = {
    "born": ("birth_date", day_number),
    "born_year": ("birth_date", attrgetter("year")),
    "born_month_day": ("birth_date", month_day),
}


def _believed(
    place: int, told: Sequence[Any], names: Sequence[str], key: Mapping[str, str]
) -> Believed:
    """A fact of a shape as one of the domain, at its place in it.

    It replaces nothing, for what it replaced is not believed beside it.
    """
    topic, day, known_from, known_to, *numbers = told
    fields = dict(_EMPTY[topic]) | {name: word for name, word in key.items() if name}
    for index, number in numbers:
        name = "birth_date" if names[index] == "born" else names[index]
        if number is not None and name in fields:
            fields[name] = as_day(number) if name in _AS_DATES else number
    fields["event_id"] = str(place)
    fields["occurred_on"] = as_day(day)
    event: Event = EVENT_TYPES[topic].model_construct(None, **fields)
    return Fact(event, place), place, known_from, known_to
