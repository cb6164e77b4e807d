"""The chained tables beside the log: batches, erasures and accesses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Table

from adapters.chain import row_hash
from adapters.log import NO_HASH
from adapters.verification.findings import Finding, raw_rows

Batch = dict[str, Any]


def rows_of(connection: Connection, table: Table) -> Iterator[dict[str, Any]]:
    names = [column.name for column in table.columns]
    statement = f"SELECT {', '.join(names)} FROM {table.name} ORDER BY id"
    for row in raw_rows(connection, statement):
        yield dict(zip(names, row, strict=True))


def chain_findings(connection: Connection, table: Table) -> Iterator[Finding]:
    """Whether a table's rows follow one another without a gap, each hash on the one before it."""
    before, last = NO_HASH, 0
    for row in rows_of(connection, table):
        if row["id"] != last + 1:
            yield Finding(table.name, row["id"], f"it follows row {last}: one is missing")
        try:
            follows = row_hash(before, row) == row["hash"]
        except (TypeError, ValueError):
            follows = False
        if not follows:
            what = "the hash does not follow: this row, or the one before it, was altered"
            yield Finding(table.name, row["id"], what)
        before = row["hash"] if isinstance(row["hash"], bytes) else NO_HASH
        last = row["id"]


def spans_of(batches: list[Batch]) -> dict[int, tuple[int, int]]:
    """Each batch's first and last position, of those that read."""
    return {
        batch["id"]: (batch["first_position"], batch["last_position"])
        for batch in batches
        if isinstance(batch["first_position"], int) and isinstance(batch["last_position"], int)
    }


def batch_findings(
    batches: list[Batch], hashes: Mapping[int, bytes], position: int
) -> Iterator[Finding]:
    """Whether what the batches say of the log is so; `position` is where the log ends."""
    covered = 0
    for batch in batches:
        try:
            wrong = list(_wrong_with(batch, hashes, position, covered))
            covered = batch["last_position"]
        except TypeError:
            wrong = ["the row does not read"]
        yield from (Finding("batches", batch["id"], what) for what in wrong)


def _wrong_with(
    batch: Batch, hashes: Mapping[int, bytes], position: int, covered: int
) -> Iterator[str]:
    first, last = batch["first_position"], batch["last_position"]
    if first <= covered:
        yield f"it begins at position {first}, inside the batch before it"
    if batch["appended"] + batch["resolved"] != last - first + 1:
        counted = batch["appended"] + batch["resolved"]
        yield f"it counts {counted} events and spans {last - first + 1} positions"
    outcomes = sum(batch[name] for name in ("appended", "duplicates", "held", "rejected"))
    if outcomes != batch["read"]:
        yield f"it read {batch['read']} rows and says what became of {outcomes}"
    if last > position:
        yield f"it goes on to position {last}; the log ends at {position}: its tail was cut off"
    elif hashes.get(last) != batch["head"]:
        yield f"its head is not the hash at position {last}"
