"""A TOML file that is checked as it is read: what is wrong in it is named by file and line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from adapters.errors import WrongUseError


class BadFileError(WrongUseError):
    """A file of settings with something wrong in it; `problems` has a line for each."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class TomlFile:
    """One file, its values, and the lines where they stand.

    Problems are collected with `wrong`, and `finish` raises BadFileError if there are any.
    """

    def __init__(self, path: Traversable | Path) -> None:
        self.name = str(path)
        self.problems: list[str] = []
        try:
            self.text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BadFileError([f"{self.name}: cannot be read: {unreadable(error)}"]) from None
        try:
            self.values: dict[str, Any] = tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            found = re.search(r"\(at line (\d+), column \d+\)", str(error))
            line = found[1] if found else len(self.text.splitlines())
            said = re.sub(r" \(at .*\)", "", str(error))
            raise BadFileError([f"{self.name}, line {line}: {said}"]) from None

    def wrong(self, message: str, table: str = "", number: int = 0, key: str = "") -> None:
        """Notes a problem at a key of the `number`th table (from 0) of a name; "" is the top."""
        self.problems.append(f"{self.name}, line {self.line_of(table, number, key)}: {message}")

    def finish(self) -> None:
        if self.problems:
            raise BadFileError(self.problems)

    def line_of(self, table: str = "", number: int = 0, key: str = "") -> int:
        """Where a key stands; where it is missing, its table's header; of the top, line 1."""
        seen, inside, header = -1, table == "", 1
        for line, text in enumerate(self.text.splitlines(), start=1):
            found = re.match(r"\s*\[\[?\s*([^\]]+?)\s*\]", text)
            if found is not None:
                seen += found[1] == table
                inside = found[1] == table and seen == number
                header = line if inside else header
            elif inside and key and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", text):
                return line
        return header

    def check_keys(
        self, found: Mapping[str, Any], known: Iterable[str], table: str = "", number: int = 0
    ) -> None:
        """Notes every key that is not among those known."""
        allowed = sorted(known)
        for key in found:
            if key not in allowed:
                message = f"there is no key {key!r} here; there are {', '.join(allowed)}"
                self.wrong(message, table, number, key)

    def taken(
        self,
        found: Mapping[str, Any],
        key: str,
        is_right: Callable[[Any], bool],
        should: str,
        place: tuple[str, int] = ("", 0),
        default: Any = None,
    ) -> Any:
        """A key's value, or its default; noted as a problem where it is not what it should be."""
        value = found.get(key, default)
        if value is not default and not is_right(value):
            self.wrong(f"{key} should be {should}, not {value!r}", *place, key)
            return default
        return value


def unreadable(error: Exception) -> str:
    """Why a file of text cannot be read, in words."""
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start + 1} is not UTF-8"
    return getattr(error, "strerror", None) or str(error)


def is_text(value: Any) -> bool:
    return isinstance(value, str) and value.strip() == value != ""


def is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(is_text(one) for one in value)
