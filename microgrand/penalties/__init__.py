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

from microgrand.op import Array, Domain, Number, op, registry
from microgrand.penalties import mask, matrix, published, sparsity, vector


@dataclass(frozen=True)
class Penalty:
    """A row of the table.

    `value(θ, …)` sums over the last axis of θ (one value for each model of a stack); a penalty of a
    matrix takes the last two. `gradient(θ, …)` and `proximal(θ, strength, …)` are shaped like θ;
    `strength` may be an array that broadcasts against θ. `proximal` is None where the table has
    no such step.
    """

    name: str
    formula: str
    source: str
    value: Callable[..., Any]
    gradient: Callable[..., np.ndarray]
    proximal: Callable[..., np.ndarray] | None = None
    of_matrix: bool = False

    @property
    def function(self) -> Callable[..., Any]:
        """The value as an op: a function of θ, with this gradient, that may stand in any loss."""
        return registry[self.name].function


PENALTIES: dict[str, Penalty] = {}
"""The table: every penalty by its name."""


def passed_through(gradient: Callable[..., Any], axes: tuple[int, ...]) -> Callable[..., Any]:
    """The rule autograd wants: the penalty's gradient, times the cotangent of its value."""

    @wraps(gradient)
    def rule(cotangent: Any, value: Any, theta: np.ndarray, *rest: Any) -> np.ndarray:
        return np.expand_dims(cotangent, axes) * gradient(theta, *rest)

    return rule


def enter(
    penalty: Penalty,
    definition: Callable[..., Any],
    inputs: dict[str, Domain],
    smooth: bool = True,
) -> None:
    """Enter a row into the table, and into the registry of ops, to be proved like all others.

    Arguments:
        penalty: the row, under a name of its own.
        definition: what its value means, in `autograd.numpy`.
        inputs: θ and all further arguments, and what each may be: `VECTOR` for θ alone.
        smooth: whether the definition is analytic, so that the complex step applies.

    Raises:
        ValueError: if the name is taken.
    """
    axes = (-2, -1) if penalty.of_matrix else (-1,)
    gradients = {"theta": passed_through(penalty.gradient, axes)}
    op(penalty.name, definition, penalty.value, gradients, inputs, smooth)
    PENALTIES[penalty.name] = penalty


def row(
    home: ModuleType,
    name: str,
    formula: str,
    source: str,
    inputs: dict[str, Domain],
    smooth: bool = True,
) -> None:
    """Enter a row whose functions stand in `home`, and are found there by their names.

    They are NAME_definition, NAME_forward, NAME_gradient and, if there is one, NAME_proximal.
    """
    there = vars(home)
    value, gradient = there[f"{name}_forward"], there[f"{name}_gradient"]
    proximal = there.get(f"{name}_proximal")
    penalty = Penalty(name, formula, source, value, gradient, proximal, of_matrix=home is matrix)
    enter(penalty, there[f"{name}_definition"], inputs, smooth)


# ------------------------------------------------------------------------------------- the table

VECTOR: dict[str, Domain] = {"theta": Array("...", "size", kinks=(0.0,))}
MATRIX: dict[str, Domain] = {"theta": Array("...", "rows", "columns")}
TIED: dict[str, Domain] = {"theta": Array("...", "rows", "columns", kinks=(0.0, 1.0, -1.0))}
MODERATE: dict[str, Domain] = {"theta": Array("...", "size", kinks=(0.0,), scales=(1e-3, 3.0))}
WIDTH: dict[str, Domain] = {"width": Number(0, 1)}
EPSILON: dict[str, Domain] = {"epsilon": Number(1e-7, 1e-2)}
PIT: dict[str, Domain] = {"epsilon": Number(1e-2, 1)}
EXPONENTS: dict[str, Domain] = {"p": Number(1, 4), "q": Number(1, 4)}

# fmt: off
row(vector, "none", "0", "", VECTOR)
row(vector, "l0", "Σ[θ ≠ 0]", "Natarajan 1995", VECTOR, smooth=False)
row(vector, "l1", "Σ|θ|", "Tibshirani 1996", VECTOR, smooth=False)
row(vector, "l2", "Σθ²", "Hoerl & Kennard 1970", VECTOR)
row(vector, "half_l2", "½Σθ²", "Krogh & Hertz 1991", VECTOR)
row(vector, "l3", "Σ|θ|³", "Frank & Friedman 1993", VECTOR, smooth=False)
row(vector, "l4", "Σθ⁴", "Frank & Friedman 1993", VECTOR)
row(vector, "dead_zone_l1", "Σmax(|θ| − width, 0)", "after Vapnik 1995", VECTOR | WIDTH,
    smooth=False)
row(matrix, "lpq", "(Σⱼ(Σᵢ|aᵢⱼ|ᵖ)^(q/p))^(1/q)", "Yuan & Lin 2006", MATRIX | EXPONENTS,
    smooth=False)
row(matrix, "group_l1", "Σⱼ√(Σᵢaᵢⱼ²)", "Yuan & Lin 2006", MATRIX)
row(matrix, "column_max_dead_zone", "Σⱼ(maxᵢ|aᵢⱼ| − width)", "Xiaoxiaoyu 2018", TIED | WIDTH,
    smooth=False)
row(published, "linear", "Σθ", "Seo 2019, case C", VECTOR)
row(published, "l1_smoothed", "Σ√(θ² + ε)", "Seo 2019, cases D and F as coded", VECTOR | EPSILON)
row(published, "l1_half_smoothed", "½Σ(|θ| + √(θ² + ε))", "Seo 2019, case B as coded",
    VECTOR | EPSILON, smooth=False)
row(published, "sign", "Σ√(θ²)/θ", "Seo 2019, case G", VECTOR, smooth=False)
row(published, "sign_as_coded", "−Σ∫ε|t|/((|t| + ε)(t² + ε))dt from 0 to θ",
    "Seo 2019, case G as coded", MODERATE | EPSILON, smooth=False)
row(sparsity, "tanh_signed", "Σtanh θ", "Seo 2019, minus case H", MODERATE)
row(sparsity, "tanh_abs", "Σtanh|θ|", "minus a measure of Hurley & Rickard 2009", MODERATE,
    smooth=False)
row(sparsity, "tanh_square", "Σtanh θ²", "minus a measure of Hurley & Rickard 2009", MODERATE)
row(sparsity, "log_square", "Σlog(1 + θ²)", "minus a measure of Hurley & Rickard 2009", VECTOR)
row(mask, "sine", "Σsin θ", "Seo 2019, case I of a mask", MODERATE)
row(mask, "sine_abs", "Σ|sin θ|", "Seo 2019, case J of a mask", MODERATE, smooth=False)
row(mask, "log_shifted", "Σ2log(|θ| + ε)", "Seo 2019, case K of a mask as coded", VECTOR | PIT,
    smooth=False)
row(mask, "negative_entropy", "Σθ log θ²", "Seo 2019, case L of a mask", VECTOR)
# fmt: on
