"""Measures of sparsity: known values, and which of the six properties each of them has."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from microgrand.measures import MEASURES, PROPERTIES, Measure, hoyer, pq_mean

# Whole numbers of pence up to five pounds: differences are large against rounding.
pence = st.integers(0, 500)
incomes = arrays(np.int64, st.integers(2, 6), elements=pence).map(lambda c: c / 100)
shares = st.floats(0.05, 0.95)
amounts = st.integers(5, 300).map(lambda pence: pence / 100)
indices = st.integers(0, 5)

Test = Callable[[Measure, np.ndarray, float, float, int], bool | None]


def robin_hood(measure: Measure, c: np.ndarray, share: float, amount: float, i: int) -> bool | None:
    rich, poor = c.argmax(), c.argmin()
    if c[rich] == c[poor]:
        return None
    after = c.copy()
    given_away = share * (c[rich] - c[poor]) / 2
    after[rich] -= given_away
    after[poor] += given_away
    return bool(measure.value(after) < measure.value(c))


def scaling(measure: Measure, c: np.ndarray, share: float, amount: float, i: int) -> bool | None:
    return bool(np.isclose(measure.value(2 * amount * c), measure.value(c), rtol=1e-9))


def rising_tide(
    measure: Measure, c: np.ndarray, share: float, amount: float, i: int
) -> bool | None:
    if np.ptp(c) == 0:
        return None  # equal stays equal
    return bool(measure.value(c + amount) < measure.value(c))


def cloning(measure: Measure, c: np.ndarray, share: float, amount: float, i: int) -> bool | None:
    return bool(np.isclose(measure.value(np.concatenate([c, c])), measure.value(c), rtol=1e-9))


def bill_gates(measure: Measure, c: np.ndarray, share: float, amount: float, i: int) -> bool | None:
    rich = c.copy()
    rich[i % len(c)] += 10 * c.sum()
    if np.count_nonzero(rich) < 2:
        return None  # nobody beside him
    richer = rich.copy()
    richer[i % len(c)] += amount
    return bool(measure.value(richer) > measure.value(rich))


def babies(measure: Measure, c: np.ndarray, share: float, amount: float, i: int) -> bool | None:
    if np.count_nonzero(c) < 2:
        return None  # as sparse as can be
    return bool(measure.value(np.append(c, 0)) > measure.value(c))


TESTS: dict[str, Test] = dict(
    zip(PROPERTIES, (robin_hood, scaling, rising_tide, cloning, bill_gates, babies), strict=True)
)
HAS = [(name, held) for name in MEASURES for held in MEASURES[name].properties]
LACKS = [(n, p) for n in MEASURES for p in PROPERTIES if p not in MEASURES[n].properties]


@pytest.mark.parametrize(("name", "wanted"), HAS)
@given(c=incomes, share=shares, amount=amounts, i=indices)
def test_a_measure_has_the_properties_it_is_said_to_have(
    name: str, wanted: str, c: np.ndarray, share: float, amount: float, i: int
) -> None:
    assume(c.any())
    assert TESTS[wanted](MEASURES[name], c, share, amount, i) is not False


# Before and after a gift: small numbers, where the logarithm is not concave yet; and the second
# richest giving to the poorest, so that less of all squares is left beside the richest's.
GIFTS = {"−log": ([0.5, 0.1], [0.4, 0.2]), "κ4": ([4.0, 0.5, 0.1], [4.0, 0.4, 0.2])}


@pytest.mark.parametrize(("name", "missing"), LACKS)
def test_a_measure_lacks_the_others(name: str, missing: str) -> None:
    if missing == "Robin Hood":
        before, after = map(np.array, GIFTS[name])
        assert MEASURES[name].value(after) > MEASURES[name].value(before)
    else:
        assert TESTS[missing](MEASURES[name], np.array([1.0, 2.0]), 0.5, 1.0, 0) is False


def test_robin_hood_takes_from_any_rich_and_gives_to_any_poor() -> None:
    """The tests above take from the richest alone; transfers between all pairs, on a grid."""
    generator = np.random.default_rng(0)
    for _ in range(300):
        c = generator.integers(0, 500, 5) / 100
        i, j = generator.permutation(5)[:2]
        if c[i] <= c[j]:
            continue
        after = c.copy()
        after[[i, j]] += np.array([-1, 1]) * generator.uniform(0.05, 0.95) * (c[i] - c[j]) / 2
        for measure in MEASURES.values():
            if "Robin Hood" in measure.properties:
                assert measure.value(after) < measure.value(c)


# ------------------------------------------------------------------------------------------ values


ALONE = np.array([0.0, 0.0, -3.0, 0.0])
EQUAL = np.array([2.0, -2.0, 2.0, 2.0])


@pytest.mark.parametrize(
    ("name", "equal", "alone"),
    [
        ("Hoyer", 0, 1),
        ("Gini", 0, 0.75),
        ("ℓ2/ℓ1", 0.5, 1),
        ("pq-mean", -1, -0.125),  # (√3/4)² / √(9/4)
        ("−tanh", -4 * np.tanh(2), -np.tanh(3)),
        ("−log", -4 * np.log(5), -np.log(10)),
        ("κ4", 0.25, 1),
    ],
)
def test_of_equal_numbers_and_of_one_alone(name: str, equal: float, alone: float) -> None:
    assert MEASURES[name].value(EQUAL) == pytest.approx(equal, abs=1e-12)
    assert MEASURES[name].value(ALONE) == pytest.approx(alone, rel=1e-12)


@given(c=incomes)
def test_gini_is_half_the_mean_difference_over_the_mean(c: np.ndarray) -> None:
    assume(c.any())
    expected = np.abs(c[:, None] - c).mean() / (2 * c.mean())
    assert MEASURES["Gini"].value(c) == pytest.approx(expected, abs=1e-12)


@given(c=incomes, p=st.floats(0.1, 1), q=st.floats(1.1, 4))
def test_the_pq_mean_is_the_quotient_of_two_power_means(c: np.ndarray, p: float, q: float) -> None:
    assume(c.any())
    low, high = (sum(x**e for x in c.tolist()) / len(c) for e in (p, q))
    assert pq_mean(c, p, q) == pytest.approx(-(low ** (1 / p)) / high ** (1 / q), rel=1e-9)
    assert pq_mean(c, p, q) >= -1 - 1e-12


@given(c=incomes, flips=st.integers(0, 63), seed=st.integers(0, 99))
def test_neither_signs_nor_the_order_matter(c: np.ndarray, flips: int, seed: int) -> None:
    assume(c.any())
    signs = np.array([-1 if flips >> k & 1 else 1 for k in range(len(c))])
    other = np.random.default_rng(seed).permutation(signs * c)
    for measure in MEASURES.values():
        assert measure.value(other) == pytest.approx(measure.value(c), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("size", [1e-150, 1e150])
def test_extreme_sizes_are_shared_out_like_any_other(size: float) -> None:
    c = np.array([3.0, 1.0, 0.5])
    for measure in MEASURES.values():
        if "scaling" in measure.properties:
            assert measure.value(size * c) == pytest.approx(measure.value(c), rel=1e-12)


def test_each_model_of_a_stack_is_measured_by_itself() -> None:
    stack = np.random.default_rng(0).normal(size=(4, 7)).astype(np.float32)
    for measure in MEASURES.values():
        expected = [measure.value(model) for model in stack]
        np.testing.assert_allclose(measure.value(stack), expected, rtol=1e-6)


def test_zeros_alone_are_neither_sparse_nor_not() -> None:
    for measure in MEASURES.values():
        found: Any = measure.value(np.zeros(3))
        assert np.isnan(found) if "scaling" in measure.properties else found == 0


@pytest.mark.parametrize("count", [2, 3, 10, 1000])
def test_the_ends_of_a_scale_are_those_of_the_formula_for_any_count(count: int) -> None:
    equal, alone = np.full(count, 3.0), np.zeros(count)
    alone[-1] = -2.0
    ends = {
        "Hoyer": (0, 1),
        "Gini": (0, 1 - 1 / count),
        "ℓ2/ℓ1": (count**-0.5, 1),
        "pq-mean": (-1, -(count**-1.5)),
        "κ4": (1 / count, 1),
    }
    for name, (low, high) in ends.items():
        assert MEASURES[name].value(equal) == pytest.approx(low, rel=1e-9, abs=1e-12)
        assert MEASURES[name].value(alone) == pytest.approx(high, rel=1e-9)


@pytest.mark.parametrize(("p", "q"), [(0, 2), (-1, 2), (2, 3), (0.5, 1), (0.5, 0.8)])
def test_the_pq_mean_takes_p_up_to_one_and_q_beyond(p: float, q: float) -> None:
    with pytest.raises(ValueError, match="p ≤ 1 < q"):
        pq_mean(np.ones(3), p, q)


def test_one_number_has_no_hoyer() -> None:
    with pytest.raises(ValueError, match="two numbers"):
        hoyer(np.ones(1))


def test_every_row_is_labelled_and_two_measures_have_all_six() -> None:
    for name, measure in MEASURES.items():
        assert measure.name == name
        assert measure.formula
        assert set(measure.properties) <= set(PROPERTIES)
    assert {n for n, m in MEASURES.items() if m.properties == PROPERTIES} == {"Gini", "pq-mean"}
