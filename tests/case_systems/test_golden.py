"""Every sample as the rows, claims, problems and warnings that it becomes, read by a person once.

To write them anew after a change that was meant: FORLOP_WRITE_GOLDEN=1, and read the difference.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from adapters.case_systems.messages import from_stored, to_stored
from tests.case_systems.deliveries import STORIES, story
from tests.case_systems.telling import Store

GOLDEN = Path(__file__).parent / "golden"


def as_json(name: str) -> Any:
    store, all_read = story(name)
    return {
        "rows": store.rows,
        "outcomes": store.outcomes,
        "waiting": sorted(store.waiting),
        "claims": [
            [version.changed_at.isoformat(), claim.placement, claim.status, claim.means]
            for messages in all_read
            for version in messages.versions
            for claim in version.claims
        ],
        "problems": [str(problem) for messages in all_read for problem in messages.problems],
        "warnings": [
            [warned.column, warned.found, warned.why, count]
            for messages in all_read
            for warned, count in messages.warnings.items()
        ],
        "passed_by": sum(messages.passed_by for messages in all_read),
    }


@pytest.mark.parametrize("name", STORIES)
def test_a_sample_becomes_what_was_read_and_approved(name: str) -> None:
    found, path = as_json(name), GOLDEN / f"{name}.json"
    if os.environ.get("FORLOP_WRITE_GOLDEN"):
        path.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2) + b"\n")
    assert found == orjson.loads(path.read_bytes())


def test_no_golden_file_is_left_over() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(STORIES)


@pytest.mark.parametrize("name", STORIES)
def test_versions_that_were_kept_give_the_same_rows(name: str) -> None:
    store, all_read = story(name)
    kept = Store(store.tell)
    for messages in all_read:
        again = [from_stored(to_stored(version)) for version in messages.versions]
        assert [v.digest for v in again] == [v.digest for v in messages.versions]
        kept.hear(replace(messages, versions=again))
    assert kept.rows == store.rows


@pytest.mark.parametrize("name", STORIES)
def test_a_second_delivery_makes_no_rows(name: str) -> None:
    store, all_read = story(name)
    rows = len(store.rows)
    for messages in all_read:
        if all(version.dated for version in messages.versions):
            store.deliver(messages.versions)
    assert len(store.rows) == rows
