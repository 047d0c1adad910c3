"""Holds every hand-derived gradient against its definition.

Four independent questions for each differentiable argument of each op, over random shapes,
scales, cotangents and hyper-parameters:

1. *Is the value right?* The forward against the definition.
2. *Is the gradient right?* The hand-derived gradient against autograd's, through the definition,
   in float64: relative error at most 1e-7.
3. *Is the definition's gradient right?* Along a random direction, against the complex step
   where the op is smooth (exact to rounding) and central differences where it is not.
4. *Does it survive single precision?* float32 in gives float32 out, within 1e-4 of float64.

Of an op without a gradient (a step, a measure) the first and the last are asked, and measures
always answer in float64.
A relative error is the largest difference over the largest magnitude of the two. In the last
question, and in the first of a step or a measure, it is over more where terms cancel: over what an
error of the same relative size in the arguments would make of the result; see `conditioned_error`.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from autograd.core import make_vjp

import microgrand.ops
import microgrand.penalties  # noqa: F401 - importing them fills the registry
from microgrand.op import Op, registry

VALUE, GRADIENT, COMPLEX_STEP, DIFFERENCES, SINGLE = 1e-12, 1e-7, 1e-9, 1e-5, 1e-4
NEARBY = 1e-3


@dataclass(frozen=True)
class Check:
    """What the examples of one argument of one op came to: the worst relative errors.

    Without a gradient there is no argument, and `gradient` and `difference` are None.
    """

    op: str
    argument: str
    examples: int
    value: float
    gradient: float | None
    difference: float | None
    difference_method: str
    single: float
    seconds: float
    failure: str = ""

    @property
    def passed(self) -> bool:
        return not self.failure


def relative_error(one: Any, other: Any) -> float:
    """max |one − other| over the largest magnitude; infinite if shapes differ or a NaN is there."""
    one, other = np.asarray(one, np.float64), np.asarray(other, np.float64)
    if one.shape != other.shape:
        return float("inf")
    if not one.size:
        return 0.0
    error = float(np.max(np.abs(one - other)))
    scale = float(np.max(np.abs(np.stack([one, other]))))
    if not np.isfinite(error):
        return float("inf")
    return error / scale if error else 0.0


def along(op: Op, arguments: tuple[Any, ...], position: int, direction: np.ndarray) -> Any:
    """The definition's derivative along `direction` of one argument, without any gradient.

    Complex step, Im f(x + ihd)/h, where the definition is analytic; else the central difference
    (f(x + hd) − f(x − hd))/2h. Source: Squire & Trapp (1998), Using complex variables to estimate
    derivatives of real functions.
    """

    def at(step: complex) -> Any:
        shifted = [*arguments]
        shifted[position] = arguments[position] + step * direction
        return op.definition(*shifted)

    size = float(np.max(np.abs(arguments[position]))) if arguments[position].size else 1.0
    if op.smooth:
        step = 1e-30 * max(size, 1e-300)
        return np.imag(at(1j * step)) / step
    step = 1e-6 * max(size, 1e-300)
    return (at(step) - at(-step)) / (2 * step)


def each_array(change: Callable[[Any], Any], arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments with their real arrays changed; masks and numbers as they are."""
    return tuple(
        change(value) if isinstance(value, np.ndarray) and value.dtype.kind == "f" else value
        for value in arguments
    )


