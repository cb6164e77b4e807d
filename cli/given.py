"""Options whose values stand as they are given.

Typer reads every value through pydantic, those too that were never given; loading that took a
third of a command's start. A text, a default and the name of a choice need no such reading.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from typer.core import TyperOption


class AsGiven(TyperOption):
    """An option that leaves to Typer only what is neither its default nor one of its choices."""

    def process_value(self, ctx: Any, value: Any) -> Any:
        if self.required or (self.callback is not None and value):
            return super().process_value(ctx, value)
        if value is None:
            return () if self.multiple else None
        if isinstance(self.default, Enum):
            choices: dict[Any, Enum] = {one.value: one for one in type(self.default)}
            value = choices.get(value, value)
        if type(value) is type(self.default) and (isinstance(value, Enum) or value == self.default):
            return value
        return super().process_value(ctx, value)


class Text(AsGiven):
    """An option of a text or, where it may be given several times, of texts."""

    def process_value(self, ctx: Any, value: Any) -> Any:
        texts = value if self.multiple and isinstance(value, list | tuple) else [value]
        if self.required or self.callback is not None or not all(isinstance(t, str) for t in texts):
            return super().process_value(ctx, value)
        return list(texts) if self.multiple else value


def as_given(parameters: list[Any], texts: frozenset[str] = frozenset()) -> list[Any]:
    """Parameters of a command as Typer made them, its options now of these; `texts` by name.

    Typer makes them of a class of its own and has no place to name another.
    """
    for parameter in parameters:
        if type(parameter) is TyperOption:
            parameter.__class__ = Text if parameter.name in texts else AsGiven
    return parameters
