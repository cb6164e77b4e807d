"""By which rules the events of a store were told: the same ones must tell what is new.

Rows are never read back from the log: what was told is worked out anew from what was said. A
program whose rules have changed would work out other rows, with other ids, and tell facts twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sqlalchemy import Connection, select

from adapters.bulk import look_up
from adapters.case_systems import snapshots
from adapters.case_systems.systems import SYSTEMS
from adapters.errors import ForlopError
from adapters.event_store import in_parts
from adapters.overlaps import tell_of
from adapters.said import Said, tag_of
from adapters.schema import source_versions, store_info
from adapters.seals import Seals

_EVENTS: Final = "SELECT source_event_id FROM events"
_HELD: Final = "SELECT event_id FROM quarantine"


def hold_to_rules(connection: Connection, source: str) -> None:
    """Notes by which rules a source is told, at its first delivery into a store.

    Raises ForlopError where what is there was told by other rules. A store that has no note of them
    was made before there was one: what its rows would be now is compared with what they are.
    """
    name, wanted = f"telling_rules/{source}", _rules_of(source)
    query = select(store_info.c.value).where(store_info.c.name == name)
    found = connection.execute(query).scalar_one_or_none()
    if found == wanted:
        return
    if found is not None or not _are_told_so(connection, source):
        raise ForlopError(
            f"what {source} sent into this store was told by the rules of another version of"
            " forlop, and would be told twice; go on with that version, or hand the files in to a"
            " new store"
        )
    connection.execute(store_info.insert().values(name=name, value=wanted))


def _rules_of(source: str) -> str:
    """How a source tells, and how that becomes rows."""
    system = SYSTEMS.get(source)
    return f"{snapshots.RULES}.{1 if system is None else system.rules}"


def _are_told_so(connection: Connection, source: str) -> bool:
    """Whether the rows that all that was said calls for are in the log, or in quarantine."""
    mine = source_versions.c.source == source
    subjects = connection.execute(select(source_versions.c.subject).distinct().where(mine))
    for some in in_parts([bytes(subject) for (subject,) in subjects]):
        ids = set(_ids_of_rows(connection, source, some))
        there = {
            found
            for query, column in ((_EVENTS, "source_event_id"), (_HELD, "event_id"))
            for (found,) in look_up(connection, query, column, list(ids), {"source": source})
        }
        if not there >= ids:
            return False
    return True


def _ids_of_rows(connection: Connection, source: str, subjects: Sequence[bytes]) -> Iterator[str]:
    """The ids under which these rules tell what was said; of nothing that was erased."""
    for subject, past in Said(connection, Seals(connection)).past(subjects).items():
        if past.versions and not past.gone:
            rows = snapshots.told_so_far(past.versions, tell_of(source), tag_of(subject))
            yield from (row["event_id"] for row in rows)
