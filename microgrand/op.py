"""An operation: what it means, how it is computed, and its gradients, derived by hand.

An op is three things standing together:

- **definition**: what it means, in traceable `autograd.numpy`, as plain as the formula;
- **forward**: how it is computed, in NumPy, fast;
- **gradients**: one named function for each differentiable argument, derived by hand, called
  with `(cotangent, output, *arguments)`. The cotangent is ∂loss/∂output, shaped like the output;
  what returns is ∂loss/∂argument, shaped like the argument.

[`op`][microgrand.op.op] hands forward and gradients to HIPS autograd, so that any network composed
of ops is differentiated through them, and enters all three into the
[`registry`][microgrand.op.registry]. The tests, `microgrand verify` and the derivation pages walk
the registry: nothing in it can be forgotten.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import isfunction, signature
from typing import Any

import numpy as np
from autograd import make_vjp
from autograd.extend import defvjp_argnums, primitive
from autograd.tracer import isbox


class Array:
    """A real array argument, by the names of its axes: `Array("batch", "inputs")`.

    A leading `"..."` stands for axes that may or may not be there: a stack of models.
    Equal names have equal sizes within one call. `kinks` are values at which the op is not
    differentiable; differences keep away from them and `Op.draw` plants them on request.
    `scales` are the smallest and largest standard deviation to draw. `sizes` holds the smallest
    and largest size of axes that cannot have any. An `optional` array may be None.
    """

    def __init__(
        self,
        *axes: str,
        kinks: tuple[float, ...] = (),
        scales: tuple[float, float] = (1e-3, 1e3),
        sizes: Mapping[str, tuple[int, int]] | None = None,
        optional: bool = False,
    ) -> None:
        self.axes = axes
        self.kinks = kinks
        self.scales = scales
        self.sizes = dict(sizes or {})
        self.optional = optional

    def shape(self, sizes: dict[str, int], stacked: bool) -> tuple[int, ...]:
        return tuple(sizes[axis] for axis in self.axes if axis != "..." or stacked)

    def draw(self, generator: np.random.Generator, shape: tuple[int, ...], scale: float) -> Any:
        return scale * generator.standard_normal(shape)


class Mask(Array):
    """An array of booleans, by the names of its axes."""

    def draw(self, generator: np.random.Generator, shape: tuple[int, ...], scale: float) -> Any:
        return generator.random(shape) < generator.random()


@dataclass(frozen=True)
class Number:
    """A hyper-parameter between `low` and `high`; an exponent of a norm, a slope, a rate."""

    low: float
    high: float

    def draw(self, generator: np.random.Generator) -> float:
        return float(generator.uniform(self.low, self.high))


@dataclass(frozen=True)
class Integer:
    """A whole number from `low` to `high`, both included; a stride, a count of groups."""

    low: int
    high: int

    def draw(self, generator: np.random.Generator) -> int:
        return int(generator.integers(self.low, self.high, endpoint=True))


class Choice:
    """One of a few options: `Choice("same", "valid")`."""

    def __init__(self, *options: Any) -> None:
        self.options = options

    def draw(self, generator: np.random.Generator) -> Any:
        return self.options[generator.integers(len(self.options))]


Domain = Array | Number | Integer | Choice
"""What an argument of an op may be."""


@dataclass(frozen=True)
class Op:
    """One entry of the registry; see the module's docstring."""

    name: str
    definition: Callable[..., Any]
    forward: Callable[..., Any]
    gradients: dict[str, Callable[..., Any]]
    inputs: Mapping[str, Domain]
    smooth: bool
    function: Callable[..., Any] = field(repr=False)

    def position(self, argument: str) -> int:
        """The place of `argument` among the op's arguments."""
        return list(self.inputs).index(argument)

    def axes(self) -> dict[str, tuple[int, int] | None]:
        """The name of every axis, and the smallest and largest size if it cannot have any."""
        limits: dict[str, tuple[int, int] | None] = {}
        for array in self.inputs.values():
            if isinstance(array, Array):
                limits |= {axis: array.sizes.get(axis, limits.get(axis)) for axis in array.axes}
        return limits

    def draw(
        self,
        generator: np.random.Generator,
        sizes: Sequence[int] = (1, 2, 3, 5),
        at_kinks: bool = False,
    ) -> tuple[Any, ...]:
        """Random arguments: sizes of the axes, a scale for each array, every hyper-parameter.

        `at_kinks` puts about a quarter of the entries exactly where the op has a kink.
        """
        drawn = {
            axis: int(
                generator.integers(*limits, endpoint=True) if limits else generator.choice(sizes)
            )
            for axis, limits in sorted(self.axes().items())
        }
        arguments: list[Any] = []
        for domain in self.inputs.values():
            if not isinstance(domain, Array):
                arguments.append(domain.draw(generator))
                continue
            if domain.optional and generator.integers(2):
                arguments.append(None)
                continue
            scale = float(np.exp(generator.uniform(*np.log(domain.scales))))
            shape = domain.shape(drawn, stacked=bool(generator.integers(2)))
            array = domain.draw(generator, shape, scale)
            if at_kinks and domain.kinks:
                planted = generator.choice(domain.kinks, shape)
                array = np.where(generator.random(shape) < 0.25, planted, array)
            arguments.append(array)
        return tuple(arguments)


