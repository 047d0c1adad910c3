"""Penalties of a vector: every weight by itself, in the order of their exponents."""

from typing import Any

import autograd.numpy as anp
import numpy as np

# ------------------------------------------------------------------------------------------ none


def none_definition(theta: Any) -> Any:
    """R(θ) = 0."""
    return anp.sum(0.0 * theta, axis=-1)


def none_forward(theta: np.ndarray) -> Any:
    """No penalty, R(θ) = 0: the baseline, a row of the table like any other."""
    return np.zeros(theta.shape[:-1], theta.dtype)[()]


def none_gradient(theta: np.ndarray) -> np.ndarray:
    """∂R/∂θ = 0."""
    return np.zeros_like(theta)


def none_proximal(theta: np.ndarray, strength: Any) -> np.ndarray:
    """Nothing pulls, nothing moves: θ."""
    return theta.copy()


# -------------------------------------------------------------------------------------------- L0


def l0_definition(theta: Any) -> Any:
    """R(θ) = how many θ are not 0 (the 0 of the others as 0 · θ, so that autograd finds a path)."""
    return anp.sum(anp.where(theta != 0, 1.0, 0.0 * theta), axis=-1)


def l0_forward(theta: np.ndarray) -> Any:
    """The number of weights that are not zero, R(θ) = Σ [θ ≠ 0].

    It is what sparse storage pays for, and no norm: twice the weights cost the same. To minimise it
    beside a loss means to choose one of 2ⁿ sets of weights: NP-hard already for linear models.

    Source: Natarajan (1995), Sparse approximate solutions to linear systems.
    """
    return (theta != 0).sum(axis=-1, dtype=theta.dtype)


def l0_gradient(theta: np.ndarray) -> np.ndarray:
    """∂R/∂θ = 0: the count is flat wherever it has a slope, so in a loss it does nothing at all.

    At the jump θ = 0 there is no slope of any kind; 0 leaves at rest what has reached zero.
    """
    return np.zeros_like(theta)


def l0_proximal(theta: np.ndarray, strength: Any) -> np.ndarray:
    """Hard threshold: θ where |θ| > √(2λ), 0 elsewhere; where both cost the same, 0."""
    return theta * (np.abs(theta) > np.sqrt(2 * strength))


# -------------------------------------------------------------------------------------------- L1


def l1_definition(theta: Any) -> Any:
    """R(θ) = Σ |θ|."""
    return anp.sum(anp.abs(theta), axis=-1)


def l1_forward(theta: np.ndarray) -> Any:
    """The lasso penalty, R(θ) = Σ |θ|.

    Source: Tibshirani (1996), Regression shrinkage and selection via the lasso.
    """
    return np.abs(theta).sum(axis=-1)


def l1_gradient(theta: np.ndarray) -> np.ndarray:
    """∂R/∂θ = sign θ: a constant pull towards zero; 0 at the kink θ = 0."""
    return np.sign(theta)


def l1_proximal(theta: np.ndarray, strength: Any) -> np.ndarray:
    """Soft threshold: sign θ · max(|θ| − λ, 0). What is within λ of zero becomes zero."""
    return np.sign(theta) * np.maximum(np.abs(theta) - strength, 0)


# -------------------------------------------------------------------------------------------- L2


def l2_definition(theta: Any) -> Any:
    """R(θ) = Σ θ²."""
    return anp.sum(theta**2, axis=-1)


def l2_forward(theta: np.ndarray) -> Any:
    """The ridge penalty, R(θ) = Σ θ².

    Source: Hoerl & Kennard (1970), Ridge regression: biased estimation for nonorthogonal problems.
    """
    return np.square(theta).sum(axis=-1)


def l2_gradient(theta: np.ndarray) -> np.ndarray:
    """∂R/∂θ = 2θ: a pull in proportion, which fades as zero comes near."""
    return 2 * theta


def l2_proximal(theta: np.ndarray, strength: Any) -> np.ndarray:
    """Shrinkage in proportion: θ / (1 + 2λ). Never exactly zero."""
    return theta / (1 + 2 * strength)


# --------------------------------------------------------------------------------------- half L2


def half_l2_definition(theta: Any) -> Any:
    """R(θ) = ½ Σ θ²."""
    return 0.5 * anp.sum(theta**2, axis=-1)


