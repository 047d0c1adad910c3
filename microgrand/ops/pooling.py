"""Pooling: an image shrinks, and each window of it leaves one number a channel."""

from typing import Any

import autograd.numpy as anp
import numpy as np

from microgrand.op import Array, Integer, op


def count_windows(shape: tuple[int, ...], size: int) -> tuple[int, int]:
    """How many whole windows of size × size fit below and beside each other.

    Arguments:
        shape: of the images, (..., height, width, channels).
        size: height and width of a window, and the way to the next one.

    Raises:
        ValueError: if size is not a positive integer, or not one window fits.
    """
    if not isinstance(size, int | np.integer) or size < 1:
        raise ValueError(f"the size of a window is a positive integer, not {size}")
    if len(shape) < 3 or min(shape[-3:-1]) < size:
        raise ValueError(f"no window of {size} × {size} fits into images of shape {shape}")
    return shape[-3] // size, shape[-2] // size


def cut(x: Any, size: int) -> Any:
    """x as whole windows, shape (..., rows, size, columns, size, channels); the rest is dropped."""
    rows, columns = count_windows(x.shape, size)
    whole = x[..., : rows * size, : columns * size, :]
    return anp.reshape(whole, (*x.shape[:-3], rows, size, columns, size, x.shape[-1]))


def places(x: np.ndarray, size: int) -> list[np.ndarray]:
    """For each place in a window, in reading order, a view of what all windows have there."""
    rows, columns = count_windows(x.shape, size)
    return [
        x[..., i : rows * size : size, j : columns * size : size, :]
        for i in range(size)
        for j in range(size)
    ]


def empty_gradient(x: np.ndarray, size: int, dtype: Any) -> np.ndarray:
    """Room for ∂loss/∂x: 0 in the rows and columns that no window reaches, open elsewhere."""
    rows, columns = count_windows(x.shape, size)
    gradient: np.ndarray = np.empty(x.shape, dtype)
    gradient[..., rows * size :, :, :] = 0
    gradient[..., columns * size :, :] = 0
    return gradient


# --------------------------------------------------------------------------------------- maximum


def max_pool_definition(x: Any, size: int) -> Any:
    """y = the largest number of each window; a later one wins only by being larger."""
    windows = cut(x, size)
    y = windows[..., 0, :, 0, :]
    for i in range(size):
        for j in range(size):
            candidate = windows[..., i, :, j, :]
            y = anp.where(candidate > y, candidate, y)
    return y


def max_pool_forward(x: np.ndarray, size: int) -> np.ndarray:
    """The largest number of each window, channel by channel.

    Arguments:
        x: images, shape (..., batch, height, width, channels).
        size: height and width of a window, and the way to the next one: windows do not overlap.
            Trailing rows and columns that do not fill a window are dropped ("valid").

    Returns:
        y, shape (..., batch, height // size, width // size, channels).

    Raises:
        ValueError: if size is not a positive integer, or not one window fits.

    Source: Scherer, Müller & Behnke (2010), Evaluation of pooling operations in convolutional
    architectures for object recognition.
    """
    first, *others = places(x, size)
    y = first.copy()
    for other in others:
        np.maximum(y, other, out=y)
    return y


def max_pool_gradient(cotangent: np.ndarray, y: np.ndarray, x: np.ndarray, size: int) -> np.ndarray:
    """∂loss/∂x = ∂loss/∂y where x is its window's maximum, and 0 elsewhere.

    Of several maxima the first in reading order takes all: one number left the window, and one
    is answerable for it.
    """
    gradient = empty_gradient(x, size, cotangent.dtype)
    open_to_claims = np.ones(y.shape, bool)
    for number, share in zip(places(x, size), places(gradient, size), strict=True):
        wins = number == y
        wins &= open_to_claims
        np.multiply(cotangent, wins, out=share)  # arithmetic: no branch on random signs
        open_to_claims ^= wins
    return gradient


# --------------------------------------------------------------------------------------- average


def average_pool_definition(x: Any, size: int) -> Any:
    """y = the mean of each window."""
    return anp.sum(cut(x, size), axis=(-4, -2)) / size**2


