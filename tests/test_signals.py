"""The signals of a layer, each taken again by hand, and what is kept of them against scipy."""

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy import stats

from microgrand.layers import (
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool,
    LeakyReLU,
    MaxPool,
    ReLU,
    Sequential,
    Tanh,
)
from microgrand.ops import mean_squared_error
from microgrand.signals import SIGNALS, summarise, take_signals
from microgrand.tape import Parameters, value_and_grad

NETWORK = Sequential((Dense(4), LeakyReLU(0.1), Dropout(0.5), Dense(3), Tanh(), Dense(2)))
X, Y = np.random.default_rng(1).normal(size=(5, 3)), np.random.default_rng(2).normal(size=(5, 2))
PARAMETERS = NETWORK.init((3,), np.random.default_rng(0), np.float64)


def take(parameters: Parameters = PARAMETERS, **more: Any) -> dict[str, list[np.ndarray]]:
    return take_signals(NETWORK, parameters, X, Y, mean_squared_error, **more)


def difference(function: Any, at: np.ndarray, step: float = 1e-6) -> np.ndarray:
    """The central difference of a number for every entry of an array."""
    slope = np.zeros_like(at)
    for index in np.ndindex(at.shape):
        moved = np.zeros_like(at)
        moved[index] = step
        slope[index] = (function(at + moved) - function(at - moved)) / (2 * step)
    return slope


# ------------------------------------------------------------------------------------- the signals


def test_there_are_six_signals_for_every_layer_with_a_kernel() -> None:
    signals = take(moment=np.zeros_like(PARAMETERS.vector))
    assert set(signals) == set(SIGNALS)
    assert len(SIGNALS) == 6
    shapes = {name: [array.shape for array in arrays] for name, arrays in signals.items()}
    weights = [(3, 4), (4, 3), (3, 2)]
    assert shapes["preactivation"] == [(5, 4), (5, 3), (5, 2)]
    assert shapes["activation"] == [(5, 4), (5, 3), (5, 2)]
    assert shapes["input gradient"] == [(5, 3), (5, 4), (5, 3)]
    assert shapes["weight gradient"] == shapes["moment"] == shapes["weight"] == weights


def test_preactivations_and_activations_are_the_forward_pass() -> None:
    signals, x = take(), X
    after = (lambda z: np.maximum(z, 0.1 * z), np.tanh, lambda z: z)
    for i, layer in enumerate((0, 3, 5)):
        arrays = PARAMETERS.weights[layer]
        z = x @ arrays["kernel"] + arrays["bias"]
        x = after[i](z)
        np.testing.assert_allclose(signals["preactivation"][i], z, rtol=1e-9)
        np.testing.assert_allclose(signals["activation"][i], x, rtol=1e-9)


def test_input_gradients_are_the_slopes_of_the_loss_in_each_layers_input() -> None:
    signals = take()
    inputs = [X, *signals["activation"]]
    for i, layer in enumerate((0, 3, 5)):
        rest = Sequential(NETWORK.layers[layer:])

        def loss(x: np.ndarray, rest: Sequential = rest, first: int = layer) -> float:
            return float(np.mean((rest(PARAMETERS.weights[first:], x) - Y) ** 2))

        expected = difference(loss, inputs[i])
        np.testing.assert_allclose(signals["input gradient"][i], expected, rtol=1e-5, atol=1e-8)


def test_weight_gradients_are_the_slopes_of_the_loss_in_each_kernel() -> None:
    def loss(vector: np.ndarray) -> float:
        return float(np.mean((NETWORK(PARAMETERS.like(vector).weights, X) - Y) ** 2))

    expected = PARAMETERS.like(difference(loss, PARAMETERS.vector)).weights
    for i, layer in enumerate((0, 3, 5)):
        taken = take()["weight gradient"][i]
        np.testing.assert_allclose(taken, expected[layer]["kernel"], rtol=1e-5, atol=1e-8)


