"""Training: what an epoch holds, that a run repeats and resumes to the bit, and its settings."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgrand.layers import Dense, Dropout, LeakyReLU, Sequential
from microgrand.ops import mean_squared_error
from microgrand.optimizers import SGD, Adam, Momentum
from microgrand.penalties import PENALTIES
from microgrand.signals import take_signals
from microgrand.tape import Parameters
from microgrand.training import Dataset, Epoch, predict, train

LINE = Sequential((Dense(1, bias=False),))
WITH_DROPOUT = Sequential((Dense(8), LeakyReLU(), Dropout(0.2), Dense(1)))
WITHOUT = Sequential((Dense(8), LeakyReLU(), Dense(1)))


def draw_set(count: int, inputs: int = 2, dtype: type = np.float64, seed: int = 0) -> Dataset:
    """Points on a gentle curve."""
    x: np.ndarray = np.random.default_rng(seed).uniform(-1, 1, (count, inputs)).astype(dtype)
    return Dataset(x, np.sin(2 * x).sum(axis=1, keepdims=True))


TRAIN, TEST = draw_set(14), draw_set(9, seed=1)


def start(network: Sequential, seed: int = 0, dtype: type = np.float64) -> Parameters:
    return network.init((2,), np.random.default_rng(seed), dtype)


def epochs_of(network: Sequential = WITH_DROPOUT, **changes: Any) -> Iterator[Epoch]:
    """Three epochs of training, or what is asked for in their place."""
    arguments: dict[str, Any] = {
        "parameters": start(network),
        "train_set": TRAIN,
        "test_set": TEST,
        "optimizer": Adam(0.01),
        "epochs": 3,
        "batch_size": 4,
        "generator": np.random.default_rng(0),
    }
    return train(network, **(arguments | changes))


def run(network: Sequential = WITH_DROPOUT, **changes: Any) -> list[tuple[Any, ...]]:
    """All that these epochs hold, copied."""
    return [
        (epoch.number, epoch.train_loss, epoch.test_loss, epoch.parameters.vector.copy())
        for epoch in epochs_of(network, **changes)
    ]


def same_bits(first: list[tuple[Any, ...]], second: list[tuple[Any, ...]]) -> None:
    for one, other in zip(first, second, strict=True):
        for left, right in zip(one, other, strict=True):
            np.testing.assert_array_equal(left, right)


# ------------------------------------------------------------------------------- what is computed


@pytest.mark.parametrize("count", [1, 1000, 1001, 2345])
@pytest.mark.parametrize("batch_size", [7, 128, 3000])
def test_predictions_are_made_in_parts_of_whole_batches(count: int, batch_size: int) -> None:
    seen = []

    class Watched(Sequential):
        def __call__(self, weights: Any, x: Any, generator: Any = None) -> Any:
            seen.append(len(x))
            return super().__call__(weights, x, generator)

    stack = Parameters.stack([start(WITHOUT, seed) for seed in range(2)])
    x = draw_set(count).x
    parts = predict(Watched(WITHOUT.layers), stack.weights, x, batch_size)
    np.testing.assert_allclose(parts, WITHOUT(stack.weights, x), rtol=1e-12, atol=1e-14)
    assert sum(seen) == count
    assert all(part % batch_size == 0 for part in seen[:-1])
    assert max(seen) < 1000 + batch_size


@given(
    batch_size=st.integers(1, 20),
    strength=st.sampled_from([0.0, 0.1]),
    name=st.sampled_from(["none", "l1", "l2", "half_l2"]),
    masked=st.booleans(),
)
def test_training_is_gradient_descent_batch_by_batch(
    batch_size: int, strength: float, name: str, masked: bool
) -> None:
    """The same run in a few plain lines: a linear model, in order, the last batch shorter."""
    pull: Any = {"none": lambda t: 0, "l1": np.sign, "l2": lambda t: 2 * t, "half_l2": lambda t: t}
    mask = np.array([1.0, 0.0]) if masked else np.ones(2)
    theta = start(LINE).vector.copy()
    for _ in range(3):
        losses = []
        for i in range(0, 14, batch_size):
            x, y = TRAIN.x[i : i + batch_size], TRAIN.y[i : i + batch_size, 0]
            error = x @ theta - y
            losses += list(error**2)
            slope = 2 * x.T @ error / len(y) + strength * mask * pull[name](theta)
            theta = theta - 0.1 * slope
    _, train_loss, test_loss, vector = run(
        LINE,
        optimizer=SGD(0.1),
        batch_size=batch_size,
        penalty=PENALTIES[name],
        strength=strength,
        mask=mask if masked else None,
        shuffle=False,
    )[-1]
    np.testing.assert_allclose(vector, theta, rtol=1e-9)
    assert train_loss == pytest.approx(np.mean(losses), rel=1e-9)
    expected = np.mean((TEST.x @ theta - TEST.y[:, 0]) ** 2)
    assert test_loss == pytest.approx(expected, rel=1e-9)


def test_the_loss_falls() -> None:
    epochs = run(WITHOUT, epochs=60, optimizer=Adam(0.02))
    assert epochs[-1][1] < 0.1 * epochs[0][1]
    assert epochs[-1][2] < 0.5 * epochs[0][2]


def test_the_order_is_new_each_epoch_and_takes_every_example_once() -> None:
    """With a batch of one and a rate of 0, each x the loss is asked for is one example."""
    seen: list[float] = []

    def listening(prediction: Any, target: Any) -> Any:
        if np.shape(target) == (1, 1):
            seen.append(target.item())
        return mean_squared_error(prediction, target)

    run(LINE, batch_size=1, epochs=2, optimizer=SGD(0.0), loss=listening)
    first, second = seen[:14], seen[14:]
    assert sorted(first) == sorted(second) == sorted(TRAIN.y.ravel().tolist())
    assert first != second
    assert first != TRAIN.y.ravel().tolist()


# --------------------------------------------------------------------------------- what is yielded


def test_epoch_0_comes_first_before_any_step() -> None:
    epochs = run()
    assert [number for number, *_ in epochs] == [0, 1, 2, 3]
    before = start(WITH_DROPOUT)
    np.testing.assert_array_equal(epochs[0][3], before.vector)
    prediction = WITH_DROPOUT(before.weights, TRAIN.x)
    assert epochs[0][1] == pytest.approx(np.mean((prediction - TRAIN.y) ** 2), rel=1e-12)
    assert len(run(epochs=0)) == 1


def test_the_test_loss_and_metrics_are_taken_after_the_epoch_with_dropout_off() -> None:
    def largest(prediction: np.ndarray, target: np.ndarray) -> float:
        return float(np.abs(prediction - target).max())

    for epoch in epochs_of(optimizer=Adam(), epochs=2, metrics={"largest": largest}):
        error = WITH_DROPOUT(epoch.parameters.weights, TEST.x) - TEST.y
        assert epoch.test_loss == pytest.approx(np.mean(error**2), rel=1e-12)
        assert epoch.metrics == {"largest": pytest.approx(np.abs(error).max(), rel=1e-12)}


def test_dropout_is_on_while_training_and_off_while_testing() -> None:
    """With a rate of 0 the weights stay, and only the masks can make epochs differ."""
    _, *epochs = run(optimizer=SGD(0.0))
    assert len({float(train_loss) for _, train_loss, _, _ in epochs}) == 3
    assert len({float(test_loss) for _, _, test_loss, _ in epochs}) == 1


def test_the_penalty_is_in_no_recorded_loss() -> None:
    plain = run(WITHOUT, optimizer=SGD(0.0))
    penalised = run(WITHOUT, optimizer=SGD(0.0), penalty=PENALTIES["l2"], strength=100.0)
    same_bits(plain, penalised)


def test_observe_sees_every_epoch_and_its_answer_is_the_signals() -> None:
    told: list[Any] = []

    def observe(parameters: Parameters, state: Any) -> tuple[int, float]:
        told.append((state["steps"], float(parameters.vector[0])))
        return told[-1]

    epochs = epochs_of(WITHOUT, optimizer=Adam(), epochs=2, batch_size=5, observe=observe)
    assert [epoch.signals for epoch in epochs] == told
    assert [steps for steps, _ in told] == [0, 3, 6]
    assert len({first for _, first in told}) == 3


# ---------------------------------------------------------------------------------------- the bits


def test_the_same_seed_gives_the_same_bits() -> None:
    same_bits(run(), run())
    other = run(generator=np.random.default_rng(1))
    assert (other[-1][3] != run()[-1][3]).any()


def test_sets_are_pairs_of_any_kind() -> None:
    same_bits(run(), run(train_set=tuple(TRAIN), test_set=[*TEST]))


def test_watching_changes_no_bit() -> None:
    watching, adam = np.random.default_rng(5), Adam(0.01)

    def observe(parameters: Parameters, state: Any) -> Any:
        moment = adam.moment(state)
        return take_signals(
            WITH_DROPOUT, parameters, TEST.x, TEST.y, mean_squared_error, moment, watching
        )

    same_bits(run(), run(observe=observe))


@pytest.mark.parametrize("optimizer", [Adam(0.01), Momentum(0.01), SGD(0.01)])
@pytest.mark.parametrize("stop", [0, 2])
def test_going_on_after_an_epoch_gives_the_bits_of_going_straight_through(
    optimizer: Any, stop: int
) -> None:
    """A checkpoint is copies of the epoch and of the generator's state."""
    straight = run(epochs=5, optimizer=optimizer)
    generator = np.random.default_rng(0)
    for epoch in epochs_of(optimizer=optimizer, epochs=5, generator=generator):
        if epoch.number == stop:
            checkpoint, resumed = deepcopy(epoch), deepcopy(generator)
    went_on = run(
        parameters=checkpoint.parameters.copy(), optimizer=optimizer, epochs=5 - stop,
        generator=resumed, after=checkpoint,
    )  # fmt: skip
    assert [number for number, *_ in went_on] == list(range(stop + 1, 6))
    same_bits(went_on, straight[stop + 1 :])


