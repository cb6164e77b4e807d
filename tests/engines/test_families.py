"""Each family of the log has a column for everything that its events tell in the copy."""

from __future__ import annotations

import pytest

from domain.events import EVENT_TYPES
from projections.columnar.tables import FAMILIES, FAMILY_COLUMNS, LOG


@pytest.mark.parametrize("topic", EVENT_TYPES)
def test_nothing_that_an_event_tells_is_without_a_column_in_its_family(topic: str) -> None:
    family = next((name for name, topics in FAMILIES.items() if topic in topics), "other")
    fields = EVENT_TYPES[topic].model_fields
    told = {name for name in LOG if ("birth_date" if name[:4] == "born" else name) in fields}
    assert told <= FAMILY_COLUMNS[family].keys()
