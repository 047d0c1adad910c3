"""Measures of sparsity: how much of a set of numbers is held by how few of them.

They are diagnostics, larger where numbers are sparser, and not penalties: a penalty is minimised.
Six properties tell them apart. They speak of sizes c = |θ| ≥ 0; think of them as incomes.

- *Robin Hood*: taking from the rich and giving to the poor makes them less sparse.
- *scaling*: another unit changes nothing.
- *rising tide*: the same amount added to everyone makes them less sparse.
- *cloning*: everyone twice changes nothing.
- *Bill Gates*: one who is rich enough and becomes richer makes them sparser.
- *babies*: newcomers with nothing make them sparser.

Each row of the table names those its measure has; property tests hold it to that. The preprint's
abstract gives all six to the Gini index alone; by the tests the pq-mean has them too.

Source: Hurley & Rickard (2009), Comparing measures of sparsity, arXiv:0811.4706.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from microgrand.penalties import PENALTIES

PROPERTIES = ("Robin Hood", "scaling", "rising tide", "cloning", "Bill Gates", "babies")


@dataclass(frozen=True)
class Measure:
    """A row of the table: `value(numbers)` takes the sizes of the last axis and measures them."""

    name: str
    formula: str
    value: Callable[[np.ndarray], Any]
    properties: tuple[str, ...]


def sizes(numbers: np.ndarray) -> np.ndarray:
    """c = |numbers|, over the largest of them, so that powers neither overflow nor vanish.

    Where all are zero there is nothing to share out: these are NaN, and so is every measure made of
    them. −tanh and −log are sums of the numbers as they are, and say 0.
    """
    c = np.abs(np.asarray(numbers, np.float64))
    largest = c.max(axis=-1, keepdims=True)
    return np.divide(c, largest, out=np.full_like(c, np.nan), where=largest > 0)


def hoyer(numbers: np.ndarray) -> Any:
    """(√n − ℓ1/ℓ2)/(√n − 1): 0 where all sizes are equal, 1 where one number alone is not zero.

    Source: Hoyer (2004), Non-negative matrix factorization with sparseness constraints.

    Raises:
        ValueError: of a single number, which is as sparse as it is even.
    """
    count = np.shape(numbers)[-1]
    if count < 2:
        raise ValueError("Hoyer's measure needs two numbers or more")
    root = np.sqrt(count)
    return (root - 1 / l2_over_l1(numbers)) / (root - 1)


def l2_over_l1(numbers: np.ndarray) -> Any:
    """√Σc² / Σc: from 1/√n, all equal, to 1, one alone."""
    c = sizes(numbers)
    return np.sqrt(np.square(c).sum(axis=-1)) / c.sum(axis=-1)


def gini(numbers: np.ndarray) -> Any:
    """1 − 2 Σₖ (c₍ₖ₎/Σc) (n − k + ½)/n, with c₍₁₎ ≤ … ≤ c₍ₙ₎: 0, all equal, to 1 − 1/n, one alone.

    Twice the area between the Lorenz curve (the share of the total that the poorest x of all hold)
    and the diagonal. Source: Gini (1912), Variabilità e mutabilità.
    """
    c = np.sort(sizes(numbers), axis=-1)
    count = c.shape[-1]
    weights = (count - np.arange(1, count + 1) + 0.5) / count
    return 1 - 2 * (c * weights).sum(axis=-1) / c.sum(axis=-1)


def pq_mean(numbers: np.ndarray, p: float = 0.5, q: float = 2.0) -> Any:
    """−(mean cᵖ)^(1/p) / (mean c^q)^(1/q) for p ≤ 1 < q: from −1, all equal, towards 0.

    Raises:
        ValueError: for other exponents.
    """
    if not 0 < p <= 1 < q:
        raise ValueError(f"the pq-mean takes 0 < p ≤ 1 < q, not p={p}, q={q}")
    c = sizes(numbers)
    low, high = np.mean(c**p, axis=-1) ** (1 / p), np.mean(c**q, axis=-1) ** (1 / q)
    return -low / high


def minus_tanh(numbers: np.ndarray) -> Any:
    """−Σ tanh c: the larger, the more are near zero. The penalty Σ tanh|θ| with a minus."""
    return -PENALTIES["tanh_abs"].value(np.asarray(numbers, np.float64))


def minus_log(numbers: np.ndarray) -> Any:
    """−Σ log(1 + c²). The penalty of the same formula with a minus."""
    return -PENALTIES["log_square"].value(np.asarray(numbers, np.float64))


def kappa4(numbers: np.ndarray) -> Any:
    """κ₄ = Σc⁴ / (Σc²)²: from 1/n, all equal, to 1, one alone; kurtosis about zero, over n."""
    squares = np.square(sizes(numbers))
    return np.square(squares).sum(axis=-1) / np.square(squares.sum(axis=-1))


MEASURES: dict[str, Measure] = {
    measure.name: measure
    for measure in (
        Measure("Hoyer", "(√n − ℓ1/ℓ2)/(√n − 1)", hoyer,
                ("Robin Hood", "scaling", "rising tide", "Bill Gates", "babies")),
        Measure("Gini", "1 − 2Σ(c₍ₖ₎/Σc)(n − k + ½)/n", gini, PROPERTIES),
        Measure("ℓ2/ℓ1", "√Σc²/Σc", l2_over_l1,
                ("Robin Hood", "scaling", "rising tide", "Bill Gates")),
        Measure("pq-mean", "−(mean √c)²/√(mean c²)", pq_mean, PROPERTIES),
        Measure("−tanh", "−Σtanh c", minus_tanh, ("Robin Hood", "rising tide")),
        Measure("−log", "−Σlog(1 + c²)", minus_log, ("rising tide",)),
        Measure("κ4", "Σc⁴/(Σc²)²", kappa4, ("scaling", "rising tide", "Bill Gates")),
    )
}  # fmt: skip
