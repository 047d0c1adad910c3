"""What ONNX asks of images, asked in our words: windows, pools, normalisation.

A translator takes a case and yields pairs of arrays, ours and theirs. A case with an option that we
do not have raises `NotOurs`, with one of `REASONS`.
"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from onnx_cases import Case

from microgrand import ops
from microgrand.op import registry

Pairs = Iterator[tuple[Any, Any]]

REASONS = {
    "axes": "not two-dimensional images, or not the last axes",
    "dilation": "windows with gaps",
    "groups": "channels in groups",
    "strides": "another stride down than right",
    "padding": "zeros that neither 'same' nor 'valid' puts there",
    "overlap": "pooling windows that overlap, leave gaps, are not square or reach beyond the image",
    "weights": "classes with weights, or labels to ignore",
    "factors": "factors before a product, or a bias that is no vector",
    "no mask": "random units fall silent, and the case does not say which",
    "nesterov": "Nesterov's momentum",
    "norm": "division by another norm than the Euclidean",
}


class NotOurs(Exception):
    """The case asks for something that we do not have; its text is a key of REASONS."""


def unless(condition: bool, reason: str) -> None:
    if condition:
        raise NotOurs(reason)


def channels_last(x: np.ndarray) -> np.ndarray:
    return np.moveaxis(x, 1, -1)


# --------------------------------------------------------------------------- windows over images


def stride_of(case: Case, size: tuple[int, ...]) -> int:
    """The stride, the same down and right, of windows without gaps over images of that size."""
    unless(len(size) != 2, "axes")
    unless(set(case.option("dilations", [1])) != {1}, "dilation")
    unless(case.option("group", 1) != 1, "groups")
    strides = case.option("strides", [1, 1])
    unless(len(set(strides)) > 1, "strides")
    return int(strides[0])


def padding(case: Case, size: tuple[int, ...], kernel: tuple[int, ...], stride: int) -> str:
    """Our word for the zeros that the case puts around images of this size."""
    total = [
        max((-(-s // stride) - 1) * stride + k - s, 0) for s, k in zip(size, kernel, strict=True)
    ]
    same = [zeros // 2 for zeros in total] + [zeros - zeros // 2 for zeros in total]
    asked = case.option("auto_pad", "NOTSET")
    if asked == "SAME_LOWER":  # an odd zero stands first, ours last
        unless(any(zeros % 2 for zeros in total), "padding")
    if asked.startswith("SAME"):
        return "same"
    pads = list(case.option("pads", [0, 0, 0, 0]))
    unless(any(pads) and pads != same, "padding")
    return "same" if any(pads) else "valid"


def conv(case: Case) -> Pairs:
    x, kernel = case.inputs
    stride = stride_of(case, x.shape[2:])
    where = padding(case, x.shape[2:], kernel.shape[2:], stride)
    y = ops.conv2d(channels_last(x), kernel.transpose(2, 3, 1, 0), None, stride, where)
    yield y, channels_last(case.outputs[0])


def conv_transpose(case: Case) -> Pairs:
    """The gradient for x, of images that are as large as the result."""
    cotangent, kernel = case.inputs
    (theirs,) = case.outputs
    stride = stride_of(case, theirs.shape[2:])
    where = padding(case, theirs.shape[2:], kernel.shape[2:], stride)
    kernel = kernel.transpose(2, 3, 1, 0)  # (in, out) of the transposed are (out, in) of ours
    x, cotangent = np.zeros_like(channels_last(theirs)), channels_last(cotangent)
    y = ops.conv2d(x, kernel, None, stride, where)
    gradient = registry["conv2d"].gradients["x"](cotangent, y, x, kernel, None, stride, where)
    yield gradient, channels_last(theirs)


def pool_size(case: Case, size: tuple[int, ...]) -> int:
    stride = stride_of(case, size)
    kernel = case.option("kernel_shape", [])
    plain = case.option("auto_pad", "NOTSET") == "NOTSET" and not any(case.option("pads", []))
    unless(not plain or list(kernel) != [stride, stride], "overlap")
    unless(bool(case.option("ceil_mode", 0)) and any(s % stride for s in size), "overlap")
    return stride


def max_pool(case: Case) -> Pairs:
    (x,), theirs = case.inputs, case.outputs
    size = pool_size(case, x.shape[2:])
    images = channels_last(x)
    y = ops.max_pool(images, size)
    yield y, channels_last(theirs[0])
    if len(theirs) == 2:  # where the maxima were, counted by rows or by columns
        order: Any = "F" if case.option("storage_order", 0) else "C"
        places = np.zeros(x.shape[2:])
        places[np.unravel_index(theirs[1].ravel(), x.shape[2:], order)] = 1
        gradient = registry["max_pool"].gradients["x"](np.ones_like(y), y, images, size)
        yield gradient[0, :, :, 0], places


def max_unpool(case: Case) -> Pairs:
    """The gradient of a maximum, of an image that is largest at the places given."""
    values, places = case.inputs[:2]
    size = pool_size(case, values.shape[2:])
    x = np.zeros([side * size for side in values.shape[2:]])
    x.ravel()[places.ravel()] = 1
    cotangent, images = channels_last(values), x[None, :, :, None]
    y = ops.max_pool(images, size)
    gradient = registry["max_pool"].gradients["x"](cotangent, y, images, size)[0, :, :, 0]
    beyond = np.subtract(case.outputs[0].shape[2:], gradient.shape)  # rows and columns to drop
    yield np.pad(gradient, [(0, rest) for rest in beyond]), case.outputs[0][0, 0]


def average_pool(case: Case) -> Pairs:
    (x,), (theirs,) = case.inputs, case.outputs
    yield ops.average_pool(channels_last(x), pool_size(case, x.shape[2:])), channels_last(theirs)


def global_average_pool(case: Case) -> Pairs:
    (x,), (theirs,) = case.inputs, case.outputs
    yield ops.global_average_pool(channels_last(x)), theirs[:, :, 0, 0]


def global_max_pool(case: Case) -> Pairs:
    (x,), (theirs,) = case.inputs, case.outputs
    yield ops.max_pool(channels_last(x), x.shape[2]), channels_last(theirs)


# --------------------------------------------------------------------------------- normalisation


def batch_normalization(case: Case) -> Pairs:
    x, scale, shift, mean, variance = case.inputs
    images, epsilon = channels_last(x), case.option("epsilon", 1e-5)
    if case.option("training_mode", 0):
        y = ops.batch_norm(images, epsilon)
        keep = case.option("momentum", 0.9)
        for old, new, theirs in zip(
            (mean, variance), ops.moments(ops.batch_sets(images)), case.outputs[1:], strict=True
        ):
            yield keep * old + (1 - keep) * new, theirs
    else:
        y = ops.normalize_by(ops.batch_sets(images), mean, variance, epsilon).reshape(images.shape)
    yield ops.scale_and_shift(y, scale, shift), channels_last(case.outputs[0])


def instance_normalization(case: Case) -> Pairs:
    x, scale, shift = case.inputs
    y = ops.instance_norm(channels_last(x), case.option("epsilon", 1e-5))
    yield ops.scale_and_shift(y, scale, shift), channels_last(case.outputs[0])


def group_normalization(case: Case) -> Pairs:
    x, scale, shift = case.inputs
    y = ops.group_norm(channels_last(x), case.options["num_groups"], case.option("epsilon", 1e-5))
    yield ops.scale_and_shift(y, scale, shift), channels_last(case.outputs[0])


def layer_normalization(case: Case) -> Pairs:
    """Any trailing axes are a set, and each of their numbers has its own scale and shift."""
    x, scale, shift = case.inputs
    axis, epsilon = case.option("axis", -1) % x.ndim, case.option("epsilon", 1e-5)
    rows = x.reshape(math.prod(x.shape[:axis]), -1)
    sets = rows[:, :, None, None]
    y = ops.normalize(sets, epsilon).reshape(rows.shape)
    y = ops.scale_and_shift(y, scale.ravel(), shift.ravel())
    mean, variance = ops.moments(sets)
    ours = (y, mean, 1 / np.sqrt(variance + epsilon))
    yield from ((a.ravel(), b.ravel()) for a, b in zip(ours, case.outputs, strict=True))


def mean_variance_normalization(case: Case) -> Pairs:
    yield ops.batch_norm(channels_last(case.inputs[0]), 1e-15), channels_last(case.outputs[0])
