"""The articles' network: its shapes, and the program's quirks against the program itself."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgrand.image_network import as_published, positions, six_convolutions, strides
from microgrand.layers import BatchNorm, Dropout, ReLU
from microgrand.ops import softmax_cross_entropy
from microgrand.optimizers import Adam
from microgrand.tape import value_and_grad


def test_at_the_articles_size_the_strides_are_the_articles() -> None:
    assert strides(96) == (2, 2, 2, 2, 1, 1)
    assert positions((96, 96, 3)) == 36
    assert strides(32) == (1, 2, 2, 1, 1, 1)
    assert positions((32, 32, 3)) == 64


@given(st.integers(1, 200))
def test_the_last_maps_are_neither_tiny_nor_large(side: int) -> None:
    assert len(strides(side)) == 6
    last = round(positions((side, side)) ** 0.5)
    assert min(side, 6) <= last
    assert last < 12 or side > 176


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 3), st.integers(2, 5))
def test_any_image_becomes_a_number_a_class(
    height: int, width: int, channels: int, classes: int
) -> None:
    shape = (height, width, channels)
    network = six_convolutions(shape, classes)
    parameters = network.init(shape, np.random.default_rng(0))
    *_, maps, logits = network.outputs(parameters.weights, np.ones((2, *shape), np.float32))
    assert logits.shape == (2, classes)
    assert maps.shape[1] * maps.shape[2] == positions(shape)


def test_it_has_the_articles_weights() -> None:
    parameters = six_convolutions((96, 96, 3)).init((96, 96, 3), np.random.default_rng(0))
    kernels = [layer["kernel"] for layer in parameters.weights if layer]
    assert [kernel.shape for kernel in kernels] == [
        (3, 3, 3, 16), *[(3, 3, 16, 16)] * 4, (3, 3, 16, 10),
    ]  # fmt: skip
    assert parameters.vector.size == sum(kernel.size for kernel in kernels)  # no bias
    assert parameters.vector.std() == pytest.approx(0.05, rel=0.03)


def test_layers_can_stand_after_each_convolution_and_between() -> None:
    activation = (Dropout(0.2), ReLU())
    network = six_convolutions((32, 32, 3), activation=activation, between=(BatchNorm(),))
    kinds = [type(layer).__name__ for layer in network.layers]
    assert kinds == [
        *["Conv2D", "Dropout", "ReLU", "BatchNorm"] * 5, "Conv2D", "Dropout", "ReLU",
        "GlobalAveragePool",
    ]  # fmt: skip


def test_as_published_makes_the_steps_of_the_program() -> None:
    """The program, typed in: its gradient of the data is P/N of ours, its penalty unscaled."""
    shape, batch, strength = (8, 8, 3), 4, 0.3
    network = six_convolutions(shape)
    theta = network.init(shape, np.random.default_rng(0), np.float64)
    theta.vector *= 4
    x = np.random.default_rng(1).normal(size=(batch, *shape))
    y = np.arange(batch)
    gradient = value_and_grad(lambda weights: softmax_cross_entropy(network(weights, x), y))
    adam, scaled = as_published(Adam(8e-4, epsilon=1e-3), strength, shape, batch)
    expected, state = theta.vector.copy(), adam.init(theta.vector)
    m = v = np.zeros_like(expected)
    for _ in range(5):
        _, of_data = gradient(theta)
        adam.step(theta.vector, of_data.vector + scaled * 2 * theta.vector, state)
        _, of_data = gradient(theta.like(expected))
        g = of_data.vector * positions(shape) / batch + strength * 2 * expected
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        expected -= 8e-4 / (np.sqrt(v / 0.001) + 1e-3) * m / 0.1
        np.testing.assert_allclose(theta.vector, expected, rtol=1e-9)
