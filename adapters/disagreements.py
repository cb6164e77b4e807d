"""Where what a source claims is not what the dates say, and where two sources tell a stay apart.

Figures derive a status from dates; a source's own status is kept as its claim, and compared here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from adapters.case_systems.messages import Claim, Version
from adapters.overlaps import in_sequence
from adapters.precedence import Rule, Stay, overlaps_among
from adapters.said import Past
from domain.calendar import OSLO, show_instant


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One, of `kind` `claim` (a source's status and its dates) or `sources` (two sources' dates).

    `says` is what is claimed, `against` what the dates, or the other source, say.
    """

    kind: str
    participant: bytes
    source: str
    placement: str
    says: str
    against: str
    since: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "participant": self.participant.hex(),
            "source": self.source,
            "placement": self.placement,
            "says": self.says,
            "against": self.against,
            "since": None if self.since is None else show_instant(self.since),
        }


def disagreements(
    stays: Sequence[Stay],
    pasts: Mapping[bytes, Past],
    rules: tuple[Rule, ...],
    at: date,
    known_at: datetime | None,
) -> list[Disagreement]:
    """All at a cutoff, by kind, source and placement. A status that nobody knows claims nothing."""
    told = [*_of_claims(stays, pasts, at, known_at), *_between_sources(stays, rules)]
    return sorted(told, key=lambda one: (one.kind, one.source, one.placement, one.says))


def dates_say(stay: Stay, at: date) -> str:
    """What a stay's days make of it at the end of a day: `waiting`, `under_way` or `stopped`."""
    if at < stay.start:
        return "waiting"
    return "under_way" if stay.stop is None or at < stay.stop else "stopped"


def _of_claims(
    stays: Iterable[Stay], pasts: Mapping[bytes, Past], at: date, known_at: datetime | None
) -> Iterator[Disagreement]:
    by_subject: dict[bytes, list[Stay]] = {}
    for each in stays:
        if each.subject is not None:
            by_subject.setdefault(each.subject, []).append(each)
    for subject, past in pasts.items():
        for version, claim in _latest(in_sequence(past, known_at), at):
            claimed = _claimed(by_subject.get(subject, ()), claim)
            if claimed is None or claim.means is None:
                continue  # without a day, or a meaning, there is nothing to compare
            stay, says = claimed, dates_say(claimed, at)
            if says == claim.means:
                continue
            told = f"{claim.status} ({claim.means})"
            days = f"{says}: {stay.start} to {'-' if stay.stop is None else stay.last_day}"
            yield Disagreement(
                "claim", stay.participant, stay.source, stay.placement, told, days,
                version.changed_at,
            )  # fmt: skip


def _latest(sent: Iterable[Version], at: date) -> list[tuple[Version, Claim]]:
    """The last claim that was made of each placement by a day: a status is of when it is given."""
    latest: dict[str, tuple[Version, Claim]] = {}
    for version in sent:
        if version.changed_at.astimezone(OSLO).date() > at:
            continue
        for claim in version.claims:
            latest[claim.placement] = (version, claim)
    return list(latest.values())


def _claimed(stays: Iterable[Stay], claim: Claim) -> Stay | None:
    """The stay that a claim is about; a form that has no name for it means the latest one."""
    mine = sorted(stays, key=lambda stay: stay.start)
    if claim.placement:
        mine = [stay for stay in mine if stay.placement == claim.placement]
    return mine[-1] if mine else None


def _between_sources(stays: Iterable[Stay], rules: tuple[Rule, ...]) -> Iterator[Disagreement]:
    """Stays that are one, whose days differ: what is left out against what holds."""
    for overlap in overlaps_among(stays, rules):
        one, other = overlap.left_out, overlap.holds
        for name in ("start", "stop"):
            mine, theirs = getattr(one, name), getattr(other, name)
            if mine != theirs:
                yield Disagreement(
                    "sources", one.participant, one.source, one.placement,
                    f"{name} {mine or 'not known'}",
                    f"{name} {theirs or 'not known'} by {other.source} {other.placement}",
                )  # fmt: skip
