"""Penalties of a matrix: the norms L_pq, the one that silences columns, the columns' maxima."""

from typing import Any

import autograd.numpy as anp
import numpy as np

from microgrand.penalties.vector import l1_proximal

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
    _, total = lpq_norms(theta, p, q)
    return total.squeeze((-2, -1))


def lpq_norms(theta: np.ndarray, p: float, q: float) -> tuple[np.ndarray, np.ndarray]:
    """The p-norm of each column, and the q-norm of these."""
    if not (1 <= p < np.inf and 1 <= q < np.inf):
        raise ValueError(f"L_pq takes finite exponents of 1 and more, not p={p}, q={q}")
    columns = norm(theta, p, axis=-2)
    return columns, norm(columns, q, axis=-1)


def norm(x: np.ndarray, p: float, axis: int) -> np.ndarray:
    """‖x‖ₚ = t ‖x/t‖ₚ along an axis, with t the largest |x|: the powers of x/t do not overflow."""
    largest = np.abs(x).max(axis, keepdims=True, initial=0)
    return largest * np.linalg.norm(share(x, largest), p, axis, keepdims=True)


def share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """part/whole; where the whole is 0 so is every part, and its share."""
    return part / np.where(whole > 0, whole, 1)


def lpq_gradient(theta: np.ndarray, p: float, q: float) -> np.ndarray:
    """∂‖A‖/∂aᵢⱼ = sign aᵢⱼ (|aᵢⱼ|/cⱼ)^(p−1) (cⱼ/‖A‖)^(q−1), with cⱼ the p-norm of column j.

    Both quotients lie in [0, 1]. At a kink (a zero column where q = 1, a zero entry where p = 1, a
    zero matrix) the chosen subgradient is 0.
    """
    columns, total = lpq_norms(theta, p, q)
    within = share(np.abs(theta), columns)
    return np.sign(theta) * within ** (p - 1) * share(columns, total) ** (q - 1)


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
    columns, total = lpq_norms(theta, p, q)
    length = columns if q == 1 else total
    return theta * share(np.maximum(length - strength, 0), length)


# -------------------------------------------------------------------------------------- group L1


def group_l1_definition(theta: Any) -> Any:
    """R(A) = Σⱼ √(Σᵢ aᵢⱼ²)."""
    return anp.sum(anp.sqrt(anp.sum(theta**2, axis=-2)), axis=-1)


def group_l1_forward(theta: np.ndarray) -> Any:
    """The group lasso, R(A) = Σⱼ ‖column j‖: the sum of the columns' lengths, L_pq of (2, 1).

    A column holds the weights into one unit (or one channel: see `Proximal`), and lives or dies
    as a whole.

    Source: Yuan & Lin (2006), Model selection and estimation in regression with grouped variables.
    """
    return lpq_forward(theta, 2, 1)


def group_l1_gradient(theta: np.ndarray) -> np.ndarray:
    """∂R/∂aᵢⱼ = aᵢⱼ/‖column j‖: a pull along each column; 0 for a zero column, the kink."""
    return lpq_gradient(theta, 2, 1)


def group_l1_proximal(theta: np.ndarray, strength: Any) -> np.ndarray:
    """Soft threshold of each column's length: columns shorter than λ become zero."""
    return lpq_proximal(theta, strength, 2, 1)


# ---------------------------------------------------------------------------- column-max dead zone


def column_max_dead_zone_definition(theta: Any, width: float = 0.25) -> Any:
    """R(A) = Σⱼ (maxᵢ |aᵢⱼ| − width)."""
    return anp.sum(anp.max(anp.abs(theta), axis=-2) - width, axis=-1)


def column_max_dead_zone_forward(theta: np.ndarray, width: float = 0.25) -> Any:
    """The dead zone that none is, R(A) = Σⱼ (maxᵢ |aᵢⱼ| − width), over columns j.

    It comes of `max` along an axis where `maximum` with 0 was meant. Nothing keeps a column's share
    from being negative: R(0) = −width · columns. The width is a constant and pulls at nothing;
    what pulls is the sum of the columns' largest weights, the norm L_pq of p = ∞, q = 1.

    Arguments:
        theta: A, shape (..., rows, columns), with at least one row.
        width: what is taken off each column's maximum.

    Returns:
        R, shape (...).

    Raises:
        ValueError: if there are no rows.

    Source: Xiaoxiaoyu (2018), Weight distributions (zhuanlan.zhihu.com/p/41631717), its program.
    """
    return (np.abs(theta).max(axis=-2) - width).sum(axis=-1)


def column_max_dead_zone_gradient(theta: np.ndarray, width: float = 0.25) -> np.ndarray:
    """∂R/∂aᵢⱼ = sign aᵢⱼ/nⱼ where |aᵢⱼ| is its column's maximum, 0 elsewhere.

    nⱼ counts the entries that share the maximum: at such a tie, the kink, the pull of 1 is shared
    equally, as by TensorFlow, which ran the source's program. A zero column has the gradient 0.
    """
    size = np.abs(theta)
    largest = size == size.max(axis=-2, keepdims=True)
    return np.sign(theta) * largest / largest.sum(axis=-2, keepdims=True, dtype=theta.dtype)
