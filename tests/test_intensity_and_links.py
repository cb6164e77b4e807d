"""Intensity of a placement, and links between keys: how their rows read, and where they fit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime

from domain.codes import Code, Profile
from domain.history import History
from domain.record import Problem, Record, read_record, to_row

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ROW = {"source": "komet", "participant": "p1", "occurred_on": "2024-12-15"}
LISTS: Mapping[str, Mapping[str, Code]] = {
    name: {"unknown": Code("unknown", "", "Ukjent", "Unknown")} for name in ("measure", "track")
}
PROFILE = Profile("test", LISTS, (), ())


def read(**cells: str) -> Record | list[Problem]:
    return read_record({**ROW, **cells}, PROFILE, NOW)


def record(**cells: str) -> Record:
    found = read(**cells)
    assert isinstance(found, Record), found
    return found


def test_an_intensity_is_read_and_written_back_as_it_came() -> None:
    cells = {"event_id": "1", "type": "intensity_changed", "placement": "a", "percent": "40"}
    found = record(**cells, days_per_week="2.5", recorded_at="2024-12-10T10:00:00+01:00")
    row = to_row(found.participant, found.event)
    assert (row["days_per_week"], row["percent"], row["placement"]) == ("2.5", "40", "a")


def test_an_intensity_says_days_or_percent_and_neither_beyond_the_possible() -> None:
    cells = {"event_id": "1", "type": "intensity_changed", "placement": "a"}
    assert [str(p) for p in _problems(**cells)] == [
        "percent is empty: missing, as days_per_week is; give one of them"
    ]
    assert [p.column for p in _problems(**cells, days_per_week="8")] == ["days_per_week"]
    assert [p.column for p in _problems(**cells, percent="1e2")] == ["percent"]


def _problems(**cells: str) -> list[Problem]:
    found = read(**cells)
    assert isinstance(found, list)
    return found


def test_an_intensity_needs_the_start_of_its_placement() -> None:
    event = record(event_id="2", type="intensity_changed", placement="a", percent="40").event
    assert "no start" in (History().problem_with([event], 1) or "")
    start = record(
        event_id="1", type="measure_started", placement="a", measure="unknown", track="unknown"
    ).event
    history = History()
    history.take([start], 1)
    assert history.problem_with([event], 2) is None


def test_a_link_names_the_other_key_and_holds_from_a_day() -> None:
    for topic in ("linked", "unlinked"):
        found = record(event_id="1", type=topic, same_as="p2")
        assert to_row("p1", found.event)["same_as"] == "p2"
        assert found.event.occurred_on == date(2024, 12, 15)
        assert History().problem_with([found.event], 1) is None
