"""A publication of reports: one page that stands alone, and one workbook."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson

from adapters.charts.draw import chart, kind_of
from adapters.reports.definitions import DEFINITIONS
from adapters.reports.running import Ran, Run
from adapters.tables import html, xlsx
from domain.codes import Language

PAGE, WORKBOOK, PUBLISHED = "index.html", "tables.xlsx", "published.json"
_WORDS = {
    "title": ("Rapporter fra Forløp", "Reports from Forløp"),
    "contents": ("Innhold", "Contents"),
    "definitions": ("Hva tallene betyr", "What the figures mean"),
    "again": ("Slik lages siden på nytt", "To make this page again"),
    "needed": (
        "Det trengs denne utgaven av Forløp og et lager som har loggen fram til denne posisjonen, "
        "der summen (head) er den samme; «forlop head» sier hva den er.",
        "It takes this version of Forløp and a store that has the log up to this position, with "
        "the same hash there (head); `forlop head` says what it is.",
    ),
    "source": ("Tabellens oppskrift", "The table's recipe"),
    "open": (
        "Tallene på denne siden er ikke skjermet: små tall kan vise til enkeltpersoner.",
        "Numbers on this page are not suppressed: small ones may point to persons.",
    ),
    "suppressed": (
        "Tall under {} og tall som ville ha røpet dem, er skjult med {} i alle tabellene samlet.",
        "Numbers below {} and those that would give them away are hidden by {}, over all tables "
        "together.",
    ),
    "rounded": (
        "Alle antall er avrundet til nærliggende multiplum av {}.",
        "All counts are rounded to a nearby multiple of {}.",
    ),
}
_STYLE = """\
nav ul { columns: 26rem 2; padding-left: 1.2rem; font-size: .95rem; }
nav li { break-inside: avoid; }
nav h3 { font-size: 1rem; margin-bottom: .3rem; }
section { border-top: 1px solid var(--rule); padding-top: 1.2rem; }
img { max-width: 100%; height: auto; }
.warning { border: 2px solid var(--ink); padding: .6rem 1rem; font-weight: 600; }
pre { overflow-x: auto; background: var(--band); padding: .6rem; font-size: .8rem; }
@media print { nav ul { columns: 1; } section { break-inside: avoid; } }
"""


@dataclass(frozen=True)
class About:
    """What is said of a whole publication: how it is made again, and what was done to protect."""

    command: str
    language: Language
    disclosure: Mapping[str, Any] | None

    def word(self, name: str) -> str:
        return _WORDS[name][self.language == "en"]

    def protection(self) -> str:
        if self.disclosure is None:
            return self.word("open")
        if "base" in self.disclosure:
            return self.word("rounded").format(self.disclosure["base"])
        said = self.word("suppressed")
        return said.format(self.disclosure["threshold"], f"«{self.disclosure['symbol']}»")


def publish(run: Run, about: About, folder: Path) -> list[Path]:
    """Writes the page, the workbook and the published figures into a folder, which it makes."""
    folder.mkdir(parents=True, exist_ok=True)
    written = {
        PAGE: page(run, about),
        WORKBOOK: workbook(run, about),
        PUBLISHED: orjson.dumps(list(run.figures), option=orjson.OPT_INDENT_2),
    }
    for name, content in written.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in written]


def workbook(run: Run, about: About) -> bytes:
    """A sheet for each table, real numbers under formats, notes, and where they come from."""
    results = [_worded(ran, about.language) for ran in run.reports]
    for result in results:
        result["meta"]["notes"] = [*result["meta"]["notes"], about.protection()]
        result["meta"]["command"] = about.command
    names = [ran.report.name for ran in run.reports]
    return xlsx.workbook(results, {}, about.language, names)


def _worded(ran: Ran, language: Language) -> dict[str, Any]:
    """A result with the names of its rows in place of their codes."""
    rows = [
        {
            name: ran.labels[name][value].label(language) if name in ("row", "column") else value
            for name, value in row.items()
        }
        for row in ran.result["rows"]
    ]
    return {**ran.result, "meta": dict(ran.result["meta"]), "rows": rows}


def page(run: Run, about: About) -> bytes:
    """One page: contents, tables, charts, definitions, provenance; no script and no link out."""
    titles = [ran.result["meta"]["title"] for ran in run.reports]
    title = escape(titles[0] if len(titles) == 1 else about.word("title"))
    sections = "".join(_section(ran, about) for ran in run.reports)
    css = "" if about.disclosure is not None else ' class="warning"'
    return (
        f'<!doctype html>\n<html lang="{about.language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n{html.STYLE}{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{title}</h1>\n<p{css}>{escape(about.protection())}</p>\n"
        f"<nav>\n<h2>{about.word('contents')}</h2>\n{_contents(run.reports)}</nav>\n{sections}"
        f"{_definitions(run.reports, about)}{_again(run, about)}</body>\n</html>\n"
    ).encode()


def _contents(reports: Sequence[Ran]) -> str:
    """Links to the tables, under the source that they are from."""
    listed: dict[str, list[str]] = {}
    for ran in reports:
        link = f'<a href="#{escape(ran.report.name)}">{escape(ran.result["meta"]["title"])}</a>'
        listed.setdefault(ran.result["meta"]["source"], []).append(f"<li>{link}</li>\n")
    return "".join(
        f"<h3>{escape(source)}</h3>\n<ul>\n{''.join(links)}</ul>\n"
        for source, links in listed.items()
    )


def _section(ran: Ran, about: About) -> str:
    table = html.fragment(ran.result, ran.labels, about.language)
    recipe = (
        f"<details>\n<summary>{about.word('source')}</summary>\n"
        f"<pre>{escape(ran.report.text)}</pre>\n</details>\n"
    )
    name = escape(ran.report.name)
    return f'<section id="{name}">\n{table}{_picture(ran, about)}{recipe}</section>\n'


def _picture(ran: Ran, about: About) -> str:
    if ran.report.chart is None:
        return ""
    result = ran.result if ran.chart is None else ran.chart
    kind = "bars" if ran.chart is None else kind_of(str(result["meta"]["figure"]))
    drawn = chart(kind, result, ran.labels, about.language, "svg")
    data = base64.b64encode(drawn).decode()
    text = escape(str(result["meta"]["title"]))
    return f'<p><img alt="{text}" src="data:image/svg+xml;base64,{data}"></p>\n'


def _definitions(reports: Sequence[Ran], about: About) -> str:
    names = dict.fromkeys(name for ran in reports for name in ran.result["meta"]["figures"])
    said = "".join(
        f"<li>{escape(DEFINITIONS[name][about.language == 'en'])}</li>\n" for name in names
    )
    return f"<section>\n<h2>{about.word('definitions')}</h2>\n<ul>\n{said}</ul>\n</section>\n"


def _again(run: Run, about: About) -> str:
    meta = run.reports[0].result["meta"]
    facts = {name: meta[name] for name in ("position", "head", "profile")}
    facts["forlop"] = version("forlop")
    pairs = "".join(f"<dt>{escape(k)}</dt><dd>{escape(str(v))}</dd>\n" for k, v in facts.items())
    return (
        f"<section>\n<h2>{about.word('again')}</h2>\n<pre>{escape(about.command)}</pre>\n"
        f"<p>{escape(about.word('needed'))}</p>\n"
        f"<dl>\n{pairs}</dl>\n</section>\n"
    )
