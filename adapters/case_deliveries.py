"""A delivery of a case system into the store: what is new in it, as events that explain it.

What was said before is read, and what is new is explained and appended, in one transaction under
the one writer's lock. So two jobs never explain a message against the same past.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Engine

from adapters.case_systems import mapping
from adapters.case_systems.implementations import copies, subject_of
from adapters.case_systems.mapping_file import MappingFile
from adapters.case_systems.messages import (
    Delivery,
    Messages,
    SourceProblem,
    SourceRecord,
    Version,
    Warned,
)
from adapters.case_systems.snapshots import Row, by_subject, explain
from adapters.case_systems.systems import SYSTEMS, CaseSystem
from adapters.case_systems.whom import whom
from adapters.chunk import Chunk
from adapters.database import reading, writing
from adapters.errors import WrongUseError
from adapters.ingest import (
    CHUNK,
    Delivering,
    Progress,
    current_time,
    last_position,
    without_collector,
)
from adapters.overlaps import several_sources
from adapters.precedence import Rule, precedence
from adapters.readers.files import Delivery as File
from adapters.readers.files import content_of
from adapters.readers.rows import RawRow
from adapters.said import (
    Past,
    Said,
    Taken,
    implementations_of,
    keep_implementations,
    tag_of,
)
from adapters.settling import settle
from adapters.summary import Summary, Trouble
from adapters.telling_rules import hold_to_rules
from domain.codes import Profile
from domain.record import COLUMNS, Problem

_IN_PART: Final = "used in part"
_EMPTY: Final = dict.fromkeys(COLUMNS, "")


@dataclass(slots=True)
class SourceSummary(Summary):
    """What an append from a case system did.

    The counts are of events, as everywhere: a message that was said before is one duplicate, and a
    record that was left out is one rejected. `records` are what the files held; `unchanged` of
    their messages said nothing new that is an event, and `passed_by` nothing of a journey at all.
    `in_part` are records with a problem in one field, the rest of which was used. `settled` are
    subjects whose stays were left out for another source, or brought back.
    """

    records: int = 0
    unchanged: int = 0
    passed_by: int = 0
    settled: int = 0
    in_part: list[Trouble] = field(default_factory=list)
    warnings: Counter[Warned] = field(default_factory=Counter)

    def add(self, later: Summary) -> None:
        Summary.add(self, later)
        if isinstance(later, SourceSummary):
            self.records += later.records
            self.unchanged += later.unchanged
            self.passed_by += later.passed_by
            self.settled += later.settled
            self.in_part += later.in_part
            self.warnings.update(later.warnings)

    def as_json(self) -> dict[str, Any]:
        told: dict[str, Any] = dict(Summary.as_json(self))
        warnings = [
            {"column": w.column, "found": w.found, "why": w.why, "count": count}
            for w, count in self.warnings.most_common()
        ]
        return told | {
            "records": self.records,
            "unchanged": self.unchanged,
            "passed_by": self.passed_by,
            "used_in_part": len(self.in_part),
            "settled": self.settled,
            "warnings": warnings,
        }


def system_named(name: str) -> CaseSystem:
    """A case system by its name; WrongUseError, with all names, where there is none."""
    found = SYSTEMS.get(name)
    if found is None:
        raise WrongUseError(f"there is no case system {name!r}; there are {', '.join(SYSTEMS)}")
    return found


def system_of(file: MappingFile) -> CaseSystem:
    """Somebody's own list, as a case system that its mapping describes."""
    if file.source in SYSTEMS:
        raise WrongUseError(f"source = {file.source!r} is a case system's name; take another")

    def read(content: bytes, delivery: Delivery) -> Messages:
        return mapping.read(content, delivery, file)

    return CaseSystem(file.source, read, mapping.tell)


@without_collector()
def append_delivery(
    engine: Engine,
    file: File,
    system: CaseSystem,
    profile: Profile,
    rules: Sequence[Rule] | None = None,
    *,
    participant: str | None = None,
    dry_run: bool = False,
    done: Progress | None = None,
    now: Callable[[], datetime] | None = None,
) -> SourceSummary:
    """Appends what is new in a file of a case system.

    `rules` say which source holds, by default as shipped. `participant` is whom it is about, for
    a format that does not say.
    """
    now = now or current_time
    with reading(engine) as connection:
        known = implementations_of(connection, system.name)
    content, told = content_of(file), Delivery(now(), participant, known)
    messages = _read(system, file, content, told)
    summary = SourceSummary(records=messages.records, passed_by=messages.passed_by)
    summary.warnings = messages.warnings
    delivering = Delivering(engine, profile, file.name, file.sha256, now, summary)
    size = CHUNK[engine.dialect.name]
    taking = _Taking(delivering, system, messages, precedence() if rules is None else rules)
    with writing(engine) if dry_run else nullcontext() as connection:
        inner = None if connection is None else connection.begin_nested()
        for part in taking.parts(size):
            with delivering.chunk(connection) as chunk:
                taking.take(chunk, part)
            if done is not None:
                done(part.size)
        if inner is not None:
            inner.rollback()
    summary.position = summary.position or last_position(engine)
    return summary


