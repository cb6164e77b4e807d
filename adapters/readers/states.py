"""Events' states as JSON: one by one, or of many of a type at once, to the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat
from typing import Any, Final

import orjson

from domain.columns import Batch
from domain.events import Event, to_state

_MOST: Final = 10_000  # values of a field that are remembered


def state_of(event: Event) -> bytes | None:
    """An event's state; None where a note is to be sealed, or a participant's id looked up."""
    if event.note is not None or "same_as" in event.__dict__:
        return None
    return orjson.dumps(to_state(event))


class States:
    """Writes the states of whole batches.

    A state is put together from pieces of JSON, one for each field, which are remembered: most
    fields have few values. What the pieces come to is what `state_of` says.
    """

    def __init__(self) -> None:
        self._pieces: dict[str, _Pieces] = {}

    def of(self, batch: Batch) -> list[bytes]:
        """The states of a batch's events, none of which has a note."""
        columns: list[Sequence[str]] = []
        between = [f'{{"v":{batch.cls.VERSION}']
        for name, values in batch.columns.items():
            if name in batch.texts:
                between[-1] += f',"{name}":"'
                columns.append(batch.texts[name])
                between.append('"')
            elif any(values) or values.count(None) < len(values):
                if name != "stamped" or values[0]:
                    columns.append(self._written(name, values))
                    between.append("")
        between[-1] += "}"
        return [state.encode() for state in map("".join, zip(*_woven(between, columns)))]

    def _written(self, name: str, values: Sequence[Any]) -> list[str]:
        pieces = self._pieces.setdefault(name, _Pieces(name))
        if len(pieces) > _MOST:
            pieces.clear()
        return list(map(pieces.__getitem__, values))


class _Pieces(dict[Any, str]):
    """What a field adds to a state, by its value."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def __missing__(self, value: Any) -> str:
        piece = "" if value is None else f',"{self._name}":{orjson.dumps(value).decode()}'
        self[value] = piece
        return piece


def _woven(between: Sequence[str], columns: Sequence[Sequence[str]]) -> list[Any]:
    """Columns with what stands before, between and after them; what is empty left out."""
    woven: list[Any] = []
    for text, column in zip(between, [*columns, None], strict=True):
        woven += [repeat(text)] if text else []
        woven += [] if column is None else [column]
    return woven
