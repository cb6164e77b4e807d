"""What disclosure control is to do, and what earlier releases have said already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from adapters.errors import WrongUseError
from domain.codes import Profile
from projections.disclosure import Release, Rule, suppress
from projections.disclosure_audit import Audit, audit
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


def controlled(
    results: Results, control: Control, profile: Profile, earlier: Sequence[Release] = ()
) -> Results:
    """Results as they may be published together; what earlier releases told is reckoned with.

    WrongUseError where a library that it takes is not installed, where results and releases cannot
    be brought together, or where they would tell a small count whatever is hidden.
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
            earlier=earlier,
            nesting=nesting,
            keep=_LARGE,
        )
        if done.open:
            _refuse_new_leaks(done.results, earlier, control.rule, nesting)
        return _carried_over(done.results, len(results), links)
    except ModuleNotFoundError as error:
        raise WrongUseError(
            f"disclosure control needs {error.name}: pip install 'forlop[publish]'"
        ) from None
    except ValueError as error:
        raise WrongUseError(f"no disclosure control: {error}") from None


def _refuse_new_leaks(
    results: Results, earlier: Sequence[Release], rule: Rule, nesting: Nesting
) -> None:
    """What is out already stops nothing; what these would let out does.

    Which rows there are tells, too: each is one person at least.
    """
    first, *others = [one.published for one in earlier]
    before = _leaking(audit(first, rule, earlier=others, nesting=nesting))
    after = _leaking(audit(results, rule, earlier=[first, *others], nesting=nesting))
    new = sorted(after - before)
    if new:
        more = f" and {len(new) - 1} more" if len(new) > 1 else ""
        raise WrongUseError(
            f"with what was published before, {new[0]}{more} could be worked out, "
            "whatever is hidden here; group by less"
        )


def _leaking(found: Audit) -> set[str]:
    return {str(replace(leak.cell, release=0)) for leak in found.leaks}


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
