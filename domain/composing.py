"""Events put together straight from cells that are right, as nearly all are.

The validators are the ones on the models in `domain.events`, called directly, one field after the
other; what any of them refuses goes to pydantic, which finds all that is wrong and says it. So
there is one definition of what is right, and two ways to apply it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from operator import call, itemgetter, not_
from types import UnionType
from typing import Annotated, Any, Final, NamedTuple, Union, get_args, get_origin

from pydantic import AfterValidator, BeforeValidator

from domain.codes import Profile
from domain.events import EVENT_TYPES, CodeOf, Event, Key, read_instant, read_text

Convert = Callable[[Any], Any]
_MOST: Final = 10_000  # texts of a column that are remembered
_OWN: Final = frozenset({"event_id", "recorded_at", "replaces", "placement", "note", "same_as"})
"""Columns in which most rows have a text of their own: nothing to remember."""


class Record(NamedTuple):
    """A row that reads: whose event it is, and the event."""

    participant: str
    event: Event


class Composer:
    """Puts together events of one type for one profile.

    `columns` are those that the type uses, in the order in which `compose` takes their cells.
    """

    def __init__(self, cls: type[Event], profile: Profile | None) -> None:
        self.cls = cls
        self.names = ("participant", *cls.model_fields)
        # Whether an event is stamped can be told from the cell of the recording time.
        self.columns = tuple("recorded_at" if n == "stamped" else n for n in self.names)
        self._converts = [_participant, *(_column(cls, n, profile) for n in cls.model_fields)]
        self._reader_of = dict(zip(self.names, self._converts, strict=True))
        self._between = [
            (name, check) for name in cls.model_fields for check in _between(cls, name)
        ]
        self.fields_set = set(cls.model_fields)
        self.links = "same_as" in self.fields_set

    def compose(
        self, cells: Sequence[Any], filled: int, handed_in_at: datetime, latest_at: datetime
    ) -> Record | None:
        """The event of some cells, None or empty where there is nothing; None: ask pydantic.

        `filled` is how many cells of the whole row are filled: more than the type uses is too many.
        Without a `recorded_at` it is stamped with the time at which the row was handed in;
        `latest_at` is the last one that is not to come.
        """
        try:
            fields = dict(zip(self.names, map(call, self._converts, cells), strict=True))
            self.check_between(fields)
        except (ValueError, TypeError):
            return None
        stamped = fields["stamped"]
        # The cell of the recording time was counted twice, that of the type not at all.
        if filled != len(cells) - cells.count("") - cells.count(None) + stamped:
            return None
        if stamped:
            fields["recorded_at"] = handed_in_at
        elif fields["recorded_at"] > latest_at:
            return None
        participant = fields.pop("participant")
        if fields["replaces"] == fields["event_id"]:
            return None
        if self.links and fields["same_as"] == participant:
            return None
        return Record(participant, self.event(fields))

    @property
    def looks_between(self) -> bool:
        """Whether some fields are right or wrong only beside others."""
        return bool(self._between)

    def check_between(self, fields: Mapping[str, Any]) -> None:
        """Checks fields that each read against each other; it raises ValueError."""
        for name, check in self._between:
            if fields[name] is not None:
                check(fields[name], _Beside(fields))

    def reader_of(self, name: str) -> Convert:
        """The reader of one field's cell; it raises ValueError or TypeError."""
        return self._reader_of[name]

    def event(self, fields: dict[str, Any]) -> Event:
        """An event of fields that are right: all of them, in the order of the model's."""
        event = self.cls.__new__(self.cls)
        set_ = object.__setattr__
        set_(event, "__dict__", fields)
        set_(event, "__pydantic_fields_set__", self.fields_set)
        set_(event, "__pydantic_extra__", None)
        set_(event, "__pydantic_private__", None)
        return event


class Header:
    """Composes the rows of a table, whose cells are text and stand in the order of one header."""

    def __init__(self, names: Sequence[str], profile: Profile) -> None:
        places = {name: place for place, name in enumerate(names)}
        self._type_at = places["type"]
        self._odd = [places[name] for name in ("note", "replaces") if name in places]
        self._lacks = False
        self._composers: dict[str, tuple[Composer, Callable[[Sequence[str]], Any]]] = {}
        for topic, composer in composers(profile).items():
            columns = [places.get(name, len(names)) for name in composer.columns]
            self._lacks |= len(names) in columns
            self._composers[topic] = composer, itemgetter(*columns)

    def compose(
        self, cells: Sequence[str], handed_in_at: datetime, latest_at: datetime
    ) -> Record | None:
        """The event of a row; None where `domain.record.read_record` must look at it."""
        found = self._composers.get(cells[self._type_at])
        if found is None:
            return None
        composer, pick = found
        filled = len(cells) - cells.count("")
        picked = pick([*cells, ""] if self._lacks else cells)
        return composer.compose(picked, filled, handed_in_at, latest_at)

    def by_type(
        self, rows: Sequence[Sequence[str]]
    ) -> Iterator[tuple[Composer, list[int], list[Sequence[str]]]]:
        """The rows of each type that is one: their places among all, and the cells it uses.

        Rows with a note, or that replace an event, are left out.
        """
        odd = {place for column in self._odd for place, row in enumerate(rows) if row[column]}
        places: dict[str, list[int]] = {}
        for place, row in enumerate(rows):
            if place not in odd:
                places.setdefault(row[self._type_at], []).append(place)
        for topic, own in places.items():
            if (found := self._composers.get(topic)) is not None:
                composer, pick = found
                cells = [rows[place] for place in own]
                if self._lacks:
                    cells = [[*row, ""] for row in cells]
                yield composer, own, list(map(pick, cells))


