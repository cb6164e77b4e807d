"""The case systems by the name that a user gives: how each reads, and how it tells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from adapters.case_systems import (
    arena,
    digisos,
    komet,
    kostra_11cf,
    kostra_11f,
    oppfolging,
    paw,
    team_tiltak,
    tiltakshistorikk,
)
from adapters.case_systems.messages import Delivery, Messages, Tell


@dataclass(frozen=True, slots=True)
class CaseSystem:
    """`read` turns bytes into versions and problems; `tell` says what holds after some versions.

    `rules` is the version of `tell`: another one where the same versions would be told otherwise.
    """

    name: str
    read: Callable[[bytes, Delivery], Messages]
    tell: Tell
    rules: int = 1


SYSTEMS: Final[Mapping[str, CaseSystem]] = {
    module.SOURCE: CaseSystem(module.SOURCE, module.read, module.tell)
    for module in (
        arena,
        digisos,
        komet,
        kostra_11cf,
        kostra_11f,
        oppfolging,
        paw,
        team_tiltak,
        tiltakshistorikk,
    )
}
