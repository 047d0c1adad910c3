"""More of what holds for every op: no numbers at all, very small and large ones, adjoints to the
last bit, and second derivatives.
"""

from typing import Any

import numpy as np
import pytest
from autograd import make_vjp
from hypothesis import given
from hypothesis import strategies as st
from strategies import DIFFERENTIABLE, arguments_of, is_real_array, normal_like

from microgrand.op import Array, Op, registry
from microgrand.ops.loss import Labels
from microgrand.verify import along, relative_error

SMOOTH = [(name, argument) for name, argument in DIFFERENTIABLE if registry[name].smooth]
each_smooth = pytest.mark.parametrize(("name", "argument"), SMOOTH)


# ---------------------------------------------------------------------------------- empty arrays


def emptied(op: Op, axis: str, generator: np.random.Generator) -> tuple[Any, ...]:
    """Arguments of which every array has nothing along an axis."""
    drawn = [*op.draw(generator, sizes=(2, 3))]
    for i, domain in enumerate(op.inputs.values()):
        if isinstance(domain, Array) and axis in domain.axes and drawn[i] is not None:
            named = domain.axes[:-1] if isinstance(domain, Labels) else domain.axes
            if axis in named:
                drawn[i] = np.take(drawn[i], [], axis=named.index(axis) - len(named))
    return tuple(drawn)


AXES = [
    (name, axis)
    for name, op in registry.items()
    for axis, limits in op.axes().items()
    if axis != "..." and (limits is None or limits[0] < 2)
]


@pytest.mark.parametrize(("name", "axis"), AXES)
def test_an_axis_without_numbers_is_right_or_refused(name: str, axis: str) -> None:
    """A value and gradients of the right shape, equal to the definition's, or a ValueError."""
    op = registry[name]
    for seed in range(4):
        arguments = emptied(op, axis, np.random.default_rng(seed))
        try:
            output = op.forward(*arguments)
        except ValueError:
            continue
        expected = op.definition(*arguments)
        assert np.shape(output) == np.shape(expected)
        np.testing.assert_allclose(output, expected, atol=1e-12)
        cotangent = np.ones(np.shape(output))
        for argument, rule in op.gradients.items():
            x = arguments[op.position(argument)]
            if x is not None:
                gradient = rule(cotangent, output, *arguments)
                assert gradient.shape == x.shape
            if x is not None and x.size:
                pull_back, _ = make_vjp(op.definition, op.position(argument))(*arguments)
                np.testing.assert_allclose(gradient, pull_back(cotangent), rtol=1e-7, atol=1e-12)


# --------------------------------------------------------------------------------- small and large

WIDE = [
    (name, argument)
    for name, argument in DIFFERENTIABLE
    if type(domain := registry[name].inputs[argument]) is Array and domain.scales == (1e-3, 1e3)
]
"""Plain arrays of any scale. Some domains are narrower, since definitions give up where sigmoid,
tanh and softmax saturate, or ε outweighs a variance; there ops have tests of their own.
"""


@pytest.mark.parametrize(("name", "argument"), WIDE)
@pytest.mark.parametrize("scale", [1e-6, 1e6])
@given(data=st.data())
def test_gradients_hold_from_a_millionth_to_a_million(
    name: str, argument: str, scale: float, data: st.DataObject
) -> None:
    op = registry[name]
    position = op.position(argument)
    arguments = [*data.draw(arguments_of(op, given=argument))]
    x = arguments[position]
    arguments[position] = scale * (x / max(np.abs(x).max(initial=0), 1e-300))
    pull_back, output = make_vjp(op.definition, position)(*arguments)
    assert relative_error(op.forward(*arguments), output) <= 1e-9
    cotangent = data.draw(normal_like(output))
    by_hand = op.gradients[argument](cotangent, op.forward(*arguments), *arguments)
    assert relative_error(by_hand, pull_back(cotangent)) <= 1e-7


# ------------------------------------------------------------------------------ linear ops, exactly

LINEAR = {
    "dense": ["x", "kernel", "bias"],
    "conv2d": ["x", "kernel", "bias"],
    "scale_and_shift": ["x", "scale", "shift"],
    "dropout": ["x"],
    "clipped_mask": ["x"],
    "average_pool": ["x"],
    "global_average_pool": ["x"],
    "flatten": ["x"],
    "none": ["theta"],
}
"""Ops that are linear in an argument (with a constant, the others' share, beside it)."""


