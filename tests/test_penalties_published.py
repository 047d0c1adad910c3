"""The published penalties: which of them are one function, and what their smoothing leaves."""

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.integrate import quad

from microgrand.penalties import PENALTIES

EPSILON = 1e-7  # the article's
numbers = st.one_of(
    st.sampled_from([0.0, 1e-7, -1e-4, 3e-4, -0.05]),
    st.floats(-100, 100).map(lambda x: round(x, 8)),
)
vectors = arrays(float, st.integers(1, 6), elements=numbers)
singles = arrays(np.float32, st.integers(1, 6), elements=st.floats(-100, 100, width=32))
epsilons = st.sampled_from([EPSILON, 1e-5, 1e-2])
NAMES = ("linear", "l1_smoothed", "l1_half_smoothed", "sign", "sign_as_coded")
ROUNDED = ("l1_smoothed", "l1_half_smoothed", "sign_as_coded")

each_name = pytest.mark.parametrize("name", NAMES)
each_rounded = pytest.mark.parametrize("name", ROUNDED)


def value(name: str, theta: np.ndarray, *rest: float) -> Any:
    return PENALTIES[name].value(theta, *rest)


def gradient(name: str, theta: np.ndarray, *rest: float) -> np.ndarray:
    return PENALTIES[name].gradient(theta, *rest)


# -------------------------------------------------------------------- B/2, D, E, F are one penalty


@given(theta=vectors)
@example(theta=np.zeros(2))
def test_as_mathematics_d_e_f_and_half_of_b_are_the_size(theta: np.ndarray) -> None:
    size = value("l1", theta)
    d, f = np.sqrt(theta**2).sum(), np.sqrt(np.abs(theta) ** 2).sum()
    b = (np.abs(theta) + np.sqrt(np.abs(theta) ** 2)).sum()
    assert (d, f, b / 2) == pytest.approx((size, size, size), rel=1e-12, abs=1e-150)


@given(theta=vectors, epsilon=epsilons)
@example(theta=np.zeros(1), epsilon=EPSILON)
def test_smoothed_l1_lies_just_above_l1(theta: np.ndarray, epsilon: float) -> None:
    """By √ε at 0, and by less than that, and than ε/(2|θ|), elsewhere."""
    for one in theta[:, None]:
        above = value("l1_smoothed", one, epsilon) - value("l1", one)
        assert 0 <= above <= epsilon**0.5 * (1 + 1e-12)
        if one:
            assert above <= epsilon / (2 * abs(one[0])) + 1e-15 * abs(one[0])
        else:
            assert above == pytest.approx(epsilon**0.5)


@given(theta=vectors, epsilon=epsilons)
def test_outside_the_smoothing_all_four_pull_alike(theta: np.ndarray, epsilon: float) -> None:
    theta = theta[np.abs(theta) > 10 * epsilon**0.5]  # 0.003 for the article's ε
    for name in ("l1_smoothed", "l1_half_smoothed"):
        gap = np.abs(gradient(name, theta, epsilon) - gradient("l1", theta))
        assert np.all(gap <= epsilon / (2 * theta**2) + 1e-15)  # half a per cent at most


@given(size=st.floats(0, 1), epsilon=epsilons)
@example(size=0.0, epsilon=EPSILON)
def test_inside_the_smoothing_d_pulls_less_and_b_halfway(size: float, epsilon: float) -> None:
    theta = np.array([size * epsilon**0.5])
    smoothed, half = (
        gradient("l1_smoothed", theta, epsilon),
        gradient("l1_half_smoothed", theta, epsilon),
    )
    l1 = gradient("l1", theta)
    assert smoothed == pytest.approx(size / np.hypot(size, 1), rel=1e-9)  # 0.71 at √ε, 0 at 0
    assert half == pytest.approx((smoothed + l1) / 2)


@given(theta=singles)
@example(theta=np.array([0, -1e-4, 1e-30], np.float32))
def test_f_as_coded_is_d_as_coded_bit_by_bit(theta: np.ndarray) -> None:
    root = np.sqrt(np.square(theta) + np.float32(EPSILON))
    f = np.abs(theta) * np.sign(theta) / root
    assert f.dtype == np.float32
    np.testing.assert_array_equal(f, gradient("l1_smoothed", theta))


@given(theta=vectors)
def test_b_as_coded_is_the_mean_of_e_and_d_as_coded(theta: np.ndarray) -> None:
    for of in (value, gradient):
        mean = (of("l1", theta) + of("l1_smoothed", theta)) / 2
        np.testing.assert_allclose(of("l1_half_smoothed", theta), mean, rtol=1e-12)


# ------------------------------------------------------------------------------ G is no penalty


@given(theta=vectors)
@example(theta=np.zeros(2))
def test_g_is_the_sign_and_pulls_at_nothing(theta: np.ndarray) -> None:
    away = theta[theta != 0]
    assert value("sign", theta) == (np.sqrt(away**2) / away).round().sum()
    np.testing.assert_array_equal(gradient("sign", theta), gradient("none", theta))


@given(theta=vectors, scale=st.floats(1e-3, 1e3))
def test_no_step_that_keeps_the_signs_changes_g(theta: np.ndarray, scale: float) -> None:
    assert value("sign", scale * theta) == value("sign", theta)


