"""Optimisers against the published algorithms, step by step, and what follows of these."""

from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgrand.optimizers import SGD, Adadelta, Adam, AdamW, Momentum, RMSprop
from microgrand.steps_and_measures import adam, momentum, sgd

numbers = st.floats(-10, 10).map(lambda x: round(x, 6))
gradients = st.lists(numbers, min_size=1, max_size=8)
rates = st.floats(1e-4, 1)
betas = st.floats(0, 0.999)
decays = st.floats(0, 1)

ALL: list[Any] = [
    SGD(0.1, 0.01), Momentum(0.1, 0.9, 0.01), Adam(0.1), Adam(0.1, as_published=True), AdamW(0.1),
    RMSprop(0.1), Adadelta(0.5),
]  # fmt: skip
each = pytest.mark.parametrize("optimizer", ALL, ids=lambda o: type(o).__name__)


def walk(optimizer: Any, start: float, slopes: list[float]) -> list[float]:
    """Where an optimiser goes from `start`, one step a gradient."""
    vector = np.array([start])
    state, path = optimizer.init(vector), []
    for slope in slopes:
        optimizer.step(vector, np.array([slope]), state)
        path.append(float(vector[0]))
    return path


def defined(definition: Any, start: float, slopes: list[float], *settings: Any) -> list[float]:
    """Where the published algorithm goes."""
    return [definition(start, slopes[:t], *settings) for t in range(1, len(slopes) + 1)]


def same(path: list[float], expected: list[float]) -> None:
    np.testing.assert_allclose(path, expected, rtol=1e-9, atol=1e-9)


# ------------------------------------------------------------------------- the published algorithms


@given(start=numbers, slopes=gradients, rate=rates, decay=decays)
def test_sgd_walks_down_the_slope(
    start: float, slopes: list[float], rate: float, decay: float
) -> None:
    same(walk(SGD(rate, decay), start, slopes), defined(sgd, start, slopes, rate, decay))


@given(start=numbers, slopes=gradients, rate=rates, beta=betas, decay=decays)
def test_momentum_is_polyaks_heavy_ball(
    start: float, slopes: list[float], rate: float, beta: float, decay: float
) -> None:
    expected = defined(momentum, start, slopes, rate, beta, decay)
    same(walk(Momentum(rate, beta, decay), start, slopes), expected)


@given(start=numbers, slopes=gradients, rate=rates, beta1=betas, beta2=betas)
def test_adam_is_algorithm_1(
    start: float, slopes: list[float], rate: float, beta1: float, beta2: float
) -> None:
    expected = defined(adam, start, slopes, rate, beta1, beta2, 1e-8, False)
    same(walk(Adam(rate, beta1, beta2), start, slopes), expected)


@given(start=numbers, slopes=gradients, rate=rates, decay=decays)
def test_adamw_is_algorithm_2(start: float, slopes: list[float], rate: float, decay: float) -> None:
    expected = defined(adam, start, slopes, rate, 0.9, 0.999, 1e-8, False, decay)
    same(walk(AdamW(rate, decay=decay), start, slopes), expected)


def test_adamws_settings_stand_in_the_order_of_other_libraries() -> None:
    """The decay comes after ε, and no number by its place turns the article's mistake on."""
    assert AdamW(0.1, 0.8, 0.9, 1e-6, 0.5) == AdamW(0.1, 0.8, 0.9, 1e-6, decay=0.5)
    with pytest.raises(TypeError, match="positional"):
        Adam(0.1, 0.8, 0.9, 1e-6, True)  # type: ignore[call-arg]


# ------------------------------------------------------------------------------- what follows of it


@given(slope=numbers.filter(bool), rate=rates)
def test_adams_first_step_is_the_rate_whatever_the_slope(slope: float, rate: float) -> None:
    (end,) = walk(Adam(rate, epsilon=1e-30), 0.0, [slope])
    assert end == pytest.approx(-rate * np.sign(slope), rel=1e-9)


