"""The relative error, by which `verify` says how far two arrays are apart."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgrand.verify import relative_error


@given(size=st.floats(1e-150, 1e150), share=st.floats(0, 1))
def test_relative_error_is_the_gap_over_the_larger_magnitude(size: float, share: float) -> None:
    one, other = np.array([size, 0.0, -size]), np.array([size, 0.0, -share * size])
    assert relative_error(one, other) == pytest.approx(1 - share, abs=1e-15)
    assert relative_error(other, one) == relative_error(one, other)


def test_relative_error_of_nothing_and_of_zeros_is_zero() -> None:
    assert relative_error(np.zeros((0, 3)), np.zeros((0, 3))) == 0
    assert relative_error(np.zeros(3), np.zeros(3)) == 0
    assert relative_error(2.0, 2.0) == 0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (np.zeros(3), np.zeros((3, 1))),
        (np.zeros(1), 0.0),
        ([1.0, np.nan], [1.0, 1.0]),
        ([1.0, np.nan], [1.0, np.nan]),
        ([np.inf], [1.0]),
    ],
)
def test_relative_error_is_infinite_where_nothing_can_be_compared(one: Any, other: Any) -> None:
    assert relative_error(one, other) == np.inf