@given(theta=vectors)
@example(theta=np.array([0.0, 1e-7, 1e-4, 0.1]))
def test_what_the_smoothing_of_g_leaves_is_the_published_expression(theta: np.ndarray) -> None:
    """In float64; its terms cancel, so the error is that of the terms."""
    root = np.sqrt(theta**2)
    published = (theta**2 / (root + EPSILON) - root) / (theta**2 + EPSILON)
    rounding = 1e-15 * np.abs(theta) / (theta**2 + EPSILON)
    assert np.all(np.abs(gradient("sign_as_coded", theta) - published) <= rounding)


@pytest.mark.parametrize(("near", "told"), [(0.1, (0.03, 0.03, 0.11)), (2.0, (0.19, 1.0, 1.4))])
def test_in_float32_the_published_expression_is_as_far_off_as_told(
    near: float, told: tuple[float, float, float]
) -> None:
    """The least, the median and the most, for numbers within a hundredth of a size."""
    theta = np.linspace(0.99 * near, 1.01 * near, 20_001, dtype=np.float32)
    root, epsilon = np.sqrt(np.square(theta)), np.float32(EPSILON)
    published = (theta * theta / (root + epsilon) - root) / (theta * theta + epsilon)
    off = np.abs(published / gradient("sign_as_coded", theta.astype(float)) - 1)
    assert published.dtype == np.float32
    assert (off.min(), np.median(off), off.max()) == pytest.approx(told, rel=0.1)


@given(theta=vectors, epsilon=epsilons)
def test_g_as_coded_pushes_upwards_and_only_near_zero(theta: np.ndarray, epsilon: float) -> None:
    push = -gradient("sign_as_coded", theta, epsilon)
    assert np.all((push >= 0) & (push < 1))
    assert np.all(push[theta != 0] > 0)  # upwards, whichever sign the weight has
    far = np.abs(theta) > 0.01
    assert np.all(push[far] <= epsilon / theta[far] ** 2)


@pytest.mark.parametrize(
    ("theta", "expected"), [(0.0, 0), (1e-7, -0.5), (1e-4, -0.908), (0.01, -1e-3), (0.1, -1e-5)]
)
def test_g_as_coded_in_numbers(theta: float, expected: float) -> None:
    for sign in (1, -1):
        found = gradient("sign_as_coded", np.array([sign * theta]))
        assert found == pytest.approx(expected, rel=2e-3)


@given(theta=st.floats(-10, 10), epsilon=st.sampled_from([1e-3, 1e-2, 0.1]))
def test_g_as_coded_is_the_integral_of_its_gradient(theta: float, epsilon: float) -> None:
    expected, _ = quad(
        lambda t: float(gradient("sign_as_coded", np.array([t]), epsilon)[0]),
        *(0, theta),
        points=sorted({0, theta} | {x for x in (epsilon, epsilon**0.5) if x < abs(theta)}),
        limit=200,
    )
    assert value("sign_as_coded", np.array([theta]), epsilon) == pytest.approx(
        expected, rel=1e-6, abs=1e-9
    )


@given(theta=vectors)
def test_g_as_coded_is_a_step_down_of_a_thousandth(theta: np.ndarray) -> None:
    for one in theta[:, None]:
        height = value("sign_as_coded", one)
        assert height == -value("sign_as_coded", -one)
        assert -np.sign(one[0]) * height >= 0
        assert abs(height) < np.pi / 2 * EPSILON**0.5 < 5e-4
        if abs(one[0]) > 0.1:
            assert abs(height) > 4.9e-4


# ------------------------------------------------------------------------------ C is no penalty


@given(theta=vectors, fall=st.floats(0, 1e6))
def test_c_has_no_smallest_value(theta: np.ndarray, fall: float) -> None:
    lower = value("linear", theta - fall)
    assert lower == pytest.approx(value("linear", theta) - fall * theta.size, rel=1e-9, abs=1e-6)
    np.testing.assert_array_equal(gradient("linear", theta), np.ones_like(theta))


@given(theta=vectors, strength=st.floats(0, 10))
def test_the_proximal_step_of_c_moves_every_weight_down(theta: np.ndarray, strength: float) -> None:
    step = PENALTIES["linear"].proximal
    assert step is not None
    best = step(theta, strength)
    np.testing.assert_array_equal(best, theta - strength)
    for distance in (-1.0, -1e-3, 1e-3, 1.0):
        z = best + distance
        gain = ((z - theta) ** 2 - (best - theta) ** 2) / 2 + strength * (z - best)
        assert np.all(gain > 0)


# --------------------------------------------------------------------------------- good manners


@each_rounded
@pytest.mark.parametrize("epsilon", [0.0, -1e-7])
def test_an_epsilon_that_smooths_nothing_is_refused(name: str, epsilon: float) -> None:
    for of in (value, gradient):
        with pytest.raises(ValueError, match="positive"):
            of(name, np.ones(2), epsilon)


@each_name
def test_float32_stays_float32_and_near_float64_at_the_articles_epsilon(name: str) -> None:
    long = np.array([[0.3, -0.05, 1e-3], [1e-4, -1e-5, 0.0]])
    short = long.astype(np.float32)
    for of, tolerance in ((value, 1e-5), (gradient, 1e-5)):
        assert of(name, short).dtype == np.float32
        np.testing.assert_allclose(of(name, short), of(name, long), rtol=tolerance, atol=1e-9)


@each_name
def test_a_stack_has_one_value_a_model(name: str) -> None:
    stack = np.random.default_rng(0).normal(size=(5, 7))
    np.testing.assert_allclose(value(name, stack), [value(name, one) for one in stack], rtol=1e-12)
    assert gradient(name, stack).shape == stack.shape
