"""Layers that normalise: weights, statistics measured from a training set, and the two mistakes."""

from dataclasses import FrozenInstanceError
from functools import partial
from typing import Any

import numpy as np
import pytest

from microgrand import ops
from microgrand.layers import Dense, ReLU, Sequential
from microgrand.layers.normalization import (
    BatchNorm,
    BoxCox,
    GroupNorm,
    InstanceNorm,
    LayerNorm,
    averaged,
    measured,
)
from microgrand.optimizers import Adam
from microgrand.tape import Parameters, value_and_grad
from microgrand.training import Dataset, train

LAYERS = [
    (BatchNorm, ops.batch_norm),
    (LayerNorm, ops.layer_norm),
    (InstanceNorm, ops.instance_norm),
    (partial(GroupNorm, groups=2), lambda x, epsilon: ops.group_norm(x, 2, epsilon)),
]
IDS = ["batch", "layer", "instance", "group"]
each_layer = pytest.mark.parametrize(("layer", "norm"), LAYERS, ids=IDS)


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def images(count: int = 12, channels: int = 4, seed: int = 0) -> np.ndarray:
    return generator(seed).normal(1, 2, (count, 3, 5, channels))


class Flatten:
    """Images as rows."""

    def init(self, shape: Any, generator: Any) -> Any:
        return {}, (int(np.prod(shape)),)

    def __call__(self, arrays: Any, x: Any, generator: Any = None) -> Any:
        return x.reshape((*x.shape[:-3], -1))


# -------------------------------------------------------------------------------- scale and shift


@each_layer
@pytest.mark.parametrize("epsilon", [1e-8, 0.5])
def test_without_scale_and_shift_a_layer_is_its_scheme(layer: Any, norm: Any, epsilon: Any) -> None:
    assert layer(False).init((3, 5, 4), generator()) == ({}, (3, 5, 4))
    x = images()
    np.testing.assert_array_equal(layer(False, epsilon)({}, x), norm(x, epsilon))


@each_layer
def test_scale_starts_at_one_and_shift_at_zero(layer: Any, norm: Any) -> None:
    arrays, shape = layer().init((3, 5, 4), generator())
    assert shape == (3, 5, 4)
    np.testing.assert_array_equal(arrays["scale"], np.ones(4))
    np.testing.assert_array_equal(arrays["shift"], np.zeros(4))
    x = images()
    np.testing.assert_array_equal(layer()(arrays, x), norm(x, 1e-5))
    arrays = {"scale": np.arange(4.0), "shift": np.arange(3.0, 7.0)}
    expected = norm(x, 1e-5) * np.arange(4.0) + np.arange(3.0, 7.0)
    np.testing.assert_allclose(layer()(arrays, x), expected, rtol=1e-12)


@each_layer
def test_a_stack_of_models_is_each_model_alone(layer: Any, norm: Any) -> None:
    network = Sequential((layer(), BoxCoxOfSquare()))
    models = [network.init((3, 5, 4), generator(), np.float64) for _ in range(3)]
    for seed, model in enumerate(models):
        model.vector += generator(seed).normal(size=model.vector.shape)
    together = network(Parameters.stack(models).weights, images())
    for y, model in zip(together, models, strict=True):
        np.testing.assert_allclose(y, network(model.weights, images()), rtol=1e-9)


class BoxCoxOfSquare(BoxCox):
    """Box-Cox of what cannot be below −1."""

    def __call__(self, arrays: Any, x: Any, generator: Any = None) -> Any:
        return super().__call__(arrays, x * x, generator)


