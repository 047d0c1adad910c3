"""Normalisation: the schemes, the long form of the gradient, its invariants, and the edges."""

from collections.abc import Callable
from typing import Any

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import make_vjp
from hypothesis import example, given
from hypothesis import strategies as st

from microgrand import ops
from microgrand.op import registry

NORMALIZE, NORMALIZE_BY = registry["normalize"], registry["normalize_by"]
#: Each scheme, and the axes of (N, H, W, C) whose numbers are one set.
SCHEMES: dict[str, tuple[Callable[..., Any], Callable[..., Any], tuple[int, ...]]] = {
    "batch": (ops.batch_norm, ops.batch_sets, (0, 1, 2)),
    "layer": (ops.layer_norm, ops.layer_sets, (1, 2, 3)),
    "instance": (ops.instance_norm, ops.instance_sets, (1, 2)),
}
each_scheme = pytest.mark.parametrize("scheme", SCHEMES)
shapes = st.tuples(*[st.integers(1, 4)] * 4)
seeds = st.integers(0, 2**32 - 1)
epsilons = st.sampled_from([1e-8, 1e-5, 1e-3, 1.0])
scales = st.sampled_from([1e-3, 1.0, 1e3])


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def by_definition(x: Any, axes: tuple[int, ...], epsilon: float) -> Any:
    """x̂ = (x − mean)/√(variance + ε) over axes of (N, H, W, C), in one line each."""
    mean = anp.mean(x, axis=axes, keepdims=True)
    variance = anp.mean((x - mean) ** 2, axis=axes, keepdims=True)
    return (x - mean) / anp.sqrt(variance + epsilon)


# ------------------------------------------------------------------------------------ the schemes


@each_scheme
@given(shape=shapes, seed=seeds, epsilon=epsilons)
def test_a_scheme_normalises_over_its_axes(
    scheme: str, shape: tuple[int, ...], seed: int, epsilon: float
) -> None:
    norm, _, axes = SCHEMES[scheme]
    x, u = normal(*shape, seed=seed), normal(*shape, seed=seed + 1)
    pull_back, y = make_vjp(lambda x: norm(x, epsilon))(x)
    defined_back, defined = make_vjp(lambda x: by_definition(x, axes, epsilon))(x)
    size = np.prod([shape[axis] for axis in axes])
    np.testing.assert_allclose(y, defined, atol=1e-12 + 1e-15 / np.sqrt(epsilon))
    largest = np.abs(u / np.sqrt(x.var(axis=axes, keepdims=True) + epsilon)).max() * size
    np.testing.assert_allclose(pull_back(u), defined_back(u), atol=1e-9 * largest)


@given(
    shape=shapes, groups=st.integers(1, 3), members=st.integers(1, 3), seed=seeds, epsilon=epsilons
)
def test_group_norm_normalises_each_group_of_channels(
    shape: tuple[int, ...], groups: int, members: int, seed: int, epsilon: float
) -> None:
    x = normal(*shape[:3], groups * members, seed=seed)
    y = ops.group_norm(x, groups, epsilon)
    for group in range(groups):
        own = slice(group * members, (group + 1) * members)
        expected = ops.layer_norm(x[..., own], epsilon)
        np.testing.assert_allclose(y[..., own], expected, atol=1e-12 + 1e-15 / np.sqrt(epsilon))


def test_one_group_is_layer_norm_and_a_group_a_channel_is_instance_norm() -> None:
    x = normal(2, 3, 4, 6)
    np.testing.assert_array_equal(ops.group_norm(x, 1), ops.layer_norm(x))
    np.testing.assert_array_equal(ops.group_norm(x, 6), ops.instance_norm(x))


@each_scheme
def test_models_of_a_stack_and_other_images_keep_to_themselves(scheme: str) -> None:
    norm, _, axes = SCHEMES[scheme]
    stack = normal(3, 4, 2, 5, 6)
    for y, x in zip(norm(stack), stack, strict=True):
        np.testing.assert_allclose(y, norm(x), rtol=1e-12)
    if 0 not in axes:
        np.testing.assert_allclose(norm(stack[0])[1:3], norm(stack[0][1:3]), rtol=1e-12)


@each_scheme
@given(shape=shapes, seed=seeds)
def test_moments_are_the_mean_and_the_biased_variance(
    scheme: str, shape: tuple[int, ...], seed: int
) -> None:
    _, sets, axes = SCHEMES[scheme]
    x = normal(*shape, seed=seed)
    mean, variance = ops.moments(sets(x))
    np.testing.assert_allclose(mean.ravel(), x.mean(axis=axes).ravel(), atol=1e-12)
    np.testing.assert_allclose(variance.ravel(), x.var(axis=axes, ddof=0).ravel(), atol=1e-12)


