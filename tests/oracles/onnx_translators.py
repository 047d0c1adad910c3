"""What ONNX asks, asked in our words: a translator for each operator that we have something of."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from onnx_cases import Case
from onnx_images import (
    Pairs,
    average_pool,
    batch_normalization,
    channels_last,
    conv,
    conv_transpose,
    global_average_pool,
    global_max_pool,
    group_normalization,
    instance_normalization,
    layer_normalization,
    max_pool,
    max_unpool,
    mean_variance_normalization,
    unless,
)

from microgrand import ops
from microgrand.op import registry
from microgrand.optimizers import Adam, Momentum
from microgrand.penalties import PENALTIES

# ------------------------------------------------------------------------------ softmax and losses


def log_probabilities(logits: np.ndarray) -> np.ndarray:
    """−cross_entropy, for every label in turn; the classes stand last."""
    rows = logits[..., None, :]  # every row a model of its own, with a batch of one
    labels = [np.full(rows.shape[:-1], label) for label in range(logits.shape[-1])]
    return np.stack([-ops.softmax_cross_entropy(rows, label) for label in labels], axis=-1)


def softmax_cross_entropy(case: Case) -> Pairs:
    unless(len(case.inputs) > 2 or "ignore_index" in case.options, "weights")
    logits, labels = channels_last(case.inputs[0]), case.inputs[1]
    theirs = case.outputs
    if case.option("reduction", "mean") == "none":
        yield ops.softmax_cross_entropy(logits[..., None, :], labels[..., None]), theirs[0]
    else:
        rows = logits.reshape(-1, logits.shape[-1])
        mean = ops.softmax_cross_entropy(rows, labels.ravel())
        factor = len(rows) if case.option("reduction", "mean") == "sum" else 1
        yield factor * mean, theirs[0]
    if len(theirs) == 2:
        yield log_probabilities(logits), channels_last(theirs[1])


def log_softmax(case: Case) -> Pairs:
    axis = case.option("axis", -1)
    logits, theirs = (np.moveaxis(a, axis, -1) for a in (case.inputs[0], case.outputs[0]))
    yield log_probabilities(logits), theirs


def softmax(case: Case) -> Pairs:
    """The gradient of cross-entropy, p less the one-hot label, for every label in turn."""
    axis = case.option("axis", -1)
    logits, theirs = (np.moveaxis(a, axis, -1) for a in (case.inputs[0], case.outputs[0]))
    rows = logits.reshape(-1, logits.shape[-1])
    for label in range(logits.shape[-1]):
        labels = np.full(len(rows), label)
        rule = registry["softmax_cross_entropy"].gradients["logits"]
        gradient = len(rows) * rule(np.ones(()), None, rows, labels)
        yield gradient + np.eye(logits.shape[-1])[labels], theirs.reshape(rows.shape)


# -------------------------------------------------------------------------------- dense, dropout


def gemm(case: Case) -> Pairs:
    x, kernel, *bias = case.inputs
    unless(case.option("alpha", 1.0) != 1 or case.option("beta", 1.0) != 1, "factors")
    unless(bool(bias) and math.prod(bias[0].shape[:-1]) != 1, "factors")
    x = x.T if case.option("transA", 0) else x
    kernel = kernel.T if case.option("transB", 0) else kernel
    vector = np.broadcast_to(bias[0].ravel(), kernel.shape[1]).copy() if bias else None
    yield ops.dense(x, kernel, vector), case.outputs[0]


def matmul(case: Case) -> Pairs:
    x, kernel = case.inputs
    unless(min(x.ndim, kernel.ndim) < 2, "axes")
    yield ops.dense(x, kernel), case.outputs[0]


def flatten(case: Case) -> Pairs:
    (x,) = case.inputs
    unless(case.option("axis", 1) % x.ndim != x.ndim - 3, "axes")
    yield ops.flatten(x), case.outputs[0]


def dropout(case: Case) -> Pairs:
    x, *rest = case.inputs
    training = len(rest) == 2 and bool(rest[1])
    rate = float(rest[0]) if training else 0.0
    unless(training and rate > 0 and len(case.outputs) < 2, "no mask")
    mask = case.outputs[1] if len(case.outputs) == 2 else np.ones(x.shape, bool)
    y = ops.dropout(x, mask, rate)
    yield y, case.outputs[0]
    # Linear in x, without mixing units: where x is not 0, the gradient of ones is y/x.
    gradient = registry["dropout"].gradients["x"](np.ones_like(x), y, x, mask, rate)
    yield gradient * x, case.outputs[0]


# ------------------------------------------------------------------------- one number at a time


def activation(name: str, default_slope: float | None = None) -> Callable[[Case], Pairs]:
    def pairs(case: Case) -> Pairs:
        slope = () if default_slope is None else (case.option("alpha", default_slope),)
        yield registry[name].function(case.inputs[0], *slope), case.outputs[0]

    return pairs


def absolute(case: Case) -> Pairs:
    yield PENALTIES["l1"].value(case.inputs[0][..., None]), case.outputs[0]


def sign(case: Case) -> Pairs:
    yield PENALTIES["l1"].gradient(case.inputs[0]), case.outputs[0]


def shrink(case: Case) -> Pairs:
    """Soft: the proximal step of L1. Hard: that of L0, whose threshold is √(2 · strength)."""
    threshold = case.options["lambd"]
    soft = case.option("bias", 0.0) == threshold
    name, strength = ("l1", threshold) if soft else ("l0", threshold**2 / 2)
    step: Any = PENALTIES[name].proximal
    yield step(case.inputs[0], strength), case.outputs[0]


def reduction(value: Callable[[np.ndarray], Any]) -> Callable[[Case], Pairs]:
    """A penalty over one axis, or over all numbers."""

    def pairs(case: Case) -> Pairs:
        x, axes = case.inputs
        vectors = np.moveaxis(x, axes[0], -1) if len(axes) else x.ravel()
        yield value(vectors).ravel(), case.outputs[0].ravel()

    return pairs


def lp_normalization(case: Case) -> Pairs:
    """x/‖x‖, the gradient of ‖x‖: of group lasso, with a single column."""
    unless(case.option("p", 2) != 2, "norm")
    axis = case.option("axis", -1)
    columns = np.moveaxis(case.inputs[0], axis, -1)[..., None]
    yield PENALTIES["group_l1"].gradient(columns)[..., 0], np.moveaxis(case.outputs[0], axis, -1)


# ------------------------------------------------------------------------------------ optimisers


def of_each(case: Case, arrays: int) -> Iterator[tuple[list[np.ndarray], list[np.ndarray]]]:
    """For each vector of weights what goes in (after the rate and the time) and what comes out."""
    inputs, outputs = case.inputs[2:], case.outputs
    count = len(inputs) // arrays
    for i in range(count):
        yield inputs[i::count], outputs[i::count]


def adam(case: Case) -> Pairs:
    """ONNX adds its ε to √v as it is, Kingma & Ba's other form: ours is ε/√(1 − β₂ᵗ).

    At t = 0 it corrects nothing; that is our step after so many that nothing is to be corrected.
    """
    rate, time = (value.item() for value in case.inputs[:2])
    beta1, beta2 = case.option("alpha", 0.9), case.option("beta", 0.999)
    steps = time or 10**9
    epsilon = case.option("epsilon", 0.0) / math.sqrt(1 - beta2**steps)
    optimizer = Adam(rate, beta1, beta2, epsilon)
    for (x, g, v, h), theirs in of_each(case, 4):
        weights, decay = x.copy(), case.option("norm_coefficient", 0.0)
        state = {"sum": v / (1 - beta1), "square": h / (1 - beta2), "steps": steps - 1}
        optimizer.step(weights, g + decay * x, state)
        after = 1 - case.option("norm_coefficient_post", 0.0)
        ours = (after * weights, optimizer.moment(state), (1 - beta2) * state["square"])
        yield from zip(ours, theirs, strict=True)


def momentum(case: Case) -> Pairs:
    """From the second step on ONNX weighs the gradient by a β of its own."""
    unless(case.option("mode", "") != "standard", "nesterov")
    rate, time = (value.item() for value in case.inputs[:2])
    optimizer = Momentum(rate, case.options["alpha"])
    share = case.options["beta"] if time > 0 else 1.0
    for (x, g, v), theirs in of_each(case, 3):
        weights, state = x.copy(), {"sum": v.copy()}
        optimizer.step(weights, share * (g + case.options["norm_coefficient"] * x), state)
        yield from zip((weights, optimizer.moment(state)), theirs, strict=True)


#: For each operator of ONNX its translator, and how many cases it has to find at least.
TRANSLATORS: dict[str, tuple[Callable[[Case], Pairs], int]] = {
    "Conv": (conv, 5),
    "ConvTranspose": (conv_transpose, 2),
    "MaxPool": (max_pool, 2),
    "MaxUnpool": (max_unpool, 2),
    "AveragePool": (average_pool, 1),
    "GlobalAveragePool": (global_average_pool, 2),
    "GlobalMaxPool": (global_max_pool, 2),
    "BatchNormalization": (batch_normalization, 4),
    "InstanceNormalization": (instance_normalization, 2),
    "GroupNormalization": (group_normalization, 2),
    "LayerNormalization": (layer_normalization, 19),
    "MeanVarianceNormalization": (mean_variance_normalization, 1),
    "SoftmaxCrossEntropyLoss": (softmax_cross_entropy, 10),
    "LogSoftmax": (log_softmax, 7),
    "Softmax": (softmax, 7),
    "Gemm": (gemm, 7),
    "MatMul": (matmul, 3),
    "Flatten": (flatten, 3),
    "Dropout": (dropout, 8),
    "Relu": (activation("relu"), 1),
    "LeakyRelu": (activation("leaky_relu", 0.01), 3),
    "Sigmoid": (activation("sigmoid"), 2),
    "Tanh": (activation("tanh"), 2),
    "Abs": (absolute, 1),
    "Sign": (sign, 1),
    "Shrink": (shrink, 2),
    "ReduceL1": (reduction(PENALTIES["l1"].value), 8),
    "ReduceSumSquare": (reduction(PENALTIES["l2"].value), 8),
    "ReduceL2": (reduction(lambda x: PENALTIES["group_l1"].value(x[..., None])), 8),
    "LpNormalization": (lp_normalization, 3),
    "Adam": (adam, 2),
    "Momentum": (momentum, 2),
}
