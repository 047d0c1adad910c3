"""Layers: frozen dataclasses that own shapes and initialisation. They hold no weights.

`init` draws the weights from an explicit generator; calling a layer with those weights applies it.
Randomness while running (dropout) needs a generator too: without one, dropout is off. So the
same network predicts deterministically, `network(weights, x)`, or by Monte-Carlo dropout,
`network(weights, x, generator)`.
"""

from microgrand.layers.basic import (
    Dense,
    Dropout,
    Layer,
    LeakyReLU,
    ReLU,
    Sequential,
    Sigmoid,
    Tanh,
    WithoutWeights,
)
from microgrand.layers.image import AveragePool, Conv2D, Flatten, GlobalAveragePool, MaxPool
from microgrand.layers.initialization import (
    Initializer,
    Normal,
    glorot_uniform,
    he_normal,
    uniform_fan_in,
    zeros,
)
from microgrand.layers.mask import Mask
from microgrand.layers.noise import GaussianNoise, NoisyWeights, Shake
from microgrand.layers.normalization import (
    BatchNorm,
    BoxCox,
    GroupNorm,
    InstanceNorm,
    LayerNorm,
    measured,
)

__all__ = [
    "AveragePool",
    "BatchNorm",
    "BoxCox",
    "Conv2D",
    "Dense",
    "Dropout",
    "Flatten",
    "GaussianNoise",
    "GlobalAveragePool",
    "GroupNorm",
    "Initializer",
    "InstanceNorm",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "Mask",
    "MaxPool",
    "NoisyWeights",
    "Normal",
    "ReLU",
    "Sequential",
    "Shake",
    "Sigmoid",
    "Tanh",
    "WithoutWeights",
    "glorot_uniform",
    "he_normal",
    "measured",
    "uniform_fan_in",
    "zeros",
]
