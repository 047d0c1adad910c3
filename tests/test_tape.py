"""The tape: gradients of whole networks, of what lies inside them, and the vector of weights."""

import pickle
from copy import deepcopy
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from autograd.tracer import trace_stack
from hypothesis import example, given
from hypothesis import strategies as st

from microgrand import ops
from microgrand.op import registry
from microgrand.tape import Parameters, gradient_of, leaf, value_and_grad, value_of

X, Y = np.random.default_rng(10).normal(size=(2, 6, 2))
MASK = np.random.default_rng(11).random((6, 4)) < 0.7


def draw_parameters(seed: int = 0) -> Parameters:
    """A kernel and a bias, a layer without weights, a kernel and a bias."""
    generator = np.random.default_rng(seed)
    shapes = [{"kernel": (2, 4), "bias": (4,)}, {}, {"kernel": (4, 2), "bias": (2,)}]
    return Parameters.from_weights(
        [{name: generator.normal(size=shape) for name, shape in layer.items()} for layer in shapes]
    )


def network_loss(weights: Any) -> Any:
    """Every op of a network once, as the library computes it."""
    hidden = ops.tanh(ops.dense(X, weights[0]["kernel"], weights[0]["bias"]))
    hidden = ops.leaky_relu(ops.sigmoid(ops.dropout(hidden, MASK, 0.3)) - 0.5, 0.1)
    return ops.mean_squared_error(ops.dense(hidden, weights[2]["kernel"], weights[2]["bias"]), Y)


def defined_loss(kernel: Any, bias: Any, last_kernel: Any, last_bias: Any) -> Any:
    """The same loss in plain autograd.numpy."""
    hidden = anp.tanh(anp.dot(X, kernel) + bias)
    hidden = 1 / (1 + anp.exp(-hidden * MASK / 0.7)) - 0.5
    hidden = anp.where(hidden > 0, hidden, 0.1 * hidden)
    return anp.mean((anp.dot(hidden, last_kernel) + last_bias - Y) ** 2)


def arrays_of(parameters: Parameters) -> list[np.ndarray]:
    return [array for layer in parameters.weights for array in layer.values()]


# ------------------------------------------------------------------------------------- gradients


@given(seed=st.integers(0, 2**32 - 1))
def test_a_networks_gradient_is_autograds_through_the_definitions(seed: int) -> None:
    parameters = draw_parameters(seed)
    loss, gradient = value_and_grad(network_loss)(parameters)
    expected = autograd.grad(defined_loss, (0, 1, 2, 3))(*arrays_of(parameters))
    assert loss == pytest.approx(defined_loss(*arrays_of(parameters)), rel=1e-12)
    for ours, theirs in zip(arrays_of(gradient), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-12)


@given(uses=st.integers(1, 5))
def test_every_use_of_a_parameter_adds_its_share(uses: int) -> None:
    """θ enters as θ, θ², … θⁿ: the slope of their sum is 1 + 2θ + … + nθⁿ⁻¹."""
    theta = np.array([2.0, -0.5])
    parameters = Parameters.from_weights([{"kernel": theta}])
    _, gradient = value_and_grad(
        lambda weights: sum(anp.sum(weights[0]["kernel"] ** n) for n in range(1, uses + 1))
    )(parameters)
    expected = sum(n * theta ** (n - 1) for n in range(1, uses + 1))
    np.testing.assert_allclose(gradient.vector, expected, rtol=1e-12)


def test_an_unused_parameter_has_gradient_zero() -> None:
    parameters = draw_parameters()
    rubbish = parameters.like(np.full_like(parameters.vector, 7.0))
    _, gradient = value_and_grad(lambda weights: anp.sum(weights[0]["bias"] ** 2))(
        parameters, out=rubbish
    )
    np.testing.assert_array_equal(gradient.weights[0]["bias"], 2 * parameters.weights[0]["bias"])
    for unused in (gradient.weights[0]["kernel"], *gradient.weights[2].values()):
        np.testing.assert_array_equal(unused, np.zeros_like(unused))


@pytest.mark.parametrize("loss", [lambda weights: 1.0, lambda weights: np.ones(2).sum()])
def test_a_loss_without_parameters_is_a_type_error(loss: Any) -> None:
    with pytest.raises(TypeError, match="does not depend"):
        value_and_grad(loss)(draw_parameters())


def test_autograd_is_left_as_it_was_found_by_a_loss_that_fails_too() -> None:
    def fails(weights: Any) -> Any:
        raise ZeroDivisionError

    before = trace_stack.top
    value_and_grad(network_loss)(draw_parameters())
    assert trace_stack.top == before
    with pytest.raises(ZeroDivisionError):
        value_and_grad(fails)(draw_parameters())
    assert trace_stack.top == before


