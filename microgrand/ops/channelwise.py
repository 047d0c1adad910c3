"""Learned functions of one number, the same for all numbers of a channel.

`scale_and_shift` follows a normalisation and can undo it; `box_cox` bends a lopsided distribution
into a more symmetric one.
"""

import math
from typing import Any

import numpy as np

from microgrand.op import Array, op, unbroadcast
from microgrand.ops.dense import row_of_ones


def beside(x: Any, vector: Any) -> Any:
    """`vector`, one number a channel, with the axes it needs to meet x.

    Raises:
        ValueError: if it has neither as many channels as x nor one, or if the leading axes of a
            stack of models meet anything but images.
    """
    if vector.ndim < 1 or x.ndim < 1 or vector.shape[-1] not in (1, x.shape[-1]):
        raise ValueError(f"x {x.shape} and one number a channel, {vector.shape}, do not fit")
    if vector.ndim == 1:
        return vector
    if x.ndim < 4:
        raise ValueError(f"a stack, {vector.shape}, needs (…, batch, height, width, channel)")
    return vector[..., None, None, None, :]


def sum_to(gradient: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """The sum of `gradient` over all that one number of `vector` was used for."""
    stack = gradient.shape[:-4]
    count = math.prod(gradient.shape[len(stack) : -1])
    rows = gradient.reshape(*stack, count, gradient.shape[-1])
    return unbroadcast(np.matmul(row_of_ones(count, rows.dtype), rows), vector.shape)


# ------------------------------------------------------------------------------- scale and shift


def scale_and_shift_definition(x: Any, scale: Any, shift: Any) -> Any:
    """y = γ x + β, with a γ and a β for each channel."""
    return x * beside(x, scale) + beside(x, shift)


def scale_and_shift_forward(x: np.ndarray, scale: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Scale and shift each channel, y = γ x + β.

    Arguments:
        x: shape (..., batch, height, width, channel); any shape with the channel last where
            `scale` and `shift` have no leading axes.
        scale: γ, shape (..., channel). Leading axes stand for a stack of models.
        shift: β, shape (..., channel).

    Returns:
        y, shape (..., batch, height, width, channel).

    Raises:
        ValueError: if the shapes do not fit.

    Source: Ioffe & Szegedy (2015), Batch normalization, algorithm 1, last line.
    """
    scale, shift = beside(x, scale), beside(x, shift)
    y = x * scale
    if shift.ndim > y.ndim:  # the shifts alone are stacked
        return y + shift
    y += shift
    return y


def scale_and_shift_gradient_x(
    cotangent: np.ndarray, y: np.ndarray, x: np.ndarray, scale: np.ndarray, shift: np.ndarray
) -> np.ndarray:
    """∂loss/∂x = γ ∂loss/∂y."""
    return unbroadcast(cotangent * beside(x, scale), x.shape)


def scale_and_shift_gradient_scale(
    cotangent: np.ndarray, y: np.ndarray, x: np.ndarray, scale: np.ndarray, shift: np.ndarray
) -> np.ndarray:
    """∂loss/∂γ = Σ x ∂loss/∂y, over all numbers of a channel."""
    return sum_to(cotangent * x, scale)


def scale_and_shift_gradient_shift(
    cotangent: np.ndarray, y: np.ndarray, x: np.ndarray, scale: np.ndarray, shift: np.ndarray
) -> np.ndarray:
    """∂loss/∂β = Σ ∂loss/∂y, over all numbers of a channel."""
    return sum_to(cotangent, shift)


# --------------------------------------------------------------------------------------- Box-Cox


class NonZero(Array):
    """An array of numbers of both signs, away from 0: ±eᵗ."""

    def draw(self, generator: np.random.Generator, shape: tuple[int, ...], scale: float) -> Any:
        sign = generator.choice([-1.0, 1.0], shape)
        return sign * np.exp(scale * generator.standard_normal(shape))


class AboveMinusOne(NonZero):
    """An array of numbers above −1 and away from 0, where the definition would cancel."""

    def draw(self, generator: np.random.Generator, shape: tuple[int, ...], scale: float) -> Any:
        return np.expm1(0.3 * super().draw(generator, shape, scale))


def as_divisor(power: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where λ is 0 as far as y can tell, and λ with a 1 in those places."""
    vanishing = np.abs(power) < np.finfo(power.dtype).eps ** 2
    return vanishing, np.where(vanishing, power.dtype.type(1), power)


def box_cox_definition(x: Any, exponent: Any) -> Any:
    """y = ((1 + x)^λ − 1)/λ, with a λ for each channel."""
    power = beside(x, exponent)
    return ((1 + x) ** power - 1) / power


def box_cox_forward(x: np.ndarray, exponent: np.ndarray) -> np.ndarray:
    """The Box-Cox transform of 1 + x, y = ((1 + x)^λ − 1)/λ, and log(1 + x) at λ = 0.

    It is computed as expm1(λ log1p(x))/λ, in which nothing cancels.

    Arguments:
        x: at least −1; shape (..., batch, height, width, channel), any shape with the channel
            last where `exponent` has no leading axes.
        exponent: λ, shape (..., channel), or (..., 1) for one λ for all channels.

    Returns:
        y, shape (..., batch, height, width, channel); at x = −1 it is −1/λ, and −∞ if λ ≤ 0.

    Raises:
        ValueError: if an x is below −1 or the shapes do not fit.

    Source: Box & Cox (1964), An analysis of transformations, equation 2, with the shift λ₂ = 1.
    """
    if x.size and x.min() < -1:
        raise ValueError(f"Box-Cox needs x of at least −1; the smallest here is {x.min()}")
    power = beside(x, exponent)
    vanishing, divisor = as_divisor(power)
    with np.errstate(divide="ignore"):  # log 0, at x = −1
        logarithm = np.log1p(x)
    y = np.expm1(logarithm * divisor)
    y /= divisor
    return np.where(vanishing, logarithm, y) if vanishing.any() else y


def box_cox_gradient_x(
    cotangent: np.ndarray, y: np.ndarray, x: np.ndarray, exponent: np.ndarray
) -> np.ndarray:
    """∂loss/∂x = ∂loss/∂y · (1 + x)^(λ−1); at x = −1 the slope is 0, 1 or ∞ as λ >, =, < 1."""
    with np.errstate(divide="ignore"):
        slope = np.power(1 + x, beside(x, exponent) - 1)
    return unbroadcast(cotangent * slope, x.shape)


def box_cox_gradient_exponent(
    cotangent: np.ndarray, y: np.ndarray, x: np.ndarray, exponent: np.ndarray
) -> np.ndarray:
    """∂loss/∂λ = Σ ∂loss/∂y · (y (z − 1) + l)/λ, where l = log(1 + x) and z = λ l.

    Where |z| < 0.1 the difference would cancel; there the slope is l² times its series,
    1/2 + z/3 + z²/8 + …, with the coefficients (k + 1)/(k + 2)!. At x = −1 it is 1/λ², and ∞
    if λ ≤ 0.
    """
    power = beside(x, exponent)
    _, divisor = as_divisor(power)
    with np.errstate(divide="ignore", invalid="ignore"):  # x = −1, put right below
        logarithm = np.log1p(x)
        z = logarithm * power
        slope = y * (z - 1)
        slope += logarithm
        slope /= divisor
        near = np.abs(z) < 0.1
        slope *= ~near  # arithmetic: no branch on random masks
        z *= near
        *others, last = SERIES[:5] if z.dtype == np.float32 else SERIES
        series = np.full_like(z, last)
        for coefficient in reversed(others):
            series *= z
            series += coefficient
        logarithm = logarithm * near
        series *= logarithm
        series *= logarithm
        slope += series
        edge = x == -1
        if edge.any():
            slope = np.where(edge, np.where(power > 0, power**-2, np.inf), slope)
    return sum_to(cotangent * slope, exponent)


SERIES = tuple((k + 1) / math.factorial(k + 2) for k in range(10))
"""1/2, 1/3, 1/8, 1/30, …: at z = 0.1 float64 sees ten terms, float32 five."""

scale_and_shift = op(
    "scale_and_shift",
    scale_and_shift_definition,
    scale_and_shift_forward,
    gradients={
        "x": scale_and_shift_gradient_x,
        "scale": scale_and_shift_gradient_scale,
        "shift": scale_and_shift_gradient_shift,
    },
    inputs={
        "x": Array("...", "batch", "height", "width", "channel"),
        "scale": Array("...", "channel"),
        "shift": Array("...", "channel"),
    },
)
box_cox = op(
    "box_cox",
    box_cox_definition,
    box_cox_forward,
    gradients={"x": box_cox_gradient_x, "exponent": box_cox_gradient_exponent},
    inputs={
        "x": AboveMinusOne("...", "batch", "height", "width", "channel", scales=(0.01, 0.5)),
        "exponent": NonZero("...", "channel", scales=(0.01, 0.5)),
    },
)
