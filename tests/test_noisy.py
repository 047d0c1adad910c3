"""Noise around optimisers: its size, what Adam makes of it, that it composes, that it fades."""

from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from microgrand.noise import Annealed, Noisy
from microgrand.optimizers import SGD, Adadelta, Adam, Momentum
from microgrand.penalties import PENALTIES
from microgrand.proximal import Projected, Proximal


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


OPTIMIZERS: list[Any] = [SGD(0.1), Momentum(0.1), Adam(0.1), Adadelta()]


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda one: type(one).__name__)
def test_without_noise_it_is_the_optimiser_to_the_bit_and_nothing_is_drawn(optimizer: Any) -> None:
    vector, *slopes = generator().normal(size=(6, 10))
    draws = generator(1)
    wrapped = Noisy(optimizer, draws, step_std=0.0, gradient_std=np.zeros(10))
    own, state, other = vector.copy(), optimizer.init(vector), wrapped.init(vector)
    for slope in slopes:
        optimizer.step(own, slope, state)
        wrapped.step(vector, slope, other)
    np.testing.assert_array_equal(vector, own)
    assert str(wrapped.moment(other)) == str(optimizer.moment(state))
    assert wrapped.rate == optimizer.rate
    assert draws.random() == generator(1).random()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_step_and_gradient_are_sampled_around_what_they_would_have_been(dtype: Any) -> None:
    """SGD shows both: θ − rate · N(g, s²) + N(0, σ²)."""
    vector, slope = np.full(20_000, 1.0, dtype), np.full(20_000, 3.0, dtype)
    optimizer = Noisy(SGD(0.5), generator(), step_std=0.2, gradient_std=0.8)
    state = optimizer.init(vector)
    optimizer.step(vector, slope, state)
    assert vector.dtype == dtype
    np.testing.assert_array_equal(slope, 3)  # left as it was
    expected = 1 - 0.5 * 3, np.hypot(0.5 * 0.8, 0.2)
    assert stats.kstest(vector, "norm", expected).pvalue > 1e-3


@given(seed=st.integers(0, 1000), std=st.sampled_from([5e-5, 5e-4]))
def test_steps_of_pure_noise_are_a_random_walk(seed: int, std: float) -> None:
    """After t steps the spread is σ√t."""
    vector = np.zeros(4000)
    optimizer = Noisy(SGD(0.0), generator(seed), step_std=std)
    state = optimizer.init(vector)
    for _ in range(49):
        optimizer.step(vector, np.zeros(4000), state)
    assert vector.std() == pytest.approx(7 * std, rel=0.06)


@pytest.mark.parametrize("std", [1e-6, 5e-5, 5e-4])
def test_adam_makes_steps_of_its_full_rate_of_noise_of_any_size(std: float) -> None:
    """Where the gradient is nothing but noise, the walk is rate · √t: σ cancels."""
    vector = np.zeros(4000)
    optimizer = Noisy(Adam(8e-4, epsilon=1e-12), generator(), gradient_std=std)
    state = optimizer.init(vector)
    for _ in range(400):
        optimizer.step(vector, np.zeros(4000), state)
    assert vector.std() == pytest.approx(8e-4 * 20, rel=0.15)


def test_the_same_generator_gives_the_same_bits() -> None:
    ends = []
    for _ in range(2):
        vector = np.ones(5, np.float32)
        optimizer = Noisy(Adam(), generator(3), step_std=0.1, gradient_std=0.1)
        state = optimizer.init(vector)
        for _ in range(3):
            optimizer.step(vector, vector.copy(), state)
        ends.append(vector)
    np.testing.assert_array_equal(ends[0], ends[1])


def test_weights_and_models_can_have_noise_of_their_own() -> None:
    vector = np.zeros((2, 1000))
    stds = np.array([[0.0], [1.0]]) * (np.arange(1000) < 500)
    noisy = Noisy(SGD(0.0), generator(), step_std=stds)
    noisy.step(vector, np.zeros_like(vector), noisy.init(vector))
    assert not vector[0].any()
    assert not vector[1, 500:].any()
    assert vector[1, :500].std() == pytest.approx(1, rel=0.15)


def test_weights_without_noise_leave_the_noise_of_the_others_as_it_is() -> None:
    """So a network with masks that are not sampled sees the same draws on its kernels."""
    alone, among = np.zeros(4), np.zeros(7)
    places = np.array([0, 1, 0, 1, 1, 0, 1])
    noisy = Noisy(SGD(0.0), generator(), step_std=0.5)
    noisy.step(alone, alone.copy(), noisy.init(alone))
    noisy = Noisy(SGD(0.0), generator(), step_std=0.5 * places)
    noisy.step(among, among.copy(), noisy.init(among))
    np.testing.assert_array_equal(among[places == 1], alone)
    assert not among[places == 0].any()


def test_it_composes_with_itself_and_with_what_bounds_and_shrinks() -> None:
    """Two noises add their variances; a soft threshold outside makes zeros of what was shaken."""
    vector = np.zeros(20_000)
    twice = Noisy(Noisy(SGD(0.1), generator(1), step_std=0.3), generator(2), step_std=0.4)
    twice.step(vector, np.zeros(20_000), twice.init(vector))
    assert vector.std() == pytest.approx(0.5, rel=0.03)
    bounded = Projected(twice, -0.1, 0.2)
    bounded.step(vector, np.zeros(20_000), bounded.init(vector))
    assert (vector.min(), vector.max()) == (-0.1, 0.2)
    sparse = Proximal(twice, PENALTIES["l1"], 3.0)
    sparse.step(vector, np.zeros(20_000), sparse.init(vector))
    assert 0.2 < np.mean(vector == 0) < 0.8


@given(eta=st.floats(0, 10), gamma=st.floats(0, 2), steps=st.integers(0, 10**6))
def test_annealed_noise_fades_by_its_formula(eta: float, gamma: float, steps: int) -> None:
    variance = eta / (1 + steps) ** gamma
    assert Annealed(eta, gamma)(steps) == pytest.approx(variance**0.5)
    assert Annealed(eta, gamma)(steps + 1) <= Annealed(eta, gamma)(steps)


def test_a_schedule_is_asked_for_every_step_from_0() -> None:
    asked = []

    def level(steps: int) -> float:
        asked.append(steps)
        return 0.0

    vector = np.zeros(2)
    optimizer = Noisy(SGD(0.1), generator(), gradient_std=level)
    state = optimizer.init(vector)
    for _ in range(3):
        optimizer.step(vector, np.ones(2), state)
    assert asked == [0, 1, 2]


@pytest.mark.parametrize(
    "make",
    [
        lambda: Noisy(SGD(), generator(), step_std=-1.0),
        lambda: Noisy(SGD(), generator(), gradient_std=np.array([1.0, -1.0])),
        lambda: Noisy(SGD(), generator(), step_std=float("nan")),
        lambda: Annealed(-0.1),
    ],
)
def test_a_negative_spread_is_refused(make: Any) -> None:
    with pytest.raises(ValueError, match="negative"):
        make()


def test_it_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        Noisy(SGD(), generator()).step_std = 1.0  # type: ignore[misc]
