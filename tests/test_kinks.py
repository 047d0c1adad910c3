"""The table of kinks: our choices are as told, lie between the slopes, and no kink is missing."""

from collections.abc import Callable
from typing import Any

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import elementwise_grad
from strategies import DIFFERENTIABLE

from microgrand.kinks import ASKED, KINKS, Answer, Kink
from microgrand.op import Array, registry

STEP = 1e-4
TIES = {"max_pool", "column_max_dead_zone"}  # kinks anywhere; what is declared makes ties likely

each_kink = pytest.mark.parametrize("kink", KINKS, ids=lambda kink: f"{kink.op}, {kink.where}")


def point(kink: Kink) -> list[Any]:
    """The arguments of the op, in order, arrays as arrays."""
    in_order = [kink.arguments[name] for name in registry[kink.op].inputs]
    return [np.array(value) if isinstance(value, list) else value for value in in_order]


def by_hand(kink: Kink) -> np.ndarray:
    op, arguments = registry[kink.op], point(kink)
    output = op.forward(*arguments)
    return op.gradients[kink.argument](np.ones_like(output), output, *arguments)


def slope_on(side: int, name: str, argument: str, arguments: list[Any], step: float) -> np.ndarray:
    """The definition's slope by each entry of an argument, just beside the point."""
    op = registry[name]
    position = op.position(argument)
    x = arguments[position]
    slopes = np.empty(x.shape)
    for index in np.ndindex(x.shape):
        values = []
        for steps in (1, 2):  # never at the point itself: at a jump that would be another slope
            moved = [*arguments]
            moved[position] = x.copy()
            moved[position][index] += steps * side * step
            values.append(np.sum(op.definition(*moved)))
        slopes[index] = (values[1] - values[0]) / (side * step)
    return slopes


def sides(kink: Kink, step: float = STEP) -> tuple[np.ndarray, np.ndarray]:
    """The slopes on the left and on the right, NaN where the definition ends."""
    left, right = (
        np.full(by_hand(kink).shape, np.nan)
        if told is None
        else slope_on(side, kink.op, kink.argument, point(kink), step)
        for side, told in zip((-1, 1), kink.slopes, strict=True)
    )
    return left, right


@each_kink
def test_our_gradient_is_the_one_chosen(kink: Kink) -> None:
    gradient = by_hand(kink)
    np.testing.assert_allclose(gradient, np.broadcast_to(kink.chosen, gradient.shape), rtol=1e-12)


finite = [kink for kink in KINKS if np.inf not in kink.slopes]
each_finite = pytest.mark.parametrize("kink", finite, ids=lambda kink: f"{kink.op}, {kink.where}")


@each_finite
def test_the_definition_has_the_slopes_told(kink: Kink) -> None:
    """Where the two sides differ, they are those of the table; elsewhere they are the gradient."""
    told = [np.nan if side is None else side for side in kink.slopes]
    differ = None in kink.slopes or kink.slopes[0] != kink.slopes[1]
    kinked = np.abs(np.subtract(*sides(kink))) < 0.1
    kinked = ~kinked if differ else np.zeros_like(kinked)
    assert kinked.any() == differ
    for measured, side in zip(sides(kink), told, strict=True):
        np.testing.assert_allclose(measured, np.where(kinked, side, by_hand(kink)), atol=1e-3)
    assert differ or kink.slopes[0] == pytest.approx(kink.chosen)


@each_finite
def test_the_choice_lies_between_the_slopes(kink: Kink) -> None:
    assert np.all(by_hand(kink) >= np.nanmin(sides(kink), axis=0) - 1e-3)
    assert np.all(by_hand(kink) <= np.nanmax(sides(kink), axis=0) + 1e-3)


def test_a_slope_told_to_be_infinite_grows_and_grows() -> None:
    (upright,) = (kink for kink in KINKS if kink not in finite)
    slopes = [sides(upright, step)[1].item() for step in (1e-4, 1e-6, 1e-8)]
    assert 5 * slopes[0] < slopes[1] < slopes[2] / 5
    assert by_hand(upright) == np.inf


