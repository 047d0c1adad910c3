"""The table of penalties: value, gradient, proximal step, formula, source.

A penalty R(θ) is added to the loss with a strength λ, and so λ · ∂R/∂θ is added to its gradient.
The *proximal step* is the other way of applying it: after a step of gradient descent on the loss
alone, move to the point that best trades the distance moved against the penalty,

    proximal(θ, λ) = argmin over z of ½‖z − θ‖² + λ R(z).

A subgradient step makes weights small; a proximal step of L1 makes them exactly zero.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import autograd.numpy as anp
import numpy as np

from microgrand.op import Array, Number, op


@dataclass(frozen=True)
class Penalty:
    """A row of the table.

    `value(θ, …)` sums over the last axis of θ (one value for each model of a stack); a penalty of a
    matrix takes the last two. `gradient(θ, …)` and `proximal(θ, strength, …)` are shaped like θ;
    `strength` may be an array that broadcasts against θ. `proximal` is None where the best point
    has no closed form.
    """

    name: str
    formula: str
    source: str
    value: Callable[..., Any]
    gradient: Callable[..., np.ndarray]
    proximal: Callable[..., np.ndarray] | None = None
    of_matrix: bool = False


def passed_through(gradient: Callable[..., Any], axes: tuple[int, ...]) -> Callable[..., Any]:
    """The rule autograd wants: the penalty's gradient, times the cotangent of its value."""

    @wraps(gradient)
    def rule(cotangent: Any, value: Any, theta: np.ndarray, *rest: Any) -> np.ndarray:
        return np.expand_dims(cotangent, axes) * gradient(theta, *rest)

    return rule


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
    return np.square(theta).sum(axis=-1) * theta.dtype.type(0.5)


def half_l2_gradient(theta: np.ndarray) -> np.ndarray:
    """∂R/∂θ = θ."""
    return theta.copy()


def half_l2_proximal(theta: np.ndarray, strength: Any) -> np.ndarray:
    """Shrinkage in proportion: θ / (1 + λ)."""
    return theta / (1 + strength)


# ------------------------------------------------------------------------------------------ L_pq


def lpq_definition(theta: Any, p: float, q: float) -> Any:
    """‖A‖ = (Σⱼ (Σᵢ |aᵢⱼ|ᵖ)^(q/p))^(1/q)."""
    columns = anp.sum(anp.abs(theta) ** p, axis=-2) ** (1 / p)
    return anp.sum(columns**q, axis=-1) ** (1 / q)


def lpq_forward(theta: np.ndarray, p: float, q: float) -> Any:
    """The L_pq norm of a matrix: the q-norm of the p-norms of its columns.

    ‖A‖ = (Σⱼ (Σᵢ |aᵢⱼ|ᵖ)^(q/p))^(1/q). With p = q = 2 it is the Frobenius norm √Σ aᵢⱼ²; with p = 2,
    q = 1 the sum of the columns' lengths, which silences whole columns (group lasso).

    Arguments:
        theta: A, shape (..., rows, columns).
        p, q: exponents, at least 1.

    Returns:
        The norm, shape (...).

    Raises:
        ValueError: if an exponent is below 1, where it is no norm.

    Source: Ding, Zhou, He & Zha (2006), R1-PCA, for q = 1; Yuan & Lin (2006) for the group lasso.
    """
    largest, _, total = lpq_parts(theta, p, q)
    return (largest * total)[..., 0, 0]


