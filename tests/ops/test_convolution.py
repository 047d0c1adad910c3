"""Convolution: sums written out, where the zeros stand, shifts, adjoints, blocks, bad arguments."""

import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import signal

from microgrand import ops
from microgrand.op import registry
from microgrand.ops import convolution
from microgrand.ops.convolution import placement

GRADIENTS = registry["conv2d"].gradients
seeds = st.integers(0, 2**32 - 1)
small = st.integers(1, 3)
settings = {
    "size": st.tuples(st.integers(1, 8), st.integers(1, 8)),
    "window": st.tuples(st.integers(1, 5), st.integers(1, 5)),
    "channels": st.tuples(small, small),
    "stride": st.integers(1, 4),
    "padding": st.sampled_from(["same", "valid"]),
    "seed": seeds,
}


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def whole(*shape: int, seed: int = 0) -> np.ndarray:
    """Whole numbers as floats: sums of their products are exact in any order."""
    return np.random.default_rng(seed).integers(-9, 10, shape).astype(float)


def problem(
    size: Any, window: Any, channels: Any, padding: str, seed: int, batch: int = 2
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Images, kernel and bias of whole numbers; images that hold the kernel if they must."""
    if padding == "valid":
        size = np.maximum(size, window)
    x = whole(batch, *size, channels[0], seed=seed)
    return x, whole(*window, *channels, seed=seed + 1), whole(channels[1], seed=seed + 2)


def paths(x: np.ndarray, kernel: np.ndarray, stride: int, padding: str) -> Any:
    """Which pixel (p, q) meets which weight (i, j) in which output (a, b): one loop, no trick.

    TensorFlow's rule, as its documentation states it.
    """
    counts, before = [], []
    for size, window in zip(x.shape[1:3], kernel.shape[:2], strict=True):
        if padding == "same":
            counts.append(int(np.ceil(size / stride)))
            rest = size % stride or stride
            before.append(max(window - rest, 0) // 2)
        else:
            counts.append(int(np.ceil((size - window + 1) / stride)))
            before.append(0)
    found = []
    for a, b, i, j in np.ndindex(*counts, *kernel.shape[:2]):
        p, q = stride * a + i - before[0], stride * b + j - before[1]
        if 0 <= p < x.shape[1] and 0 <= q < x.shape[2]:
            found.append((a, b, i, j, p, q))
    return counts, found


# ------------------------------------------------------------------------------------ is it right?


@pytest.mark.parametrize("images_in_a_block", [1, 2, 100])
@given(**settings)
@example((2, 1), (5, 3), (1, 1), 1, "same", 0)  # a kernel larger than the image
@example((8, 7), (1, 2), (1, 2), 4, "same", 0)  # a stride larger than the kernel
@example((8, 8), (3, 3), (2, 2), 3, "valid", 0)  # pixels at the end that no window reaches
def test_values_and_gradients_are_sums_over_all_paths(
    images_in_a_block: int,
    size: Any,
    window: Any,
    channels: Any,
    stride: int,
    padding: str,
    seed: int,
) -> None:
    x, kernel, bias = problem(size, window, channels, padding, seed, batch=3)
    counts, found = paths(x, kernel, stride, padding)
    expected = np.zeros((len(x), *counts, channels[1])) + bias
    for a, b, i, j, p, q in found:
        expected[:, a, b] += x[:, p, q] @ kernel[i, j]
    u = whole(*expected.shape, seed=seed + 3)
    for_x, for_kernel = np.zeros_like(x), np.zeros_like(kernel)
    for a, b, i, j, p, q in found:
        for_x[:, p, q] += u[:, a, b] @ kernel[i, j].T
        for_kernel[i, j] += x[:, p, q].T @ u[:, a, b]

    an_image = kernel[..., 0].size * expected[0, ..., 0].size * x.itemsize
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(convolution, "BLOCK", images_in_a_block * an_image)
        y = ops.conv2d(x, kernel, bias, stride, padding)
        arguments = (u, y, x, kernel, bias, stride, padding)
        np.testing.assert_array_equal(y, expected)
        np.testing.assert_array_equal(GRADIENTS["x"](*arguments), for_x)
        np.testing.assert_array_equal(GRADIENTS["kernel"](*arguments), for_kernel)
        np.testing.assert_array_equal(GRADIENTS["bias"](*arguments), u.sum(axis=(0, 1, 2)))


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("window", [(1, 1), (3, 3), (2, 4), (5, 2)])
def test_at_stride_1_it_is_scipys_correlation(window: Any, padding: str) -> None:
    x, kernel = normal(2, 7, 6, 3), normal(*window, 3, 2, seed=1)
    y = ops.conv2d(x, kernel, None, 1, padding)
    height, width = window
    top, left = (height - 1) // 2, (width - 1) // 2  # the odd zero stands at the end
    for image, filter_ in np.ndindex(2, 2):
        if padding == "valid":
            theirs = signal.correlate(x[image], kernel[..., filter_], "valid")[..., 0]
        else:
            full = signal.correlate(x[image], kernel[..., filter_], "full")[..., 2]
            theirs = full[height - 1 - top :, width - 1 - left :][:7, :6]
        np.testing.assert_allclose(y[image, ..., filter_], theirs, rtol=1e-9, atol=1e-12)


def test_a_window_of_one_pixel_is_a_dense_layer_at_every_pixel() -> None:
    x, kernel, bias = normal(2, 4, 5, 3), normal(1, 1, 3, 2, seed=1), normal(2, seed=2)
    expected = ops.dense(x.reshape(-1, 3), kernel[0, 0], bias).reshape(2, 4, 5, 2)
    np.testing.assert_allclose(ops.conv2d(x, kernel, bias), expected, rtol=1e-12)


# -------------------------------------------------------------------------- where the zeros stand


@pytest.mark.parametrize(
    ("size", "window", "stride", "count", "before", "after"),
    [
        (5, 3, 1, 5, 1, 1),
        (6, 3, 1, 6, 1, 1),
        (5, 3, 2, 3, 1, 1),  # an odd size: a zero on either side
        (6, 3, 2, 3, 0, 1),  # an even size: one zero, at the end
        (96, 3, 2, 48, 0, 1),
        (7, 2, 1, 7, 0, 1),
        (7, 4, 1, 7, 1, 2),
        (13, 6, 5, 3, 1, 2),  # the example of TensorFlow's documentation
        (7, 3, 3, 3, 1, 1),
        (8, 1, 2, 4, 0, 0),
        (2, 5, 1, 2, 2, 2),
    ],
)
def test_same_pads_as_tensorflow_does(
    size: int, window: int, stride: int, count: int, before: int, after: int
) -> None:
    assert placement(size, window, stride, "same") == (count, before)
    # Among ones, the outermost windows miss as many ones as there are zeros.
    y = ops.conv2d(np.ones((1, size, 1, 1)), np.ones((window, 1, 1, 1)), None, stride)
    assert y.shape == (1, count, 1, 1)
    if window <= size:
        assert y[0, 0, 0, 0] == window - before
        assert y[0, -1, 0, 0] == window - after


@given(size=st.integers(1, 50), window=st.integers(1, 9), stride=st.integers(1, 9))
def test_outputs_are_as_many_as_tensorflow_says(size: int, window: int, stride: int) -> None:
    assert placement(size, window, stride, "same")[0] == int(np.ceil(size / stride))
    if window <= size:
        valid = int(np.ceil((size - window + 1) / stride))
        assert placement(size, window, stride, "valid") == (valid, 0)


# -------------------------------------------------------------------------------- what must hold


@given(stride=st.integers(1, 3), down=st.integers(0, 2), right=st.integers(0, 2), seed=seeds)
def test_a_shifted_image_gives_a_shifted_output_away_from_the_border(
    stride: int, down: int, right: int, seed: int
) -> None:
    x, kernel = whole(1, 18, 18, 2, seed=seed), whole(3, 3, 2, 2, seed=seed + 1)
    shifted = np.roll(x, (stride * down, stride * right), axis=(1, 2))
    y, moved = (ops.conv2d(images, kernel, None, stride) for images in (x, shifted))
    inside = slice(3, -1)  # two pixels came round, and the window reaches one further
    expected = np.roll(y, (down, right), axis=(1, 2))
    np.testing.assert_array_equal(moved[:, inside, inside], expected[:, inside, inside])


@given(**settings)
def test_the_gradients_are_adjoint_to_the_convolution(
    size: Any, window: Any, channels: Any, stride: int, padding: str, seed: int
) -> None:
    """⟨conv(x), u⟩ = ⟨x, convᵀ(u)⟩, and the same for the kernel: in whole numbers, exactly."""
    x, kernel, _ = problem(size, window, channels, padding, seed)
    y = ops.conv2d(x, kernel, None, stride, padding)
    u = whole(*y.shape, seed=seed + 3)
    arguments = (u, y, x, kernel, None, stride, padding)
    assert (y * u).sum() == (x * GRADIENTS["x"](*arguments)).sum()
    assert (y * u).sum() == (kernel * GRADIENTS["kernel"](*arguments)).sum()


@given(**settings)
def test_float32_stays_float32_in_any_layout_and_inputs_may_be_locked(
    size: Any, window: Any, channels: Any, stride: int, padding: str, seed: int
) -> None:
    arrays = problem(size, window, channels, padding, seed)
    x, kernel, bias = (array.astype(np.float32) for array in arrays)
    y = ops.conv2d(x, kernel, bias, stride, padding)
    u = whole(*y.shape, seed=seed).astype(np.float32)
    # The last axis first in memory, and the first one backwards.
    spread = tuple(np.asfortranarray(a[::-1])[::-1] for a in (u, x, kernel, bias))
    for array in (u, x, kernel, bias, *spread):
        array.flags.writeable = False
    for one, other in zip((u, x, kernel, bias), spread, strict=True):
        np.testing.assert_array_equal(one, other)
    again = ops.conv2d(*spread[1:], stride, padding)
    assert y.dtype == again.dtype == np.float32
    np.testing.assert_array_equal(y, again)
    for rule in GRADIENTS.values():
        gradient = rule(u, y, x, kernel, bias, stride, padding)
        same = rule(spread[0], y, *spread[1:], stride, padding)
        assert gradient.dtype == same.dtype == np.float32
        np.testing.assert_array_equal(gradient, same)


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_no_images_give_no_outputs_and_zero_gradients(padding: str) -> None:
    x, kernel, bias = normal(0, 5, 5, 2), normal(3, 3, 2, 4), normal(4)
    y = ops.conv2d(x, kernel, bias, 2, padding)
    assert y.shape == ((0, 3, 3, 4) if padding == "same" else (0, 2, 2, 4))
    for name, argument in (("x", x), ("kernel", kernel), ("bias", bias)):
        gradient = GRADIENTS[name](y, y, x, kernel, bias, 2, padding)
        np.testing.assert_array_equal(gradient, np.zeros_like(argument))


def test_memory_is_that_of_the_results_and_none_stays() -> None:
    """All columns of these images at once would take 18 MiB."""
    x, kernel = np.ones((64, 32, 32, 8), np.float32), np.ones((3, 3, 8, 8), np.float32)
    y = ops.conv2d(x, kernel)
    arguments = (y, y, x, kernel, None)
    calls = [
        lambda: ops.conv2d(x, kernel),
        lambda: GRADIENTS["x"](*arguments),
        lambda: GRADIENTS["kernel"](*arguments),
    ]
    tracemalloc.start()
    try:
        for call in calls:
            call()
            before = tracemalloc.get_traced_memory()[0]
            tracemalloc.reset_peak()
            for _ in range(3):
                call()
            now, peak = tracemalloc.get_traced_memory()
            assert peak - before < y.nbytes + (1 << 20)
            assert now - before < 1 << 12
    finally:
        tracemalloc.stop()


# ----------------------------------------------------------------------------------- bad arguments


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"padding": "full"}, "'same' or 'valid', not 'full'"),
        ({"padding": "wrap"}, "'same' or 'valid', not 'wrap'"),
        ({"padding": "SAME"}, "'same' or 'valid', not 'SAME'"),
        ({"stride": 0}, "stride is a whole number from 1, not 0"),
        ({"stride": -2}, "not -2"),
        ({"stride": 1.5}, "not 1.5"),
        ({"x": (2, 5, 5, 3)}, r"\(2, 5, 5, 3\) and kernel \(3, 3, 2, 4\) do not fit"),
        ({"x": (2, 5, 5, 1)}, r"\(2, 5, 5, 1\) and kernel \(3, 3, 2, 4\) do not fit"),
        ({"x": (5, 5, 2)}, r"\(5, 5, 2\) and kernel"),
        ({"x": (1, 2, 5, 2, 5)}, r"\(1, 2, 5, 2, 5\) and kernel"),
        ({"kernel": (3, 2, 2)}, r"\(2, 5, 5, 2\) and kernel \(3, 2, 2\) do not fit"),
        ({"kernel": (3, 3, 2, 4, 1)}, r"\(2, 5, 5, 2\) and kernel \(3, 3, 2, 4, 1\) do not fit"),
        ({"x": (2, 0, 5, 2)}, "have a side of size 0"),
        ({"x": (2, 5, 5, 0), "kernel": (3, 3, 0, 4)}, "have a side of size 0"),
        ({"kernel": (3, 3, 2, 0), "bias": (0,)}, "have a side of size 0"),
        ({"bias": (3,)}, r"bias \(3,\) and kernel"),
        ({"bias": (5,)}, r"bias \(5,\) and kernel"),
        ({"bias": (1, 4)}, r"bias \(1, 4\) and kernel"),
        ({"kernel": (3, 0, 2, 4)}, "have a side of size 0"),
        ({"stride": 1.0}, r"a whole number from 1, not 1\.0"),
        ({"x": (2, 5, 2, 2), "padding": "valid"}, "kernel of 3 does not fit into 2"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_clear_line(
    changes: dict[str, Any], words: str
) -> None:
    given_ = {"x": (2, 5, 5, 2), "kernel": (3, 3, 2, 4), "bias": (4,)} | changes
    arguments = {
        name: np.ones(value) if isinstance(value, tuple) else value
        for name, value in given_.items()
    }
    ops.conv2d(np.ones((2, 5, 5, 2)), np.ones((3, 3, 2, 4)), np.ones(4))  # what fits is remembered
    with pytest.raises(ValueError, match=words) as refusal:
        ops.conv2d(**arguments)
    assert "\n" not in str(refusal.value)
