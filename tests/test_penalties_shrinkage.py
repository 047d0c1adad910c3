"""The penalties of the shrinkage lesson: L0, L3, L4, the dead zone, whole columns, their maxima.

Values and slopes against plain numbers, proximal steps against a search over a fine grid.
"""

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from strategies import competitors, seeds

from microgrand.penalties import PENALTIES, Penalty

numbers = st.one_of(
    st.sampled_from([0.0, 0.25, -0.25]), st.floats(-20, 20).map(lambda x: round(x, 6))
)
vectors = arrays(float, st.integers(1, 6), elements=numbers)
matrices = arrays(float, array_shapes(min_dims=2, max_dims=2, max_side=4), elements=numbers)
strengths = st.one_of(st.just(0.0), st.floats(1e-6, 10))

NAMES = ("l0", "l3", "l4", "dead_zone_l1")
each_name = pytest.mark.parametrize("name", NAMES)
each_row = pytest.mark.parametrize(
    "penalty", [PENALTIES[n] for n in (*NAMES, "group_l1")], ids=lambda row: row.name
)

# Of one number; the dead zone is 0.25 wide.
FROM_SCRATCH: dict[str, Any] = {
    "l0": (lambda t: float(t != 0), lambda t: 0.0),
    "l3": (lambda t: abs(t) ** 3, lambda t: 3 * t**2 if t > 0 else -3 * t**2),
    "l4": (lambda t: t**4, lambda t: 4 * t**3),
    "dead_zone_l1": (
        lambda t: max(abs(t) - 0.25, 0.0),
        lambda t: 1.0 if t > 0.25 else -1.0 if t < -0.25 else 0.0,
    ),
}


def proximal(name: str, *arguments: Any) -> np.ndarray:
    step = PENALTIES[name].proximal
    assert step is not None
    return step(*arguments)


# --------------------------------------------------------------------------- values and gradients


@each_name
@given(theta=vectors)
@example(theta=np.zeros(3))
@example(theta=np.array([0.25, -0.25, np.nextafter(0.25, 1), np.nextafter(-0.25, -1)]))
def test_values_and_gradients_are_the_formulas(name: str, theta: np.ndarray) -> None:
    value, slope = FROM_SCRATCH[name]
    assert PENALTIES[name].value(theta) == pytest.approx(sum(map(value, theta.tolist())), rel=1e-12)
    slopes = [slope(t) for t in theta.tolist()]
    np.testing.assert_allclose(PENALTIES[name].gradient(theta), slopes, rtol=1e-12)


@given(theta=matrices)
@example(theta=np.zeros((2, 2)))
@example(theta=np.array([[3.0, 0.0], [4.0, 0.0]]))
def test_group_l1_is_the_sum_of_the_columns_lengths(theta: np.ndarray) -> None:
    row = PENALTIES["group_l1"]
    lengths = [sum(a**2 for a in column) ** 0.5 for column in theta.T.tolist()]
    assert row.value(theta) == pytest.approx(sum(lengths), rel=1e-12)
    for slope, column, length in zip(row.gradient(theta).T, theta.T, lengths, strict=True):
        expected = column / length if length else np.zeros(len(column))
        np.testing.assert_allclose(slope, expected, rtol=1e-12)


@pytest.mark.parametrize("name", ["l3", "l4", "dead_zone_l1"])
@given(theta=vectors, seed=seeds)
@example(theta=np.array([0.0, 0.25, -0.25]), seed=0)
def test_gradients_are_subgradients(name: str, theta: np.ndarray, seed: int) -> None:
    """R(z) ≥ R(θ) + ⟨g, z − θ⟩ for every z."""
    z = np.random.default_rng(seed).normal(size=theta.shape, scale=10)
    tangent = PENALTIES[name].value(theta) + PENALTIES[name].gradient(theta) @ (z - theta)
    assert PENALTIES[name].value(z) >= tangent - 1e-9 * (1 + abs(tangent))


