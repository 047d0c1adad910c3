"""What holds for every op of the registry, and the registry itself."""

from inspect import signature
from pathlib import Path
from typing import Any

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import make_vjp
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import DIFFERENTIABLE, KINKS, arguments_of, is_real_array, normal_like, seeds

from microgrand.op import (
    Array,
    Choice,
    Domain,
    Integer,
    Mask,
    Number,
    Op,
    op,
    registry,
    unbroadcast,
)
from microgrand.verify import relative_error

DERIVATIONS = Path(__file__).parents[1] / "docs" / "derivations"

each_op = pytest.mark.parametrize("name", registry)
each_gradient = pytest.mark.parametrize(("name", "argument"), DIFFERENTIABLE)


# ---------------------------------------------------------------------------------- is it right?


@each_gradient
@given(data=st.data())
def test_hand_gradient_equals_autograd(name: str, argument: str, data: st.DataObject) -> None:
    """Every page docs/derivations/NAME.md shows this test; docs/proof.md says what it proves."""
    op = registry[name]
    arguments = data.draw(arguments_of(op, given=argument))
    pull_back, output = make_vjp(op.definition, op.position(argument))(*arguments)
    cotangent = data.draw(normal_like(output))
    by_hand = op.gradients[argument](cotangent, op.forward(*arguments), *arguments)
    assert relative_error(by_hand, pull_back(cotangent)) <= 1e-7


@pytest.mark.parametrize(("name", "argument", "kink"), KINKS)
@pytest.mark.parametrize("share", [0.5, 1.0])
def test_hand_gradient_equals_autograd_at_every_kink(
    name: str, argument: str, kink: float, share: float
) -> None:
    op = registry[name]
    generator = np.random.default_rng(0)
    drawn = [*op.draw(generator, sizes=(4,))]
    position = op.position(argument)
    drawn[position] = np.where(generator.random(drawn[position].shape) < share, kink, 1.0)
    pull_back, output = make_vjp(op.definition, position)(*drawn)
    cotangent = generator.normal(size=np.shape(output))
    by_hand = op.gradients[argument](cotangent, op.forward(*drawn), *drawn)
    np.testing.assert_allclose(by_hand, pull_back(cotangent), rtol=1e-7)


@each_op
@given(data=st.data())
def test_forward_equals_definition(name: str, data: st.DataObject) -> None:
    op = registry[name]
    arguments = data.draw(arguments_of(op))
    assert relative_error(op.forward(*arguments), op.definition(*arguments)) <= 1e-11


@each_gradient
@given(data=st.data())
def test_gradient_is_the_adjoint_of_the_differences(
    name: str, argument: str, data: st.DataObject
) -> None:
    """⟨Jv, u⟩ = ⟨v, Jᵀu⟩, with Jv a central difference of the forward and Jᵀu by hand."""
    op = registry[name]
    arguments = data.draw(arguments_of(op, given=argument, at_kinks=False))
    position = op.position(argument)
    x, output = arguments[position], op.forward(*arguments)
    u, v = data.draw(normal_like(output)), data.draw(normal_like(x))
    step = 1e-6 * np.abs(x).max()

    def forward_at(moved: np.ndarray) -> Any:
        return op.forward(*arguments[:position], moved, *arguments[position + 1 :])

    jv = (forward_at(x + step * v) - forward_at(x - step * v)) / (2 * step)
    jtu = op.gradients[argument](u, output, *arguments)
    rounding = 1e-15 * np.abs(u * output).sum() / step
    tolerance = 1e-4 * (np.abs(u * jv).sum() + np.abs(v * jtu).sum()) + rounding
    assert abs((u * jv).sum() - (v * jtu).sum()) <= tolerance


