"""Parquet: typed columns under their codes, provenance in the file's metadata."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

from adapters.errors import WrongUseError
from adapters.tables.wording import Labels
from domain.codes import Language

MAGIC: Final = b"PAR1"
Structure = str | dict[str, Any] | list[Any]


def write(result: Mapping[str, Any], labels: Labels, language: Language) -> bytes:
    """The rows, one file column a column; `meta` and `total` as JSON under the key `forlop`.

    Whole numbers are BIGINT, others DOUBLE, `date` is DATE, a curve a list of structs, and a
    column without a value VARCHAR. A suppressed cell is null; `meta` lists which were.
    """
    del labels, language  # codes are what programs match on
    import duckdb  # noqa: PLC0415
    import orjson  # noqa: PLC0415

    rows: Sequence[Mapping[str, Any]] = result["rows"] or [result.get("total") or {}]
    names = list(dict.fromkeys(name for row in rows for name in row))
    if not names:
        raise ValueError("a result without a column cannot be a Parquet file")
    shape = {name: _structure([row.get(name) for row in rows]) for name in names}
    meta = {key: result["meta"][key] for key in sorted(result["meta"])}
    about = orjson.dumps({"meta": meta, "total": result.get("total")}).decode()
    rows_json = orjson.dumps([dict(row) for row in result["rows"]]).decode()
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        path = Path(folder) / "rows.parquet"
        connection.execute(
            "CREATE TABLE found AS SELECT unnest(from_json(?::JSON, ?)) AS row",
            [rows_json, orjson.dumps([shape]).decode()],
        )
        connection.execute(
            f"COPY (SELECT row.* FROM found) TO {_quoted(str(path))} "
            f"(FORMAT parquet, KV_METADATA {{forlop: {_quoted(about)}}})"
        )
        return path.read_bytes()


def about(content: bytes) -> dict[str, Any]:
    """The `meta` and `total` in a file's metadata; WrongUseError where it has none."""
    import duckdb  # noqa: PLC0415
    import orjson  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        path = Path(folder) / "rows.parquet"
        path.write_bytes(content)
        try:
            query = "SELECT value FROM parquet_kv_metadata(?) WHERE key = 'forlop'::BLOB"
            rows = connection.execute(query, [str(path)]).fetchall()
        except duckdb.Error:
            rows = []
    if not rows:
        raise WrongUseError("no Parquet file of this program: it has no meta")
    found: dict[str, Any] = orjson.loads(rows[0][0])
    return found


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _structure(values: Sequence[Any]) -> Structure:
    """The type that holds all of a column's values."""
    known = [value for value in values if value is not None]
    if any(isinstance(value, list) for value in known):
        return [_row_structure([row for value in known for row in value])]
    if known and all(isinstance(value, bool) for value in known):
        return "BOOLEAN"
    if known and all(isinstance(value, int) for value in known):
        return "BIGINT"
    if known and all(isinstance(value, int | float) for value in known):
        return "DOUBLE"
    return "DATE" if known and all(_is_date(value) for value in known) else "VARCHAR"


def _row_structure(rows: Sequence[Mapping[str, Any]]) -> Structure:
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: _structure([row.get(name) for row in rows]) for name in names} or "JSON"


def _is_date(value: Any) -> bool:
    if not isinstance(value, str) or len(value) != len("2003-12-31"):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True
