"""Normalisation: numbers are moved and stretched until their mean is 0 and their variance is 1.

One question tells the schemes apart: *which numbers share a mean and a variance?* Call them a set.
For images (batch N, height H, width W, channel C) there is a set for every

- channel, of N·H·W numbers: **batch norm**;
- image, of H·W·C numbers: **layer norm**;
- image and channel, of H·W numbers: **instance norm**;
- image and group of channels, of H·W·(C / groups) numbers: **group norm**.

Each scheme is a view of the images as (..., position, group, member), where all positions and
members of a group are one set: `batch_sets` and its three neighbours. On such a view work two ops,
`normalize`, by the set's own mean and variance, and `normalize_by`, by given ones.

The variance is everywhere the biased one, the mean of the squared deviations.
"""

from typing import Any

import autograd.numpy as anp
import numpy as np

from microgrand.op import Array, Number, op, unbroadcast
from microgrand.ops.dense import row_of_ones

EPSILON = 1e-5
SET = (-3, -1)
"""The axes of a set: its positions and its members."""


class Positive(Array):
    """An array of positive numbers: powers of e."""

    def draw(self, generator: np.random.Generator, shape: tuple[int, ...], scale: float) -> Any:
        return np.exp(scale * generator.standard_normal(shape))


# ----------------------------------------------------------- by the set's own mean and variance


def total(x: np.ndarray) -> np.ndarray:
    """The sum of each set, shape (..., 1, group, 1): over positions as a product with ones."""
    *sets, positions, groups, members = x.shape
    sums = np.matmul(row_of_ones(positions, x.dtype), x.reshape(*sets, positions, groups * members))
    return sums.reshape(*sets, 1, groups, members).sum(axis=-1, keepdims=True)


def average(x: np.ndarray) -> np.ndarray:
    """The mean of each set, shape (..., 1, group, 1)."""
    size = x.shape[-3] * x.shape[-1]
    if not size:
        raise ValueError(f"x {x.shape} has no numbers to take a mean of")
    return total(x) / x.dtype.type(size)