@each_op
@given(data=st.data())
def test_autograd_reaches_every_argument_through_its_own_gradient(
    name: str, data: st.DataObject
) -> None:
    op = registry[name]
    arguments = data.draw(arguments_of(op))
    present = tuple(a for a in op.gradients if arguments[op.position(a)] is not None)
    positions = tuple(map(op.position, present))
    pull_back, output = make_vjp(op.function, positions)(*arguments)
    cotangent = data.draw(normal_like(output))
    np.testing.assert_array_equal(output, op.forward(*arguments))
    for argument, gradient in zip(present, pull_back(cotangent), strict=True):
        by_hand = op.gradients[argument](cotangent, output, *arguments)
        np.testing.assert_array_equal(gradient, by_hand)


# ----------------------------------------------------------------------------- is it well behaved?


def value_and_gradients(op: Op, cotangent: Any, arguments: tuple[Any, ...]) -> list[Any]:
    output = op.forward(*arguments)
    present = [name for name in op.gradients if arguments[op.position(name)] is not None]
    return [output, *(op.gradients[name](cotangent, output, *arguments) for name in present)]


@each_op
def test_float32_stays_float32_and_near_float64(name: str) -> None:
    """On fixed examples: where a sum happens to cancel, float32 has few digits left."""
    op = registry[name]
    for seed in range(30):
        generator = np.random.default_rng(seed)
        drawn = op.draw(generator, at_kinks=True)
        short = tuple(a.astype(np.float32) if is_real_array(a) else a for a in drawn)
        long = tuple(a.astype(np.float64) if is_real_array(a) else a for a in short)
        cotangent = np.float32(generator.normal(size=np.shape(op.forward(*long))))
        in_short = value_and_gradients(op, cotangent, short)
        in_long = value_and_gradients(op, np.float64(cotangent), long)
        for one, other in zip(in_short, in_long, strict=True):
            assert one.dtype == np.float32
            assert relative_error(one, other) <= 1e-4


@each_op
@given(data=st.data())
def test_inputs_are_never_changed(name: str, data: st.DataObject) -> None:
    op = registry[name]
    arguments = data.draw(arguments_of(op))
    cotangent = data.draw(normal_like(op.forward(*arguments)))
    before = [np.array(a, copy=True) for a in (cotangent, *arguments)]
    output = value_and_gradients(op, cotangent, arguments)[0]
    for now, then in zip((cotangent, *arguments), before, strict=True):
        np.testing.assert_array_equal(np.asarray(now), then)
    np.testing.assert_array_equal(output, op.forward(*arguments))


@each_op
@given(data=st.data())
def test_results_own_their_memory(name: str, data: st.DataObject) -> None:
    """Writing into a value or a gradient touches no argument, no cotangent, no other result."""
    op = registry[name]
    arguments = data.draw(arguments_of(op))
    cotangent = data.draw(normal_like(op.forward(*arguments)))
    results = value_and_gradients(op, cotangent, arguments)
    for i, result in enumerate(results):
        for other in (cotangent, *arguments, *results[:i]):
            assert not np.shares_memory(result, np.asarray(other))


@each_op
@given(data=st.data())
def test_arrays_need_not_be_contiguous(name: str, data: st.DataObject) -> None:
    op = registry[name]
    arguments = data.draw(arguments_of(op))
    cotangent = data.draw(normal_like(op.forward(*arguments)))
    spread = tuple(
        np.flip(np.repeat(np.flip(a), 2, axis=-1)[..., ::2]) if isinstance(a, np.ndarray) else a
        for a in arguments
    )
    expected = value_and_gradients(op, cotangent, arguments)
    for one, other in zip(value_and_gradients(op, cotangent, spread), expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12 * np.abs(other).max())


# ------------------------------------------------------------------------------------- the registry


@each_op
def test_an_op_declares_an_input_for_every_argument(name: str) -> None:
    op = registry[name]
    assert list(signature(op.forward).parameters) == list(op.inputs)
    assert list(signature(op.definition).parameters) == list(op.inputs)


@each_op
def test_an_op_has_a_gradient_and_is_known_by_its_name(name: str) -> None:
    assert registry[name].name == name
    assert registry[name].gradients


@each_op
def test_an_op_has_a_derivation_page_with_its_code_and_its_test(name: str) -> None:
    page = (DERIVATIONS / f"{name}.md").read_text("utf-8")
    assert f"\n<!-- op: {name} -->\n" in page
    assert (
        f"\n<!-- test: tests/test_op.py::{test_hand_gradient_equals_autograd.__name__} -->\n"
        in page
    )