def average_pool_forward(x: np.ndarray, size: int) -> np.ndarray:
    """The mean of each window, channel by channel.

    Arguments:
        x: images, shape (..., batch, height, width, channels).
        size: height and width of a window, and the way to the next one: windows do not overlap.
            Trailing rows and columns that do not fill a window are dropped ("valid").

    Returns:
        y, shape (..., batch, height // size, width // size, channels).

    Raises:
        ValueError: if size is not a positive integer, or not one window fits.

    Source: LeCun et al. (1998), Gradient-based learning applied to document recognition, section
    II.B (there with a learned factor and bias a channel).
    """
    first, *others = places(x, size)
    y = first.copy()
    for other in others:
        y += other
    y /= float(size**2)  # float32 stays, whatever kind of integer size is
    return y


def average_pool_gradient(
    cotangent: np.ndarray, y: np.ndarray, x: np.ndarray, size: int
) -> np.ndarray:
    """∂loss/∂x = ∂loss/∂y / size²: every number of a window gets the same share."""
    gradient = empty_gradient(x, size, cotangent.dtype)
    equal = cotangent / float(size**2)
    for share in places(gradient, size):
        share[...] = equal
    return gradient


# -------------------------------------------------------------------------------- global average


def global_average_pool_definition(x: Any) -> Any:
    """y = the mean over height and width."""
    return anp.sum(x, axis=(-3, -2)) / (x.shape[-3] * x.shape[-2])


def global_average_pool_forward(x: np.ndarray) -> np.ndarray:
    """The mean of each channel over the whole image.

    Arguments:
        x: images, shape (..., batch, height, width, channels).

    Returns:
        y, shape (..., batch, channels).

    Raises:
        ValueError: if the images have no pixel.

    Source: Lin, Chen & Yan (2014), Network in network, section 3.2.
    """
    if x.ndim < 3 or not x.shape[-3] * x.shape[-2]:
        raise ValueError(f"images of shape {x.shape} have no pixels to average")
    return x.sum(axis=(-3, -2)) / (x.shape[-3] * x.shape[-2])


def global_average_pool_gradient(cotangent: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """∂loss/∂x = ∂loss/∂y / (height · width): every pixel gets the same share."""
    equal = cotangent / (x.shape[-3] * x.shape[-2])
    return np.broadcast_to(equal[..., None, None, :], x.shape).copy()


# --------------------------------------------------------------------------------------- flatten


def flatten_definition(x: Any) -> Any:
    """y = the numbers of each image, in reading order, channels last."""
    return anp.reshape(x, (*x.shape[:-3], x.shape[-3] * x.shape[-2] * x.shape[-1]))


def flatten_forward(x: np.ndarray) -> np.ndarray:
    """Each image as one row, in reading order: row by row, pixel by pixel, channel by channel.

    Arguments:
        x: images, shape (..., batch, height, width, channels).

    Returns:
        y, shape (..., batch, height · width · channels).

    Raises:
        ValueError: if x has fewer than three axes.
    """
    if x.ndim < 3:
        raise ValueError(f"images have height, width and channels, unlike the shape {x.shape}")
    return np.array(flatten_definition(x))


def flatten_gradient(cotangent: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """∂loss/∂x = ∂loss/∂y, each number back in its place."""
    return np.array(cotangent.reshape(x.shape))


LARGEST = 3


class Images(Array):
    """Images of at least LARGEST × LARGEST pixels, so that every window that is drawn fits."""

    def shape(self, sizes: dict[str, int], stacked: bool) -> tuple[int, ...]:
        *rest, height, width, channels = super().shape(sizes, stacked)
        return *rest, max(height, LARGEST), max(width, LARGEST), channels


AXES = ("...", "batch", "height", "width", "channels")

max_pool = op(
    "max_pool",
    max_pool_definition,
    max_pool_forward,
    gradients={"x": max_pool_gradient},
    inputs={"x": Images(*AXES, kinks=(0.0,)), "size": Integer(1, LARGEST)},  # zeros that tie
    smooth=False,
)
average_pool = op(
    "average_pool",
    average_pool_definition,
    average_pool_forward,
    gradients={"x": average_pool_gradient},
    inputs={"x": Images(*AXES), "size": Integer(1, LARGEST)},
)
global_average_pool = op(
    "global_average_pool",
    global_average_pool_definition,
    global_average_pool_forward,
    gradients={"x": global_average_pool_gradient},
    inputs={"x": Array(*AXES)},
)
flatten = op(
    "flatten",
    flatten_definition,
    flatten_forward,
    gradients={"x": flatten_gradient},
    inputs={"x": Array(*AXES)},
)
