"""Proximal steps behind an optimiser: thresholds, exact zeros, kernels alone, stacks."""

from dataclasses import FrozenInstanceError, replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from microgrand.layers import Dense, ReLU, Sequential
from microgrand.optimizers import SGD, Adadelta, Adam, Momentum
from microgrand.penalties import PENALTIES
from microgrand.proximal import Projected, Proximal
from microgrand.tape import Parameters
from microgrand.training import Dataset, train

NETWORK = Sequential((Dense(6), ReLU(), Dense(2)))
numbers = st.floats(-10, 10).map(lambda x: round(x, 6))


def start(seed: int = 0) -> Parameters:
    return NETWORK.init((4,), np.random.default_rng(seed), np.float64)


@given(
    theta=numbers,
    slopes=st.lists(numbers, max_size=8),
    rate=st.floats(0, 1),
    strength=st.floats(0, 5),
)
@example(theta=0.5, slopes=[0.0, 0.0], rate=0.5, strength=1.0)  # arrives exactly at zero
@example(theta=-0.5, slopes=[0.0, 0.0], rate=0.5, strength=1.0)
def test_with_sgd_and_l1_it_is_ista(
    theta: float, slopes: list[float], rate: float, strength: float
) -> None:
    """A gradient step, then the soft threshold of rate · strength (Daubechies et al. 2004)."""
    optimizer = Proximal(SGD(rate), PENALTIES["l1"], strength)
    vector = np.array([theta])
    state = optimizer.init(vector)
    for g in slopes:
        optimizer.step(vector, np.array([g]), state)
        theta = theta - rate * g
        if theta > rate * strength:
            theta -= rate * strength
        elif theta < -rate * strength:
            theta += rate * strength
        else:
            theta = 0.0
        assert vector[0] == pytest.approx(theta, rel=1e-9, abs=1e-9)


def test_it_finds_the_lasso() -> None:
    """min ½‖θ − b‖² + λ‖θ‖₁ has its solution in closed form: the soft threshold of b."""
    b = np.array([3.0, -0.2, 0.7, 0.0, -2.0])
    optimizer, theta = Proximal(SGD(0.3), PENALTIES["l1"], 0.5), np.ones(5)
    for _ in range(200):
        optimizer.step(theta, theta - b, {})
    np.testing.assert_allclose(theta, [2.5, 0, 0.2, 0, -1.5], atol=1e-12)
    assert (theta == 0).tolist() == [False, True, False, True, False]


def test_the_hard_threshold_drops_small_weights_and_leaves_the_rest() -> None:
    theta = np.array([0.1, -0.1, 0.11, -5.0])
    Proximal(SGD(0.5), PENALTIES["l0"], 0.01).step(theta, np.zeros(4), {})  # √(2 · 0.005) = 0.1
    np.testing.assert_array_equal(theta[2:], [0.11, -5])
    assert not theta[:2].any()


@pytest.mark.parametrize("optimizer", [SGD(0.1), Momentum(0.1), Adam(0.1), Adadelta()])
def test_without_strength_it_is_the_optimiser_to_the_bit(optimizer: Any) -> None:
    vector, *slopes = np.random.default_rng(0).normal(size=(6, 10))
    wrapped = Proximal(optimizer, PENALTIES["l1"], 0.0)
    own, state, other = vector.copy(), optimizer.init(vector), wrapped.init(vector)
    for slope in slopes:
        optimizer.step(own, slope, state)
        wrapped.step(vector, slope, other)
    np.testing.assert_array_equal(vector, own)
    assert str(wrapped.moment(other)) == str(optimizer.moment(state))
    assert wrapped.rate == optimizer.rate


def test_a_strength_of_the_kernels_alone_spares_the_biases() -> None:
    parameters = start()
    before = parameters.copy()
    strength = 1e3 * parameters.only("kernel")
    Proximal(SGD(0.1), PENALTIES["l1"], strength).step(
        parameters.vector, np.zeros_like(parameters.vector), {}
    )
    for layer, old in zip(parameters.weights, before.weights, strict=True):
        for name, array in layer.items():
            np.testing.assert_array_equal(array, 0 if name == "kernel" else old[name])


