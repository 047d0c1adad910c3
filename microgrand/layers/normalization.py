"""Layers that normalise, and the statistics by which a trained network predicts.

Batch norm ties the images of a batch together, which a prediction must not do. So the statistics of
the training set are measured once training is done, and given to a new network:

    predicting = measured(network, weights, train_x, batch_size)
    prediction = predicting(weights, test_x)

There is no mode to switch and no hidden state. A layer without given statistics uses those of the
batch it sees; a layer with given ones uses them. `train` measures before it tests.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from microgrand import ops
from microgrand.layers.basic import Randomness, Sequential
from microgrand.ops.normalization import EPSILON
from microgrand.tape import Arrays, Shape, Weights

Statistics = tuple[np.ndarray, np.ndarray]
"""A mean and a variance for each set."""


@dataclass(frozen=True)
class Normalization:
    """What the four schemes share; each says by `sets` which numbers are one set.

    Arguments:
        scale_and_shift: whether γ x̂ + β follows, with a γ (at first 1) and β (0) for each channel.
        epsilon: ε, above 0, added to the variance.
        moving_average: how `measured` averages statistics over batches: the weight of a batch, as a
            share of the weight of the next one; 1 for all alike. None: nothing is measured, a
            prediction uses the statistics of what it predicts from.
        given: mean and variance to use in place of the batch's own.

    Raises:
        ValueError: if ε is not above 0 or a moving average not above 0 and at most 1.
    """

    scale_and_shift: bool = True
    epsilon: float = EPSILON
    moving_average: float | None = None
    given: Statistics | None = None

    def __post_init__(self) -> None:
        if not self.epsilon > 0:
            raise ValueError(f"ε must be above 0, not {self.epsilon}")
        if self.moving_average is not None and not 0 < self.moving_average <= 1:
            raise ValueError(f"a moving average lies in (0, 1], not at {self.moving_average}")

    def sets(self, x: Any) -> Any:
        """The view of x in which all positions and members of a group are one set."""
        raise NotImplementedError

    def init(self, shape: Shape, generator: np.random.Generator) -> tuple[Arrays, Shape]:
        self.sets(np.empty((1, *shape)))  # refuses what is no image
        if not self.scale_and_shift:
            return {}, shape
        return {"scale": np.ones(shape[-1:]), "shift": np.zeros(shape[-1:])}, shape

    def __call__(self, arrays: Arrays, x: Any, generator: Randomness = None) -> Any:
        sets = self.sets(x)
        if self.given is None:
            y = ops.normalize(sets, self.epsilon)
        else:
            mean, variance = (self.of_image(each, x.shape[-4]) for each in self.given)
            y = ops.normalize_by(sets, mean, variance, self.epsilon)
        y = y.reshape(x.shape)
        if not self.scale_and_shift:
            return y
        return ops.scale_and_shift(y, arrays["scale"], arrays["shift"])

    def of_image(self, statistics: np.ndarray, images: int) -> np.ndarray:
        """Given statistics for so many images: image i takes those of position i of a batch."""
        return statistics[..., np.arange(images) % statistics.shape[-2], :]


@dataclass(frozen=True)
class BatchNorm(Normalization):
    """Normalised over (N, H, W). Predicts by the training set's statistics, once measured."""

    moving_average: float | None = 1.0

    def sets(self, x: Any) -> Any:
        return ops.batch_sets(x)

    def of_image(self, statistics: np.ndarray, images: int) -> np.ndarray:
        return statistics  # the images of a batch share them


@dataclass(frozen=True)
class LayerNorm(Normalization):
    """Normalised over (H, W, C), each image by itself: in training, and in prediction.

    `moving_average=0.9` is the mistake of a published program, kept to be looked at: it predicts
    by averages over training images, those that sat at the same position of their batch.
    """

    def sets(self, x: Any) -> Any:
        return ops.layer_sets(x)


@dataclass(frozen=True)
class InstanceNorm(Normalization):
    """Normalised over (H, W), each channel of each image by itself; see `LayerNorm`'s mistake."""

    def sets(self, x: Any) -> Any:
        return ops.instance_sets(x)


@dataclass(frozen=True)
class GroupNorm(Normalization):
    """Normalised over (H, W) and the channels of a group, each image by itself."""

    groups: int = field(kw_only=True)

    def sets(self, x: Any) -> Any:
        return ops.group_sets(x, self.groups)


@dataclass(frozen=True)
class BoxCox:
    """((x + 1)^λ − 1)/λ with one learned λ. Source: Box & Cox (1964), equation 2."""

    start: float = 2.0

    def init(self, shape: Shape, generator: np.random.Generator) -> tuple[Arrays, Shape]:
        return {"exponent": np.full(1, self.start)}, shape

    def __call__(self, arrays: Arrays, x: Any, generator: Randomness = None) -> Any:
        return ops.box_cox(x, arrays["exponent"])


def measured(network: Sequential, weights: Weights, x: np.ndarray, batch_size: int) -> Sequential:
    """The network that predicts by the statistics of x.

    Its layers with a moving average are given the mean and the biased variance of their inputs,
    averaged over the batches of x, in order; a shorter last batch is left out. While it is
    measured, the network normalises each batch by its own statistics, as in training.

    Arguments:
        network: as it trains.
        weights: its weights.
        x: the training examples, (count, height, width, channel).
        batch_size: as in training; at most all of x.

    Raises:
        ValueError: if there is nothing to measure from.

    Source: Ioffe & Szegedy (2015), Batch normalization, algorithm 2, with the biased variance.
    """
    norms = {
        i: replace(layer, given=None)
        for i, layer in enumerate(network.layers)
        if isinstance(layer, Normalization) and layer.moving_average is not None
    }
    if not norms:
        return network
    if not len(x) or batch_size < 1:
        raise ValueError(f"no statistics from {len(x)} examples in batches of {batch_size}")
    seen: dict[int, list[Statistics]] = {i: [] for i in norms}
    batch_size = min(batch_size, len(x))
    for start in range(0, len(x) - batch_size + 1, batch_size):
        value = x[start : start + batch_size]
        for i, (layer, arrays) in enumerate(zip(network.layers, weights, strict=True)):
            if i in norms:
                seen[i].append(ops.moments(norms[i].sets(value)))
            value = norms.get(i, layer)(arrays, value, None)
    for i, norm in norms.items():
        norms[i] = replace(norm, given=averaged(seen[i], norm.moving_average or 1.0))
    return Sequential(tuple(norms.get(i, layer) for i, layer in enumerate(network.layers)))


def averaged(batches: list[Statistics], decay: float) -> Statistics:
    """Mean and variance over batches, each weighing `decay` as much as the one after it."""
    weights = decay ** np.arange(len(batches), dtype=np.float64)[::-1]
    mean, variance = (
        np.average(np.stack(kind), axis=0, weights=weights).astype(kind[0].dtype)
        for kind in zip(*batches, strict=True)
    )
    return mean, variance
