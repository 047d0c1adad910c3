"""The six signals of a layer, and what is kept of them: moments, non-zero counts, histograms.

For each layer with a kernel: its **preactivation** (the weighted sums), its **activation** (what
the layers after it have made of them, before any pooling), the **input gradient** (what it passes
to the layer before), the **weight gradient**, the optimiser's first **moment** of it, and the
**weight**s themselves. They are taken on a tape of their own: training goes on with the same bits,
watched or not.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from microgrand.layers import Sequential
from microgrand.tape import Parameters, Weights, gradient_of, leaf, value_and_grad, value_of

SIGNALS = (
    "preactivation",
    "activation",
    "input gradient",
    "weight gradient",
    "moment",
    "weight",
)


@dataclass(frozen=True)
class Summary:
    """What is kept of one array of n numbers.

    mean; std, the root of the biased variance; skewness, the mean of z³ and kurtosis, the mean of
    z⁴ minus 3 (0 for a normal), with z = (x − mean)/std, both 0 where std is 0; `nonzero`, how many
    numbers are not exactly zero; `histogram`, counts in bins of one width, with what lies outside
    them counted in the first and the last: it sums to n. Where training has diverged and
    left NaN or ∞, the moments are NaN, and the two counts are of what is a number.
    """

    mean: float
    std: float
    skewness: float
    kurtosis: float
    nonzero: int
    histogram: np.ndarray


def summarise(values: np.ndarray, bins: int, reach: float) -> Summary:
    """Moments in float64, the non-zero count and the histogram of all numbers of an array.

    Arguments:
        values: any shape.
        bins: how many bins the histogram has, all of one width.
        reach: it goes from −reach to +reach.
    """
    flat = np.asarray(values, np.float64).ravel()
    if not np.isfinite(flat).all():
        flat = np.where(np.isinf(flat), np.nan, flat)
    mean = flat.mean()
    centred = flat - mean
    std = np.sqrt(np.mean(centred**2))
    # A spread at the level of rounding is none (z would be noise); an unknown one stays unknown.
    z = np.zeros_like(flat) if std <= 1e-12 * max(abs(mean), 1e-300) else centred / std
    squares = z * z  # three products; raising to a power takes ten times as long
    return Summary(
        mean=float(mean),
        std=float(std),
        skewness=float(squares @ z / z.size),
        kurtosis=float(squares @ squares / z.size - 3) if z.any() else 0.0,
        nonzero=int(np.count_nonzero(flat) - np.count_nonzero(np.isnan(flat))),
        histogram=np.histogram(np.clip(flat, -reach, reach), bins, (-reach, reach))[0],
    )


def activated(inputs: Sequence[Any], kernel: int, end: int) -> int:
    """The last place up to `end` where there are as many numbers as behind that kernel's layer."""
    same = (i for i in range(end, kernel, -1) if inputs[i].size == inputs[kernel + 1].size)
    return next(same)


def take_signals(
    network: Sequential,
    parameters: Parameters,
    x: np.ndarray,
    y: np.ndarray,
    loss: Callable[[Any, Any], Any],
    moment: np.ndarray | None = None,
    generator: np.random.Generator | None = None,
) -> dict[str, list[np.ndarray]]:
    """The six signals, each a list with an array for every layer that has a kernel.

    Arguments:
        x, y: the batch to look at. A stack of models shares it: the first layer's input gradient
            is then the sum over the models.
        loss: of (prediction, target).
        moment: the optimiser's, `optimizer.moment(state)`; without it there is no "moment".
        generator: turns dropout on, and must not be the one training draws from.

    Raises:
        ValueError: if no layer has a kernel.
    """
    weighted = [i for i, layer in enumerate(parameters.weights) if "kernel" in layer]
    if not weighted:
        raise ValueError("a network without kernels has no signals")
    inputs: list[Any] = []  # of every layer, and the prediction last

    def watched(weights: Weights) -> Any:
        inputs.append(leaf(x, beside=weights[weighted[0]]["kernel"]))
        inputs.extend(network.outputs(weights, inputs[0], generator))
        return loss(inputs[-1], y)

    _, gradient = value_and_grad(watched)(parameters)
    following = [activated(inputs, i, end) for i, end in pairwise([*weighted, len(inputs) - 1])]
    signals = {
        "preactivation": [value_of(inputs[i + 1]) for i in weighted],
        "activation": [value_of(inputs[i]) for i in following],
        "input gradient": [gradient_of(inputs[i]) for i in weighted],
        "weight gradient": [gradient.weights[i]["kernel"] for i in weighted],
        "weight": [parameters.weights[i]["kernel"].copy() for i in weighted],
    }
    if moment is not None:
        moments = parameters.like(moment).weights
        signals["moment"] = [moments[i]["kernel"] for i in weighted]
    return signals


