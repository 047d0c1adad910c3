"""Noise that is added: to an input, an activation, a weight."""

from typing import Any

import numpy as np

from microgrand.op import Array, Number, op, unbroadcast


def draw_noise(generator: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Independent numbers from N(0, 1). Those of float32, so that both precisions see the same."""
    return generator.standard_normal(shape, dtype=np.float32).astype(dtype, copy=False)


def check_spread(spread: Any, what: str = "standard deviation") -> None:
    """Raise a ValueError if a spread, a number or an array, is negative anywhere, or NaN."""
    if not np.all(np.asarray(spread) >= 0):
        raise ValueError(f"a {what} must not be negative, as {spread} is")


def add_noise_definition(x: Any, noise: Any, std: Any) -> Any:
    """y = x + σ · noise."""
    return x + std * noise


def add_noise_forward(x: np.ndarray, noise: np.ndarray, std: float | np.ndarray) -> np.ndarray:
    """A sample of N(x, σ²), as y = x + σ · noise.

    Written like this, the randomness is an argument, and y depends on x as plainly as can be: this
    is the *reparametrisation* of a normal distribution.

    Arguments:
        x: any shape, the mean.
        noise: from N(0, 1), the same shape; see `draw_noise`.
        std: σ, a number or an array that broadcasts against x.

    Returns:
        y, in the shape of x and noise together.

    Source: Kingma & Welling (2014), Auto-encoding variational Bayes, section 2.4.
    """
    return x + np.asarray(std, noise.dtype) * noise


def add_noise_gradient(
    cotangent: np.ndarray, y: np.ndarray, x: np.ndarray, noise: np.ndarray, std: Any
) -> np.ndarray:
    """∂loss/∂x = ∂loss/∂y: what is added passes the gradient on unchanged."""
    return unbroadcast(cotangent.copy(), x.shape)


add_noise = op(
    "add_noise",
    add_noise_definition,
    add_noise_forward,
    gradients={"x": add_noise_gradient},
    inputs={
        "x": Array("...", "batch", "units"),
        "noise": Array("...", "batch", "units", scales=(1.0, 1.0)),
        "std": Number(0.0, 10.0),
    },
)
