"""What the log keeps of many events of a type: the same bytes as of each alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import repeat
from typing import Any, Final

import orjson

from adapters.event_store import Entry
from domain.calendar import to_microseconds
from domain.columns import Batch
from domain.standing import ABOUT, ABOUT_A_DAY

_MOST: Final = 10_000  # values of a field that are remembered


class Entries:
    """Makes the entries of whole batches.

    A state is put together from pieces of JSON, one for each field, which are remembered: most
    fields have few values.
    """

    def __init__(self) -> None:
        self._pieces: dict[str, _Pieces] = {}
        self._days = _Days()

    def of(self, batch: Batch) -> Iterable[Entry]:
        """The entries of a batch's events, none of which has a note, as `as_entry` gives each."""
        columns = batch.columns
        return zip(
            repeat(batch.cls.TOPIC, len(batch.participants)),
            self._states(batch),
            map(self._days.__getitem__, columns["occurred_on"]),
            map(to_microseconds, columns["recorded_at"]),
            columns["source"],
            columns["event_id"],
            strict=True,
        )

    def about(self, batch: Batch) -> Iterable[str | None]:
        """What each event is about, a day as ISO text."""
        name = ABOUT.get(batch.cls)
        if name is None:
            return repeat(None, len(batch.participants))
        column = batch.columns[name]
        return map(self._days.of, column) if batch.cls in ABOUT_A_DAY else column

    def _states(self, batch: Batch) -> Iterable[bytes]:
        columns: list[Sequence[str]] = []
        between = [f'{{"v":{batch.cls.VERSION}']
        for name, values in batch.columns.items():
            if name in batch.texts:
                between[-1] += f',"{name}":"'
                columns.append(batch.texts[name])
                between.append('"')
            elif values.count(None) < len(values) and (name != "stamped" or values[0]):
                columns.append(self._written(name, values))
                between.append("")
        between[-1] += "}"
        woven = zip(*_woven(between, columns), strict=False)  # what stands between has no end
        return map(str.encode, map("".join, woven))

    def _written(self, name: str, values: Sequence[Any]) -> list[str]:
        pieces = self._pieces.setdefault(name, _Pieces(name))
        if len(pieces) > _MOST:
            pieces.clear()
        return list(map(pieces.__getitem__, values))


class _Days(dict[date, str]):
    """Days as ISO text, each written out once."""

    def __missing__(self, day: date) -> str:
        text = self[day] = day.isoformat()
        return text

    def of(self, day: date | None) -> str | None:
        return None if day is None else self[day]


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
