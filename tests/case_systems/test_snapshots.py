"""Snapshots in any order, with repeats: the same figures at every knowledge time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.case_systems.messages import Cells, Version, last_word
from adapters.case_systems.snapshots import by_subject, explain
from adapters.case_systems.systems import SYSTEMS
from domain.events import IntensityChanged, MeasureStarted, MeasureStopped, Referred
from domain.history import Cutoff, counting
from tests.case_systems.deliveries import STORIES, sample, told
from tests.case_systems.telling import Store

FIRST_DAY = date(2024, 1, 1)
NONE: Mapping[int, str] = {}
FIRST_TIME = datetime(2024, 1, 1, tzinfo=UTC)


def version(subject: str, minute: int, state: Mapping[str, Cells]) -> Version:
    known_at = FIRST_TIME + timedelta(minutes=minute)
    return Version("test", subject, (minute,), known_at, {"state": state})


def stay(
    subject: str,
    person: str,
    start: int,
    stop: int | None,
    code: str,
    *,
    intensity: Mapping[int, str] = NONE,
) -> dict[str, Cells]:
    """A participation as a snapshot tells it: referred, a start, its intensities, a stop."""

    def cells(topic: str, day: int, **more: str) -> Cells:
        on = (FIRST_DAY + timedelta(days=day)).isoformat()
        return {"participant": person, "type": topic, "occurred_on": on, **more}

    state: dict[str, Cells] = {f"{subject}/referred": cells("referred", 0)}
    state[f"{subject}/start"] = cells(
        "measure_started", start, placement=subject, measure=code, track="unknown"
    )
    for day, percent in sorted(intensity.items()):
        state[f"{subject}/intensity/{day}"] = cells(
            "intensity_changed", start + day, placement=subject, percent=percent
        )
    if stop is not None:
        state[f"{subject}/stop"] = cells(
            "measure_stopped", start + stop, placement=subject, reason=code
        )
    return state


@st.composite
def states(draw: st.DrawFn, subject: str) -> Mapping[str, Cells]:
    kind = draw(st.sampled_from(["annulled", "referred", "stay", "stay", "stay"]))
    if kind == "annulled":
        return {}
    told = stay(
        subject,
        draw(st.sampled_from(["p1", "p1", "p1", "p2"])),
        draw(st.integers(0, 3)),
        draw(st.none() | st.integers(0, 3)),
        draw(st.sampled_from(["a", "b"])),
        intensity=draw(
            st.dictionaries(st.integers(0, 2), st.sampled_from(["40", "60"]), max_size=2)
        ),
    )
    if kind == "referred":
        return {slot: cells for slot, cells in told.items() if slot.endswith("/referred")}
    return told


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[Version], list[list[Version]]]:
    """Versions of two participations, all at times of their own; and files that hold them all."""
    minutes = draw(st.lists(st.integers(0, 40), min_size=1, max_size=8, unique=True))
    versions = []
    for minute in minutes:
        subject = draw(st.sampled_from(["x", "y"]))
        versions.append(version(subject, minute, draw(states(subject))))
    repeated = versions + draw(st.lists(st.sampled_from(versions), max_size=4))
    shuffled = draw(st.permutations(repeated))
    cuts = sorted(draw(st.lists(st.integers(0, len(shuffled)), max_size=4)))
    bounds = [0, *cuts, len(shuffled)]
    files = [list(shuffled[a:b]) for a, b in pairwise(bounds)]
    return sorted(versions, key=lambda v: v.order), files


def latest(versions: Sequence[Version], known_at: datetime) -> dict[str, Version]:
    """The newest version of each subject at a knowledge time: what must hold, by definition."""
    return {v.subject: v for v in versions if v.changed_at <= known_at}


def expected(versions: Sequence[Version], known_at: datetime) -> set[tuple[str, ...]]:
    return {
        tuple(sorted(cells.items()))
        for held in latest(versions, known_at).values()
        for cells in held.says["state"].values()
    }


TOLD = (Referred, MeasureStarted, IntensityChanged, MeasureStopped)
COLUMNS = ("placement", "measure", "track", "reason", "percent")


def counted(store: Store, known_at: datetime) -> set[tuple[str, ...]]:
    """What counts and has its place at a knowledge time, as cells."""
    found = set()
    for person in ("p1", "p2"):
        for fact in store.journey(person, known_at).told:
            event = fact.event
            assert isinstance(event, TOLD)
            cells = {"participant": person, "type": event.TOPIC}
            cells["occurred_on"] = event.occurred_on.isoformat()
            for name in COLUMNS:
                value = getattr(event, name, None)
                if value is not None:
                    cells[name] = f"{value:g}" if isinstance(value, float) else value
            found.add(tuple(sorted(cells.items())))
    return found  # type: ignore[return-value]


@settings(max_examples=400, deadline=None)
@given(deliveries())
def test_any_order_with_repeats_gives_the_same_figures_at_every_knowledge_time(
    delivered: tuple[list[Version], list[list[Version]]],
) -> None:
    versions, files = delivered
    store = Store(last_word)
    for file in files:
        store.deliver(file)
    assert store.waiting == []
    for held in versions:
        for known_at in (held.changed_at - timedelta(seconds=1), held.changed_at):
            assert counted(store, known_at) == expected(versions, known_at)


@settings(max_examples=200, deadline=None)
@given(deliveries())
def test_the_order_of_events_within_a_day_does_not_depend_on_the_delivery(
    delivered: tuple[list[Version], list[list[Version]]],
) -> None:
    versions, files = delivered
    shuffled, ordered = Store(last_word), Store(last_word)
    for file in files:
        shuffled.deliver(file)
    ordered.deliver(versions)
    for person in ("p1", "p2"):
        for held in versions:
            cutoff = Cutoff(known_at=held.changed_at)
            stories = [
                [(f.event.TOPIC, f.event.occurred_on) for f in counting(s.facts(person), cutoff)]
                for s in (shuffled, ordered)
            ]
            assert stories[0] == stories[1]


@settings(max_examples=200, deadline=None)
@given(deliveries())
def test_what_is_delivered_in_order_is_never_withdrawn(
    delivered: tuple[list[Version], list[list[Version]]],
) -> None:
    versions, _ = delivered
    store = Store(last_word)
    for held in versions:
        store.deliver([held])
    assert "withdrawn" not in {row["type"] for row in store.rows}
    assert store.waiting == []


def rows_of(*states: Mapping[str, Cells]) -> list[list[tuple[str, str | None]]]:
    """Versions in order: per version, each row's type and what it replaces, by place in all."""
    versions = [version("x", minute, state) for minute, state in enumerate(states)]
    told = [rows or [] for _, rows in explain([], versions, last_word)]
    ids = [row["event_id"] for rows in told for row in rows]
    assert len(set(ids)) == len(ids)
    return [
        [
            (row["type"], str(ids.index(row["replaces"])) if "replaces" in row else None)
            for row in rows
        ]
        for rows in told
    ]