@given(theta=vectors, width=st.floats(0, 5))
@example(theta=np.array([0.0, 1.0]), width=0.0)
def test_a_dead_zone_of_no_width_is_l1_and_any_width_may_be_asked_for(
    theta: np.ndarray, width: float
) -> None:
    row, l1 = PENALTIES["dead_zone_l1"], PENALTIES["l1"]
    assert row.value(theta, width) == pytest.approx(
        sum(max(abs(t) - width, 0) for t in theta.tolist()), rel=1e-12, abs=1e-14
    )
    np.testing.assert_array_equal(row.gradient(theta, 0.0), l1.gradient(theta))
    np.testing.assert_array_equal(
        proximal("dead_zone_l1", theta, 0.7, 0.0), proximal("l1", theta, 0.7)
    )


def test_a_dead_zone_has_no_negative_width() -> None:
    theta = np.ones(2)
    for function, arguments in (
        (PENALTIES["dead_zone_l1"].value, ()),
        (PENALTIES["dead_zone_l1"].gradient, ()),
        (PENALTIES["dead_zone_l1"].proximal, (0.1,)),
    ):
        for width in (-0.1, float("nan")):
            with pytest.raises(ValueError, match=f"must not be negative, as {width} is"):
                function(theta, *arguments, width)  # type: ignore[misc]


@given(theta=matrices, width=st.floats(0, 5))
@example(theta=np.zeros((3, 2)), width=0.25)
@example(theta=np.array([[0.2, -0.2], [-0.2, -0.1], [0.2, 0.2]]), width=0.25)  # ties of 3 and of 2
def test_the_columns_maxima_are_plain_loops(theta: np.ndarray, width: float) -> None:
    value, slopes = 0.0, np.zeros_like(theta)
    for j, column in enumerate(theta.T.tolist()):
        largest = max(map(abs, column))
        value += largest - width
        winners = [i for i, a in enumerate(column) if abs(a) == largest]
        for i in winners:
            slopes[i, j] = ((column[i] > 0) - (column[i] < 0)) / len(winners)
    row = PENALTIES["column_max_dead_zone"]
    assert row.value(theta, width) == pytest.approx(value, rel=1e-12, abs=1e-13)
    np.testing.assert_allclose(row.gradient(theta, width), slopes, rtol=1e-15)


@given(theta=matrices, seed=seeds)
@example(theta=np.array([[1.0, 0.0], [-1.0, 0.0]]), seed=0)
def test_the_columns_maxima_span_planes_that_lie_below(theta: np.ndarray, seed: int) -> None:
    row = PENALTIES["column_max_dead_zone"]
    z = np.random.default_rng(seed).normal(size=theta.shape, scale=10)
    tangent = row.value(theta) + (row.gradient(theta) * (z - theta)).sum()
    assert row.value(z) >= tangent - 1e-9 * (1 + abs(tangent))


def test_the_columns_maxima_are_negative_down_to_the_width_and_do_not_feel_it() -> None:
    row, theta = PENALTIES["column_max_dead_zone"], np.array([[0.1, -0.2, 0.0], [0.05, 0.1, 0.0]])
    assert row.value(0 * theta) == -0.75
    assert row.value(theta) == pytest.approx(0.3 - 0.75)
    np.testing.assert_array_equal(row.gradient(theta, 0.0), row.gradient(theta, 9.0))
    stack = np.stack([theta, -2 * theta])
    np.testing.assert_allclose(row.value(stack), [0.3 - 0.75, 0.6 - 0.75], rtol=1e-12)
    np.testing.assert_array_equal(row.gradient(stack)[1], row.gradient(-2 * theta))
    short = row.gradient(theta.astype(np.float32))
    assert short.dtype == row.value(theta.astype(np.float32)).dtype == np.float32
    assert not np.shares_memory(short, theta)


# ------------------------------------------------------------------------------ the proximal step


@each_name
@given(theta=numbers, strength=strengths)
@example(theta=2.0, strength=2.0)  # the hard threshold: √(2·2) = 2
@example(theta=-2.0, strength=2.0)
@example(theta=0.25, strength=0.5)  # the edge of the dead zone
@example(theta=0.75, strength=0.5)  # where its soft threshold begins: 0.25 + 0.5
@example(theta=-0.75, strength=0.5)
@example(theta=0.0, strength=1.0)
@example(theta=3.0, strength=0.0)
def test_no_point_of_a_fine_grid_beats_the_proximal_step(
    name: str, theta: float, strength: float
) -> None:
    """The best z lies between 0 and θ: beyond either, distance and penalty both grow."""
    value = FROM_SCRATCH[name][0]

    def price(z: float) -> float:
        return (z - theta) ** 2 / 2 + strength * float(value(z))

    (best,) = proximal(name, np.array([theta]), strength).tolist()
    grid = np.linspace(0, theta, 2001).tolist()
    prices = list(map(price, grid))
    assert price(best) <= min(prices) + 1e-12 * (1 + min(prices))
    if name != "l0":  # convex: the best point of the grid is a neighbour
        nearest = grid[prices.index(min(prices))]
        assert abs(best - nearest) <= 1.01 * abs(theta) / 2000 + 1e-7


