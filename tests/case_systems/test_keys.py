"""National numbers: the checks, the series, the birth date, and that they do not show."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.case_systems.keys import masked, read_number

FIRST = (3, 7, 6, 1, 8, 9, 4, 5, 2)
SECOND = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)


def with_controls(nine: str, remainder: int = 0) -> str | None:
    """The number of nine digits, by the definition; None where it would need a control digit 10.

    Before 2032 the weighted sum with the first control digit leaves nothing; from then on it may
    leave 1, 2 or 3.
    """
    digits = [int(digit) for digit in nine]
    first = (remainder - sum(w * d for w, d in zip(FIRST, digits, strict=True))) % 11
    second = -sum(w * d for w, d in zip(SECOND, [*digits, first], strict=True)) % 11
    return None if 10 in (first, second) else f"{nine}{first}{second}"


def number(day: int, month: int, year: int, individual: int) -> str:
    """The first number from an individual number on that has control digits."""
    numbers = (with_controls(f"{day:02}{month:02}{year:02}{i:03}") for i in range(individual, 1000))
    return next(found for found in numbers if found is not None)


@pytest.mark.parametrize(
    ("text", "series", "d_number", "born_on"),
    [
        (number(5, 7 + 80, 98, 100), "tenor", False, date(1998, 7, 5)),
        (number(5, 7 + 40, 98, 100), "nav", False, date(1998, 7, 5)),
        (number(5, 7 + 65, 98, 100), "nav", False, date(1998, 7, 5)),
        (number(5 + 40, 7 + 80, 98, 100), "tenor", True, date(1998, 7, 5)),
        (number(5 + 40, 12 + 65, 98, 100), "nav", True, date(1998, 12, 5)),
        (number(31 + 40, 12 + 40, 5, 600), "nav", True, date(2005, 12, 31)),
        (number(29, 2 + 80, 0, 500), "tenor", False, date(2000, 2, 29)),
        (number(1, 1 + 80, 60, 600), "tenor", False, date(1860, 1, 1)),
        (number(1, 1 + 80, 60, 950), "tenor", False, date(1960, 1, 1)),
        (number(1, 1 + 80, 39, 950), "tenor", False, date(2039, 1, 1)),
    ],
)
def test_a_sound_number_tells_its_series_and_a_birth_date(
    text: str, series: str, d_number: bool, born_on: date
) -> None:
    found = read_number(text)
    assert found is not None
    assert (found.series, found.d_number, found.born_on) == (series, d_number, born_on)
    assert found.rules == 1964


def test_the_new_control_digits_are_taken_and_tell_no_century() -> None:
    later = [n for i in range(100) if (n := with_controls(f"158232{i:03}", 2)) is not None]
    assert later
    for text in later:
        found = read_number(text)
        assert found is not None
        assert (found.rules, found.born_on) == (2032, None)
    wrong = [n for i in range(100) if (n := with_controls(f"158232{i:03}", 5)) is not None]
    assert [read_number(text) for text in wrong] == [None] * len(wrong)


@pytest.mark.parametrize(
    "text",
    ["", "1283901018", "128390101822", "12839010183", "00000000000", "3282901018x", "12345678901"],
)
def test_what_is_not_a_number_is_none(text: str) -> None:
    assert read_number(text) is None


def test_a_day_that_no_calendar_has_is_none() -> None:
    assert read_number(number(31, 2 + 80, 98, 100)) is None
    assert read_number(number(29, 2 + 80, 99, 100)) is not None  # the century may be another
    assert read_number(number(10, 13 + 80, 98, 100)) is None
    assert read_number(number(10, 13 + 40, 98, 100)) is None


def test_spaces_and_a_hyphen_are_put_aside() -> None:
    assert (
        read_number(" 128390 10182 ") == read_number("128390-10182") == read_number("12839010182")
    )


@given(st.text(alphabet="0123456789", min_size=11, max_size=11))
def test_one_digit_wrong_is_never_sound_by_the_same_rules(text: str) -> None:
    """Mod 11 finds every single wrong digit in a number that leaves nothing."""
    found = read_number(text)
    if found is not None and found.rules == 1964:
        for place in range(9):
            other = text[:place] + str((int(text[place]) + 1) % 10) + text[place + 1 :]
            again = read_number(other)
            assert again is None or again.rules == 2032


@given(st.text(alphabet="0123456789", min_size=11, max_size=11), st.text("abc ", max_size=5))
def test_a_number_in_a_text_is_hidden(text: str, around: str) -> None:
    assert text not in masked(f"{around}:{text},{around}")


def test_numbers_of_other_lengths_are_shown_and_a_repr_is_not() -> None:
    assert masked("912345678 and 2000000000001") == "912345678 and 2000000000001"
    assert masked("fnr 128390 10182.") == "fnr ***********."
    assert "12839010182" not in repr(read_number("12839010182"))
