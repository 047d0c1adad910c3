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
from typing import Any

import numpy as np
from autograd.extend import defvjp_argnums, primitive


@dataclass(frozen=True)
class Array:
    """A real array argument, by the names of its axes: `Array("batch", "inputs")`.

    A leading `"..."` stands for axes that may or may not be there: a stack of models.
    Equal names have equal sizes within one call. `kinks` are values at which the op is not
    differentiable; differences keep away from them and `Op.draw` plants them on request.
    `scales` are the smallest and largest standard deviation to draw. An `optional` array
    may be None.
    """

    axes: tuple[str, ...]
    kinks: tuple[float, ...]
    scales: tuple[float, float]
    optional: bool

    def __init__(
        self,
        *axes: str,
        kinks: tuple[float, ...] = (),
        scales: tuple[float, float] = (1e-3, 1e3),
        optional: bool = False,
    ) -> None:
        object.__setattr__(self, "axes", axes)
        object.__setattr__(self, "kinks", kinks)
        object.__setattr__(self, "scales", scales)
        object.__setattr__(self, "optional", optional)

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


@dataclass(frozen=True)
class Integer:
    """A whole hyper-parameter from `low` to `high`, both included: the size of a window."""

    low: int
    high: int


@dataclass(frozen=True)
class Op:
    """One entry of the registry; see the module's docstring."""

    name: str
    definition: Callable[..., Any]
    forward: Callable[..., Any]
    gradients: dict[str, Callable[..., Any]]
    inputs: Mapping[str, Array | Number | Integer]
    smooth: bool
    function: Callable[..., Any] = field(repr=False)

    def position(self, argument: str) -> int:
        """The place of `argument` among the op's arguments."""
        return list(self.inputs).index(argument)

    def draw(
        self,
        generator: np.random.Generator,
        sizes: Sequence[int] = (1, 2, 3, 5),
        at_kinks: bool = False,
    ) -> tuple[Any, ...]:
        """Random arguments: sizes of the axes, a scale for each array, every hyper-parameter.

        `at_kinks` puts about a quarter of the entries exactly where the op has a kink.
        """
        axes = {axis for domain in self.inputs.values() for axis in getattr(domain, "axes", ())}
        drawn = {axis: int(generator.choice(sizes)) for axis in sorted(axes)}
        arguments: list[Any] = []
        for domain in self.inputs.values():
            if isinstance(domain, Number):
                arguments.append(float(generator.uniform(domain.low, domain.high)))
                continue
            if isinstance(domain, Integer):
                arguments.append(int(generator.integers(domain.low, domain.high + 1)))
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
    inputs: Mapping[str, Array | Number | Integer],
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

    Raises:
        ValueError: if the name is taken, or a gradient names no argument.
    """
    if name in registry:
        raise ValueError(f"an op named {name!r} is registered already")
    if unknown := set(gradients) - set(inputs):
        raise ValueError(f"{name}: gradients for unknown arguments {sorted(unknown)}")

    by_position = {list(inputs).index(argument): rule for argument, rule in gradients.items()}
    function = primitive(forward)
    # Under its own name, so that another process finds it by import and not as a copy.
    function.__name__ = function.__qualname__ = name
    function.__module__ = forward.__module__

    def vector_jacobian_product(
        positions: Sequence[int], output: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]
    ) -> Callable[[Any], list[Any]]:
        rules = [by_position[position] for position in positions]
        return lambda cotangent: [rule(cotangent, output, *arguments, **keywords) for rule in rules]

    defvjp_argnums(function, vector_jacobian_product)
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