def lpq_parts(theta: np.ndarray, p: float, q: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The largest |a|, and the norms of the columns and of the whole over it.

    Powers of numbers up to 1 do not overflow, and the largest does not vanish.
    """
    if p < 1 or q < 1:
        raise ValueError(f"L_pq is a norm for exponents of 1 and more, not for p={p}, q={q}")
    largest = np.abs(theta).max(axis=(-2, -1), keepdims=True, initial=0)
    scaled = np.divide(theta, largest, out=np.zeros_like(theta), where=largest > 0)
    columns = np.linalg.norm(scaled, p, axis=-2, keepdims=True)
    return largest, columns, np.linalg.norm(columns, q, axis=-1, keepdims=True)


def lpq_gradient(theta: np.ndarray, p: float, q: float) -> np.ndarray:
    """∂‖A‖/∂aᵢⱼ = sign aᵢⱼ (|aᵢⱼ|/cⱼ)^(p−1) (cⱼ/‖A‖)^(q−1), with cⱼ the p-norm of column j.

    Both quotients lie in [0, 1]. At a kink (a zero column where q = 1, a zero entry where p = 1, a
    zero matrix) the chosen subgradient is 0.
    """
    largest, columns, total = lpq_parts(theta, p, q)
    lengths = largest * columns
    within = np.divide(np.abs(theta), lengths, out=np.zeros_like(theta), where=lengths > 0)
    across = np.divide(columns, total, out=np.zeros_like(columns), where=total > 0)
    return np.sign(theta) * within ** (p - 1) * across ** (q - 1)


def lpq_proximal(theta: np.ndarray, strength: Any, p: float, q: float) -> np.ndarray:
    """The proximal step for (p, q) = (1, 1), (2, 1) and (2, 2): soft threshold of what is summed.

    (1, 1) thresholds each entry, (2, 1) the length of each column, (2, 2) the length of the whole.

    Raises:
        ValueError: for other exponents, where the best point has no closed form.
    """
    if (p, q) == (1, 1):
        return l1_proximal(theta, strength)
    if (p, q) not in ((2, 1), (2, 2)):
        raise ValueError(f"L_pq has no closed proximal step for p={p}, q={q}; take 1,1 2,1 or 2,2")
    axis = -2 if q == 1 else (-2, -1)
    length = np.linalg.norm(theta, axis=axis, keepdims=True)
    kept = np.maximum(length - strength, 0)
    return theta * np.divide(kept, length, out=np.zeros_like(length), where=length > 0)


# ------------------------------------------------------------------------------------- the table

PENALTIES: dict[str, Penalty] = {
    row.name: row
    for row in (
        Penalty("none", "0", "", none_forward, none_gradient, none_proximal),
        Penalty("l1", "Σ|θ|", "Tibshirani 1996", l1_forward, l1_gradient, l1_proximal),
        Penalty("l2", "Σθ²", "Hoerl & Kennard 1970", l2_forward, l2_gradient, l2_proximal),
        Penalty(
            "half_l2",
            "½Σθ²",
            "Krogh & Hertz 1991",
            half_l2_forward,
            half_l2_gradient,
            half_l2_proximal,
        ),
        Penalty(
            "lpq",
            "(Σⱼ(Σᵢ|aᵢⱼ|ᵖ)^(q/p))^(1/q)",
            "Yuan & Lin 2006",
            lpq_forward,
            lpq_gradient,
            lpq_proximal,
            of_matrix=True,
        ),
    )
}

VECTOR: dict[str, Array | Number] = {"theta": Array("...", "size", kinks=(0.0,))}
MATRIX: dict[str, Array | Number] = {
    "theta": Array("...", "rows", "columns"),
    "p": Number(1, 4),
    "q": Number(1, 4),
}


def penalty_op(
    name: str,
    definition: Callable[..., Any],
    inputs: dict[str, Array | Number],
    axes: tuple[int, ...] = (-1,),
    smooth: bool = True,
) -> Callable[..., Any]:
    """Enter a row of the table into the registry of ops, to be proved like all others."""
    row = PENALTIES[name]
    gradients = {"theta": passed_through(row.gradient, axes)}
    return op(name, definition, row.value, gradients, inputs, smooth)


none = penalty_op("none", none_definition, VECTOR)
l1 = penalty_op("l1", l1_definition, VECTOR, smooth=False)
l2 = penalty_op("l2", l2_definition, VECTOR)
half_l2 = penalty_op("half_l2", half_l2_definition, VECTOR)
lpq = penalty_op("lpq", lpq_definition, MATRIX, axes=(-2, -1), smooth=False)