@given(slopes=gradients.filter(lambda s: s[0] != 0), scale=st.floats(1e-6, 1e6))
def test_adams_path_does_not_depend_on_the_gradients_scale(
    slopes: list[float], scale: float
) -> None:
    adam = Adam(0.1, epsilon=1e-30)
    same(walk(adam, 1.0, [scale * g for g in slopes]), walk(adam, 1.0, slopes))


def test_adam_stands_still_without_a_gradient() -> None:
    assert walk(Adam(0.1), 1.5, [0.0, 0.0, 0.0]) == [1.5, 1.5, 1.5]


@given(start=numbers, slopes=gradients, decay=decays)
def test_for_sgd_coupled_and_decoupled_decay_are_the_same(
    start: float, slopes: list[float], decay: float
) -> None:
    vector, path = np.array([start]), []
    for g in slopes:
        SGD(0.1).step(vector, g + decay * vector, {})
        path.append(float(vector[0]))
    same(path, walk(SGD(0.1, decay), start, slopes))


def test_for_adam_coupled_decay_pulls_all_weights_alike_and_decoupled_in_proportion() -> None:
    """With no other gradient: coupled, every weight loses the rate; decoupled, the same share."""
    start = np.array([0.5, 5.0, 50.0])
    coupled, decoupled = start.copy(), start.copy()
    Adam(0.1).step(coupled, 0.2 * coupled, Adam(0.1).init(coupled))
    adamw = AdamW(0.1, decay=0.2)
    adamw.step(decoupled, np.zeros(3), adamw.init(decoupled))
    np.testing.assert_allclose(start - coupled, [0.1, 0.1, 0.1], rtol=1e-6)
    np.testing.assert_allclose(decoupled / start, [0.98, 0.98, 0.98], rtol=1e-12)


def test_adamw_without_decay_is_adam_to_the_bit() -> None:
    slopes = list(np.random.default_rng(0).normal(size=20))
    assert walk(AdamW(0.01, decay=0.0), 1.0, slopes) == walk(Adam(0.01), 1.0, slopes)


# ---------------------------------------------------------------------------------- good manners


@each
def test_a_step_is_in_place_and_leaves_the_gradient_as_it_was(optimizer: Any) -> None:
    vector, gradient = np.random.default_rng(0).normal(size=(2, 10))
    before, kept, state = vector.copy(), gradient.copy(), optimizer.init(vector)
    for _ in range(3):
        assert optimizer.step(vector, gradient, state) is None
    np.testing.assert_array_equal(gradient, kept)
    assert (vector != before).all()


@each
def test_the_memory_starts_empty_and_belongs_to_nobody_else(optimizer: Any) -> None:
    """Stepping with one memory touches neither another memory nor what was kept of it."""
    vector, gradient = np.random.default_rng(0).normal(size=(2, 10))
    first, second = optimizer.init(vector), optimizer.init(vector)
    optimizer.step(vector, gradient, first)
    for array in (value for value in second.values() if isinstance(value, np.ndarray)):
        assert not array.any()
        assert not np.shares_memory(array, vector)
    assert second.get("steps", 0) == 0


