"""The layers of image networks: convolution, pooling. Images are (height, width, channels)."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from microgrand import ops
from microgrand.layers.basic import Randomness
from microgrand.layers.initialization import Initializer, uniform_fan_in
from microgrand.ops.convolution import placement
from microgrand.tape import Arrays, Shape


@dataclass(frozen=True)
class Conv2D:
    """`filters` windows of weights over images; see [`conv2d`][microgrand.ops.convolution].

    An output sees height · width · channels numbers of its window: the fan-in. A number of the
    image reaches height · width · filters outputs: the fan-out. As in Keras, the stride, which
    makes that fewer, is left out of the count.

    Arguments:
        filters: channels that come out.
        size: height and width of the window; one number for both.
        stride: pixels from one window to the next.
        padding: "same" or "valid".
        bias: whether a number is added to each channel.
        kernel_init, bias_init: how the weights start.
    """

    filters: int
    size: int | tuple[int, int] = (3, 3)
    stride: int = 1
    padding: str = "same"
    bias: bool = True
    kernel_init: Initializer = uniform_fan_in
    bias_init: Initializer = uniform_fan_in

    @property
    def window(self) -> tuple[int, int]:
        """Height and width."""
        return (self.size, self.size) if isinstance(self.size, int | np.integer) else self.size

    def init(self, shape: Shape, generator: np.random.Generator) -> tuple[Arrays, Shape]:
        height, width, channels = image(shape)
        (down, _), (right, _) = (
            placement(length, window, self.stride, self.padding)
            for length, window in zip((height, width), self.window, strict=True)
        )
        area = math.prod(self.window)
        fans = area * channels, area * self.filters
        kernel_shape = (*self.window, channels, self.filters)
        arrays = {"kernel": self.kernel_init(generator, kernel_shape, *fans)}
        if self.bias:
            arrays["bias"] = self.bias_init(generator, (self.filters,), *fans)
        return arrays, (down, right, self.filters)

    def __call__(self, arrays: Arrays, x: Any, generator: Randomness = None) -> Any:
        return ops.conv2d(x, arrays["kernel"], arrays.get("bias"), self.stride, self.padding)


def image(shape: Shape) -> Shape:
    """The shape, if it is that of an image."""
    if len(shape) != 3:
        raise ValueError(f"an image has height, width and channels, unlike the shape {shape}")
    return shape


@dataclass(frozen=True)
class Pool:
    """A layer that makes one number a channel of each window of size × size."""

    size: int = 2

    def init(self, shape: Shape, generator: np.random.Generator) -> tuple[Arrays, Shape]:
        return {}, (*ops.count_windows(image(shape), self.size), shape[-1])


@dataclass(frozen=True)
class MaxPool(Pool):
    """The largest number of each window. See [`max_pool`][microgrand.ops.pooling]."""

    def __call__(self, arrays: Arrays, x: Any, generator: Randomness = None) -> Any:
        return ops.max_pool(x, self.size)


@dataclass(frozen=True)
class AveragePool(Pool):
    """The mean of each window. See [`average_pool`][microgrand.ops.pooling]."""

    def __call__(self, arrays: Arrays, x: Any, generator: Randomness = None) -> Any:
        return ops.average_pool(x, self.size)


@dataclass(frozen=True)
class GlobalAveragePool:
    """The mean of each channel over the whole image."""

    def init(self, shape: Shape, generator: np.random.Generator) -> tuple[Arrays, Shape]:
        return {}, (image(shape)[-1],)

    def __call__(self, arrays: Arrays, x: Any, generator: Randomness = None) -> Any:
        return ops.global_average_pool(x)


@dataclass(frozen=True)
class Flatten:
    """Each image as one row of numbers, for a dense layer."""

    def init(self, shape: Shape, generator: np.random.Generator) -> tuple[Arrays, Shape]:
        return {}, (math.prod(image(shape)),)

    def __call__(self, arrays: Arrays, x: Any, generator: Randomness = None) -> Any:
        return ops.flatten(x)
