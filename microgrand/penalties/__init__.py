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
from types import ModuleType
from typing import Any

import numpy as np

from microgrand.op import Array, Number, op
from microgrand.penalties import mask, matrix, published, sparsity, vector

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


def row(home: ModuleType, name: str, formula: str, source: str) -> Penalty:
    """A row whose functions stand in `home`: NAME_forward, NAME_gradient, NAME_proximal."""
    value, gradient = getattr(home, f"{name}_forward"), getattr(home, f"{name}_gradient")
    proximal = getattr(home, f"{name}_proximal", None)
    return Penalty(name, formula, source, value, gradient, proximal, of_matrix=home is matrix)


PENALTIES: dict[str, Penalty] = {
    penalty.name: penalty
    for penalty in (
        row(vector, "none", "0", ""),
        row(vector, "l0", "Σ[θ ≠ 0]", "Natarajan 1995"),
        row(vector, "l1", "Σ|θ|", "Tibshirani 1996"),
        row(vector, "l2", "Σθ²", "Hoerl & Kennard 1970"),
        row(vector, "half_l2", "½Σθ²", "Krogh & Hertz 1991"),
        row(vector, "l3", "Σ|θ|³", "Frank & Friedman 1993"),
        row(vector, "l4", "Σθ⁴", "Frank & Friedman 1993"),
        row(vector, "dead_zone_l1", "Σmax(|θ| − width, 0)", "after Vapnik 1995"),
        row(matrix, "lpq", "(Σⱼ(Σᵢ|aᵢⱼ|ᵖ)^(q/p))^(1/q)", "Yuan & Lin 2006"),
        row(matrix, "group_l1", "Σⱼ√(Σᵢaᵢⱼ²)", "Yuan & Lin 2006"),
        row(matrix, "column_max_dead_zone", "Σⱼ(maxᵢ|aᵢⱼ| − width)", "Xiaoxiaoyu 2018"),
        row(published, "linear", "Σθ", "Seo 2019, case C"),
        row(published, "l1_smoothed", "Σ√(θ² + ε)", "Seo 2019, cases D and F as coded"),
        row(published, "l1_half_smoothed", "½Σ(|θ| + √(θ² + ε))", "Seo 2019, case B as coded"),
        row(published, "sign", "Σ√(θ²)/θ", "Seo 2019, case G"),
        row(
            published,
            "sign_as_coded",
            "−Σ∫ε|t|/((|t| + ε)(t² + ε))dt from 0 to θ",
            "Seo 2019, case G as coded",
        ),
        row(sparsity, "tanh_signed", "Σtanh θ", "Seo 2019, minus case H"),
        row(sparsity, "tanh_abs", "Σtanh|θ|", "minus a measure of Hurley & Rickard 2009"),
        row(sparsity, "tanh_square", "Σtanh θ²", "minus a measure of Hurley & Rickard 2009"),
        row(sparsity, "log_square", "Σlog(1 + θ²)", "minus a measure of Hurley & Rickard 2009"),
        row(mask, "sine", "Σsin θ", "Seo 2019, case I of a mask"),
        row(mask, "sine_abs", "Σ|sin θ|", "Seo 2019, case J of a mask"),
        row(mask, "log_shifted", "Σ2log(|θ| + ε)", "Seo 2019, case K of a mask as coded"),
        row(mask, "negative_entropy", "Σθ log θ²", "Seo 2019, case L of a mask"),
    )
}

VECTOR: dict[str, Domain] = {"theta": Array("...", "size", kinks=(0.0,))}
MATRIX: dict[str, Domain] = {"theta": Array("...", "rows", "columns")}
TIED: dict[str, Domain] = {"theta": Array("...", "rows", "columns", kinks=(0.0, 1.0, -1.0))}
MODERATE: dict[str, Domain] = {"theta": Array("...", "size", kinks=(0.0,), scales=(1e-3, 3.0))}
WIDTH: dict[str, Domain] = {"width": Number(0, 1)}
EPSILON: dict[str, Domain] = {"epsilon": Number(1e-7, 1e-2)}
PIT: dict[str, Domain] = {"epsilon": Number(1e-2, 1)}
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
linear = penalty_op("linear", published.linear_definition, VECTOR)
l1_smoothed = penalty_op("l1_smoothed", published.l1_smoothed_definition, VECTOR | EPSILON)
l1_half_smoothed = penalty_op(
    "l1_half_smoothed", published.l1_half_smoothed_definition, VECTOR | EPSILON, smooth=False
)
sign = penalty_op("sign", published.sign_definition, VECTOR, smooth=False)
sign_as_coded = penalty_op(
    "sign_as_coded", published.sign_as_coded_definition, MODERATE | EPSILON, smooth=False
)
tanh_signed = penalty_op("tanh_signed", sparsity.tanh_signed_definition, MODERATE)
tanh_abs = penalty_op("tanh_abs", sparsity.tanh_abs_definition, MODERATE, smooth=False)
tanh_square = penalty_op("tanh_square", sparsity.tanh_square_definition, MODERATE)
log_square = penalty_op("log_square", sparsity.log_square_definition, VECTOR)
sine = penalty_op("sine", mask.sine_definition, MODERATE)
sine_abs = penalty_op("sine_abs", mask.sine_abs_definition, MODERATE, smooth=False)
log_shifted = penalty_op("log_shifted", mask.log_shifted_definition, VECTOR | PIT, smooth=False)
negative_entropy = penalty_op("negative_entropy", mask.negative_entropy_definition, VECTOR)