# ------------------------------------------------------------------- the long form and the short


@given(shape=shapes, seed=seeds, epsilon=epsilons, scale=scales)
@example(shape=(1, 4, 1, 2), seed=0, epsilon=1e-8, scale=1e3)
def test_the_long_form_equals_the_short_form(
    shape: tuple[int, ...], seed: int, epsilon: float, scale: float
) -> None:
    """Step by step through the graph x → mean → variance → x̂, against one line."""
    x, g = scale * normal(*shape, seed=seed), normal(*shape, seed=seed + 1)
    size = shape[1] * shape[3]

    mean = x.sum(axis=(1, 3), keepdims=True) / size
    centred = x - mean
    variance = (centred**2).sum(axis=(1, 3), keepdims=True) / size
    inverse = 1 / np.sqrt(variance + epsilon)

    of_variance = (g * centred * -0.5 * inverse**3).sum(axis=(1, 3), keepdims=True)
    of_mean = (-g * inverse).sum(axis=(1, 3), keepdims=True)
    of_mean += of_variance * (-2 / size) * centred.sum(axis=(1, 3), keepdims=True)
    long = g * inverse + of_variance * 2 * centred / size + of_mean / size

    short = NORMALIZE.gradients["x"](g, NORMALIZE.forward(x, epsilon), x, epsilon)
    np.testing.assert_allclose(short, long, atol=1e-10 * np.abs(g * inverse).max())


@given(shape=shapes, seed=seeds, epsilon=epsilons, scale=scales)
def test_the_gradient_sums_to_zero_and_is_orthogonal_to_the_output_but_for_epsilon(
    shape: tuple[int, ...], seed: int, epsilon: float, scale: float
) -> None:
    """Σ ∂L/∂x = 0 exactly; Σ (∂L/∂x) x̂ = ε/(v + ε) · Σ g x̂ / √(v + ε), next to nothing."""
    x, g = scale * normal(*shape, seed=seed), normal(*shape, seed=seed + 1)
    y = NORMALIZE.forward(x, epsilon)
    gradient = NORMALIZE.gradients["x"](g, y, x, epsilon)
    variance = x.var(axis=(1, 3), keepdims=True)
    inverse = 1 / np.sqrt(variance + epsilon)
    size = np.abs(g * inverse).sum()
    assert np.abs(gradient.sum(axis=(1, 3))).max() <= 1e-10 * size
    left = (epsilon * inverse**3 * (g * y).sum(axis=(1, 3), keepdims=True))[:, 0, :, 0]
    np.testing.assert_allclose((gradient * y).sum(axis=(1, 3)), left, atol=1e-10 * size)


@given(shape=shapes, seed=seeds, epsilon=epsilons)
def test_given_its_own_moments_normalize_by_is_normalize(
    shape: tuple[int, ...], seed: int, epsilon: float
) -> None:
    x = normal(*shape, seed=seed)
    y = NORMALIZE_BY.forward(x, *ops.moments(x), epsilon)
    expected = NORMALIZE.forward(x, epsilon)
    np.testing.assert_allclose(y, expected, atol=1e-12 + 1e-15 / np.sqrt(epsilon))


# --------------------------------------------------------------------------------------- the edges


@each_scheme
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("value", [0.0, 0.1, -1e6 / 3])
def test_equal_numbers_become_zero_exactly(scheme: str, dtype: type, value: float) -> None:
    norm, sets, _ = SCHEMES[scheme]
    x: np.ndarray = np.full((5, 7, 7, 3), value, dtype)
    assert not norm(x, 1e-8).any()
    u: np.ndarray = normal(*x.shape).astype(dtype)
    back = NORMALIZE.gradients["x"](sets(u), sets(norm(x, 1e-8)), sets(x), 1e-8)
    assert np.isfinite(back).all()
    mean, variance = ops.moments(sets(x))
    assert np.all(mean == dtype(value))
    assert not variance.any()


def test_a_set_of_one_number_becomes_zero_and_passes_nothing_back() -> None:
    x, u = normal(5, 1, 2, 1), normal(5, 1, 2, 1, seed=1)
    y = NORMALIZE.forward(x, 1e-5)
    assert not y.any()
    assert not NORMALIZE.gradients["x"](u, y, x, 1e-5).any()


def test_epsilon_shrinks_the_variance_to_its_share() -> None:
    x = 3 * normal(1, 1000, 1, 1)
    for epsilon in (1e-8, 1.0, 9.0, 1e4):
        y = NORMALIZE.forward(x, epsilon)
        assert y.var() == pytest.approx(x.var() / (x.var() + epsilon))


