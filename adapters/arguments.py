"""A figure's arguments as a program gives them: as values, or as the text of the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from os import PathLike
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar, get_args

from adapters.answers import Asked
from adapters.errors import WrongUseError
from adapters.places import read_places
from domain.calendar import OSLO, Length, Period, parse_day, parse_known_at
from projections.question import Figure, Place, QuestionError, Value, read_value

T = TypeVar("T")
Day: TypeAlias = date | str
Values: TypeAlias = Value | Sequence[Value]
FIGURES: Final = get_args(Figure)


def read_asked(figure: Figure, places: tuple[Place, ...], given: Mapping[str, Any]) -> Asked:
    """What a program asks for; WrongUseError where an argument cannot be meant.

    `start` and `end` are a period's first and last day; `places` those of the profile, where
    none are given.
    """
    if figure not in FIGURES:
        raise WrongUseError(f"there is no figure {figure!r}; one of {', '.join(FIGURES)}")
    if unknown := sorted(set(given) - set(_READERS) - {"start", "end"}):
        raise WrongUseError(
            f"a figure has no argument {unknown[0]!r}; they are {', '.join(sorted(_READERS))}"
        )
    told = {name: _READERS[name](value) for name, value in given.items() if name in _READERS}
    told["period"] = _period(given.get("start"), given.get("end"))
    return Asked(figure, **{"places": places, **told})


def read_day(day: Day | None) -> date | None:
    """A day; of an instant nobody can know whose day is meant, so it is refused."""
    if isinstance(day, str):
        return parse_day(day)
    if isinstance(day, datetime) or not (day is None or isinstance(day, date)):
        raise WrongUseError(f"{day!r} is no day; give a date, or text as 2003-12-31")
    return day


def read_known_at(moment: datetime | Day | None) -> datetime | None:
    """A knowledge time; without an offset it is Oslo's, and a bare date is the end of that day."""
    if isinstance(moment, datetime):
        return moment if moment.tzinfo else moment.replace(tzinfo=OSLO, fold=0)
    if moment is None:
        return None
    return parse_known_at(moment if isinstance(moment, str) else moment.isoformat())


def parse_ages(text: str) -> tuple[int, int | None]:
    """A span of ages as 18-30, 18- or 18; both ends are included."""
    lowest, dash, highest = text.partition("-")
    if not lowest.isdecimal() or (highest and not highest.isdecimal()):
        raise ValueError("no span of ages; write it as 18-30")
    if not dash:
        return int(lowest), int(lowest)
    return int(lowest), int(highest) if highest else None


def parse_share(text: str) -> float:
    """A share as 0.55, 55% or 55."""
    try:
        number = float(text.removesuffix("%"))
    except ValueError:
        raise ValueError("no share; write it as 55% or 0.55") from None
    if not 0 <= number <= 100:
        raise ValueError("no share; it lies between 0 and 100%")
    return number / 100 if text.endswith("%") or number > 1 else number


def _period(start: Day | None, end: Day | None) -> Period | None:
    first, last = read_day(start), read_day(end)
    if first is None and last is None:
        return None
    if first is None or last is None:
        raise WrongUseError("a period needs both start and end")
    return Period.closed(first, last)


def _position(number: Any) -> int | None:
    if number is not None and (isinstance(number, bool) or not isinstance(number, int)):
        raise WrongUseError(f"{number!r} is no position; give a whole number")
    return number


def _each(given: Any, read: Callable[[Any], T]) -> tuple[T, ...]:
    """The parts of a list, or of text with commas between them."""
    return tuple(map(read, given.split(",") if isinstance(given, str) else given))


def _names(given: str | Sequence[str]) -> tuple[str, ...]:
    names = (given,) if isinstance(given, str) else given
    return tuple(part for name in names for part in name.split(","))


def _where(given: Mapping[str, Values] | None) -> dict[str, tuple[Value, ...]]:
    return {name: _values(name, values) for name, values in (given or {}).items()}


def _values(name: str, values: Values) -> tuple[Value, ...]:
    if values is None or isinstance(values, str | bool) or not isinstance(values, Iterable):
        return (_value(name, values),)
    return tuple(_value(name, value) for value in values)


def _value(name: str, value: Any) -> Value:
    if isinstance(value, str):
        return read_value(name, value)
    if not (value is None or isinstance(value, bool)):
        raise QuestionError(f"{name} is filtered by text, True, False or None, not {value!r}")
    return value


def _length(given: str | Length) -> Length:
    return Length.parse(given) if isinstance(given, str) else given


def _target(given: str | float | None) -> float | None:
    return parse_share(given) if isinstance(given, str) else given


def _ages(given: Any) -> tuple[int, int | None] | None:
    return parse_ages(given) if isinstance(given, str) else given


def _places(given: str | PathLike[str] | Sequence[Place]) -> tuple[Place, ...]:
    return read_places(Path(given)) if isinstance(given, str | PathLike) else tuple(given)


def _as_it_is(given: Any) -> Any:
    return given


_READERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "at": read_day,
    "known_at": read_known_at,
    "position": _position,
    "of": _as_it_is,
    "programme": _as_it_is,
    "by": _names,
    "where": _where,
    "every": _as_it_is,
    "window": _length,
    "horizons": lambda given: _each(given, _length),
    "targets": lambda given: _each(given, _target),
    "curve": bool,
    "ages": _ages,
    "places": _places,
}
