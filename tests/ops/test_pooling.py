"""Pooling against plain loops, the tie rule of the maximum, and what no window reaches."""

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from microgrand import ops
from microgrand.op import registry

sides = st.integers(1, 7)
sizes = st.integers(1, 4)
few = st.integers(1, 3)
seeds = st.integers(0, 2**32 - 1)

POOLS: dict[str, Any] = {"max_pool": ops.max_pool, "average_pool": ops.average_pool}
each_pool = pytest.mark.parametrize("name", POOLS)


def windows_of(height: int, width: int, size: int) -> list[tuple[int, int, list[tuple[int, int]]]]:
    """Row and column of every window, and its pixels in reading order."""
    return [
        (
            row,
            column,
            [(row * size + i, column * size + j) for i in range(size) for j in range(size)],
        )
        for row in range(height // size)
        for column in range(width // size)
    ]


def by_loops(name: str, x: np.ndarray, u: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Value and gradient of a pool, one number at a time."""
    batch, height, width, channels = x.shape
    y = np.zeros((batch, height // size, width // size, channels))
    gradient = np.zeros(x.shape)
    for row, column, pixels in windows_of(height, width, size):
        for n in range(batch):
            for c in range(channels):
                numbers = [float(x[n, i, j, c]) for i, j in pixels]
                if name == "max_pool":
                    y[n, row, column, c] = max(numbers)
                    i, j = pixels[numbers.index(max(numbers))]
                    gradient[n, i, j, c] += u[n, row, column, c]
                else:
                    y[n, row, column, c] = sum(numbers) / size**2
                    for i, j in pixels:
                        gradient[n, i, j, c] += u[n, row, column, c] / size**2
    return y, gradient


# -------------------------------------------------------------------------------- maximum, average


@each_pool
@given(batch=few, height=sides, width=sides, channels=few, size=sizes, values=sizes, seed=seeds)
@example(batch=1, height=4, width=4, channels=1, size=2, values=1, seed=0)  # nothing but ties
@example(batch=2, height=5, width=7, channels=3, size=2, values=2, seed=0)  # and dropped edges
@example(batch=1, height=3, width=3, channels=2, size=3, values=3, seed=0)
@example(batch=1, height=1, width=1, channels=1, size=1, values=3, seed=0)
def test_pools_are_their_loops(
    name: str, batch: int, height: int, width: int, channels: int, size: int, values: int, seed: int
) -> None:
    """With so few different values nearly every window has a tie."""
    size = min(size, height, width)
    generator = np.random.default_rng(seed)
    x = generator.integers(-values, values, (batch, height, width, channels)).astype(float)
    u = generator.normal(size=(batch, height // size, width // size, channels))
    expected, slopes = by_loops(name, x, u, size)
    y = POOLS[name](x, size)
    np.testing.assert_allclose(y, expected, rtol=1e-14, atol=1e-14)
    gradient = registry[name].gradients["x"](u, y, x, size)
    np.testing.assert_allclose(gradient, slopes, rtol=1e-14, atol=0)


def test_of_several_maxima_the_first_in_reading_order_takes_all() -> None:
    x = np.array([[1.0, 7, 7, 7], [7, 7, 7, 0]])[None, :, :, None]
    y = ops.max_pool(x, 2)
    gradient = registry["max_pool"].gradients["x"](np.full(y.shape, 5.0), y, x, 2)
    np.testing.assert_array_equal(y[0, :, :, 0], [[7, 7]])
    np.testing.assert_array_equal(gradient[0, :, :, 0], [[0, 5, 5, 0], [0, 0, 0, 0]])


def test_zero_and_negative_zero_tie() -> None:
    x = np.array([[-0.0, 0.0], [0.0, -1.0]])[None, :, :, None]
    y = ops.max_pool(x, 2)
    gradient = registry["max_pool"].gradients["x"](np.ones(y.shape), y, x, 2)
    np.testing.assert_array_equal(gradient[0, :, :, 0], [[1, 0], [0, 0]])


def test_a_diverged_network_is_not_pooled_back_to_health() -> None:
    x = np.array([[1.0, np.nan], [2.0, 3.0]])[None, :, :, None]
    assert np.isnan(ops.max_pool(x, 2)).all()
    assert np.isnan(ops.average_pool(x, 2)).all()


@each_pool
def test_the_gradients_of_windows_add_up_to_what_came(name: str) -> None:
    generator = np.random.default_rng(0)
    x = generator.integers(0, 2, (3, 7, 5, 2)).astype(float)
    y = POOLS[name](x, 2)
    u = generator.normal(size=y.shape)
    gradient = registry[name].gradients["x"](u, y, x, 2)
    np.testing.assert_allclose(gradient.sum(axis=(1, 2)), u.sum(axis=(1, 2)), rtol=1e-12)
    assert not gradient[:, 6].any()
    assert not gradient[:, :, 4].any()


@each_pool
def test_windows_of_one_pixel_change_nothing(name: str) -> None:
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 2))
    np.testing.assert_array_equal(POOLS[name](x, 1), x)


@each_pool
def test_a_stack_is_pooled_model_by_model(name: str) -> None:
    stack = np.random.default_rng(0).normal(size=(4, 2, 5, 6, 3))
    together = POOLS[name](stack, 2)
    assert together.shape == (4, 2, 2, 3, 3)
    for y, x in zip(together, stack, strict=True):
        np.testing.assert_array_equal(y, POOLS[name](x, 2))


@each_pool
@pytest.mark.parametrize("size", [2, np.int64(2)])
def test_float32_stays_float32_whatever_integer_the_size_is(name: str, size: Any) -> None:
    x: np.ndarray = np.ones((1, 4, 4, 1), np.float32)
    y = POOLS[name](x, size)
    assert y.dtype == np.float32
    assert registry[name].gradients["x"](y, y, x, size).dtype == np.float32


@pytest.mark.parametrize(
    ("name", "size"),
    [("max_pool", [2]), ("average_pool", [2]), ("global_average_pool", []), ("flatten", [])],
)
def test_one_image_needs_no_batch(name: str, size: list[int]) -> None:
    pool = registry[name].forward
    x = np.random.default_rng(0).normal(size=(5, 4, 2))
    np.testing.assert_array_equal(pool(x, *size), pool(x[None], *size)[0])


@each_pool
def test_an_empty_batch_has_no_windows(name: str) -> None:
    assert POOLS[name](np.zeros((0, 4, 4, 2)), 2).shape == (0, 2, 2, 2)


@each_pool
@pytest.mark.parametrize(
    ("shape", "size", "message"),
    [
        ((1, 2, 5, 1), 3, "no window of 3 × 3 fits"),
        ((1, 5, 2, 1), 3, "no window of 3 × 3 fits"),
        ((5, 5), 1, "no window of 1 × 1 fits"),
        ((1, 4, 4, 1), 0, "positive integer, not 0"),
        ((1, 4, 4, 1), -2, "positive integer, not -2"),
        ((1, 4, 4, 1), 1.5, "positive integer, not 1.5"),
    ],
)
def test_windows_that_cannot_be_are_refused(
    name: str, shape: tuple[int, ...], size: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        POOLS[name](np.zeros(shape), size)


# ------------------------------------------------------------------------- global average, flatten


@given(batch=few, height=sides, width=sides, channels=few, seed=seeds)
@example(batch=1, height=1, width=1, channels=1, seed=0)
def test_the_global_average_is_the_mean_of_all_pixels(
    batch: int, height: int, width: int, channels: int, seed: int
) -> None:
    generator = np.random.default_rng(seed)
    x, u = generator.normal(size=(batch, height, width, channels)), generator.normal(size=channels)
    y = ops.global_average_pool(x)
    for n in range(batch):
        for c in range(channels):
            pixels = [float(x[n, i, j, c]) for i in range(height) for j in range(width)]
            assert y[n, c] == pytest.approx(sum(pixels) / len(pixels), rel=1e-12, abs=1e-14)
    cotangent = np.broadcast_to(u, y.shape)
    gradient = registry["global_average_pool"].gradients["x"](cotangent, y, x)
    for pixel in gradient.reshape(-1, channels):
        np.testing.assert_allclose(pixel, u / (height * width), rtol=1e-14)


@pytest.mark.parametrize("shape", [(1, 0, 3, 2), (1, 3, 0, 2), (2, 2, 3, 0, 2), (0, 3, 2), (4, 2)])
def test_images_without_pixels_have_no_average(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="no pixels"):
        ops.global_average_pool(np.zeros(shape))


@given(batch=few, height=sides, width=sides, channels=few)
def test_flatten_reads_row_by_row_channels_last(
    batch: int, height: int, width: int, channels: int
) -> None:
    x = np.arange(float(batch * height * width * channels)).reshape(batch, height, width, channels)
    y = ops.flatten(x)
    for n in range(batch):
        reading = [
            x[n, i, j, c] for i in range(height) for j in range(width) for c in range(channels)
        ]
        assert y[n].tolist() == reading
    np.testing.assert_array_equal(registry["flatten"].gradients["x"](y, y, x), x)


def test_flatten_keeps_the_models_of_a_stack_and_an_empty_batch() -> None:
    assert ops.flatten(np.zeros((4, 2, 3, 5, 2))).shape == (4, 2, 30)
    assert ops.flatten(np.zeros((0, 3, 5, 2))).shape == (0, 30)


def test_flatten_takes_images_alone() -> None:
    with pytest.raises(ValueError, match="height, width and channels"):
        ops.flatten(np.zeros((3, 5)))
