"""Activations: their limits, their kinks, and what saturation leaves of their gradients."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from autograd import elementwise_grad, grad
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import expit

from microgrand import ops
from microgrand.op import registry

finite = st.floats(-1000, 1000)
batches = arrays(float, (2, 3), elements=finite)
slopes = st.floats(0, 1)


def slope_at(name: str, x: np.ndarray, *hyper: float) -> np.ndarray:
    """The derivative of an activation, by the hand-derived gradient with a cotangent of ones."""
    op = registry[name]
    return op.gradients["x"](np.ones_like(x), op.forward(x, *hyper), x, *hyper)


@given(x=batches)
@example(x=np.zeros((2, 3)))
def test_relu_is_the_positive_part(x: np.ndarray) -> None:
    np.testing.assert_array_equal(ops.relu(x), (x + np.abs(x)) / 2)
    np.testing.assert_array_equal(slope_at("relu", x), np.where(x > 0, 1, 0))


@given(x=batches, slope=slopes)
@example(x=np.zeros((2, 3)), slope=0.1)
@example(x=np.ones((2, 3)), slope=1.0)
@example(x=-np.ones((2, 3)), slope=0.0)
def test_leaky_relu_is_the_positive_part_and_a_share_of_the_negative(
    x: np.ndarray, slope: float
) -> None:
    np.testing.assert_array_equal(ops.leaky_relu(x, slope), np.where(x > 0, x, slope * x))
    expected = np.where(x > 0, 1, slope)
    np.testing.assert_allclose(slope_at("leaky_relu", x, slope), expected, rtol=1e-15, atol=1e-15)


@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_at_the_kink_relu_has_slope_0_and_leaky_relu_the_slope_of_its_left(zero: float) -> None:
    x = np.full((1, 4), zero)
    np.testing.assert_array_equal(slope_at("relu", x), np.zeros((1, 4)))
    np.testing.assert_array_equal(slope_at("leaky_relu", x, 0.2), np.full((1, 4), 0.2))


def test_leaky_relu_keeps_single_precision_whatever_the_slope_is() -> None:
    x = np.array([[-1, 2]], np.float32)
    assert ops.leaky_relu(x, np.float64(0.1)).dtype == np.float32


@pytest.mark.parametrize("slope", [-0.1, 1.1, float("nan")])
def test_leaky_relu_refuses_a_slope_that_is_no_share(slope: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1, not"):
        ops.leaky_relu(np.ones((2, 3)), slope)


@given(x=batches)
@example(x=np.full((2, 3), -1000.0))
@example(x=np.full((2, 3), 1000.0))
def test_sigmoid_is_scipys(x: np.ndarray) -> None:
    np.testing.assert_allclose(ops.sigmoid(x), expit(x), rtol=1e-14, atol=1e-300)


@given(x=batches)
def test_tanh_is_a_sigmoid_stretched(x: np.ndarray) -> None:
    np.testing.assert_allclose(ops.tanh(x), 2 * expit(2 * x) - 1, rtol=1e-12, atol=1e-15)


@given(x=arrays(float, (2, 3), elements=st.floats(-350, 350)))
@example(x=np.full((2, 3), 300.0))
@example(x=np.full((2, 3), -20.0))
def test_tanhs_gradient_keeps_its_digits_in_saturation(x: np.ndarray) -> None:
    """1/cosh²: tiny, yet right to 12 digits, where 1 − tanh² is 0."""
    np.testing.assert_allclose(slope_at("tanh", x), np.cosh(x) ** -2.0, rtol=1e-12, atol=0)


@given(x=arrays(float, (2, 3), elements=st.floats(-700, 700)))
@example(x=np.full((2, 3), 700.0))
@example(x=np.full((2, 3), 40.0))
def test_sigmoids_gradient_keeps_its_digits_in_saturation(x: np.ndarray) -> None:
    np.testing.assert_allclose(slope_at("sigmoid", x), expit(x) * expit(-x), rtol=1e-12, atol=0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("name", "hyper", "left", "right", "slope_left", "slope_right"),
    [
        ("relu", (), 0, 1000, 0, 1),
        ("leaky_relu", (0.25,), -250, 1000, 0.25, 1),
        ("tanh", (), -1, 1, 0, 0),
        ("sigmoid", (), 0, 1, 0, 0),
    ],
)
def test_far_out_activations_reach_their_limits_without_a_warning(
    dtype: type, name: str, hyper: tuple[float, ...], left: float, right: float,
    slope_left: float, slope_right: float,
) -> None:  # fmt: skip
    x: np.ndarray = np.array([[-1000, 1000]], dtype)
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        np.testing.assert_array_equal(registry[name].forward(x, *hyper), [[left, right]])
        np.testing.assert_array_equal(slope_at(name, x, *hyper), [[slope_left, slope_right]])


@pytest.mark.parametrize("function", [ops.relu, ops.tanh, ops.sigmoid])
def test_the_largest_numbers_give_no_warning(function: Callable[..., np.ndarray]) -> None:
    largest = np.finfo(np.float64).max
    assert np.isfinite(function(np.array([[-largest, -1e-300, 0.0, 1e-300, largest]]))).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("function", [ops.tanh, ops.sigmoid])
def test_second_derivatives_do_not_overflow(function: Callable[..., Any], dtype: type) -> None:
    """They go by the definition, which has to bear what the forward bears."""
    x: np.ndarray = np.array([-1000.0, -90.0, 0.0, 90.0, 1000.0], dtype)
    second = elementwise_grad(elementwise_grad(function))
    np.testing.assert_allclose(second(x), 0, atol=1e-37)
    half = float(elementwise_grad(elementwise_grad(function))(np.array(0.5, dtype)))
    y = np.tanh(0.5) if function is ops.tanh else expit(0.5)
    expected = -2 * y * (1 - y**2) if function is ops.tanh else y * (1 - y) * (1 - 2 * y)
    assert half == pytest.approx(expected, rel=1e-6)


def test_whole_numbers_leak_too_and_a_single_number_has_a_gradient() -> None:
    np.testing.assert_array_equal(ops.leaky_relu(np.array([[-10, 50]]), 0.1), [[-1, 50]])
    for function in (ops.relu, ops.tanh, ops.sigmoid):
        assert grad(function)(np.array(0.5)) == grad(function)(np.array([0.5]).sum())


@given(x=batches)
def test_activations_are_odd_or_mirrored(x: np.ndarray) -> None:
    np.testing.assert_array_equal(ops.tanh(-x), -ops.tanh(x))
    np.testing.assert_allclose(ops.sigmoid(-x) + ops.sigmoid(x), 1, rtol=1e-15)


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "tanh", "sigmoid"])
@pytest.mark.parametrize("shape", [(), (3,), (0, 3), (2, 3, 4)])
def test_activations_take_any_shape(name: str, shape: tuple[int, ...]) -> None:
    hyper = (0.1,) if name == "leaky_relu" else ()
    x = np.asarray(np.random.default_rng(0).normal(size=shape))
    expected = [registry[name].forward(np.array([[number]]), *hyper)[0, 0] for number in x.ravel()]
    y = registry[name].forward(x, *hyper)
    assert y.shape == shape
    np.testing.assert_array_equal(np.ravel(y), expected)


@pytest.mark.parametrize("slope", [-0.1, 1.5, float("nan")])
def test_a_slope_that_would_make_the_larger_of_the_two_another_function_is_refused(
    slope: float,
) -> None:
    with pytest.raises(ValueError, match="slope of LeakyReLU lies between 0 and 1, not"):
        ops.leaky_relu(np.ones((1, 2)), slope)
