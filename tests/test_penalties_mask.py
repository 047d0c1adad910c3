"""The twelve penalties on a mask: what was coded, which coincide on [0, 1], where they lead."""

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from microgrand.penalties import PENALTIES

masks = arrays(float, st.integers(1, 6), elements=st.one_of(st.just(1.0), st.floats(1e-6, 1)))
anywhere = arrays(float, st.integers(1, 6), elements=st.floats(-3, 3).map(lambda x: round(x, 6)))

#: The gradients as the article's program has them, written down from its formulas.
CODED: dict[str, Any] = {
    "A": np.sign,
    "B": lambda w: 2 * w,
    "C": lambda w: w / np.sqrt(w**2 + 1e-5),
    "D": lambda w: -2 * w / (1 + w**2),
    "E": lambda w: -(1 - np.tanh(w) ** 2),
    "F": lambda w: -(1 - np.tanh(w**2) ** 2) * 2 * w,
    "G": lambda w: -(1 - np.tanh(np.abs(w)) ** 2) * np.sign(w),
    "H": lambda w: -(1 - np.tanh(np.abs(w) ** 2) ** 2) * 2 * np.abs(w) * np.sign(w),
    "I": np.cos,
    "J": lambda w: np.sign(np.sin(w)) * np.cos(w),
    "K": lambda w: 2 / (w + 1e-5),
    "L": lambda w: np.log(w**2) + 2,
}
#: Rows of the table, with the sign that the article gives them.
ROWS: dict[str, tuple[str, float, tuple[float, ...]]] = {
    "A": ("l1", 1, ()),
    "B": ("l2", 1, ()),
    "C": ("l1_smoothed", 1, (1e-5,)),
    "D": ("log_square", -1, ()),
    "E": ("tanh_signed", -1, ()),
    "F": ("tanh_square", -1, ()),
    "G": ("tanh_abs", -1, ()),
    "H": ("tanh_square", -1, ()),
    "I": ("sine", 1, ()),
    "J": ("sine_abs", 1, ()),
    "K": ("log_shifted", 1, ()),
    "L": ("negative_entropy", 1, ()),
}


def gradient(letter: str, w: np.ndarray) -> np.ndarray:
    name, sign, rest = ROWS[letter]
    return sign * PENALTIES[name].gradient(w, *rest)


def value(letter: str, w: np.ndarray) -> Any:
    name, sign, rest = ROWS[letter]
    return sign * PENALTIES[name].value(w, *rest)


@pytest.mark.parametrize("letter", CODED)
@given(w=masks)
def test_on_a_mask_gradients_are_what_the_article_coded(letter: str, w: np.ndarray) -> None:
    np.testing.assert_allclose(gradient(letter, w), CODED[letter](w), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("one", "other"), [("E", "G"), ("F", "H"), ("I", "J")])
@given(w=masks)
@example(w=np.ones(3))
def test_on_a_mask_pairs_of_penalties_are_one(one: str, other: str, w: np.ndarray) -> None:
    assert value(one, w) == pytest.approx(value(other, w), rel=1e-12)
    np.testing.assert_allclose(gradient(one, w), gradient(other, w), rtol=1e-12)


@given(w=masks)
@example(w=np.zeros(2))
def test_on_a_mask_a_and_c_are_one_but_for_the_smoothing(w: np.ndarray) -> None:
    """The value by less than √ε = 0.0032 each, the slope by less than ε/(2w²)."""
    above = value("C", w) - value("A", w)
    assert 0 <= above <= len(w) * 1e-5**0.5 * (1 + 1e-12)
    missing = gradient("A", w) - gradient("C", w)
    assert np.all((missing >= 0) & (missing <= 1e-5 / (2 * np.maximum(w, 1e-9) ** 2)))


@given(w=anywhere)
def test_below_zero_the_pairs_part(w: np.ndarray) -> None:
    """They are one on a mask because of where a mask lives, and not as functions."""
    w = -np.abs(w) - 0.01
    for one, other in (("E", "G"), ("I", "J")):
        assert not np.allclose(gradient(one, w), gradient(other, w))
    np.testing.assert_array_equal(gradient("F", w), gradient("H", w))  # |w|² = w² everywhere


