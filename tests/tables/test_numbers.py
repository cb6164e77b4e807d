"""Number formats: Norwegian after Språkrådet, English as usual; halves go up."""

from __future__ import annotations

import pytest

from adapters.tables.numbers import decimal, percent, whole
from adapters.tables.wording import label
from domain.codes import Language


@pytest.mark.parametrize(
    ("number", "nb", "en"),
    [(0, "0", "0"), (999, "999", "999"), (3515, "3\u202f515", "3,515"),
     (1234567, "1\u202f234\u202f567", "1,234,567"), (-4200, "\u22124\u202f200", "\u22124,200")],
)  # fmt: skip
def test_counts(number: int, nb: str, en: str) -> None:
    assert (whole(number, "nb"), whole(number, "en")) == (nb, en)


@pytest.mark.parametrize(
    ("number", "nb", "en"),
    [(1234.5, "1\u202f234,5", "1,234.5"), (0.25, "0,3", "0.3"), (2.0, "2,0", "2.0")],
)
def test_decimals(number: float, nb: str, en: str) -> None:
    assert (decimal(number, 1, "nb"), decimal(number, 1, "en")) == (nb, en)


@pytest.mark.parametrize(
    ("share", "nb", "en"),
    [(0.37, "37,0\u00a0%", "37.0%"), (0.0625, "6,3\u00a0%", "6.3%"), (1, "100,0\u00a0%", "100.0%"),
     (0.0005, "0,1\u00a0%", "0.1%"), (0.2345, "23,5\u00a0%", "23.5%")],
)  # fmt: skip
def test_percentages_round_half_up(share: float, nb: str, en: str) -> None:
    assert (percent(share, "nb"), percent(share, "en")) == (nb, en)


@pytest.mark.parametrize(
    ("dimension", "code", "language", "text"),
    [
        ("sex", None, "nb", "Ukjent"),
        ("single_parent", True, "nb", "Ja"),
        ("age_band", "20_24", "en", "20–24"),
        ("age_band", "60_and_over", "nb", "60 og over"),
        ("step", "exited_positive", "en", "To work or school"),
        ("step", "in_measure", "nb", "I tiltak"),
        ("office", "Aetat Moss", "nb", "Aetat Moss"),
    ],
)
def test_values_outside_the_code_lists(
    dimension: str, code: object, language: Language, text: str
) -> None:
    assert label(dimension, code, {}, language) == text
