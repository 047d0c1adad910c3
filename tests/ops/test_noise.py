"""Noise that is added: how the sample is distributed, and what it does to a mean loss."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from microgrand import ops
from microgrand.op import registry
from microgrand.ops.noise import check_spread

seeds = st.integers(0, 2**32 - 1)
GRADIENT = registry["add_noise"].gradients["x"]


@pytest.mark.parametrize("std", [0.3, np.array([[0.1], [2.0]])])
def test_a_sample_is_distributed_around_its_mean(std: Any) -> None:
    x = np.array([[1.0], [-2.0]])
    noise = ops.draw_noise(np.random.default_rng(0), (2, 20_000), np.float64)
    y = ops.add_noise(x, noise, std)
    for row, mean, spread in zip(y, x[:, 0], np.broadcast_to(std, (2, 1))[:, 0], strict=True):
        assert stats.kstest(row, "norm", (mean, spread)).pvalue > 1e-3


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_noise_comes_from_the_generator_in_the_precision_asked_for(dtype: Any) -> None:
    one, other = (ops.draw_noise(np.random.default_rng(7), (3, 4), dtype) for _ in range(2))
    assert one.dtype == dtype
    np.testing.assert_array_equal(one, other)


@given(seed=seeds, std=st.floats(0, 10))
def test_what_is_added_passes_the_gradient_on_unchanged(seed: int, std: float) -> None:
    x, noise, cotangent = np.random.default_rng(seed).normal(size=(3, 4, 2))
    y = ops.add_noise(x, noise, std)
    np.testing.assert_array_equal(GRADIENT(cotangent, y, x, noise, std), cotangent)
    shared = GRADIENT(cotangent, y, x[:1], noise, std)  # one row, shaken four times
    np.testing.assert_allclose(shared, cotangent.sum(axis=0, keepdims=True), rtol=1e-12, atol=1e-12)


@given(seed=seeds, std=st.floats(0.01, 2))
def test_noise_on_the_input_of_a_linear_function_is_ridge(seed: int, std: float) -> None:
    """For each noise its negative is as likely: over such pairs odd powers vanish exactly.

    What is left of the mean of (w·(x + σε) − t)² is (w·x − t)² + σ²(w·ε)², and over all directions
    of an orthonormal basis, scaled so that their mean square is 1, that is σ²‖w‖².
    """
    generator = np.random.default_rng(seed)
    w, x = generator.normal(size=(2, 3))
    t = generator.normal()
    basis = np.linalg.qr(generator.normal(size=(3, 3)))[0] * np.sqrt(3)
    draws = np.concatenate([basis, -basis])  # mean 0, covariance 1
    losses = (ops.add_noise(x, draws, std) @ w - t) ** 2
    assert losses.mean() == pytest.approx((w @ x - t) ** 2 + std**2 * w @ w, rel=1e-9)


@pytest.mark.parametrize("spread", [-1e-9, float("nan"), np.array([[0.1], [-0.1]])])
def test_a_spread_is_never_negative(spread: Any) -> None:
    for allowed in (0.0, 0.5, np.array([[0.1], [0.0]])):
        check_spread(allowed)
    with pytest.raises(ValueError, match="a standard deviation must not be negative"):
        check_spread(spread)
    with pytest.raises(ValueError, match="a variance must not be negative"):
        check_spread(spread, "variance")
