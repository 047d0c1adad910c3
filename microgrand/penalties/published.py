"""Penalties as they were published: some that smooth |θ| at zero, some that are none.

The article on penalties adds ε = 1e-7 under its roots and below its fractions, lest they divide by
zero. A gradient with an ε in it is the gradient of another function. Here are those functions.

Source of all: Seo (2019), Regularization in gradient point of view, and its notebook.
"""

from typing import Any

import autograd.numpy as anp
import numpy as np

# ---------------------------------------------------------------------------------------- linear


def linear_definition(theta: Any) -> Any:
    """R(θ) = Σ θ."""
    return anp.sum(theta, axis=-1)


def linear_forward(theta: np.ndarray) -> Any:
    """The sum of the weights, R(θ) = Σ θ: case C, and no penalty at all.

    It has no smallest value: the further a weight falls below zero, the better.
    """
    return theta.sum(axis=-1)


def linear_gradient(theta: np.ndarray) -> np.ndarray:
    """∂R/∂θ = 1: a constant wind from the right."""
    return np.ones_like(theta)


def linear_proximal(theta: np.ndarray, strength: Any) -> np.ndarray:
    """θ − λ: every step goes on downwards."""
    return theta - strength


# ----------------------------------------------------------------------------------- smoothed L1


def l1_smoothed_definition(theta: Any, epsilon: float = 1e-7) -> Any:
    """R(θ) = Σ √(θ² + ε)."""
    return anp.sum(anp.sqrt(theta**2 + epsilon), axis=-1)


def l1_smoothed_forward(theta: np.ndarray, epsilon: float = 1e-7) -> Any:
    """L1 with its kink rounded off, R(θ) = Σ √(θ² + ε): cases D and F as coded.

    It lies above |θ|, by √ε at zero (3e-4 for the article's ε) and by less than ε/(2|θ|) elsewhere.

    Raises:
        ValueError: if ε is not positive.
    """
    return rounded(theta, epsilon).sum(axis=-1)


def rounded(theta: np.ndarray, epsilon: float) -> np.ndarray:
    """√(θ² + ε)."""
    if not epsilon > 0:
        raise ValueError(f"what smooths a kink must be positive, unlike ε = {epsilon}")
    return np.sqrt(np.square(theta) + epsilon)


def l1_smoothed_gradient(theta: np.ndarray, epsilon: float = 1e-7) -> np.ndarray:
    """∂R/∂θ = θ/√(θ² + ε): the sign, but in proportion to θ well within √ε of zero.

    Case F writes |θ| sign θ for θ; it is the same number, bit by bit.
    """
    return theta / rounded(theta, epsilon)


# ------------------------------------------------------------------------------ half smoothed L1


def l1_half_smoothed_definition(theta: Any, epsilon: float = 1e-7) -> Any:
    """R(θ) = ½ Σ (|θ| + √(θ² + ε))."""
    return 0.5 * anp.sum(anp.abs(theta) + anp.sqrt(theta**2 + epsilon), axis=-1)


def l1_half_smoothed_forward(theta: np.ndarray, epsilon: float = 1e-7) -> Any:
    """The mean of L1 and smoothed L1, R(θ) = ½ Σ (|θ| + √(θ² + ε)): case B as coded.

    The article's formula |θ| + √(|θ|²) is 2|θ|; its code halves it, and so comes back to L1.

    Raises:
        ValueError: if ε is not positive.
    """
    return 0.5 * (np.abs(theta) + rounded(theta, epsilon)).sum(axis=-1)


def l1_half_smoothed_gradient(theta: np.ndarray, epsilon: float = 1e-7) -> np.ndarray:
    """∂R/∂θ = ½(sign θ + θ/√(θ² + ε)); 0 at the kink θ = 0."""
    return 0.5 * (np.sign(theta) + theta / rounded(theta, epsilon))


# ------------------------------------------------------------------------------------------ sign


def sign_definition(theta: Any) -> Any:
    """R(θ) = Σ sign θ (with 0 · θ beside it, so that autograd finds a path)."""
    return anp.sum(anp.sign(theta) + 0.0 * theta, axis=-1)


def sign_forward(theta: np.ndarray) -> Any:
    """How many weights are positive less how many are negative, R(θ) = Σ √(θ²)/θ: case G.

    √(θ²)/θ is sign θ. Training with it is training without a penalty.
    """
    return np.sign(theta).sum(axis=-1)


def sign_gradient(theta: np.ndarray) -> np.ndarray:
    """∂R/∂θ = 0: flat on both sides. At the jump θ = 0 there is no slope; 0 leaves it at rest."""
    return np.zeros_like(theta)


# --------------------------------------------------------------------------------- sign as coded


def sign_as_coded_definition(theta: Any, epsilon: float = 1e-7) -> Any:
    """R(θ) = −Σ sign θ · ε/(1+ε) · (½ log(1+θ²/ε) − log(1+|θ|/ε) + arctan(|θ|/√ε)/√ε)."""
    size = anp.abs(theta)
    logs = 0.5 * anp.log1p(theta**2 / epsilon) - anp.log1p(size / epsilon)
    arc = anp.arctan(size / epsilon**0.5) / epsilon**0.5
    return -epsilon / (1 + epsilon) * anp.sum(anp.sign(theta) * (logs + arc), axis=-1)


def sign_as_coded_forward(theta: np.ndarray, epsilon: float = 1e-7) -> Any:
    """The function whose gradient case G's code adds: a low step *down*, from (π/2)√ε to −(π/2)√ε.

    With ε = 1e-7 it is 0.001 high and 0.001 wide. So it rewards positive weights, a little, near 0.

    Raises:
        ValueError: if ε is not positive.
    """
    size, width = np.abs(theta), rounded(theta * 0, epsilon)  # √ε, in the precision of θ
    ratio = size / width
    logs = 0.5 * np.log1p(ratio * ratio) - np.log1p(ratio / width)
    height = epsilon / (1 + epsilon)
    return -height * (np.sign(theta) * (logs + np.arctan(ratio) / width)).sum(axis=-1)


def sign_as_coded_gradient(theta: np.ndarray, epsilon: float = 1e-7) -> np.ndarray:
    """∂R/∂θ = −ε|θ|/((|θ| + ε)(θ² + ε)): about −1 from ε to √ε, and −ε/θ² beyond.

    The code computes (θ²/(√(θ²) + ε) − √(θ²))/(θ² + ε). That is the same, but its two terms nearly
    cancel: in float32, about |θ| = 0.1, every number is 3 % off at least, some 11 %; from 2 on all
    is rounding.
    """
    size, root = np.abs(theta), rounded(theta, epsilon)
    return -size / ((size / epsilon + 1) * root * root)
