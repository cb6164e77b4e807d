"""The same figures by pandas, lifelines and pm4py, from the same events, already in memory.

They read the events that count today: annulled and replaced ones are taken out beforehand, and
what was known at an earlier time they cannot say. Loading the frames is not timed with a figure.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from importlib import import_module
from typing import Any, Final

from benchmarks.questions import AT, FIVE_YEARS, YEAR, Numbers
from domain.calendar import DAYS_IN_A_MONTH
from projections.columnar.tables import FOREVER, day_number

_AT: Final = day_number(AT)
_FIRST, _LAST = day_number(YEAR.start), day_number(YEAR.last)


class Frames:
    """The log as a pandas frame, in the order in which events count, and the figures over it."""

    def __init__(self, log: Any) -> None:
        self.pandas = import_module("pandas")
        gone = log["replaces_position"].dropna()
        kept = log[~log["position"].isin(gone) & (log["topic"] != "voided")]
        ordered = kept.sort_values(["pid", "day", "recorded", "position"], ignore_index=True)
        self.log = ordered.assign(order=ordered.index)

    def enrolments(self) -> Any:
        """Each entry with the exit that follows it; `stop` is far off where there is none."""
        log = self.log
        found = log[log["topic"].isin(("enrolled", "reentered", "exited"))]
        following = found.groupby(["pid", "programme"], sort=False).shift(-1)
        spells = found[["pid", "day", "topic", "programme"]].assign(
            stop=following["day"], destination=following["destination"], left=following["order"]
        )
        return _started(spells[spells["topic"] != "exited"])

    def measures(self) -> Any:
        """Each start with the stop of its placement."""
        log = self.log
        starts = log.loc[log["topic"] == "measure_started", ["pid", "placement", "day", "measure"]]
        stops = log.loc[log["topic"] == "measure_stopped", ["pid", "placement", "day"]]
        stops = stops.rename(columns={"day": "stop"})
        return _started(starts.merge(stops, on=["pid", "placement"], how="left"))

    def stock(self) -> Numbers:
        spells = self.enrolments()
        there = spells[(spells["start"] <= _AT) & (spells["stop"] > _AT)]
        return [(there["pid"].nunique(), len(there))]

    def flow(self) -> Numbers:
        spells = self.measures()
        some = spells[(spells["start"] <= _LAST) & (spells["stop"] >= _FIRST)]
        some = some.assign(
            inside=(some["stop"] > _FIRST) | (some["start"] == some["stop"]),
            starts=some["start"].between(_FIRST, _LAST),
            stops=some["stop"].between(_FIRST, _LAST),
        )
        persons = some[some["inside"]].groupby("measure")["pid"].nunique()
        counts = some.groupby("measure")[["inside", "starts", "stops"]].sum()
        rows = [
            (measure, persons[measure], *map(int, row))
            for measure, row in zip(counts.index, counts.to_numpy(), strict=True)
        ]
        everybody = some.loc[some["inside"], "pid"].nunique()
        total = some[["inside", "starts", "stops"]].sum()
        return [*rows, (None, everybody, *map(int, total))]

    def dwell(self) -> Numbers:
        """Means and medians by pandas, the Kaplan-Meier median by lifelines."""
        fitter = import_module("lifelines").KaplanMeierFitter
        spells = self.measures()
        spells = spells[spells["start"] <= _AT]
        days = spells["stop"].clip(upper=_AT) - spells["start"]
        spells = spells.assign(days=days, over=spells["stop"] <= _AT)
        rows = []
        for measure, some in spells.groupby("measure"):
            ended = some.loc[some["over"], "days"]
            km = fitter().fit(some["days"], some["over"]).median_survival_time_
            row = (measure, len(some), len(ended), ended.mean(), ended.median())
            rows.append((*row, some["days"].mean() / DAYS_IN_A_MONTH, int(km)))
        return rows

    def exits(self) -> Numbers:
        pandas = self.pandas
        spells = self.enrolments()
        exits = spells[spells["stop"].between(_FIRST, _LAST)].rename(columns={"stop": "day"})
        left_on = pandas.to_datetime(exits["day"], unit="D") + pandas.DateOffset(months=3)
        exits = exits.assign(last=(left_on - pandas.Timestamp(0)).dt.days)
        later = pandas.concat([spells[["pid", "start"]], self.measures()[["pid", "start"]]])
        both = exits[["pid", "left", "day", "last"]].merge(later, on="pid")
        back = both[(both["start"] > both["day"]) & (both["start"] <= both["last"])]
        log = self.log
        seen = log.loc[log["topic"] == "outcome_observed", ["pid", "day", "order", "outcome"]]
        unknown = exits.loc[exits["destination"] == "unknown", ["pid", "left", "day", "last"]]
        told = unknown.merge(seen, on="pid", suffixes=("", "_seen"))
        told = told[(told["order"] > told["left"]) & (told["day_seen"] <= told["last"])]
        latest = told.groupby("left")["outcome"].last()
        exits = exits.assign(
            destination=exits["left"].map(latest).fillna(exits["destination"]),
            returned=exits["left"].isin(back["left"]),
            over=exits["last"] <= _AT,
        )
        exits["final"] = ~exits["returned"] & exits["over"]
        exits["pending"] = ~exits["returned"] & ~exits["over"]
        names = ["final", "returned", "pending"]
        counts = exits.groupby("destination")[names].sum()
        sizes = exits.groupby("destination").size()
        rows = [
            (name, int(sizes[name]), *map(int, row))
            for name, row in zip(counts.index, counts.to_numpy(), strict=True)
        ]
        return [*rows, (None, len(exits), *map(int, exits[names].sum()))]

    def series(self) -> Numbers:
        spells = self.enrolments()
        rows = []
        for step in FIVE_YEARS.steps("month"):
            first, last = day_number(step.start), day_number(step.last)
            some = spells[(spells["start"] <= last) & (spells["stop"] >= first)]
            there = some[some["stop"] > last]
            inside = some.loc[(some["stop"] > first) | (some["start"] == some["stop"]), "pid"]
            moves = ((some["start"] >= first).sum(), some["stop"].between(first, last).sum())
            row = (last, there["pid"].nunique(), len(there), *map(int, moves))
            rows.append((*row, inside.nunique()))
        return rows

    @cached_property
    def _traces(self) -> Any:
        """The measure starts as pm4py wants a log: case, activity, time."""
        starts = self.log[(self.log["topic"] == "measure_started") & (self.log["day"] <= _AT)]
        times = self.pandas.to_datetime(starts["day"], unit="D", utc=True)
        return starts.assign(
            **{
                "case:concept:name": starts["pid"].astype(str),
                "concept:name": starts["measure"],
                "time:timestamp": times,
            }
        )

    def chains(self) -> Numbers:
        """pm4py's directly-follows graph: which measure follows which, and how often."""
        graph, _, _ = import_module("pm4py").discover_dfg(self._traces)
        return sorted((before, after, int(count)) for (before, after), count in graph.items())


def _started(spells: Any) -> Any:
    spells = spells.rename(columns={"day": "start"})
    return spells.assign(stop=spells["stop"].fillna(FOREVER).astype("int64"))


# By the name of a question: who answers it, how, and the columns that it gives.
OTHERS: Final[dict[str, tuple[str, Callable[[Frames], Numbers]]]] = {
    "stock": ("pandas", Frames.stock),
    "flow of measures, a year, by measure": ("pandas", Frames.flow),
    "dwell of measures by measure, with Kaplan-Meier median": ("pandas, lifelines", Frames.dwell),
    "exits of a year by destination": ("pandas", Frames.exits),
    "series, 60 months": ("pandas", Frames.series),
    "chains": ("pm4py", Frames.chains),
}
