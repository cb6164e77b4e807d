"""What an adapter makes of a delivery: versions of what a source says, problems and warnings."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import orjson

from adapters.case_systems.keys import masked
from adapters.case_systems.whom import whom

Cells: TypeAlias = Mapping[str, str]
"""One event's columns as text: `participant`, `type`, `occurred_on` and those of its type. Never
`source`, `event_id` or `replaces`; `recorded_at` only where the source tells since when it knew."""

State: TypeAlias = Mapping[str, Cells]
"""What a source says holds of one subject: each fact under a slot. A slot is the source's own id
and what the fact is, as `bd3b6087/start`; it is the same for the same fact in every version."""

Standing = Literal["draft", "referred", "waiting", "under_way", "stopped", "never_started", "void"]
"""What a source claims of a participation, in one vocabulary for all of them."""


LEFT_OUT: Final = "left_out"
"""What a version says that no source sent: from when on another source holds for which stays."""

UNKNOWN_KIND: Final = "unknown_kind"
"""What a version says that was sent, of a kind that the adapter does not know: nothing follows."""

IMPLEMENTATION: Final = "implementation"
"""What a version says that is not of the subject, but of the implementation that it names."""

ASSESSMENT: Final = "assessment"
"""What a version says of a subject that another version must tell of first."""

BESIDE: Final = "beside"
"""What a version says that was known from elsewhere when it was read, and was not sent with it."""


ALWAYS: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Since when an implementation has the measure that it has: since it was made."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The status that a source gives. Figures derive theirs from dates; this is to compare with.

    `placement` is empty where the source has no name for the stay: the latest is meant.
    """

    placement: str
    status: str
    means: Standing | None


@dataclass(frozen=True, slots=True)
class Version:
    """One thing that a source said of one subject, at a time of its own.

    `subject` is what the source's versions are about: a participation, a case, a person's register.
    `order` puts them in the source's own sequence; equal ones stand as they arrived. `changed_at`
    is when the source knew it. Where `dated` is false the source does not tell, and it is the time
    of receipt. `says` is a JSON value that the adapter's `tell` understands. `private` tells that
    the subject is named by whose it is, and its slots by nothing of their own: ids of events then
    need another name for it. `implementation` is the implementation whose news concern it.
    """

    source: str
    subject: str
    order: tuple[int, ...]
    changed_at: datetime
    says: Mapping[str, Any]
    dated: bool = True
    claims: tuple[Claim, ...] = ()
    line: int | None = None
    about: str | None = None
    private: bool = False
    implementation: str | None = None
    _digest: str | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def participants(self) -> set[str]:
        """The keys of the persons that it names, for what is kept of it must be erased with them.

        `about` is for a version that names nobody in what it says.
        """
        named = _participants(self.says)
        return named if self.about is None else named | {self.about}

    @property
    def digest(self) -> str:
        """The same for the same content, however it was wrapped and whenever it came.

        A place in an order that is the source's own content, and not the wrapping's, is said.
        """
        if self._digest is not None:
            return self._digest
        known = [self.changed_at] if self.dated else [self.order[:-1]]
        says = self.says
        if BESIDE in says:
            says = {name: told for name, told in says.items() if name != BESIDE}
        told = [self.source, self.subject, known, says]
        text = orjson.dumps(told, option=orjson.OPT_SORT_KEYS)
        digest = hashlib.sha256(text).hexdigest()
        object.__setattr__(self, "_digest", digest)
        return digest


_PERSONS: Final = frozenset({"participant", "same_as", "keys"})  # each one key, or a list of keys
_HOLD_OTHERS: Final = (dict, list, tuple)


def _participants(says: Any) -> set[str]:
    found: set[str] = set()
    left = [says]
    for some in left:  # grows: a loop, as calls take three times as long
        if isinstance(some, dict):
            for name, told in some.items():
                if name in _PERSONS:
                    if isinstance(told, str):
                        if told:
                            found.add(told)
                    elif isinstance(told, _HOLD_OTHERS):
                        found.update(told)
                elif told and isinstance(told, _HOLD_OTHERS):
                    left.append(told)
        else:
            left += [each for each in some if each and isinstance(each, _HOLD_OTHERS)]
    return found


def to_stored(version: Version) -> bytes:
    """A version as JSON, to keep: as text, for the order of the slots in it counts.

    What it claims and says holds keys of persons.
    """
    kept = {
        "source": version.source,
        "subject": version.subject,
        "order": version.order,
        "changed_at": version.changed_at,
        "says": version.says,
        "dated": version.dated,
        "claims": version.claims,
        "line": version.line,
        "about": version.about,
        "private": version.private,
        "implementation": version.implementation,
    }
    return orjson.dumps(kept)


