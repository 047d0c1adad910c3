"""The laboratory: a network learns a curve, and its settings may change at any batch.

In the book this program runs in the reader's browser. In a terminal it prints the losses:

    python docs/laboratory.py                                    until it is stopped
    python docs/laboratory.py "penalty=l1&strength=0.001" 50     settings as in the page's address,
                                                                 and how many epochs
"""

import contextlib
import json
import math
import sys
from collections.abc import Iterator
from dataclasses import Field, asdict, dataclass, field, fields
from typing import Any
from urllib.parse import parse_qs, urlencode

import numpy as np

from microgrand.data.curve import Curve, make_curve
from microgrand.layers import Dense, Dropout, GaussianNoise, LeakyReLU, Sequential
from microgrand.noise import Noisy
from microgrand.ops import mean_squared_error
from microgrand.optimizers import Adam, Optimizer
from microgrand.penalties import PENALTIES
from microgrand.proximal import Proximal
from microgrand.signals import summarise
from microgrand.tape import value_and_grad

POINTS, BATCH = 1000, 64  # 700 to train on, 11 batches an epoch: a fraction of a second
GRID = np.linspace(0, 4 * np.pi, 160, dtype=np.float32)
BINS, REACH = 50, 0.5  # of the histogram of weights
SHOWN = 400  # points of the curve of losses

PENALTY = {"none": "none"} | {
    name: f"{words}: {PENALTIES[name].formula}"
    for name, words in {
        "half_l2": "weight decay",
        "l1": "L1",
        "l4": "L4",
        "dead_zone_l1": "L1 with a dead zone",
        "l0": "L0",
    }.items()
}
APPLIED = {"loss": "its gradient joins the loss's", "proximal": "a proximal step after Adam's"}
NOISE = {
    "none": "none",
    "inputs": "the inputs x",
    "gradients": "the gradients",
    "steps": "the steps",
}


def choice(default: str, label: str, options: dict[str, str]) -> Any:
    """A setting that is one of a few words."""
    return field(default=default, metadata={"label": label, "options": options})


def number(default: float, label: str, low: float, high: float, scale: str = "log") -> Any:
    """A setting from `low` to `high`: its slider moves it evenly on that scale, or by ones."""
    return field(
        default=default, metadata={"label": label, "low": low, "high": high, "scale": scale}
    )


@dataclass(frozen=True)
class Settings:
    """What the reader can change, and within which limits."""

    penalty: str = choice("none", "penalty", PENALTY)
    applied: str = choice("loss", "applied as", APPLIED)
    strength: float = number(1e-3, "strength λ", 1e-6, 1)
    dropout: float = number(0.0, "dropout p", 0, 0.95, scale="linear")
    noise: str = choice("none", "noise on", NOISE)
    std: float = number(1e-2, "its σ", 1e-5, 1)
    rate: float = number(1e-3, "learning rate", 1e-5, 1e-1)
    curve: int = number(227, "curve (seed)", 0, 9999, scale="ones")

    def query(self) -> str:
        """All settings as they stand in the page's address."""
        return urlencode(asdict(self))

    @classmethod
    def from_query(cls, query: str) -> "Settings":
        """Settings from an address. What is unknown or out of range is passed over."""
        asked = parse_qs(query)
        known = {
            item.name: understood(item, asked[item.name][-1])
            for item in fields(cls)
            if item.name in asked
        }
        return cls(**{name: value for name, value in known.items() if value is not None})


def understood(item: Field[Any], text: str) -> Any:
    """The value that a text stands for, or None if it is not one that the setting may have."""
    if "options" in item.metadata:
        return text if text in item.metadata["options"] else None
    try:
        value = int(text) if item.metadata["scale"] == "ones" else float(text)
    except ValueError:
        return None
    return value if item.metadata["low"] <= value <= item.metadata["high"] else None


def network(settings: Settings) -> Sequential:
    """That of the lesson on curve fitting; its inputs may be noisy."""
    noise = GaussianNoise(settings.std if settings.noise == "inputs" else 0.0)
    hidden = (Dense(64), Dropout(settings.dropout), LeakyReLU(0.03))
    return Sequential((noise, Dense(64), *hidden, *hidden, *hidden, Dense(1)))


def optimizer(settings: Settings, generator: np.random.Generator) -> Optimizer:
    """Adam; its gradients or its steps may be noisy, a penalty's proximal step may follow."""
    std = {settings.noise: settings.std}
    adam = Noisy(
        Adam(settings.rate),
        generator,
        step_std=std.get("steps", 0.0),
        gradient_std=std.get("gradients", 0.0),
    )
    if settings.applied == "proximal":
        return Proximal(adam, PENALTIES[settings.penalty], settings.strength)
    return adam


