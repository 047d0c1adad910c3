"""The noisy curve: its formula, its noise, its scale and its split."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgrand.data.curve import Curve, CurveData, make_curve

HARD = Curve.draw(227)
small = st.floats(-2, 2)


def make(seed: int = 0, points: int = 10_000, noise: float = 0.1, share: float = 0.7) -> CurveData:
    return make_curve(HARD, np.random.default_rng(seed), points, noise, share)


@given(a=small, b=small, c=small, x=st.floats(0, 12))
def test_the_curve_is_the_articles_formula(a: float, b: float, c: float, x: float) -> None:
    expected = math.sin(a * x) * (1 - math.cos(b * x)) / math.exp(c * x)
    value = Curve(a, b, c)(np.array([x, x]))
    np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-12)


def test_seed_227_is_the_curve_that_is_hard_near_11() -> None:
    assert (round(HARD.a, 3), round(HARD.b, 3), round(HARD.c, 3)) == (2.101, 1.385, -0.056)
    x = np.linspace(0, 4 * np.pi, 2001)
    curvature = np.abs(np.gradient(np.gradient(HARD(x), x), x))
    assert abs(x[np.argmax(curvature)] - 11) < 0.75


def test_parameters_are_drawn_from_the_articles_distributions() -> None:
    drawn = [Curve.draw(seed) for seed in range(2000)]
    numbers = np.array([(curve.a, curve.b, curve.c) for curve in drawn])
    # Five standard errors of 2000 draws.
    np.testing.assert_allclose(numbers.mean(0), [1, 1, 0], atol=5 * 0.5 / np.sqrt(2000))
    np.testing.assert_allclose(numbers.std(0), [0.5, 0.5, 0.1], rtol=5 / np.sqrt(2 * 2000))
    assert np.all(np.abs(np.corrcoef(numbers.T) - np.eye(3)) < 5 / np.sqrt(2000))
    assert Curve.draw(5) == Curve.draw(5)


@given(points=st.integers(2, 60), share=st.floats(0.05, 0.95), seed=st.integers(0, 99))
def test_the_halves_hold_every_point_once(points: int, share: float, seed: int) -> None:
    count = round(points * share)
    if count in (0, points):
        with pytest.raises(ValueError, match="cannot be split"):
            make(seed, points, share=share)
        return
    data = make(seed, points, share=share)
    assert data.train.x.shape == data.train.y.shape == (count, 1)
    assert data.test.x.shape == data.test.y.shape == (points - count, 1)
    together = np.sort(np.concatenate([data.train.x, data.test.x]), axis=None)
    np.testing.assert_array_equal(together, np.linspace(0, 4 * np.pi, points, dtype=np.float32))


@pytest.mark.parametrize(
    ("points", "share"),
    [(10, 0.0), (10, 1.0), (10, 0.01), (1, 0.5), (0, 0.5), (10, 1.5)],
)
def test_an_empty_half_is_refused(points: int, share: float) -> None:
    with pytest.raises(ValueError, match="cannot be split"):
        make(points=points, share=share)


def test_seventy_of_a_hundred_points_are_for_training_unless_told_otherwise() -> None:
    data = make_curve(HARD, np.random.default_rng(0))
    assert (len(data.train.x), len(data.test.x)) == (7000, 3000)
    # At random: both halves spread over all of x.
    for half in (data.train.x, data.test.x):
        counts = np.histogram(half, 10, (0, 4 * np.pi))[0]
        assert np.ptp(counts) < 0.3 * counts.mean()
        assert np.any(np.diff(half[:, 0]) < 0)


def test_values_fill_0_to_1_in_float32() -> None:
    data = make()
    y = np.concatenate([data.train.y, data.test.y])
    assert (y.min(), y.max()) == (0, 1)
    for half in (data.train, data.test):
        assert half.x.dtype == half.y.dtype == np.float32


@pytest.mark.parametrize("noise", [0.0, 0.1, 0.5])
def test_what_is_left_without_the_curve_is_noise_of_the_given_size(noise: float) -> None:
    data = make(noise=noise)
    for half in (data.train, data.test):
        x = half.x.astype(np.float64)
        y = half.y * (data.highest - data.lowest) + data.lowest  # in the curve's own units
        left = y - HARD(x)
        assert abs(left.std() - noise) < 5 * noise / np.sqrt(2 * len(x)) + 1e-5
        assert abs(left.mean()) < 5 * noise / np.sqrt(len(x)) + 1e-5
        assert abs(np.corrcoef(left.ravel(), x.ravel())[0, 1]) < 0.1


def test_the_truth_is_on_the_scale_of_the_data() -> None:
    silent = make(noise=0)
    np.testing.assert_allclose(silent.truth(silent.train.x), silent.train.y, atol=1e-5)
    noisy = make(noise=0.1)
    left = noisy.train.y - noisy.truth(noisy.train.x)
    scaled = 0.1 / (noisy.highest - noisy.lowest)
    assert abs(left.mean()) < 5 * scaled / np.sqrt(7000)
    assert left.std() == pytest.approx(scaled, rel=5 / np.sqrt(2 * 7000))


def test_the_same_generator_gives_the_same_bits_and_another_does_not() -> None:
    first, again, other = make(3), make(3), make(4)
    for left, right in zip((*first.train, *first.test), (*again.train, *again.test), strict=True):
        np.testing.assert_array_equal(left, right)
    assert not np.array_equal(first.train.x, other.train.x)  # another split
    order, other_order = np.argsort(first.train.x[:, 0]), np.argsort(other.train.x[:, 0])
    assert not np.array_equal(first.train.y[order], other.train.y[other_order])