def test_group_l1_silences_columns_of_kernels_of_any_rank() -> None:
    shapes: list[Any] = [{"kernel": (2, 2, 1, 3), "bias": (3,)}, {}, {"kernel": (2, 2)}]
    parameters = Parameters(np.random.default_rng(0).normal(size=19), shapes)
    parameters.weights[0]["kernel"][..., 1] *= 0.01
    before = parameters.copy()
    optimizer = Proximal(SGD(0.5), PENALTIES["group_l1"], 0.2, parameters.shapes)
    optimizer.step(parameters.vector, np.zeros(19), {})
    for i in (0, 2):
        after, old = parameters.weights[i]["kernel"], before.weights[i]["kernel"]
        for column in range(old.shape[-1]):
            length = np.sqrt((old[..., column] ** 2).sum())
            expected = old[..., column] * max(length - 0.1, 0) / length
            np.testing.assert_allclose(after[..., column], expected, rtol=1e-12)
    assert not parameters.weights[0]["kernel"][..., 1].any()
    np.testing.assert_array_equal(parameters.weights[0]["bias"], before.weights[0]["bias"])


def test_exponents_that_are_given_are_taken() -> None:
    row = PENALTIES["lpq"]
    assert row.proximal is not None
    given_them = replace(row, proximal=partial(row.proximal, p=2, q=1))
    one, other = start(), start()
    for parameters, penalty in ((one, given_them), (other, PENALTIES["group_l1"])):
        optimizer = Proximal(SGD(0.1), penalty, 2.0, parameters.shapes)
        optimizer.step(parameters.vector, np.zeros_like(parameters.vector), {})
    np.testing.assert_array_equal(one.vector, other.vector)
    assert (one.vector != start().vector).any()


