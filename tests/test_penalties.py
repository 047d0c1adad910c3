"""Penalties against their closed forms, against competitors, and where they have no gradient."""

from typing import Any

import numpy as np
import pytest
from autograd import elementwise_grad
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import minimize_scalar
from strategies import competitors, seeds, vectors

from microgrand.op import registry
from microgrand.penalties import PENALTIES, Penalty

strengths = st.floats(0, 10)

OF_VECTORS = [PENALTIES[name] for name in ("none", "l1", "l2", "half_l2")]
each_of_vectors = pytest.mark.parametrize("penalty", OF_VECTORS, ids=lambda row: row.name)

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


@pytest.mark.parametrize("size", [1e-150, 1e150])
@each_of_vectors
def test_values_of_extreme_weights_are_finite(penalty: Penalty, size: float) -> None:
    theta = np.array([size, -size])
    value, slope = FROM_SCRATCH[penalty.name]
    assert penalty.value(theta) == pytest.approx(2 * value(size), rel=1e-12, abs=0)
    np.testing.assert_allclose(penalty.gradient(theta), [slope(size), slope(-size)], rtol=1e-12)


def test_a_penalty_may_stand_in_a_loss_with_its_own_gradient() -> None:
    theta = np.random.default_rng(0).normal(size=(3, 2))
    for penalty in PENALTIES.values():
        arguments = (1.5, 2.0) if penalty.name == "lpq" else ()
        function: Any = penalty.function
        assert function is registry[penalty.name].function
        value, gradient = elementwise_grad(function)(theta, *arguments), penalty.gradient
        np.testing.assert_array_equal(value, gradient(theta, *arguments))


# ------------------------------------------------------------------------------------ at the kinks


def test_at_zero_the_subgradient_is_zero() -> None:
    np.testing.assert_array_equal(PENALTIES["l1"].gradient(np.zeros(3)), np.zeros(3))


@each_of_vectors
@given(theta=vectors, seed=seeds)
@example(theta=np.zeros(4), seed=0)
def test_gradients_are_subgradients(penalty: Penalty, theta: np.ndarray, seed: int) -> None:
    """R(z) ≥ R(θ) + ⟨g, z − θ⟩ for every z: the tangent lies below a convex function."""
    z = np.random.default_rng(seed).normal(size=theta.shape, scale=10)
    tangent = penalty.value(theta) + penalty.gradient(theta) @ (z - theta)
    assert penalty.value(z) >= tangent - 1e-9 * (1 + abs(tangent))


# ------------------------------------------------------------------------------ the proximal step


@each_of_vectors
@given(theta=vectors, strength=strengths, seed=seeds)
@example(theta=np.array([1.0, -1.0, 0.5, 0.0]), strength=1.0, seed=0)
def test_no_competitor_beats_the_proximal_step(
    penalty: Penalty, theta: np.ndarray, strength: float, seed: int
) -> None:
    """It minimises ½‖z − θ‖² + λR(z)."""

    def price(z: np.ndarray) -> float:
        return float(((z - theta) ** 2).sum() / 2 + strength * penalty.value(z))

    assert penalty.proximal is not None
    best = penalty.proximal(theta, strength)
    for z in competitors(best, seed):
        assert price(z) >= price(best) - 1e-12 * (1 + price(best))


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


@given(theta=vectors, strength=strengths)
def test_soft_threshold_makes_exact_zeros_and_moves_the_rest_by_lambda(
    theta: np.ndarray, strength: float
) -> None:
    best = PENALTIES["l1"].proximal(theta, strength)  # type: ignore[misc]
    within = np.abs(theta) <= strength
    np.testing.assert_array_equal(best[within], 0)
    moved = theta[~within] - best[~within]
    np.testing.assert_allclose(moved, np.sign(theta[~within]) * strength, atol=1e-12)


@each_of_vectors
def test_a_column_of_strengths_gives_each_model_its_own(penalty: Penalty) -> None:
    assert penalty.proximal is not None
    stack = np.random.default_rng(0).normal(size=(3, 8))
    strengths = np.array([[0.0], [0.3], [2.0]])
    together = penalty.proximal(stack, strengths)
    for model, strength, moved in zip(stack, strengths[:, 0], together, strict=True):
        np.testing.assert_array_equal(penalty.proximal(model, strength), moved)
    np.testing.assert_array_equal(together[0], stack[0])


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
