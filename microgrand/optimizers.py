"""Optimisers: how a gradient becomes a step.

An optimiser is a frozen dataclass of its settings. `init` returns its memory, a dictionary of
arrays and counts, and of the memory of an optimiser that it wraps; `step` moves the vector of
weights *in place*, in a handful of NumPy calls, and keeps the memory up to date. Rates and decays
may be arrays that broadcast against the vector: a column (models, 1) gives each model of a stack
its own.

**Coupled decay** is the penalty ½λ‖θ‖² in the loss: its gradient λθ enters whatever the optimiser
makes of gradients (see `train`). **Decoupled decay** shrinks the weights beside the step, past the
optimiser: `AdamW`, or `decay` of `SGD` and `Momentum`, where both come to the same for SGD alone.
[`Proximal`][microgrand.proximal.Proximal] puts the proximal step of any penalty behind any of them.
"""

import math
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

State = dict[str, Any]
Setting = float | np.ndarray


class Optimizer(Protocol):
    """What `train` asks of an optimiser, and `Proximal` of the one it wraps."""

    @property
    def rate(self) -> Setting:
        """The learning rate."""

    def init(self, vector: np.ndarray) -> State:
        """The memory before the first step."""

    def moment(self, state: State) -> np.ndarray | None:
        """What is kept of past gradients, as a copy; None where nothing is.

        Adam keeps their running mean. Momentum keeps a running sum, 1/(1 − β) times as large.
        """

    def step(self, vector: np.ndarray, gradient: np.ndarray, state: State) -> None:
        """Move `vector` by one step, in place; `gradient` is left as it was."""


def check(optimizer: Any, *, above_0: str = "", from_0: str = "", below_1: str = "") -> None:
    """Refuse settings that are out of bounds. NaN and ∞ are out of all bounds.

    Arguments:
        optimizer: whose settings.
        above_0, from_0: the names, in one string, of those that must be above 0, or not below it.
        below_1: of those that must lie between 0 and 1 and not be 1.

    Raises:
        ValueError: if one does not.
    """
    for names, bounds, within in (
        (above_0, "must be above 0 and finite", lambda value: value > 0),
        (from_0, "must be finite and not negative", lambda value: value >= 0),
        (below_1, "must be at least 0 and below 1", lambda value: (value >= 0) & (value < 1)),
    ):
        for name in names.split():
            value = getattr(optimizer, name)
            if not np.all(within(np.asarray(value)) & np.isfinite(value)):
                raise ValueError(f"{type(optimizer).__name__}: {name} {bounds}, not {value}")


def decay_weights(vector: np.ndarray, rate: Setting, decay: Setting) -> None:
    """Decoupled decay: θ ← θ − rate · decay · θ. Source: Loshchilov & Hutter (2019)."""
    if np.any(decay):
        vector *= np.asarray(1 - rate * decay, vector.dtype)


@dataclass(frozen=True)
class SGD:
    """Gradient descent, θ ← θ − rate · g, with decoupled decay (for SGD the same as coupled).

    Raises:
        ValueError: if a rate or a decay is negative.
    """

    rate: Setting = 1e-2
    decay: Setting = 0.0

    def __post_init__(self) -> None:
        check(self, from_0="rate decay")

    def init(self, vector: np.ndarray) -> State:
        return {}

    def moment(self, state: State) -> None:
        return None

    def step(self, vector: np.ndarray, gradient: np.ndarray, state: State) -> None:
        decay_weights(vector, self.rate, self.decay)
        vector -= np.asarray(self.rate, vector.dtype) * gradient


@dataclass(frozen=True)
class Momentum:
    """Gradient descent with a memory: m ← βm + g, θ ← θ − rate · m.

    Source: Polyak (1964), Some methods of speeding up the convergence of iteration methods.

    Raises:
        ValueError: if a rate or a decay is negative, or β not in [0, 1).
    """

    rate: Setting = 1e-2
    beta: float = 0.9
    decay: Setting = 0.0

    def __post_init__(self) -> None:
        check(self, from_0="rate decay", below_1="beta")

    def init(self, vector: np.ndarray) -> State:
        return {"sum": np.zeros_like(vector)}

    def moment(self, state: State) -> np.ndarray:
        """m, as a copy."""
        return state["sum"].copy()

    def step(self, vector: np.ndarray, gradient: np.ndarray, state: State) -> None:
        moment = state["sum"]
        moment *= self.beta
        moment += gradient
        decay_weights(vector, self.rate, self.decay)
        vector -= np.asarray(self.rate, vector.dtype) * moment