def _read(system: CaseSystem, file: File, content: bytes, told: Delivery) -> Messages:
    try:
        return system.read(content, told)
    except WrongUseError as error:
        raise WrongUseError(f"{file.name}: {error}") from None


@dataclass(slots=True)
class _Part:
    """What one chunk takes: rows of records that were left out, and subjects with their news."""

    rejected: list[RawRow] = field(default_factory=list)
    subjects: list[tuple[tuple[str, str], list[Version]]] = field(default_factory=list)
    size: int = 0
    of_implementations: bool = False
    is_last: bool = False


class _Taking:
    """One delivery's messages on their way into the store."""

    def __init__(
        self,
        delivering: Delivering,
        system: CaseSystem,
        messages: Messages,
        rules: Sequence[Rule],
    ) -> None:
        self._name = delivering.name
        self._delivering = delivering
        self._system = system
        self._messages = messages
        assert isinstance(delivering.summary, SourceSummary)
        self._summary = delivering.summary
        self._rules = rules
        self._record_of: dict[int, SourceRecord | None] = {}

    def parts(self, size: int) -> Iterator[_Part]:
        """Everything, in parts of about a size, each subject in one; at least one part. What is
        told of implementations comes first, in a part of its own."""
        told = self._messages.told_of_them
        for record in told:
            kept = record if record.raw else None
            self._record_of.update((id(version), kept) for version in record.versions)
        if told:
            versions = [version for record in told for version in record.versions]
            yield _Part(subjects=list(by_subject(versions).items()), of_implementations=True)
        part = _Part()
        for record in self._messages.by_record():
            for version in record.versions:
                self._record_of[id(version)] = record
            if not record.problems:
                continue
            left_out = [problem for problem in record.problems if problem.left_out]
            used = [problem for problem in record.problems if not problem.left_out]
            if left_out and not record.versions:  # of what is not used, all is told in one place
                left_out, used = left_out + used, []
            if left_out:
                part.rejected.append(_rejected(self._system.name, record, left_out))
            for problem in used:
                self._note(problem)
        part.size = len(part.rejected)
        for subject, news in by_subject(self._messages.versions).items():
            if part.size >= size:
                yield part
                part = _Part()
            part.subjects.append((subject, news))
            part.size += len(news)
        part.is_last = True
        yield part

    def _note(self, problem: SourceProblem) -> None:
        why = f"{problem.reference or 'no id'}: {_told(problem)}"
        self._summary.in_part.append(Trouble(self._name, problem.line or 0, _IN_PART, why))

    def take(self, chunk: Chunk, part: _Part) -> None:
        """Explains a part against what was said before, and appends it."""
        hold_to_rules(chunk.connection, self._system.name)
        said = Said(chunk.connection, chunk.seals)
        news = {said.subject(*subject): versions for subject, versions in part.subjects}
        keys = {id(v): said.digest(v) for versions in news.values() for v in versions}
        taking = _Chunk(self, said, keys, list(part.rejected))
        before = said.known_of(list(news))
        fresh = {
            subject: versions
            for subject, versions in news.items()
            if (known := before.get(subject)) is None
            or not all(v.dated and keys[id(v)] in known for v in versions)
        }
        counted = not part.of_implementations
        if counted:
            same = (len(versions) for subject, versions in news.items() if subject not in fresh)
            taking.duplicates += sum(same)
        pasts = {subject: Past() for subject in fresh}
        pasts |= said.past([subject for subject in fresh if subject in before])
        of_them = self._of_implementations(said, fresh)
        for subject, versions in fresh.items():
            if subject in of_them:
                taking.explain(subject, of_them[subject], pasts[subject], counted=False)
            taking.explain(subject, versions, pasts[subject], counted=counted)
        if part.of_implementations:
            self._tell_those_in(said, taking, fresh, pasts)
        chunk.take(taking.rows, taking.duplicates)
        said.keep(taking.taken, chunk.at, chunk.batch_id, chunk.people)
        keep_implementations(chunk.connection, self._system.name, self._messages.implementations)
        if part.is_last:
            chunk.slips.close_those_that_read(self._system.name, self._read_whole())
        self._settle(chunk, {person for one in taking.taken for person in one.participants})

    def _read_whole(self) -> Iterator[bytes]:
        """The records of which nothing was left out."""
        for record in self._messages.by_record():
            if not any(problem.left_out for problem in record.problems):
                yield record.raw

    def _of_implementations(
        self, said: Said, fresh: Mapping[bytes, Sequence[Version]]
    ) -> dict[bytes, list[Version]]:
        """What is known of the implementations that some subjects are in, as versions of theirs."""
        where = {
            subject: said.subject(version.source, subject_of(version.implementation))
            for subject, versions in fresh.items()
            for version in versions
            if version.implementation is not None
        }
        told = said.past(list(dict.fromkeys(where.values())))
        return {
            subject: copies(told[of_it].versions, fresh[subject][0].subject)
            for subject, of_it in where.items()
        }

    def _tell_those_in(
        self,
        said: Said,
        taking: _Chunk,
        fresh: Mapping[bytes, Sequence[Version]],
        pasts: Mapping[bytes, Past],
    ) -> None:
        """News of implementations concern those who are in them already."""
        for of_it, news in fresh.items():
            source, reference = news[0].source, news[0].subject.removeprefix(subject_of(""))
            concerned = said.subjects_of([said.implementation(source, reference)])
            for subject, past in said.past(sorted(concerned)).items():
                if past.versions:
                    told = copies(pasts[of_it].versions, past.versions[0].subject)
                    taking.explain(subject, told, past, counted=False)

    def _settle(self, chunk: Chunk, participants: set[str]) -> None:
        """Under the same lock: no figure ever counts a stay twice that two sources tell of."""
        if participants and several_sources(chunk.connection):
            self._summary.settled += settle(
                chunk.connection, chunk.seals, self._delivering, participants, self._rules
            )

    def taken(
        self, subject: bytes, digest: bytes, version: Version, *others: Iterable[Version]
    ) -> Taken:
        """A version that names nobody is about those whom the others of its subject name."""
        about = version.participants or {
            person for some in others for one in some for person in one.participants
        }
        record = self._record_of.get(id(version))
        return Taken(subject, digest, version, record, frozenset(about))

    def explain(
        self, subject: bytes, past: Past, news: Sequence[Version]
    ) -> list[tuple[Version, list[Row] | None]]:
        return explain(past.versions, news, self._system.tell, tag_of(subject))

    def unchanged(self, count: int) -> None:
        self._summary.unchanged += count


