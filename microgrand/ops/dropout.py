"""Dropout: some units are silenced at random, the others speak up for them."""

from typing import Any

import numpy as np

from microgrand.op import Array, Mask, Number, op, unbroadcast


def check_rate(rate: float | np.ndarray) -> None:
    """Refuse with a ValueError what is no probability."""
    if not np.all((np.asarray(rate) >= 0) & (np.asarray(rate) <= 1)):
        raise ValueError(f"a dropout rate lies between 0 and 1, not {rate}")


def draw_mask(
    generator: np.random.Generator, shape: tuple[int, ...], rate: float | np.ndarray
) -> np.ndarray:
    """True for each unit that is kept: independently, with probability 1 − rate.

    Arguments:
        generator: where the randomness comes from.
        shape: of the activations.
        rate: probability of silence, a number or an array that broadcasts against `shape`
            (one rate for each model of a stack: shape (models, 1, 1)).

    Raises:
        ValueError: if a rate is not between 0 and 1.
    """
    check_rate(rate)
    return generator.random(shape, dtype=np.float32) >= np.asarray(rate, np.float32)


def keep_scale(rate: Any, dtype: Any) -> Any:
    """1/(1 − rate), the factor of the units that are kept; 0 at rate 1, where none is."""
    keep = 1 - np.asarray(rate, np.float64)
    return np.divide(1, keep, out=np.zeros_like(keep), where=keep > 0).astype(dtype)


def dropout_definition(x: Any, mask: Any, rate: Any) -> Any:
    """y = x · mask / (1 − rate)."""
    return x * mask * keep_scale(rate, np.float64)


def dropout_forward(x: np.ndarray, mask: np.ndarray, rate: float | np.ndarray) -> np.ndarray:
    """Inverted dropout, y = x · mask / (1 − rate): the mean over masks is x itself.

    Arguments:
        x: shape (..., batch, units).
        mask: booleans of the same shape, True where a unit is kept; see `draw_mask`.
        rate: the probability of silence the mask was drawn with, between 0 and 1; at 1
            every unit is silent and y = 0.

    Returns:
        y, shaped like x and mask together.

    Raises:
        ValueError: if a rate is not between 0 and 1.

    Source: Srivastava et al. (2014), Dropout: a simple way to prevent neural networks from
    overfitting, section 10 for the inverted form.
    """
    check_rate(rate)
    y = np.multiply(x, mask, dtype=np.result_type(x, np.float32))  # of whole numbers too
    y *= keep_scale(rate, y.dtype)
    return y


def dropout_gradient(
    cotangent: np.ndarray, y: np.ndarray, x: np.ndarray, mask: np.ndarray, rate: float | np.ndarray
) -> np.ndarray:
    """∂loss/∂x = ∂loss/∂y · mask / (1 − rate): the same silence, the same factor."""
    gradient = cotangent * mask
    gradient *= keep_scale(rate, gradient.dtype)
    return unbroadcast(gradient, x.shape)


dropout = op(
    "dropout",
    dropout_definition,
    dropout_forward,
    gradients={"x": dropout_gradient},
    inputs={
        "x": Array("...", "batch", "units"),
        "mask": Mask("...", "batch", "units"),
        "rate": Number(0.0, 1.0),
    },
)
