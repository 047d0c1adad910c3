"""Noise around an optimiser: gradients and steps that are samples instead of numbers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from microgrand.ops.noise import check_spread
from microgrand.optimizers import Optimizer, Setting, State

Level = Setting | Callable[[int], Setting]
"""A standard deviation, or a function from the number of steps done so far to one."""


@dataclass(frozen=True)
class Annealed:
    """A noise that fades: σ² = η/(1 + t)^γ after t steps.

    Source: Neelakantan et al. (2015), Adding gradient noise improves learning for very deep
    networks, arXiv:1511.06807, equation 2; there η is 0.01, 0.3 or 1.0 and γ is 0.55.

    Raises:
        ValueError: if η is negative.
    """

    eta: float = 0.01
    gamma: float = 0.55

    def __post_init__(self) -> None:
        check_spread(self.eta, "variance")

    def __call__(self, steps: int) -> float:
        return float(np.sqrt(self.eta / (1 + steps) ** self.gamma))


@dataclass(frozen=True)
class Noisy:
    """An optimiser that samples its gradient, its step, or both, each from a normal distribution.

        g ~ N(gradient, gradient_std²)        θ ← θ + Δ,  Δ ~ N(step(g), step_std²)

    What the optimiser makes of the sampled gradient is its own affair, and not small: Adam divides
    by the gradient's size. Where there is nothing but noise, it makes a step of its full rate of
    it, however small the noise, down to Adam's ε.

    Arguments:
        optimizer: any; one that is noisy itself adds a second noise.
        generator: draws the noise, and nothing else should draw from it.
        step_std: σ of the step, in units of the weights; a number, an array over the weights, or a
            function of the number of steps done, such as `Annealed`.
        gradient_std: σ of the gradient, in units of the gradient; likewise.

    Raises:
        ValueError: if a standard deviation is negative.

    Source: Seo (2019), Two weird ways to regularize your neural network: its case C samples the
    step, its case D both.
    """

    optimizer: Optimizer
    generator: np.random.Generator
    step_std: Level = 0.0
    gradient_std: Level = 0.0

    def __post_init__(self) -> None:
        for std in (self.step_std, self.gradient_std):
            if not callable(std):
                check_spread(std)

    @property
    def rate(self) -> Setting:
        return self.optimizer.rate

    def init(self, vector: np.ndarray) -> State:
        return {"steps": 0, "optimizer": self.optimizer.init(vector)}

    def moment(self, state: State) -> np.ndarray | None:
        return self.optimizer.moment(state["optimizer"])

    def step(self, vector: np.ndarray, gradient: np.ndarray, state: State) -> None:
        gradient = self.sampled(gradient, self.gradient_std, state["steps"])
        self.optimizer.step(vector, gradient, state["optimizer"])
        vector[...] = self.sampled(vector, self.step_std, state["steps"])
        state["steps"] += 1

    def sampled(self, mean: np.ndarray, level: Level, steps: int) -> np.ndarray:
        """A sample of N(mean, σ²). Where σ is 0 it is the mean, and nothing is drawn."""
        std = np.asarray(level(steps) if callable(level) else level, mean.dtype)
        if not std.any():
            return mean
        places: Any = ...
        if std.ndim:
            std = np.broadcast_to(std, mean.shape)
            places = std > 0
        sample = mean.copy()
        noise = self.generator.standard_normal(sample[places].shape, dtype=np.float32)
        sample[places] += std[places] * noise
        return sample