@each_scheme
@pytest.mark.parametrize("mean", [0.0, 1e4])
def test_float32_is_near_float64_far_from_zero_too(scheme: str, mean: float) -> None:
    norm, sets, _ = SCHEMES[scheme]
    x = (normal(8, 24, 24, 16) + mean).astype(np.float32)
    u = normal(*x.shape, seed=1).astype(np.float32)
    y, exact = norm(x, 1e-8), norm(x.astype(np.float64), 1e-8)
    assert y.dtype == np.float32
    np.testing.assert_allclose(y, exact, atol=2e-5)
    rule = NORMALIZE.gradients["x"]
    back = rule(sets(u), sets(y), sets(x), 1e-8)
    assert back.dtype == np.float32
    exact_back = rule(*(sets(a.astype(np.float64)) for a in (u, exact, x)), 1e-8)
    np.testing.assert_allclose(back, exact_back, atol=2e-5 * np.abs(exact_back).max())


def test_an_epsilon_that_float32_takes_for_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="ε must be above 0 in float32, not 1e-46"):
        ops.batch_norm(np.ones((2, 2, 2, 2), np.float32), 1e-46)


@pytest.mark.parametrize("epsilon", [0.0, -1.0, float("nan")])
def test_an_epsilon_not_above_zero_is_refused(epsilon: float) -> None:
    with pytest.raises(ValueError, match="ε must be above 0"):
        ops.batch_norm(np.ones((2, 2, 2, 2)), epsilon)
    with pytest.raises(ValueError, match="ε must be above 0"):
        ops.normalize_by(np.ones((2, 2, 2)), np.ones(2), np.ones(2), epsilon)


def test_empty_sets_are_refused_and_no_sets_are_not() -> None:
    with pytest.raises(ValueError, match="no numbers"):
        ops.batch_norm(np.ones((0, 2, 2, 2)))
    with pytest.raises(ValueError, match="no numbers"):
        ops.layer_norm(np.ones((2, 0, 2, 2)))
    assert ops.layer_norm(np.ones((0, 2, 2, 2))).shape == (0, 2, 2, 2)


@pytest.mark.parametrize("norm", [ops.batch_norm, ops.layer_norm, ops.instance_norm])
@pytest.mark.parametrize("shape", [(), (2, 3), (2, 2, 3)])
def test_what_is_no_batch_of_images_is_refused(norm: Any, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="batch, height, width, channel"):
        norm(np.ones(shape))


def test_missing_axes_are_refused() -> None:
    with pytest.raises(ValueError, match="position, group, member"):
        ops.normalize(np.ones((3, 2)), 1e-5)
    with pytest.raises(ValueError, match="do not fit"):
        ops.normalize_by(np.ones((3, 2)), np.ones(3), np.ones(3), 1e-5)


@given(shape=shapes, seed=seeds, offset=st.sampled_from([1.0, 1e3, -1e6]))
def test_a_constant_added_to_the_cotangent_changes_nothing(
    shape: tuple[int, ...], seed: int, offset: float
) -> None:
    x, g = normal(*shape, seed=seed), normal(*shape, seed=seed + 1)
    y = NORMALIZE.forward(x, 0.1)
    shifted = (g + offset) - offset  # what is left of g's digits
    once, again = (NORMALIZE.gradients["x"](u, y, x, 0.1) for u in (shifted, g + offset))
    np.testing.assert_allclose(again, once, atol=1e-12 * np.abs(g).max())


@pytest.mark.parametrize("groups", [-1, 0, 4, 7])
def test_channels_split_into_equal_groups_only(groups: int) -> None:
    with pytest.raises(ValueError, match=f"6 channels cannot be split into {groups} equal"):
        ops.group_norm(np.ones((2, 2, 2, 6)), groups)


@pytest.mark.parametrize(
    ("mean", "variance"), [((3,), (3,)), ((2,), (1,)), ((), ()), ((5, 2), (5, 2))]
)
def test_statistics_that_do_not_fit_are_refused(mean: Any, variance: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - ours or NumPy's
        ops.normalize_by(np.ones((4, 3, 2, 2)), np.ones(mean), np.ones(variance), 1e-5)


@pytest.mark.parametrize(
    ("groups", "mean", "variance"), [(1, 3, 1), (1, 1, 3), (1, 3, 3), (2, 1, 2), (2, 2, 1)]
)
def test_statistics_of_one_group_are_not_for_all(groups: int, mean: int, variance: int) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        ops.normalize_by(np.ones((4, groups, 2)), np.ones(mean), np.ones(variance), 1e-5)


@pytest.mark.parametrize("variance", [-2.0, -0.001])
def test_a_negative_variance_is_refused(variance: float) -> None:
    with pytest.raises(ValueError, match=f"not negative; the smallest here is {variance}"):
        ops.normalize_by(np.ones((3, 2, 2)), np.ones(2), np.array([1.0, variance]), 1e-5)
