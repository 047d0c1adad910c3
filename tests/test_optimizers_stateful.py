"""Optimisers beside a plain reimplementation of their papers, through whatever may happen to them.

The machine steps, stands still, shouts, copies the memory, pickles it, reads the moment and changes
the weights between steps; after each of these both must stand at the same place.
"""

import copy
import pickle
from collections.abc import Callable
from dataclasses import dataclass, field
from math import sqrt
from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from microgrand.optimizers import SGD, Adadelta, AdamW, Momentum, RMSprop
from microgrand.penalties import PENALTIES
from microgrand.proximal import Proximal

SIZE = 3


@dataclass
class Plain:
    """One weight, in plain numbers: its paper's formula, and what the formula remembers."""

    formula: Callable[["Plain", float, dict[str, float]], float]
    theta: float
    t: int = 0
    memory: dict[str, float] = field(default_factory=dict)

    def step(self, slope: float, **settings: float) -> None:
        self.t += 1
        self.theta = self.formula(self, slope, settings)

    def average(self, name: str, value: float, share: float) -> float:
        """The running mean a ← share · a + (1 − share) · value."""
        self.memory[name] = share * self.memory.get(name, 0.0) + (1 - share) * value
        return self.memory[name]


def sgd(w: Plain, g: float, s: dict[str, float]) -> float:
    return w.theta - s["rate"] * g - s["rate"] * s["decay"] * w.theta


def momentum(w: Plain, g: float, s: dict[str, float]) -> float:
    """Polyak (1964)."""
    w.memory["m"] = s["beta"] * w.memory.get("m", 0.0) + g
    return w.theta - s["rate"] * w.memory["m"] - s["rate"] * s["decay"] * w.theta


def adam(w: Plain, g: float, s: dict[str, float]) -> float:
    """Kingma & Ba (2015), algorithm 1; with decay, Loshchilov & Hutter (2019), algorithm 2."""
    t = 1 if s["as_published"] else w.t
    m = w.average("m", g, s["beta1"]) / (1 - s["beta1"] ** t)
    v = w.average("v", g * g, s["beta2"]) / (1 - s["beta2"] ** t)
    step = s["rate"] * m / (sqrt(v) + s["epsilon"])
    return w.theta - step - s["rate"] * s["decay"] * w.theta


def rmsprop(w: Plain, g: float, s: dict[str, float]) -> float:
    """Tieleman & Hinton (2012), lecture 6.5."""
    return w.theta - s["rate"] * g / (sqrt(w.average("v", g * g, s["rho"])) + s["epsilon"])


def adadelta(w: Plain, g: float, s: dict[str, float]) -> float:
    """Zeiler (2012), algorithm 1."""
    of_gradient = w.average("g", g * g, s["rho"])
    step = sqrt(w.memory.get("step", 0.0) + s["epsilon"]) / sqrt(of_gradient + s["epsilon"]) * g
    w.average("step", step * step, s["rho"])
    return w.theta - s["rate"] * step


def lasso(w: Plain, g: float, s: dict[str, float]) -> float:
    """Daubechies, Defrise & De Mol (2004): a step, and a soft threshold."""
    z, threshold = w.theta - s["rate"] * g, s["rate"] * s["strength"]
    return max(z - threshold, 0.0) - max(-z - threshold, 0.0)


rates, shares, decays = st.floats(1e-3, 1), st.floats(0, 0.99), st.floats(0, 0.5)
epsilons = st.floats(1e-8, 1e-2)

#: How each optimiser is made from its settings, its formula, and what settings it has.
KINDS: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "SGD": (SGD, sgd, {"rate": rates, "decay": decays}),
    "Momentum": (Momentum, momentum, {"rate": rates, "beta": shares, "decay": decays}),
    "AdamW": (
        AdamW,
        adam,
        {
            "rate": rates,
            "beta1": shares,
            "beta2": shares,
            "epsilon": epsilons,
            "as_published": st.booleans(),
            "decay": decays,
        },
    ),
    "RMSprop": (RMSprop, rmsprop, {"rate": rates, "rho": shares, "epsilon": epsilons}),
    "Adadelta": (Adadelta, adadelta, {"rate": rates, "rho": shares, "epsilon": epsilons}),
    "Lasso": (
        lambda rate, strength: Proximal(SGD(rate), PENALTIES["l1"], strength),
        lasso,
        {"rate": rates, "strength": st.floats(0, 2)},
    ),
}
settings_of = {name: st.fixed_dictionaries(drawn) for name, (_, _, drawn) in KINDS.items()}
vectors = st.lists(st.floats(-3, 3).map(lambda x: round(x, 3)), min_size=SIZE, max_size=SIZE)


class Beside(RuleBasedStateMachine):
    """An optimiser on a vector, and `SIZE` plain weights."""

    optimizer: Any
    state: dict[str, Any]

    @initialize(kind=st.sampled_from(sorted(KINDS)), data=st.data(), start=vectors)
    def start(self, kind: str, data: st.DataObject, start: list[float]) -> None:
        make, formula, _ = KINDS[kind]
        self.settings = data.draw(settings_of[kind])
        self.optimizer = make(**self.settings)
        self.vector = np.array(start)
        self.state = self.optimizer.init(self.vector)
        self.plain = [Plain(formula, theta) for theta in start]

    @rule(slopes=vectors, loudness=st.sampled_from([0.0, 1e-3, 1.0, 1e3]))
    def step(self, slopes: list[float], loudness: float) -> None:
        gradient = loudness * np.array(slopes)
        kept = gradient.copy()
        self.optimizer.step(self.vector, gradient, self.state)
        np.testing.assert_array_equal(gradient, kept)
        for weight, slope in zip(self.plain, kept.tolist(), strict=True):
            weight.step(slope, **self.settings)

    @rule()
    def leave_and_come_back(self) -> None:
        """The memory survives a trip to another process."""
        self.optimizer, self.vector, self.state = pickle.loads(
            pickle.dumps((self.optimizer, self.vector, self.state))
        )

    @rule(slopes=vectors)
    def try_on_a_copy(self, slopes: list[float]) -> None:
        """A step on copies changes neither the weights nor the memory."""
        vector, state = copy.deepcopy((self.vector, self.state))
        self.optimizer.step(vector, np.array(slopes), state)

    @rule()
    def scribble_on_the_moment(self) -> None:
        moment = self.optimizer.moment(self.state)
        if moment is not None:
            moment[:] = np.nan

    @rule(where=vectors)
    def move_the_weights(self, where: list[float]) -> None:
        """Somebody else writes into the weights; the memory stays."""
        self.vector[:] = where
        for weight, theta in zip(self.plain, where, strict=True):
            weight.theta = theta

    @invariant()
    def both_stand_at_the_same_place(self) -> None:
        plain = [weight.theta for weight in self.plain]
        np.testing.assert_allclose(self.vector, plain, rtol=1e-8, atol=1e-9)


Beside.TestCase.settings = settings(stateful_step_count=20)
TestBeside = Beside.TestCase