@each_layer
def test_gradients_pass_through_the_tape(layer: Any, norm: Any) -> None:
    """Against central differences of the loss, for every weight."""
    network = Sequential((Dense(4), layer(), BoxCoxOfSquare()))
    x = images()

    def init() -> Parameters:
        arrays = [Dense(4).init((4,), generator())[0], layer().init((3, 5, 4), generator())[0]]
        return Parameters.from_weights([*arrays, BoxCox().init((3, 5, 4), generator())[0]])

    parameters, factors = init(), images(seed=3)
    parameters.vector += generator(1).normal(0, 0.1, parameters.vector.shape)

    def loss(weights: Any) -> Any:
        y = network(weights, x)
        return (y * factors).sum()

    _, gradient = value_and_grad(loss)(parameters)
    for i in range(parameters.vector.size):
        ends = []
        for step in (1e-6, -1e-6):
            moved = parameters.copy()
            moved.vector[i] += step
            ends.append(loss(moved.weights))
        difference = (ends[0] - ends[1]) / 2e-6
        assert gradient.vector[i] == pytest.approx(difference, rel=1e-5, abs=1e-5)


# --------------------------------------------------------------------------------- given statistics


def test_batch_norm_predicts_one_image_at_a_time_once_measured() -> None:
    network = Sequential((BatchNorm(), ReLU(), BatchNorm(False)))
    parameters = network.init((3, 5, 4), generator(), np.float64)
    train_x, test_x = images(12), images(5, seed=1)
    predicting = measured(network, parameters.weights, train_x, 12)
    together = predicting(parameters.weights, test_x)
    for y, x in zip(together, test_x, strict=True):
        np.testing.assert_allclose(y, predicting(parameters.weights, x[None])[0], rtol=1e-12)
    # On the training set as a single batch, both are the same.
    np.testing.assert_allclose(
        predicting(parameters.weights, train_x), network(parameters.weights, train_x), atol=1e-12
    )
    assert network == Sequential((BatchNorm(), ReLU(), BatchNorm(False)))  # untouched


def test_statistics_are_means_over_whole_batches_in_order() -> None:
    x = images(11)
    network = Sequential((BatchNorm(False, moving_average=0.5),))
    given: Any = measured(network, [{}], x, 4).layers[0]
    batches = [x[:4], x[4:8]]  # the last three are left out
    mean = sum(w * b.mean((0, 1, 2)) for w, b in zip((1, 2), batches, strict=True)) / 3
    variance = sum(w * b.var((0, 1, 2)) for w, b in zip((1, 2), batches, strict=True)) / 3
    np.testing.assert_allclose(given.given[0], mean, rtol=1e-12)
    np.testing.assert_allclose(given.given[1], variance, rtol=1e-12)
    alike: Any = measured(Sequential((BatchNorm(False),)), [{}], x, 4).layers[0]
    np.testing.assert_allclose(alike.given[0], x[:8].mean((0, 1, 2)), rtol=1e-12)


def test_measuring_again_forgets_the_first_time() -> None:
    network = Sequential((BatchNorm(False), BatchNorm(False)))
    once = measured(network, [{}, {}], images(seed=1), 4)
    again: Any = measured(once, [{}, {}], images(seed=2), 4)
    fresh: Any = measured(network, [{}, {}], images(seed=2), 4)
    for one, other in zip(again.layers, fresh.layers, strict=True):
        np.testing.assert_array_equal(one.given, other.given)


def test_what_measures_nothing_is_returned_as_it_is() -> None:
    network = Sequential(
        (LayerNorm(), InstanceNorm(), GroupNorm(groups=2), BatchNorm(True, 1e-5, None))
    )
    assert measured(network, [{}] * 4, images(), 4) is network


@pytest.mark.parametrize(("count", "batch_size"), [(0, 4), (4, 0), (4, -1)])
def test_there_must_be_something_to_measure_from(count: int, batch_size: int) -> None:
    with pytest.raises(ValueError, match=f"{count} examples in batches of {batch_size}"):
        measured(Sequential((BatchNorm(False),)), [{}], images(count), batch_size)


def test_a_batch_larger_than_the_set_is_the_set() -> None:
    given: Any = measured(Sequential((BatchNorm(False),)), [{}], images(5), 100).layers[0]
    np.testing.assert_allclose(given.given[0], images(5).mean((0, 1, 2)), rtol=1e-12)


