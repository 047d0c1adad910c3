"""The norms L_{p,q} of matrices: closed forms, kinks, the exponents that have a proximal step."""

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from strategies import competitors, numbers, seeds, vectors

from microgrand.op import registry
from microgrand.penalties import PENALTIES

l1, lpq = (registry[name].function for name in ("l1", "lpq"))

matrices = arrays(float, array_shapes(min_dims=2, max_dims=2, max_side=4), elements=numbers)
strengths = st.floats(0, 10)
exponents = st.floats(1, 4)

each_closed_step = pytest.mark.parametrize(("p", "q"), [(1, 1), (2, 1), (2, 2)])


# --------------------------------------------------------------------------- values and gradients


@given(theta=matrices)
def test_lpq_at_2_2_is_the_frobenius_norm(theta: np.ndarray) -> None:
    assert lpq(theta, 2, 2) == pytest.approx(np.linalg.norm(theta), rel=1e-12)


@given(theta=matrices)
def test_lpq_at_2_1_is_the_sum_of_the_columns_lengths(theta: np.ndarray) -> None:
    lengths = [np.linalg.norm(column) for column in theta.T]
    assert lpq(theta, 2, 1) == pytest.approx(sum(lengths), rel=1e-12)


@given(theta=matrices)
def test_lpq_at_1_1_is_l1(theta: np.ndarray) -> None:
    assert lpq(theta, 1, 1) == pytest.approx(l1(theta.ravel()), rel=1e-12)
    gradient = PENALTIES["lpq"].gradient(theta, 1, 1)
    np.testing.assert_array_equal(gradient, PENALTIES["l1"].gradient(theta))


@given(column=vectors, p=exponents, q=exponents)
def test_lpq_of_one_column_is_its_p_norm_and_of_one_row_its_q_norm(
    column: np.ndarray, p: float, q: float
) -> None:
    assert lpq(column[:, None], p, q) == pytest.approx(np.linalg.norm(column, p), rel=1e-9)
    assert lpq(column[None, :], p, q) == pytest.approx(np.linalg.norm(column, q), rel=1e-9)


@given(theta=matrices, p=exponents, q=exponents)
def test_lpq_is_its_gradient_times_theta(theta: np.ndarray, p: float, q: float) -> None:
    """Euler: a norm grows in proportion, so ⟨∂‖A‖/∂A, A⟩ = ‖A‖, at kinks too."""
    gradient = PENALTIES["lpq"].gradient(theta, p, q)
    assert (gradient * theta).sum() == pytest.approx(float(lpq(theta, p, q)), rel=1e-9)


NO_NORM = [(0.5, 1), (2, 0.5), (0.9, 0.9), (0, 2), (-1, 1), (np.inf, 1), (1, np.inf), (np.nan, 2)]


@pytest.mark.parametrize(("p", "q"), NO_NORM)
def test_exponents_below_1_make_no_norm_and_the_gradient_of_infinite_ones_is_another(
    p: float, q: float
) -> None:
    for function in (PENALTIES["lpq"].value, PENALTIES["lpq"].gradient):
        with pytest.raises(ValueError, match=f"not p={p}, q={q}"):
            function(np.ones((2, 3)), p, q)


@pytest.mark.parametrize("size", [1e-150, 1e150])
@pytest.mark.parametrize(("p", "q"), [(1, 1), (2, 1), (2, 2), (3, 1.5), (4, 4)])
def test_lpq_neither_overflows_nor_vanishes(size: float, p: float, q: float) -> None:
    theta = np.array([[1.0, -2.0, 0.5], [3.0, 0.0, -1.0]])
    assert lpq(size * theta, p, q) / size == pytest.approx(float(lpq(theta, p, q)), rel=1e-9)
    gradient = PENALTIES["lpq"].gradient
    np.testing.assert_allclose(gradient(size * theta, p, q), gradient(theta, p, q), rtol=1e-9)


@pytest.mark.parametrize("p", [1, 2, 4])
@pytest.mark.parametrize("size", [1e-12, 1e-25, 1e-30])
def test_a_column_that_is_tiny_beside_another_is_pulled_as_hard(size: float, p: float) -> None:
    """In float32, where the powers of its share of the largest weight would round to 0."""
    theta = np.array([[1, size], [1, 0], [0, size]], np.float32)
    large, tiny = np.array([1, 1, 0]), np.array([1, 0, 1])
    wanted = np.stack([large, tiny], axis=-1) * 2 ** (1 / p - 1)
    np.testing.assert_allclose(PENALTIES["lpq"].gradient(theta, p, 1), wanted, rtol=1e-6)


