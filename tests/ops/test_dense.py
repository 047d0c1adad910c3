"""The dense layer: sums written out, stacks, and shapes that do not fit."""

from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from microgrand import ops
from microgrand.op import registry
from microgrand.ops.dense import row_of_ones

GRADIENTS = registry["dense"].gradients
sizes = st.integers(1, 4)
seeds = st.integers(0, 2**32 - 1)


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


@given(batch=st.integers(0, 4), inputs=sizes, outputs=sizes, with_bias=st.booleans(), seed=seeds)
@example(batch=3, inputs=1, outputs=2, with_bias=True, seed=0)
@example(batch=1, inputs=3, outputs=2, with_bias=False, seed=0)
def test_every_output_is_a_weighted_sum_of_all_inputs(
    batch: int, inputs: int, outputs: int, with_bias: bool, seed: int
) -> None:
    x, kernel = normal(batch, inputs, seed=seed), normal(inputs, outputs, seed=seed + 1)
    bias = normal(outputs, seed=seed + 2) if with_bias else None
    y = ops.dense(x, kernel, bias)
    assert y.shape == (batch, outputs)
    for i in range(batch):
        for k in range(outputs):
            terms = [x[i, j] * kernel[j, k] for j in range(inputs)]
            expected = sum(terms) + (0 if bias is None else bias[k])
            assert y[i, k] == pytest.approx(expected, rel=1e-9, abs=1e-12)


@given(batch=sizes, inputs=sizes, outputs=sizes, seed=seeds)
def test_gradients_are_sums_over_all_paths(
    batch: int, inputs: int, outputs: int, seed: int
) -> None:
    x, kernel, bias = (
        normal(*shape, seed=seed + i)
        for i, shape in enumerate([(batch, inputs), (inputs, outputs), (outputs,)])
    )
    u = normal(batch, outputs, seed=seed + 3)
    arguments = (u, ops.dense(x, kernel, bias), x, kernel, bias)
    for_x = [[u[i] @ kernel[j] for j in range(inputs)] for i in range(batch)]
    for_kernel = [[x[:, j] @ u[:, k] for k in range(outputs)] for j in range(inputs)]
    close = partial(np.testing.assert_allclose, rtol=1e-9, atol=1e-12)
    close(GRADIENTS["x"](*arguments), for_x)
    close(GRADIENTS["kernel"](*arguments), for_kernel)
    close(GRADIENTS["bias"](*arguments), u.sum(axis=0))


def test_no_examples_give_no_outputs_and_zero_gradients() -> None:
    x, kernel, bias = normal(0, 3), normal(3, 2), normal(2)
    y = ops.dense(x, kernel, bias)
    assert y.shape == (0, 2)
    for name, argument in (("x", x), ("kernel", kernel), ("bias", bias)):
        gradient = GRADIENTS[name](y, y, x, kernel, bias)
        np.testing.assert_array_equal(gradient, np.zeros_like(argument))


# ------------------------------------------------------------------------------------------ stacks

STACKED = {"x": (3, 5, 4), "kernel": (3, 4, 2), "bias": (3, 2)}
SHARED = {"x": (5, 4), "kernel": (4, 2), "bias": (2,)}


@pytest.mark.parametrize("stack_bias", [False, True])
@pytest.mark.parametrize("stack_kernel", [False, True])
@pytest.mark.parametrize("stack_x", [False, True])
def test_a_stack_is_each_model_alone_and_what_is_shared_sums_over_models(
    stack_x: bool, stack_kernel: bool, stack_bias: bool
) -> None:
    stacked = dict(zip(SHARED, (stack_x, stack_kernel, stack_bias), strict=True))
    arrays = {
        name: normal(*(STACKED if stacked[name] else SHARED)[name], seed=i)
        for i, name in enumerate(SHARED)
    }
    y = ops.dense(**arrays)
    assert y.shape == ((3, 5, 2) if any(stacked.values()) else (5, 2))
    u = normal(*y.shape, seed=9)
    models = range(3) if any(stacked.values()) else (...,)
    alone: dict[str, list[np.ndarray]] = {name: [] for name in SHARED}
    for model in models:
        own = {name: a[model] if stacked[name] else a for name, a in arrays.items()}
        np.testing.assert_allclose(y[model], ops.dense(**own), rtol=1e-12)
        for name in SHARED:
            alone[name].append(GRADIENTS[name](u[model], y[model], *own.values()))
    for name in SHARED:
        together = GRADIENTS[name](u, y, *arrays.values())
        expected = np.stack(alone[name]) if stacked[name] else np.sum(alone[name], axis=0)
        assert together.shape == arrays[name].shape
        np.testing.assert_allclose(together, expected, rtol=1e-9, atol=1e-12)


def test_biases_alone_may_have_two_axes_of_models() -> None:
    x, kernel, bias = normal(5, 4), normal(4, 2, seed=1), normal(3, 6, 2, seed=2)
    y = ops.dense(x, kernel, bias)
    assert y.shape == (3, 6, 5, 2)
    for model in np.ndindex(3, 6):
        np.testing.assert_array_equal(y[model], ops.dense(x, kernel, bias[model]))


def test_the_ones_that_all_share_cannot_be_written_into() -> None:
    with pytest.raises(ValueError, match="read-only"):
        row_of_ones(3, np.dtype(float))[0] = 2


@pytest.mark.parametrize(
    ("x", "kernel", "bias"),
    [
        ((5, 3), (4, 2), None),
        ((5, 4), (4, 2), (3,)),
        ((5, 4), (4, 2), (1,)),
        ((5, 4), (4, 1), (2, 3)),
        ((5, 1), (2, 2), None),
        ((5, 2), (1, 2), None),
        ((2, 5, 4), (3, 4, 2), None),
        ((3, 5, 4), (3, 4, 2), (2, 2)),
        ((5, 1), (1,), None),
        ((2,), (2, 3), None),
        # A size of 1 is no invitation to broadcast: neither the batch's, nor a shared one's.
        ((1, 3), (1, 4), None),
        ((3, 1, 2), (1, 4), None),
        ((5, 1), (3, 1), None),
        ((5, 1), (0, 4), None),
        ((5, 0), (1, 4), None),
    ],
)
def test_shapes_that_do_not_fit_are_refused(x: Any, kernel: Any, bias: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the words are NumPy's
        ops.dense(np.ones(x), np.ones(kernel), None if bias is None else np.ones(bias))