def test_averages_weigh_the_last_most_and_keep_their_dtype() -> None:
    batches = [(np.full(1, value, "f"), np.full(1, value + 1, "f")) for value in (1, 2, 4)]
    mean, variance = averaged(batches, 0.5)
    assert mean.dtype == variance.dtype == np.float32
    np.testing.assert_allclose(mean, [(0.25 * 1 + 0.5 * 2 + 4) / 1.75], rtol=1e-6)
    np.testing.assert_allclose(variance, mean + 1, rtol=1e-6)


@pytest.mark.parametrize(("layer", "axes"), [(LayerNorm, (1, 2, 3)), (InstanceNorm, (1, 2))])
def test_the_published_mistake_takes_statistics_by_position(layer: Any, axes: Any) -> None:
    """Image i of a test batch is normalised by the training images at position i."""
    train_x, test_x = images(8), images(6, seed=1)
    network = Sequential((layer(False, 1e-8, moving_average=1.0),))
    y = measured(network, [{}], train_x, 4)([{}], test_x)
    mean = train_x.mean(axes, keepdims=True).reshape(2, 4, 1, 1, -1).mean(0)
    variance = train_x.var(axes, keepdims=True).reshape(2, 4, 1, 1, -1).mean(0)
    for i, x in enumerate(test_x):  # six images: two batches of four positions
        expected = (x - mean[i % 4]) / np.sqrt(variance[i % 4] + 1e-8)
        np.testing.assert_allclose(y[i], expected, rtol=1e-9)


def test_training_tests_by_the_statistics_of_the_training_set() -> None:
    network = Sequential((BatchNorm(), Flatten(), Dense(2)))
    train_set = Dataset(images(12).astype("f"), generator().normal(size=(12, 2)).astype("f"))
    test_set = Dataset(images(5, seed=1).astype("f"), np.ones((5, 2), "f"))
    parameters = network.init((3, 5, 4), generator())
    epochs = list(
        train(network, parameters, train_set, test_set, optimizer=Adam(), epochs=3, batch_size=4,
              generator=generator())
    )  # fmt: skip
    predicting = measured(network, parameters.weights, train_set.x, 4)
    expected = ops.mean_squared_error(predicting(parameters.weights, test_set.x), test_set.y)
    assert epochs[-1].test_loss == expected
    assert epochs[-1].train_loss < epochs[1].train_loss


# ------------------------------------------------------------------------------------------ Box-Cox


def test_box_cox_has_one_exponent_that_starts_at_two() -> None:
    arrays, shape = BoxCox().init((3, 5, 4), generator())
    assert shape == (3, 5, 4)
    assert {name: array.tolist() for name, array in arrays.items()} == {"exponent": [2.0]}
    x = np.abs(images())
    np.testing.assert_allclose(BoxCox()(arrays, x), ((x + 1) ** 2 - 1) / 2, rtol=1e-12)
    assert BoxCox(0.5).init((3,), generator())[0]["exponent"].tolist() == [0.5]


# ----------------------------------------------------------------------------------------- settings


@each_layer
def test_only_images_are_normalised(layer: Any, norm: Any) -> None:
    with pytest.raises(ValueError, match="batch, height, width, channel"):
        layer().init((8,), generator())


def test_channels_must_split_into_the_groups() -> None:
    with pytest.raises(ValueError, match="4 channels cannot be split into 3"):
        GroupNorm(groups=3).init((3, 5, 4), generator())


@pytest.mark.parametrize("layer", [layer for layer, _ in LAYERS], ids=IDS)
def test_settings_out_of_range_are_refused_and_cannot_be_changed(layer: Any) -> None:
    for epsilon in (0.0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="ε must be above 0"):
            layer(epsilon=epsilon)
    for decay in (0.0, 1.1, float("nan")):
        with pytest.raises(ValueError, match="a moving average lies in"):
            layer(moving_average=decay)
    with pytest.raises(FrozenInstanceError):
        layer().epsilon = 1.0
