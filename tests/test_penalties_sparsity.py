"""Penalties made of measures of sparsity: with one sign they shrink, with the other they reward."""

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from microgrand.optimizers import SGD
from microgrand.penalties import PENALTIES

numbers = st.one_of(st.just(0.0), st.floats(-15, 15).map(lambda x: round(x, 6)))
vectors = arrays(float, st.integers(1, 6), elements=numbers)
small = arrays(float, st.integers(1, 6), elements=st.floats(-0.3, 0.3))
NAMES = ("tanh_signed", "tanh_abs", "tanh_square", "log_square")
SHRINKING = NAMES[1:]

FROM_SCRATCH: dict[str, Any] = {
    "tanh_signed": (np.tanh, lambda t: np.cosh(t) ** -2.0),
    "tanh_abs": (lambda t: np.tanh(abs(t)), lambda t: np.sign(t) * np.cosh(t) ** -2.0),
    "tanh_square": (lambda t: np.tanh(t * t), lambda t: 2 * t * np.cosh(t * t) ** -2.0),
    "log_square": (lambda t: np.log(1 + t * t), lambda t: 2 * t / (1 + t * t)),
}

each_name = pytest.mark.parametrize("name", NAMES)
each_shrinking = pytest.mark.parametrize("name", SHRINKING)


@each_name
@given(theta=vectors)
@example(theta=np.zeros(3))
def test_values_and_gradients_are_the_formulas(name: str, theta: np.ndarray) -> None:
    row, (value, slope) = PENALTIES[name], FROM_SCRATCH[name]
    expected = sum(map(value, theta.tolist()))
    assert row.value(theta) == pytest.approx(expected, rel=1e-9, abs=1e-12)
    np.testing.assert_allclose(row.gradient(theta), [slope(t) for t in theta.tolist()], rtol=1e-9)


@given(theta=small)
def test_the_published_gradients_are_these_with_a_minus(theta: np.ndarray) -> None:
    """Cases H, I and J as their code has them, at weights of the size that occurs."""
    published = {
        "tanh_signed": -(1 - np.tanh(theta) ** 2),
        "tanh_square": -(1 - np.tanh(theta**2) ** 2) * 2 * theta,
        "log_square": -2 * theta / (1 + theta**2),
    }
    for name, gradient in published.items():
        np.testing.assert_allclose(-PENALTIES[name].gradient(theta), gradient, rtol=1e-12)


@each_shrinking
@given(theta=vectors, scale=st.floats(1.01, 100))
def test_larger_weights_cost_more_and_so_are_rewarded_with_a_minus(
    name: str, theta: np.ndarray, scale: float
) -> None:
    assert PENALTIES[name].value(scale * theta) >= PENALTIES[name].value(theta) >= 0
    assert PENALTIES[name].value(np.zeros(3)) == 0


@each_shrinking
@pytest.mark.parametrize(("strength", "shrinks"), [(1e-2, True), (-1e-2, False)])
@given(theta=arrays(float, 3, elements=st.floats(0.05, 1.5)), flipped=st.booleans())
def test_a_step_shrinks_every_weight_and_a_negative_strength_grows_it(
    name: str, strength: float, shrinks: bool, theta: np.ndarray, flipped: bool
) -> None:
    theta = -theta if flipped else theta
    before = np.abs(theta)
    optimizer = SGD(rate=1.0)
    moved = theta.copy()
    optimizer.step(moved, strength * PENALTIES[name].gradient(theta), optimizer.init(moved))
    assert np.all((np.abs(moved) < before) == shrinks)
    assert np.all((np.abs(moved) > before) != shrinks)


@given(theta=small)
@example(theta=np.zeros(2))
def test_h_is_c_turned_round_near_zero(theta: np.ndarray) -> None:
    """The gradient of −Σ tanh θ is −1 to within θ²: it pushes every weight upwards."""
    push = PENALTIES["tanh_signed"].gradient(theta)
    c = PENALTIES["linear"].gradient(theta)
    assert np.all((push >= c - theta**2 - 1e-15) & (push <= c + 1e-15))
    assert np.all(push > 0)


@pytest.mark.parametrize(
    ("name", "near"), [("tanh_square", "l2"), ("log_square", "l2"), ("tanh_abs", "l1")]
)
@given(theta=small)
def test_near_zero_they_are_ridge_and_lasso(name: str, near: str, theta: np.ndarray) -> None:
    gap = np.abs(PENALTIES[name].gradient(theta) - PENALTIES[near].gradient(theta))
    assert np.all(gap <= 3 * theta**2 + 1e-15)


@each_name
def test_far_out_they_let_go(name: str) -> None:
    far = PENALTIES[name].gradient(np.array([-30.0, 30.0]))
    assert np.all(np.abs(far) < 0.07)


@each_name
def test_float32_stays_float32_and_theta_is_left_alone(name: str) -> None:
    theta = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    before = theta.copy()
    value, gradient = PENALTIES[name].value(theta), PENALTIES[name].gradient(theta)
    assert value.dtype == gradient.dtype == np.float32
    assert value.shape == (3,)
    assert not np.shares_memory(gradient, theta)
    np.testing.assert_array_equal(theta, before)


@each_name
def test_none_has_a_proximal_step_in_closed_form(name: str) -> None:
    assert PENALTIES[name].proximal is None
