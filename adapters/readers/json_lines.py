"""JSON Lines: one object a line, keys named as the columns; null is the same as absent."""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from adapters.readers.delimited import LONGEST_LINE, LineReader
from adapters.readers.rows import RawRow
from domain.record import Problem


def read_rows(lines: LineReader) -> Iterator[RawRow]:
    """The objects of a file; lines with nothing on them are passed over."""
    while (numbered := lines.read()) is not None:
        line, raw = numbered
        if raw.strip():
            yield _row(line, raw)


def _row(line: int, raw: bytes) -> RawRow:
    if len(raw) > LONGEST_LINE:
        return _broken(line, raw, f"longer than {LONGEST_LINE} bytes; a row is one event")
    try:
        found = orjson.loads(raw.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        return _broken(line, raw, f"does not read as JSON: {error}")
    if not isinstance(found, dict):
        return _broken(line, raw, "not a JSON object; write one object a line")
    row = RawRow(line, raw, {})
    for name, value in found.items():
        if isinstance(value, dict | list):
            shown = orjson.dumps(value).decode()
            row.problems.append(Problem(name, shown, "holds several values; give one"))
        else:
            row.cells[name] = value
    return row


def _broken(line: int, raw: bytes, why: str) -> RawRow:
    return RawRow(line, raw, {}, [Problem("", None, why)])
