"""Layers: shapes, initialisations and their distributions, and dropout by a generator alone."""

from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from microgrand import layers, ops
from microgrand.layers import (
    Conv2D,
    Dense,
    Dropout,
    LeakyReLU,
    Normal,
    ReLU,
    Sequential,
    Sigmoid,
    Tanh,
)
from microgrand.tape import Parameters, value_and_grad

FAN_IN, FAN_OUT = 60, 100
NETWORK = Sequential((Dense(8), Tanh(), Dropout(0.5), Dense(3)))


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


# -------------------------------------------------------------------------------- initialisations


@pytest.mark.parametrize(
    ("initializer", "distribution"),
    [
        (layers.uniform_fan_in, stats.uniform(-(FAN_IN**-0.5), 2 * FAN_IN**-0.5)),
        (
            layers.glorot_uniform,
            stats.uniform(-np.sqrt(6 / (FAN_IN + FAN_OUT)), 2 * np.sqrt(6 / (FAN_IN + FAN_OUT))),
        ),
        (layers.he_normal, stats.norm(0, np.sqrt(2 / FAN_IN))),
        (Normal(0.3), stats.norm(0, 0.3)),
    ],
    ids=["uniform_fan_in", "glorot_uniform", "he_normal", "Normal"],
)
def test_an_initialisation_follows_its_distribution(initializer: Any, distribution: Any) -> None:
    drawn = initializer(generator(), (FAN_IN, FAN_OUT), FAN_IN, FAN_OUT)
    assert drawn.shape == (FAN_IN, FAN_OUT)
    low, high = distribution.support()
    assert low <= drawn.min() < drawn.max() <= high
    # 6 000 numbers: the variance is known to 2 %, 5 standard errors are 10 %.
    assert drawn.var() == pytest.approx(distribution.var(), rel=0.1)
    assert stats.kstest(drawn.ravel(), distribution.cdf).pvalue > 1e-3


def test_zeros_are_zero() -> None:
    np.testing.assert_array_equal(layers.zeros(generator(), (3,), 2, 3), np.zeros(3))


def test_kernel_and_bias_start_as_pytorchs_do() -> None:
    """Both uniform on ±1/√inputs."""
    arrays, _ = Dense(2000).init((25,), generator())
    for array in arrays.values():
        assert stats.kstest(array.ravel(), stats.uniform(-0.2, 0.4).cdf).pvalue > 1e-3
    assert not np.isin(arrays["bias"], arrays["kernel"]).any()


def test_a_dense_layer_hands_its_sizes_to_both_initialisations() -> None:
    told = []

    def listen(_: Any, shape: Any, fan_in: int, fan_out: int) -> np.ndarray:
        told.append((shape, fan_in, fan_out))
        return np.zeros(shape)

    Dense(7, kernel_init=listen, bias_init=listen).init((5,), generator())
    assert told == [((5, 7), 5, 7), ((7,), 5, 7)]


# ----------------------------------------------------------------------------------------- layers


@given(batch=st.integers(0, 4), inputs=st.integers(1, 5), units=st.integers(1, 5))
def test_dense_says_the_shape_it_gives(batch: int, inputs: int, units: int) -> None:
    for bias in (True, False):
        layer = Dense(units, bias=bias)
        arrays, shape = layer.init((inputs,), generator())
        assert {name: array.shape for name, array in arrays.items()} == {
            "kernel": (inputs, units),
            **({"bias": (units,)} if bias else {}),
        }
        assert layer(arrays, np.ones((batch, inputs))).shape == (batch, *shape)


def test_a_layer_of_another_shape_says_what_it_takes() -> None:
    with pytest.raises(ValueError, match=r"rows of numbers, unlike the shape \(4, 4, 3\): Flatten"):
        Dense(2).init((4, 4, 3), generator())
    with pytest.raises(ValueError, match=r"an image has height.*unlike the shape \(4,\)"):
        Conv2D(2).init((4,), generator())


def test_dense_is_the_weighted_sum() -> None:
    arrays, _ = Dense(3).init((4,), generator())
    x = generator(1).normal(size=(5, 4))
    expected = x @ arrays["kernel"] + arrays["bias"]
    np.testing.assert_allclose(Dense(3)(arrays, x), expected, rtol=1e-12)
    without = Dense(3, bias=False)({"kernel": arrays["kernel"]}, x)
    np.testing.assert_allclose(without, x @ arrays["kernel"], rtol=1e-12)


