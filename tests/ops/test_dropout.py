"""Dropout: who is silenced, how loud the others are, and that the same seed silences the same."""

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from microgrand import ops
from microgrand.op import registry

GRADIENT = registry["dropout"].gradients["x"]
rates = st.floats(0, 1)
seeds = st.integers(0, 2**32 - 1)


@given(rate=rates, seed=seeds)
@example(rate=0.0, seed=0)
@example(rate=0.999, seed=0)
@example(rate=1.0, seed=0)
def test_a_unit_is_silent_or_louder_by_one_over_one_minus_rate(rate: float, seed: int) -> None:
    generator = np.random.default_rng(seed)
    x, u = generator.normal(size=(2, 4, 5))
    mask = generator.random(x.shape) < 0.5  # whatever the rate: the mask is explicit
    y = ops.dropout(x, mask, rate)
    factor = 1 / (1 - rate) if rate < 1 else 0.0
    np.testing.assert_array_equal(y[~mask], 0)
    np.testing.assert_allclose(y[mask], x[mask] * factor, rtol=1e-12)
    np.testing.assert_allclose(GRADIENT(u, y, x, mask, rate), u * mask * factor, rtol=1e-12)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_the_kept_share_is_one_minus_rate(rate: float) -> None:
    count = 40_000
    kept = ops.draw_mask(np.random.default_rng(0), (200, 200), rate).mean()
    assert kept == pytest.approx(1 - rate, abs=5 * np.sqrt(rate * (1 - rate) / count))


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_the_mean_over_masks_is_x(rate: float) -> None:
    generator, count = np.random.default_rng(0), 20_000
    x = np.array([[1.0, -2.0, 0.0]])
    masks = ops.draw_mask(generator, (count, 1, 3), rate)
    mean = ops.dropout(x, masks, rate).mean(axis=0)
    deviation = np.abs(x) * np.sqrt(rate / (1 - rate) / count)
    assert np.all(np.abs(mean - x) <= 5 * deviation)


def test_units_fall_silent_independently() -> None:
    """Neither neighbours nor examples nor models share their luck."""
    silent = 1 - ops.draw_mask(np.random.default_rng(0), (2, 100, 100), 0.5)
    luck = silent - silent.mean()
    for axis in range(3):
        together = np.mean(luck * np.roll(luck, 1, axis=axis)) / luck.var()
        assert abs(together) < 5 / np.sqrt(luck.size / 2)


def test_rate_0_is_the_identity() -> None:
    x = np.random.default_rng(0).normal(size=(50, 50))
    mask = ops.draw_mask(np.random.default_rng(1), x.shape, 0.0)
    assert mask.all()
    np.testing.assert_array_equal(ops.dropout(x, mask, 0.0), x)


def test_rate_0_silences_nobody_whatever_the_luck() -> None:
    class Unlucky:
        """Draws the smallest number there is, 0, which comes once in 16 million draws."""

        def random(self, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
            return np.zeros(shape, dtype)

    unlucky: Any = Unlucky()
    assert ops.draw_mask(unlucky, (2, 3), 0.0).all()


def test_whole_numbers_grow_louder_too() -> None:
    x = np.arange(6).reshape(2, 3)
    np.testing.assert_array_equal(ops.dropout(x, np.ones((2, 3), bool), 0.5), 2.0 * x)


def test_rate_1_is_silence_without_a_warning() -> None:
    x = np.random.default_rng(0).normal(size=(50, 50))
    mask = ops.draw_mask(np.random.default_rng(1), x.shape, 1.0)
    assert not mask.any()
    with np.errstate(all="raise"):
        y = ops.dropout(x, mask, 1.0)
        gradient = GRADIENT(np.ones_like(x), y, x, mask, 1.0)
    np.testing.assert_array_equal(y, np.zeros_like(x))
    np.testing.assert_array_equal(gradient, np.zeros_like(x))


def test_the_same_generator_state_gives_the_same_bits() -> None:
    first, again, other = (
        ops.draw_mask(np.random.default_rng(seed), (20, 20), 0.5) for seed in (7, 7, 8)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_each_model_of_a_stack_has_its_own_rate() -> None:
    """Shared x, one rate a model; the gradient of what is shared sums over the models."""
    rates = np.array([0.0, 0.25, 0.8, 1.0]).reshape(4, 1, 1)
    generator = np.random.default_rng(0)
    x, u = generator.normal(size=(100, 100)), generator.normal(size=(4, 100, 100))
    masks = ops.draw_mask(generator, u.shape, rates)
    y = ops.dropout(x, masks, rates)
    kept = masks.mean(axis=(1, 2))
    np.testing.assert_allclose(kept, 1 - rates.ravel(), atol=5 * 0.5 / 100)
    for model, mask, rate in zip(y, masks, rates.ravel(), strict=True):
        np.testing.assert_allclose(model, ops.dropout(x, mask, float(rate)), rtol=1e-12)
    alone = [GRADIENT(u[i], y[i], x, masks[i], float(rate)) for i, rate in enumerate(rates.ravel())]
    np.testing.assert_allclose(GRADIENT(u, y, x, masks, rates), sum(alone), rtol=1e-9, atol=1e-12)


def test_rates_of_a_stack_leave_float32_alone() -> None:
    rates = np.array([0.1, 0.5]).reshape(2, 1, 1)
    x = np.ones((2, 3, 4), np.float32)
    masks = ops.draw_mask(np.random.default_rng(0), x.shape, rates)
    y = ops.dropout(x, masks, rates)
    assert y.dtype == np.float32
    assert GRADIENT(x, y, x, masks, rates).dtype == np.float32


@pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan"), np.array([[[0.5]], [[2.0]]])])
def test_what_is_no_probability_is_refused(rate: Any) -> None:
    x = np.ones((2, 3, 4))
    with pytest.raises(ValueError, match="between 0 and 1"):
        ops.draw_mask(np.random.default_rng(0), x.shape, rate)
    with pytest.raises(ValueError, match="between 0 and 1"):
        ops.dropout(x, x > 0, rate)
