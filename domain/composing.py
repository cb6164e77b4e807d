"""Events put together straight from cells that are right, as nearly all are.

The validators are the ones on the models in `domain.events`, called directly, one field after the
other; what any of them refuses goes to pydantic, which finds all that is wrong and says it. So
there is one definition of what is right, and two ways to apply it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import AfterValidator, BeforeValidator

from domain.codes import Profile
from domain.events import CodeOf, Event, read_day, read_text

Convert = Callable[[Any], Any]
_MOST_DAYS: Final = 100_000
_days: dict[str, date] = {}


class Composer:
    """Puts together events of one type for one profile."""

    def __init__(self, cls: type[Event], profile: Profile) -> None:
        self._cls = cls
        self._blank: dict[str, Any] = dict.fromkeys(cls.model_fields)
        self._blank["stamped"] = False
        self._required = frozenset(
            name
            for name, field in cls.model_fields.items()
            if field.is_required() and name != "recorded_at"
        )
        self._judged_when_absent = [
            name for name, field in cls.model_fields.items() if field.validate_default
        ]
        self._converts = {
            name: convert
            for name, field in cls.model_fields.items()
            if (convert := _convert(_steps(field.annotation, field.metadata), profile))
        }

    def compose(self, filled: Mapping[str, Any], handed_in_at: datetime) -> Event | None:
        """The event of some filled cells; None where pydantic must look at them.

        Without a `recorded_at` it is stamped with the time at which the row was handed in.
        """
        fields = self._blank.copy()
        if "recorded_at" not in filled:
            fields["recorded_at"], fields["stamped"] = handed_in_at, True
        converts = self._converts
        try:
            for name, value in filled.items():
                fields[name] = converts[name](value)
        except (KeyError, ValueError):
            return None
        if not filled.keys() >= self._required:
            return None
        if any(name not in filled for name in self._judged_when_absent):
            return None
        event = self._cls.__new__(self._cls)
        set_ = object.__setattr__
        set_(event, "__dict__", fields)
        set_(event, "__pydantic_fields_set__", set(filled))
        set_(event, "__pydantic_extra__", None)
        set_(event, "__pydantic_private__", None)
        return event


_made: dict[tuple[int, type[Event]], tuple[Profile, Composer]] = {}


def compose(
    cls: type[Event], filled: Mapping[str, Any], profile: Profile, handed_in_at: datetime
) -> Event | None:
    """An event of a type; see `Composer.compose`. Composers are made once for each profile."""
    made = _made.get((id(profile), cls))
    if made is None or made[0] is not profile:
        made = _made[id(profile), cls] = (profile, Composer(cls, profile))
    return made[1].compose(filled, handed_in_at)


def _steps(annotation: Any, metadata: list[Any]) -> list[Any]:
    """The validators of a field, in the order in which pydantic runs them; optional or not."""
    if get_origin(annotation) in (Union, UnionType):
        (annotation,) = (one for one in get_args(annotation) if one is not type(None))
    if get_origin(annotation) is Annotated:
        annotation, *metadata = get_args(annotation)
    return metadata


def _convert(steps: list[Any], profile: Profile) -> Convert | None:
    """One function for a field's validators; None where one of them looks at other fields."""
    before: list[Any] = [step.func for step in steps if isinstance(step, BeforeValidator)]
    after: list[Any] = [step.func for step in steps if isinstance(step, AfterValidator)]
    if len(before) != 1 or len(before) + len(after) != len(steps):
        return None
    swift: dict[Any, Convert] = {read_day: _day, read_text: _text}
    read = swift.get(before[0], before[0])
    checks: list[Convert] = []
    for check in after:
        if isinstance(check, CodeOf):
            return _code(frozenset(profile.lists.get(check.list_name, ())))
        if getattr(check, "__code__", None) is None or check.__code__.co_argcount != 1:
            return None
        checks.append(check)
    return _checked(read, checks) if checks else read


def _day(found: Any) -> date:
    known = _days.get(found) if type(found) is str else None
    if known is None:
        known = read_day(found)
        if type(found) is str and len(_days) < _MOST_DAYS:
            _days[found] = known
    return known


def _text(found: Any) -> str:
    if type(found) is str and found.isascii() and "\x00" not in found:
        return found
    return read_text(found)


def _code(codes: frozenset[str]) -> Convert:
    def convert(found: Any) -> Any:
        if type(found) is str and found in codes:
            return found
        raise ValueError("pydantic says what would be right")

    return convert


def _checked(read: Convert, checks: list[Convert]) -> Convert:
    def convert(found: Any) -> Any:
        found = read(found)
        for check in checks:
            found = check(found)
        return found

    return convert
