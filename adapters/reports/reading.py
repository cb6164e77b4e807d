"""What a cell or a column of a report's file counts, as an amount."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from adapters.answers import Asked, checked, settle_at
from adapters.errors import WrongUseError
from adapters.reports.amounts import (
    Amount,
    Blank,
    Choice,
    Count,
    NoData,
    Ratio,
    Rounded,
    Sum,
    Times,
    Whole,
    percent,
)
from adapters.reports.sheets import Rows
from adapters.toml_file import TomlFile
from domain.codes import Profile
from projections.question import QuestionError, read_where

Place: TypeAlias = tuple[str, int]  # a table of the file, and which of those of its name

COLUMNS: Final[Mapping[str, str]] = {
    "stock": "persons spells mean_persons",
    "flow": "persons spells inflow outflow",
    "series": "stock stock_spells inflow outflow flow",
    "dwell": "spells completed ongoing mean_days_completed median_days_completed "
    "mean_months_completed median_months_completed mean_months_all km_median_days",
    "exits": "exits final returned pending share_of_final",
    "outcomes": "reached in_work_or_education share target",
    "returns": "exits returned share",
    "funnel": "persons share median_days",
    "chains": "count median_days_start_to_start median_days_stop_to_start",
    "capacity": "places used used_highest share_used person_months",
    "duty": "persons kvp_assessed_first",
}
# What the rows of a figure are besides its dimensions: days, steps, horizons.
_OWN: Final = frozenset({"date", "horizon", "months", "next_measure", "reason", "state", "step"})
_KINDS: Final = ("count", "amount", "sum", "percent", "ratio", "blank", "no_data")
_KEYS: Final = (
    *_KINDS, "figure", "of", "of_all", "only", "pick", "decimals", "times",
    "name", "row", "column", "total",
)  # fmt: skip


class Reader:
    """Reads amounts of one file: its figures and its named amounts are what they refer to."""

    def __init__(self, file: TomlFile, figures: Mapping[str, Asked], profile: Profile) -> None:
        self._file = file
        self._figures = figures
        self._profile = profile
        self._named: Mapping[str, Any] = file.values.get("amounts", {})
        self.rows = Rows("")
        for name, spec in self._named.items():
            self.amount(spec, (f"amounts.{name}", 0))

    def amount(self, spec: Any, place: Place, rows: tuple[str, ...] = ()) -> Amount:
        """An amount; one of nothing, and a problem, where it cannot be read."""
        if isinstance(spec, str):
            spec = {"amount": spec}
        if not isinstance(spec, Mapping):
            return self._wrong(f"{spec!r} is no amount", place)
        self._file.check_keys(spec, _KEYS, *place)
        kinds = [name for name in _KINDS if name in spec]
        if len(kinds) != 1:
            return self._wrong(f"an amount has exactly one of {', '.join(_KINDS)}", place)
        found = self._of_kind(kinds[0], spec, place, rows)
        if "times" in spec:
            found = Times(found, spec["times"])
        if "decimals" in spec:
            found = Rounded(found, spec["decimals"])
        return found

    def _of_kind(
        self, kind: str, spec: Mapping[str, Any], place: Place, rows: tuple[str, ...]
    ) -> Amount:
        narrowing = {
            **spec.get("pick", {}), **self.narrowing(spec.get("only", []), place)
        }  # fmt: skip
        match kind:
            case "blank":
                return Blank()
            case "no_data":
                return NoData()
            case "count":
                return self._count(spec, place).within(narrowing)
            case "sum":
                parts = tuple(self.amount(part, place, rows) for part in spec["sum"])
                return Sum(parts).within(narrowing)
            case "amount":
                return self._by_name(str(spec["amount"]), place).within(narrowing)
        part = self.amount(spec[kind], place, rows).within(narrowing)
        whole = self._whole(spec, part, place, rows)
        return percent(part, whole) if kind == "percent" else Ratio(part, whole)

    def _whole(
        self, spec: Mapping[str, Any], part: Amount, place: Place, rows: tuple[str, ...]
    ) -> Amount:
        """What a share is of: `rows`, the part added up over the rows; or an amount."""
        if "of" not in spec:
            return self._wrong("a share says what it is of: of = …", place)
        if spec["of"] == "rows":
            return Whole(Sum(tuple(part.within(self.rows.narrowing(row)) for row in rows)))
        whole = part if spec["of"] == "itself" else self.amount(spec["of"], place, rows)
        return Whole(whole) if spec.get("of_all", False) else whole

    def _count(self, spec: Mapping[str, Any], place: Place) -> Count | NoData:
        name = spec.get("figure", next(iter(self._figures), ""))
        if name not in self._figures:
            if name not in self._file.values.get("figures", {}):
                self._wrong(f"there is no figure {name!r}: give [figures.{name}]", place, "figure")
            return NoData()
        asked = self._figures[name]
        if spec["count"] not in COLUMNS[asked.figure].split():
            known = ", ".join(COLUMNS[asked.figure].split())
            self._wrong(f"{asked.figure} counts {known}, not {spec['count']!r}", place, "count")
        return Count(asked, spec["count"])

    def _by_name(self, name: str, place: Place) -> Amount:
        if name not in self._named or place[0] == f"amounts.{name}":
            return self._wrong(f"there is no amount {name!r}: give [amounts.{name}]", place)
        return self.amount(self._named[name], (f"amounts.{name}", 0))

    def narrowing(self, conditions: list[str], place: Place) -> dict[str, Choice]:
        """`DIM=VALUE` conditions; one dimension twice means either."""
        try:
            found = read_where(conditions)
            checked(settle_at(Asked("exits", where=found), 0, None), self._profile)
        except (QuestionError, WrongUseError) as error:
            self._wrong(str(error), place, "only")
            return {}
        return {name: v[0] if len(v) == 1 else v for name, v in found.items()}

    def check_rows(self) -> None:
        """A problem for a dimension of the rows that there is not, or a code that it has not."""
        if self.rows.dimension in _OWN:
            return
        wrong: dict[str, None] = {}
        for code in self.rows.codes.values():
            codes = code if isinstance(code, tuple) else (code,)
            asked = Asked("exits", where={self.rows.dimension: codes})
            try:
                checked(settle_at(asked, 0, None), self._profile)
            except (QuestionError, WrongUseError) as error:
                wrong[str(error)] = None
        for message in wrong:
            self._file.wrong(message, "rows")

    def _wrong(self, message: str, place: Place, key: str = "") -> NoData:
        self._file.wrong(message, *place, key)
        return NoData()
