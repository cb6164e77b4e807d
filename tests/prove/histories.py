"""Random sound logs and random questions, for what must hold of every one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from hypothesis import strategies as st

from adapters.profiles import default_profile
from domain.calendar import Length, Period
from domain.events import EVENT_TYPES, Event
from domain.history import Fact, History
from domain.linking import Person
from projections import reference
from projections.layout import Table
from projections.question import OWN, PERSON, TELLS_APART, TIME, Place, Question

FIGURES = (
    "stock", "mean", "flow", "series", "dwell", "exits", "outcomes", "returns", "funnel",
    "chains", "capacity", "duty",
)  # fmt: skip
FIRST = date(2003, 1, 1)
PROFILE = default_profile()
Log = list[list[Fact]]
Histories = dict[bytes, list[Fact]]


def key(number: int) -> bytes:
    """The id of a log's participant, as links name it."""
    return bytes([number]) * 16


def by_key(log: Log) -> Histories:
    return {key(number): facts for number, facts in enumerate(log)}


def people_of(question: Question, histories: Mapping[bytes, Sequence[Fact]]) -> list[Person[bytes]]:
    return list(reference.people_of(histories.items(), histories, question))


def figure_of(question: Question, histories: Mapping[bytes, Sequence[Fact]]) -> Table:
    """A figure by the reference engine, linked keys as one."""
    journeys = reference.journeys_of(histories.items(), histories, question)
    return reference.answer_over(question, PROFILE, journeys)


_SAID: dict[str, list[dict[str, Any]]] = {
    "registered": [
        {"birth_date": "1981-02-28", "sex": "male", "office": "Aetat Bodø"},
        {"birth_date": "1965-12-03", "single_parent": "true", "municipality": "Oslo"},
        {"single_parent": "false", "sex": "female"},
        {"birth_date": "2003-02-20"},
    ],
    "referred": [{"office": "Aetat Majorstuen"}, {"programme": "kvp"}, {"programme": "intro"}],
    "met": [{"kind": "MEET", "attended": "true"}, {"kind": "MEET", "attended": "false"}],
    "assessed": [{"kind": "kvp"}, {"kind": "ASSESS"}],
    "enrolled": [{"programme": "kvp"}, {"programme": "intro", "office": "Aetat Bodø"}],
    "reentered": [{"programme": "kvp"}, {"programme": "intro"}],
    "exited": [
        {"programme": "kvp", "destination": "unknown"},
        {"programme": "kvp", "destination": "WORK"},
        {"programme": "intro", "destination": "unknown"},
    ],
    "status_changed": [{"status": "STATUS"}],
    "measure_started": [
        {"measure": "M1", "placement": "a", "track": "ordinary", "provider": "P"},
        {"measure": "M2", "placement": "b", "track": "reduced_capacity", "programme": "kvp"},
        {"measure": "M1", "placement": "c", "track": "ordinary"},
    ],
    "measure_stopped": [{"placement": one, "reason": "REASON"} for one in "abc"],
    "duty_imposed": [{}],
    "duty_exempted": [{"reason": "EX1"}, {"reason": "EX2"}],
    "duty_ended": [{}],
    "benefit_started": [
        {"benefit": "social_assistance", "role": "main"},
        {"benefit": "B2", "role": "supplementary"},
    ],
    "benefit_stopped": [{"benefit": "social_assistance"}, {"benefit": "B2"}],
    "sanctioned": [{"sanction": "S1", "reason": "SR"}],
    "sanction_lifted": [{}],
    "outcome_observed": [
        {"outcome": "WORK", "method": "survey"},
        {"outcome": "unknown", "method": "register"},
    ],
    "voided": [{}],
}


def code(list_name: str, index: int = 0) -> str:
    return sorted(PROFILE.lists[list_name])[index]