@pytest.mark.parametrize("name", ["l1", "l0", "group_l1"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_each_model_of_a_stack_has_its_own_rate_and_strength(name: str, dtype: type) -> None:
    rates, strengths = np.array([[0.1], [0.5], [0.1]]), np.array([[0.0], [0.5], [3.0]])
    alone = [start(seed) for seed in range(3)]
    stack = Parameters.stack([Parameters(p.vector.astype(dtype), p.shapes) for p in alone])
    slope: np.ndarray = np.random.default_rng(9).normal(size=stack.vector.shape).astype(dtype)
    Proximal(SGD(rates), PENALTIES[name], strengths, stack.shapes).step(stack.vector, slope, {})
    assert stack.vector.dtype == dtype
    for i, parameters in enumerate(alone):
        own = Proximal(
            SGD(float(rates[i, 0])), PENALTIES[name], float(strengths[i, 0]), parameters.shapes
        )
        own.step(parameters.vector, slope[i].astype(np.float64), {})
        np.testing.assert_allclose(stack.vector[i], parameters.vector, rtol=1e-5, atol=1e-6)


def test_two_penalties_one_behind_the_other() -> None:
    """The elastic net: soft threshold, then shrinkage in proportion."""
    theta = np.array([1.0, 0.05])
    inner = Proximal(SGD(0.5), PENALTIES["l1"], 0.2)
    Proximal(inner, PENALTIES["half_l2"], 1.0).step(theta, np.zeros(2), {})
    np.testing.assert_allclose(theta, [0.9 / 1.5, 0], rtol=1e-12)


def test_training_with_it_makes_true_zeros_and_a_subgradient_none() -> None:
    generator = np.random.default_rng(0)
    x = generator.normal(size=(64, 4))
    data = Dataset(x, np.stack([x[:, 0], -x[:, 1]], axis=1))
    zeros = {}
    for name in ("proximal", "subgradient"):
        parameters = start()
        mask = parameters.only("kernel")
        proximal = name == "proximal"
        settings: dict[str, Any] = (
            {"optimizer": Proximal(SGD(0.1), PENALTIES["l1"], 0.05 * mask)}
            if proximal
            else {"optimizer": SGD(0.1), "penalty": PENALTIES["l1"], "strength": 0.05, "mask": mask}
        )
        *_, last = train(
            NETWORK, parameters, data, data, epochs=40, batch_size=16,
            generator=np.random.default_rng(1), **settings,
        )  # fmt: skip
        zeros[name] = int(np.sum(parameters.vector[mask == 1] == 0))
        assert last.test_loss < 0.5
    assert zeros["subgradient"] == 0
    assert zeros["proximal"] > 10  # of 36


def test_what_cannot_be_is_refused() -> None:
    l1, group = PENALTIES["l1"], PENALTIES["group_l1"]
    with pytest.raises(ValueError, match="l1 has no proximal step"):
        Proximal(SGD(), replace(l1, proximal=None), 0.1)
    for strength in (-0.1, float("nan"), np.array([[0.1], [-0.1]])):
        with pytest.raises(ValueError, match="must not be negative"):
            Proximal(SGD(), l1, strength)
    with pytest.raises(ValueError, match="group_l1 is a penalty of a matrix"):
        Proximal(SGD(), group, 0.1)
    with pytest.raises(ValueError, match="group_l1 takes one strength for a matrix, not many"):
        Proximal(SGD(), group, 0.1 * start().only("kernel"), start().shapes)
    with pytest.raises(ValueError, match=r"lpq has no proximal step before \['p', 'q'\] are given"):
        Proximal(SGD(), PENALTIES["lpq"], 0.1, start().shapes)
    with pytest.raises(FrozenInstanceError):
        Proximal(SGD(), l1, 0.1).strength = 1.0  # type: ignore[misc]


# ------------------------------------------------------------------------------------- projection


@given(
    theta=st.lists(numbers, min_size=1, max_size=6),
    low=st.floats(-3, 0),
    high=st.floats(0, 3),
    seed=st.integers(0, 1000),
)
@example(theta=[0.0, 3.0, -3.0], low=0.0, high=0.0, seed=0)
def test_a_projected_step_ends_at_the_nearest_point_between_the_bounds(
    theta: list[float], low: float, high: float, seed: int
) -> None:
    slope = np.random.default_rng(seed).normal(size=len(theta))
    vector, free = np.array(theta), np.array(theta)
    optimizer = Projected(SGD(0.5), low, high)
    optimizer.step(vector, slope, optimizer.init(vector))
    SGD(0.5).step(free, slope, {})
    assert np.all((vector >= low) & (vector <= high))
    for point in np.random.default_rng(seed).uniform(low, high, (20, len(theta))):
        assert ((vector - free) ** 2).sum() <= ((point - free) ** 2).sum() + 1e-12


@pytest.mark.parametrize("optimizer", [SGD(0.1), Momentum(0.1), Adam(0.1), Adadelta()])
def test_between_bounds_at_infinity_it_is_the_optimiser_to_the_bit(optimizer: Any) -> None:
    vector, *slopes = np.random.default_rng(0).normal(size=(6, 10)).astype(np.float32)
    wrapped = Projected(optimizer, np.full(10, -np.inf), np.inf)
    own, state, other = vector.copy(), optimizer.init(vector), wrapped.init(vector)
    for slope in slopes:
        optimizer.step(own, slope, state)
        wrapped.step(vector, slope, other)
    np.testing.assert_array_equal(vector, own)
    assert vector.dtype == np.float32
    assert str(wrapped.moment(other)) == str(optimizer.moment(state))
    assert wrapped.rate == optimizer.rate


def test_every_weight_can_have_bounds_of_its_own() -> None:
    vector = np.zeros(3)
    low, high = np.array([0, -np.inf, -0.1]), np.array([1, np.inf, 0.1])
    Projected(SGD(1.0), low, high).step(vector, np.array([5.0, 5.0, -5.0]), {})
    np.testing.assert_array_equal(vector, [0, -5, 0.1])


def test_bounds_the_wrong_way_round_are_refused() -> None:
    with pytest.raises(ValueError, match="above"):
        Projected(SGD(), 1.0, 0.0)
