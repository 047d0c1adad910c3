"""Penalties against their closed forms, against competitors, and where they have no gradient."""

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.optimize import minimize_scalar

from microgrand.op import registry
from microgrand.penalties import PENALTIES, Penalty

l1, lpq = (registry[name].function for name in ("l1", "lpq"))

# 0.0 is drawn often: it is where |θ| has its kink.
numbers = st.one_of(st.just(0.0), st.floats(-100, 100).map(lambda x: round(x, 6)))
vectors = arrays(float, st.integers(1, 6), elements=numbers)
matrices = arrays(float, array_shapes(min_dims=2, max_dims=2, max_side=4), elements=numbers)
strengths = st.floats(0, 10)
exponents = st.floats(1, 4)
seeds = st.integers(0, 2**32 - 1)

OF_VECTORS = [PENALTIES[name] for name in ("none", "l1", "l2", "half_l2")]
each_of_vectors = pytest.mark.parametrize("penalty", OF_VECTORS, ids=lambda row: row.name)
each_closed_step = pytest.mark.parametrize(("p", "q"), [(1, 1), (2, 1), (2, 2)])

FROM_SCRATCH = {
    "none": (lambda t: 0.0, lambda t: 0.0),
    "l1": (lambda t: abs(t), lambda t: (t > 0) - (t < 0)),
    "l2": (lambda t: t**2, lambda t: 2 * t),
    "half_l2": (lambda t: t**2 / 2, lambda t: t),
}


def test_every_row_of_the_table_is_labelled() -> None:
    for name, row in PENALTIES.items():
        assert row.name == name
        assert row.formula
        assert row.source or name == "none"


# --------------------------------------------------------------------------- values and gradients


@each_of_vectors
@given(theta=vectors)
@example(theta=np.zeros(3))
def test_values_and_gradients_are_the_formulas(penalty: Penalty, theta: np.ndarray) -> None:
    value, slope = FROM_SCRATCH[penalty.name]
    assert penalty.value(theta) == pytest.approx(sum(map(value, theta.tolist())), rel=1e-12)
    np.testing.assert_allclose(penalty.gradient(theta), [slope(t) for t in theta.tolist()])


@each_of_vectors
def test_a_stack_has_one_value_a_model(penalty: Penalty) -> None:
    stack = np.random.default_rng(0).normal(size=(5, 7))
    expected = [penalty.value(model) for model in stack]
    np.testing.assert_allclose(penalty.value(stack), expected, rtol=1e-12)
    assert penalty.gradient(stack).shape == stack.shape


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


@pytest.mark.parametrize(("p", "q"), [(0.5, 1), (2, 0.5), (0.9, 0.9), (0, 2), (-1, 1)])
def test_below_an_exponent_of_1_there_is_no_norm(p: float, q: float) -> None:
    for function in (PENALTIES["lpq"].value, PENALTIES["lpq"].gradient):
        with pytest.raises(ValueError, match=f"not for p={p}, q={q}"):
            function(np.ones((2, 3)), p, q)


@pytest.mark.parametrize("size", [1e-150, 1e150])
@pytest.mark.parametrize(("p", "q"), [(1, 1), (2, 1), (2, 2), (3, 1.5), (4, 4)])
def test_lpq_neither_overflows_nor_vanishes(size: float, p: float, q: float) -> None:
    theta = np.array([[1.0, -2.0, 0.5], [3.0, 0.0, -1.0]])
    assert lpq(size * theta, p, q) / size == pytest.approx(float(lpq(theta, p, q)), rel=1e-9)
    gradient = PENALTIES["lpq"].gradient
    np.testing.assert_allclose(gradient(size * theta, p, q), gradient(theta, p, q), rtol=1e-9)


@pytest.mark.parametrize("size", [1e-150, 1e150])
@each_of_vectors
def test_values_of_extreme_weights_are_finite(penalty: Penalty, size: float) -> None:
    theta = np.array([size, -size])
    value, slope = FROM_SCRATCH[penalty.name]
    assert penalty.value(theta) == pytest.approx(2 * value(size), rel=1e-12, abs=0)
    np.testing.assert_allclose(penalty.gradient(theta), [slope(size), slope(-size)], rtol=1e-12)


# ------------------------------------------------------------------------------------ at the kinks


