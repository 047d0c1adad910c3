"""The dense layer: every output is a weighted sum of all inputs."""

from functools import lru_cache
from typing import Any

import autograd.numpy as anp
import numpy as np

from microgrand.op import Array, op, unbroadcast


def product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The matrix product; over a single inner index it is an outer product, faster by einsum."""
    if left.shape[-1] == 1 == right.shape[-2]:
        return np.einsum("...ij,...jk->...ik", left, right)
    return np.matmul(left, right)


def dense_definition(x: Any, kernel: Any, bias: Any = None) -> Any:
    """y = x W + b, a row of x for each example."""
    y = anp.matmul(x, kernel)
    return y if bias is None else y + bias[..., None, :]


def dense_forward(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray | None = None) -> np.ndarray:
    """The dense layer, y = x W + b.

    Arguments:
        x: shape (..., batch, inputs).
        kernel: W, shape (..., inputs, outputs).
        bias: b, shape (..., outputs), or None for none.

    Leading axes stand for a stack of models; an argument without them is shared by all.

    Returns:
        y, shape (..., batch, outputs).

    Raises:
        ValueError: if the shapes do not fit.
    """
    if x.ndim < 2 or kernel.ndim < 2:
        raise ValueError(f"x {x.shape} and kernel {kernel.shape} need two axes each at least")
    y = product(x, kernel)
    if bias is None:
        return y
    if bias.shape[-1:] != kernel.shape[-1:]:
        raise ValueError(f"bias {bias.shape} and kernel {kernel.shape} do not fit")
    if bias.ndim >= y.ndim:  # the biases alone are stacked
        return y + bias[..., None, :]
    y += bias[..., None, :]
    return y


def dense_gradient_x(
    cotangent: np.ndarray,
    y: np.ndarray,
    x: np.ndarray,
    kernel: np.ndarray,
    bias: np.ndarray | None = None,
) -> np.ndarray:
    """∂loss/∂x = (∂loss/∂y) Wᵀ. BLAS is quickest with Wᵀ written out: the copy pays for itself."""
    transposed = np.ascontiguousarray(kernel.swapaxes(-1, -2))
    return unbroadcast(product(cotangent, transposed), x.shape)


def dense_gradient_kernel(
    cotangent: np.ndarray,
    y: np.ndarray,
    x: np.ndarray,
    kernel: np.ndarray,
    bias: np.ndarray | None = None,
) -> np.ndarray:
    """∂loss/∂W = xᵀ (∂loss/∂y)."""
    return unbroadcast(product(x.swapaxes(-1, -2), cotangent), kernel.shape)


def dense_gradient_bias(
    cotangent: np.ndarray, y: np.ndarray, x: np.ndarray, kernel: np.ndarray, bias: np.ndarray
) -> np.ndarray:
    """∂loss/∂b = 1ᵀ (∂loss/∂y): the sum over the batch, as a product with a row of ones."""
    ones = row_of_ones(cotangent.shape[-2], cotangent.dtype)
    return unbroadcast(np.matmul(ones, cotangent), bias.shape)


@lru_cache(maxsize=64)
def row_of_ones(size: int, dtype: np.dtype) -> np.ndarray:
    """Asked for at every step, made once."""
    ones = np.ones(size, dtype)
    ones.flags.writeable = False
    return ones


dense = op(
    "dense",
    dense_definition,
    dense_forward,
    gradients={"x": dense_gradient_x, "kernel": dense_gradient_kernel, "bias": dense_gradient_bias},
    inputs={
        "x": Array("...", "batch", "inputs"),
        "kernel": Array("...", "inputs", "outputs"),
        "bias": Array("...", "outputs", optional=True),
    },
)
