"""Verifying a store beside reading its log; erasing somebody beside replaying them.

python -m benchmarks.verifying --events 1000000
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count

from sqlalchemy import Engine, select

from adapters.answers import Asked, answer
from adapters.database import reading
from adapters.erasing import erase
from adapters.facts import every_history
from adapters.journeys import replay_of
from adapters.log import head_of
from adapters.profiles import default_profile
from adapters.schema import events, participants
from adapters.verification.columns import CopyCheck
from adapters.verification.store import verify
from benchmarks import stores
from benchmarks.measuring import ROUNDS, Took, in_turn, same
from benchmarks.questions import AT
from benchmarks.results import Compared, Row, keep, rates

_MANY = 3_000_000  # events from which on one round says enough


def main() -> None:
    with stores.asked_for(__doc__) as (engine, count):
        rounds = 1 if count > _MANY else 3
        answer(engine, default_profile(), Asked("stock", at=AT))  # so that there is a copy
        rows: list[Row] = [*_verify(engine, rounds), _erase(engine)]
        keep("verifying", count, rows)


def _verify(engine: Engine, rounds: int) -> Iterator[Row]:
    """Everything that `forlop verify` does, with the copy and without, beside the log as facts."""
    sides = {
        "facts": lambda: _read(engine),
        "verify": lambda: _whole(engine, copy=True),
        "without": lambda: _whole(engine, copy=False),
    }
    took = in_turn(sides, rounds)
    with reading(engine) as connection:
        position = head_of(connection).position
    beside = "the whole log read as facts, which is how the reference counts"
    yield Compared("verify", beside, took["verify"], took["facts"], note=_speed(took, "verify"))
    note = _speed(took, "without")
    yield Compared("verify --no-copy", beside, took["without"], took["facts"], note=note)
    yield from rates("verify", took["verify"], position)
    yield from rates("the log read as facts", took["facts"], position)


def _speed(took: dict[str, Took], side: str) -> str:
    return f"{took['facts'].cpu / took[side].cpu:.2f} of the speed, by processor time"


def _read(engine: Engine) -> None:
    with reading(engine) as connection:
        for _ in every_history(connection):
            pass


def _whole(engine: Engine, *, copy: bool) -> None:
    report = verify(engine, further=[CopyCheck(engine)] if copy else [])
    same(report.findings, [], "a store that nobody touched")


def _erase(engine: Engine) -> Compared:
    """People spread over the log, each replayed and then erased."""
    with reading(engine) as connection:
        query = (
            select(events.c.participant_id)
            .join(participants, participants.c.participant_id == events.c.participant_id)
            .where(events.c.version == 1)
            .order_by(events.c.id)
        )
        everybody = [bytes(person).hex() for person in connection.execute(query).scalars()]
    chosen = everybody[:: max(len(everybody) // (ROUNDS + 1), 1)][1:]
    to_replay, to_erase = count(), count()
    took = in_turn(
        {
            "replay": lambda: replay_of(engine, chosen[next(to_replay)]),
            "erase": lambda: erase(
                engine, chosen[next(to_erase)], "benchmark", "benchmark", datetime.now(UTC)
            ),
        },
        ROUNDS,
    )
    same(verify(engine).findings, [], "a store from which somebody was erased")
    beside = "the same person's replay"
    return Compared("erase one participant", beside, took["erase"], took["replay"])


if __name__ == "__main__":
    main()