def test_at_zero_the_subgradient_is_zero() -> None:
    np.testing.assert_array_equal(PENALTIES["l1"].gradient(np.zeros(3)), np.zeros(3))


@pytest.mark.parametrize(("p", "q"), [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1.5)])
def test_a_zero_column_and_a_zero_entry_have_subgradient_zero(p: float, q: float) -> None:
    theta = np.array([[0.0, 3.0], [0.0, 0.0]])
    gradient = PENALTIES["lpq"].gradient(theta, p, q)
    np.testing.assert_allclose(gradient, [[0, 1], [0, 0]], rtol=1e-14, atol=0)
    zeros = np.zeros((2, 3))
    np.testing.assert_array_equal(PENALTIES["lpq"].gradient(zeros, p, q), zeros)


@each_of_vectors
@given(theta=vectors, seed=seeds)
@example(theta=np.zeros(4), seed=0)
def test_gradients_are_subgradients(penalty: Penalty, theta: np.ndarray, seed: int) -> None:
    """R(z) ≥ R(θ) + ⟨g, z − θ⟩ for every z: the tangent lies below a convex function."""
    z = np.random.default_rng(seed).normal(size=theta.shape, scale=10)
    tangent = penalty.value(theta) + penalty.gradient(theta) @ (z - theta)
    assert penalty.value(z) >= tangent - 1e-9 * (1 + abs(tangent))


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


def price(z: np.ndarray, theta: np.ndarray, strength: float, value: Any) -> float:
    """What the proximal step minimises: ½‖z − θ‖² + λR(z)."""
    return float(((z - theta) ** 2).sum() / 2 + strength * value)


@each_of_vectors
@given(theta=vectors, strength=strengths, seed=seeds)
@example(theta=np.array([1.0, -1.0, 0.5, 0.0]), strength=1.0, seed=0)
def test_no_competitor_beats_the_proximal_step(
    penalty: Penalty, theta: np.ndarray, strength: float, seed: int
) -> None:
    assert penalty.proximal is not None
    best = penalty.proximal(theta, strength)
    lowest = price(best, theta, strength, penalty.value(best))
    generator = np.random.default_rng(seed)
    for distance in (1e-6, 1e-3, 1.0, 10.0):
        z = best + generator.normal(size=theta.shape, scale=distance)
        assert price(z, theta, strength, penalty.value(z)) >= lowest - 1e-12 * (1 + lowest)


@each_of_vectors
@given(theta=st.floats(-20, 20), strength=strengths)
def test_scipy_finds_the_same_best_number(penalty: Penalty, theta: float, strength: float) -> None:
    assert penalty.proximal is not None
    found = minimize_scalar(
        lambda z: (z - theta) ** 2 / 2 + strength * FROM_SCRATCH[penalty.name][0](z),
        bounds=(-21, 21),
        method="bounded",
        options={"xatol": 1e-9},
    )
    (best,) = penalty.proximal(np.array([theta]), strength)
    assert best == pytest.approx(found.x, abs=1e-5)


@each_closed_step
@given(theta=matrices, strength=strengths, seed=seeds)
@example(theta=np.array([[3.0, 0.0], [4.0, 0.0]]), strength=5.0, seed=0)
def test_no_competitor_beats_the_proximal_step_of_lpq(
    p: int, q: int, theta: np.ndarray, strength: float, seed: int
) -> None:
    best = PENALTIES["lpq"].proximal(theta, strength, p, q)  # type: ignore[misc]
    lowest = price(best, theta, strength, lpq(best, p, q))
    generator = np.random.default_rng(seed)
    for distance in (1e-6, 1e-3, 1.0, 10.0):
        z = best + generator.normal(size=theta.shape, scale=distance)
        assert price(z, theta, strength, lpq(z, p, q)) >= lowest - 1e-12 * (1 + lowest)


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


@given(theta=vectors, strength=strengths)
def test_soft_threshold_makes_exact_zeros_and_moves_the_rest_by_lambda(
    theta: np.ndarray, strength: float
) -> None:
    best = PENALTIES["l1"].proximal(theta, strength)  # type: ignore[misc]
    within = np.abs(theta) <= strength
    np.testing.assert_array_equal(best[within], 0)
    moved = theta[~within] - best[~within]
    np.testing.assert_allclose(moved, np.sign(theta[~within]) * strength, atol=1e-12)


