"""Numbers as a book prints them: the same numbers, and nothing else changes."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgrand.typography import NARROW, RAISED, is_number, printed

LOWERED = {raised: plain for plain, raised in RAISED.items()}


def read(text: str) -> float:
    """The number that a reader takes a printed one for."""
    mantissa, times, power = text.replace(NARROW, "").replace("−", "-").partition("10")
    if power and all(ord(digit) in LOWERED for digit in power) and mantissa[-1:] in ("", "-", "×"):
        sign = -1 if mantissa == "-" else 1
        value = float(mantissa.strip("×")) if mantissa.strip("×-") else sign
        return float(value * 10.0 ** int(power.translate(LOWERED)))
    return float(mantissa + times + power)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("-0.2%", f"−0.2{NARROW}%"),
        ("(< -0.75 expected)", "(< −0.75 expected)"),
        ("-0.0%", f"0.0{NARROW}%"),
        ("0e+00", "0"),
        ("1e-05", "10⁻⁵"),
        ("-3e-05", "−3×10⁻⁵"),
        ("1.2e-04", "1.2×10⁻⁴"),
        ("1.23e+03", f"1{NARROW}230"),
        ("1.2e+00", "1.2"),
        ("7,176", f"7{NARROW}176"),
        ("12.3% (-1.0% to 5%)", f"12.3{NARROW}% (−1.0{NARROW}% to 5{NARROW}%)"),
        ("σ = 5e-5.", "σ = 5×10⁻⁵."),
    ],
)
def test_a_number_is_printed_as_in_a_book(written: str, shown: str) -> None:
    assert printed(written) == shown
    assert printed(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "run noise --strengths 1e-05",
        "2026-11-26",
        "5e3c1ab",
        "Z-nudged, 1, 2",
        "|θ| < 0.001",
        "x-1",
    ],
)
def test_what_is_no_number_is_left_alone(text: str) -> None:
    assert printed(text) == text


@given(
    st.floats(-1e30, 1e30, allow_subnormal=False),
    st.sampled_from(["g", ".3g", ".1e", ".2f", ",.0f"]),
)
def test_it_is_the_same_number(value: float, form: str) -> None:
    written = format(value, form)
    assert math.isclose(read(printed(written)), float(written.replace(",", "")), rel_tol=1e-12)


@pytest.mark.parametrize("text", ["0.3", "−3×10⁻⁵", "12 % (1 % to 5 %)", "–", "1 230"])
def test_numbers_are_known(text: str) -> None:
    assert is_number(text)


@pytest.mark.parametrize("text", ["A", "none", "L1 to L2", "seed 0", "✓", ""])
def test_words_are_known(text: str) -> None:
    assert not is_number(text)
