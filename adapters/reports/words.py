"""What the rows and columns of reports are called."""

from __future__ import annotations

from functools import cache

from adapters.reports.published_rows import rows_of
from adapters.reports.recipe import Report
from adapters.tables.wording import heading, word
from domain.codes import Language, Profile

_LISTS = ("target_group", "jobseeker_status", "measure", "destination", "origin", "sex")


class Naming:
    """Names in one language: the report's own words, the published tables', the profile's."""

    def __init__(self, profile: Profile, language: Language, report: Report | None = None) -> None:
        self._profile = profile
        self._own = {} if report is None else report.labels.get(language, {})
        self.language = language

    def heading(self, column: str) -> str:
        """What a dimension's column is called, in the report's own words first."""
        return self._own.get(column) or heading(column, self.language)

    def __call__(self, name: str) -> str:
        if name in self._own:
            return self._own[name]
        found = _labels().get(name)
        if found is not None:
            return found[self.language]
        for codes in (*_LISTS, *self._profile.lists):
            if self._profile.has(codes, name):
                return self._profile.label(codes, name, self.language)
        return word(name, self.language) if name == "unknown" else heading(name, self.language)


@cache
def _labels() -> dict[str, dict[Language, str]]:
    return {
        row["name"]: {"nb": row["label_nb"], "en": row["label_en"]} for row in rows_of("labels.csv")
    }
