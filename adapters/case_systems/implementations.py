"""Implementations of measures (gjennomføringer): what is told of one concerns all who are in it.

A participation names its implementation and not the measure, and Arena's rules look at whether it
has ended. So what is told of an implementation is said of each participation in it as well: its
versions are copied to them. Then a participation is a function of its own versions, whichever of
the two came first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from adapters.case_systems.messages import IMPLEMENTATION, Version
from adapters.case_systems.snapshots import in_order


def subject_of(reference: str) -> str:
    """What the versions of an implementation are about, by the source's own id of it."""
    return f"implementation/{reference}"


def copies(told: Iterable[Version], subject: str) -> list[Version]:
    """What was told of an implementation, as versions of a subject that is in it.

    Only where it differs from what was told before, for most changes of one are of no concern.
    """
    found: list[Version] = []
    for version in in_order(told):
        if not found or _content(found[-1]) != _content(version):
            found.append(replace(version, subject=subject, line=None))
    return found


def _content(version: Version) -> dict[str, Any]:
    """What it says, without its place in the source's order."""
    return {name: told for name, told in version.says[IMPLEMENTATION].items() if name != "pos"}