@pytest.mark.parametrize("letter", ROWS)
def test_a_mask_is_led_to_zero_to_one_or_between(letter: str) -> None:
    """Gradient descent on the penalty alone, from ½, clipped to [0, 1]."""
    w = np.array([0.5])
    for _ in range(20_000):
        w = np.clip(w - 1e-3 * gradient(letter, w), 0, 1)
    expected = 1.0 if letter in "DEFGH" else 1 / np.e if letter == "L" else 0.0
    assert w[0] == pytest.approx(expected, abs=1e-2)


FROM_SCRATCH: dict[str, tuple[Any, Any]] = {
    "sine": (np.sin, np.cos),
    "sine_abs": (lambda t: abs(np.sin(t)), lambda t: np.sign(np.sin(t)) * np.cos(t)),
    "log_shifted": (
        lambda t: 2 * np.log(abs(t) + 1e-5),
        lambda t: (2 if t >= 0 else -2) / (abs(t) + 1e-5),
    ),
    "negative_entropy": (
        lambda t: t * np.log(t * t) if t else 0.0,
        lambda t: np.log(t * t) + 2 if t else np.log(1e-30),
    ),
}


@pytest.mark.parametrize("theta", [1e-17, 1e-15, -1e-15, 3e-15])
def test_where_the_floor_bends_the_entropy_the_gradient_bends_too(theta: float) -> None:
    """By the complex step: Im R(θ + ih)/h with R(θ) = θ log(θ² + 1e-30)."""
    moved = theta + 1e-30j
    slope = (moved * np.log(moved**2 + 1e-30)).imag / 1e-30
    (gradient,) = PENALTIES["negative_entropy"].gradient(np.array([theta]))
    assert gradient == pytest.approx(slope, rel=1e-12)


@pytest.mark.parametrize("name", FROM_SCRATCH)
@given(theta=anywhere)
@example(theta=np.zeros(3))
def test_values_and_gradients_are_the_formulas(name: str, theta: np.ndarray) -> None:
    row, (of_one, slope) = PENALTIES[name], FROM_SCRATCH[name]
    expected = sum(map(of_one, theta.tolist()))
    assert row.value(theta) == pytest.approx(expected, rel=1e-9, abs=1e-9)
    np.testing.assert_allclose(
        row.gradient(theta), [slope(t) for t in theta.tolist()], rtol=1e-9, atol=1e-9
    )


@pytest.mark.parametrize("name", FROM_SCRATCH)
def test_a_stack_has_one_value_a_model(name: str) -> None:
    stack = np.random.default_rng(0).uniform(0, 1, size=(5, 7))
    expected = [PENALTIES[name].value(model) for model in stack]
    np.testing.assert_allclose(PENALTIES[name].value(stack), expected, rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_mask_that_is_off_has_a_finite_gradient(dtype: Any) -> None:
    zero = np.zeros(1, dtype)
    for letter in ROWS:
        assert np.isfinite(gradient(letter, zero)).all()
    assert gradient("L", zero)[0] == pytest.approx(-69.08, abs=0.01)
    assert gradient("K", zero)[0] == pytest.approx(2e5)


@pytest.mark.parametrize("size", [1e20, 3e38])
def test_the_entropy_of_a_weight_whose_square_overflows_is_finite(size: float) -> None:
    row, theta = PENALTIES["negative_entropy"], np.array([size, -size], np.float32)
    slopes = row.gradient(theta)
    assert slopes.dtype == np.float32
    np.testing.assert_allclose(slopes, 2 * np.log(size) + 2, rtol=1e-6)
    if size < 1e30:  # the value itself is a number of float32
        value = row.value(theta[:1])
        assert value == pytest.approx(2 * size * np.log(size), rel=1e-6)


@pytest.mark.parametrize("epsilon", [0.0, -1e-5])
def test_a_shift_that_is_not_positive_is_refused(epsilon: float) -> None:
    for function in (PENALTIES["log_shifted"].value, PENALTIES["log_shifted"].gradient):
        with pytest.raises(ValueError, match="positive"):
            function(np.ones(1), epsilon)
