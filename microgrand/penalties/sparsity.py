"""Measures of sparsity, turned into penalties.

Hurley & Rickard compare *measures*, larger where numbers are sparser: −Σ tanh|θ| and −Σ log(1+θ²)
are two of them. A loss is minimised, so a penalty needs the other sign; it stands here. A negative
strength gives what the article on penalties trained with: a reward for size.

Source: Hurley & Rickard (2009), Comparing measures of sparsity, arXiv:0811.4706, table I.
"""

from typing import Any

import autograd.numpy as anp
import numpy as np


def slope_of_tanh(x: np.ndarray) -> np.ndarray:
    """1 − tanh²x, as 4d/(1 + d)² with d = e^(−2|x|): nothing cancels."""
    decay = np.exp(-2 * np.abs(x))
    return 4 * decay / np.square(1 + decay)


# ----------------------------------------------------------------------------------- tanh, signed


def tanh_signed_definition(theta: Any) -> Any:
    """R(θ) = Σ tanh θ."""
    return anp.sum(anp.tanh(theta), axis=-1)


def tanh_signed_forward(theta: np.ndarray) -> Any:
    """A step from −1 to 1 as wide as a weight may be, R(θ) = Σ tanh θ. Case H is its negative.

    No penalty: it does not know zero. It favours weights on one side, as far out as can be.
    """
    return np.tanh(theta).sum(axis=-1)


def tanh_signed_gradient(theta: np.ndarray) -> np.ndarray:
    """∂R/∂θ = 1 − tanh²θ: near zero a constant 1, as of Σθ."""
    return slope_of_tanh(theta)


# -------------------------------------------------------------------------------- tanh of the size


def tanh_abs_definition(theta: Any) -> Any:
    """R(θ) = Σ tanh|θ|."""
    return anp.sum(anp.tanh(anp.abs(theta)), axis=-1)


def tanh_abs_forward(theta: np.ndarray) -> Any:
    """L1 that has enough at 1, R(θ) = Σ tanh|θ|: small weights are pulled, large ones let be."""
    return np.tanh(np.abs(theta)).sum(axis=-1)


def tanh_abs_gradient(theta: np.ndarray) -> np.ndarray:
    """∂R/∂θ = sign θ (1 − tanh²θ); 0 at the kink θ = 0."""
    return np.sign(theta) * slope_of_tanh(theta)


# ------------------------------------------------------------------------------ tanh of the square


def tanh_square_definition(theta: Any) -> Any:
    """R(θ) = Σ tanh θ²."""
    return anp.sum(anp.tanh(theta**2), axis=-1)


def tanh_square_forward(theta: np.ndarray) -> Any:
    """Ridge that has enough at 1, R(θ) = Σ tanh θ². Case I is its negative."""
    return np.tanh(np.square(theta)).sum(axis=-1)


def tanh_square_gradient(theta: np.ndarray) -> np.ndarray:
    """∂R/∂θ = 2θ(1 − tanh²θ²): that of ridge near zero, and none far out."""
    return 2 * theta * slope_of_tanh(np.square(theta))


# ----------------------------------------------------------------------------------- log of square


def log_square_definition(theta: Any) -> Any:
    """R(θ) = Σ log(1 + θ²)."""
    return anp.sum(anp.log1p(theta**2), axis=-1)


def log_square_forward(theta: np.ndarray) -> Any:
    """Ridge that grows ever slower, R(θ) = Σ log(1 + θ²). Case J is its negative.

    It is the negative logarithm of a Cauchy prior on the weights.
    """
    return np.log1p(np.square(theta)).sum(axis=-1)


def log_square_gradient(theta: np.ndarray) -> np.ndarray:
    """∂R/∂θ = 2θ/(1 + θ²): strongest at |θ| = 1, where it is 1."""
    return 2 * theta / (1 + np.square(theta))