def test_where_keeping_costs_as_much_as_dropping_the_hard_threshold_drops() -> None:
    theta = np.array([2.0, -2.0, np.nextafter(2, 3), np.nextafter(-2, -3), 1.9, 0.0])
    best = proximal("l0", theta, 2.0)
    np.testing.assert_array_equal(best, [0, 0, theta[2], theta[3], 0, 0])


@pytest.mark.parametrize("name", ["l3", "l4"])
@given(theta=st.floats(-1e6, 1e6), strength=st.floats(1e-12, 1e6))
def test_a_smooth_proximal_step_ends_where_the_forces_balance(
    name: str, theta: float, strength: float
) -> None:
    """θ − z = λ R′(z), over many orders of magnitude."""
    (z,) = proximal(name, np.array([theta]), strength).tolist()
    assert z + strength * FROM_SCRATCH[name][1](z) == pytest.approx(theta, rel=1e-12, abs=1e-300)


def test_only_the_thresholds_make_exact_zeros() -> None:
    theta = np.array([0.01, -0.01, 1.0])
    zeros = {n: int((proximal(n, theta, 0.1) == 0).sum()) for n in ("l0", "l1", *NAMES[1:])}
    assert zeros == {"l0": 2, "l1": 2, "l3": 0, "l4": 0, "dead_zone_l1": 0}


@given(theta=matrices, strength=strengths, seed=seeds)
@example(theta=np.array([[3.0, 0.0], [4.0, 0.0]]), strength=5.0, seed=0)  # as long as the threshold
@example(theta=np.array([[3.0, 0.0], [4.0, 1.0]]), strength=2.5, seed=0)
def test_no_competitor_beats_the_proximal_step_of_group_l1(
    theta: np.ndarray, strength: float, seed: int
) -> None:
    def price(z: np.ndarray) -> float:
        lengths = [sum(a**2 for a in column) ** 0.5 for column in z.T.tolist()]
        return float(((z - theta) ** 2).sum() / 2 + strength * sum(lengths))

    best = proximal("group_l1", theta, strength)
    for z in competitors(best, seed):
        assert price(z) >= price(best) - 1e-12 * (1 + price(best))


def test_a_column_as_long_as_the_threshold_is_silenced() -> None:
    theta = np.array([[3.0, 6.0], [4.0, 8.0]])
    np.testing.assert_allclose(proximal("group_l1", theta, 5.0), [[0, 3], [0, 4]], rtol=1e-14)


# ----------------------------------------------------------------------------------- good manners


@each_row
def test_a_column_of_strengths_gives_each_model_its_own(penalty: Penalty) -> None:
    stack = np.random.default_rng(0).normal(size=(3, 8, 2) if penalty.of_matrix else (3, 8))
    values = [0.0, 0.3, 2.0]
    column = np.reshape(values, (3,) + (1,) * (stack.ndim - 1))
    together = proximal(penalty.name, stack, column)
    np.testing.assert_array_equal(together[0], stack[0])
    for model, strength, moved in zip(stack, values, together, strict=True):
        np.testing.assert_array_equal(proximal(penalty.name, model, strength), moved)
    expected = [penalty.value(model) for model in stack]
    np.testing.assert_allclose(penalty.value(stack), expected, rtol=1e-12)


@each_row
def test_float32_stays_float32_and_theta_is_left_alone(penalty: Penalty) -> None:
    theta = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    before = theta.copy()
    results = [penalty.gradient(theta)]
    for strength in (0.5, np.float32(0.5), np.array(0.5, np.float32)):
        results.append(proximal(penalty.name, theta, strength))
    for result in results:
        assert result.dtype == np.float32
        assert not np.shares_memory(result, theta)
    assert penalty.value(theta).dtype == np.float32
    np.testing.assert_array_equal(theta, before)
