"""Every chart: titled, sourced, whole, the same again, and legible without colour."""

from __future__ import annotations

import io
import re
from html import unescape
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

from adapters.charts import style
from adapters.charts.draw import KINDS, chart
from domain.codes import Language
from tests.charts import results

TITLES = {
    "stock": "Beholdning, tilgang og avgang",
    "dwell": "Oppholdstid",
    "exits": "Avganger",
    "outcomes": "I arbeid eller utdanning etter avgang",
    "chains": "Fra tiltak til tiltak",
    "revisions": "Etterregistrering",
    "journey": "Forløpet til P-1042",
    "bars": "Beholdning",
}


@pytest.fixture
def readable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Letters as text and not as outlines, so that a test can read them."""
    monkeypatch.setitem(style._SETTINGS, "svg.fonttype", "none")


def words(kind: str, result: dict[str, Any], language: Language = "nb") -> str:
    """All that is written on a chart, on one line."""
    svg = chart(kind, result, results.LABELS, language).decode()
    found = re.findall(r"<(?:text|tspan)[^>]*>([^<]*)<", svg)
    return " ".join(" ".join(unescape(text).split()) for text in found)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.usefixtures("readable")
def test_it_has_its_title_its_source_and_its_cutoff(kind: str) -> None:
    text = words(kind, results.ALL[kind])
    assert TITLES[kind] in text
    assert "Kilde: Aetat, Prosjekt Tiltaksplan" in text
    assert ("2003-04-01 – 2003-12-31" if kind == "stock" else "2003-12-31") in text
    assert "posisjon 45278" in text


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.usefixtures("readable")
def test_nothing_norwegian_is_left_on_an_english_one(kind: str) -> None:
    text = words(kind, results.ALL[kind], "en").replace("Prosjekt Tiltaksplan", "")
    assert "Source: Aetat" in text
    assert not re.search(r"Andel|Dager|Alle|Forløp\b|måned|Kilde|pågår|[æøåÆØÅ]", text)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_cut_at_the_edge(kind: str) -> None:
    for language in ("nb", "en"):
        png = chart(kind, results.ALL[kind], results.LABELS, language, "png")
        picture = Image.open(io.BytesIO(png)).convert("L")
        wide, high = picture.size
        edges = (
            (0, 0, wide, 2),
            (0, high - 2, wide, high),
            (0, 0, 2, high),
            (wide - 2, 0, wide, high),
        )
        for edge in edges:
            assert picture.crop(edge).getextrema() == (255, 255), f"{kind} touches {edge}"


@pytest.mark.parametrize("form", ["svg", "png"])
@pytest.mark.parametrize("kind", KINDS)
def test_it_is_the_same_bytes_again(kind: str, form: style.Form) -> None:
    first, again = (chart(kind, results.ALL[kind], results.LABELS, "nb", form) for _ in range(2))
    assert first == again


@pytest.mark.parametrize("kind", KINDS)
def test_the_svg_stands_alone(kind: str) -> None:
    svg = chart(kind, results.ALL[kind], results.LABELS, "nb")
    root = ET.fromstring(svg)
    links = [v for e in root.iter() for k, v in e.attrib.items() if k.endswith("href")]
    assert all(link.startswith(("#", "data:")) for link in links)
    assert b"<script" not in svg


def test_groups_differ_without_colour() -> None:
    lines = {(str(style.line(i)["linestyle"]), style.line(i)["marker"]) for i in range(36)}
    assert len(lines) == 36
    areas = {
        (style.area(i)["hatch"], _grey(style.area(i)["facecolor"])) for i in range(len(style.FILLS))
    }
    assert len(areas) == len(style.FILLS)
    plain = sorted(grey for hatch, grey in areas if not hatch)
    assert plain[1] - plain[0] > 25


def _grey(ink: str) -> int:
    red, green, blue = (int(ink[i : i + 2], 16) for i in (1, 3, 5))
    return round(0.299 * red + 0.587 * green + 0.114 * blue)
