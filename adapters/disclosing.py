"""What disclosure control is to do, and what earlier releases have said already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from adapters.errors import WrongUseError
from domain.codes import Profile
from projections.disclosure import Release, Rule, suppress
from projections.disclosure_links import bare, stocks_in_series
from projections.disclosure_rounding import round_to_base

_LARGE = 100  # a margin of this many is what a table is read for: it stays, if it can
Results: TypeAlias = Sequence[Mapping[str, Any]]
Nesting: TypeAlias = dict[tuple[str, str], dict[Any, Any]]


@dataclass(frozen=True)
class Control:
    """Suppression by a rule or, with a `base`, rounding."""

    rule: Rule
    base: int | None = None


@dataclass(frozen=True)
class Told:
    """What earlier releases have said: of these very numbers, and of earlier states of them."""

    same: Results
    earlier: Sequence[Release]


def controlled(
    results: Results, control: Control, profile: Profile, told: Told | None = None
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
        links = stocks_in_series(results)
        together = [*results, *(bare(stock) for _, stock in links)]
        done = suppress(
            together,
            control.rule,
            earlier=() if told is None else told.earlier,
            same=() if told is None else told.same,
            nesting=nesting,
            keep=_LARGE,
        ).results
        return _carried_over(done, len(results), links)
    except ModuleNotFoundError as error:
        raise WrongUseError(
            f"disclosure control needs {error.name}: pip install 'forlop[publish]'"
        ) from None


def _carried_over(
    done: Results, count: int, links: Sequence[tuple[int, Mapping[str, Any]]]
) -> Results:
    """What is hidden in the stock of a day is hidden in the series of that day, too."""
    found = [dict(one) for one in done[:count]]
    for (number, stock), hidden in zip(links, done[count:], strict=True):
        series = found[number]
        rows, meta = [dict(row) for row in series["rows"]], dict(series["meta"])
        disclosure = dict(meta["disclosure"])
        for before, after in zip(stock["rows"], hidden["rows"], strict=True):
            if after["persons"] is None and rows[before["_row"]]["stock"] is not None:
                rows[before["_row"]]["stock"] = None
                disclosure["suppressed"] = [*disclosure["suppressed"], [before["_row"], "stock"]]
        found[number] = {**series, "rows": rows, "meta": meta | {"disclosure": disclosure}}
    return found


def nesting_of(profile: Profile) -> Nesting:
    """Which office lies in which county, and which municipality in which unit."""
    measures = {code.code: code.group or None for code in profile.lists["measure"].values()}
    return {
        ("office", "county"): dict(profile.county_of_office),
        ("municipality", "unit"): dict(profile.unit_of_municipality),
        ("measure", "measure_group"): dict(measures),
    }
