"""Reports counted: each a table like any figure's, ready for every format."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from adapters.many_answers import Answers
from adapters.reports.amounts import Blank, Numbers
from adapters.reports.counting import Counted, Guard, Published
from adapters.reports.recipe import Report
from adapters.reports.shares import Found, hidden_with_another
from adapters.reports.sheets import TOTAL, Grid, Place
from adapters.reports.words import Naming
from adapters.tables.wording import Labels
from domain.codes import Code, Language, Profile
from projections.question import DIMENSIONS


@dataclass(frozen=True)
class Ran:
    """A report's table as a result, the labels of its rows, and the figure of its chart."""

    report: Report
    result: dict[str, Any]
    labels: Labels
    chart: Mapping[str, Any] | None


@dataclass(frozen=True)
class Run:
    """Several reports of one store, and the figures that they were made of, as published."""

    reports: tuple[Ran, ...]
    figures: tuple[Mapping[str, Any], ...]


def run(
    reports: Sequence[Report],
    answers: Answers,
    profile: Profile,
    language: Language,
    guard: Guard | None = None,
    done: Callable[[int], None] | None = None,
) -> Run:
    """Counts reports; `guard` is what disclosure control does to their figures, all together."""
    counted = Counted(answers)
    true: list[dict[Place, Fraction | None]] = []
    with answers.at_hand():
        for report in reports:
            true.append(_cells(report, counted, answers))
            if report.chart not in (None, "bars"):
                counted.use(report.figures[str(report.chart)])
            for asked in report.figures.values():
                answers.answer(asked)  # the table says when and over what it was counted
            if done is not None:
                done(1)
    published = None if guard is None else Published(counted, answers, guard)
    ran = []
    for report, before in zip(reports, true, strict=True):
        after: Found = before
        if published is not None:
            after = _cells(report, published, answers, list(before))
            after = hidden_with_another(report.sheet, before, after)
        ran.append(_ran(report, before, after, answers, profile, language, published))
    figures = counted.results() if published is None else published.results
    return Run(tuple(ran), tuple(figures))


def _cells(
    report: Report, numbers: Numbers, answers: Answers, places: Sequence[Place] | None = None
) -> dict[Place, Fraction | None]:
    rows = report.rows or _rows(report, answers)
    found = places if places is not None else report.sheet.places(rows)
    amounts = {(row, column): report.sheet.amount(row, column, rows) for row, column in found}
    # A corner that the publication leaves empty is empty here too.
    return {
        place: None if isinstance(amount, Blank) else amount.of(numbers)
        for place, amount in amounts.items()
    }


def _rows(report: Report, answers: Answers) -> tuple[str, ...]:
    """The values that a figure has of the rows' dimension, where the report names none."""
    assert isinstance(report.sheet, Grid)
    dimension = report.sheet.rows.dimension
    asked = next(iter(report.figures.values()))
    if dimension in DIMENSIONS:
        asked = replace(asked, by=(dimension,))
    result = answers.answer(asked)
    return tuple(dict.fromkeys(str(row[dimension]) for row in result.rows if row[dimension]))


def _ran(
    report: Report,
    before: Found,
    after: Found,
    answers: Answers,
    profile: Profile,
    language: Language,
    published: Published | None,
) -> Ran:
    naming = Naming(profile, language, report)
    rows, total = (_grid if report.sheet.is_grid else _list)(after)
    asked = next(iter(report.figures.values()))
    example = answers.answer(asked).meta
    meta: dict[str, Any] = {
        "figure": "report",
        "report": report.name,
        "report_hash": report.fingerprint,
        "language": language,
        "title": report.titles[language],
        "source": report.sources[language],
        "notes": list(report.notes[language]),
        "by": ["row"] if report.sheet.is_grid else ["row", "column"],
        "known_at": example["known_at"],
        "position": answers.position,
        "head": example["head"],
        "profile": profile.name,
        "profile_hash": example["profile_hash"],
        "definitions": example["definitions"],
        "figures": sorted({one.figure for one in report.figures.values()}),
    }
    for name in ("at", "from", "to"):
        moments = {answers.answer(one).meta.get(name) for one in report.figures.values()}
        if len(moments) == 1 and None not in moments:
            meta[name] = moments.pop()
    if published is not None:
        meta["disclosure"] = _disclosure(published, before, after, report)
    columns = list(dict.fromkeys(column for _, column in after))
    names = [*dict.fromkeys(row for row, _ in after), *columns]
    meta["headings"] = _headings(report, naming) | {name: naming(name) for name in columns}
    labels = {"row": _codes(names, naming), "column": _codes(names, naming)}
    chart = None
    if report.chart not in (None, "bars"):
        figure = report.figures[str(report.chart)]
        whole = answers.answer(figure).as_mapping() if published is None else published.of(figure)
        said = {"title": meta["title"], "source": meta["source"]}
        chart = {**whole, "meta": {**whole["meta"], **said}}
    result = {"meta": meta, "rows": rows, "total": total}
    return Ran(report, result, {**profile.lists, **labels}, chart)


def _headings(report: Report, naming: Naming) -> dict[str, str]:
    """What stands over the rows' names, and before the total."""
    sheet = report.sheet
    over = naming.heading(sheet.rows.dimension) if isinstance(sheet, Grid) else ""
    value = "" if sheet.is_grid else naming.heading("number")
    return {"row": over, "column": "", "value": value, TOTAL: naming(TOTAL)}


def _codes(names: Sequence[str], naming: Naming) -> dict[str, Code]:
    return {name: Code(name, "", naming(name), naming(name)) for name in names}


def _grid(cells: Found) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    rows: dict[str, dict[str, Any]] = {}
    for (row, column), number in cells.items():
        rows.setdefault(row, {"row": row})[column] = _plain(number)
    last = next(reversed(rows), None)
    total = rows.pop(TOTAL) if last == TOTAL and len(rows) > 1 else None
    if total is not None:
        del total["row"]
    return list(rows.values()), total


def _list(cells: Found) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    return [
        {"row": row, "column": column, "value": _plain(number)}
        for (row, column), number in cells.items()
    ], None


def _plain(number: Fraction | None) -> int | float | None:
    if number is None:
        return None
    return int(number) if number.denominator == 1 else float(number)


def _disclosure(
    published: Published, before: Found, after: Found, report: Report
) -> dict[str, Any]:
    """What was done to the figures, and which cells of the table it took away."""
    done = dict(published.results[0]["meta"]["disclosure"]) if published.results else {}
    rows = list(dict.fromkeys(row for row, _ in after))
    has_total = report.sheet.is_grid and rows[-1:] == [TOTAL] and len(rows) > 1
    gone: list[list[Any]] = []
    for number, (row, column) in enumerate(after):
        if after[row, column] is not None or before[row, column] is None:
            continue
        if not report.sheet.is_grid:
            gone.append([number, "value"])
        else:
            gone.append([None if has_total and row == TOTAL else rows.index(row), column])
    return {**done, "suppressed": gone}
