"""Layers of images: the shapes they say, windows that do not fit, a network that learns."""

from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgrand import ops
from microgrand.layers import (
    AveragePool,
    Dense,
    Flatten,
    GlobalAveragePool,
    MaxPool,
    ReLU,
    Sequential,
)
from microgrand.optimizers import Adadelta
from microgrand.tape import Parameters
from microgrand.training import Dataset, train

few = st.integers(1, 3)
sides = st.integers(3, 7)


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize(
    ("make", "op"),
    [
        (MaxPool, ops.max_pool),
        (AveragePool, ops.average_pool),
        (lambda size: GlobalAveragePool(), lambda x, size: ops.global_average_pool(x)),
        (lambda size: Flatten(), lambda x, size: ops.flatten(x)),
    ],
    ids=["MaxPool", "AveragePool", "GlobalAveragePool", "Flatten"],
)
@given(batch=few, height=sides, width=sides, channels=few, size=few)
def test_a_layer_says_the_shape_it_gives_and_applies_its_op(
    make: Any, op: Any, batch: int, height: int, width: int, channels: int, size: int
) -> None:
    arrays, shape = make(size).init((height, width, channels), generator())
    x = generator(1).normal(size=(batch, height, width, channels))
    y = make(size)(arrays, x, None)
    assert arrays == {}
    assert y.shape == (batch, *shape)
    np.testing.assert_array_equal(y, op(x, size))


def test_windows_are_two_pixels_wide_unless_asked() -> None:
    assert MaxPool() == MaxPool(2)
    assert AveragePool().init((5, 6, 3), generator())[1] == (2, 3, 3)


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (MaxPool(3), (2, 9, 1), "no window of 3 × 3 fits"),
        (AveragePool(3), (9, 2, 1), "no window of 3 × 3 fits"),
        (MaxPool(0), (4, 4, 1), "positive integer, not 0"),
        (MaxPool(), (64,), "height, width and channels"),
        (MaxPool(), (1, 4, 4, 1), "height, width and channels"),
        (GlobalAveragePool(), (64,), "height, width and channels"),
        (Flatten(), (4, 4), "height, width and channels"),
    ],
)
def test_a_network_that_cannot_be_is_refused_before_it_is_made(
    layer: Any, shape: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Sequential((layer,)).init(shape, generator())


def test_a_stack_predicts_as_each_model_alone() -> None:
    network = Sequential((MaxPool(), AveragePool(), Flatten(), Dense(3)))
    alone = [network.init((9, 8, 2), generator(seed), np.float64) for seed in range(3)]
    x = generator(1).normal(size=(5, 9, 8, 2))
    together = network(Parameters.stack(alone).weights, x)
    for y, parameters in zip(together, alone, strict=True):
        np.testing.assert_allclose(y, network(parameters.weights, x), rtol=1e-12)


@pytest.mark.parametrize("layer", [MaxPool(), AveragePool(), GlobalAveragePool()])
def test_a_classifier_of_bright_images_learns_in_float32(layer: Any) -> None:
    """Two classes, told apart by which of two channels is brighter; labels are integers."""
    drawn = generator(1)
    labels = drawn.integers(2, size=80)
    x = drawn.normal(size=(80, 4, 4, 2)).astype(np.float32)
    x[np.arange(80), :, :, labels] += 2
    layers = (layer, Dense(8), ReLU(), Dense(2)) if layer == GlobalAveragePool() else (
        layer, Flatten(), Dense(8), ReLU(), Dense(2)
    )  # fmt: skip
    network, data = Sequential(layers), Dataset(x, labels)
    parameters = network.init((4, 4, 2), generator())
    first, *_, last = train(
        network, parameters, data, data, optimizer=Adadelta(), epochs=30, batch_size=16,
        generator=generator(2), loss=ops.softmax_cross_entropy,
        metrics={"accuracy": lambda z, y: np.mean(z.argmax(axis=-1) == y)},
    )  # fmt: skip
    assert parameters.vector.dtype == np.float32
    assert last.test_loss < 0.25 < first.test_loss
    assert last.metrics["accuracy"] > 0.9


@pytest.mark.parametrize("layer", [MaxPool(), AveragePool()])
def test_settings_cannot_be_changed(layer: Any) -> None:
    with pytest.raises(FrozenInstanceError):
        layer.size = 3