POSITIVE = next(one for one in PROFILE.lists["destination"] if PROFILE.is_positive(one))
_CODES = {
    "WORK": POSITIVE,
    "MEET": code("meeting_kind"),
    "ASSESS": next(one for one in PROFILE.lists["assessment_kind"] if one != "kvp"),
    "STATUS": code("jobseeker_status"),
    "M1": code("measure"),
    "M2": code("measure", 1),
    "REASON": code("stop_reason"),
    "EX1": code("exemption_reason"),
    "EX2": code("exemption_reason", 1),
    "B2": next(one for one in sorted(PROFILE.lists["benefit"]) if one != "social_assistance"),
    "S1": code("sanction"),
    "SR": code("sanction_reason"),
}
_MOVES = [(kind, said) for kind, all_said in _SAID.items() for said in all_said]
_LIKELY = [
    (kind, said)
    for kind, said in _MOVES
    if kind in ("enrolled", "exited", "reentered", "measure_started", "outcome_observed")
]


def make_event(topic: str, number: int, day: date, delay_days: int, /, **said: Any) -> Event:
    """An event of the source `src`, recorded at noon some days after its day."""
    recorded = datetime(day.year, day.month, day.day, 11, tzinfo=UTC) + timedelta(days=delay_days)
    fields = {
        name: _CODES.get(value, value) if isinstance(value, str) else value
        for name, value in said.items()
    }
    return EVENT_TYPES[topic].model_validate(
        {
            "source": "src",
            "event_id": str(number),
            "occurred_on": day,
            "recorded_at": recorded,
            **fields,
        }
    )


@st.composite
def logs(draw: st.DrawFn, most_persons: int = 3, tries: int = 60, linked: bool = True) -> Log:
    """Some participants' facts, each sound, their positions interleaved without a gap.

    With `linked` some are keys of one person, for a time or for good.

    Dense on purpose: drawn move by move they would be too thin for most figures to count anything,
    so they are made from a seed, and only the number of persons and of tries shrinks.
    """
    chance = Random(draw(st.integers(0, 2**32)))
    count = draw(st.integers(1, most_persons))
    histories = [History() for _ in range(count)]
    links = 0.15 if linked and count > 1 and draw(st.booleans()) else 0.0
    position = 0
    for _ in range(draw(st.sampled_from([tries * count, tries * count, 6 * count]))):
        number = chance.randrange(count)
        whose = histories[number]
        if chance.random() < links:
            others = [other for other in range(count) if other != number]
            event: Event | None = _link(chance, whose, position + 1, chance.choice(others))
        else:
            event = _event(chance, whose, position + 1)
        if event is not None and whose.problem_with([event], position + 1) is None:
            position += 1
            whose.take([event], position)
    return [history.facts for history in histories]


def _event(chance: Random, whose: History, number: int) -> Event | None:
    kind, said = chance.choice(_LIKELY if chance.random() < 0.5 else _MOVES)
    target = None
    if whose.facts and (kind == "voided" or chance.random() < 0.1):
        target = chance.choice(whose.facts).event.event_id
    if kind == "voided" and target is None:
        return None
    offset = chance.choice([chance.randint(0, 400), 31 * chance.randint(0, 13), len(whose.facts)])
    delay = chance.choice([0, 0, 0, 1, 20, 200, -10])
    day = FIRST + timedelta(days=offset)
    return make_event(kind, number, day, delay, **said, replaces=target)


def _link(chance: Random, whose: History, number: int, other: int) -> Event:
    kind = chance.choice(["linked", "linked", "unlinked"])
    target = None
    if whose.facts and chance.random() < 0.1:
        target = chance.choice(whose.facts).event.event_id
    day = FIRST + timedelta(days=chance.choice([0, chance.randint(0, 400)]))
    delay = chance.choice([0, 0, 20, 200])
    return make_event(kind, number, day, delay, same_as=key(other).hex(), replaces=target)


