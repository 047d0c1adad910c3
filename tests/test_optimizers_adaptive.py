"""RMSprop, Adadelta and Adam as published, against their algorithms, step by step."""

from math import sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from microgrand.optimizers import Adadelta, Adam, AdamW, RMSprop
from microgrand.steps_and_measures import adadelta, adam, rmsprop

numbers = st.floats(-10, 10).map(lambda x: round(x, 6))
gradients = st.lists(numbers, min_size=1, max_size=8)
rates = st.floats(1e-4, 1)
shares = st.floats(0, 0.999)


def walk(optimizer: Any, start: float, slopes: list[float]) -> list[float]:
    """Where an optimiser goes from `start`, one step a gradient."""
    vector = np.array([start])
    state, path = optimizer.init(vector), []
    for slope in slopes:
        optimizer.step(vector, np.array([slope]), state)
        path.append(float(vector[0]))
    return path


def defined(definition: Any, start: float, slopes: list[float], *settings: Any) -> list[float]:
    """Where the published algorithm goes."""
    return [definition(start, slopes[:t], *settings) for t in range(1, len(slopes) + 1)]


def same(path: list[float], expected: list[float]) -> None:
    np.testing.assert_allclose(path, expected, rtol=1e-9, atol=1e-9)


# ------------------------------------------------------------------------- the published algorithms


@given(start=numbers, slopes=gradients, rate=rates, rho=shares, epsilon=st.floats(1e-9, 1e-3))
@example(start=1.0, slopes=[0.0, 1.0, 0.0], rate=1.0, rho=0.0, epsilon=1e-7)
def test_adadelta_is_zeilers_algorithm_1_with_a_rate(
    start: float, slopes: list[float], rate: float, rho: float, epsilon: float
) -> None:
    expected = defined(adadelta, start, slopes, rate, rho, epsilon)
    same(walk(Adadelta(rate, rho, epsilon), start, slopes), expected)


@given(start=numbers, slopes=gradients, rate=rates, rho=shares)
@example(start=1.0, slopes=[0.0, 1.0, 0.0], rate=1.0, rho=0.0)
def test_rmsprop_divides_by_the_root_of_the_mean_square(
    start: float, slopes: list[float], rate: float, rho: float
) -> None:
    expected = defined(rmsprop, start, slopes, rate, rho, 1e-7)
    same(walk(RMSprop(rate, rho), start, slopes), expected)


@given(start=numbers, slopes=gradients, rate=rates, beta1=shares, beta2=shares, decay=shares)
def test_adam_as_published_corrects_without_a_power(
    start: float, slopes: list[float], rate: float, beta1: float, beta2: float, decay: float
) -> None:
    settings = rate, beta1, beta2, 1e-8
    published = Adam(*settings, as_published=True)
    same(walk(published, start, slopes), defined(adam, start, slopes, *settings, True))
    with_decay = AdamW(*settings, decay, as_published=True)
    same(walk(with_decay, start, slopes), defined(adam, start, slopes, *settings, True, decay))


# ------------------------------------------------------------------------------- what follows of it


def test_the_frozen_correction_starts_as_adam_and_ends_at_a_third_of_it() -> None:
    """The ratios of the steps that the docstring and the lesson give, for a constant gradient."""
    published, adam = (
        -np.diff([0.0, *walk(Adam(1e-3, as_published=switch), 0.0, [1.0] * 10_000)])
        for switch in (True, False)
    )
    t = np.arange(1, 10_001)
    ratios = published / adam
    expected = (1 - 0.9**t) / (1 - 0.9) / np.sqrt((1 - 0.999**t) / (1 - 0.999))
    np.testing.assert_allclose(ratios, expected, rtol=1e-6)
    told = {1: 1.0, 12: 2.1, 100: 1.02, 1000: 0.40, 10_000: 0.316}
    assert {
        step: round(ratios[step - 1], 1 if step == 12 else 2 if step < 10_000 else 3)
        for step in told
    } == told


@given(slope=numbers.filter(lambda g: abs(g) > 0.1))
def test_adadeltas_first_step_depends_on_epsilon_and_not_on_the_slope(slope: float) -> None:
    (end,) = walk(Adadelta(), 0.0, [slope])
    assert end == pytest.approx(-sqrt(1e-7 / 0.05) * np.sign(slope), rel=1e-3)
    assert abs(end) == pytest.approx(0.0014, abs=5e-5)


def test_rmsprops_first_step_is_up_to_the_rate_over_the_root_of_1_minus_rho() -> None:
    assert walk(RMSprop(0.1), 0.0, [-3.0]) == pytest.approx([0.1 / sqrt(0.1)], rel=1e-6)


@pytest.mark.parametrize("optimizer", [RMSprop(), Adadelta(), Adam(as_published=True)])
def test_without_a_gradient_they_stand_still(optimizer: Any) -> None:
    assert walk(optimizer, 1.5, [0.0, 0.0, 0.0]) == [1.5, 1.5, 1.5]


@pytest.mark.parametrize("kind", [RMSprop, Adadelta])
def test_they_keep_no_moment(kind: Any) -> None:
    assert kind().moment(kind().init(np.zeros(3))) is None
