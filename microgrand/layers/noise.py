"""Layers that make noise, each when there is a generator to draw from, and silent without one."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from microgrand import ops
from microgrand.layers.basic import Layer, Randomness, WithoutWeights
from microgrand.ops.noise import check_spread
from microgrand.tape import Arrays, Shape, value_of


@dataclass(frozen=True)
class GaussianNoise(WithoutWeights):
    """Adds noise from N(0, std²) to every number: as the first layer, to the data.

    Raises:
        ValueError: if std is negative.

    Source: Bishop (1995), Training with noise is equivalent to Tikhonov regularization.
    """

    std: float

    def __post_init__(self) -> None:
        check_spread(self.std)

    def __call__(self, arrays: Arrays, x: Any, generator: Randomness = None) -> Any:
        if generator is None or not self.std:
            return x
        dtype = np.result_type(x.dtype, np.float32)  # whole numbers can have noise, too
        return ops.add_noise(x, ops.draw_noise(generator, x.shape, dtype), self.std)


@dataclass(frozen=True)
class NoisyWeights:
    """A layer whose weights are drawn anew from N(weight, std²) each time it is applied.

    In training this is *weight noise*: the gradient is taken at the drawn weights and moves their
    means. A generator at prediction samples the weights there.

    Arguments:
        layer: any layer with weights.
        std: σ, the same for all of them.

    Raises:
        ValueError: if std is negative, or the layer measures statistics of a data set: that is done
            for layers that stand by themselves.

    Source: An (1996), The effects of adding noise during backpropagation training on a
    generalization performance.
    """

    layer: Layer
    std: float

    def __post_init__(self) -> None:
        check_spread(self.std)
        if getattr(self.layer, "moving_average", None) is not None:
            raise ValueError(f"{type(self.layer).__name__} cannot stand in NoisyWeights")

    def init(self, shape: Shape, generator: np.random.Generator) -> tuple[Arrays, Shape]:
        return self.layer.init(shape, generator)

    def __call__(self, arrays: Arrays, x: Any, generator: Randomness = None) -> Any:
        if generator is not None and self.std:
            arrays = {
                name: ops.add_noise(a, ops.draw_noise(generator, a.shape, a.dtype), self.std)
                for name, a in arrays.items()
            }
        return self.layer(arrays, x, generator)


@dataclass(frozen=True)
class Shake:
    """Mixes the two halves of an image's channels: two branches that share a convolution.

    `Conv2D(2 * filters), ReLU(), Shake()` are two branches of a convolution and a ReLU each, and
    their mixture αx₁ + (1 − α)x₂. With a generator, each image draws its own α from U(0, 1), and
    its own β for the way back; without one, both are ½.

    Arguments:
        forward: "shake" draws α, "even" takes ½.
        backward: "shake" draws β, "even" takes ½, "keep" takes α, which is plain backpropagation.

    Raises:
        ValueError: for another word.

    Source: Gastaldi (2017), Shake-shake regularization, table 1, at the level of images.
    """

    forward: Literal["shake", "even"] = "shake"
    backward: Literal["shake", "even", "keep"] = "shake"

    def __post_init__(self) -> None:
        if self.forward not in ("shake", "even") or self.backward not in ("shake", "even", "keep"):
            raise ValueError(f"there is no shake of {self.forward!r} and {self.backward!r}")

    def init(self, shape: Shape, generator: np.random.Generator) -> tuple[Arrays, Shape]:
        if len(shape) != 3 or shape[-1] % 2:
            raise ValueError(f"two branches of an image cannot share the shape {shape}")
        return {}, (*shape[:-1], shape[-1] // 2)

    def __call__(self, arrays: Arrays, x: Any, generator: Randomness = None) -> Any:
        branches = x.reshape((*x.shape[:-1], 2, x.shape[-1] // 2))
        per_image = (*x.shape[:-3], 1, 1, 1)

        def share(kind: str) -> np.ndarray:
            if generator is None or kind == "even":
                return np.full(per_image, 0.5, np.float32)
            return generator.random(per_image, dtype=np.float32)

        alpha = share(self.forward)
        beta = alpha if self.backward == "keep" else share(self.backward)
        return ops.shake_shake(branches, value_of(branches), alpha, beta)