_days = (st.integers(-10, 500) | st.integers(150, 450)).map(
    lambda step: FIRST + timedelta(days=step)
)
_instants = (st.integers(-5, 700) | st.just(700)).map(
    lambda step: datetime(2003, 1, 1, 12, tzinfo=UTC) + timedelta(days=step)
)
_values: dict[str, list[Any]] = {
    "sex": ["male", "female", None],
    "single_parent": [True, False, None],
    "in_measure": [True, False],
    "target_group": ["youth_20_24", "single_parent", "long_term"],
    "age_band": ["20_24", "30_39", None],
    "programme": ["kvp", "intro", None],
    "destination": [POSITIVE, "unknown", None],
    "measure": [_CODES["M1"], _CODES["M2"], None],
    "track": ["ordinary", None],
    "provider": ["P", None],
    "office": ["Aetat Bodø", "Aetat Majorstuen", None],
    "jobseeker_status": [_CODES["STATUS"], "ordinary_measure_participant", None],
    "benefit": ["social_assistance", None],
    "reason": [_CODES["EX1"], _CODES["SR"], None],
    "stop_reason": [_CODES["REASON"], None],
}
_PLACES = (Place(_CODES["M1"], None, FIRST, None, 2), Place(_CODES["M1"], "P", FIRST, None, 1))


@st.composite
def questions(draw: st.DrawFn, figure: str | None = None) -> Question:
    """A question of any figure, with any filters and groupings that it takes."""
    figures = [
        "stock", "mean", "flow", "series", "dwell", "exits", "outcomes", "returns", "funnel",
        "chains", "capacity", "duty",
    ]  # fmt: skip
    figure = figure or draw(st.sampled_from(figures))
    wide = draw(st.booleans())
    first = FIRST if wide else draw(_days)
    length = 400 if wide else draw(st.integers(0, 300))
    period = Period.closed(first, first + timedelta(days=length))
    needs = figure in ("mean", "flow", "series", "funnel", "capacity", "duty")
    given: dict[str, Any] = {"period": period if needs or draw(st.booleans()) else None}
    if figure == "stock":
        given["period"] = None
    fixed = figure in ("mean", "flow", "series", "capacity", "duty")
    given["at"] = period.last if fixed else draw(_days | st.just(FIRST + timedelta(days=500)))
    if figure in ("stock", "mean", "flow", "series", "dwell"):
        kinds = [kind for kind in OWN if kind not in ("exit", "person")]
        given["of"] = draw(st.sampled_from(["enrolment", "enrolment", "measure", *kinds]))
    if figure in ("exits", "outcomes", "funnel"):
        given["window"] = draw(st.sampled_from([Length(3), Length(days=30)]))
    if figure == "outcomes":
        given["horizons"] = (Length(1), Length(3))
    if figure == "series":
        given["every"] = draw(st.sampled_from(["month", "quarter", "year"]))
    if figure == "duty" and draw(st.booleans()):
        given["ages"] = (18, 30)
    if figure == "capacity":
        given["places"] = draw(st.sampled_from([(), _PLACES]))
    times = TIME if figure in ("exits", "outcomes", "returns", "series") else ()
    names = [*PERSON, *_values, *times, "role", "sanction", "measure_group"]
    own = TELLS_APART.get(figure, frozenset())
    asked = [name for name in names if name not in own]
    given["by"] = tuple(draw(st.lists(st.sampled_from(asked), max_size=2, unique=True)))
    where = draw(
        st.lists(st.sampled_from(sorted(_values)), max_size=draw(st.sampled_from([0, 0, 1])))
    )
    given["where"] = {
        name: tuple(draw(st.lists(st.sampled_from(_values[name]), min_size=1, max_size=2)))
        for name in where
    }
    given["programme"] = draw(st.sampled_from([None, None, None, None, "kvp"]))
    named: Any = "stock" if figure == "mean" else figure
    return Question(
        named,
        known_at=draw(_instants),
        position=draw(st.sampled_from([999, 999, 999, 20])),
        **given,
    )
