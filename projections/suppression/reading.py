"""Figures' results as cells: which columns are counts, and which cells several tables share."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from projections.suppression.cells import Cell, Dims, Value

Result = Mapping[str, Any]
Nesting = Mapping[tuple[str, str], Mapping[Value, Value]]  # (child, parent) -> child's -> parent's

COUNTS = frozenset(
    {
        "persons",
        "spells",
        "mean_persons",
        "mean_spells",
        "inflow",
        "outflow",
        "flow",
        "stock",
        "stock_spells",
        "completed",
        "ongoing",
        "exits",
        "final",
        "returned",
        "pending",
        "reached",
        "in_work_or_education",
        "count",
        "used",
        "used_highest",
        "kvp_assessed_first",
    }
)
PUBLIC = frozenset({"target", "places"})  # said about nobody: a budget, a goal
OWN_DIMENSIONS = {
    "series": ("date",),
    "outcomes": ("horizon",),
    "returns": ("months",),
    "funnel": ("step",),
    "chains": ("measure", "next_measure"),
    "capacity": ("measure", "provider"),
    "duty": ("state", "reason"),
}
UNSUMMABLE = frozenset({"date", "horizon", "months", "step"})  # one person is under many of these
WITHIN = (
    ("office", "county"),
    ("municipality", "unit"),
    ("municipality", "county"),
    ("unit", "county"),
    ("measure", "measure_group"),
    ("month", "quarter"),
    ("month", "year"),
    ("quarter", "year"),
)
_SCOPE = ("figure", "of", "at", "from", "to", "every", "programme", "window", "ages", "profile")
_MOMENT = ("known_at", "position", "head", "profile_hash", "definitions")
_BASIS = {
    "share_of_final": ("final",),
    "mean_days_completed": ("completed",),
    "median_days_completed": ("completed",),
    "mean_months_completed": ("completed",),
    "median_months_completed": ("completed",),
    "mean_months_all": ("spells",),
    "km_median_days": ("spells",),
    "curve": ("spells", "completed", "ongoing"),
    "share_used": ("used",),
    "person_months": ("used",),
}


@dataclass(frozen=True)
class Share:
    """A column that is one count over another: which count, and the denominator's dimensions."""

    column: str
    of: str
    whole: Dims


@dataclass(frozen=True)
class Line:
    """One row of a result, or its total (index None), under the dimensions that say what it is."""

    index: int | None
    dims: Dims
    row: Mapping[str, Any]
    shares: tuple[Share, ...] = ()


@dataclass(frozen=True)
class Sheet:
    """One result, read: its scope, what its `where` keeps, its lines, and of which release."""

    scope: str
    figure: str
    kept: Dims
    names: frozenset[str]
    lines: tuple[Line, ...]
    release: int

    def cell(self, column: str, dims: Dims) -> Cell:
        return Cell(self.scope, column, dims, self.release)

    def cells(self, line: Line) -> Iterator[tuple[Cell, Any]]:
        """The counts of a line, with what the result prints for them (None where suppressed)."""
        for column, value in line.row.items():
            if column in COUNTS:
                yield self.cell(column, line.dims), value

    def derived(self, line: Line) -> Iterator[tuple[str, tuple[Cell, ...]]]:
        """The columns that are worked out from counts, each with the counts that give it."""
        counts = [column for column in line.row if column in COUNTS]
        for column in line.row:
            if column in COUNTS or column in PUBLIC or column in self.names:
                continue
            basis = [c for c in _BASIS.get(column, counts) if c in counts] or counts
            cells = [self.cell(c, line.dims) for c in basis]
            yield column, (*cells, *self._denominators(column, line))

    def _denominators(self, column: str, line: Line) -> list[Cell]:
        """Counts of other lines that a share tells together with its own."""
        found = [self.cell(s.of, s.whole) for s in line.shares if s.column == column]
        if column == "share" and self.figure == "funnel":
            referred = (*without(line.dims, "step"), ("step", "referred"))
            found.append(self.cell("persons", tuple(sorted(referred))))
        return found


def without(dims: Dims, name: str) -> Dims:
    return tuple(pair for pair in dims if pair[0] != name)


