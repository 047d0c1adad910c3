"""Proximal steps behind an optimiser: how a penalty makes weights exactly zero, or bounds them."""

from collections.abc import Sequence
from dataclasses import dataclass
from inspect import signature
from typing import Any

import numpy as np

from microgrand.optimizers import Optimizer, Setting, State
from microgrand.penalties import Penalty
from microgrand.tape import Parameters, Shape


@dataclass(frozen=True)
class Behind:
    """What comes behind an optimiser: its rate and its memory are the optimiser's."""

    optimizer: Optimizer

    @property
    def rate(self) -> Setting:
        return self.optimizer.rate

    def init(self, vector: np.ndarray) -> State:
        return self.optimizer.init(vector)

    def moment(self, state: State) -> np.ndarray | None:
        return self.optimizer.moment(state)


@dataclass(frozen=True)
class Proximal(Behind):
    """A step of `optimizer` on the loss alone, then the penalty's proximal step.

        θ ← proximal(step(θ), rate · strength)

    For L1 that is the soft threshold of rate · strength, and it makes true zeros. Behind SGD,
    with a small rate, it descends on loss + strength · penalty. Adaptive optimisers give each
    weight a rate of its own, and the threshold does not follow: the penalty acts beside them, as
    AdamW's decay does.

    Arguments:
        optimizer: any; one that is proximal itself adds a second penalty.
        penalty: a row of the table that has a proximal step; one with exponents has to be given
            them first, `replace(row, proximal=partial(row.proximal, p=2, q=1))`.
        strength: λ, a number, a column (models, 1), or 0 where nothing shall be pulled:
            `1e-4 * parameters.only("kernel")`.
        shapes: `parameters.shapes`, for a penalty of matrices alone: it acts on every kernel, whose
            last axis are the columns (in a convolution an output channel), and strength is not an
            array over the weights.

    Raises:
        ValueError: if the penalty has no proximal step or one that lacks its exponents, a strength
            is negative, or for a penalty of matrices it is an array over the weights or shapes
            are missing.

    Source: Parikh & Boyd (2014), Proximal algorithms, section 4.2.
    """

    penalty: Penalty
    strength: Setting
    shapes: Sequence[dict[str, Shape]] = ()

    def __post_init__(self) -> None:
        if self.penalty.proximal is None:
            raise ValueError(f"{self.penalty.name} has no proximal step in the table")
        _, _, *further = signature(self.penalty.proximal).parameters.values()
        if open_ := [each.name for each in further if each.default is each.empty]:
            raise ValueError(f"{self.penalty.name} has no proximal step before {open_} are given")
        if not np.all(np.asarray(self.strength) >= 0):
            raise ValueError(f"a strength must not be negative, as {self.strength} is")
        if self.penalty.of_matrix and not self.shapes:
            raise ValueError(f"{self.penalty.name} is a penalty of a matrix: it needs the shapes")
        if self.penalty.of_matrix and np.shape(self.strength)[-1:] not in ((), (1,)):
            raise ValueError(f"{self.penalty.name} takes one strength for a matrix, not many")

    def step(self, vector: np.ndarray, gradient: np.ndarray, state: State) -> None:
        self.optimizer.step(vector, gradient, state)
        proximal: Any = self.penalty.proximal
        threshold = np.asarray(self.rate * self.strength, vector.dtype)
        if not self.penalty.of_matrix:
            vector[...] = proximal(vector, threshold)
            return
        threshold = threshold[..., None] if threshold.ndim else threshold
        for layer in Parameters(vector, self.shapes).weights:
            if "kernel" in layer:
                kernel = layer["kernel"]
                columns = kernel.reshape(*vector.shape[:-1], -1, kernel.shape[-1])
                kernel[...] = proximal(columns, threshold).reshape(kernel.shape)


@dataclass(frozen=True)
class Projected(Behind):
    """A step of `optimizer`, then back to the nearest point between `low` and `high`.

        θ ← clip(step(θ), low, high)

    This is the proximal step of a wall: no penalty inside, an infinite one outside.

    Arguments:
        optimizer: any.
        low, high: bounds, numbers or arrays over the weights; −∞ and ∞ where there shall be none.

    Raises:
        ValueError: if a lower bound lies above the upper one.

    Source: Parikh & Boyd (2014), Proximal algorithms, section 1.2.
    """

    low: Setting
    high: Setting

    def __post_init__(self) -> None:
        if not np.all(np.asarray(self.low) <= self.high):
            raise ValueError("a lower bound must not lie above the upper one")

    def step(self, vector: np.ndarray, gradient: np.ndarray, state: State) -> None:
        self.optimizer.step(vector, gradient, state)
        bounds = (np.asarray(bound, vector.dtype) for bound in (self.low, self.high))
        np.clip(vector, *bounds, out=vector)
