"""The tape: one flat vector of parameters, and the gradient of a loss in one sweep backwards.

autograd writes every op it meets into a *node* that knows its parents and how to pass a gradient
back to them. Nodes are born in the order of the computation, so the list of them, read from the
end, is all that backpropagation needs. That list is the tape.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from autograd.core import VJPNode, add_outgrads
from autograd.numpy.numpy_boxes import ArrayBox
from autograd.tracer import Box, trace_stack

Shape = tuple[int, ...]
Arrays = dict[str, Any]
"""The arrays of one layer, by their names."""
Weights = list[Arrays]
"""Those of a network, layer by layer."""


class Parameters:
    """All weights of a network as one flat vector, and as views of it, layer by layer.

    An optimiser moves `vector` in a handful of NumPy calls; a layer reads its own `kernel` and
    `bias`. Both see the same memory.

    Arguments:
        vector: shape (size,), or (models, size) for a stack of models of the same shape.
        shapes: for each layer, the names and shapes of its arrays, without the stack's axis.
    """

    def __init__(self, vector: np.ndarray, shapes: Sequence[dict[str, Shape]]) -> None:
        self._vector = vector
        self.shapes = list(shapes)
        self.weights: Weights = []
        start = 0
        for layer in self.shapes:
            views = {}
            for name, shape in layer.items():
                stop = start + math.prod(shape)
                views[name] = vector[..., start:stop].reshape(vector.shape[:-1] + shape)
                start = stop
            self.weights.append(views)
        if start != vector.shape[-1]:
            raise ValueError(f"the shapes hold {start} numbers, the vector {vector.shape[-1]}")

    @property
    def vector(self) -> np.ndarray:
        """All weights. What is assigned to it is written into it: the layers' views stay views."""
        return self._vector

    @vector.setter
    def vector(self, values: np.ndarray) -> None:
        if values is not self._vector:  # as after `vector += step`
            self._vector[...] = values

    @classmethod
    def from_weights(cls, weights: Weights) -> "Parameters":
        """Copy arrays, layer by layer, into one flat vector.

        Raises:
            ValueError: if there are none.
        """
        arrays = [array for layer in weights for array in layer.values()]
        if not arrays:
            raise ValueError("a network without any weights has no vector of them")
        shapes = [{name: array.shape for name, array in layer.items()} for layer in weights]
        return cls(np.concatenate([array.ravel() for array in arrays]), shapes)

    @classmethod
    def stack(cls, models: Sequence["Parameters"]) -> "Parameters":
        """Models of one shape along a leading axis, to be trained together.

        Raises:
            ValueError: if there are none, or their shapes differ.
        """
        if len({str(model.shapes) for model in models}) != 1:
            raise ValueError("a stack is made of one model or more, all of the same shapes")
        return cls(np.stack([model.vector for model in models]), models[0].shapes)

    def like(self, vector: np.ndarray) -> "Parameters":
        """Another vector, seen through the same shapes."""
        return Parameters(vector, self.shapes)

    def __reduce__(self) -> tuple[Any, ...]:
        return Parameters, (self.vector, self.shapes)  # a copy's weights view the copy's vector

    def copy(self) -> "Parameters":
        return self.like(self.vector.copy())

    def only(self, name: str) -> np.ndarray:
        """1 where the vector holds arrays of that name (say `"kernel"`), 0 elsewhere.

        Raises:
            ValueError: if no array is called so.
        """
        if not any(name in layer for layer in self.shapes):
            known = sorted({array for layer in self.shapes for array in layer})
            raise ValueError(f"no array is called {name!r}; there are {', '.join(known)}")
        mask = self.like(np.zeros(self.vector.shape[-1], self.vector.dtype))
        for layer in mask.weights:
            if name in layer:
                layer[name][...] = 1
        return mask.vector


class TapeNode(VJPNode):
    """autograd's node, which also joins the tape of its parents and keeps its gradient."""

    __slots__ = ("gradient", "tape")

    def __init__(
        self, value: Any, fun: Any, args: Any, kwargs: Any, argnums: Any, parents: Any
    ) -> None:
        super().__init__(value, fun, args, kwargs, argnums, parents)
        self.gradient: Any = None
        self.tape: list[TapeNode] = parents[0].tape
        self.tape.append(self)


def root(value: np.ndarray, trace: int, tape: list[TapeNode]) -> Box:
    """A value without parents: one that gradients are wanted for."""
    node = TapeNode.__new__(TapeNode)
    node.parents, node.gradient, node.tape = (), None, tape
    return ArrayBox(value, trace, node)


def leaf(value: np.ndarray, beside: Box) -> Box:
    """A value without parents on the tape of `beside`, so that its gradient can be read."""
    return root(value, beside._trace, beside._node.tape)


def value_of(box: Any) -> Any:
    """The number behind a box of the tape (anything else is returned as it is)."""
    return box._value if isinstance(box, Box) else box


def gradient_of(box: Box) -> np.ndarray:
    """∂loss/∂box after the sweep backwards; zeros if the loss does not depend on it."""
    found = box._node.gradient
    return np.zeros_like(box._value) if found is None else found[0]


def value_and_grad(loss: Callable[..., Any]) -> Callable[..., tuple[Any, Parameters]]:
    """The function that returns a loss and its gradient for all parameters.

    `value_and_grad(loss)(parameters, *arguments)` calls `loss(weights, *arguments)`, where
    `weights[i][name]` are the parameters, and returns the loss and the gradient as `Parameters`.
    A stack of models has a loss each; since no model touches another, the gradient of
    their sum holds the gradient of each. `out` takes a `Parameters` to write the gradient into.

    Raises:
        TypeError: if the loss does not depend on the parameters through differentiable ops.
    """

    def evaluate(
        parameters: Parameters, *arguments: Any, out: Parameters | None = None, **keywords: Any
    ) -> tuple[Any, Parameters]:
        tape: list[TapeNode] = []
        trace_stack.top += 1
        try:
            boxes: Weights = [
                {name: root(view, trace_stack.top, tape) for name, view in layer.items()}
                for layer in parameters.weights
            ]
            end = loss(boxes, *arguments, **keywords)
        finally:
            trace_stack.top -= 1
        if not isinstance(end, Box):
            raise TypeError("the loss does not depend on the parameters")
        sweep_backwards(tape, end)
        gradient = out or parameters.like(np.empty_like(parameters.vector))
        for views, layer in zip(gradient.weights, boxes, strict=True):
            for name, box in layer.items():
                views[name][...] = 0 if box._node.gradient is None else box._node.gradient[0]
        return end._value, gradient

    return evaluate


def sweep_backwards(tape: list[TapeNode], end: Box) -> None:
    """Pass the gradient of `end` (its sum) to every node before it, emptying the tape."""
    end._node.gradient = (np.ones_like(end._value), False)
    while tape:
        node = tape.pop()  # popped, not walked: a tape that holds its nodes would be a cycle
        if node.gradient is not None:
            passed_back = node.vjp(node.gradient[0])
            for parent, gradient in zip(node.parents, passed_back, strict=True):
                parent.gradient = add_outgrads(parent.gradient, gradient)
