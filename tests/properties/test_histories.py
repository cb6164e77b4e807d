"""Histories and figures: what holds for every one of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from domain.calendar import Length, Period
from domain.history import Cutoff, History
from domain.journey import Journey, journey_at
from domain.kinds import KINDS, Kind
from projections.question import Question
from tests.event_tables import AFTER_ALL
from tests.properties.random_rows import (
    FIRST_TIME,
    Player,
    Row,
    as_bytes,
    day_in,
    moments,
    periods,
    play,
    questions,
    rows,
)


@given(rows())
def test_every_appended_history_is_sound(handed_in: list[Row]) -> None:
    played = play(handed_in)
    for facts in played.histories.values():
        assert History(facts).facts == facts  # raises where it is not sound
        assert journey_at(facts).without_place == []


@given(rows())
def test_positions_have_no_gap(handed_in: list[Row]) -> None:
    positions = [fact.position for _, fact in play(handed_in).appended]
    assert positions == list(range(1, len(positions) + 1))


@given(rows(), questions(), st.randoms(use_true_random=False))
def test_any_order_of_arrival_gives_the_same_figure(
    handed_in: list[Row], question: Question, random: Any
) -> None:
    sound = play(handed_in)
    shuffled = sound.appended_rows()
    random.shuffle(shuffled)
    again = play(shuffled)
    assert as_bytes(again.answer(question)) == as_bytes(sound.answer(question))


@given(rows(), questions())
def test_a_second_delivery_changes_nothing(handed_in: list[Row], question: Question) -> None:
    player = Player()
    once = player.play(handed_in)
    appended, figure = list(once.appended), as_bytes(once.answer(question))
    outcomes = list(once.outcomes)
    twice = player.play(handed_in)
    again = twice.outcomes[len(outcomes) :]
    rejected_at_first = [outcome == "rejected" for outcome in outcomes]
    assert [outcome == "rejected" for outcome in again] == rejected_at_first
    assert set(again) <= {"duplicate", "rejected"}
    assert twice.appended == appended
    assert as_bytes(twice.answer(question)) == figure


@given(rows(), questions(), moments)
def test_events_recorded_later_do_not_change_what_was_known(
    handed_in: list[Row], question: Question, known_at: Any
) -> None:
    """All rows against those recorded by K; what later ones let in is left out of the first."""
    early = [row for row in handed_in if row["recorded_at"] <= known_at.isoformat()]
    alone, all_of_it = play(early), play(handed_in)
    then = replace(question, known_at=known_at)
    in_both = {fact.event.key for _, fact in alone.appended}
    of_then = {f.event.key for _, f in all_of_it.appended if f.event.recorded_at <= known_at}
    assume(in_both == of_then)
    assert as_bytes(all_of_it.answer(then)) == as_bytes(alone.answer(then))


@given(rows(), questions(), rows(most=6))
def test_a_figure_at_a_position_never_changes(
    handed_in: list[Row], question: Question, more: list[Row]
) -> None:
    player = Player()
    played = player.play(handed_in)
    then = replace(question, position=player.intake.position)
    before = as_bytes(played.answer(then))
    later = player.play([row | {"event_id": f"later-{row['event_id']}"} for row in more])
    assert as_bytes(later.answer(then)) == before


@given(rows(), questions(), st.integers(0, 16))
def test_a_figure_at_a_position_is_the_figure_of_the_events_up_to_it(
    handed_in: list[Row], question: Question, position: int
) -> None:
    played = play(handed_in)
    cut = play(handed_in)
    cut.histories = {
        who: [fact for fact in facts if fact.position <= position]
        for who, facts in cut.histories.items()
    }
    at = played.answer(replace(question, position=position))
    assert as_bytes(at) == as_bytes(cut.answer(question))


@given(rows(), day_in, st.integers(1, 30), st.sampled_from(("d", "w", "m")))
def test_exits_are_returned_final_or_pending(
    handed_in: list[Row], at: date, count: int, unit: str
) -> None:
    question = Question("exits", at, AFTER_ALL, 10**6, window=Length.parse(f"{count}{unit}"))
    found = play(handed_in).answer(replace(question, by=("programme",)))
    for row in [*found.rows, found.total]:
        assert row is not None
        assert row["exits"] == row["final"] + row["returned"] + row["pending"]


_NEVER_CHANGES: dict[Kind, tuple[str, ...]] = {
    "enrolment": ("programme",),
    "measure": ("measure", "track"),
    "sanction": ("sanction", "reason"),
    "duty": (),
    "exemption": ("reason",),
    "benefit": ("benefit", "role"),
}


@given(rows(), periods(), st.sampled_from(KINDS))
def test_stock_inflow_and_outflow_balance_in_spells(
    handed_in: list[Row], period: Period, of: Kind
) -> None:
    played, by = play(handed_in), _NEVER_CHANGES[of]
    before = Question("stock", period.start - timedelta(1), AFTER_ALL, 10**6, of=of, by=by)
    after = replace(before, at=period.last)
    flow = replace(after, figure="flow", period=period)
    balance: Counter[tuple[Any, ...]] = Counter()
    for question, columns in (
        (before, {"spells": 1}),
        (flow, {"inflow": 1, "outflow": -1}),
        (after, {"spells": -1}),
    ):
        for row in played.answer(question).rows:
            for column, sign in columns.items():
                balance[tuple(row[name] for name in by)] += sign * row[column]
    assert not any(balance.values()), balance


@given(rows(), day_in)
def test_what_holds_on_a_day_can_be_read_off_the_whole_history(
    handed_in: list[Row], at: date
) -> None:
    """Folding no further than a day gives the spells that run at its end, and the attributes."""
    for facts in play(handed_in).histories.values():
        whole, cut = journey_at(facts), journey_at(facts, Cutoff(at=at))
        assert _state(whole, at) == _state(cut, at)


def _state(journey: Journey, day: date) -> tuple[Any, ...]:
    running = [
        (kind, spell.start, spell.opened)
        for kind in KINDS
        for spell in journey.spells[kind]
        if spell.runs_on(day)
    ]
    over = [
        (kind, spell.start, spell.stop)
        for kind in KINDS
        for spell in journey.spells[kind]
        if spell.start <= day and spell.stopped_by(day)
    ]
    exits = [exit_.fact for exit_ in journey.exits if exit_.event.occurred_on <= day]
    names = ("sex", "office", "birth_date", "status", "single_parent")
    return running, over, exits, [journey.attribute(name, day) for name in names]


@given(rows(), periods(), st.sampled_from(KINDS))
def test_a_mean_stock_is_the_mean_of_the_stocks_of_its_days(
    handed_in: list[Row], period: Period, of: Kind
) -> None:
    played = play(handed_in)
    stock = Question("stock", period.start, AFTER_ALL, 10**6, of=of, by=("age_band", "office"))
    days: Counter[tuple[Any, ...]] = Counter()
    for number in range(period.days):
        for row in played.answer(replace(stock, at=period.start + timedelta(number))).rows:
            days[row["age_band"], row["office"]] += row["persons"]
    mean = played.answer(replace(stock, at=period.last, period=period))
    found = {(row["age_band"], row["office"]): row["mean_persons"] for row in mean.rows}
    assert found == {cell: count / period.days for cell, count in days.items()}


@given(rows(), periods(), st.sampled_from(("day", "week", "month")))
def test_a_series_is_the_stock_and_the_flow_of_each_of_its_steps(
    handed_in: list[Row], period: Period, every: Any
) -> None:
    played = play(handed_in)
    series = Question("series", period.last, AFTER_ALL, 10**6, period=period, every=every)
    for row, step in zip(played.answer(series).rows, period.steps(every), strict=True):
        assert row["date"] == step.last.isoformat()
        (stock,) = played.answer(replace(series, figure="stock", period=None, at=step.last)).rows
        (flow,) = played.answer(replace(series, figure="flow", period=step, at=step.last)).rows
        assert (row["stock"], row["stock_spells"]) == (stock["persons"], stock["spells"])
        assert [row[name] for name in ("flow", "inflow", "outflow")] == [
            flow[name] for name in ("persons", "inflow", "outflow")
        ]


def test_the_random_rows_reach_what_they_are_for() -> None:
    """Corrections, annulments, rows that waited, spells and exits all come up often enough."""
    seen: Counter[str] = Counter()

    @settings(max_examples=200)
    @given(rows())
    def look(handed_in: list[Row]) -> None:
        played = play(handed_in)
        seen.update(played.outcomes)
        for facts in played.histories.values():
            journey = journey_at(facts)
            seen.update({"exits": len(journey.exits)})
            seen.update("replacing" for fact in facts if fact.event.replaces)
            seen.update("late" for a, b in pairwise(facts) if _late(a, b))
        seen["waited"] += played.outcomes.count("held") - sum(
            row["event_id"] not in {fact.event.event_id for _, fact in played.appended}
            for row in handed_in
        )

    look()
    assert min(seen[what] for what in ("appended", "held", "exits", "replacing", "late")) > 20, seen
    assert seen["waited"] > 5, seen
    assert FIRST_TIME < AFTER_ALL


def _late(earlier: Any, later: Any) -> bool:
    return bool(later.event.occurred_on < earlier.event.occurred_on)
