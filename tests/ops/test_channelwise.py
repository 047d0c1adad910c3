"""Scale and shift, and the Box-Cox transform with its two limits."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import boxcox1p

from microgrand import ops
from microgrand.op import registry

SCALE, BOX_COX = registry["scale_and_shift"], registry["box_cox"]
seeds = st.integers(0, 2**32 - 1)
EXPONENTS = [-2.0, -0.5, -1e-4, -1e-9, -1e-300, 0.0, 1e-300, 1e-12, 1e-5, 1e-2, 0.5, 1.0, 2.0, 3.5]
POINTS = [-1 + 1e-12, -0.99, -0.5, -1e-3, -1e-8, 0.0, 1e-200, 1e-12, 1e-4, 0.05, 0.3, 1.0, 50.0]


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


# ------------------------------------------------------------------------------- scale and shift


def test_each_channel_has_its_own_scale_and_shift() -> None:
    x, scale, shift = normal(2, 3, 4, 5), normal(5, seed=1), normal(5, seed=2)
    y = ops.scale_and_shift(x, scale, shift)
    for c in range(5):
        np.testing.assert_allclose(y[..., c], scale[c] * x[..., c] + shift[c], rtol=1e-12)


@pytest.mark.parametrize("stacked", [(0, 1, 0), (0, 0, 1), (1, 0, 0), (1, 1, 1), (0, 1, 1)])
def test_a_stack_is_each_model_alone(stacked: tuple[int, ...]) -> None:
    shared = [(2, 3, 4, 5), (5,), (5,)]
    arrays = [
        normal(*((3,) * own + shape), seed=i)
        for i, (own, shape) in enumerate(zip(stacked, shared, strict=True))
    ]
    y = SCALE.forward(*arrays)
    assert y.shape == (3, 2, 3, 4, 5)
    u = normal(*y.shape, seed=9)
    gradients = [rule(u, y, *arrays) for rule in SCALE.gradients.values()]
    alone = []
    for model in range(3):
        own = [a[model] if s else a for a, s in zip(arrays, stacked, strict=True)]
        np.testing.assert_allclose(y[model], SCALE.forward(*own), rtol=1e-12)
        alone.append([rule(u[model], y[model], *own) for rule in SCALE.gradients.values()])
    for i, (together, s) in enumerate(zip(gradients, stacked, strict=True)):
        each = np.stack([model[i] for model in alone])
        np.testing.assert_allclose(together, each if s else each.sum(axis=0), atol=1e-12)


@pytest.mark.parametrize("op", [ops.box_cox, lambda x, v: ops.scale_and_shift(x, v, v)])
@pytest.mark.parametrize(
    ("x", "vector"),
    [
        *(((2, 3), (4,)), ((2, 3), (2, 3)), ((2, 2, 2, 3), (5, 2)), ((2, 3), ())),
        *(((), (1,)), ((2, 2, 3), (5, 3))),
    ],
)
def test_shapes_that_do_not_fit_are_refused(op: Any, x: Any, vector: Any) -> None:
    with pytest.raises(ValueError, match=r"fit|needs"):
        op(np.ones(x), np.ones(vector))


def test_a_single_row_of_channels_is_enough() -> None:
    x, scale, shift = normal(5), normal(5, seed=1), normal(5, seed=2)
    np.testing.assert_array_equal(ops.scale_and_shift(x, scale, shift), x * scale + shift)


# ------------------------------------------------------------------------------------ Box-Cox: y


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_box_cox_is_scipys(exponent: float) -> None:
    x = np.array([[-1.0, *POINTS]])
    with np.errstate(divide="ignore"):
        expected = boxcox1p(x, exponent)
    np.testing.assert_allclose(ops.box_cox(x, np.array([exponent])), expected, rtol=1e-12)


@given(seed=seeds, exponent=st.floats(-3, 3))
def test_box_cox_is_scipys_everywhere(seed: int, exponent: float) -> None:
    x = np.expm1(3 * normal(5, 4, seed=seed))
    y = ops.box_cox(x, np.array([exponent]))
    np.testing.assert_allclose(y, boxcox1p(x, exponent), rtol=1e-12)


@pytest.mark.parametrize("exponent", [1e-6, 1e-7, 2e-8, 1e-13, 1e-14, 1e-20, 0.0])
def test_towards_an_exponent_of_0_float32_comes_to_the_logarithm_without_a_jump(
    exponent: float,
) -> None:
    x, power = np.array([[-0.9, 1e-3, 1.0, 1e30]], np.float32), np.array([exponent], np.float32)
    expected = boxcox1p(x.astype(float), power.astype(float))
    np.testing.assert_allclose(ops.box_cox(x, power), expected, rtol=5e-7)


def test_an_exponent_of_1_changes_nothing_and_0_is_the_logarithm() -> None:
    x = np.array([POINTS])
    np.testing.assert_allclose(ops.box_cox(x, np.ones(1)), x, rtol=1e-12)
    np.testing.assert_array_equal(ops.box_cox(x, np.zeros(1)), np.log1p(x))


def test_one_exponent_serves_all_channels_and_each_may_have_its_own() -> None:
    x, exponents = np.exp(normal(2, 3, 3, 4)), np.array([-1.0, 0.0, 0.5, 2.0])
    y = ops.box_cox(x, exponents)
    for c, exponent in enumerate(exponents):
        alone = ops.box_cox(x, np.array([exponent]))
        np.testing.assert_allclose(y[..., c], alone[..., c], rtol=1e-12)
    u = normal(*x.shape, seed=1)
    together = BOX_COX.gradients["exponent"](u, alone, x, np.array([2.0]))
    each = BOX_COX.gradients["exponent"](u, alone, x, np.full(4, 2.0))
    assert together.shape == (1,)
    np.testing.assert_allclose(together, [each.sum()], rtol=1e-12)


@pytest.mark.parametrize("x", [-1.0001, -np.inf])
def test_x_below_minus_1_is_refused(x: float) -> None:
    with pytest.raises(ValueError, match="at least −1; the smallest here is"):
        ops.box_cox(np.array([[0.0, x]]), np.ones(1))


# ---------------------------------------------------------------------------- Box-Cox: gradients


def slopes(argument: str, x: list[float], exponent: float, dtype: Any = np.float64) -> np.ndarray:
    """The gradient of y alone for each x: ∂y/∂x or ∂y/∂λ, one number at a time."""
    result = []
    for value in x:
        point, power = np.array([[value]], dtype), np.array([exponent], dtype)
        y = BOX_COX.forward(point, power)
        result.append(BOX_COX.gradients[argument](np.ones_like(y), y, point, power).item())
    return np.array(result)


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_the_exponents_gradient_is_an_integral(exponent: float) -> None:
    """∂y/∂λ = l² ∫₀¹ t e^(λlt) dt with l = log(1 + x): nothing cancels, nothing divides by λ."""
    expected = []
    for x in POINTS:
        log = np.log1p(x)
        integral, _ = quad(lambda t, z: t * np.exp(z * t), 0, 1, args=(exponent * log,), epsabs=0)
        expected.append(log**2 * integral)
    np.testing.assert_allclose(slopes("exponent", POINTS, exponent), expected, rtol=1e-10)


@pytest.mark.parametrize("exponent", [e for e in EXPONENTS if abs(e) != 1e-300])
def test_the_exponents_gradient_keeps_its_digits_in_float32(exponent: float) -> None:
    points = [float(np.float32(x)) for x in POINTS[1:] if abs(x) > 1e-15 or x == 0]
    exponent = float(np.float32(exponent))
    short = slopes("exponent", points, exponent, np.float32)
    np.testing.assert_allclose(short, slopes("exponent", points, exponent), rtol=2e-5)


@given(z=st.floats(0.099, 0.101), sign=st.sampled_from([-1, 1]), exponent=st.floats(0.1, 3))
def test_series_and_formula_meet(z: float, sign: int, exponent: float) -> None:
    x = np.expm1(sign * z / exponent)
    log = np.log1p(x)
    k = np.arange(25)
    factorials = np.cumprod(np.arange(1.0, 27))[1:]  # (k + 2)!
    expected = log**2 * np.sum((exponent * log) ** k * (k + 1) / factorials)
    np.testing.assert_allclose(slopes("exponent", [x], exponent), expected, rtol=1e-13)


@given(z=st.floats(0.097, 0.0995), sign=st.sampled_from([-1, 1]), exponent=st.floats(0.1, 3))
def test_the_series_has_as_many_terms_as_float32_sees(z: float, sign: int, exponent: float) -> None:
    x, power = float(np.float32(np.expm1(sign * z / exponent))), float(np.float32(exponent))
    short = slopes("exponent", [x], power, np.float32)
    np.testing.assert_allclose(short, slopes("exponent", [x], power), rtol=9e-7)


@pytest.mark.parametrize(("exponent", "dtype"), [(1e10, np.float32), (1e50, np.float64)])
def test_an_enormous_exponent_leaves_no_nan(exponent: float, dtype: Any) -> None:
    assert np.isfinite(slopes("exponent", [-0.5], exponent, dtype)).all()


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_the_slope_is_a_power_of_1_plus_x(exponent: float) -> None:
    expected = [(1 + x) ** (exponent - 1) for x in POINTS]
    np.testing.assert_allclose(slopes("x", POINTS, exponent), expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("exponent", "y", "slope", "of_exponent"),
    [
        (2.0, -0.5, 0, 0.25),
        (1.0, -1, 1, 1),
        (0.5, -2, np.inf, 4),
        (0.0, -np.inf, np.inf, np.inf),
        (-0.5, -np.inf, np.inf, np.inf),
        (-1.0, -np.inf, np.inf, np.inf),
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_limits_at_minus_1(
    exponent: float, y: float, slope: float, of_exponent: float, dtype: Any
) -> None:
    assert ops.box_cox(np.array([[-1]], dtype), np.array([exponent], dtype)).item() == y
    assert slopes("x", [-1.0], exponent, dtype).item() == slope
    assert slopes("exponent", [-1.0], exponent, dtype).item() == of_exponent