def test_training_goes_on_from_its_own_parameters_or_not_at_all() -> None:
    *_, last = epochs_of(epochs=1)
    others = last.parameters.like(last.parameters.vector + 1)
    with pytest.raises(ValueError, match="from the parameters of `after`, not from others"):
        run(parameters=others, after=deepcopy(last))


def test_what_has_diverged_goes_on_as_lost_as_it_was() -> None:
    *_, last = epochs_of(epochs=1)
    last.parameters.vector[...] = np.nan
    (epoch,) = epochs_of(parameters=last.parameters, after=last, epochs=1)
    assert np.isnan(epoch.parameters.vector).all()


# -------------------------------------------------------------------------------------- the stacks


def test_a_stack_trains_each_model_as_alone() -> None:
    """Each with its own start, strength and rate; the order of examples is the same for all."""
    strengths, rates = np.array([[0.0], [0.01], [0.3]]), np.array([[0.02], [0.01], [0.05]])
    mask = start(WITHOUT).only("kernel")
    shared: dict[str, Any] = {"penalty": PENALTIES["l1"], "mask": mask}
    stack = Parameters.stack([start(WITHOUT, seed) for seed in range(3)])
    together = run(WITHOUT, parameters=stack, optimizer=Adam(rates), strength=strengths, **shared)
    for i in range(3):
        rate, strength = float(rates[i, 0]), float(strengths[i, 0])
        alone = run(
            WITHOUT, parameters=start(WITHOUT, i), optimizer=Adam(rate), strength=strength, **shared
        )  # fmt: skip
        for of_stack, own in zip(together, alone, strict=True):
            for left, right in zip(of_stack[1:], own[1:], strict=True):
                np.testing.assert_allclose(left[i], right, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("strength", [0.1, np.array([[0.1], [0.2]])])
def test_float32_stays_float32(strength: Any) -> None:
    short = draw_set(14, dtype=np.float32)
    models = [start(WITH_DROPOUT, seed, np.float32) for seed in range(2)]
    parameters = Parameters.stack(models)
    for epoch in epochs_of(
        parameters=parameters, train_set=short, test_set=short, optimizer=Adam(), epochs=2,
        penalty=PENALTIES["l2"], strength=strength, mask=parameters.only("kernel"),
    ):  # fmt: skip
        assert epoch.parameters.vector.dtype == np.float32
        assert epoch.test_loss.dtype == np.float32
        assert epoch.state["sum"].dtype == epoch.state["square"].dtype == np.float32
