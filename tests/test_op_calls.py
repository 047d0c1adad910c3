"""How an op is called: by position or by name; and what comes of differentiating it twice."""

from inspect import signature
from typing import Any

import autograd.numpy as anp
import cloudpickle
import numpy as np
import pytest
from autograd import grad, make_vjp
from strategies import DIFFERENTIABLE

from microgrand import ops
from microgrand.op import Array, op, registry

each_gradient = pytest.mark.parametrize(("name", "argument"), DIFFERENTIABLE)


def problem(name: str, argument: str, seed: int = 0) -> tuple[list[Any], int, np.ndarray]:
    """Arguments of moderate size with `argument` among them, its position, and a cotangent."""
    entry, generator = registry[name], np.random.default_rng(seed)
    position = entry.position(argument)
    drawn = [*entry.draw(generator, sizes=(2, 3))]
    while drawn[position] is None:
        drawn = [*entry.draw(generator, sizes=(2, 3))]
    drawn = [moderate(a) if isinstance(a, np.ndarray) and a.dtype.kind == "f" else a for a in drawn]
    return drawn, position, generator.normal(size=np.shape(entry.forward(*drawn)))


def moderate(array: np.ndarray) -> np.ndarray:
    """The same array, no entry larger than 1/2 in size."""
    return array / (2 * max(1.0, np.abs(array).max(initial=0)))


# ------------------------------------------------------------------------------------ arguments


@each_gradient
def test_a_copy_in_another_process_has_its_gradients(name: str, argument: str) -> None:
    """An op of a lesson, and a penalty, cannot be imported by their names: they are copied."""
    drawn, position, u = problem(name, argument)
    function = registry[name].function
    copied = cloudpickle.loads(cloudpickle.dumps(function))
    mine, its = (make_vjp(one, position)(*drawn)[0](u) for one in (function, copied))
    np.testing.assert_array_equal(mine, its)


@each_gradient
def test_an_argument_given_by_name_keeps_its_gradient(name: str, argument: str) -> None:
    entry = registry[name]
    drawn, position, u = problem(name, argument)
    names = list(entry.inputs)

    def by_name(x: Any) -> Any:
        return entry.function(**dict(zip(names, drawn, strict=True)) | {argument: x})

    pull_back, output = make_vjp(by_name)(drawn[position])
    np.testing.assert_array_equal(output, entry.forward(*drawn))
    by_hand = entry.gradients[argument](u, output, *drawn)
    np.testing.assert_array_equal(pull_back(u), by_hand)


def test_one_argument_by_position_and_one_by_name_both_keep_their_gradients() -> None:
    """By autograd alone the kernel's share would be lost: it unboxes positions only."""

    def of_both(x: Any) -> Any:
        return anp.sum(ops.dense(x, kernel=anp.transpose(x)))

    x = np.array([[1.0, 2.0, 4.0]])
    np.testing.assert_array_equal(grad(of_both)(x), 2 * x)


def test_a_name_that_is_none_and_an_argument_that_is_missing_are_type_errors() -> None:
    with pytest.raises(TypeError, match="kernal"):
        ops.dense(np.ones((1, 2)), np.ones((2, 1)), kernal=np.ones((2, 1)))
    with pytest.raises(TypeError, match="kernel"):
        ops.dense(x=np.ones((1, 2)))


def test_an_argument_without_a_gradient_is_not_differentiated_by() -> None:
    with pytest.raises(TypeError, match="leaky_relu has no gradient for slope"):
        grad(lambda slope: anp.sum(ops.leaky_relu(np.ones(3), slope)))(0.1)
    with pytest.raises(TypeError, match="leaky_relu has no gradient for slope"):
        grad(lambda slope: anp.sum(ops.leaky_relu(np.ones(3), slope=slope)))(0.1)


@pytest.mark.parametrize("name", registry)
def test_definition_and_forward_have_the_same_defaults(name: str) -> None:
    """An argument that is left out is the definition's default."""
    definition, forward = (
        signature(f) for f in (registry[name].definition, registry[name].forward)
    )
    assert [p.default for p in definition.parameters.values()] == [
        p.default for p in forward.parameters.values()
    ]


def test_an_op_on_a_ufunc_has_its_own_gradient_and_leaves_the_ufuncs_alone() -> None:
    def wrong_on_purpose(cotangent: Any, y: Any, x: Any) -> Any:
        return 100 * cotangent

    square = op(
        "square_of_test",
        lambda x: x**2,
        np.square,
        {"x": wrong_on_purpose},
        {"x": Array("units")},
    )
    try:
        x = np.array([1.0, 2.0])
        assert square.__module__ == __name__  # of NumPy it is no part
        assert grad(lambda z: anp.sum(square(z)))(x).tolist() == [100, 100]
        assert grad(lambda z: anp.sum(square(x=z)))(x).tolist() == [100, 100]
        assert grad(lambda z: anp.sum(np.square(z)))(x).tolist() == [2, 4]
    finally:
        del registry["square_of_test"]


# -------------------------------------------------------------------------- differentiated twice


def hessian_times(function: Any, x: np.ndarray, v: np.ndarray) -> np.ndarray:
    """∇⟨∇f, v⟩ by autograd."""
    return grad(lambda z: anp.sum(grad(function)(z) * v))(x)


@each_gradient
@pytest.mark.filterwarnings("ignore:Output seems independent of input")
def test_a_second_derivative_is_that_of_the_definition(name: str, argument: str) -> None:
    entry = registry[name]
    drawn, position, u = problem(name, argument, seed=1)
    v = np.random.default_rng(2).normal(size=drawn[position].shape)

    def through(function: Any) -> np.ndarray:
        def loss(x: Any) -> Any:  # a square: the cotangent, 2uy, depends on x as well
            return anp.sum(u * function(*drawn[:position], x, *drawn[position + 1 :]) ** 2)

        return hessian_times(loss, drawn[position], v)

    by_hand, expected = through(entry.function), through(entry.definition)
    assert by_hand.dtype == np.float64
    np.testing.assert_allclose(by_hand, expected, atol=1e-9 * np.abs(expected).max())