_made: dict[int, tuple[Profile | None, dict[str, Composer]]] = {}


def composers(profile: Profile | None) -> Mapping[str, Composer]:
    """The composers of every type, made once for each profile; with none, any code is right."""
    made = _made.get(id(profile))
    if made is None or made[0] is not profile:
        new = {topic: Composer(cls, profile) for topic, cls in EVENT_TYPES.items()}
        made = _made[id(profile)] = (profile, new)
    return made[1]


class _Remembered(dict[Any, Any]):
    """What a column's texts read as. Its `__getitem__` is a reader that asks only once."""

    def __init__(self, read: Convert, known: Mapping[Any, Any], most: int) -> None:
        super().__init__(known)
        self._read, self._known, self._most = read, known, most

    def __missing__(self, found: Any) -> Any:
        read = self._read(found)
        if self._most and type(found) is str:
            if len(self) >= self._most:
                self.clear()
                self.update(self._known)
            self[found] = read
        return read


def _column(cls: type[Event], name: str, profile: Profile | None) -> Convert:
    """The reader of one column of a type; it raises ValueError where pydantic must look."""
    if name == "stamped":
        return not_
    field = cls.model_fields[name]
    optional = not field.is_required() or name == "recorded_at"
    read = _reader(_steps(field.annotation, field.metadata), profile)
    if field.validate_default:
        read, optional = _refuse, False
    if name in _OWN and not optional:
        return read
    most = 0 if name in _OWN else _MOST
    return _Remembered(read, {None: None, "": None} if optional else {}, most).__getitem__


class _Beside(NamedTuple):
    """What a validator that looks at other fields is given: all that pydantic's tells it here."""

    data: Mapping[str, Any]


def _between(cls: type[Event], name: str) -> list[Callable[[Any, Any], Any]]:
    """The checks of a field that look at others; where it has a default that is looked at, pydantic
    must."""
    field = cls.model_fields[name]
    steps = [] if field.validate_default else _steps(field.annotation, field.metadata)
    checks: list[Any] = [step.func for step in steps if isinstance(step, AfterValidator)]
    return [check for check in checks if _arguments(check) == 2]


def _arguments(check: Any) -> int | None:
    code = getattr(check, "__code__", None)
    return None if code is None else int(code.co_argcount)


def _steps(annotation: Any, metadata: list[Any]) -> list[Any]:
    """The validators of a field, in the order in which pydantic runs them; optional or not."""
    if get_origin(annotation) in (Union, UnionType):
        (annotation,) = (one for one in get_args(annotation) if one is not type(None))
    if get_origin(annotation) is Annotated:
        annotation, *metadata = get_args(annotation)
    return metadata


def _reader(steps: list[Any], profile: Profile | None) -> Convert:
    """One function for a field's validators but those that look at other fields: `_between`."""
    before: list[Any] = [step.func for step in steps if isinstance(step, BeforeValidator)]
    after: list[Any] = [step.func for step in steps if isinstance(step, AfterValidator)]
    if len(before) != 1 or len(before) + len(after) != len(steps):
        return _refuse
    checks: list[Convert] = []
    for check in after:
        if isinstance(check, CodeOf):
            if profile is not None:
                checks.append(_code(frozenset(profile.lists.get(check.list_name, ()))))
        elif _arguments(check) == 1:
            checks.append(check)
        elif _arguments(check) != 2:
            return _refuse
    read = _SWIFT.get(before[0], before[0])
    return _checked(read, checks) if checks else read


def _refuse(_: Any) -> Any:
    raise ValueError("pydantic looks at this")


def _text(found: Any) -> str:
    if type(found) is str and found.isascii() and "\x00" not in found and found:
        return found
    if found == "":
        raise ValueError("an empty cell is no text")
    return read_text(found)


def _instant(found: Any) -> datetime:
    """What `isoformat` gives again as it was is written as it should be."""
    if type(found) is str:
        try:
            read = datetime.fromisoformat(found)
        except ValueError:
            return read_instant(found)
        if read.tzinfo is UTC and read.isoformat() == found:
            return read
    return read_instant(found)


def _code(codes: frozenset[str]) -> Convert:
    return lambda found: found if found in codes else _refuse(found)


def _checked(read: Convert, checks: list[Convert]) -> Convert:
    def convert(found: Any) -> Any:
        found = read(found)
        for check in checks:
            found = check(found)
        return found

    return convert


_SWIFT: Final[Mapping[Any, Convert]] = {read_text: _text, read_instant: _instant}
_participant: Final = _reader(_steps(None, list(get_args(Key)[1:])), None)
