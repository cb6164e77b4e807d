"""Random rows of one to three participants, and what becomes of them in an intake.

Rows are well-formed and often unsound: they come late, out of order, on one day, correct and annul
each other, and repeat each other's ids. Times of recording all differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
from hypothesis import strategies as st

from adapters.profiles import default_profile
from domain.calendar import Period
from domain.history import Fact
from domain.intake import Intake
from domain.record import Record, read_record
from projections import reference
from projections.layout import Table
from projections.question import Question
from tests.event_tables import AFTER_ALL

FIRST_DAY = date(2003, 11, 20)
DAYS = 24
FIRST_TIME = datetime(2003, 11, 20, tzinfo=UTC)
Row = dict[str, str]

_PROGRAMMES: tuple[Row, ...] = (
    {"type": "enrolled", "programme": "kvp"},
    {"type": "enrolled", "programme": "kvp", "office": "Aetat Moss"},
    {"type": "exited", "programme": "kvp", "destination": "work"},
    {"type": "exited", "programme": "kvp", "destination": "unknown"},
    {"type": "reentered", "programme": "kvp"},
    {"type": "enrolled", "programme": "intro"},
    {"type": "exited", "programme": "intro", "destination": "moved"},
    {"type": "outcome_observed", "outcome": "school", "method": "survey"},
)
_MEASURES: tuple[Row, ...] = (
    {"type": "measure_started", "measure": "mentor", "placement": "a", "track": "ordinary"},
    {"type": "measure_stopped", "placement": "a", "reason": "completed"},
    {
        "type": "measure_started",
        "measure": "follow_up",
        "placement": "b",
        "track": "reduced_capacity",
        "programme": "kvp",
    },
    {"type": "measure_stopped", "placement": "b", "reason": "to_work"},
)
_DUTIES: tuple[Row, ...] = (
    {"type": "duty_imposed"},
    {"type": "duty_exempted", "reason": "school"},
    {"type": "duty_exempted", "reason": "work"},
    {"type": "duty_ended"},
    {"type": "benefit_started", "benefit": "social_assistance", "role": "main"},
    {"type": "benefit_stopped", "benefit": "social_assistance"},
    {"type": "sanctioned", "sanction": "deduction", "reason": "no_show"},
    {"type": "sanctioned", "sanction": "deduction", "reason": "no_show", "until": "2003-12-20"},
    {"type": "sanction_lifted"},
)
_PERSONS: tuple[Row, ...] = (
    {"type": "registered", "sex": "female", "birth_date": "1978-12-01"},
    {"type": "registered", "single_parent": "true", "office": "Aetat Ski"},
    {"type": "registered", "birth_date": "2003-11-25"},
    {"type": "status_changed", "status": "fully_unemployed"},
    {"type": "met", "kind": "information", "attended": "true"},
    {"type": "referred", "programme": "kvp"},
    {"type": "assessed", "kind": "kvp"},
)
# What a set of rows is mostly about; what belongs together meets more often so.
_THEMES = (
    _PROGRAMMES,
    _MEASURES + _PROGRAMMES,
    _DUTIES,
    _PROGRAMMES + _MEASURES + _DUTIES + _PERSONS,
)


@st.composite
def rows(draw: st.DrawFn, most: int = 16) -> list[Row]:
    """Rows in the order in which they are handed in, an event id each."""
    people = draw(st.integers(1, 3))
    count = draw(st.integers(1, most))
    times = draw(
        st.lists(st.integers(0, 60 * 24 * DAYS), min_size=count, max_size=count, unique=True)
    )
    theme = draw(st.sampled_from(_THEMES))
    found: list[Row] = []
    for number in range(count):
        day = draw(st.one_of(st.just(number * DAYS // count), st.integers(0, DAYS)))
        row = {
            "source": "test",
            "event_id": str(number),
            "participant": f"P{draw(st.integers(1, people))}",
            "occurred_on": (FIRST_DAY + timedelta(day)).isoformat(),
            "recorded_at": (FIRST_TIME + timedelta(minutes=times[number])).isoformat(),
        }
        own = [one["event_id"] for one in found if one["participant"] == row["participant"]]
        kind = draw(st.sampled_from(("plain", "plain", "plain", "correction", "annulment")))
        if kind != "plain" and own:
            row["replaces"] = draw(st.sampled_from(own))
        if kind == "annulment" and own:
            found.append(row | {"type": "voided"})
        else:
            found.append(row | draw(st.sampled_from(theme)))
    return found


@dataclass
class Played:
    """What an intake made of rows: each row's own outcome, the histories, and what waits."""

    histories: dict[str, list[Fact]] = field(default_factory=dict)
    outcomes: list[str] = field(default_factory=list)
    row_of: dict[tuple[str, str], Row] = field(default_factory=dict)

    @property
    def appended(self) -> list[tuple[str, Fact]]:
        """Every appended event by position."""
        found = [(who, fact) for who, facts in self.histories.items() for fact in facts]
        return sorted(found, key=lambda one: one[1].position)

    def appended_rows(self) -> list[Row]:
        return [self.row_of[fact.event.key] for _, fact in self.appended]

    def answer(self, question: Question) -> Table:
        return reference.answer(question, default_profile(), list(self.histories.values()))