@each
def test_float32_stays_float32_and_near_float64(optimizer: Any) -> None:
    start, *slopes = np.random.default_rng(0).normal(size=(6, 10)).astype(np.float32)
    ends = []
    for dtype in (np.float32, np.float64):
        vector = start.astype(dtype)
        state = optimizer.init(vector)
        for slope in slopes:
            optimizer.step(vector, slope.astype(dtype), state)
        for memory in (value for value in state.values() if isinstance(value, np.ndarray)):
            assert memory.dtype == dtype
        assert vector.dtype == dtype
        ends.append(vector)
    np.testing.assert_allclose(ends[0], ends[1], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "make",
    [
        lambda rate, decay: SGD(rate, decay),
        lambda rate, decay: Momentum(rate, 0.9, decay),
        lambda rate, decay: AdamW(rate, decay=decay),
        lambda rate, decay: Adam(rate, as_published=True),
        lambda rate, decay: RMSprop(rate),
        lambda rate, decay: Adadelta(rate),
    ],
    ids=["SGD", "Momentum", "AdamW", "Adam", "RMSprop", "Adadelta"],
)
def test_each_model_of_a_stack_may_have_its_own_rate_and_decay(make: Any, dtype: type) -> None:
    rates, decays = np.array([[0.1], [0.01], [1.0]]), np.array([[0.0], [0.5], [0.1]])
    start, *slopes = np.random.default_rng(0).normal(size=(5, 3, 7)).astype(dtype)
    stack = start.copy()
    state = make(rates, decays).init(stack)
    for slope in slopes:
        make(rates, decays).step(stack, slope, state)
    assert stack.dtype == dtype
    for i in range(3):
        optimizer, vector = make(float(rates[i, 0]), float(decays[i, 0])), start[i].copy()
        own = optimizer.init(vector)
        for slope in slopes:
            optimizer.step(vector, slope[i], own)
        np.testing.assert_allclose(stack[i], vector, rtol=1e-5)


def test_the_moment_is_adams_m_and_momentums_sum() -> None:
    slopes = np.random.default_rng(0).normal(size=(4, 10))
    for optimizer, share in (
        (Adam(beta1=0.8), 0.2),
        (AdamW(beta1=0.8), 0.2),
        (Momentum(beta=0.8), 1),
    ):
        vector, m = np.zeros(10), np.zeros(10)
        state = optimizer.init(vector)
        for slope in slopes:
            optimizer.step(vector, slope, state)
            m = 0.8 * m + share * slope
        np.testing.assert_allclose(optimizer.moment(state), m, rtol=1e-9)
        optimizer.moment(state)[:] = 0
        np.testing.assert_allclose(optimizer.moment(state), m, rtol=1e-9)


NEGATIVE = (-0.1, float("nan"), np.array([[0.1], [-0.1]]))
NOT_ABOVE_0 = (0.0, *NEGATIVE, np.array([[0.1], [0.0]]))
NO_SHARE = (-0.1, 1.0, 1.5, float("nan"))
NOT_FROM_0, OUTSIDE = "must be finite and not negative", "must be at least 0 and below 1"
REFUSED: list[tuple[Any, str, tuple[Any, ...], str]] = [
    *((kind, "rate", NEGATIVE, NOT_FROM_0) for kind in (SGD, Momentum, RMSprop, Adadelta)),
    *((kind, "decay", NEGATIVE, NOT_FROM_0) for kind in (SGD, Momentum, AdamW)),
    *((kind, "rate", NOT_ABOVE_0, "must be above 0 and finite") for kind in (Adam, AdamW)),
    *(
        (kind, "epsilon", (0.0, -1e-8, float("nan")), "must be above 0 and finite")
        for kind in (Adam, AdamW, RMSprop, Adadelta)
    ),
    *((kind, name, NO_SHARE, OUTSIDE) for kind in (Adam, AdamW) for name in ("beta1", "beta2")),
    (Momentum, "beta", NO_SHARE, OUTSIDE),
    *((kind, "rho", NO_SHARE, OUTSIDE) for kind in (RMSprop, Adadelta)),
]


@pytest.mark.parametrize(
    ("kind", "name", "values", "told"), REFUSED, ids=lambda o: getattr(o, "__name__", None)
)
def test_settings_out_of_their_bounds_are_refused(
    kind: Any, name: str, values: tuple[Any, ...], told: str
) -> None:
    for value in values:
        with pytest.raises(ValueError, match=f"^{kind.__name__}: {name} {told}, not "):
            kind(**{name: value})


@pytest.mark.parametrize("kind", [SGD, Momentum, RMSprop, Adadelta])
def test_at_a_rate_of_0_they_stand_still(kind: Any) -> None:
    assert walk(kind(0.0), 1.5, [1.0, -2.0]) == [1.5, 1.5]


@each
def test_settings_cannot_be_changed(optimizer: Any) -> None:
    with pytest.raises(FrozenInstanceError):
        optimizer.rate = 1.0