@dataclass(frozen=True)
class Adam:
    """Adam: the gradient's running mean over the root of its running square.

        m ← β₁m + (1 − β₁)g        v ← β₂v + (1 − β₂)g²
        θ ← θ − rate · m/(1 − β₁ᵗ) / (√(v/(1 − β₂ᵗ)) + ε)

    What is kept are the sums m/(1 − β₁) and v/(1 − β₂), and the step takes all constant factors at
    once: ten sweeps over the weights instead of fourteen, and sweeps are what a step costs.

    A step's size does not depend on the gradient's scale. That is why a coupled penalty
    behaves oddly inside: its gradient is divided by the same root.

    `as_published` freezes the bias correction at its first step, m/(1 − β₁) and v/(1 − β₂) with no
    power of t, as the code of the article on penalties does. The first step is Adam's. Later both
    means need less correction and still get it all: the step ends up √(1 − β₂)/(1 − β₁) times
    Adam's, 0.316 for the usual β (2.1 times at t = 12, 0.40 at t = 1000).

    Source: Kingma & Ba (2015), Adam: a method for stochastic optimization, algorithm 1.

    Raises:
        ValueError: if a rate, by which it divides, or ε is not above 0, or a β not in [0, 1).
    """

    rate: Setting = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    as_published: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        check(self, above_0="rate epsilon", below_1="beta1 beta2")

    def init(self, vector: np.ndarray) -> State:
        return {"sum": np.zeros_like(vector), "square": np.zeros_like(vector), "steps": 0}

    def moment(self, state: State) -> np.ndarray:
        """m, the first moment, as a copy."""
        return (1 - self.beta1) * state["sum"]

    def step(self, vector: np.ndarray, gradient: np.ndarray, state: State) -> None:
        state["steps"] += 1
        running_sum, square = state["sum"], state["square"]
        running_sum *= self.beta1
        running_sum += gradient
        step = gradient * gradient
        square *= self.beta2
        square += step
        t = 1 if self.as_published else state["steps"]
        rate = self.rate * (1 - self.beta1) / (1 - self.beta1**t)
        root = math.sqrt((1 - self.beta2) / (1 - self.beta2**t))
        np.sqrt(square, out=step)
        step *= root / rate
        step += self.epsilon / rate
        np.divide(running_sum, step, out=step)
        vector -= step


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with decoupled decay: θ ← θ − rate · decay · θ beside Adam's own step.

    As in PyTorch, the decay is multiplied by the rate; the paper multiplies it by a schedule only.

    Source: Loshchilov & Hutter (2019), Decoupled weight decay regularization, algorithm 2.

    Raises:
        ValueError: as Adam does, or if a decay is negative.
    """

    decay: Setting = 1e-2

    def __post_init__(self) -> None:
        super().__post_init__()
        check(self, from_0="decay")

    def step(self, vector: np.ndarray, gradient: np.ndarray, state: State) -> None:
        decay_weights(vector, self.rate, self.decay)
        super().step(vector, gradient, state)


@dataclass(frozen=True)
class RMSprop:
    """The gradient over the root of its running mean square; Adam without the memory of m.

        v ← ρv + (1 − ρ)g²        θ ← θ − rate · g/(√v + ε)

    Defaults as in Keras 2. v starts at 0 and is not corrected: first steps are up to 1/√(1 − ρ)
    times the rate.

    Source: Tieleman & Hinton (2012), Neural networks for machine learning, lecture 6.5.

    Raises:
        ValueError: if a rate is negative, ρ not in [0, 1), or ε, which keeps 0/0 away, not above 0.
    """

    rate: Setting = 1e-3
    rho: float = 0.9
    epsilon: float = 1e-7

    def __post_init__(self) -> None:
        check(self, above_0="epsilon", from_0="rate", below_1="rho")

    def init(self, vector: np.ndarray) -> State:
        return {"square": np.zeros_like(vector)}

    def moment(self, state: State) -> None:
        return None

    def step(self, vector: np.ndarray, gradient: np.ndarray, state: State) -> None:
        square = state["square"]
        step = gradient * gradient
        step *= 1 - self.rho
        square *= self.rho
        square += step
        np.sqrt(square, out=step)
        step += self.epsilon
        np.divide(gradient, step, out=step)
        step *= np.asarray(self.rate, vector.dtype)
        vector -= step


@dataclass(frozen=True)
class Adadelta:
    """Steps as large as recent steps were: the gradient's scale cancels, and no rate is needed.

        a ← ρa + (1 − ρ)g²        Δ = √(d + ε)/√(a + ε) · g
        d ← ρd + (1 − ρ)Δ²        θ ← θ − rate · Δ

    ε starts it: with d = 0 the first step has a size of up to √(ε/(1 − ρ)), here 0.0014; a gradient
    far below that makes a step of about its own size. Defaults as in Keras 2 (rate 1, which is the
    paper's algorithm; the paper's ε is 1e-6; tf.keras took a rate of 0.001, and hardly moves).

    Source: Zeiler (2012), ADADELTA: an adaptive learning rate method, algorithm 1.

    Raises:
        ValueError: if a rate is negative, ρ not in [0, 1), or ε, from which it starts, not above 0.
    """

    rate: Setting = 1.0
    rho: float = 0.95
    epsilon: float = 1e-7

    def __post_init__(self) -> None:
        check(self, above_0="epsilon", from_0="rate", below_1="rho")

    def init(self, vector: np.ndarray) -> State:
        return {"square": np.zeros_like(vector), "steps squared": np.zeros_like(vector)}

    def moment(self, state: State) -> None:
        return None

    def step(self, vector: np.ndarray, gradient: np.ndarray, state: State) -> None:
        # What is kept are the sums a/(1 − ρ) and d/(1 − ρ), as in Adam: fewer sweeps.
        square, steps_squared = state["square"], state["steps squared"]
        epsilon = self.epsilon / (1 - self.rho)
        scratch = gradient * gradient
        square *= self.rho
        square += scratch
        np.add(square, epsilon, out=scratch)
        step = steps_squared + epsilon
        step /= scratch
        np.sqrt(step, out=step)
        step *= gradient
        np.multiply(step, step, out=scratch)
        steps_squared *= self.rho
        steps_squared += scratch
        step *= np.asarray(self.rate, vector.dtype)
        vector -= step