def from_stored(text: bytes) -> Version:
    """The inverse of `to_stored`: the same digest, and the same rows."""
    kept = orjson.loads(text)
    kept["order"] = tuple(kept["order"])
    kept["changed_at"] = datetime.fromisoformat(kept["changed_at"])
    kept["claims"] = tuple(Claim(**claim) for claim in kept["claims"])
    return Version(**kept)


Tell: TypeAlias = Callable[[Sequence[Version]], State]
"""What holds after some versions of one subject, given in the source's order; never none."""


@dataclass(frozen=True, slots=True)
class SourceProblem:
    """What is wrong with a record, where, and what would be right.

    `reference` is the source's own id of the record, `line` counts from 1 where the file has lines.
    `left_out` tells that nothing of the record was used. National numbers are masked.
    """

    reference: str
    line: int | None
    column: str
    found: str
    why: str
    left_out: bool

    def __str__(self) -> str:
        where = f"line {self.line}" if self.line is not None else "record"
        rest = " (left out)" if self.left_out else ""
        return (
            f"{where}, {self.reference or 'no id'}: {self.column} {self.found!r}: {self.why}{rest}"
        )


@dataclass(frozen=True, slots=True)
class Warned:
    """Something that the adapter does not know; it was kept, and reads as `unknown`."""

    column: str
    found: str
    why: str


@dataclass(frozen=True, slots=True)
class Implementation:
    """One implementation of a measure (gjennomføring): what participations in it share."""

    measure_type: str
    provider: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a reader must be told beside the bytes.

    `participant` is for formats that do not say whom they are about. `implementations`, by the
    source's own id, are for those that name an implementation and not its measure.
    """

    received_at: datetime
    participant: str | None = None
    implementations: Mapping[str, Implementation] = field(default_factory=dict)


class SourceRecord(NamedTuple):
    """One record of a delivery as it came, and what was made of it."""

    raw: bytes
    versions: Sequence[Version]
    problems: Sequence[SourceProblem]


@dataclass(slots=True)
class Messages:
    """All that came of one delivery. Each record is a version, or a problem that left it out, or
    counted in `passed_by`, when it is of a kind that says nothing of a journey.

    `told_of_them` are versions of implementations, each with its record as it came; none (empty)
    where the record is kept with what else it says. `implementations` is what they come to."""

    versions: list[Version] = field(default_factory=list)
    problems: list[SourceProblem] = field(default_factory=list)
    warnings: Counter[Warned] = field(default_factory=Counter)
    implementations: dict[str, Implementation] = field(default_factory=dict)
    told_of_them: list[SourceRecord] = field(default_factory=list)
    records: int = 0
    passed_by: int = 0
    _begun: list[tuple[bytes, int, int]] = field(default_factory=list)

    def begin(self, raw: bytes) -> None:
        """What is made from here on comes of this record, as it was sent."""
        self._begun.append((raw, len(self.versions), len(self.problems)))

    def by_record(self) -> Iterator[SourceRecord]:
        """The records of which something was made, each with it, in the order of reading."""
        ends = [(v, p) for _, v, p in self._begun[1:]] + [(len(self.versions), len(self.problems))]
        for (raw, version, problem), (versions, problems) in zip(self._begun, ends, strict=True):
            if versions > version or problems > problem:
                yield SourceRecord(
                    raw, self.versions[version:versions], self.problems[problem:problems]
                )

    def keep_unknown(
        self, source: str, raw: bytes, kind: str | None, at: datetime, about: str | None = None
    ) -> None:
        """A record of a kind that is not known: kept, as it came, and nothing follows from it."""
        content = hashlib.sha256(raw).hexdigest()
        subject = f"unknown/{content}"
        says = {UNKNOWN_KIND: kind or "", "content": content}
        version = Version(source, subject, (0,), at, says, dated=False, about=about or whom(raw))
        self.versions.append(version)

    def problem(
        self,
        reference: str,
        line: int | None,
        column: str,
        found: object,
        why: str,
        *,
        left_out: bool = True,
    ) -> None:
        shown = "" if found is None else masked(str(found))[:80]
        self.problems.append(SourceProblem(masked(reference), line, column, shown, why, left_out))

    def warn(self, column: str, found: object, why: str) -> None:
        self.warnings[Warned(column, masked(str(found))[:80], why)] += 1


def last_word(versions: Sequence[Version]) -> State:
    """`tell` of a source whose every version is a whole snapshot: the last one holds."""
    state: State = versions[-1].says["state"]
    return state