def test_group_lasso_silences_whole_columns() -> None:
    theta = np.array([[3.0, 0.3], [4.0, 0.4]])
    best = PENALTIES["lpq"].proximal(theta, 1.0, 2, 1)  # type: ignore[misc]
    np.testing.assert_allclose(best, [[3 * 0.8, 0], [4 * 0.8, 0]], rtol=1e-12)
    assert not best[:, 1].any()


@each_of_vectors
def test_a_column_of_strengths_gives_each_model_its_own(penalty: Penalty) -> None:
    assert penalty.proximal is not None
    stack = np.random.default_rng(0).normal(size=(3, 8))
    strengths = np.array([[0.0], [0.3], [2.0]])
    together = penalty.proximal(stack, strengths)
    for model, strength, moved in zip(stack, strengths[:, 0], together, strict=True):
        np.testing.assert_array_equal(penalty.proximal(model, strength), moved)
    np.testing.assert_array_equal(together[0], stack[0])


@pytest.mark.parametrize(("p", "q"), [(1, 2), (2, 3), (3, 2), (1.5, 1), (3, 3), (0.5, 1), (1, 0.5)])
def test_other_exponents_have_no_closed_step(p: float, q: float) -> None:
    with pytest.raises(ValueError, match=f"p={p}, q={q}"):
        PENALTIES["lpq"].proximal(np.ones((2, 2)), 1.0, p, q)  # type: ignore[misc]


# ----------------------------------------------------------------------------------- good manners


def rows() -> list[Any]:
    return [pytest.param(row, (), id=row.name) for row in OF_VECTORS] + [
        pytest.param(PENALTIES["lpq"], (2, 1), id="lpq")
    ]


@pytest.mark.parametrize(("penalty", "exponents"), rows())
def test_gradient_and_proximal_step_leave_theta_alone(penalty: Penalty, exponents: Any) -> None:
    """Neither changes θ, and writing into what they return does not either."""
    assert penalty.proximal is not None
    theta = np.random.default_rng(0).normal(size=(3, 4))
    before = theta.copy()
    gradient = penalty.gradient(theta, *exponents)
    best = penalty.proximal(theta, 0.5, *exponents)
    np.testing.assert_array_equal(theta, before)
    assert not np.shares_memory(gradient, theta)
    assert not np.shares_memory(best, theta)


@pytest.mark.parametrize(("penalty", "exponents"), rows())
def test_float32_stays_float32(penalty: Penalty, exponents: Any) -> None:
    assert penalty.proximal is not None
    theta = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    assert penalty.value(theta, *exponents).dtype == np.float32
    assert penalty.gradient(theta, *exponents).dtype == np.float32
    assert penalty.proximal(theta, 0.5, *exponents).dtype == np.float32
    assert penalty.proximal(theta, np.float32(0.5), *exponents).dtype == np.float32


@pytest.mark.parametrize("name", PENALTIES)
@given(whole=arrays(int, (3, 2), elements=st.integers(-9, 9)), strength=st.floats(0, 5))
@example(whole=np.array([[2, -1], [0, 1], [0, 0]]), strength=0.02)
def test_whole_numbers_are_numbers_like_others(
    name: str, whole: np.ndarray, strength: float
) -> None:
    row, rest = PENALTIES[name], (2, 1) if name == "lpq" else ()
    theta = whole.astype(float)
    np.testing.assert_allclose(row.value(whole, *rest), row.value(theta, *rest), rtol=1e-15)
    np.testing.assert_allclose(row.gradient(whole, *rest), row.gradient(theta, *rest), rtol=1e-15)
    if row.proximal is not None:
        expected = row.proximal(theta, strength, *rest)
        np.testing.assert_allclose(row.proximal(whole, strength, *rest), expected, rtol=1e-15)


@pytest.mark.parametrize(("p", "q"), [(0.5, 2), (2, 0.9), (0, 1)])
def test_exponents_below_1_make_no_norm_and_are_refused(p: float, q: float) -> None:
    with pytest.raises(ValueError, match="a norm for exponents of 1 and more"):
        lpq(np.ones((2, 2)), p, q)
    with pytest.raises(ValueError, match="a norm for exponents of 1 and more"):
        PENALTIES["lpq"].gradient(np.ones((2, 2)), p, q)
