"""The mean squared error: a mean, a pull, and a loss a model."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgrand import ops
from microgrand.op import registry

GRADIENTS = registry["mean_squared_error"].gradients
sizes = st.integers(1, 5)
seeds = st.integers(0, 2**32 - 1)


@given(batch=sizes, outputs=sizes, seed=seeds)
def test_it_is_the_mean_of_the_squares(batch: int, outputs: int, seed: int) -> None:
    prediction, target = np.random.default_rng(seed).normal(size=(2, batch, outputs))
    loss = ops.mean_squared_error(prediction, target)
    assert np.shape(loss) == ()
    assert loss == pytest.approx(np.mean((prediction - target) ** 2), rel=1e-12)


@given(batch=sizes, outputs=sizes, seed=seeds)
def test_prediction_and_target_pull_on_each_other_with_2_error_over_nm(
    batch: int, outputs: int, seed: int
) -> None:
    prediction, target = np.random.default_rng(seed).normal(size=(2, batch, outputs))
    loss = ops.mean_squared_error(prediction, target)
    expected = 3.0 * 2 * (prediction - target) / (batch * outputs)
    for_prediction = GRADIENTS["prediction"](np.float64(3), loss, prediction, target)
    for_target = GRADIENTS["target"](np.float64(3), loss, prediction, target)
    np.testing.assert_allclose(for_prediction, expected, rtol=1e-12)
    np.testing.assert_allclose(for_target, -expected, rtol=1e-12)


def test_a_perfect_prediction_has_no_loss_and_no_gradient() -> None:
    target = np.random.default_rng(0).normal(size=(4, 2))
    assert ops.mean_squared_error(target, target) == 0
    gradient = GRADIENTS["prediction"](np.float64(1), 0.0, target, target)
    np.testing.assert_array_equal(gradient, np.zeros((4, 2)))


def test_a_stack_has_a_loss_a_model_against_the_shared_target() -> None:
    generator = np.random.default_rng(0)
    prediction, target = generator.normal(size=(3, 4, 2)), generator.normal(size=(4, 2))
    u = np.array([1.0, 0.0, -2.0])
    losses = ops.mean_squared_error(prediction, target)
    alone = [ops.mean_squared_error(model, target) for model in prediction]
    np.testing.assert_allclose(losses, alone, rtol=1e-12)
    for_prediction = GRADIENTS["prediction"](u, losses, prediction, target)
    for_target = GRADIENTS["target"](u, losses, prediction, target)
    expected = 2 * u[:, None, None] * (prediction - target) / 8
    np.testing.assert_allclose(for_prediction, expected, rtol=1e-12)
    np.testing.assert_allclose(for_target, -expected.sum(axis=0), rtol=1e-12)
