"""Layers that make noise: silent without a generator, and distributed as they say with one."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from microgrand.layers import (
    BatchNorm,
    Conv2D,
    Dense,
    GaussianNoise,
    GlobalAveragePool,
    NoisyWeights,
    ReLU,
    Sequential,
    Shake,
)
from microgrand.ops import softmax_cross_entropy
from microgrand.optimizers import Adam
from microgrand.tape import Parameters, value_and_grad
from microgrand.training import Dataset, train


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def branches(shake: Shake) -> Sequential:
    return Sequential((Conv2D(8, bias=False), ReLU(), shake, Conv2D(3), GlobalAveragePool()))


IMAGES = generator(5).normal(size=(6, 5, 5, 2)).astype(np.float32)
NETWORKS = {
    "input": Sequential((GaussianNoise(0.5), Conv2D(3), GlobalAveragePool())),
    "weights": Sequential((NoisyWeights(Conv2D(3), 0.1), GlobalAveragePool())),
    "shake": branches(Shake()),
}
each_network = pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)


@each_network
def test_there_is_noise_with_a_generator_alone(network: Sequential) -> None:
    parameters = network.init((5, 5, 2), generator())
    silent = network(parameters.weights, IMAGES)
    np.testing.assert_array_equal(network(parameters.weights, IMAGES), silent)
    noisy = network(parameters.weights, IMAGES, generator(1))
    np.testing.assert_array_equal(network(parameters.weights, IMAGES, generator(1)), noisy)
    assert not np.allclose(network(parameters.weights, IMAGES, generator(2)), noisy)
    assert not np.allclose(silent, noisy)
    assert noisy.dtype == np.float32


@each_network
def test_a_network_with_noise_learns_in_single_precision(network: Sequential) -> None:
    x = np.repeat(generator(3).normal(size=(3, 5, 5, 2)), 10, axis=0).astype(np.float32)
    data = Dataset(x, np.repeat(np.arange(3), 10))
    parameters = network.init((5, 5, 2), generator())
    epochs = train(
        network, parameters, data, data, optimizer=Adam(0.01), epochs=40, batch_size=5,
        generator=generator(1), loss=softmax_cross_entropy,
    )  # fmt: skip
    losses = [epoch.test_loss for epoch in epochs]
    assert losses[-1] < 0.5 * losses[0]
    _, gradient = value_and_grad(
        lambda weights: softmax_cross_entropy(network(weights, x, generator(2)), data.y)
    )(parameters)
    assert gradient.vector.dtype == np.float32


def test_input_noise_has_its_spread_and_the_data_as_its_mean() -> None:
    x = np.full((200, 10, 10, 3), 2.0, np.float32)
    noise = GaussianNoise(0.5)({}, x, generator()) - x
    assert stats.kstest(noise.ravel()[::7], "norm", (0, 0.5)).pvalue > 1e-3
    assert GaussianNoise(0.0)({}, x, generator()) is x


@pytest.mark.parametrize("dtype", [np.uint8, np.int64])
def test_whole_numbers_have_noise_too(dtype: type) -> None:
    x: np.ndarray = np.full((20, 10), 2, dtype)
    assert np.unique(GaussianNoise(0.5)({}, x, generator())).size > 100


def test_weights_are_drawn_around_theirs_each_time_and_come_to_no_harm() -> None:
    layer = NoisyWeights(Dense(300), 0.2)
    arrays, shape = layer.init((100,), generator())
    assert shape == (300,)
    before = {name: array.copy() for name, array in arrays.items()}
    drawn = layer(arrays, np.eye(100), generator(1)) - layer(arrays, np.eye(100), None)
    expected = np.sqrt(0.2**2 + 0.2**2)  # a weight and a bias in each number
    assert drawn.std() == pytest.approx(expected, rel=0.05)
    for name, array in before.items():
        np.testing.assert_array_equal(arrays[name], array)


def test_every_image_is_mixed_by_a_share_of_its_own() -> None:
    """Branches that are all 0 and all 1 show the share itself."""
    x = np.concatenate([np.ones((500, 2, 2, 3)), np.zeros((500, 2, 2, 3))], axis=-1)
    y = Shake()({}, x, generator())
    assert y.shape == (500, 2, 2, 3)
    np.testing.assert_allclose(y, np.broadcast_to(y[:, :1, :1, :1], y.shape), atol=1e-6)
    assert stats.kstest(y[:, 0, 0, 0], "uniform").pvalue > 1e-3
    np.testing.assert_array_equal(Shake()({}, x, None), np.full_like(y, 0.5))
    np.testing.assert_array_equal(Shake("even", "even")({}, x, generator()), np.full_like(y, 0.5))


@pytest.mark.parametrize("backward", ["shake", "even", "keep"])
@pytest.mark.parametrize("forward", ["shake", "even"])
def test_the_way_back_has_shares_as_it_was_told(forward: Any, backward: Any) -> None:
    """The gradient of the sum for two constant branches is the way back's share itself."""
    layer = Shake(forward, backward)
    x = np.concatenate([np.ones((400, 1, 1, 1)), np.zeros((400, 1, 1, 1))], axis=-1)
    parameters = Parameters.from_weights([{"kernel": x}])
    there, back = [], []

    def loss(weights: Any) -> Any:
        y = layer({}, weights[0]["kernel"], generator())
        there.append(y._value[:, 0, 0, 0])
        return y.sum()

    _, gradient = value_and_grad(loss)(parameters)
    back = gradient.weights[0]["kernel"][:, 0, 0, 0]
    assert np.allclose(there[0], 0.5) == (forward == "even")
    if backward == "keep":
        np.testing.assert_allclose(back, there[0], atol=1e-6)
    elif backward == "even":
        np.testing.assert_array_equal(back, 0.5)
    else:
        assert stats.kstest(back, "uniform").pvalue > 1e-3
        if forward == "shake":
            assert abs(np.corrcoef(back, there[0])[0, 1]) < 0.15


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: GaussianNoise(-0.1), "negative"),
        (lambda: NoisyWeights(Dense(1), -1.0), "negative"),
        (lambda: NoisyWeights(BatchNorm(), 0.1), "BatchNorm cannot stand in NoisyWeights"),
        (lambda: Shake("odd", "even"), "odd"),  # type: ignore[arg-type]
        (lambda: Shake("even", "odd"), "odd"),  # type: ignore[arg-type]
        (lambda: Shake().init((4, 4, 3), generator()), r"\(4, 4, 3\)"),
        (lambda: Shake().init((4,), generator()), r"\(4,\)"),
    ],
)
def test_what_cannot_be_is_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