def test_the_gradient_is_written_where_one_wants_it() -> None:
    parameters = draw_parameters()
    room = parameters.copy()
    _, gradient = value_and_grad(network_loss)(parameters, out=room)
    assert gradient is room
    np.testing.assert_array_equal(room.vector, value_and_grad(network_loss)(parameters)[1].vector)


def test_taking_a_gradient_leaves_the_parameters_alone() -> None:
    parameters = draw_parameters()
    before = parameters.vector.copy()
    _, gradient = value_and_grad(network_loss)(parameters)
    np.testing.assert_array_equal(parameters.vector, before)
    assert not np.shares_memory(gradient.vector, parameters.vector)


def test_arguments_reach_the_loss() -> None:
    parameters = Parameters.from_weights([{"kernel": np.array([3.0])}])

    def loss(weights: Any, factor: float, power: int = 1) -> Any:
        return factor * anp.sum(weights[0]["kernel"] ** power)

    value, gradient = value_and_grad(loss)(parameters, 5.0, power=2)
    assert value == 45
    np.testing.assert_array_equal(gradient.vector, [30])


def test_autograds_own_functions_may_stand_between_ops() -> None:
    """Indexing passes sparse gradients back; here an entry is met twice."""
    parameters = Parameters.from_weights([{"kernel": np.array([1.0, 2.0, 3.0])}])

    def loss(weights: Any) -> Any:
        kernel = weights[0]["kernel"]
        return kernel[0] * kernel[2] + kernel[0] ** 2 + anp.sum(anp.sin(kernel[1:]))

    value, gradient = value_and_grad(loss)(parameters)
    assert value == pytest.approx(4 + np.sin(2) + np.sin(3), rel=1e-12)
    np.testing.assert_allclose(gradient.vector, [5, np.cos(2), 1 + np.cos(3)], rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradients_have_the_parameters_dtype(dtype: type) -> None:
    parameters = draw_parameters()
    parameters = parameters.like(parameters.vector.astype(dtype))
    x, y = X.astype(dtype), Y.astype(dtype)

    def loss(weights: Any) -> Any:
        return ops.mean_squared_error(ops.dense(x, weights[0]["kernel"][:, :2]), y)

    value, gradient = value_and_grad(loss)(parameters)
    assert value.dtype == dtype
    assert gradient.vector.dtype == dtype


@given(models=st.integers(1, 4))
@example(models=1)
def test_a_stacks_gradient_is_each_models_alone(models: int) -> None:
    alone = [draw_parameters(seed) for seed in range(models)]
    losses, gradient = value_and_grad(network_loss)(Parameters.stack(alone))
    assert losses.shape == (models,)
    assert gradient.vector.shape == (models, alone[0].vector.size)
    for i, parameters in enumerate(alone):
        loss, own = value_and_grad(network_loss)(parameters)
        assert losses[i] == pytest.approx(loss, rel=1e-12)
        np.testing.assert_allclose(gradient.vector[i], own.vector, rtol=1e-9, atol=1e-14)


# ------------------------------------------------------------------------------- inside the network


def test_the_gradient_of_what_lies_inside_can_be_read() -> None:
    """∂loss/∂hidden, ∂loss/∂input and 0 for what the loss does not see, by the chain rule."""
    seen: dict[str, Any] = {}

    def loss(weights: Any) -> Any:
        kernel = weights[0]["kernel"]
        seen["input"] = leaf(X, beside=kernel)
        seen["hidden"] = ops.dense(seen["input"], kernel)
        seen["ignored"] = ops.tanh(seen["hidden"])
        return ops.mean_squared_error(ops.relu(seen["hidden"]), target)

    parameters = draw_parameters()
    kernel, target = parameters.weights[0]["kernel"], np.ones((6, 4))
    value_and_grad(loss)(parameters)
    hidden = X @ kernel
    by_chain_rule = 2 / hidden.size * (np.maximum(hidden, 0) - target) * (hidden > 0)
    np.testing.assert_allclose(gradient_of(seen["hidden"]), by_chain_rule, rtol=1e-12)
    np.testing.assert_allclose(gradient_of(seen["input"]), by_chain_rule @ kernel.T, rtol=1e-9)
    np.testing.assert_array_equal(gradient_of(seen["ignored"]), np.zeros_like(hidden))
    np.testing.assert_allclose(value_of(seen["hidden"]), hidden, rtol=1e-12)
    assert value_of(hidden) is hidden


def test_a_leaf_does_not_change_the_gradient() -> None:
    parameters = draw_parameters()

    def loss(weights: Any, x: Any) -> Any:
        return ops.mean_squared_error(ops.dense(x, weights[0]["kernel"]), np.zeros((6, 4)))

    _, plain = value_and_grad(loss)(parameters, X)
    _, watched = value_and_grad(
        lambda weights: loss(weights, leaf(X, beside=weights[0]["kernel"]))
    )(parameters)
    np.testing.assert_array_equal(plain.vector, watched.vector)


@pytest.mark.parametrize("name", ["relu", "tanh", "sigmoid"])
def test_the_tape_uses_the_hand_derived_gradient(name: str) -> None:
    """The gradient is bit for bit what the op's own gradient function returns."""
    op = registry[name]
    parameters = Parameters.from_weights([{"kernel": np.random.default_rng(0).normal(size=(3, 5))}])
    target = np.zeros((3, 5))
    _, gradient = value_and_grad(
        lambda weights: ops.mean_squared_error(op.function(weights[0]["kernel"]), target)
    )(parameters)
    kernel = parameters.weights[0]["kernel"]
    y = op.forward(kernel)
    mse = registry["mean_squared_error"].gradients["prediction"]
    expected = op.gradients["x"](mse(np.ones(()), None, y, target), y, kernel)
    np.testing.assert_array_equal(gradient.weights[0]["kernel"], expected)


# -------------------------------------------------------------------------------- the parameters


def test_layers_are_views_of_one_vector() -> None:
    parameters = draw_parameters()
    parameters.vector = np.arange(parameters.vector.size)  # is written into it
    np.testing.assert_array_equal(parameters.weights[0]["kernel"], np.arange(8).reshape(2, 4))
    np.testing.assert_array_equal(parameters.weights[0]["bias"], np.arange(8, 12))
    parameters.weights[2]["bias"][1] = -1
    assert parameters.vector[-1] == -1


@pytest.mark.parametrize(
    "duplicate", [deepcopy, lambda p: pickle.loads(pickle.dumps(p))], ids=["deepcopy", "pickle"]
)
def test_layers_are_views_after_a_deep_copy_or_a_trip_to_another_process(duplicate: Any) -> None:
    parameters = duplicate(draw_parameters())
    parameters.vector[:] = 7
    assert all((array == 7).all() for array in arrays_of(parameters))


@given(models=st.integers(1, 4))
def test_a_stack_keeps_the_models_apart_and_its_layers_are_views_too(models: int) -> None:
    alone = [draw_parameters(seed) for seed in range(models)]
    stack = Parameters.stack(alone)
    for i, parameters in enumerate(alone):
        for together, own in zip(arrays_of(stack), arrays_of(parameters), strict=True):
            np.testing.assert_array_equal(together[i], own)
    stack.weights[0]["kernel"][0, 0, 0] = 123
    assert stack.vector[0, 0] == 123
    assert alone[0].vector[0] != 123


def test_models_of_different_shapes_are_no_stack() -> None:
    for models in ([], [draw_parameters(0), Parameters.from_weights([{"kernel": np.ones(3)}])]):
        with pytest.raises(ValueError, match="all of the same shapes"):
            Parameters.stack(models)


def test_from_weights_copies_and_keeps_order_and_shapes() -> None:
    kernel = np.ones((2, 3))
    parameters = Parameters.from_weights([{"kernel": kernel, "bias": np.zeros(3)}, {}])
    kernel[:] = 9
    np.testing.assert_array_equal(parameters.vector, [1, 1, 1, 1, 1, 1, 0, 0, 0])
    assert parameters.shapes == [{"kernel": (2, 3), "bias": (3,)}, {}]


def test_a_copy_is_independent_and_like_is_a_view_of_the_vector_given() -> None:
    parameters = draw_parameters()
    copy = parameters.copy()
    copy.vector[:] = 0
    assert parameters.vector.all()
    vector = np.zeros_like(parameters.vector)
    parameters.like(vector).weights[0]["kernel"][0, 0] = 5
    assert vector[0] == 5
    assert parameters.vector[0] != 5


def test_only_marks_the_arrays_of_a_name() -> None:
    expected = [1] * 8 + [0] * 4 + [1] * 8 + [0] * 2
    parameters = draw_parameters()
    np.testing.assert_array_equal(parameters.only("kernel"), expected)
    np.testing.assert_array_equal(parameters.only("bias"), 1 - np.array(expected))
    with pytest.raises(ValueError, match="no array is called 'kernels'; there are bias, kernel"):
        parameters.only("kernels")
    stack = Parameters.stack([parameters, parameters])
    np.testing.assert_array_equal(stack.only("kernel"), expected)


@pytest.mark.parametrize("size", [0, 21, 23])
def test_a_vector_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match=r"22 numbers|reshape"):
        draw_parameters().like(np.zeros(size))
