"""Numbers as people read them, in Norwegian or English."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from domain.codes import Language

THIN_SPACE = "\u202f"  # narrow and unbroken: between thousands in Norwegian (Språkrådet)
HARD_SPACE = "\u00a0"
MINUS = "\u2212"


def whole(number: float, language: Language) -> str:
    """A count: `3 515` in Norwegian, `3,515` in English."""
    return decimal(number, 0, language)


def decimal(number: float, places: int, language: Language) -> str:
    """Rounded half up, away from zero, on the digits that the number is written with."""
    return _shown(Decimal(str(number)), places, language)


def percent(share: float, language: Language, places: int = 1) -> str:
    """A share of 1 as `37,0 %` or `37.0%`."""
    text = _shown(Decimal(str(share)) * 100, places, language)
    return f"{text}{HARD_SPACE}%" if language == "nb" else f"{text}%"


def _shown(number: Decimal, places: int, language: Language) -> str:
    text = f"{number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):,f}"
    if language == "nb":
        text = text.translate({ord(","): THIN_SPACE, ord("."): ","})
    return text.replace("-", MINUS)
