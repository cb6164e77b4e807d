"""A refreshed copy is the one that would be made anew, whichever way the refresh takes."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest
from sqlalchemy import Engine

from adapters import columnar_copy, refreshing
from adapters.answers import answer
from adapters.columnar_copy import ColumnarCopy
from adapters.profiles import default_profile
from adapters.store import Store
from tests.engines.test_engines_agree import row
from tests.engines.test_interrupted_refresh import ASKED, contents, enrolled


def refreshed(engine: Engine) -> dict[str, list[Any]]:
    """All that the copy holds, once it has been brought up to the log."""
    answer(engine, default_profile(), ASKED)
    found = contents(engine)
    return found | {"standing": [standing[:3] for standing in found["standing"]]}


@pytest.mark.parametrize("few", [0, 10**9], ids=["from the store", "from the copy's own log"])
def test_whole_histories_are_found_again(
    engine: Engine, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refreshing, "_FEW", few)
    store = Store(engine)
    store.append([enrolled(number) for number in (1, 2, 3)])
    before = refreshed(engine)
    left = row(4, "exited", "2003-06-01", programme="kvp", destination="work")
    withdrawn = row(5, "voided", "2003-07-01", replaces="3")
    store.append([left | {"participant": "P2"}, withdrawn | {"participant": "P3"}, enrolled(6)])
    after = refreshed(engine)
    assert after["enrolment"] != before["enrolment"]
    ColumnarCopy(engine).throw_away()
    assert after == refreshed(engine)


def test_small_groups_of_rows_are_brought_together_now_and_then(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(columnar_copy, "_UNTIDIED", 3)
    store = Store(engine)
    groups: list[int] = []
    for number in range(1, 6):
        store.append([enrolled(number)])
        answer(engine, default_profile(), ASKED)
        with duckdb.connect(str(ColumnarCopy(engine).path), read_only=True) as found:
            storage = "SELECT count(DISTINCT row_group_id) FROM pragma_storage_info('person')"
            groups += found.execute(storage).fetchone() or ()
    assert groups == [1, 2, 3, 1, 2]
