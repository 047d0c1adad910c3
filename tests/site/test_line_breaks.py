"""Spaces inside numbers and short relations do not break; nothing but spaces ever changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from line_breaks import NARROW, WIDE, unbroken


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("37 500 steps of 1 000 000.", f"37{NARROW}500 steps of 1{NARROW}000{NARROW}000."),
        ("a 95 % interval", f"a 95{NARROW}% interval"),
        ("near x = 11.", f"near x{WIDE}={WIDE}11."),
        ("p = q = 2,", f"p{WIDE}={WIDE}q{WIDE}={WIDE}2,"),
        ("a spike |w| &lt; 0.02", f"a spike |w|{WIDE}&lt;{WIDE}0.02"),
        ("32 × 32 pixels", f"32{WIDE}×{WIDE}32 pixels"),
    ],
)
def test_what_belongs_together_stays_together(written: str, shown: str) -> None:
    assert unbroken(written) == shown


@pytest.mark.parametrize(
    "text",
    ["in 2015 100 runs", "0.1 000", "on page 5 2000 words", "regularisation = 1", "100 percent"],
)
def test_other_spaces_are_left_alone(text: str) -> None:
    assert unbroken(text) == text


@given(st.text(st.sampled_from("0123 .,%=<>×ab")))
def test_only_spaces_change(text: str) -> None:
    done = unbroken(text)
    assert done.replace(NARROW, " ").replace(WIDE, " ") == text
    assert unbroken(done) == done