class Player:
    """Hands rows to an intake one by one, as an append does."""

    def __init__(self) -> None:
        self.intake: Intake[str] = Intake(0)
        self.played = Played()
        self._slip = 0

    def play(self, handed_in: Sequence[Row]) -> Played:
        for row in handed_in:
            record = read_record(row, default_profile(), AFTER_ALL)
            assert isinstance(record, Record), record
            if record.participant not in self.intake.histories:
                self.intake.load(record.participant, (), ())
            self._slip += 1
            verdict = self.intake.judge(record.participant, record.event, self._slip)
            self.played.outcomes.append(verdict.outcome)
            self.played.row_of.setdefault(record.event.key, row)
            for append in verdict.appends:
                self.played.histories.setdefault(append.person, []).append(append.fact)
        return self.played


def play(handed_in: Sequence[Row]) -> Played:
    return Player().play(handed_in)


day_in = st.integers(-2, DAYS + 8).map(lambda n: FIRST_DAY + timedelta(n))
moments = st.integers(-60, 60 * 24 * (DAYS + 1)).map(lambda n: FIRST_TIME + timedelta(minutes=n))


@st.composite
def periods(draw: st.DrawFn) -> Period:
    first = draw(day_in)
    return Period.closed(first, first + timedelta(draw(st.integers(0, DAYS))))


_QUESTIONS: tuple[dict[str, Any], ...] = (
    {"figure": "stock", "by": ("target_group", "measure")},
    {"figure": "stock", "of": "measure", "by": ("measure", "programme", "jobseeker_status")},
    {"figure": "stock", "of": "benefit", "by": ("role", "county")},
    {"figure": "stock", "of": "sanction", "by": ("sanction", "reason")},
    {"figure": "stock", "of": "exemption", "by": ("reason",)},
    {"figure": "stock", "of": "duty"},
    {"figure": "dwell", "of": "measure", "by": ("measure", "stop_reason"), "curve": True},
    {"figure": "dwell", "by": ("destination", "age_band")},
    {"figure": "exits", "by": ("destination", "programme", "month")},
    {"figure": "outcomes"},
    {"figure": "returns"},
    {"figure": "chains"},
)
_IN_A_PERIOD: tuple[dict[str, Any], ...] = (
    {"figure": "stock", "by": ("target_group", "in_measure")},
    {"figure": "flow", "by": ("programme", "sex")},
    {"figure": "flow", "of": "sanction", "where": {"sanction": ("deduction",)}},
    {"figure": "series", "every": "week", "by": ("office",)},
    {"figure": "funnel"},
    {"figure": "capacity"},
    {"figure": "duty"},
)


@st.composite
def questions(draw: st.DrawFn, /, **settled: Any) -> Question:
    """A question of any figure; `settled` arguments are not drawn."""
    period = None
    asked = draw(st.sampled_from(_QUESTIONS + _IN_A_PERIOD))
    if asked in _IN_A_PERIOD:
        period = draw(periods())
    at = draw(day_in) if period is None or asked["figure"] == "funnel" else period.last
    given: dict[str, Any] = {
        "at": at,
        "period": period,
        "known_at": AFTER_ALL,
        "position": 10**6,
    }
    return Question(**given | asked | settled)


def as_bytes(table: Table) -> bytes:
    """A table as JSON, to be compared byte by byte."""
    return orjson.dumps({"rows": table.rows, "total": table.total})