class Laboratory:
    """A network in training.

    `step` learns from one batch, by the settings as they are then: the network and the optimiser
    are put together anew for each, around the same weights and the same memory. `change` may be
    called between any two steps.
    """

    def __init__(self, query: str = "", seed: int = 0) -> None:
        self.seed = seed
        self.settings = Settings.from_query(query)
        self.restart()

    def restart(self) -> None:
        """Begin anew, with the settings as they are."""
        for_data, for_weights, self.for_batches, self.for_noise = (
            np.random.default_rng([self.seed, stream]) for stream in range(4)
        )
        curve = Curve.draw(self.settings.curve)
        self.data = make_curve(curve, for_data, POINTS)
        self.parameters = network(self.settings).init((1,), for_weights)
        self.state = optimizer(self.settings, self.for_noise).init(self.parameters.vector)
        self.epoch, self.total = 0, 0.0  # the loss so far in this epoch, summed over its points
        self.losses: list[tuple[int, float, float]] = []  # epoch, in training, in testing
        self.keep(self.loss(self.parameters.weights, *self.data.train))
        self.batches = self.endless_batches()

    def change(self, query: str) -> None:
        """New settings, from the next step on. Another curve is another experiment."""
        before, self.settings = self.settings, Settings.from_query(query)
        if self.settings.curve != before.curve:
            self.restart()

    def loss(self, weights: Any, x: np.ndarray, y: np.ndarray, generator: Any = None) -> Any:
        return mean_squared_error(network(self.settings)(weights, x, generator), y)

    def endless_batches(self) -> Iterator[tuple[np.ndarray, np.ndarray, bool]]:
        """Batches in an order that is drawn for each epoch, and whether one ends its epoch."""
        x, y = self.data.train
        while True:
            order = self.for_batches.permutation(len(x))
            for start in range(0, len(x), BATCH):
                batch = order[start : start + BATCH]
                yield x[batch], y[batch], start + BATCH >= len(x)

    def step(self) -> bool:
        """Learn from the next batch; whether it was the last of its epoch."""
        settings, theta = self.settings, self.parameters.vector
        x, y, last = next(self.batches)
        loss, gradient = value_and_grad(self.loss)(self.parameters, x, y, self.for_batches)
        if settings.applied == "loss":
            gradient.vector += settings.strength * PENALTIES[settings.penalty].gradient(theta)
        optimizer(settings, self.for_noise).step(theta, gradient.vector, self.state)
        self.total += float(loss) * len(x)
        if last:
            self.epoch += 1
            self.keep(self.total / len(self.data.train.x))
            self.total = 0.0
        return last

    def keep(self, train_loss: float) -> None:
        test_loss = self.loss(self.parameters.weights, *self.data.test)
        self.losses.append((self.epoch, float(train_loss), float(test_loss)))

    # ------------------------------------------------------------------------- what is shown

    def frame(self) -> str:
        """The panels as JSON, in the words of the book's other figures, and a line about them."""
        weights = summarise(self.parameters.vector, BINS, REACH)
        _, train_loss, test_loss = self.losses[-1]
        zero = 1 - weights.nonzero / self.parameters.vector.size
        panels = [self.show_curve(), self.show_weights(weights.histogram), self.show_losses()]
        words = (
            f"epoch {self.epoch}: loss {train_loss:.2g} in training, {test_loss:.2g} in testing; "
            f"{zero:.0%} of the weights are exactly zero"
        )
        return json.dumps({"panels": panels, "words": words})

    def show_curve(self) -> dict[str, Any]:
        x, y = (column[::2, 0] for column in self.data.train)
        prediction = network(self.settings)(self.parameters.weights, GRID[:, None])[:, 0]
        series = [
            {"kind": "points", "label": "data", "x": plain(x), "y": plain(y)},
            {"kind": "line", "label": "prediction", "x": plain(GRID), "y": plain(prediction)},
        ]
        return panel("prediction", "x", "y", (0, 4 * math.pi), (-0.1, 1.1), series)

    def show_weights(self, counts: np.ndarray) -> dict[str, Any]:
        share = counts / max(counts.sum(), 1)
        highest = next((limit for limit in (0.1, 0.2, 0.5) if share.max() <= limit), 1.0)
        edges = np.linspace(-REACH, REACH, BINS + 1)
        bars = {"kind": "bars", "label": "weights", "edges": plain(edges), "unit": 1}
        bars |= {"y": plain(share, digits=5)}
        return panel("weights", "weight", "share", (-REACH, REACH), (0, highest), [bars])

    def show_losses(self) -> dict[str, Any]:
        every = 1 + len(self.losses) // SHOWN
        kept = np.array([*self.losses[::every], self.losses[-1]])
        with np.errstate(divide="ignore"):
            logs = np.log10(kept[:, 1:])
        longest = 20 * 2 ** max(0, math.ceil(math.log2(max(self.epoch, 1) / 20)))
        finite = logs[np.isfinite(logs)]
        highest = next((limit for limit in (0.5, 2, 5) if np.all(finite <= limit)), 10)
        lines = [
            {"kind": "line", "label": label, "x": plain(kept[:, 0]), "y": plain(values)}
            for label, values in zip(("training", "test"), logs.T, strict=True)
        ]
        return panel("losses", "epoch", "log₁₀", (0, longest), (-3.5, highest), lines)


def plain(values: np.ndarray, digits: int = 3) -> list[float | None]:
    """Numbers for JSON, which knows neither NaN nor ∞."""
    numbers = np.round(np.asarray(values, np.float64), digits).tolist()
    return [value if math.isfinite(value) else None for value in numbers]


def panel(
    title: str,
    x_label: str,
    y_label: str,
    x_limits: tuple[float, float],
    y_limits: tuple[float, float],
    series: list[dict[str, Any]],
) -> dict[str, Any]:
    labels = {"title": title, "x_label": x_label, "y_label": y_label}
    return labels | {"x_limits": x_limits, "y_limits": y_limits, "series": series}


if __name__ == "__main__":
    query = sys.argv[1] if len(sys.argv) > 1 else ""
    epochs = sys.argv[2] if len(sys.argv) > 2 else "inf"
    if epochs != "inf" and not epochs.isdecimal():
        print(f"laboratory: {epochs} is no number of epochs", file=sys.stderr)
        raise SystemExit(2)
    laboratory = Laboratory(query)
    print(laboratory.settings.query())
    with contextlib.suppress(KeyboardInterrupt):
        while laboratory.epoch < float(epochs):
            if laboratory.step():
                print(json.loads(laboratory.frame())["words"])
