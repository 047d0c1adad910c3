"""`verify` passes what is right; what is wrong on purpose fails, at the question meant for it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import autograd.numpy as anp
import numpy as np
import pytest
from autograd.extend import defvjp, primitive

from microgrand.op import Array, Domain, Op, registry
from microgrand.verify import Check, check, verify

LIMITS = {"value": 1e-12, "gradient": 1e-7, "single": 1e-4}


def failed_questions(found: Check) -> set[str]:
    """The questions whose worst error is above the limit promised for it."""
    limits = LIMITS | {"difference": 1e-9 if found.difference_method == "complex step" else 1e-5}
    return {question for question, limit in limits.items() if getattr(found, question) > limit}


Failing = Callable[..., Check]


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Failing:
    """What `verify` says of a registered op that is made wrong: it does not pass."""

    def call(name: str, argument: str, examples: int = 60, seed: int = 0, **changes: Any) -> Check:
        if "rule" in changes:
            changes["gradients"] = registry[name].gradients | {argument: changes.pop("rule")}
        monkeypatch.setitem(registry, name, replace(registry[name], **changes))
        checks = verify([registry[name]], examples, seed)
        (found,) = (one for one in checks if one.argument == argument)
        assert not found.passed
        return found

    return call


def right(name: str, argument: str) -> Callable[..., np.ndarray]:
    return registry[name].gradients[argument]


# --------------------------------------------------------------------------------- what is right


def test_every_gradient_of_the_library_passes() -> None:
    checks = list(verify(examples=40, seed=1))
    assert [(c.op, c.argument) for c in checks] == [
        (n, a) for n in registry for a in registry[n].gradients
    ]
    for found in checks:
        assert found.passed, found.failure
        assert failed_questions(found) == set()
        assert found.examples == 40


def test_a_sum_that_cancels_is_no_wrong_gradient() -> None:
    """Terms that nearly cancel leave float32 few digits, however right the gradient is."""
    found = check(registry["dense"], "kernel", examples=250, seed=3)
    assert found.passed, found.failure


def test_verify_takes_any_ops_in_any_order() -> None:
    checks = list(verify([registry["dense"], registry["relu"]], examples=1))
    named = [(found.op, found.argument) for found in checks]
    assert named == [("dense", "x"), ("dense", "kernel"), ("dense", "bias"), ("relu", "x")]


@pytest.mark.parametrize("examples", [0, -1])
def test_without_examples_nothing_is_proved(examples: int) -> None:
    for argument in ("x", ""):
        with pytest.raises(ValueError, match=f"{examples} examples prove nothing"):
            check(registry["relu"], argument, examples, seed=0)
    with pytest.raises(ValueError, match="prove nothing"):
        list(verify([registry["relu"]], examples=examples))


def test_smooth_ops_take_the_complex_step_and_others_central_differences() -> None:
    checks = verify([registry["tanh"], registry["relu"]], examples=1)
    methods = {found.op: found.difference_method for found in checks}
    assert methods == {"tanh": "complex step", "relu": "central differences"}


@pytest.mark.parametrize("seed", range(20))
def test_an_optional_argument_is_there_in_every_example(failing: Failing, seed: int) -> None:
    """Drawn as None, it would have passed with any gradient."""
    rule = right("dense", "bias")
    found = failing("dense", "bias", rule=lambda *a: 17 * rule(*a), examples=1, seed=seed)
    assert failed_questions(found) == {"gradient", "difference"}


def test_the_same_seed_asks_the_same_questions() -> None:
    first, again, other = (check(registry["dense"], "x", 5, seed) for seed in (3, 3, 4))
    assert replace(first, seconds=0.0) == replace(again, seconds=0.0)
    assert replace(first, seconds=0.0) != replace(other, seconds=0.0)


# --------------------------------------------------------------------------------- what is wrong


def test_a_missing_factor_fails(failing: Failing) -> None:
    rule = right("mean_squared_error", "prediction")
    found = failing("mean_squared_error", "prediction", rule=lambda *a: rule(*a) / 2)
    assert failed_questions(found) == {"gradient", "difference"}


def test_a_wrong_sign_fails(failing: Failing) -> None:
    rule = right("dense", "bias")
    found = failing("dense", "bias", rule=lambda *a: -rule(*a))
    assert failed_questions(found) == {"gradient", "difference"}


def test_a_transposed_kernel_fails(failing: Failing) -> None:
    rule = right("dense", "kernel")

    def transposed(u: Any, y: Any, x: Any, kernel: Any, bias: Any) -> np.ndarray:
        return rule(u, y, x, kernel, bias).swapaxes(-1, -2).reshape(kernel.shape)

    found = failing("dense", "kernel", rule=transposed)
    assert failed_questions(found) == {"gradient", "difference"}


def test_one_wrong_entry_among_many_fails(failing: Failing) -> None:
    rule = right("tanh", "x")

    def wrong_in_one(*a: Any) -> np.ndarray:
        gradient = rule(*a)
        gradient[-1, -1] *= 1 + 1e-4
        return gradient

    found = failing("tanh", "x", rule=wrong_in_one)
    assert failed_questions(found) == {"gradient", "difference"}


def test_a_gradient_wrong_at_the_kink_alone_fails(failing: Failing) -> None:
    found = failing("relu", "x", rule=lambda u, y, x: u * (x >= 0))
    assert failed_questions(found) == {"gradient"}


def test_a_float64_leak_in_a_gradient_fails(failing: Failing) -> None:
    rule = right("sigmoid", "x")
    found = failing("sigmoid", "x", rule=lambda *a: rule(*a) * np.float64(1))
    assert failed_questions(found) == {"single"}


def test_a_float64_leak_in_the_forward_fails(failing: Failing) -> None:
    found = failing("relu", "x", forward=lambda x: np.maximum(x, np.float64(0)))
    assert failed_questions(found) == {"single"}


def test_float16_inside_fails(failing: Failing) -> None:
    rule = right("l2", "theta")

    def coarse(u: np.ndarray, y: np.ndarray, theta: np.ndarray) -> np.ndarray:
        short = theta.dtype == np.float32
        return rule(u, y, theta.astype(np.float16).astype(np.float32) if short else theta)

    found = failing("l2", "theta", rule=coarse)
    assert failed_questions(found) == {"single"}


def test_a_nan_fails(failing: Failing) -> None:
    rule = right("l1", "theta")

    def nan_at_zero(u: np.ndarray, y: np.ndarray, theta: np.ndarray) -> np.ndarray:
        return np.where(theta == 0, np.nan, rule(u, y, theta)).astype(theta.dtype)

    found = failing("l1", "theta", rule=nan_at_zero)
    assert "gradient" in failed_questions(found)


def test_a_nan_in_float32_alone_fails(failing: Failing) -> None:
    rule = right("l2", "theta")

    def overflowing(u: np.ndarray, y: np.ndarray, theta: np.ndarray) -> np.ndarray:
        return rule(u, y, theta) * (np.float32(np.nan) if theta.dtype == np.float32 else 1)

    found = failing("l2", "theta", rule=overflowing)
    assert failed_questions(found) == {"single"}


def test_a_nan_in_the_difference_fails(failing: Failing) -> None:
    """A definition that says nothing about complex numbers proves nothing by them."""

    def real_alone(theta: Any) -> Any:
        return anp.sum(theta**2, axis=-1) if np.isrealobj(theta) else theta.sum(axis=-1) * np.nan

    found = failing("l2", "theta", definition=real_alone)
    assert "difference" in failed_questions(found)


def test_an_exception_fails_and_is_told(failing: Failing) -> None:
    def broken(*a: Any) -> np.ndarray:
        raise ZeroDivisionError("no such slope")

    found = failing("leaky_relu", "x", rule=broken)
    assert found.failure == "example 0: ZeroDivisionError: no such slope"


def test_a_wrong_shape_fails(failing: Failing) -> None:
    """A gradient of a shared x that forgets to sum over the models of a stack."""
    found = failing("dense", "x", rule=lambda u, y, x, kernel, b: u @ kernel.swapaxes(-1, -2))
    assert "gradient" in failed_questions(found)


def test_a_wrong_forward_fails_by_its_value_alone(failing: Failing) -> None:
    found = failing("relu", "x", forward=np.abs)
    assert failed_questions(found) == {"value"}


def test_a_definition_as_wrong_as_its_gradient_fails_by_the_value_alone(failing: Failing) -> None:
    """½Σθ² that forgets its ½ in the definition and in the gradient, though not in the forward."""
    wrong = {"definition": registry["l2"].definition, "rule": right("l2", "theta")}
    found = failing("half_l2", "theta", **wrong)
    assert failed_questions(found) == {"value"}


def test_an_autograd_as_wrong_as_the_gradient_fails_by_the_difference_alone(
    failing: Failing,
) -> None:
    def three_theta(u: Any, y: Any, theta: Any) -> Any:
        return np.expand_dims(u, -1) * 3 * theta

    square = primitive(lambda theta: (theta**2).sum(axis=-1))
    defvjp(square, lambda y, theta: lambda u: three_theta(u, y, theta))
    found = failing("l2", "theta", definition=square, rule=three_theta)
    assert failed_questions(found) == {"difference"}


def test_the_worst_error_is_kept_and_the_first_failure_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    errors = iter([{"gradient": 1e-9}, {"gradient": 0.5, "single": 1e-6}, {"value": 0.25}, {}])
    monkeypatch.setattr("microgrand.verify.check_gradient", lambda *example: next(errors))
    found = check(registry["relu"], "x", examples=4, seed=0)
    assert found.failure == "example 1: gradient off by 5.0e-01"
    assert (found.value, found.gradient, found.difference, found.single) == (0.25, 0.5, 0, 1e-6)


# --------------------------------------------------------------------- what has no gradient


def half(x: np.ndarray) -> np.ndarray:
    return x / 2


def check_half(forward: Callable[..., Any]) -> Check:
    """What `verify` says of a computation of x/2 that has no gradient."""
    inputs: dict[str, Domain] = {"x": Array("size", kinks=(0.0,))}
    (found,) = verify([Op("half", half, forward, {}, inputs, True, forward)], examples=30)
    return found


def test_without_a_gradient_the_value_is_checked() -> None:
    found = check_half(lambda x: x * x.dtype.type(0.5))
    assert found.passed
    assert (found.op, found.argument, found.examples) == ("half", "", 30)
    assert (found.value, found.single) == (0, 0)
    assert (found.gradient, found.difference, found.difference_method) == (None, None, "")


@pytest.mark.parametrize(
    ("wrong", "question"),
    [
        (lambda x: x / 2 + 1e-9 * x.max(), "value"),
        (lambda x: np.where(x == 0, 1.0, x / 2), "value"),
        (lambda x: (x / 2).sum(), "value"),
        (lambda x: x / 2 * np.nan, "value"),
        (lambda x: x / 2 if x.dtype == np.float64 else (x / 2).astype(np.float16), "single"),
        (lambda x: x / 2 if x.dtype == np.float64 else x * np.float32(np.nan), "single"),
    ],
)
def test_a_value_that_is_wrong_without_a_gradient_fails(
    wrong: Callable[..., Any], question: str
) -> None:
    found = check_half(wrong)
    assert not found.passed
    assert question in found.failure
