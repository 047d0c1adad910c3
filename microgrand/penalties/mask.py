"""Penalties that were tried on a mask: weights between 0 and 1.

The article on noise lists twelve. Eight stand elsewhere in the table, some of them with the sign
turned; here are the others. All are defined for every number, though a mask needs [0, 1] alone.

Source of all: Seo (2019), Two weird ways to regularize your neural network, and its notebook.
"""

from typing import Any

import autograd.numpy as anp
import numpy as np

# ------------------------------------------------------------------------------------------ sine


def sine_definition(theta: Any) -> Any:
    """R(θ) = Σ sin θ."""
    return anp.sum(anp.sin(theta), axis=-1)


def sine_forward(theta: np.ndarray) -> Any:
    """The sum of sines, R(θ) = Σ sin θ: case I.

    On [0, 1] it rises, ever more slowly, to 0.84. Beyond, it is a wave, and no penalty.
    """
    return np.sin(theta).sum(axis=-1)


def sine_gradient(theta: np.ndarray) -> np.ndarray:
    """∂R/∂θ = cos θ: from 1 at zero to 0.54 at one."""
    return np.cos(theta)


# ---------------------------------------------------------------------------------- size of sine


def sine_abs_definition(theta: Any) -> Any:
    """R(θ) = Σ |sin θ|."""
    return anp.sum(anp.abs(anp.sin(theta)), axis=-1)


def sine_abs_forward(theta: np.ndarray) -> Any:
    """The sum of the sines' sizes, R(θ) = Σ |sin θ|: case J, and case I where 0 ≤ θ ≤ π."""
    return np.abs(np.sin(theta)).sum(axis=-1)


def sine_abs_gradient(theta: np.ndarray) -> np.ndarray:
    """∂R/∂θ = sign(sin θ) · cos θ; 0 at the kink θ = 0."""
    return np.sign(np.sin(theta)) * np.cos(theta)


# ----------------------------------------------------------------------------------- shifted log


def log_shifted_definition(theta: Any, epsilon: float = 1e-5) -> Any:
    """R(θ) = Σ 2 log(|θ| + ε)."""
    return anp.sum(2 * anp.log(anp.where(theta < 0, -theta, theta) + epsilon), axis=-1)


def log_shifted_forward(theta: np.ndarray, epsilon: float = 1e-5) -> Any:
    """The logarithm of θ² with its pit at zero filled up, R(θ) = Σ 2 log(|θ| + ε): case K as coded.

    The text has log θ², which falls to −∞ at zero. The code's gradient 2/(θ + ε) belongs to this.

    Raises:
        ValueError: if ε is not positive.

    Source: also Candès, Wakin & Boyd (2008), Enhancing sparsity by reweighted ℓ₁ minimization.
    """
    return 2 * np.log(shifted(theta, epsilon)).sum(axis=-1)


def shifted(theta: np.ndarray, epsilon: float) -> np.ndarray:
    """|θ| + ε."""
    if not epsilon > 0:
        raise ValueError(f"what fills the pit must be positive, unlike ε = {epsilon}")
    return np.abs(theta) + epsilon


def log_shifted_gradient(theta: np.ndarray, epsilon: float = 1e-5) -> np.ndarray:
    """∂R/∂θ = ±2/(|θ| + ε): the smaller a weight, the harder it is pulled, up to 2/ε.

    At the kink θ = 0 the slope from the right, 2/ε, as in the code: a mask is never below zero.
    """
    size = shifted(theta, epsilon)
    return 2 / np.where(theta < 0, -size, size)


# ------------------------------------------------------------------------------ negative entropy

#: Where the logarithm stops falling: 2 log θ is above it for all |θ| > 1e-15.
FLOOR = 1e-30


def negative_entropy_definition(theta: Any) -> Any:
    """R(θ) = Σ θ log(θ² + 1e-30)."""
    return anp.sum(theta * anp.log(theta**2 + FLOOR), axis=-1)


def negative_entropy_forward(theta: np.ndarray) -> Any:
    """Twice the negative entropy of shares θ, R(θ) = Σ θ log θ²: case L.

    Of θ ≥ 0 it is lowest at 1/e = 0.37, so a mask is drawn there, neither off nor on.

    Source: also Shannon (1948), A mathematical theory of communication, section 6.
    """
    return (theta * logarithm(theta)).sum(axis=-1)


def logarithm(theta: np.ndarray) -> np.ndarray:
    """log(θ² + 1e-30), with 2 log|θ| beyond 1, where a square might overflow."""
    size = np.abs(theta)
    return np.log(np.square(np.minimum(size, 1)) + FLOOR) + 2 * np.log(np.maximum(size, 1))


def negative_entropy_gradient(theta: np.ndarray) -> np.ndarray:
    """∂R/∂θ = log θ² + 2, and −69 at θ = 0, where the code's −∞ would make NaN of the next step."""
    squares = np.square(np.minimum(np.abs(theta), 1))  # beyond 1 the floor is not felt
    return logarithm(theta) + 2 * squares / (squares + FLOOR)