def test_the_shares_of_tied_maxima_add_up_to_one() -> None:
    ties = [kink for kink in KINKS if kink.where.startswith("two ")]
    assert {kink.op for kink in ties} == TIES
    for tie in ties:
        assert by_hand(tie).sum() == 1
        for answer in tie.answers.values():
            assert np.broadcast_to(answer.slope, by_hand(tie).shape).sum() == 1


@pytest.mark.parametrize(("name", "argument"), DIFFERENTIABLE)
def test_every_kink_that_an_op_declares_is_in_the_table(name: str, argument: str) -> None:
    """A declared value where the definition's slopes differ, or where it jumps, needs a row."""
    op, generator = registry[name], np.random.default_rng(0)
    domain = op.inputs[argument]
    assert isinstance(domain, Array)
    in_table = {
        float(value)
        for kink in KINKS
        if (kink.op, kink.argument) == (name, argument)
        for value in np.ravel(kink.arguments[argument])
    }
    for value in domain.kinks:
        arguments = [*op.draw(generator, sizes=(1, 2))]
        position = op.position(argument)
        arguments[position] = np.full_like(arguments[position], value)
        slopes = [slope_on(side, name, argument, arguments, 1e-6) for side in (-1, 1)]
        scale = max(1.0, float(np.abs(slopes).max()))
        beside = [np.sum(at(op.definition, arguments, position, s * 1e-9)) for s in (-1, 0, 1)]
        jumps = np.ptp(beside) > 1e-3
        if jumps or np.abs(slopes[0] - slopes[1]).max() > 1e-3 * scale:
            assert value in in_table or (name in TIES and in_table), f"{name}: {argument} = {value}"


def at(function: Callable[..., Any], arguments: list[Any], position: int, move: float) -> Any:
    return function(*arguments[:position], arguments[position] + move, *arguments[position + 1 :])


def test_the_table_names_ops_and_their_arguments() -> None:
    for kink in KINKS:
        assert set(kink.arguments) == set(registry[kink.op].inputs)
        assert kink.argument in registry[kink.op].gradients
    assert len({(kink.op, kink.where) for kink in KINKS}) == len(KINKS)


# ------------------------------------------------------------------------- what the others choose


def same(answer: Answer, slope: Any) -> None:
    slope = np.asarray(slope)
    np.testing.assert_allclose(slope, np.broadcast_to(answer.slope, slope.shape), rtol=1e-12)


@each_kink
@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore:Output seems independent of input")
def test_autograd_answers_as_told(kink: Kink) -> None:
    def of_x(x: Any) -> Any:
        return eval(kink.autograd.expression, {"np": anp, "x": x})

    same(kink.autograd, elementwise_grad(of_x)(np.array(kink.arguments[kink.argument])))


@each_kink
def test_pytorch_answers_as_told(kink: Kink) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: the bench extra has it")
    x = torch.tensor(kink.arguments[kink.argument], dtype=torch.float64, requires_grad=True)
    y = eval(kink.pytorch.expression, {"torch": torch, "x": x}).sum()
    assert y.requires_grad == (kink.pytorch.slope is not None)
    if y.requires_grad:
        y.backward()
        same(kink.pytorch, x.grad.numpy())


@each_kink
def test_jax_answers_as_told(kink: Kink) -> None:
    jax = pytest.importorskip("jax", reason="JAX is not installed, and no extra brings it")
    jax.config.update("jax_enable_x64", True)

    def of_x(x: Any) -> Any:
        return eval(kink.jax.expression, {"jax": jax, "jnp": jax.numpy, "x": x}).sum()

    same(kink.jax, jax.grad(of_x)(jax.numpy.array(kink.arguments[kink.argument])))


def test_it_is_told_who_was_asked() -> None:
    assert all(kink.answers.keys() == ASKED.keys() for kink in KINKS)