def halves(op: Op, data: st.DataObject, argument: str) -> list[Any]:
    """Arguments in which all real numbers are few whole ones, and divisors are powers of two."""
    arguments = []
    drawn = data.draw(arguments_of(op, given=argument))
    for name, value in zip(op.inputs, drawn, strict=True):
        if is_real_array(value):
            arguments.append(np.round(9 * np.sin(1e3 * value)))
        elif name == "rate":
            arguments.append(0.5)
        else:
            arguments.append(2 if name == "size" else value)
    return arguments


@pytest.mark.parametrize(
    ("name", "argument"), [(n, a) for n, names in LINEAR.items() for a in names]
)
@given(data=st.data())
def test_linear_ops_and_their_gradients_are_adjoint_to_the_last_bit(
    name: str, argument: str, data: st.DataObject
) -> None:
    """⟨f(x + v) − f(x), u⟩ = ⟨v, fᵀu⟩ in whole numbers: nothing is rounded, nothing tolerated."""
    op = registry[name]
    arguments = halves(op, data, argument)
    position = op.position(argument)
    x, output = arguments[position], op.forward(*arguments)
    v, u = (np.round(9 * data.draw(normal_like(a))) for a in (x, output))
    if name == "global_average_pool":
        u *= x.shape[-3] * x.shape[-2]
        v *= x.shape[-3] * x.shape[-2]
        arguments[position] = x * x.shape[-3] * x.shape[-2]
        output = op.forward(*arguments)
    moved = op.forward(*arguments[:position], arguments[position] + v, *arguments[position + 1 :])
    back = op.gradients[argument](u, output, *arguments)
    assert ((moved - output) * u).sum() == (v * back).sum()


# -------------------------------------------------------------------------------------- directions


@each_smooth
@given(data=st.data())
def test_gradient_is_the_adjoint_of_the_complex_step(
    name: str, argument: str, data: st.DataObject
) -> None:
    """⟨Jv, u⟩ = ⟨v, Jᵀu⟩ to ten digits, where the definition is analytic."""
    op = registry[name]
    arguments = data.draw(arguments_of(op, given=argument, at_kinks=False))
    x, output = arguments[op.position(argument)], op.forward(*arguments)
    u, v = data.draw(normal_like(output)), data.draw(normal_like(x))
    forwards = u * along(op, arguments, op.position(argument), v)
    backwards = v * op.gradients[argument](u, output, *arguments)
    size = np.abs(forwards).sum() + np.abs(backwards).sum()
    assert abs(forwards.sum() - backwards.sum()) <= 1e-10 * size


def moderate(arguments: tuple[Any, ...]) -> list[Any]:
    """The same arguments, no real number larger than 1/2 in size."""
    return [
        a / (2 * max(1.0, np.abs(a).max(initial=0))) if is_real_array(a) else a for a in arguments
    ]


@each_smooth
@given(data=st.data())
def test_the_hessian_is_symmetric(name: str, argument: str, data: st.DataObject) -> None:
    """⟨w, Hv⟩ = ⟨v, Hw⟩, with Hv a difference of the hand-derived gradient.

    What is no function's gradient at all has a lopsided H. This asks no definition.
    """
    op = registry[name]
    arguments = moderate(data.draw(arguments_of(op, given=argument, at_kinks=False)))
    position = op.position(argument)
    x = arguments[position]
    u = data.draw(normal_like(op.forward(*arguments)))
    v, w = data.draw(normal_like(x)), data.draw(normal_like(x))

    def gradient_at(moved: Any) -> Any:
        there = [*arguments[:position], moved, *arguments[position + 1 :]]
        return op.gradients[argument](u, op.forward(*there), *there)

    step = 1e-5 * np.abs(x).max()
    hv, hw = ((gradient_at(x + step * d) - gradient_at(x - step * d)) / (2 * step) for d in (v, w))
    size = np.abs(w * hv).sum() + np.abs(v * hw).sum()
    rounding = 1e-14 / step * np.abs(gradient_at(x)).sum() * (np.abs(v) + np.abs(w)).max()
    assert abs((w * hv).sum() - (v * hw).sum()) <= 1e-4 * size + rounding
