"""The clipped mask against plain numbers, at both edges, and shared by a batch."""

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from microgrand import ops
from microgrand.op import registry
from microgrand.optimizers import SGD

FOR_X = registry["clipped_mask"].gradients["x"]
FOR_WEIGHT = registry["clipped_mask"].gradients["weight"]

numbers = st.floats(-10, 10)
weights = st.one_of(st.sampled_from([0.0, 1.0]), st.floats(-2, 3))


@given(x=numbers, w=weights, u=numbers)
@example(x=3.0, w=0.0, u=1.0)
@example(x=3.0, w=-0.0, u=1.0)
@example(x=3.0, w=1.0, u=1.0)
@example(x=3.0, w=float(np.nextafter(0, -1)), u=1.0)
@example(x=3.0, w=float(np.nextafter(1, 2)), u=1.0)
@example(x=0.0, w=0.5, u=1.0)
def test_it_is_x_times_a_dimmer_that_stops_at_off_and_on(x: float, w: float, u: float) -> None:
    arguments = np.array([[x]]), np.array([[w]])
    dimmer = 0.0 if w < 0 else 1.0 if w > 1 else w
    y = ops.clipped_mask(*arguments)
    assert float(y[0, 0]) == x * dimmer
    assert float(FOR_X(np.array([[u]]), y, *arguments)[0, 0]) == u * dimmer
    slope = u * x if 0 <= w <= 1 else 0.0
    assert float(FOR_WEIGHT(np.array([[u]]), y, *arguments)[0, 0]) == slope


@pytest.mark.parametrize("shape", [(4, 3, 2), (1, 3, 2), (2,), (5, 4, 3, 2), (1, 1, 1)])
def test_a_shared_mask_gathers_the_gradients_of_all_it_dims(shape: tuple[int, ...]) -> None:
    generator = np.random.default_rng(0)
    x, u = generator.normal(size=(2, 5, 4, 3, 2))
    w = generator.uniform(-0.5, 1.5, shape)
    full = np.broadcast_to(w, x.shape)
    y = ops.clipped_mask(x, w)
    expected, slopes = np.zeros(x.shape), np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        expected[place] = x[place] * min(max(float(full[place]), 0), 1)
        slopes[place] = u[place] * x[place] * (0 <= full[place] <= 1)
    np.testing.assert_allclose(y, expected, rtol=1e-14)
    extra = x.ndim - w.ndim
    axes = (*range(extra), *(extra + i for i, size in enumerate(shape) if size == 1))
    summed = slopes.sum(axis=axes).reshape(shape)
    np.testing.assert_allclose(FOR_WEIGHT(u, y, x, w), summed, rtol=1e-12, atol=1e-14)


def test_a_mask_that_starts_at_1_can_leave_and_one_at_0_can_come_back() -> None:
    x = np.ones((1, 2))
    for start, pull, expected in ((1.0, 1.0, 0.9), (0.0, -1.0, 0.1)):
        w = np.full(2, start)
        SGD(0.1).step(w, FOR_WEIGHT(np.full((1, 2), pull), x * w, x, w), {})
        np.testing.assert_allclose(w, expected, rtol=1e-12)


def test_without_a_kink_in_x_masked_layers_stay_linear() -> None:
    generator = np.random.default_rng(0)
    w: Any = generator.uniform(-1, 2, 6)
    one, other = generator.normal(size=(2, 5, 6))
    together = ops.clipped_mask(2 * one - 3 * other, w)
    apart = 2 * ops.clipped_mask(one, w) - 3 * ops.clipped_mask(other, w)
    np.testing.assert_allclose(together, apart, rtol=1e-12, atol=1e-14)


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="broadcast"):
        ops.clipped_mask(np.ones((2, 3)), np.ones(4))