registry: dict[str, Op] = {}
"""Every op of the library, by name."""


def op(
    name: str,
    definition: Callable[..., Any],
    forward: Callable[..., Any],
    gradients: dict[str, Callable[..., Any]],
    inputs: Mapping[str, Domain],
    smooth: bool = True,
) -> Callable[..., Any]:
    """Tie a definition, a forward and its gradients together; return the differentiable function.

    Arguments:
        name: what the op is called in the registry and on its derivation page.
        definition: the meaning, traceable by autograd.
        forward: the fast computation; same arguments, same values.
        gradients: for each differentiable argument `(cotangent, output, *arguments) → gradient`.
        inputs: for each argument, in order, what it may be.
        smooth: whether the definition is analytic, so that the complex step applies.

    Arguments of the function that returns may be given by name; none loses its gradient by that.
    To differentiate it by an argument without a gradient is a TypeError. Gradients are written in
    NumPy, and autograd cannot differentiate them again: second derivatives go by the definition.

    Raises:
        ValueError: if the name is taken, or a gradient names no argument.
    """
    if name in registry:
        raise ValueError(f"an op named {name!r} is registered already")
    if unknown := set(gradients) - set(inputs):
        raise ValueError(f"{name}: gradients for unknown arguments {sorted(unknown)}")

    arguments_in_order = list(inputs)
    # A NumPy ufunc in a function of ours: by itself, autograd would take its every call for the op.
    traced = primitive(forward if isfunction(forward) else lambda *arguments: forward(*arguments))

    def function(*arguments: Any, **keywords: Any) -> Any:
        if keywords:  # autograd looks for what it differentiates among the positions alone
            bound = signature(definition).bind(*arguments, **keywords)
            bound.apply_defaults()
            arguments = bound.args
        defvjp_argnums(traced, vector_jacobian_product)  # here, as a copy has to know it too
        return traced(*arguments)

    # Under its own name, so that another process finds an op of ours by import and not as a copy.
    # (Those of penalties have no name in a module and travel as copies.)
    function.__name__ = function.__qualname__ = name
    function.__module__ = definition.__module__

    def vector_jacobian_product(
        positions: Sequence[int], output: Any, arguments: tuple[Any, ...], _: dict[str, Any]
    ) -> Callable[[Any], list[Any]]:
        names = [arguments_in_order[position] for position in positions]
        if missing := [argument for argument in names if argument not in gradients]:
            raise TypeError(f"{name} has no gradient for {', '.join(missing)}")
        rules = [gradients[argument] for argument in names]

        def pull_back(cotangent: Any) -> list[Any]:
            if isbox(cotangent) or isbox(output):  # a second derivative: the definition has all
                through = [make_vjp(definition, position)(*arguments)[0] for position in positions]
                return [by_definition(cotangent) for by_definition in through]
            return [rule(cotangent, output, *arguments) for rule in rules]

        return pull_back

    registry[name] = Op(name, definition, forward, gradients, inputs, smooth, function)
    return function


def unbroadcast(gradient: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Sum `gradient` over the axes along which an argument of that `shape` was broadcast.

    If z = x + y and x was repeated along an axis, then every copy of x passes its share of
    the gradient back, and the shares add up.
    """
    if gradient.shape == shape:
        return gradient
    extra = gradient.ndim - len(shape)
    repeated = tuple(
        extra + axis for axis, size in enumerate(shape) if size == 1 != gradient.shape[extra + axis]
    )
    return gradient.sum(axis=tuple(range(extra)) + repeated).reshape(shape)