def test_a_name_is_taken_once() -> None:
    taken = registry["relu"]
    with pytest.raises(ValueError, match="relu"):
        op("relu", anp.abs, np.abs, {}, {})
    assert registry["relu"] is taken


def test_a_gradient_for_an_unknown_argument_is_refused() -> None:
    with pytest.raises(ValueError, match="kernal"):
        op("misspelt", anp.abs, np.abs, {"kernal": np.abs}, {"kernel": Number(0, 1)})
    assert "misspelt" not in registry


@each_op
@given(seed=seeds)
def test_drawn_arguments_fit_the_op_and_come_from_the_generator(name: str, seed: int) -> None:
    op = registry[name]
    first, second = (op.draw(np.random.default_rng(seed)) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))
    op.forward(*first)  # raises where shapes do not fit
    for drawn, domain in zip(first, op.inputs.values(), strict=True):
        if isinstance(domain, Number | Integer):
            assert domain.low <= drawn <= domain.high
        elif isinstance(domain, Choice):
            assert drawn in domain.options
        elif type(domain) in (Array, Mask) and drawn is not None and "..." not in domain.axes:
            for axis, size in zip(domain.axes, drawn.shape, strict=True):
                low, high = domain.sizes.get(axis, (1, 5))
                assert low <= size <= high


def test_both_ends_of_every_range_are_drawn() -> None:
    image = Array("height", "width", sizes={"height": (3, 5)})
    inputs: dict[str, Domain] = {
        "image": image,
        "stride": Integer(1, 3),
        "padding": Choice("same", "valid"),
    }
    generator = np.random.default_rng(0)
    ranged = Op("ranged", anp.abs, np.abs, {}, inputs, True, np.abs)
    drawn = [ranged.draw(generator, sizes=(2,)) for _ in range(60)]
    assert {image.shape for image, _, _ in drawn} == {(3, 2), (4, 2), (5, 2)}
    assert {stride for _, stride, _ in drawn} == {1, 2, 3}
    assert {padding for _, _, padding in drawn} == {"same", "valid"}


@pytest.mark.parametrize(("name", "argument", "kink"), KINKS)
def test_kinks_are_drawn_on_request_alone(name: str, argument: str, kink: float) -> None:
    op = registry[name]
    shares = {}
    for at_kinks in (False, True):
        drawn = op.draw(np.random.default_rng(0), sizes=(20,), at_kinks=at_kinks)
        shares[at_kinks] = np.mean(drawn[op.position(argument)] == kink)
    assert shares[False] == 0
    assert 0.05 < shares[True] < 0.5


def test_an_optional_array_is_sometimes_none() -> None:
    generator = np.random.default_rng(0)
    biases = [registry["dense"].draw(generator)[2] for _ in range(40)]
    assert 5 < sum(bias is None for bias in biases) < 35


# -------------------------------------------------------------------------------------- unbroadcast


@given(
    axes=st.lists(st.tuples(st.integers(0, 4), st.booleans()), max_size=4),
    dropped=st.integers(0, 4),
    seed=seeds,
)
@example(axes=[(3, False), (1, True)], dropped=0, seed=0)
@example(axes=[(3, False), (2, True)], dropped=1, seed=0)
def test_unbroadcast_is_the_adjoint_of_broadcasting(
    axes: list[tuple[int, bool]], dropped: int, seed: int
) -> None:
    """⟨broadcast(x), g⟩ = ⟨x, unbroadcast(g)⟩ in whole numbers, so exactly."""
    full = tuple(size for size, _ in axes)
    shape = tuple(1 if repeated else size for size, repeated in axes)[dropped:]
    generator = np.random.default_rng(seed)
    x, g = generator.integers(-9, 9, shape), generator.integers(-9, 9, full)
    summed = unbroadcast(g, shape)
    assert summed.shape == shape
    assert (np.broadcast_to(x, full) * g).sum() == (x * summed).sum()
