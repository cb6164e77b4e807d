"""The columnar engine gives what the reference engine gives, for every history and question."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from adapters import refreshing
from adapters.answers import Asked, answer
from adapters.columnar_copy import ColumnarCopy, place_of
from adapters.database import open_engine, reading
from adapters.facts import every_history
from adapters.profiles import default_profile
from adapters.store import Store
from domain.calendar import Period, parse_day
from domain.history import counting
from domain.journey import fold
from projections.columnar.tables import FOREVER, day_number
from tests.engines.made_up import questions, rows

_THOROUGH = settings(
    max_examples=30, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)


@contextmanager
def store_of(made: list[dict[str, Any]]) -> Iterator[tuple[Store, Engine]]:
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{Path(folder) / 'store.db'}", make=True)
        with Store(engine) as store:
            store.append(made)
            yield store, engine


def both_agree(engine: Engine, asked: Asked) -> None:
    profile = default_profile()
    by_reference = answer(engine, profile, asked, "reference").as_json()
    assert answer(engine, profile, asked, "columnar").as_json() == by_reference


@_THOROUGH
@given(made=rows(), data=st.data())
def test_both_engines_print_the_same_bytes(made: list[dict[str, Any]], data: st.DataObject) -> None:
    with store_of(made) as (store, engine):
        for _ in range(5):
            both_agree(engine, data.draw(questions(store.position)))


@_THOROUGH
@given(made=rows(), more=rows(most=8), few=st.sampled_from([0, 10**9]), data=st.data())
def test_a_refreshed_copy_is_a_copy_made_at_once(
    made: list[dict[str, Any]], more: list[dict[str, Any]], few: int, data: st.DataObject
) -> None:
    """Whether the histories that it is about come from the store or from the copy's own log."""
    with pytest.MonkeyPatch.context() as patch, store_of(made) as (store, engine):
        patch.setattr(refreshing, "_FEW", few)
        both_agree(engine, data.draw(questions(store.position)))
        store.append(
            [row | {"event_id": f"later {row['event_id']}", "source": "t"} for row in more]
        )
        for _ in range(3):
            both_agree(engine, data.draw(questions(store.position)))


@_THOROUGH
@given(made=rows())
def test_the_copy_holds_what_the_domain_folds(made: list[dict[str, Any]]) -> None:
    """Every spell that is believed by now, participant by participant."""
    with store_of(made) as (store, engine), reading(engine) as connection:
        if store.position == 0:
            return
        with ColumnarCopy(engine).at_least(connection, store.position) as (runner, _):
            for participant, facts in every_history(connection):
                for kind, spells in fold(counting(facts)).spells.items():
                    found = runner.rows(
                        f"SELECT start, stop, opened FROM {kind} JOIN person USING (pid) WHERE "
                        f"participant_id = unhex('{participant.hex()}') AND known_to = {2**63 - 1} "
                        "ORDER BY opened_ord"
                    )
                    assert found == [
                        (
                            day_number(spell.start),
                            FOREVER if spell.stop is None else day_number(spell.stop),
                            spell.opened.position,
                        )
                        for spell in spells
                    ]


def row(number: int, type_: str, day: str, **fields: str) -> dict[str, Any]:
    made = {"source": "s", "event_id": str(number), "participant": "P", "type": type_}
    return made | {"occurred_on": day, "recorded_at": f"{day}T12:00:00Z"} | fields


def test_a_copy_that_was_thrown_away_or_spoilt_is_made_anew() -> None:
    with store_of([row(1, "enrolled", "2003-04-01", programme="kvp")]) as (_, engine):
        asked = Asked("stock", at=parse_day("2003-05-01"))
        both_agree(engine, asked)
        ColumnarCopy(engine).throw_away()
        assert not place_of(engine).exists()
        both_agree(engine, asked)
        place_of(engine).write_bytes(b"no database")
        both_agree(engine, asked)


def test_a_copy_of_another_log_is_not_believed() -> None:
    with store_of([row(1, "enrolled", "2003-04-01", programme="kvp")]) as (_, one):
        asked = Asked("stock", at=parse_day("2003-05-01"))
        both_agree(one, asked)
        with store_of([row(1, "met", "2003-04-01", kind="three_party", attended="true")]) as (
            _,
            two,
        ):
            place_of(one).replace(place_of(two))
            both_agree(two, asked)
            assert answer(two, default_profile(), asked).total == {"persons": 0, "spells": 0}


@pytest.mark.parametrize("of", ["enrolment", "measure"])
def test_one_participant_with_thousands_of_events_is_counted_like_any_other(of: str) -> None:
    made = []
    for n in range(1, 1500):
        day = f"{2003 + n // 360}-{n % 360 // 30 + 1:02d}-{n % 30 // 2 + 1:02d}"
        if n % 2:
            made.append(row(n, "enrolled", day, programme="kvp"))
        else:
            made.append(row(n, "exited", day, programme="kvp", destination="work"))
    made.append(row(9999, "voided", "2003-01-01", replaces="1"))
    made.append(row(9998, "voided", "2003-01-01", replaces="2"))
    with store_of(made) as (store, engine):
        assert store.position > 1000
        period = Period.closed(parse_day("2003-01-01"), parse_day("2007-12-31"))
        both_agree(engine, Asked("flow", of=of, period=period))  # type: ignore[arg-type]
        both_agree(engine, Asked("exits", at=parse_day("2007-12-31"), by=("month",)))
