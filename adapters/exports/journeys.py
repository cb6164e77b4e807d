"""Everybody's journey at a cutoff, for exports; each is in the access log before it is given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from adapters.access_log import Reader, record_access
from adapters.database import reading
from adapters.facts import every_history, linked_participants
from adapters.log import head_of
from adapters.participants import keys_of
from adapters.seals import Seals
from domain.history import Cutoff, Fact
from domain.journey import Journey, journey_at
from domain.linking import persons, united


@dataclass(frozen=True, slots=True)
class Person:
    """One person: the natural key, None where the person was erased, and the journey."""

    participant: bytes
    key: str | None
    journey: Journey


def everybody(engine: Engine, cutoff: Cutoff, by: Reader, what: str) -> list[Person]:
    """All persons, linked keys as one, by id. The access log has each of them first."""
    with reading(engine) as connection:
        histories = dict(every_history(connection, cutoff.position))
    record_access(engine, by, what, sorted(histories))
    with reading(engine) as connection:
        return list(_people(connection, histories, cutoff))


def _people(
    connection: Connection, histories: dict[bytes, list[Fact]], cutoff: Cutoff
) -> Iterator[Person]:
    keys = keys_of(connection, list(histories), Seals(connection))
    linked = linked_participants(connection, head_of(connection).position)
    aside: dict[bytes, Sequence[Fact]] = {p: f for p, f in histories.items() if p in linked}
    groups = persons(aside, {own.hex(): own for own in aside}, cutoff)
    groups += [[own] for own in histories if own not in aside]
    for group in sorted(groups):
        journeys = [journey_at(histories[own], cutoff) for own in group]
        key = next((keys[own] for own in group if own in keys), None)
        yield Person(group[0], key, united(journeys))
