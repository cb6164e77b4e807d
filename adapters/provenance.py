"""What a page or a workbook of one figure says of itself: the `meta` of its provenance."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any, Final, Literal
from xml.etree import ElementTree

import orjson

from adapters.errors import WrongUseError
from adapters.tables.wording import word
from domain.codes import Language

Form = Literal["html", "xlsx"]
_STARTS: Final[dict[Form, bytes]] = {"html": b"<!doctype html>", "xlsx": b"PK\x03\x04"}
_NUMBERS: Final = frozenset({"position", "definitions"})
_UNREADABLE: Final = (  # what the libraries raise on what is no workbook, or is damaged
    KeyError, ValueError, IndexError, EOFError, OSError, RuntimeError, zlib.error,
    zipfile.BadZipFile, ElementTree.ParseError,
)  # fmt: skip
_LARGEST: Final = 50_000_000  # bytes of a part of a workbook, unpacked
_NAME: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a table says of itself, and the language that it is in."""

    meta: dict[str, Any]
    language: Language


def form_of(published: bytes) -> Form | None:
    """Whether an output is a page or a workbook; None where it is neither."""
    return next((form for form, start in _STARTS.items() if published.startswith(start)), None)


def provenance_of(published: bytes, form: Form) -> Provenance:
    """WrongUseError where the output is not one figure's, or not of this program."""
    return _of_page(published) if form == "html" else _of_workbook(published)


def _of_page(published: bytes) -> Provenance:
    try:
        page = _Page(published.decode())
    except UnicodeDecodeError:
        raise WrongUseError("no page of this program: it is not UTF-8") from None
    if len(page.lists) != 1:
        raise WrongUseError(
            "no page of one figure: publish it by itself, or with --json; a publication's page "
            "says at its end what makes it again"
        )
    return _read(page.lists[0], "nb" if page.language == "nb" else "en")


class _Page(HTMLParser):
    """The lists of names and values on a page, and its language."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.language = ""
        self.lists: list[list[tuple[str, str]]] = []
        self._inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "html":
            self.language = dict(attrs).get("lang") or ""
        elif tag == "dl":
            self.lists.append([])
        elif tag == "dt" and self.lists:
            self.lists[-1].append(("", ""))
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside in ("dt", "dd") and self.lists and self.lists[-1]:
            name, value = self.lists[-1][-1]
            said = (name + data, value) if self._inside == "dt" else (name, value + data)
            self.lists[-1][-1] = said


def _of_workbook(published: bytes) -> Provenance:
    try:
        with zipfile.ZipFile(io.BytesIO(published)) as book:
            sheets = [one.get("name", "") for one in _parts(book, "xl/workbook.xml", "sheet")]
            texts = ["".join(one.itertext()) for one in _parts(book, "xl/sharedStrings.xml", "si")]
            rows = [
                [texts[int(cell.findtext(f"{_NAME}v") or "")] for cell in row]
                for row in _parts(book, f"xl/worksheets/sheet{len(sheets)}.xml", "row")
            ]
    except _UNREADABLE:
        raise WrongUseError("no workbook of this program, or one that was saved again") from None
    languages: tuple[Language, ...] = ("nb", "en")
    language = next((one for one in languages if word("provenance", one) == sheets[-1]), None)
    if language is None or len(sheets) != 2 or not all(len(row) == 3 for row in rows):
        raise WrongUseError("no workbook of one figure: publish it by itself, or with --json")
    return _read(((name, value) for _, name, value in rows), language)


def _parts(book: zipfile.ZipFile, name: str, tag: str) -> Iterator[ElementTree.Element]:
    if book.getinfo(name).file_size > _LARGEST:
        raise ValueError(f"{name} is too large")
    return ElementTree.fromstring(book.read(name)).iter(f"{_NAME}{tag}")


def _read(pairs: Iterable[tuple[str, str]], language: Language) -> Provenance:
    return Provenance({name: _value(name, text) for name, text in pairs}, language)


def _value(name: str, text: str) -> Any:
    """A value as it was in `meta`: texts stand as they are, all else as JSON."""
    if name not in _NUMBERS and text not in ("null", "true", "false") and text[:1] not in "[{":
        return text
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise WrongUseError(f"the provenance is not whole: {name}") from None