def single(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    return each_array(lambda array: array.astype(np.float32), arguments)


def draw(op: Op, generator: np.random.Generator) -> tuple[Any, ...]:
    """Random arguments, rounded to float32: both precisions are given the very same problem."""
    arguments = op.draw(generator, at_kinks=bool(generator.integers(2)))
    return each_array(lambda array: array.astype(np.float64), single(arguments))


def moved(arguments: tuple[Any, ...], generator: np.random.Generator) -> tuple[Any, ...]:
    """The arguments, every number a thousandth or so away."""
    return each_array(
        lambda array: array * (1 + NEARBY * generator.standard_normal(array.shape)), arguments
    )


def check_value(op: Op, generator: np.random.Generator) -> dict[str, float]:
    """The relative errors of one random example of what has no gradient."""
    arguments = draw(op, generator)
    output = op.forward(*arguments)
    nearby = op.forward(*moved(arguments, generator))
    return {
        "value": conditioned_error(op.definition(*arguments), output, nearby),
        "single": conditioned_error(op.forward(*single(arguments)), output, nearby),
    }


def check_gradient(op: Op, argument: str, generator: np.random.Generator) -> dict[str, float]:
    """The relative errors of one random example of a gradient."""
    position = op.position(argument)
    while (arguments := draw(op, generator))[position] is None:
        pass  # without an optional argument there is no gradient to hold
    rule = op.gradients[argument]

    def definition_of(x: Any) -> Any:
        return op.definition(*arguments[:position], x, *arguments[position + 1 :])

    output = op.forward(*arguments)
    cotangent = generator.standard_normal(np.shape(output)).astype(np.float32).astype(np.float64)
    gradient = rule(cotangent, output, *arguments)
    pull_back, defined = make_vjp(definition_of, arguments[position])
    errors = {
        "value": relative_error(output, defined),
        "gradient": relative_error(gradient, pull_back(cotangent)),
    }

    while (smooth_point := op.draw(generator))[position] is None:
        pass
    y = op.forward(*smooth_point)
    direction = generator.standard_normal(smooth_point[position].shape)
    u = generator.standard_normal(np.shape(y))
    forwards = u * along(op, smooth_point, position, direction)
    backwards = direction * rule(u, y, *smooth_point)
    scale = max(np.abs(forwards).sum(), np.abs(backwards).sum())
    gap = abs(forwards.sum() - backwards.sum())
    errors["difference"] = float(gap / scale) if gap else 0.0

    short = single(arguments)
    single_output = op.forward(*short)
    single_gradient = rule(np.float32(cotangent), single_output, *short)
    if np.asarray(single_output).dtype != np.float32 or single_gradient.dtype != np.float32:
        errors["single"] = float("inf")
    else:
        nearby = moved(arguments, generator)
        nearby_output = op.forward(*nearby)
        errors["single"] = max(
            conditioned_error(single_output, output, nearby_output),
            conditioned_error(single_gradient, gradient, rule(cotangent, nearby_output, *nearby)),
        )
    return errors


def conditioned_error(rounded: Any, exact: Any, nearby: Any) -> float:
    """The error of a rounded result, relative to what rounding the arguments could explain.

    Where large terms cancel, a small result is as uncertain as the terms: `nearby`, the result of
    arguments moved by a thousandth, tells how much.
    """
    if np.shape(rounded) != np.shape(exact) or not np.all(np.isfinite(rounded)):
        return float("inf")
    change = float(np.max(np.abs(nearby - exact), initial=0)) / NEARBY
    size = max(float(np.max(np.abs(result), initial=0)) for result in (rounded, exact))
    scale = max(size, change)
    error = float(np.max(np.abs(rounded - exact), initial=0))
    return error / scale if error else 0.0


def check(op: Op, argument: str, examples: int, seed: int) -> Check:
    """Hold one gradient, or without an argument one value, against its definition.

    Raises:
        ValueError: without examples, which would pass whatever the gradient.
    """
    if examples < 1:
        raise ValueError(f"{examples} examples prove nothing")
    method = "complex step" if op.smooth else "central differences"
    limits = {"value": VALUE, "single": SINGLE}
    if argument:
        limits |= {"gradient": GRADIENT, "difference": COMPLEX_STEP if op.smooth else DIFFERENCES}
    worst = dict.fromkeys(limits, 0.0)
    failure = ""
    start = time.perf_counter()
    for example in range(examples):
        generator = np.random.default_rng([seed, example])
        try:
            errors = (
                check_gradient(op, argument, generator) if argument else check_value(op, generator)
            )
        except Exception as error:
            failure = failure or f"example {example}: {type(error).__name__}: {error}"
            continue
        for name, value in errors.items():
            value = value if np.isfinite(value) else float("inf")
            worst[name] = max(worst[name], value)
            if value > limits[name]:
                failure = failure or f"example {example}: {name} off by {value:.1e}"
    return Check(
        op=op.name,
        argument=argument,
        examples=examples,
        value=worst["value"],
        gradient=worst.get("gradient"),
        difference=worst.get("difference"),
        difference_method=method if argument else "",
        single=worst["single"],
        seconds=time.perf_counter() - start,
        failure=failure,
    )


def verify(
    ops: Iterable[Op] = registry.values(),
    examples: int = 100,
    seed: int = 0,
) -> Iterator[Check]:
    """Check every gradient of some ops (default: the registry's); the value where there is none."""
    for op in ops:
        for argument in op.gradients or [""]:
            yield check(op, argument, examples, seed)
