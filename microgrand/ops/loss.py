"""Losses: one number for how wrong a prediction is."""

from typing import Any

import autograd.numpy as anp
import numpy as np

from microgrand.op import Array, op, unbroadcast


def mean_squared_error_definition(prediction: Any, target: Any) -> Any:
    """The mean of (prediction − target)² over the batch and the outputs."""
    error = prediction - target
    return anp.sum(error**2, axis=(-2, -1)) / (error.shape[-2] * error.shape[-1])


def mean_squared_error_forward(prediction: np.ndarray, target: np.ndarray) -> Any:
    """The mean squared error, (1/nm) Σ (prediction − target)².

    Arguments:
        prediction: shape (..., n, m): n examples of m outputs; leading axes stack models.
        target: the same shape, or without the leading axes: shared by all models.

    Returns:
        One loss for each model: shape (...), a number where there is no stack.

    Raises:
        ValueError: if the last two axes differ; broadcasting them is never what was meant.
    """
    if prediction.ndim < 2 or prediction.shape[-2:] != target.shape[-2:]:
        raise ValueError(f"prediction {prediction.shape} and target {target.shape} do not fit")
    error = prediction - target
    error *= error
    return error.sum(axis=(-2, -1)) / error.dtype.type(error.shape[-2] * error.shape[-1])


def mean_squared_error_gradient_prediction(
    cotangent: Any, loss: Any, prediction: np.ndarray, target: np.ndarray
) -> np.ndarray:
    """∂loss/∂prediction = (2/nm)(prediction − target)."""
    error = prediction - target
    error *= (cotangent * error.dtype.type(2 / (error.shape[-2] * error.shape[-1])))[
        ..., None, None
    ]
    return unbroadcast(error, prediction.shape)


def mean_squared_error_gradient_target(
    cotangent: Any, loss: Any, prediction: np.ndarray, target: np.ndarray
) -> np.ndarray:
    """∂loss/∂target = (2/nm)(target − prediction): the same pull, the other way."""
    return mean_squared_error_gradient_prediction(cotangent, loss, target, prediction)


mean_squared_error = op(
    "mean_squared_error",
    mean_squared_error_definition,
    mean_squared_error_forward,
    gradients={
        "prediction": mean_squared_error_gradient_prediction,
        "target": mean_squared_error_gradient_target,
    },
    inputs={
        "prediction": Array("...", "batch", "outputs"),
        "target": Array("...", "batch", "outputs"),
    },
)