@dataclass(slots=True)
class _Chunk:
    """What a chunk comes to: rows to append, versions to keep, and how many said nothing new."""

    taking: _Taking
    said: Said
    keys: dict[int, bytes]
    rows: list[RawRow]
    taken: list[Taken] = field(default_factory=list)
    duplicates: int = 0

    def explain(
        self, subject: bytes, news: Sequence[Version], past: Past, *, counted: bool
    ) -> None:
        """Takes news of one subject. `counted` tells whether they are messages of the file."""
        # What was copied from an implementation was not looked up, and may not live for long.
        keys = self.keys if counted else {id(v): self.said.digest(v) for v in news}
        wanted = news
        if past.gone:
            wanted = [version for version in news if keys[id(version)] not in past.gone]
            self.duplicates += counted * (len(news) - len(wanted))
        for version, told in self.taking.explain(subject, past, wanted):
            if told is None:
                self.duplicates += counted
                continue
            self.rows += [_event_row(version, row) for row in told]
            self.taking.unchanged(counted and not told)
            key = keys[id(version)]
            self.taken.append(self.taking.taken(subject, key, version, past.versions, news))
            past.versions.append(version)


def _event_row(version: Version, row: Row) -> RawRow:
    """All have one header, as the rows of one table, for those are read the fastest."""
    filled = _EMPTY | row
    if len(filled) != len(COLUMNS) or "" in row.values():
        return RawRow(version.line or 0, None, dict(row))
    return RawRow(version.line or 0, None, header=COLUMNS, values=list(filled.values()))


def _rejected(source: str, record: SourceRecord, problems: Sequence[SourceProblem]) -> RawRow:
    """A record, or what of it was left out, as a row that cannot be read: raw, whose it seems to
    be, and everything that is wrong with it."""
    cells = {"source": source, "note": record.raw.decode("utf-8", "replace")}
    person = whom(record.raw)
    cells |= {} if person is None else {"participant": person}
    whys = [Problem("", None, f"{p.reference or 'no id'}: {_told(p)}") for p in problems]
    return RawRow(problems[0].line or 0, record.raw, cells, whys)


def _told(problem: SourceProblem) -> str:
    found = f" {problem.found!r}" if problem.found else ""
    return f"{problem.column}{found}: {problem.why}"
