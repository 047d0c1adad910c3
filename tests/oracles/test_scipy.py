"""SciPy as an oracle: linear ops as sparse matrices, losses as entropies, whole networks."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage, sparse
from scipy.optimize import approx_fprime
from scipy.special import entr, softmax
from scipy.stats import zscore

import microgrand.penalties  # noqa: F401 - importing it fills the registry
from microgrand import ops
from microgrand.layers import (
    BatchNorm,
    Conv2D,
    Dense,
    Flatten,
    LayerNorm,
    LeakyReLU,
    MaxPool,
    Sequential,
    Tanh,
)
from microgrand.op import registry
from microgrand.tape import Weights, value_and_grad

seeds = st.integers(0, 2**32 - 1)
l1, l4 = (registry[name].function for name in ("l1", "l4"))


def whole(*shape: int, seed: int = 0) -> np.ndarray:
    """Whole numbers as floats: sums of their products are exact in any order."""
    return np.random.default_rng(seed).integers(-9, 10, shape).astype(float)


# ------------------------------------------------------------------------- linear ops as matrices


def shifts(size: int, window: int, stride: int, before: int) -> list[Any]:
    """For each place in a window the matrix that takes an axis to what the windows see there."""
    count = (size + 2 * before - window) // stride + 1
    return [
        sparse.eye_array(size + 2 * before, size, k=-before, format="csr")[
            place : place + count * stride : stride
        ][:count]
        for place in range(window)
    ]


@given(
    height=st.integers(3, 6),
    width=st.integers(3, 6),
    window=st.sampled_from([1, 3]),
    stride=st.integers(1, 3),
    padding=st.sampled_from(["same", "valid"]),
    seed=seeds,
)
def test_a_convolution_is_a_sparse_matrix_and_its_gradient_the_transpose(
    height: int, width: int, window: int, stride: int, padding: str, seed: int
) -> None:
    """Σᵢⱼ (shift down i ⊗ shift right j) ⊗ Wᵢⱼᵀ, with SciPy's Kronecker products; exact."""
    stride = 1 if padding == "same" else stride  # odd windows and stride 1: as many zeros each side
    before = window // 2 if padding == "same" else 0
    kernel, x = whole(window, window, 2, 3, seed=seed), whole(1, height, width, 2, seed=seed + 1)
    down, right = (shifts(size, window, stride, before) for size in (height, width))
    matrix = sum(
        sparse.kron(sparse.kron(down[i], right[j]), kernel[i, j].T)
        for i, j in np.ndindex(window, window)
    )
    y = ops.conv2d(x, kernel, None, stride, padding)
    np.testing.assert_array_equal(y.ravel(), matrix @ x.ravel())
    u = whole(*y.shape, seed=seed + 2)
    back = registry["conv2d"].gradients["x"](u, y, x, kernel, None, stride, padding)
    np.testing.assert_array_equal(back.ravel(), matrix.T @ u.ravel())


@given(rows=st.integers(1, 3), columns=st.integers(1, 3), size=st.integers(1, 3), seed=seeds)
def test_pools_are_ndimages_filters_at_every_window(
    rows: int, columns: int, size: int, seed: int
) -> None:
    image = np.random.default_rng(seed).normal(size=(rows * size, columns * size))
    middle = slice(size // 2, None, size)  # where ndimage's window is one of ours
    x = image[None, :, :, None]
    largest = ndimage.maximum_filter(image, size)[middle, middle]
    np.testing.assert_array_equal(ops.max_pool(x, size)[0, :, :, 0], largest)
    mean = ndimage.uniform_filter(image, size)[middle, middle]
    np.testing.assert_allclose(ops.average_pool(x, size)[0, :, :, 0], mean, atol=1e-12)
    y = ops.max_pool(x, size)
    back = registry["max_pool"].gradients["x"](np.ones_like(y), y, x, size)[0, :, :, 0]
    np.testing.assert_array_equal(back, image == np.kron(largest, np.ones((size, size))))


# ------------------------------------------------------------------------- losses, normalisation


@given(seed=seeds, scale=st.floats(0.01, 100))
def test_cross_entropy_expected_under_its_own_softmax_is_the_entropy(
    seed: int, scale: float
) -> None:
    logits = scale * np.random.default_rng(seed).normal(size=(1, 6))
    p = softmax(logits[0])
    losses = [ops.softmax_cross_entropy(logits, np.array([label])) for label in range(6)]
    assert np.where(p > 0, p * losses, 0).sum() == pytest.approx(entr(p).sum(), rel=1e-9, abs=1e-15)


@given(seed=seeds, size=st.sampled_from([1.0, 30.0, 1000.0]))
def test_the_gradient_of_cross_entropy_is_softmax_less_the_label(seed: int, size: float) -> None:
    """Logits to ±1000."""
    generator = np.random.default_rng(seed)
    logits, labels = generator.uniform(-size, size, (5, 4)), generator.integers(4, size=5)
    rule = registry["softmax_cross_entropy"].gradients["logits"]
    expected = (softmax(logits, axis=1) - np.eye(4)[labels]) / 5
    np.testing.assert_allclose(rule(np.ones(()), None, logits, labels), expected, atol=1e-15)


@given(seed=seeds)
def test_without_epsilon_normalising_gives_scipys_z_scores(seed: int) -> None:
    x = np.random.default_rng(seed).normal(3, 2, (5, 4, 3, 2))
    for norm, axes in ((ops.batch_norm, (0, 1, 2)), (ops.layer_norm, (1, 2, 3))):
        np.testing.assert_allclose(norm(x, 1e-30), zscore(x, axis=axes), atol=1e-12)


# --------------------------------------------------------------------------------- whole networks

NETWORKS = {
    "dense": Sequential((Flatten(), Dense(5), Tanh(), Dense(4), LeakyReLU(0.1), Dense(3))),
    "images": Sequential((Conv2D(4), BatchNorm(), Tanh(), MaxPool(), Flatten(), Dense(3))),
    "strides": Sequential((Conv2D(3, stride=2), LayerNorm(), LeakyReLU(0.2), Flatten(), Dense(3))),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_networks_gradient_is_scipys_by_differences(name: str) -> None:
    """Every weight of a network, penalties and all, by scipy.optimize.approx_fprime."""
    network, generator = NETWORKS[name], np.random.default_rng(0)
    x, labels = generator.normal(size=(6, 4, 4, 2)), generator.integers(3, size=6)
    parameters = network.init((4, 4, 2), generator, np.float64)

    def loss(weights: Weights) -> Any:
        kernels = [layer["kernel"] for layer in weights if "kernel" in layer]
        penalty = 0.1 * l1(kernels[0].ravel()) + 0.1 * l4(kernels[-1].ravel())
        return ops.softmax_cross_entropy(network(weights, x), labels) + penalty

    _, gradient = value_and_grad(loss)(parameters)
    measured = approx_fprime(
        parameters.vector, lambda vector: float(loss(parameters.like(vector).weights)), 1e-7
    )
    np.testing.assert_allclose(gradient.vector, measured, atol=2e-5)
