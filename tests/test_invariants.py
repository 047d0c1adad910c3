"""What must hold whatever the numbers: steps that minimise, scales that cancel, orthogonality."""

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.optimize import minimize

from microgrand import ops
from microgrand.op import registry
from microgrand.optimizers import SGD, Adadelta, Adam, AdamW, Momentum, RMSprop
from microgrand.penalties import PENALTIES
from microgrand.proximal import Proximal
from microgrand.tape import Parameters, value_and_grad

seeds = st.integers(0, 2**32 - 1)
strengths = st.floats(0.01, 5)

WITH_STEP = [row for row in PENALTIES.values() if row.proximal is not None]
each_step = pytest.mark.parametrize("row", WITH_STEP, ids=lambda row: row.name)


def exponents(row: Any) -> tuple[float, ...]:
    return (2, 1) if row.name == "lpq" else ()


def price(z: np.ndarray, theta: np.ndarray, strength: float, row: Any) -> float:
    """½‖z − θ‖² + λR(z), of which a proximal step finds the smallest."""
    value = row.value(z.reshape(theta.shape), *exponents(row))
    return float(((z.ravel() - theta.ravel()) ** 2).sum() / 2 + strength * value)


# ---------------------------------------------------------------------------------- proximal steps


@each_step
@given(seed=seeds, strength=strengths)
def test_no_search_of_scipys_ends_below_a_proximal_step(
    row: Any, seed: int, strength: float
) -> None:
    """Nelder and Mead need no slopes; they start from θ, from the step itself, and from 0."""
    theta = np.random.default_rng(seed).normal(0, 2, (2, 1) if row.of_matrix else 2)
    step: Any = row.proximal
    best = step(theta, strength, *exponents(row))
    lowest = price(best, theta, strength, row)
    for start in (theta, best, np.zeros_like(theta)):
        found = minimize(
            price, start.ravel(), (theta, strength, row), "Nelder-Mead", options={"maxfev": 100}
        )
        assert found.fun >= lowest - 1e-12 * (1 + abs(lowest))


@each_step
@given(seed=seeds, strength=strengths)
def test_what_a_proximal_step_moves_is_a_subgradient_where_it_ends(
    row: Any, seed: int, strength: float
) -> None:
    """θ − z = λ ∂R(z): a step backwards. Where R has a gradient at z it is the one of the table."""
    theta = np.random.default_rng(seed).normal(0, 2, (3, 2) if row.of_matrix else 4)
    step: Any = row.proximal
    z = step(theta, strength, *exponents(row))
    gradient = row.gradient(z, *exponents(row))
    away = np.abs(z) > 1e-12
    if row.name == "dead_zone_l1":
        away &= np.abs(np.abs(z) - 0.25) > 1e-12  # held at the edge of the zone
    np.testing.assert_allclose((theta - z)[away], strength * gradient[away], atol=1e-9)


@pytest.mark.parametrize("name", ["l1", "half_l2", "l3", "dead_zone_l1", "group_l1"])
@given(seed=seeds, strength=strengths)
def test_proximal_steps_of_convex_penalties_bring_points_closer(
    name: str, seed: int, strength: float
) -> None:
    row, generator = PENALTIES[name], np.random.default_rng(seed)
    a, b = generator.normal(0, 2, (2, 3, 2))
    step: Any = row.proximal
    assert np.linalg.norm(step(a, strength) - step(b, strength)) <= np.linalg.norm(a - b) + 1e-12


def test_a_proximal_optimiser_comes_to_rest_where_the_penalised_loss_is_lowest() -> None:
    """Lasso with correlated inputs, against a grid: weights that are 0 there are 0 here exactly."""
    x = np.array([[1.0, 0.9], [0.2, -0.3], [-0.7, -0.5]])
    y, strength = np.array([1.0, 0.1, -0.6]), 0.3
    weights = np.array([1.0, -1.0])
    optimizer = Proximal(SGD(0.2), PENALTIES["l1"], strength)
    state = optimizer.init(weights)
    for _ in range(2000):
        optimizer.step(weights, x.T @ (x @ weights - y), state)
    grid = np.stack(np.meshgrid(*[np.linspace(-1, 1, 401)] * 2), axis=-1).reshape(-1, 2)
    costs = ((grid @ x.T - y) ** 2).sum(axis=1) / 2 + strength * np.abs(grid).sum(axis=1)
    np.testing.assert_allclose(weights, grid[costs.argmin()], atol=0.005)
    assert (weights == 0).any()


# ---------------------------------------------------------------------------- scales and optimisers


def walk(optimizer: Any, start: np.ndarray, slopes: Any, decay: float = 0.0) -> np.ndarray:
    """Where an optimiser ends. `slopes` are of the loss; `decay` is coupled, added to them."""
    vector = start.copy()
    state = optimizer.init(vector)
    for slope in slopes:
        optimizer.step(vector, slope + decay * vector, state)
    return vector