def centre(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """x minus the mean of its set, and the mean, shape (..., 1, group, 1).

    A set's first number is subtracted before its mean is taken, so that a set of equal numbers
    comes out as 0 exactly and a large mean costs no digits.
    """
    if x.ndim < 3:
        raise ValueError(f"x needs the axes (position, group, member) at least, not {x.shape}")
    first = x[..., :1, :, :1]
    centred = x - first
    mean = average(centred)
    centred -= mean
    mean += first
    return centred, mean


def inverse_deviation(variance: np.ndarray, epsilon: float) -> np.ndarray:
    """1/√(variance + ε)."""
    dtype = variance.dtype
    if not dtype.type(epsilon) > 0:
        raise ValueError(
            f"ε must be above 0 in {dtype}, not {epsilon}: a constant set has variance 0"
        )
    return 1 / np.sqrt(variance + dtype.type(epsilon))


def normalize_definition(x: Any, epsilon: float) -> Any:
    """x̂ = (x − mean)/√(variance + ε), both over each set, the variance biased."""
    size = x.shape[-3] * x.shape[-1]
    mean = anp.sum(x, axis=SET, keepdims=True) / size
    variance = anp.sum((x - mean) ** 2, axis=SET, keepdims=True) / size
    return (x - mean) / anp.sqrt(variance + epsilon)


def normalize_forward(x: np.ndarray, epsilon: float) -> np.ndarray:
    """Normalise each set by its own statistics, x̂ = (x − mean)/√(variance + ε).

    Arguments:
        x: shape (..., position, group, member); all positions and members of one group are a set.
        epsilon: ε, above 0; it keeps the quotient finite where all numbers of a set are equal.

    Returns:
        x̂, shaped like x; each set has mean 0 and variance v/(v + ε), where v was its variance.

    Raises:
        ValueError: if axes are missing, a set is empty, or ε is not above 0.

    Sources: Ioffe & Szegedy (2015), Batch normalization, algorithm 1; Ba, Kiros & Hinton (2016),
    Layer normalization; Ulyanov, Vedaldi & Lempitsky (2016), Instance normalization; Wu & He
    (2018), Group normalization.
    """
    centred, _ = centre(x)
    centred *= inverse_deviation(average(centred * centred), epsilon)
    return centred


def normalize_gradient(
    cotangent: np.ndarray, normalized: np.ndarray, x: np.ndarray, epsilon: float
) -> np.ndarray:
    """∂loss/∂x = (c − x̂ · mean(c x̂))/√(variance + ε), with c = g − mean(g) and g = ∂loss/∂x̂.

    As x̂ has mean 0, mean(c x̂) = mean(g x̂). Centred first, a nearly constant g keeps its digits.
    """
    centred, _ = centre(x)
    centred *= centred
    inverse = inverse_deviation(average(centred), epsilon)
    gradient, _ = centre(cotangent)
    product = np.multiply(gradient, normalized, out=centred)
    gradient -= np.multiply(normalized, average(product), out=product)
    gradient *= inverse
    return gradient


# ------------------------------------------------------------------ by a given mean and variance


def normalize_by_definition(x: Any, mean: Any, variance: Any, epsilon: float) -> Any:
    """x̂ = (x − mean)/√(variance + ε), with a mean and a variance for each group."""
    mean, variance = mean[..., None, :, None], variance[..., None, :, None]
    return (x - mean) / anp.sqrt(variance + epsilon)


def normalize_by_forward(
    x: np.ndarray, mean: np.ndarray, variance: np.ndarray, epsilon: float
) -> np.ndarray:
    """Normalise by given statistics, x̂ = (x − mean)/√(variance + ε).

    Arguments:
        x: shape (..., position, group, member).
        mean, variance: shape (..., group), as `moments` returns them; no variance is negative.
        epsilon: ε, above 0.

    Returns:
        x̂, shaped like x.

    Raises:
        ValueError: if the shapes do not fit, a variance is negative, or ε is not above 0.

    Source: Ioffe & Szegedy (2015), Batch normalization, algorithm 2: the trained network.
    """
    if x.ndim < 3 or not mean.shape[-1:] == variance.shape[-1:] == x.shape[-2:-1]:
        raise ValueError(f"x {x.shape}, mean {mean.shape}, variance {variance.shape} do not fit")
    if np.any(variance < 0):
        raise ValueError(f"a variance is not negative; the smallest here is {variance.min()}")
    inverse = inverse_deviation(variance, epsilon)[..., None, :, None]
    y = x - mean[..., None, :, None]
    if inverse.ndim > y.ndim:  # the variances alone are stacked
        return y * inverse
    y *= inverse
    return y


def normalize_by_gradient_x(
    cotangent: np.ndarray,
    y: np.ndarray,
    x: np.ndarray,
    mean: np.ndarray,
    variance: np.ndarray,
    epsilon: float,
) -> np.ndarray:
    """∂loss/∂x = ∂loss/∂x̂ / √(variance + ε)."""
    gradient = cotangent * inverse_deviation(variance, epsilon)[..., None, :, None]
    return unbroadcast(gradient, x.shape)


def normalize_by_gradient_mean(
    cotangent: np.ndarray,
    y: np.ndarray,
    x: np.ndarray,
    mean: np.ndarray,
    variance: np.ndarray,
    epsilon: float,
) -> np.ndarray:
    """∂loss/∂mean = −Σ ∂loss/∂x̂ / √(variance + ε), summed over each set."""
    sums = total(cotangent).squeeze(SET)
    return unbroadcast(-sums * inverse_deviation(variance, epsilon), mean.shape)


def normalize_by_gradient_variance(
    cotangent: np.ndarray,
    y: np.ndarray,
    x: np.ndarray,
    mean: np.ndarray,
    variance: np.ndarray,
    epsilon: float,
) -> np.ndarray:
    """∂loss/∂variance = −½ Σ (∂loss/∂x̂) x̂ / (variance + ε), summed over each set."""
    sums = total(cotangent * y).squeeze(SET)
    half = variance.dtype.type(-0.5)
    return unbroadcast(half * sums * inverse_deviation(variance, epsilon) ** 2, variance.shape)


normalize = op(
    "normalize",
    normalize_definition,
    normalize_forward,
    gradients={"x": normalize_gradient},
    inputs={
        # ε is of the size of the variance: far below it, a set of two numbers has no gradient left.
        "x": Array("...", "position", "group", "member", scales=(0.1, 1.0)),
        "epsilon": Number(0.1, 1.0),
    },
)
normalize_by = op(
    "normalize_by",
    normalize_by_definition,
    normalize_by_forward,
    gradients={
        "x": normalize_by_gradient_x,
        "mean": normalize_by_gradient_mean,
        "variance": normalize_by_gradient_variance,
    },
    inputs={
        "x": Array("...", "position", "group", "member"),
        "mean": Array("...", "group"),
        "variance": Positive("...", "group", scales=(0.1, 1.0)),
        "epsilon": Number(1e-8, 1.0),
    },
)

# ------------------------------------------------------------------------------- the four schemes


def as_images(x: Any) -> tuple[tuple[int, ...], int, int, int, int]:
    """The leading axes, N, H, W and C of a batch of images."""
    if len(x.shape) < 4:
        raise ValueError(f"images have the axes (batch, height, width, channel), x has {x.shape}")
    *stack, images, height, width, channels = x.shape
    return tuple(stack), images, height, width, channels


def batch_sets(x: Any) -> Any:
    """Images as (..., N·H·W, C, 1): a set for every channel."""
    stack, images, height, width, channels = as_images(x)
    return x.reshape((*stack, images * height * width, channels, 1))


def group_sets(x: Any, groups: int) -> Any:
    """Images as (..., N, H·W, groups, C/groups): a set for every image and group of channels."""
    stack, images, height, width, channels = as_images(x)
    if groups < 1 or channels % groups:
        raise ValueError(f"{channels} channels cannot be split into {groups} equal groups")
    return x.reshape((*stack, images, height * width, groups, channels // groups))


def layer_sets(x: Any) -> Any:
    """Images as (..., N, H·W, 1, C): a set for every image, which is a single group."""
    return group_sets(x, 1)


def instance_sets(x: Any) -> Any:
    """Images as (..., N, H·W, C, 1): a set for every image and channel, a group each."""
    return group_sets(x, as_images(x)[-1])


def batch_norm(x: Any, epsilon: float = EPSILON) -> Any:
    """Images normalised over (N, H, W), each channel by its own statistics."""
    return normalize(batch_sets(x), epsilon).reshape(x.shape)


def layer_norm(x: Any, epsilon: float = EPSILON) -> Any:
    """Images normalised over (H, W, C), each image by its own statistics."""
    return normalize(layer_sets(x), epsilon).reshape(x.shape)


def instance_norm(x: Any, epsilon: float = EPSILON) -> Any:
    """Images normalised over (H, W), each channel of each image by its own statistics."""
    return normalize(instance_sets(x), epsilon).reshape(x.shape)


def group_norm(x: Any, groups: int, epsilon: float = EPSILON) -> Any:
    """Images normalised over (H, W) and the channels of a group. One group: layer norm."""
    return normalize(group_sets(x, groups), epsilon).reshape(x.shape)


def moments(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean and the biased variance of each set of a view, shapes (..., group)."""
    centred, mean = centre(x)
    return mean.squeeze(SET), average(centred * centred).squeeze(SET)
