"""What a store would do with the rows of case systems, in memory, for the tests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

from adapters.case_systems.implementations import copies, subject_of
from adapters.case_systems.messages import Messages, Tell, Version
from adapters.case_systems.snapshots import Row, by_subject, explain
from domain.codes import Code, Profile
from domain.events import MeasureStarted
from domain.history import Cutoff, Fact
from domain.intake import Intake
from domain.journey import Journey, journey_at
from domain.record import Record, read_record

NOW = datetime(2030, 1, 1, tzinfo=UTC)
SAMPLES = Path(__file__).parent / "samples"


def _measure(fact: Fact) -> str:
    assert isinstance(fact.event, MeasureStarted)
    return fact.event.measure


class AnyCode(dict[str, Code]):
    """A code list that knows every code: what the lists hold is another test's matter."""

    def __contains__(self, code: object) -> bool:
        return True


class AnyList(dict[str, AnyCode]):
    def __missing__(self, name: str) -> AnyCode:
        return AnyCode()


@cache
def profile() -> Profile:
    return Profile("any", AnyList(), (), ())


class Store:
    """Takes rows as `append` does, and remembers what every source said."""

    def __init__(self, tell: Tell) -> None:
        self.tell = tell
        self.intake: Intake[str] = Intake(0)
        self.said: dict[tuple[str, str], list[Version]] = {}
        self.told_of: dict[str, list[Version]] = {}
        self.concerned: dict[str, dict[tuple[str, str], None]] = {}
        self.outcomes: list[str] = []
        self.rows: list[Row] = []
        self.duplicates = 0

    def hear(self, messages: Messages) -> None:
        """One file: what it tells of implementations, then the rest."""
        for told in (version for record in messages.told_of_them for version in record.versions):
            about = self.told_of.setdefault(told.subject, [])
            about.append(told)
            for subject in self.concerned.get(told.subject, ()):
                self._take(subject, copies(about, subject[1]), count=False)
        self.deliver(messages.versions)

    def deliver(self, versions: Iterable[Version]) -> None:
        """Each subject's versions explained, and the rows handed in one at a time."""
        for subject, news in by_subject(versions).items():
            for name in {v.implementation: None for v in news if v.implementation is not None}:
                of_it = subject_of(name)
                self.concerned.setdefault(of_it, {})[subject] = None
                self._take(subject, copies(self.told_of.get(of_it, ()), subject[1]), count=False)
            self._take(subject, news)

    def _take(
        self, subject: tuple[str, str], news: Iterable[Version], *, count: bool = True
    ) -> None:
        said = self.said.setdefault(subject, [])
        for version, rows in explain(said, news, self.tell):
            if rows is None:
                self.duplicates += count
                continue
            said.append(version)
            self.append(rows)

    def append(self, rows: Sequence[Row]) -> None:
        for row in rows:
            self.rows.append(row)
            record = read_record(row, profile(), NOW)
            assert isinstance(record, Record), (row, record)
            if record.participant not in self.intake.histories:
                self.intake.load(record.participant, (), ())
            verdict = self.intake.judge(record.participant, record.event, len(self.rows))
            self.outcomes.append(verdict.outcome)

    @property
    def waiting(self) -> list[str]:
        """Why each row that found no place is still waiting."""
        waiting = self.intake._waiting
        return [held.why for rows in waiting.values() for held in rows]

    def facts(self, participant: str) -> list[Fact]:
        history = self.intake.histories.get(participant)
        return [] if history is None else history.facts

    def journey(self, participant: str, known_at: datetime | None = None) -> Journey:
        return journey_at(self.facts(participant), Cutoff(known_at=known_at))


Stay = tuple[str, date, date | None]


def stays(journey: Journey) -> list[Stay]:
    """The measure spells of a journey: the measure, `[start, stop)`."""
    return sorted(
        (_measure(spell.opened), spell.start, spell.stop) for spell in journey.spells["measure"]
    )