@given(
    size=st.tuples(st.integers(3, 8), st.integers(3, 8)),
    window=st.tuples(st.integers(1, 3), st.integers(1, 3)) | st.sampled_from([1, 3, np.int64(2)]),
    stride=st.integers(1, 3),
    padding=st.sampled_from(["same", "valid"]),
    bias=st.booleans(),
)
def test_conv2d_says_the_shape_it_gives(
    size: Any, window: Any, stride: int, padding: str, bias: bool
) -> None:
    layer = Conv2D(4, window, stride, padding, bias)
    arrays, shape = layer.init((*size, 2), generator())
    assert {name: array.shape for name, array in arrays.items()} == {
        "kernel": (*(window if isinstance(window, tuple) else (window, window)), 2, 4),
        **({"bias": (4,)} if bias else {}),
    }
    x = generator(1).normal(size=(3, *size, 2))
    y = layer(arrays, x)
    assert y.shape == (3, *shape)
    expected = ops.conv2d(x, arrays["kernel"], arrays.get("bias"), stride, padding)
    np.testing.assert_array_equal(y, expected)


def test_a_convolution_counts_the_windows_area_in_its_fans() -> None:
    told = []

    def listen(_: Any, shape: Any, fan_in: int, fan_out: int) -> np.ndarray:
        told.append((shape, fan_in, fan_out))
        return np.zeros(shape)

    Conv2D(5, (3, 2), kernel_init=listen, bias_init=listen).init((8, 8, 4), generator())
    assert told == [((3, 2, 4, 5), 24, 30), ((5,), 24, 30)]


@pytest.mark.parametrize("layer", [Conv2D(2, (5, 1), padding="valid"), Conv2D(2, padding="full")])
def test_a_convolution_that_does_not_fit_is_refused_before_training(layer: Conv2D) -> None:
    with pytest.raises(ValueError, match=r"fit|padding"):
        layer.init((4, 4, 1), generator())


def test_convolutions_learn_in_float32() -> None:
    """A network that starts with stride 2 finds the kernel another one was drawn with."""
    network = Sequential((Conv2D(3, stride=2), Tanh(), Conv2D(2)))
    truth, parameters = (network.init((6, 6, 1), generator(seed)) for seed in (0, 1))
    x = generator(2).normal(size=(20, 6, 6, 1)).astype(np.float32)
    y = network(truth.weights, x).reshape(20, -1)

    def loss_of(arrays: Any) -> Any:
        return ops.mean_squared_error(network(arrays, x).reshape(20, -1), y)

    step = value_and_grad(loss_of)
    losses = []
    for _ in range(300):
        loss, gradient = step(parameters)
        assert gradient.vector.dtype == np.float32
        parameters.vector -= 0.3 * gradient.vector
        losses.append(loss)
    assert losses[-1] < 0.05 * losses[0]


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (ReLU(), [0, 0, 2]),
        (LeakyReLU(), [-0.01, 0, 2]),
        (LeakyReLU(0.5), [-0.5, 0, 2]),
        (Tanh(), np.tanh([-1, 0, 2])),
        (Sigmoid(), [1 / (1 + np.exp(1.0)), 0.5, 1 / (1 + np.exp(-2))]),
        (Dropout(0.5), [-1, 0, 2]),
    ],
)
def test_layers_without_weights_work_entry_by_entry(layer: Any, expected: Any) -> None:
    assert layer.init((3,), generator()) == ({}, (3,))
    y = layer({}, np.array([[-1.0, 0.0, 2.0]]), None)
    np.testing.assert_allclose(y, [expected], rtol=1e-12)


# ---------------------------------------------------------------------------------------- dropout


def test_dropout_needs_a_generator() -> None:
    x = np.ones((100, 100))
    dropped = Dropout(0.25)({}, x, generator())
    np.testing.assert_array_equal(Dropout(0.25)({}, x, None), x)
    np.testing.assert_allclose(np.unique(dropped), [0, 1 / 0.75], rtol=1e-12)
    assert np.mean(dropped == 0) == pytest.approx(0.25, abs=5 * 0.5 / 100)


def test_rate_0_leaves_x_and_the_generator_alone() -> None:
    x, used = np.ones((3, 3)), generator()
    np.testing.assert_array_equal(Dropout(0.0)({}, x, used), x)
    assert used.random() == generator().random()