# ------------------------------------------------------------------------------------ at the kinks


@pytest.mark.parametrize(("p", "q"), [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1.5)])
def test_a_zero_column_and_a_zero_entry_have_subgradient_zero(p: float, q: float) -> None:
    theta = np.array([[0.0, 3.0], [0.0, 0.0]])
    gradient = PENALTIES["lpq"].gradient(theta, p, q)
    np.testing.assert_allclose(gradient, [[0, 1], [0, 0]], rtol=1e-14, atol=0)
    zeros = np.zeros((2, 3))
    np.testing.assert_array_equal(PENALTIES["lpq"].gradient(zeros, p, q), zeros)


@given(theta=matrices, p=exponents, q=exponents, seed=seeds)
@example(theta=np.zeros((2, 2)), p=2, q=1, seed=0)
@example(theta=np.array([[0.0, 1.0], [0.0, 0.0]]), p=1, q=1, seed=0)
@example(theta=np.array([[0.0, 1.0], [0.0, 0.0]]), p=2, q=1, seed=0)
def test_gradients_of_lpq_are_subgradients(
    theta: np.ndarray, p: float, q: float, seed: int
) -> None:
    z = np.random.default_rng(seed).normal(size=theta.shape, scale=10)
    slope = PENALTIES["lpq"].gradient(theta, p, q)
    tangent = lpq(theta, p, q) + (slope * (z - theta)).sum()
    assert lpq(z, p, q) >= tangent - 1e-9 * (1 + abs(tangent))


# ------------------------------------------------------------------------------ the proximal step


@each_closed_step
@given(theta=matrices, strength=strengths, seed=seeds)
@example(theta=np.array([[3.0, 0.0], [4.0, 0.0]]), strength=5.0, seed=0)
def test_no_competitor_beats_the_proximal_step_of_lpq(
    p: int, q: int, theta: np.ndarray, strength: float, seed: int
) -> None:
    def price(z: np.ndarray) -> float:
        return float(((z - theta) ** 2).sum() / 2 + strength * lpq(z, p, q))

    best = PENALTIES["lpq"].proximal(theta, strength, p, q)  # type: ignore[misc]
    for z in competitors(best, seed):
        assert price(z) >= price(best) - 1e-12 * (1 + price(best))


@each_closed_step
def test_a_stack_of_matrices_takes_each_its_own_step(p: int, q: int) -> None:
    step: Any = PENALTIES["lpq"].proximal
    stack, strengths = np.random.default_rng(0).normal(size=(2, 3, 4, 5)), np.array([0.0, 0.3, 2.0])
    together = step(stack, strengths[:, None, None], p, q)
    for place in np.ndindex(2, 3):
        alone = step(stack[place], strengths[place[1]], p, q)
        np.testing.assert_allclose(together[place], alone, rtol=1e-12)


@each_closed_step
@pytest.mark.parametrize("size", [1e-30, 1e30])
def test_the_proximal_step_of_lpq_neither_overflows_nor_vanishes(
    size: float, p: int, q: int
) -> None:
    """In float32, whose largest number is 3e38 and least one 1e-45."""
    step: Any = PENALTIES["lpq"].proximal
    theta = np.array([[1.0, -2.0, 0.5], [3.0, 0.0, -1.0]], np.float32)
    moved = step(np.float32(size) * theta, 2 * size, p, q)
    assert moved.dtype == np.float32
    np.testing.assert_allclose(moved / np.float32(size), step(theta, 2.0, p, q), rtol=1e-5)
    alone = np.array([[size]], np.float32)
    np.testing.assert_array_equal(step(alone, 0.0, p, q), alone)


def test_group_lasso_silences_whole_columns() -> None:
    theta = np.array([[3.0, 0.3], [4.0, 0.4]])
    best = PENALTIES["lpq"].proximal(theta, 1.0, 2, 1)  # type: ignore[misc]
    np.testing.assert_allclose(best, [[3 * 0.8, 0], [4 * 0.8, 0]], rtol=1e-12)
    assert not best[:, 1].any()


@pytest.mark.parametrize(("p", "q"), [(1, 2), (2, 3), (3, 2), (1.5, 1), (3, 3), (0.5, 1), (1, 0.5)])
def test_other_exponents_have_no_closed_step(p: float, q: float) -> None:
    with pytest.raises(ValueError, match=f"p={p}, q={q}"):
        PENALTIES["lpq"].proximal(np.ones((2, 2)), 1.0, p, q)  # type: ignore[misc]
