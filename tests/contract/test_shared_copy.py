"""One copy is shared by readers who see different lengths of the log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, Engine

from adapters.answers import answer
from adapters.columnar_copy import ColumnarCopy
from adapters.database import reading
from adapters.engines import by_reference, over_copy
from adapters.errors import ForlopError
from adapters.log import head_of
from adapters.profiles import default_profile
from adapters.store import Store
from adapters.verification.columns import CopyCheck
from domain.calendar import parse_day, parse_instant
from projections.question import Question
from tests.engines.test_interrupted_refresh import ASKED, contents, enrolled

_PROFILE = default_profile()


@contextmanager
def an_older_sight(engine: Engine) -> Iterator[Connection]:
    """A reader who sees the first of two events; the copy has both."""
    store = Store(engine)
    store.append([enrolled(1)])
    with reading(engine) as older:
        assert head_of(older).position == 1
        store.append([enrolled(2)])
        answer(engine, _PROFILE, ASKED)
        yield older


def test_a_copy_further_than_a_reader_sees_serves_that_reader_and_stays(engine: Engine) -> None:
    with an_older_sight(engine) as older:
        before = contents(engine)
        asked = Question("stock", parse_day("2003-12-31"), parse_instant("2026-01-01T00:00Z"), 1)
        with ColumnarCopy(engine).at_least(older, 1) as copy:
            assert copy[1] == 2
            table = over_copy(copy, older, _PROFILE, asked)
        assert table.rows == by_reference(older, _PROFILE, asked).rows
        assert table.rows[0]["persons"] == 1
        assert contents(engine) == before


def test_a_copy_further_than_a_check_of_the_store_sees_is_no_finding(engine: Engine) -> None:
    with an_older_sight(engine) as older:
        assert list(CopyCheck(engine)(older, head_of(older))) == []


def _thrown_away_after_a_refresh(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, times: int
) -> ColumnarCopy:
    """A copy that somebody throws away as soon as it is refreshed, so many times."""
    copy, refresh = ColumnarCopy(engine), ColumnarCopy._refresh
    left = iter(range(times))

    def refreshed(self: ColumnarCopy, *arguments: Any) -> None:
        refresh(self, *arguments)
        if next(left, None) is not None:
            self.path.unlink()

    monkeypatch.setattr(ColumnarCopy, "_refresh", refreshed)
    return copy


def test_a_copy_thrown_away_between_refresh_and_reading_is_made_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    Store(engine).append([enrolled(1)])
    copy = _thrown_away_after_a_refresh(engine, monkeypatch, 2)
    with reading(engine) as connection, copy.at_least(connection, 1) as (_, stands_at):
        assert stands_at == 1


def test_a_copy_thrown_away_over_and_over_is_told_of(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    Store(engine).append([enrolled(1)])
    copy = _thrown_away_after_a_refresh(engine, monkeypatch, 9)
    with (
        pytest.raises(ForlopError, match="again and again while in use"),
        reading(engine) as connection,
        copy.at_least(connection, 1),
    ):
        raise AssertionError("there is no copy")