def test_a_stack_may_have_a_rate_a_model() -> None:
    rates = np.array([0.0, 0.5, 1.0]).reshape(3, 1, 1)
    dropped = Dropout(rates)({}, np.ones((3, 50, 50)), generator())
    assert np.all(dropped[0] == 1)
    assert set(np.unique(dropped[1])) == {0, 2}
    assert not dropped[2].any()


@pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan"), np.array([0.5, 2.0])])
def test_a_rate_outside_0_to_1_is_refused(rate: Any) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        Dropout(rate)


# ------------------------------------------------------------------------------------- sequential


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_network_draws_one_vector_of_the_dtype_asked_for(dtype: type) -> None:
    parameters = NETWORK.init((5,), generator(), dtype)
    assert parameters.vector.dtype == dtype
    assert parameters.vector.size == 5 * 8 + 8 + 8 * 3 + 3
    assert [list(layer) for layer in parameters.weights] == [
        ["kernel", "bias"], [], [], ["kernel", "bias"]
    ]  # fmt: skip
    x: np.ndarray = np.ones((2, 5), dtype)
    assert NETWORK(parameters.weights, x).dtype == dtype
    assert NETWORK(parameters.weights, x, generator()).dtype == dtype


def test_float32_is_the_default_and_rounds_the_same_draw() -> None:
    short, long = NETWORK.init((5,), generator()), NETWORK.init((5,), generator(), np.float64)
    np.testing.assert_array_equal(short.vector, long.vector.astype(np.float32))


def test_the_same_seed_draws_the_same_network() -> None:
    first, again, other = (NETWORK.init((5,), generator(seed)).vector for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert (first != other).all()


def test_a_network_is_its_layers_one_after_the_other() -> None:
    parameters = NETWORK.init((5,), generator(), np.float64)
    x = generator(1).normal(size=(6, 5))
    first, _, _, last = parameters.weights
    hidden = np.tanh(x @ first["kernel"] + first["bias"])
    expected = hidden @ last["kernel"] + last["bias"]
    np.testing.assert_allclose(NETWORK(parameters.weights, x), expected, rtol=1e-9)
    outputs = list(NETWORK.outputs(parameters.weights, x))
    assert [y.shape for y in outputs] == [(6, 8), (6, 8), (6, 8), (6, 3)]
    np.testing.assert_allclose(outputs[1], hidden, rtol=1e-12)
    np.testing.assert_array_equal(outputs[3], NETWORK(parameters.weights, x))


def test_monte_carlo_dropout_scatters_around_the_prediction() -> None:
    """Behind the dropout all is linear, so the mean over masks is the prediction without."""
    parameters = NETWORK.init((5,), generator(), np.float64)
    x, drawing = generator(1).normal(size=(1, 5)), generator(2)
    samples = np.array([NETWORK(parameters.weights, x, drawing) for _ in range(2000)])
    error = samples.std(axis=0) / np.sqrt(2000)
    assert (error > 0).all()
    assert np.all(np.abs(samples.mean(axis=0) - NETWORK(parameters.weights, x)) < 5 * error)
    np.testing.assert_array_equal(samples[0], NETWORK(parameters.weights, x, generator(2)))


def test_a_stack_predicts_as_each_model_alone() -> None:
    alone = [NETWORK.init((5,), generator(seed), np.float64) for seed in range(3)]
    x = generator(1).normal(size=(6, 5))
    together = NETWORK(Parameters.stack(alone).weights, x)
    for y, parameters in zip(together, alone, strict=True):
        np.testing.assert_allclose(y, NETWORK(parameters.weights, x), rtol=1e-12)


@pytest.mark.parametrize("layers_alone", [(), (ReLU(),), (ReLU(), Dropout(0.5))])
def test_a_network_without_weights_has_nothing_to_draw(layers_alone: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match="a network without any weights"):
        Sequential(layers_alone).init((3,), generator())


def test_layers_and_weights_must_be_as_many() -> None:
    parameters = NETWORK.init((5,), generator())
    with pytest.raises(ValueError, match="zip"):
        NETWORK(parameters.weights[:-1], np.ones((2, 5), np.float32))


@pytest.mark.parametrize(
    ("thing", "name"),
    [(Dense(3), "units"), (Conv2D(3), "filters"), (LeakyReLU(), "slope"), (Dropout(0.1), "rate"),
     (NETWORK, "layers"), (Normal(1.0), "std")],
)  # fmt: skip
def test_settings_cannot_be_changed(thing: Any, name: str) -> None:
    with pytest.raises(FrozenInstanceError):
        setattr(thing, name, 0)