def half_l2_forward(theta: np.ndarray) -> Any:
    """The ridge penalty with the half that cancels the 2, R(θ) = ½ Σ θ².

    Its gradient is θ itself: this is what the `weight_decay` of most libraries adds, λθ.

    Source: Krogh & Hertz (1991), A simple weight decay can improve generalization.
    """
    return 0.5 * np.square(theta).sum(axis=-1)


def half_l2_gradient(theta: np.ndarray) -> np.ndarray:
    """∂R/∂θ = θ."""
    return theta.copy()


def half_l2_proximal(theta: np.ndarray, strength: Any) -> np.ndarray:
    """Shrinkage in proportion: θ / (1 + λ)."""
    return theta / (1 + strength)


# -------------------------------------------------------------------------------------------- L3


def l3_definition(theta: Any) -> Any:
    """R(θ) = Σ |θ|³."""
    return anp.sum(anp.abs(theta) ** 3, axis=-1)


def l3_forward(theta: np.ndarray) -> Any:
    """The bridge penalty of exponent 3, R(θ) = Σ |θ|³.

    Source: Frank & Friedman (1993), A statistical view of some chemometrics regression tools.
    """
    return (np.abs(theta) * np.square(theta)).sum(axis=-1)


def l3_gradient(theta: np.ndarray) -> np.ndarray:
    """∂R/∂θ = 3θ|θ|: near zero the pull fades faster than the weight."""
    return 3 * theta * np.abs(theta)


def l3_proximal(theta: np.ndarray, strength: Any) -> np.ndarray:
    """The root of z + 3λz|z| = θ: 2θ/(1 + √(1 + 12λ|θ|)). Never exactly zero."""
    return 2 * theta / (1 + np.sqrt(1 + 12 * strength * np.abs(theta)))


# -------------------------------------------------------------------------------------------- L4


def l4_definition(theta: Any) -> Any:
    """R(θ) = Σ θ⁴."""
    return anp.sum(theta**4, axis=-1)


def l4_forward(theta: np.ndarray) -> Any:
    """The bridge penalty of exponent 4, R(θ) = Σ θ⁴. Source: as for `l3_forward`."""
    return np.square(np.square(theta)).sum(axis=-1)


def l4_gradient(theta: np.ndarray) -> np.ndarray:
    """∂R/∂θ = 4θ³: small weights are hardly pulled at all."""
    return 4 * theta * np.square(theta)


def l4_proximal(theta: np.ndarray, strength: Any) -> np.ndarray:
    """The root of z + 4λz³ = θ: (2/a) sinh(⅓ arsinh(3aθ/2)) with a = √(12λ). Never exactly zero."""
    a = np.sqrt(np.asarray(12 * strength, np.result_type(theta, 0.0)))
    z = 2 * np.sinh(np.arcsinh(1.5 * a * theta) / 3)
    return np.where(a > 0, z / np.where(a > 0, a, 1), theta)


# ---------------------------------------------------------------------------------- dead-zone L1


def dead_zone_l1_definition(theta: Any, width: float = 0.25) -> Any:
    """R(θ) = Σ max(|θ| − width, 0)."""
    size = anp.abs(theta)
    return anp.sum(anp.where(size > width, size - width, 0.0), axis=-1)


def dead_zone_l1_forward(theta: np.ndarray, width: float = 0.25) -> Any:
    """L1 that leaves alone what is within `width` of zero, R(θ) = Σ max(|θ| − width, 0).

    So it gathers weights at ±width and makes no zeros. The default width is the article's.

    Raises:
        ValueError: if the width is negative.

    Source: Vapnik (1995), The nature of statistical learning theory, for the same shape in a loss.
    """
    return np.maximum(beyond(theta, width), 0).sum(axis=-1)


def beyond(theta: np.ndarray, width: float) -> np.ndarray:
    """How far θ lies outside the dead zone; negative inside."""
    if not width >= 0:
        raise ValueError(f"the width of a dead zone must not be negative, as {width} is")
    return np.abs(theta) - width


def dead_zone_l1_gradient(theta: np.ndarray, width: float = 0.25) -> np.ndarray:
    """∂R/∂θ = sign θ where |θ| > width, 0 elsewhere; 0 at the kinks |θ| = width."""
    return np.sign(theta) * (beyond(theta, width) > 0)


def dead_zone_l1_proximal(theta: np.ndarray, strength: Any, width: float = 0.25) -> np.ndarray:
    """Soft threshold down to the width: sign θ · max(|θ| − λ, min(|θ|, width))."""
    beyond(theta, width)  # raises
    size = np.abs(theta)
    return np.sign(theta) * np.maximum(size - strength, np.minimum(size, width))
