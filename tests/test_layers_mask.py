"""Masks: one for all images or one a position in the batch, and no activation either way."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgrand.image_network import six_convolutions
from microgrand.layers import Mask, ReLU, Sequential
from microgrand.tape import Parameters

seeds = st.integers(0, 2**32 - 1)
numbers = st.floats(-3, 3)


def start(network: Sequential, seed: int) -> Parameters:
    """Weights of a network whose masks are already apart from 1."""
    generator = np.random.default_rng(seed)
    parameters = network.init((8, 8, 2), generator, np.float64)
    inside = parameters.only("mask") == 1
    parameters.vector[inside] = generator.uniform(0, 1, inside.sum())
    return parameters


@given(seed=seeds, a=numbers, b=numbers, positions=st.sampled_from([1, 3]))
def test_masks_instead_of_relu_leave_the_network_linear_up_to_its_last_layer(
    seed: int, a: float, b: float, positions: int
) -> None:
    """f(ax + by) = a f(x) + b f(y): six convolutions and five masks are one linear map."""
    *layers, _ = six_convolutions((8, 8, 2), 4, activation=(), between=(Mask(positions),)).layers
    network = Sequential(tuple(layers))
    assert sum(isinstance(layer, Mask) for layer in network.layers) == 5
    parameters = start(network, seed)
    x, y = np.random.default_rng(seed).normal(size=(2, 3, 8, 8, 2))
    together = network(parameters.weights, a * x + b * y)
    apart = a * network(parameters.weights, x) + b * network(parameters.weights, y)
    np.testing.assert_allclose(together, apart, rtol=1e-9, atol=1e-12)


def test_with_relu_kept_it_is_not_linear() -> None:
    network = six_convolutions((8, 8, 2), 4, activation=(ReLU(),), between=(Mask(),))
    parameters = start(network, 0)
    x = np.random.default_rng(1).normal(size=(3, 8, 8, 2))
    assert not np.allclose(network(parameters.weights, -x), -network(parameters.weights, x))


@pytest.mark.parametrize("images", [3, 6, 12])
def test_a_mask_of_positions_dims_image_i_by_mask_i_modulo_them(images: int) -> None:
    layer = Mask(3)
    arrays, shape = layer.init((2, 2, 1), np.random.default_rng(0))
    assert arrays["mask"].shape == (3, 2, 2, 1)
    assert shape == (2, 2, 1)
    arrays["mask"] *= np.array([0.0, 0.5, 1.0])[:, None, None, None]
    x = np.random.default_rng(1).normal(size=(images, 2, 2, 1))
    y = layer(arrays, x, None)
    for i in range(images):
        np.testing.assert_array_equal(y[i], x[i] * (i % 3) / 2)


def test_a_shared_mask_dims_all_images_alike_and_starts_by_doing_nothing() -> None:
    arrays, _ = Mask().init((2, 2, 1), np.random.default_rng(0))
    x = np.random.default_rng(1).normal(size=(5, 2, 2, 1))
    np.testing.assert_array_equal(Mask()(arrays, x, None), x)
    np.testing.assert_array_equal(Mask()({"mask": 0.25 * arrays["mask"]}, x, None), 0.25 * x)


@pytest.mark.parametrize("positions", [1, 2])
def test_a_stack_of_batches_is_dimmed_as_each_alone(positions: int) -> None:
    layer = Mask(positions)
    arrays, _ = layer.init((3, 3, 2), np.random.default_rng(0))
    stack = np.random.default_rng(1).uniform(size=(3, *arrays["mask"].shape))
    x = np.random.default_rng(2).normal(size=(3, 4, 3, 3, 2))
    together = layer({"mask": stack}, x, None)
    for mask, batch, y in zip(stack, x, together, strict=True):
        np.testing.assert_array_equal(y, layer({"mask": mask}, batch, None))


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda: Mask().init((4,), np.random.default_rng(0)), "height, width and channels"),
        (lambda: Mask(0), "not 0"),
        (lambda: Mask(3)({"mask": np.ones((3, 1, 1, 1))}, np.ones((4, 1, 1, 1)), None), "4 images"),
    ],
)
def test_what_does_not_fit_is_refused(use: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        use()
