"""What an append did: how many rows became what, and what is to be told of the others."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import TypeAlias

TroubleKey: TypeAlias = tuple[str, int]  # the delivery, and which of its troubles


@dataclass(slots=True)
class Counts:
    """What became of rows. `read` is the sum of appended, duplicates, held and rejected."""

    read: int = 0
    appended: int = 0
    duplicates: int = 0
    held: int = 0
    rejected: int = 0
    resolved: int = 0

    def __iadd__(self, other: Counts) -> Counts:
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))
        return self


@dataclass(frozen=True, slots=True)
class Trouble:
    """A row that was held or rejected, for the person who handed it in."""

    file: str
    line: int
    outcome: str
    why: str

    def __str__(self) -> str:
        """Where it was, what became of it, and why; a record of a document has no line (0)."""
        where = f"{self.file}, line {self.line}" if self.line else self.file
        return f"{where}: {self.outcome}: {self.why}"


@dataclass(slots=True)
class Summary:
    """What one append did, and the last position after it."""

    counts: Counts = field(default_factory=Counts)
    position: int = 0
    troubles: dict[TroubleKey, Trouble] = field(default_factory=dict)

    def add(self, later: Summary) -> None:
        """Takes in what a later file of the same command came to."""
        self.counts += later.counts
        self.position = later.position
        self.troubles |= later.troubles

    def as_json(self) -> dict[str, int]:
        return {**asdict(self.counts), "position": self.position}
