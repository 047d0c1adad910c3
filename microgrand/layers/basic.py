"""The layers of any network: weighted sums, activations, dropout, one after the other."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from microgrand import ops
from microgrand.layers.initialization import Initializer, uniform_fan_in
from microgrand.ops.dropout import check_rate
from microgrand.tape import Arrays, Parameters, Shape, Weights

Randomness = np.random.Generator | None
"""What a layer draws from; None where nothing is left to chance."""


class Layer(Protocol):
    """What `Sequential` asks of a layer."""

    def init(self, shape: Shape, generator: np.random.Generator) -> tuple[Arrays, Shape]:
        """The arrays for inputs of that shape (without the batch), and the shape that comes out."""

    def __call__(self, arrays: Arrays, x: Any, generator: Randomness) -> Any:
        """The layer applied to x, shape (..., batch, *shape)."""


@dataclass(frozen=True)
class Dense:
    """`units` weighted sums of all inputs, y = x W + b. See [`dense`][microgrand.ops.dense]."""

    units: int
    bias: bool = True
    kernel_init: Initializer = uniform_fan_in
    bias_init: Initializer = uniform_fan_in

    def init(self, shape: Shape, generator: np.random.Generator) -> tuple[Arrays, Shape]:
        if len(shape) != 1:
            told = f"a dense layer takes rows of numbers, unlike the shape {shape}"
            raise ValueError(f"{told}: Flatten() makes rows of images")
        (inputs,) = shape
        arrays = {"kernel": self.kernel_init(generator, (inputs, self.units), inputs, self.units)}
        if self.bias:
            arrays["bias"] = self.bias_init(generator, (self.units,), inputs, self.units)
        return arrays, (self.units,)

    def __call__(self, arrays: Arrays, x: Any, generator: Randomness = None) -> Any:
        return ops.dense(x, arrays["kernel"], arrays.get("bias"))


class WithoutWeights:
    """A layer without weights that leaves the shape as it is."""

    def init(self, shape: Shape, generator: np.random.Generator) -> tuple[Arrays, Shape]:
        return {}, shape


@dataclass(frozen=True)
class ReLU(WithoutWeights):
    """max(x, 0)."""

    def __call__(self, arrays: Arrays, x: Any, generator: Randomness = None) -> Any:
        return ops.relu(x)


@dataclass(frozen=True)
class LeakyReLU(WithoutWeights):
    """x where positive, slope · x elsewhere."""

    slope: float = 0.01

    def __call__(self, arrays: Arrays, x: Any, generator: Randomness = None) -> Any:
        return ops.leaky_relu(x, self.slope)


@dataclass(frozen=True)
class Tanh(WithoutWeights):
    """The hyperbolic tangent."""

    def __call__(self, arrays: Arrays, x: Any, generator: Randomness = None) -> Any:
        return ops.tanh(x)


@dataclass(frozen=True)
class Sigmoid(WithoutWeights):
    """The logistic sigmoid."""

    def __call__(self, arrays: Arrays, x: Any, generator: Randomness = None) -> Any:
        return ops.sigmoid(x)


@dataclass(frozen=True)
class Dropout(WithoutWeights):
    """Silences each unit with probability `rate` when there is a generator to draw from.

    `rate` may be an array of shape (models, 1, 1): one rate for each model of a stack.

    Raises:
        ValueError: if a rate is not between 0 and 1.
    """

    rate: float | np.ndarray

    def __post_init__(self) -> None:
        check_rate(self.rate)

    def __call__(self, arrays: Arrays, x: Any, generator: Randomness = None) -> Any:
        if generator is None or not np.any(self.rate):
            return x
        return ops.dropout(x, ops.draw_mask(generator, x.shape, self.rate), self.rate)


@dataclass(frozen=True)
class Sequential:
    """Layers one after the other: each takes what the one before it returns."""

    layers: tuple[Layer, ...]

    def init(
        self, shape: Shape, generator: np.random.Generator, dtype: Any = np.float32
    ) -> Parameters:
        """Draw all weights for inputs of `shape` (without the batch), as one flat vector.

        Raises:
            ValueError: if a layer refuses the shape, or none has weights.
        """
        arrays = []
        for layer in self.layers:
            drawn, shape = layer.init(shape, generator)
            arrays.append({name: array.astype(dtype) for name, array in drawn.items()})
        return Parameters.from_weights(arrays)

    def outputs(self, weights: Weights, x: Any, generator: Randomness = None) -> Iterator[Any]:
        """What each layer returns, in order."""
        for layer, arrays in zip(self.layers, weights, strict=True):
            x = layer(arrays, x, generator)
            yield x

    def __call__(self, weights: Weights, x: Any, generator: Randomness = None) -> Any:
        """The last layer's output; dropout is on if there is a generator."""
        *_, last = self.outputs(weights, x, generator)
        return last
