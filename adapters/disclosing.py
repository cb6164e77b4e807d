"""What disclosure control is to do, and what earlier releases have said already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from adapters.errors import WrongUseError
from domain.codes import Profile
from projections.disclosure import Release, Rule, suppress
from projections.disclosure_rounding import round_to_base

Results: TypeAlias = Sequence[Mapping[str, Any]]
Nesting: TypeAlias = dict[tuple[str, str], dict[Any, Any]]


@dataclass(frozen=True)
class Control:
    """Suppression by a rule or, with a `base`, rounding."""

    rule: Rule
    base: int | None = None


def controlled(
    results: Results, control: Control, profile: Profile, earlier: Sequence[Release] = ()
) -> Results:
    """Results as they may be published together; what earlier releases told is reckoned with.

    WrongUseError where a library that it takes is not installed, or where rounding would leave a
    difference to an earlier release.
    """
    if not results:
        return results
    nesting = nesting_of(profile)
    try:
        if control.base is not None:
            return round_to_base(results, control.base, control.rule, nesting=nesting)
        return suppress(results, control.rule, earlier=earlier, nesting=nesting).results
    except ModuleNotFoundError as error:
        raise WrongUseError(
            f"disclosure control needs {error.name}: pip install 'forlop[publish]'"
        ) from None


def nesting_of(profile: Profile) -> Nesting:
    """Which office lies in which county, and which municipality in which unit."""
    measures = {code.code: code.group or None for code in profile.lists["measure"].values()}
    return {
        ("office", "county"): dict(profile.county_of_office),
        ("municipality", "unit"): dict(profile.unit_of_municipality),
        ("measure", "measure_group"): dict(measures),
    }