def test_started_corrected_stopped_annulled_restored() -> None:
    begun, later = stay("x", "p1", 0, None, "a"), stay("x", "p1", 2, None, "a")
    ended = stay("x", "p1", 2, 3, "a")
    assert rows_of(begun, later, ended, {}, ended) == [
        [("referred", None), ("measure_started", None)],
        [("measure_started", "1")],
        [("measure_stopped", None)],
        [("voided", "3"), ("voided", "2"), ("voided", "0")],
        [("referred", "6"), ("measure_started", "5"), ("measure_stopped", "4")],
    ]


def test_an_older_version_is_history_and_never_current() -> None:
    old, new = (version("x", m, stay("x", "p1", m, None, "a")) for m in (1, 2))
    store = Store(last_word)
    store.deliver([new])
    store.deliver([old])
    assert [s.start.day for s in store.journey("p1").spells["measure"]] == [3]
    assert [s.start.day for s in store.journey("p1", old.changed_at).spells["measure"]] == [2]


def test_the_same_again_is_a_duplicate_and_makes_no_rows() -> None:
    held = version("x", 1, stay("x", "p1", 0, 2, "a"))
    store = Store(last_word)
    store.deliver([held, held])
    rows = len(store.rows)
    store.deliver([held])
    assert (len(store.rows), store.duplicates) == (rows, 2)


def test_a_changed_key_moves_the_events_to_the_other_participant() -> None:
    store = Store(last_word)
    store.deliver([version("x", 1, stay("x", "p1", 0, None, "a"))])
    store.deliver([version("x", 2, stay("x", "p2", 0, None, "a"))])
    assert store.journey("p1").spells["measure"] == []
    assert len(store.journey("p2").spells["measure"]) == 1


def test_what_the_first_version_knew_already_has_its_own_time() -> None:
    cells = {"participant": "p1", "type": "referred", "occurred_on": "2022-01-27"}
    dated = {"x/referred": {**cells, "recorded_at": "2022-01-27T16:13:39"}}
    [(_, rows)] = explain([], [version("x", 1, dated)], last_word)
    assert rows is not None
    assert rows[0]["recorded_at"] == "2022-01-27T15:13:39+00:00"


# The birth date in a number is told, where the form has no other.
@pytest.mark.parametrize("name", sorted(set(STORIES) - {"digisos", "kostra_11f"}))
def test_no_id_of_an_event_is_made_of_a_persons_key(name: str) -> None:
    """Whoever has the log could try all national numbers against a hash of one."""
    system, files = STORIES[name]
    ids = []
    for other in (False, True):
        contents = [changed_keys(sample(file)) if other else sample(file) for file in files]
        _, all_read = told(system, *contents)
        store = Store(SYSTEMS[system].tell)
        for messages in all_read:
            for (_, subject), news in by_subject(messages.versions).items():
                del subject  # what stands for it is the store's, and the same in both
                rows = explain([], news, SYSTEMS[system].tell, f"tag{len(store.rows)}")
                store.rows += [row for _, told_rows in rows for row in told_rows or ()]
        ids.append([row["event_id"] for row in store.rows])
    assert ids[0] == ids[1]
    assert ids[0] or name == "tiltakshistorikk_unknown"


SOUND = (b"12839010182", b"05879810045", b"21918510149", b"30817910269")


def changed_keys(content: bytes) -> bytes:
    """The same content about other persons: their keys go round by one; inner keys change too."""
    marks = {key: f"<{index}>".encode() for index, key in enumerate(SOUND)}
    for key, mark in marks.items():
        content = content.replace(key, mark)
    for index, mark in enumerate(marks.values()):
        content = content.replace(mark, SOUND[(index + 1) % len(SOUND)])
    inner = ((b"12345678901", b"12345678911"), (b"2000000000001", b"2000000000009"))
    for old, new in inner:
        content = content.replace(old, new)
    return content.replace(b'_ID": 88000', b'_ID": 99000')
