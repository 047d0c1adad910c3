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

import numpy as np

from microgrand.op import Array, Number, op
from microgrand.penalties import matrix, vector

Domain = Array | Number


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


# ------------------------------------------------------------------------------------- the table

PENALTIES: dict[str, Penalty] = {
    row.name: row
    for row in (
        Penalty(
            "none",
            "0",
            "",
            vector.none_forward,
            vector.none_gradient,
            vector.none_proximal,
        ),
        Penalty(
            "l0",
            "Σ[θ ≠ 0]",
            "Natarajan 1995",
            vector.l0_forward,
            vector.l0_gradient,
            vector.l0_proximal,
        ),
        Penalty(
            "l1",
            "Σ|θ|",
            "Tibshirani 1996",
            vector.l1_forward,
            vector.l1_gradient,
            vector.l1_proximal,
        ),
        Penalty(
            "l2",
            "Σθ²",
            "Hoerl & Kennard 1970",
            vector.l2_forward,
            vector.l2_gradient,
            vector.l2_proximal,
        ),
        Penalty(
            "half_l2",
            "½Σθ²",
            "Krogh & Hertz 1991",
            vector.half_l2_forward,
            vector.half_l2_gradient,
            vector.half_l2_proximal,
        ),
        Penalty(
            "l3",
            "Σ|θ|³",
            "Frank & Friedman 1993",
            vector.l3_forward,
            vector.l3_gradient,
            vector.l3_proximal,
        ),
        Penalty(
            "l4",
            "Σθ⁴",
            "Frank & Friedman 1993",
            vector.l4_forward,
            vector.l4_gradient,
            vector.l4_proximal,
        ),
        Penalty(
            "dead_zone_l1",
            "Σmax(|θ| − width, 0)",
            "after Vapnik 1995",
            vector.dead_zone_l1_forward,
            vector.dead_zone_l1_gradient,
            vector.dead_zone_l1_proximal,
        ),
        Penalty(
            "lpq",
            "(Σⱼ(Σᵢ|aᵢⱼ|ᵖ)^(q/p))^(1/q)",
            "Yuan & Lin 2006",
            matrix.lpq_forward,
            matrix.lpq_gradient,
            matrix.lpq_proximal,
            of_matrix=True,
        ),
        Penalty(
            "group_l1",
            "Σⱼ√(Σᵢaᵢⱼ²)",
            "Yuan & Lin 2006",
            matrix.group_l1_forward,
            matrix.group_l1_gradient,
            matrix.group_l1_proximal,
            of_matrix=True,
        ),
        Penalty(
            "column_max_dead_zone",
            "Σⱼ(maxᵢ|aᵢⱼ| − width)",
            "Xiaoxiaoyu 2018",
            matrix.column_max_dead_zone_forward,
            matrix.column_max_dead_zone_gradient,
            of_matrix=True,
        ),
    )
}

VECTOR: dict[str, Domain] = {"theta": Array("...", "size", kinks=(0.0,))}
MATRIX: dict[str, Domain] = {"theta": Array("...", "rows", "columns")}
TIED: dict[str, Domain] = {"theta": Array("...", "rows", "columns", kinks=(0.0, 1.0, -1.0))}
WIDTH: dict[str, Domain] = {"width": Number(0, 1)}
EXPONENTS: dict[str, Domain] = {"p": Number(1, 4), "q": Number(1, 4)}


def penalty_op(
    name: str,
    definition: Callable[..., Any],
    inputs: dict[str, Domain],
    smooth: bool = True,
) -> Callable[..., Any]:
    """Enter a row of the table into the registry of ops, to be proved like all others."""
    row = PENALTIES[name]
    axes = (-2, -1) if row.of_matrix else (-1,)
    gradients = {"theta": passed_through(row.gradient, axes)}
    return op(name, definition, row.value, gradients, inputs, smooth)


none = penalty_op("none", vector.none_definition, VECTOR)
l0 = penalty_op("l0", vector.l0_definition, VECTOR, smooth=False)
l1 = penalty_op("l1", vector.l1_definition, VECTOR, smooth=False)
l2 = penalty_op("l2", vector.l2_definition, VECTOR)
half_l2 = penalty_op("half_l2", vector.half_l2_definition, VECTOR)
l3 = penalty_op("l3", vector.l3_definition, VECTOR, smooth=False)
l4 = penalty_op("l4", vector.l4_definition, VECTOR)
dead_zone_l1 = penalty_op(
    "dead_zone_l1", vector.dead_zone_l1_definition, VECTOR | WIDTH, smooth=False
)
lpq = penalty_op("lpq", matrix.lpq_definition, MATRIX | EXPONENTS, smooth=False)
group_l1 = penalty_op("group_l1", matrix.group_l1_definition, MATRIX)
column_max_dead_zone = penalty_op(
    "column_max_dead_zone", matrix.column_max_dead_zone_definition, TIED | WIDTH, smooth=False
)
