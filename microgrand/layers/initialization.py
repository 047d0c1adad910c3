"""How weights are drawn before training."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from microgrand.tape import Shape

Initializer = Callable[[np.random.Generator, Shape, int, int], np.ndarray]


def uniform_fan_in(generator: np.random.Generator, shape: Shape, fan_in: int, _: int) -> np.ndarray:
    """Uniform on ±1/√inputs: PyTorch's default, kernel and bias alike."""
    return generator.uniform(-1 / math.sqrt(fan_in), 1 / math.sqrt(fan_in), shape)


def glorot_uniform(
    generator: np.random.Generator, shape: Shape, fan_in: int, fan_out: int
) -> np.ndarray:
    """Uniform on ±√(6/(inputs + outputs)). Source: Glorot & Bengio (2010), equation 16."""
    limit = math.sqrt(6 / (fan_in + fan_out))
    return generator.uniform(-limit, limit, shape)


def he_normal(generator: np.random.Generator, shape: Shape, fan_in: int, _: int) -> np.ndarray:
    """Normal with variance 2/inputs. Source: He et al. (2015), equation 10."""
    return generator.normal(0, math.sqrt(2 / fan_in), shape)


def zeros(_: np.random.Generator, shape: Shape, __: int, ___: int) -> np.ndarray:
    """All zero; the usual start of a bias."""
    return np.zeros(shape)


@dataclass(frozen=True)
class Normal:
    """Normal with mean 0 and a given standard deviation."""

    std: float

    def __call__(self, generator: np.random.Generator, shape: Shape, _: int, __: int) -> np.ndarray:
        return generator.normal(0, self.std, shape)
