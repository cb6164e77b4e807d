"""What people call dimensions, columns and codes, in Norwegian (bokmål) or English."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from importlib.resources import files

from domain.codes import Language, Profile
from projections.question import LIST_OF

_PERCENT = frozenset({"share", "share_of_final", "share_used", "survival", "target"})
_LISTS = {**LIST_OF, "next_measure": "measure"}


@cache
def _headings() -> dict[str, dict[Language, str]]:
    text = (files("adapters") / "data" / "labels.csv").read_text("utf-8")
    return {
        row["name"]: {"nb": row["label_nb"], "en": row["label_en"]}
        for row in csv.DictReader(text.splitlines())
    }


def heading(name: str, language: Language) -> str:
    """What a column or a word is called; one without a label is shown as it is."""
    return _headings().get(name, {}).get(language, name)


@dataclass(frozen=True, slots=True)
class Labels:
    """A profile's codes in one language."""

    profile: Profile
    language: Language

    def value(self, column: str, value: object) -> str:
        """A cell as people read it: labels for codes, numbers rounded, percentages half up."""
        if value is None:
            return heading("unknown", self.language) if column in _LISTS else "–"
        if isinstance(value, bool):
            return heading("true" if value else "false", self.language)
        if isinstance(value, str):
            return self._code(column, value)
        if isinstance(value, float):
            return self._decimal(column, value)
        return str(value)

    def _code(self, column: str, code: str) -> str:
        if column in _LISTS:
            return self.profile.label(_LISTS[column], code, self.language)
        if column == "reason":
            for list_name in ("exemption_reason", "sanction_reason"):
                if self.profile.has(list_name, code):
                    return self.profile.label(list_name, code, self.language)
        if column in ("step", "state"):
            return heading(code, self.language)
        return code

    def _decimal(self, column: str, value: float) -> str:
        exact = Decimal(repr(value))
        if column in _PERCENT:
            percent = (exact * 100).quantize(Decimal(1), ROUND_HALF_UP)
            return f"{percent} %" if self.language == "nb" else f"{percent}%"
        number = str(exact.quantize(Decimal("0.1"), ROUND_HALF_UP))
        return number.replace(".", ",") if self.language == "nb" else number