def read(result: Result, nesting: Nesting, release: int = 0) -> Sheet:
    """A result as a sheet of cells. ValueError if it carries no figure's name.

    A report says in `meta["percentages"]` what its own columns are a share of:
    `{"percent": {"of": "persons", "within": ["county"]}}` is the part of the county's persons;
    within nothing, of all.
    """
    meta = result["meta"]
    if "figure" not in meta:
        raise ValueError("the result's meta names no figure")
    figure, (kept, filters) = meta["figure"], _where(meta.get("where"))
    names = list(dict.fromkeys((*meta.get("by", ()), *OWN_DIMENSIONS.get(figure, ()))))
    scope = {key: meta[key] for key in _SCOPE if meta.get(key) is not None}
    percentages = {c: (p["of"], set(p["within"])) for c, p in meta.get("percentages", {}).items()}
    if figure == "exits":
        percentages.setdefault("share_of_final", ("final", set(names) - {"destination"}))
    lines = []
    for i, row in enumerate(result["rows"]):
        dims = {name: row[name] for name in names if name in row}
        shares = tuple(
            Share(column, of, _normal({**kept, **_only(dims, within)}, nesting))
            for column, (of, within) in percentages.items()
            if column in row
        )
        lines.append(Line(i, _normal({**kept, **dims}, nesting), row, shares))
    if result.get("total") is not None:
        lines.append(Line(None, _normal(kept, nesting), result["total"]))
    text = json.dumps({**scope, "where": filters}, sort_keys=True, ensure_ascii=False)
    return Sheet(text, figure, _normal(kept, nesting), frozenset(names), tuple(lines), release)


def moments(releases: Sequence[Sequence[Result]]) -> list[list[int]]:
    """Of each result of each release, the number of the moment that it was counted at.

    Results of one moment tell of the same numbers, whichever release prints them. 0 is the moment
    of the first result; a result that does not say its moment has its release's own.
    """
    seen: dict[Any, int] = {}
    return [
        [seen.setdefault(_moment(result, number), len(seen)) for result in results]
        for number, results in enumerate(releases)
    ]


def _moment(result: Result, number: int) -> Any:
    found = tuple(result["meta"].get(name) for name in _MOMENT)
    return found if any(found) else number


def _only(dims: Mapping[str, Value], names: set[str]) -> dict[str, Value]:
    return {name: value for name, value in dims.items() if name in names}


def _where(where: Any) -> tuple[dict[str, Value], list[Any]]:
    """`where` as dimensions kept at one value, and the filters that keep several."""
    if not where:
        return {}, []
    if isinstance(where, Mapping):
        pairs: Iterable[tuple[str, Any]] = where.items()
    else:
        pairs = ((p.partition("=")[::2]) if isinstance(p, str) else p for p in where)
    found: dict[str, list[Value]] = {}
    for name, value in pairs:
        several = value if isinstance(value, list | tuple) else [value]
        found.setdefault(name, []).extend(_code(v) for v in several)
    kept = {name: values[0] for name, values in found.items() if len(values) == 1}
    many = [[n, sorted(map(str, v))] for n, v in sorted(found.items()) if len(v) > 1]
    return kept, many


def _code(value: Any) -> Value:
    if value == "":
        return None
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def nesting_of(results: Sequence[Result], given: Nesting | None = None) -> Nesting:
    """Which dimension lies within which, as given and as rows that carry both show it."""
    found: dict[tuple[str, str], dict[Value, Value]] = {}
    for pair in WITHIN:
        seen: dict[Value, set[Value]] = {}
        for row in (row for result in results for row in result["rows"]):
            if pair[0] in row and pair[1] in row:
                seen.setdefault(row[pair[0]], set()).add(row[pair[1]])
        if seen and all(len(parents) == 1 for parents in seen.values()):
            found[pair] = {child: next(iter(parents)) for child, parents in seen.items()}
    for pair, mapping in (given or {}).items():
        found[pair] = {**found.get(pair, {}), **mapping}
    return found


def _normal(dims: Mapping[str, Value], nesting: Nesting) -> Dims:
    """Sorted, and without a parent that its child already tells (an office tells its county)."""
    told = {
        parent
        for (child, parent), mapping in nesting.items()
        if child in dims and parent in dims and mapping.get(dims[child], ...) == dims[parent]
    }
    return tuple(sorted(((n, v) for n, v in dims.items() if n not in told), key=lambda p: p[0]))


def lies_within(part: Mapping[str, Value], whole: Dims, nesting: Nesting) -> bool:
    """Whether whoever is counted under `part` is counted under `whole` too."""
    for name, value in whole:
        if name in part:
            if part[name] != value:
                return False
        elif not any(
            parent == name and child in part and mapping.get(part[child], ...) == value
            for (child, parent), mapping in nesting.items()
        ):
            return False
    return True