STATISTICS = ("mean", "std", "skewness", "kurtosis", "nonzero")


class Recorder:
    """Signals over training, kept as statistics and histograms.

        recorder = Recorder()
        for each epoch: recorder.add(take_signals(…))
        arrays = recorder.arrays()

    The histograms of a signal in a layer share their edges over all epochs, so that they can be
    played one after the other. Nobody knows the range before training. So each epoch is counted
    in bins 32 times finer than wanted, over ± a power of two that holds all its numbers; such bins
    fit together whole when the common range is chosen. That is the least ± power of two that holds
    99 % of all numbers but zeros, though no less than a 32nd of the largest of all; what lies
    outside is counted in the first and the last bin.

    Arguments:
        bins: how many bins a histogram shall have, an even number; an edge lies at zero, and a
            zero counts to its right.

    Raises:
        ValueError: if the number of bins is odd or not positive.
    """

    DOUBLINGS = 5  # 2⁵ = 32 times finer
    INSIDE = 0.99

    def __init__(self, bins: int = 50) -> None:
        if bins < 2 or bins % 2:
            raise ValueError(f"a histogram has an even number of bins, an edge at zero, not {bins}")
        self.bins = bins
        self.names: tuple[str, ...] = ()
        self.epochs: list[list[list[tuple[Summary, int]]]] = []  # epoch, signal, layer

    def add(self, signals: dict[str, list[np.ndarray]]) -> None:
        """Take up the signals of one epoch: the same ones, of the same layers, each time."""
        known = [name for name in SIGNALS if name in signals]
        self.names = self.names or tuple(dict.fromkeys([*known, *signals]))
        self.epochs.append([[self.finely(array) for array in signals[n]] for n in self.names])

    def finely(self, array: np.ndarray) -> tuple[Summary, int]:
        """A summary in fine bins over ±2ᵏ, and k."""
        finite = array[np.isfinite(array)]
        largest = float(np.max(np.abs(finite))) if finite.size else 0.0
        # From the least float32 that is not tiny to what float64 can count in bins.
        power = int(np.clip(math.frexp(largest)[1], -126, 1000)) if largest else -126
        return summarise(array, self.bins << self.DOUBLINGS, 2.0**power), power

    def arrays(self) -> dict[str, np.ndarray]:
        """What is kept.

        `statistics` (epochs, signals, layers, 5), in the order of `STATISTICS`;
        `histograms` (epochs, signals, layers, bins), counts;
        `ranges` (signals, layers): a histogram goes from −range to +range.
        Signals are in the order of `names`: that of `SIGNALS` as far as they were given, and then
        what else was given (the weight minus its gradient, say), as it came.
        """
        shape = len(self.epochs), len(self.epochs[0]), len(self.epochs[0][0])
        statistics = np.empty((*shape, len(STATISTICS)))
        histograms = np.empty((*shape, self.bins), np.uint32)
        ranges = np.empty(shape[1:])
        for signal, layer in np.ndindex(*shape[1:]):
            column = [epoch[signal][layer] for epoch in self.epochs]
            power = self.common_power(column)
            ranges[signal, layer] = 2.0**power
            for epoch, (summary, own) in enumerate(column):
                statistics[epoch, signal, layer] = [getattr(summary, n) for n in STATISTICS]
                histograms[epoch, signal, layer] = self.coarsely(summary.histogram, own, power)
        return {"statistics": statistics, "histograms": histograms, "ranges": ranges}

    def common_power(self, column: list[tuple[Summary, int]]) -> int:
        """The least k so that ±2ᵏ holds 99 % of the numbers of all epochs that are not zero."""
        largest = max(power for _, power in column)
        finest = largest - self.DOUBLINGS
        half = (self.bins << self.DOUBLINGS) // 2
        wanted = self.INSIDE * sum(summary.nonzero for summary, _ in column)
        for power in range(finest, largest):
            inside = 0
            for summary, own in column:
                reach = half if own <= power else half >> (own - power)
                zeros = summary.histogram.sum() - summary.nonzero
                inside += summary.histogram[half - reach : half + reach].sum() - zeros
            if inside >= wanted:
                return power
        return largest

    def coarsely(self, fine: np.ndarray, own: int, power: int) -> np.ndarray:
        """Fine counts over ±2^own, put together to the bins over ±2^power."""
        half = len(fine) // 2
        halvings = min(power - own + self.DOUBLINGS, 62)
        place = np.arange(-half, half) >> halvings
        place = np.clip(place + self.bins // 2, 0, self.bins - 1)
        return np.bincount(place, weights=fine, minlength=self.bins).astype(np.uint32)