def test_weights_are_copies_of_the_kernels() -> None:
    parameters = PARAMETERS.copy()
    weights = take(parameters)["weight"]
    parameters.vector[:] = 0
    for i, layer in enumerate((0, 3, 5)):
        np.testing.assert_array_equal(weights[i], PARAMETERS.weights[layer]["kernel"])


def test_the_moment_is_shown_if_it_is_given() -> None:
    moment = np.arange(PARAMETERS.vector.size, dtype=float)
    assert "moment" not in take()
    expected = PARAMETERS.like(moment).weights
    for i, layer in enumerate((0, 3, 5)):
        np.testing.assert_array_equal(take(moment=moment)["moment"][i], expected[layer]["kernel"])


def test_taking_signals_changes_nothing() -> None:
    parameters, x, y = PARAMETERS.copy(), X.copy(), Y.copy()
    take_signals(NETWORK, parameters, x, y, mean_squared_error)
    np.testing.assert_array_equal(parameters.vector, PARAMETERS.vector)
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(y, Y)


def test_a_generator_turns_dropout_on() -> None:
    """An activation is what the next weighted layer receives: silenced, or twice as loud."""
    dropped = take(generator=np.random.default_rng(3))
    again = take(generator=np.random.default_rng(3))
    kept = dropped["activation"][0] != 0
    assert 0 < kept.mean() < 1
    np.testing.assert_allclose(dropped["activation"][0][kept], 2 * take()["activation"][0][kept])
    for name in dropped:
        for one, other in zip(dropped[name], again[name], strict=True):
            np.testing.assert_array_equal(one, other)


def test_signals_are_of_the_gradient_training_takes() -> None:
    """With dropout on and the same generator, bit for bit."""

    def loss(weights: Any) -> Any:
        return mean_squared_error(NETWORK(weights, X, np.random.default_rng(3)), Y)

    _, gradient = value_and_grad(loss)(PARAMETERS)
    taken = take(generator=np.random.default_rng(3))["weight gradient"]
    for i, layer in enumerate((0, 3, 5)):
        np.testing.assert_array_equal(taken[i], gradient.weights[layer]["kernel"])


def test_float32_signals_stay_float32() -> None:
    parameters = PARAMETERS.like(PARAMETERS.vector.astype(np.float32))
    x, y = X.astype(np.float32), Y.astype(np.float32)
    moment = np.zeros_like(parameters.vector)
    signals = take_signals(NETWORK, parameters, x, y, mean_squared_error, moment)
    assert {array.dtype for arrays in signals.values() for array in arrays} == {np.dtype("float32")}


def test_an_activation_is_taken_before_pooling() -> None:
    network = Sequential((Conv2D(2), ReLU(), MaxPool(), Conv2D(3), ReLU(), GlobalAveragePool()))
    parameters = network.init((4, 4, 1), np.random.default_rng(0), np.float64)
    x = np.random.default_rng(1).normal(size=(5, 4, 4, 1))
    signals = take_signals(network, parameters, x, np.zeros((5, 3)), mean_squared_error)
    assert [a.shape for a in signals["activation"]] == [(5, 4, 4, 2), (5, 2, 2, 3)]
    for z, a in zip(signals["preactivation"], signals["activation"], strict=True):
        np.testing.assert_array_equal(a, np.maximum(z, 0))


def test_a_row_of_numbers_is_an_activation_too() -> None:
    network = Sequential((Conv2D(2), Flatten(), ReLU(), Dense(3)))
    parameters = network.init((4, 4, 1), np.random.default_rng(0), np.float64)
    x = np.random.default_rng(1).normal(size=(5, 4, 4, 1))
    signals = take_signals(network, parameters, x, np.zeros((5, 3)), mean_squared_error)
    z, a = (signals[name][0] for name in ("preactivation", "activation"))
    np.testing.assert_array_equal(a, np.maximum(z.reshape(5, -1), 0))


# ----------------------------------------------------------------------------------- the summaries

