"""Small tables of events, as a statistician writes them down, for the spec of proofs."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from domain.calendar import Period, parse_known_at
from domain.events import EVENT_TYPES
from domain.history import Fact
from projections.question import Question

LATE = datetime(2030, 1, 1, tzinfo=UTC)


def facts(text: str) -> list[Fact]:
    """Events, one a line: `position type day [recorded day] [field=value …]`."""
    return [_fact(line.split()) for line in text.strip().splitlines()]


def _fact(words: list[str]) -> Fact:
    position, topic, day, *rest = words
    recorded = rest.pop(0) if rest and "=" not in rest[0] else day
    fields: dict[str, Any] = dict(word.split("=") for word in rest)
    fields |= {
        "source": "src",
        "event_id": position,
        "occurred_on": day,
        "recorded_at": f"{recorded}T12:00:00+01:00",
    }
    return Fact(EVENT_TYPES[topic].model_validate(fields), int(position))


def asked(figure: Any, at: str, known_at: str | None = None, **more: Any) -> Question:
    """A question; `days` are the first and last day of its period."""
    if days := more.pop("days", None):
        more["period"] = Period.closed(*(date.fromisoformat(day) for day in days))
    moment = LATE if known_at is None else parse_known_at(known_at)
    position = more.pop("position", 99_999)
    return Question(figure, date.fromisoformat(at), moment, position, **more)
