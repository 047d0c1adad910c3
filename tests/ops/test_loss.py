"""Losses: the mean squared error, and the cross-entropy of the softmax at any size of logits."""

from fractions import Fraction
from math import exp, log, log1p
from typing import Any

import numpy as np
import pytest
from autograd import hessian
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.special import log_softmax, softmax

from microgrand import ops
from microgrand.op import registry

GRADIENTS = registry["mean_squared_error"].gradients
CROSS_ENTROPY_GRADIENT = registry["softmax_cross_entropy"].gradients["logits"]
sizes = st.integers(1, 5)
seeds = st.integers(0, 2**32 - 1)

# ------------------------------------------------------------------------------ mean squared error


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


@pytest.mark.parametrize(
    ("prediction", "target"),
    [((5, 3), (5, 1)), ((5, 1), (5, 3)), ((5, 3), (1, 3)), ((5, 3), (3,)), ((3,), (3,)), ((), ())],
)
def test_predictions_and_targets_are_never_broadcast(prediction: Any, target: Any) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        ops.mean_squared_error(np.zeros(prediction), np.zeros(target))


# --------------------------------------------------------------------------- softmax cross-entropy


@given(batch=sizes, classes=sizes, scale=st.sampled_from([1e-3, 1.0, 30.0, 1000.0]), seed=seeds)
@example(batch=1, classes=1, scale=1.0, seed=0)
@example(batch=5, classes=3, scale=1000.0, seed=0)
def test_it_is_scipys_log_softmax_at_the_labels(
    batch: int, classes: int, scale: float, seed: int
) -> None:
    generator = np.random.default_rng(seed)
    logits = generator.normal(size=(batch, classes), scale=scale)
    labels = generator.integers(classes, size=batch)
    loss = ops.softmax_cross_entropy(logits, labels)
    expected = -np.mean(
        [log_softmax(row)[label] for row, label in zip(logits, labels, strict=True)]
    )
    assert np.shape(loss) == ()
    assert loss == pytest.approx(expected, rel=1e-12, abs=1e-15)
    slopes = softmax(logits, axis=-1)
    for i, label in enumerate(labels):
        slopes[i, label] -= 1
    gradient = CROSS_ENTROPY_GRADIENT(np.float64(3), loss, logits, labels)
    np.testing.assert_allclose(gradient, 3 * slopes / batch, rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shift", [-1000.0, 0.0, 1000.0])
def test_logits_of_a_thousand_are_no_trouble(shift: float, dtype: type) -> None:
    logits = np.array([[1000.0, -1000.0], [1000.0, -1000.0], [1000.0, 1000.0]], dtype) + dtype(
        shift
    )
    labels = np.array([0, 1, 0])
    loss = ops.softmax_cross_entropy(logits, labels)
    assert loss.dtype == dtype
    assert loss == pytest.approx((0 + 2000 + log(2)) / 3, rel=1e-6)
    gradient = CROSS_ENTROPY_GRADIENT(dtype(1), loss, logits, labels)
    np.testing.assert_allclose(gradient * 3, np.array([[0, 0], [1, -1], [-0.5, 0.5]]), rtol=1e-6)


@given(gap=st.floats(-300, 300), size=st.floats(-100, 100))
@example(gap=0.0, size=0.0)
@example(gap=40.0, size=0.0)  # 1 − p is 4e-18, lost beside 1
@example(gap=-40.0, size=0.0)
def test_a_sure_prediction_keeps_all_its_digits(gap: float, size: float) -> None:
    """Of two classes: loss log(1 + e⁻ᵈ), gradient ∓1/(1 + eᵈ), d the logit's lead."""
    logits, labels = np.array([[size + gap, size]]), np.array([0])
    lead = float(logits[0, 0] - logits[0, 1])
    loss = ops.softmax_cross_entropy(logits, labels)
    expected = log1p(exp(-lead)) if lead > 0 else log1p(exp(lead)) - lead
    assert loss == pytest.approx(expected, rel=1e-12, abs=0)
    slope = 1 / (1 + exp(lead))
    gradient = CROSS_ENTROPY_GRADIENT(np.float64(1), loss, logits, labels)
    np.testing.assert_allclose(gradient, [[-slope, slope]], rtol=1e-12)


def test_equal_logits_cost_the_log_of_the_number_of_classes() -> None:
    logits, labels = np.full((4, 10), 7.0), np.arange(4)
    assert ops.softmax_cross_entropy(logits, labels) == pytest.approx(log(10), rel=1e-14)


@given(batch=sizes, classes=sizes, seed=seeds)
def test_the_pulls_on_one_examples_logits_cancel(batch: int, classes: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    logits = generator.normal(size=(batch, classes), scale=10)
    gradient = CROSS_ENTROPY_GRADIENT(
        np.float64(1), 0.0, logits, generator.integers(classes, size=batch)
    )
    for row in gradient.tolist():
        assert abs(float(sum(map(Fraction, row)))) <= 1e-15


@pytest.mark.parametrize("shared", [True, False])
def test_a_stack_has_a_cross_entropy_a_model(shared: bool) -> None:
    generator = np.random.default_rng(0)
    logits, labels = generator.normal(size=(3, 4, 5)), generator.integers(5, size=(3, 4))
    u = np.array([1.0, 0.0, -2.0])
    given_labels = labels[0] if shared else labels
    losses = ops.softmax_cross_entropy(logits, given_labels)
    gradient = CROSS_ENTROPY_GRADIENT(u, losses, logits, given_labels)
    for i in range(3):
        own = labels[0 if shared else i]
        alone = ops.softmax_cross_entropy(logits[i], own)
        assert losses[i] == pytest.approx(alone, rel=1e-14)
        expected = CROSS_ENTROPY_GRADIENT(u[i], alone, logits[i], own)
        np.testing.assert_allclose(gradient[i], expected, rtol=1e-13)


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64])
def test_labels_may_be_any_kind_of_integer(dtype: type) -> None:
    logits = np.random.default_rng(0).normal(size=(3, 4))
    expected = ops.softmax_cross_entropy(logits, np.array([3, 0, 2]))
    assert ops.softmax_cross_entropy(logits, np.array([3, 0, 2], dtype)) == expected


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.array([0, 1, 4]), "4 classes lie between 0 and 3"),
        (np.array([0, 1, 7]), "4 classes lie between 0 and 3"),
        (np.array([0, -1, 2]), "4 classes lie between 0 and 3"),
        (np.array([0.0, 1.0, 2.0]), "integers, not float64"),
        (np.array([True, False, True]), "integers, not bool"),
        (np.eye(4, dtype=int)[:3], r"labels \(3, 4\) do not fit"),
        (np.array([0, 1]), r"labels \(2,\) do not fit"),
        (np.array([[0], [1], [2]]), r"labels \(3, 1\) do not fit"),
    ],
)
def test_labels_that_are_none_are_refused(labels: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ops.softmax_cross_entropy(np.zeros((3, 4)), labels)


@pytest.mark.parametrize("shape", [(0, 3), (2, 0), (4, 0, 3)])
def test_no_examples_have_no_mean_loss(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="no mean error of no numbers"):
        ops.mean_squared_error(np.ones(shape), np.ones(shape))
    if shape[-1]:
        with pytest.raises(ValueError, match="no mean loss of no examples"):
            ops.softmax_cross_entropy(np.ones(shape), np.ones(shape[:-1], int))


def test_a_row_of_logits_alone_is_no_batch() -> None:
    with pytest.raises(ValueError, match=r"logits \(4,\) and labels \(\) do not fit"):
        ops.softmax_cross_entropy(np.zeros(4), np.array(2))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("far", [1.0, 30.0, 80.0, 400.0, 800.0])
def test_second_derivatives_are_those_of_the_softmax_at_any_size(dtype: type, far: float) -> None:
    """∂²loss/∂z² = diag(p) − ppᵀ, also where exp(z) is more than a number can be."""
    z: np.ndarray = np.array([[0.0, far, 0.5]], dtype)
    second = hessian(lambda logits: ops.softmax_cross_entropy(logits, np.array([1])))(z)
    p = softmax(z[0].astype(np.float64))
    apart = -np.outer(p, p) * (1 - np.eye(3))
    expected = apart - np.diag(apart.sum(axis=1))  # p(1 − p), of which nothing cancels
    np.testing.assert_allclose(second.reshape(3, 3), expected, rtol=1e-5, atol=1e-30)