@given(seed=seeds, scale=st.sampled_from([1e-6, 1e-3, 1e3, 1e6]))
@example(seed=0, scale=1e3)
def test_who_cares_for_the_scale_of_a_loss(seed: int, scale: float) -> None:
    """A loss in other units: Adam, AdamW and RMSprop go the same way, as long as ε is small."""
    start, *slopes = np.random.default_rng(seed).normal(size=(6, 4))
    scaled = [scale * slope for slope in slopes]
    optimizer: Any
    for optimizer in (Adam(0.1, epsilon=1e-20), AdamW(0.1, epsilon=1e-20), RMSprop(epsilon=1e-20)):
        ends = walk(optimizer, start, slopes), walk(optimizer, start, scaled)
        np.testing.assert_allclose(*ends, rtol=1e-9, atol=1e-12)
    for optimizer in (SGD(0.1), Momentum(0.1)):
        moved = [walk(optimizer, start, s) - start for s in (slopes, scaled)]
        np.testing.assert_allclose(scale * moved[0], moved[1], rtol=1e-6, atol=1e-9 * scale)


@given(seed=seeds)
def test_coupled_decay_depends_on_the_scale_of_the_loss_and_decoupled_does_not(seed: int) -> None:
    """Inside Adam a penalty's slope is weighed against the loss's: a louder loss drowns it."""
    start, *slopes = np.random.default_rng(seed).normal(size=(9, 4))
    slopes = [slope + np.sign(slope) for slope in slopes]
    scaled = [1e4 * slope for slope in slopes]
    adam = Adam(0.1, epsilon=1e-20)
    free = walk(adam, start, slopes)
    quiet, loud = (walk(adam, start, s, decay=1.0) for s in (slopes, scaled))
    assert np.abs(loud - free).max() < 1e-2
    assert np.abs(quiet - free).max() > 10 * np.abs(loud - free).max()
    adamw = AdamW(0.1, epsilon=1e-20, decay=1.0)
    np.testing.assert_allclose(walk(adamw, start, slopes), walk(adamw, start, scaled), rtol=1e-9)


@given(seed=seeds)
def test_no_optimiser_mixes_weights(seed: int) -> None:
    """Shuffled weights with shuffled slopes end up shuffled."""
    generator = np.random.default_rng(seed)
    start, *slopes = generator.normal(size=(5, 6))
    order = generator.permutation(6)
    for optimizer in (SGD(), Momentum(), Adam(), AdamW(), RMSprop(), Adadelta()):
        mixed = walk(optimizer, start[order], [slope[order] for slope in slopes])
        np.testing.assert_array_equal(mixed, walk(optimizer, start, slopes)[order])


# ---------------------------------------------------------------------------------------- networks


@given(seed=seeds, shift=st.floats(-100, 100), factor=st.floats(0.1, 10))
def test_what_normalisation_takes_out_gets_no_gradient(
    seed: int, shift: float, factor: float
) -> None:
    """Batch norm forgets scale and shift of what it sees: a kernel's gradient is orthogonal to it,
    and a bias before it has none.
    """
    generator = np.random.default_rng(seed)
    x, u = generator.normal(size=(4, 3, 3, 2)), generator.normal(size=(4, 3, 3, 3))

    def loss(weights: Any) -> Any:
        y = ops.conv2d(x, weights[0]["kernel"], weights[0]["bias"])
        return (ops.batch_norm(y, 1e-12) * u).sum()

    kernel = factor * generator.normal(size=(3, 3, 2, 3))
    parameters = Parameters.from_weights([{"kernel": kernel, "bias": np.full(3, shift)}])
    _, gradient = value_and_grad(loss)(parameters)
    of_kernel, of_bias = gradient.weights[0]["kernel"], gradient.weights[0]["bias"]
    size = np.abs(of_kernel * kernel).sum()
    assert np.abs((of_kernel * kernel).sum(axis=(0, 1, 2))).max() <= 1e-8 * size
    assert np.abs(of_bias).max() <= 1e-8 * size / factor


@given(seed=seeds, down=st.integers(0, 2), right=st.integers(0, 2))
def test_a_shifted_image_shifts_what_comes_back_too(seed: int, down: int, right: int) -> None:
    """Away from the border a convolution's gradient for x moves with the cotangent, and that for
    the kernel does not change when image and cotangent move together.
    """
    generator = np.random.default_rng(seed)
    kernel = generator.integers(-9, 10, (3, 3, 2, 2)).astype(float)
    x, u = np.zeros((2, 1, 9, 9, 2))
    x[:, 2:5, 2:5] = generator.integers(-9, 10, (1, 3, 3, 2))
    u[:, 2:5, 2:5] = generator.integers(-9, 10, (1, 3, 3, 2))
    moved_x, moved_u = (np.roll(a, (down, right), (1, 2)) for a in (x, u))
    of_x, of_kernel = (registry["conv2d"].gradients[name] for name in ("x", "kernel"))
    back = np.roll(of_x(u, None, x, kernel), (down, right), (1, 2))
    np.testing.assert_array_equal(of_x(moved_u, None, moved_x, kernel), back)
    np.testing.assert_array_equal(
        of_kernel(moved_u, None, moved_x, kernel), of_kernel(u, None, x, kernel)
    )
