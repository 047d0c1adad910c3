"""Convolution: every output looks at a small window of the image, all through the same weights."""

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import autograd.numpy as anp
import numpy as np

from microgrand.op import Array, Choice, Integer, op

BLOCK = 1 << 18
"""Bytes of columns made at a time: they are still in the cache when the product reads them."""

Shape = tuple[int, ...]


def placement(size: int, window: int, stride: int, padding: str) -> tuple[int, int]:
    """How many windows lie along an axis, and how many zeros stand before the first.

    - `"same"`: ⌈size/stride⌉ windows, and as few zeros as they need. An odd one goes to the end.
    - `"valid"`: no zeros; ⌊(size − window)/stride⌋ + 1 windows.

    Raises:
        ValueError: for another padding, a stride that is no whole number from 1, or a valid window
            that does not fit.

    Source: TensorFlow, the notes on padding of `tf.nn`.
    """
    if not isinstance(stride, int | np.integer) or stride < 1:
        raise ValueError(f"the stride is a whole number from 1, not {stride!r}")
    if padding == "same":
        count = -(-size // stride)
        return count, max((count - 1) * stride + window - size, 0) // 2
    if padding != "valid":
        raise ValueError(f"the padding is 'same' or 'valid', not {padding!r}")
    if window > size:
        raise ValueError(f"a kernel of {window} does not fit into {size} without padding")
    return (size - window) // stride + 1, 0


def conv2d_definition(
    x: Any, kernel: Any, bias: Any = None, stride: int = 1, padding: str = "same"
) -> Any:
    """y[n, a, b] = Σᵢⱼ x[n, s·a + i − top, s·b + j − left] · kernel[i, j] + bias."""
    zeros, spans = [(0, 0)], []
    for size, window in zip(x.shape[1:3], kernel.shape[:2], strict=True):
        count, before = placement(size, window, stride, padding)
        spans.append((count - 1) * stride + 1)
        zeros.append((before, max((count - 1) * stride + window - size - before, 0)))
    padded = anp.pad(x, [*zeros, (0, 0)], "constant")
    y = 0.0
    for i, j in np.ndindex(*kernel.shape[:2]):
        shifted = padded[:, i : i + spans[0] : stride, j : j + spans[1] : stride]
        y = y + anp.matmul(shifted, kernel[i, j])
    return y if bias is None else y + bias


def columns(
    x: np.ndarray, window: Shape, stride: int, counts: Shape, before: Shape, dtype: Any
) -> Iterator[tuple[slice, np.ndarray]]:
    """The windows of x as rows of a matrix ("im2col"), a few images at a time.

    Yields a slice of the images and their matrix: a row for each window, in the order of the
    outputs; in it the window's numbers, in the order of the kernel's. Windows may reach beyond the
    image, where all is zero. The matrix is overwritten by the next one.
    """
    dtype = np.dtype(dtype)
    images, *size, channels = x.shape
    spans = [(count - 1) * stride + width for count, width in zip(counts, window, strict=True)]
    shape = (math.prod(counts), math.prod(window) * channels)
    block = max(1, min(images, BLOCK // (math.prod(shape) * dtype.itemsize)))

    padded = np.zeros((block, *spans, channels), dtype)
    inside = tuple(
        slice(start, min(start + length, span))
        for start, length, span in zip(before, size, spans, strict=True)
    )
    seen = padded[:, *inside]  # the part of `padded` where the image is
    matrix = np.empty((block, *shape), dtype)

    # A window's row lies in one piece, so that it can be copied as one large item.
    item = f"V{window[1] * channels * dtype.itemsize}"
    image, down, right, _ = padded.strides
    strides = (image, stride * down, stride * right, down)
    source = np.ndarray((block, *counts, window[0]), item, padded, strides=strides)
    target = np.ndarray(source.shape, item, matrix)
    for first in range(0, images, block):
        some = x[first : first + block, : seen.shape[1], : seen.shape[2]]
        seen[: len(some)] = some
        target[: len(some)] = source[: len(some)]
        yield slice(first, first + len(some)), matrix[: len(some)].reshape(-1, shape[1])


def correlate(
    x: np.ndarray, kernel: np.ndarray, stride: int, counts: Shape, before: Shape
) -> np.ndarray:
    """The products of all windows of x with the kernel: y = columns · kernel, as matrices."""
    outputs = kernel.shape[3]
    dtype = np.result_type(x, kernel)
    matrix = np.ascontiguousarray(kernel, dtype).reshape(-1, outputs)
    y = np.empty((len(x), *counts, outputs), dtype)
    for images, rows in columns(x, kernel.shape[:2], stride, counts, before, dtype):
        np.matmul(rows, matrix, out=y[images].reshape(-1, outputs))
    return y


@lru_cache(maxsize=None, typed=True)  # a stride of 1.0 is not one of 1, and refused
def places(images: Shape, kernel: Shape, stride: int, padding: str) -> tuple[Shape, Shape]:
    """`placement` down and right: the counts of windows, and the zeros before the first."""
    down, right = (
        placement(size, window, stride, padding)
        for size, window in zip(images[1:3], kernel[:2], strict=True)
    )
    return (down[0], right[0]), (down[1], right[1])


def conv2d_forward(
    x: np.ndarray,
    kernel: np.ndarray,
    bias: np.ndarray | None = None,
    stride: int = 1,
    padding: str = "same",
) -> np.ndarray:
    """The convolution y[n, a, b, o] = Σ x[n, s·a + i − top, s·b + j − left, c] · W[i, j, c, o].

    The sum runs over i, j and c; x is zero outside the image, s is the stride; the bias is added.
    As everywhere in the field the kernel is not flipped: mathematics calls this a
    cross-correlation.

    Arguments:
        x: images, shape (batch, height, width, in).
        kernel: W, shape (kernel height, kernel width, in, out).
        bias: shape (out), or None for none.
        stride: s, the pixels from one window to the next, down and right.
        padding: "same" for ⌈size/s⌉ outputs along an axis, with zeros around the image as few as
            needed; "valid" for windows inside the image alone. See `placement`.

    Returns:
        y, shape (batch, output height, output width, out).

    Raises:
        ValueError: if shapes do not fit, or a size other than the batch's is 0; for another
            padding, or a stride below 1.

    Source: Chellapilla, Puri & Simard (2006), High performance convolutional neural networks for
    document processing, for the matrix product.
    """
    if x.ndim != 4 or kernel.ndim != 4 or x.shape[3] != kernel.shape[2]:
        raise ValueError(
            f"images {x.shape} and kernel {kernel.shape} do not fit: they are "
            "(batch, height, width, in) and (kernel height, kernel width, in, out)"
        )
    if 0 in x.shape[1:] + kernel.shape:
        raise ValueError(f"images {x.shape} or kernel {kernel.shape} have a side of size 0")
    if bias is not None and bias.shape != kernel.shape[3:]:
        raise ValueError(f"bias {bias.shape} and kernel {kernel.shape} do not fit")
    y = correlate(x, kernel, stride, *places(x.shape, kernel.shape, stride, padding))
    if bias is not None:
        y += bias
    return y


def conv2d_gradient_x(
    cotangent: np.ndarray,
    y: np.ndarray,
    x: np.ndarray,
    kernel: np.ndarray,
    bias: np.ndarray | None = None,
    stride: int = 1,
    padding: str = "same",
) -> np.ndarray:
    """∂loss/∂x[n, p, q, c] = Σ ∂loss/∂y[n, a, b, o] · W[i, j, c, o] over all s·a + i − top = p, ….

    With P = p + top = s·u + r, where r < s is the pixel's phase, i = s·t + r and a = u − t: for
    each phase a convolution of the cotangent, stride 1, with every s-th weight in reverse. All
    phases are computed at once, as s² groups of channels, and then laid out as pixels.
    """
    height, width, inputs, outputs = kernel.shape
    _, before = places(x.shape, kernel.shape, stride, padding)
    taps = -(-height // stride), -(-width // stride)
    whole = np.zeros((taps[0] * stride, taps[1] * stride, inputs, outputs), kernel.dtype)
    whole[:height, :width] = kernel
    split = whole.reshape(taps[0], stride, taps[1], stride, inputs, outputs)[::-1, :, ::-1]
    phases = split.transpose(0, 2, 5, 1, 3, 4).reshape(*taps, outputs, stride**2 * inputs)

    first = [zeros // stride for zeros in before]  # the u of the image's first pixel
    ends = [-(-(zeros + size) // stride) for zeros, size in zip(before, x.shape[1:3], strict=True)]
    counts = ends[0] - first[0], ends[1] - first[1]
    reach = taps[0] - 1 - first[0], taps[1] - 1 - first[1]
    parts = correlate(cotangent, phases, 1, counts, reach)
    parts = parts.reshape(len(x), *counts, stride, stride, inputs).swapaxes(2, 3)
    pixels = parts.reshape(len(x), counts[0] * stride, counts[1] * stride, inputs)
    top, left = (zeros - stride * u for zeros, u in zip(before, first, strict=True))
    return pixels[:, top : top + x.shape[1], left : left + x.shape[2]]


def conv2d_gradient_kernel(
    cotangent: np.ndarray,
    y: np.ndarray,
    x: np.ndarray,
    kernel: np.ndarray,
    bias: np.ndarray | None = None,
    stride: int = 1,
    padding: str = "same",
) -> np.ndarray:
    """∂loss/∂W[i, j, c, o] = Σ x[n, s·a + i − top, s·b + j − left, c] · ∂loss/∂y[n, a, b, o].

    As matrices: columnsᵀ · cotangent. The columns are made anew; keeping them since the forward
    would hold nine times the memory of x for a 3×3 kernel.
    """
    outputs = kernel.shape[3]
    counts, before = places(x.shape, kernel.shape, stride, padding)
    dtype = np.result_type(x, cotangent)
    gradient = np.zeros((math.prod(kernel.shape[:3]), outputs), dtype)
    for images, rows in columns(x, kernel.shape[:2], stride, counts, before, dtype):
        gradient += rows.T @ cotangent[images].reshape(-1, outputs)
    return gradient.reshape(kernel.shape)


def conv2d_gradient_bias(
    cotangent: np.ndarray,
    y: np.ndarray,
    x: np.ndarray,
    kernel: np.ndarray,
    bias: np.ndarray,
    stride: int = 1,
    padding: str = "same",
) -> np.ndarray:
    """∂loss/∂b = the sum of ∂loss/∂y over images and pixels, as a product with a row of ones."""
    rows = cotangent.reshape(-1, len(bias))
    return np.ones(len(rows), cotangent.dtype) @ rows


conv2d = op(
    "conv2d",
    conv2d_definition,
    conv2d_forward,
    gradients={
        "x": conv2d_gradient_x,
        "kernel": conv2d_gradient_kernel,
        "bias": conv2d_gradient_bias,
    },
    inputs={
        # The smallest image holds the largest kernel, so that it fits without padding.
        "x": Array("batch", "height", "width", "in", sizes={"height": (3, 7), "width": (3, 7)}),
        "kernel": Array(
            "kernel height",
            "kernel width",
            "in",
            "out",
            sizes={"kernel height": (1, 3), "kernel width": (1, 3)},
        ),
        "bias": Array("out", optional=True),
        "stride": Integer(1, 3),
        "padding": Choice("same", "valid"),
    },
)