BINS, REACH = 4, 2.0
ON_EDGES = st.sampled_from([-2.0, -1.0, 0.0, 1.0, 2.0])
values = st.floats(-1000, 1000).map(lambda x: round(x, 3))
shapes = array_shapes(max_dims=3, max_side=6)


@given(array=arrays(float, shapes, elements=values).filter(lambda a: np.ptp(a) > 0))
@example(array=np.array([0.0, 0.0, 1.0]))
@example(array=np.array([1000.0, 1000.001]))
def test_moments_are_scipys(array: np.ndarray) -> None:
    summary = summarise(array, BINS, REACH)
    assert summary.mean == pytest.approx(np.mean(array), rel=1e-9, abs=1e-12)
    assert summary.std == pytest.approx(np.std(array), rel=1e-9)
    assert summary.skewness == pytest.approx(stats.skew(array, axis=None), rel=1e-6, abs=1e-6)
    assert summary.kurtosis == pytest.approx(stats.kurtosis(array, axis=None), rel=1e-6, abs=1e-6)


def test_a_normal_has_neither_skewness_nor_kurtosis_and_an_exponential_has_2_and_6() -> None:
    generator = np.random.default_rng(0)
    normal = summarise(generator.normal(size=200_000), BINS, REACH)
    exponential = summarise(generator.exponential(size=200_000), BINS, REACH)
    assert (normal.skewness, normal.kurtosis) == pytest.approx((0, 0), abs=0.05)
    assert (exponential.skewness, exponential.kurtosis) == pytest.approx((2, 6), rel=0.15)


@given(value=values, shape=shapes)
@example(value=0.1, shape=(3,))
@example(value=0.0, shape=(1,))
def test_a_constant_array_has_moments_0(value: float, shape: tuple[int, ...]) -> None:
    summary = summarise(np.full(shape, value), BINS, REACH)
    assert summary.mean == pytest.approx(value, rel=1e-12)
    assert summary.std == pytest.approx(0, abs=1e-12 * abs(value))
    assert (summary.skewness, summary.kurtosis) == (0, 0)


@given(array=arrays(float, shapes, elements=st.one_of(values, ON_EDGES)))
@example(array=np.array([-5.0, -2.0, -1.0, 0.0, 0.99, 1.0, 2.0, 5.0]))
def test_the_histogram_counts_every_number_and_outliers_in_the_outer_bins(
    array: np.ndarray,
) -> None:
    counts = [0, 0, 0, 0]
    for value in array.ravel().tolist():
        counts[(value >= -1) + (value >= 0) + (value >= 1)] += 1
    summary = summarise(array, BINS, REACH)
    np.testing.assert_array_equal(summary.histogram, counts)
    assert summary.histogram.sum() == array.size


@given(array=arrays(np.float32, shapes, elements=st.sampled_from([0.0, -0.0, 1e-38, 1.0, -3.0])))
def test_nonzero_counts_what_is_not_exactly_zero(array: np.ndarray) -> None:
    assert summarise(array, BINS, REACH).nonzero == sum(value != 0 for value in array.ravel())


def test_a_network_without_kernels_is_refused() -> None:
    network = Sequential((LeakyReLU(),))
    with pytest.raises(ValueError, match="without kernels has no signals"):
        take_signals(network, Parameters(np.empty(0), [{}]), X, X, mean_squared_error)


def test_moments_of_float32_are_taken_in_float64() -> None:
    """A million float32 numbers near 1000: summed in float32, the spread would be lost."""
    array = (1000 + np.random.default_rng(0).normal(size=10**6)).astype(np.float32)
    summary = summarise(array, BINS, REACH)
    assert summary.std == pytest.approx(np.std(array.astype(np.float64)), rel=1e-9)


def test_a_diverged_signal_does_not_look_calm() -> None:
    """Skewness and kurtosis are 0 where nothing spreads, not where nothing is known."""
    summary = summarise(np.array([np.nan, 1.0, 2.0]), BINS, REACH)
    assert np.isnan([summary.mean, summary.std, summary.skewness, summary.kurtosis]).all()
