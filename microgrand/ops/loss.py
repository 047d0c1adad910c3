"""Losses: one number for how wrong a prediction is."""

from typing import Any

import autograd.numpy as anp
import numpy as np

from microgrand.op import Array, op, unbroadcast

# ---------------------------------------------------------------------------- mean squared error


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
        ValueError: if the last two axes differ (broadcasting them is never what was meant), or
            there is nothing to take a mean of.
    """
    if prediction.ndim < 2 or prediction.shape[-2:] != target.shape[-2:]:
        raise ValueError(f"prediction {prediction.shape} and target {target.shape} do not fit")
    if not prediction.shape[-2] * prediction.shape[-1]:
        raise ValueError(f"there is no mean error of no numbers: prediction {prediction.shape}")
    error = prediction - target
    error *= error
    return error.sum(axis=(-2, -1)) / error.dtype.type(error.shape[-2] * error.shape[-1])


def mean_squared_error_gradient_prediction(
    cotangent: Any, loss: Any, prediction: np.ndarray, target: np.ndarray
) -> np.ndarray:
    """∂loss/∂prediction = cotangent · (2/nm)(prediction − target)."""
    error = prediction - target
    error *= (cotangent * error.dtype.type(2 / (error.shape[-2] * error.shape[-1])))[
        ..., None, None
    ]
    return unbroadcast(error, prediction.shape)


def mean_squared_error_gradient_target(
    cotangent: Any, loss: Any, prediction: np.ndarray, target: np.ndarray
) -> np.ndarray:
    """∂loss/∂target = cotangent · (2/nm)(target − prediction): the same pull, the other way."""
    return mean_squared_error_gradient_prediction(cotangent, loss, target, prediction)


# ------------------------------------------------------------------------- softmax cross-entropy


class Labels(Array):
    """Whole numbers below the number of classes: the last axis that is named is not there."""

    def draw(self, generator: np.random.Generator, shape: tuple[int, ...], scale: float) -> Any:
        *rest, classes = shape
        return generator.integers(classes, size=rest)


def check_labels(logits: np.ndarray, labels: np.ndarray) -> None:
    """Refuse labels that are none of these logits, and a mean over no examples."""
    if logits.ndim < 2 or labels.shape not in (logits.shape[:-1], logits.shape[-2:-1]):
        raise ValueError(f"logits {logits.shape} and labels {labels.shape} do not fit")
    if labels.dtype.kind not in "iu":
        raise ValueError(f"labels are the numbers of the classes, integers, not {labels.dtype}")
    classes = logits.shape[-1]
    if np.any((labels < 0) | (labels >= classes)):
        raise ValueError(f"labels of {classes} classes lie between 0 and {classes - 1}")
    if not logits.shape[-2]:
        raise ValueError(f"there is no mean loss of no examples: logits {logits.shape}")


def as_rows(logits: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Logits with a row for each example (of each model), the rows' numbers, and their labels."""
    rows = logits.reshape(-1, logits.shape[-1])
    return rows, np.arange(len(rows)), np.broadcast_to(labels, logits.shape[:-1]).ravel()


def softmax_cross_entropy_definition(logits: Any, labels: np.ndarray) -> Any:
    """The mean of −log p(label), as log Σ exp(z − z of the label): the largest is taken out.

    So nothing overflows, here or in second derivatives. The label's own 1 goes into the log1p.
    """
    chosen = np.eye(logits.shape[-1])[labels]
    against = logits - anp.sum(logits * chosen, axis=-1)[..., None]
    most = anp.max(against, axis=-1)  # at least 0, which it is at the label
    odds = anp.sum(anp.exp(against - most[..., None]) * (1 - chosen), axis=-1)
    losses = most + anp.log1p(anp.expm1(-most) + odds)
    return anp.sum(losses, axis=-1) / logits.shape[-2]


def softmax_cross_entropy_forward(logits: np.ndarray, labels: np.ndarray) -> Any:
    """The cross-entropy of the softmax, −(1/n) Σ log p(label), with p = exp(z)/Σ exp(z).

    Labels are numbers of classes, as data sets store them, and not one-hot rows: they cannot be
    malformed in ways that would still train, and nothing is multiplied by zeros.

    Arguments:
        logits: z, shape (..., n, classes): n examples; leading axes stack models.
        labels: integers below `classes`, shape (n,), shared by all models, or (..., n).

    Returns:
        One loss for each model, in nats: shape (...), a number where there is no stack.

    Raises:
        ValueError: if the shapes do not fit, a label is no class, or there is no example.

    Source: Bridle (1990), Training stochastic model recognition algorithms as networks can lead to
    maximum mutual information estimation of parameters.
    """
    check_labels(logits, labels)
    z, every, label = as_rows(logits, labels)
    largest = z.argmax(axis=1)
    z = z - z[every, largest, None]  # at most 0: no overflow
    below = np.exp(z)
    below[every, largest] = 0  # it would be 1, and 1 + tiny loses tiny's digits
    losses = np.log1p(below.sum(axis=1)) - z[every, label]
    return losses.reshape(logits.shape[:-1]).sum(axis=-1) / logits.shape[-2]


def softmax_cross_entropy_gradient(
    cotangent: Any, loss: Any, logits: np.ndarray, labels: np.ndarray
) -> np.ndarray:
    """∂loss/∂z = cotangent · (p − y)/n, y one at the label and zero elsewhere.

    At the label p − 1 is taken as minus the sum of the other p: nothing cancels.
    """
    z, every, label = as_rows(logits, labels)
    p = np.exp(z - z.max(axis=1, keepdims=True))  # in proportion
    of_label = p[every, label]
    p[every, label] = 0
    of_others = p.sum(axis=1)
    p[every, label] = -of_others
    total = (of_label + of_others).reshape(logits.shape[:-1])
    scale = (cotangent / logits.shape[-2])[..., None] / total
    return p.reshape(logits.shape) * scale[..., None]


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
softmax_cross_entropy = op(
    "softmax_cross_entropy",
    softmax_cross_entropy_definition,
    softmax_cross_entropy_forward,
    gradients={"logits": softmax_cross_entropy_gradient},
    inputs={
        "logits": Array("...", "batch", "classes", scales=(1e-3, 30.0)),
        "labels": Labels("batch", "classes"),
    },
)
