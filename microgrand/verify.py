"""Holds every hand-derived gradient against its definition.

Four independent questions for each differentiable argument of each op, over random shapes,
scales, cotangents and hyper-parameters:

1. *Is the value right?* The forward against the definition.
2. *Is the gradient right?* The hand-derived gradient against autograd's, through the definition,
   in float64: relative error at most 1e-7.
3. *Is the definition's gradient right?* Along a random direction, against the complex step
   where the op is smooth (exact to rounding) and central differences where it is not.
4. *Does it survive single precision?* float32 in gives float32 out, within 1e-4 of float64.

A relative error is the largest difference over the largest magnitude of the two.
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
    """What the examples of one argument of one op came to: the worst relative errors."""

    op: str
    argument: str
    examples: int
    value: float
    gradient: float
    difference: float
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

    def moved(step: complex) -> Any:
        shifted = [*arguments]
        shifted[position] = arguments[position] + step * direction
        return op.definition(*shifted)

    size = float(np.max(np.abs(arguments[position]))) if arguments[position].size else 1.0
    if op.smooth:
        step = 1e-30 * max(size, 1e-300)
        return np.imag(moved(1j * step)) / step
    step = 1e-6 * max(size, 1e-300)
    return (moved(step) - moved(-step)) / (2 * step)


def single(value: Any) -> Any:
    """The same argument in float32, masks and numbers as they are."""
    is_real = isinstance(value, np.ndarray) and value.dtype == np.float64
    return value.astype(np.float32) if is_real else value


def check_example(op: Op, argument: str, generator: np.random.Generator) -> dict[str, float]:
    """The relative errors of one random example."""
    arguments = op.draw(generator, at_kinks=bool(generator.integers(2)))
    position = op.position(argument)
    if arguments[position] is None:
        return {}
    rule = op.gradients[argument]

    def definition_of(x: Any) -> Any:
        return op.definition(*arguments[:position], x, *arguments[position + 1 :])

    # Rounding to float32 first gives both precisions the very same problem.
    arguments = tuple(
        single(value).astype(np.float64) if single(value) is not value else value
        for value in arguments
    )
    output = op.forward(*arguments)
    cotangent = generator.standard_normal(np.shape(output)).astype(np.float32).astype(np.float64)
    gradient = rule(cotangent, output, *arguments)
    pull_back, defined = make_vjp(definition_of, arguments[position])
    errors = {
        "value": relative_error(output, defined),
        "gradient": relative_error(gradient, pull_back(cotangent)),
    }

    smooth_point = op.draw(generator)
    if smooth_point[position] is not None:
        y = op.forward(*smooth_point)
        direction = generator.standard_normal(smooth_point[position].shape)
        u = generator.standard_normal(np.shape(y))
        forwards = u * along(op, smooth_point, position, direction)
        backwards = direction * rule(u, y, *smooth_point)
        scale = max(np.abs(forwards).sum(), np.abs(backwards).sum())
        gap = abs(forwards.sum() - backwards.sum())
        errors["difference"] = float(gap / scale) if gap else 0.0

    single_arguments = tuple(map(single, arguments))
    single_output = op.forward(*single_arguments)
    single_gradient = rule(np.float32(cotangent), single_output, *single_arguments)
    if np.asarray(single_output).dtype != np.float32 or single_gradient.dtype != np.float32:
        errors["single"] = float("inf")
    else:
        nearby = tuple(
            value * (1 + NEARBY * generator.standard_normal(value.shape))
            if single(value) is not value
            else value
            for value in arguments
        )
        nearby_output = op.forward(*nearby)
        errors["single"] = max(
            conditioned_error(single_output, output, nearby_output),
            conditioned_error(single_gradient, gradient, rule(cotangent, nearby_output, *nearby)),
        )
    return errors


def conditioned_error(rounded: Any, exact: Any, nearby: Any) -> float:
    """The error of a float32 result, relative to what rounding the arguments could explain.

    Where large terms cancel, a small result is as uncertain as the terms: `nearby`, the result of
    arguments moved by a thousandth, tells how much.
    """
    if np.shape(rounded) != np.shape(exact) or not np.all(np.isfinite(rounded)):
        return float("inf")
    moved = float(np.max(np.abs(nearby - exact), initial=0)) / NEARBY
    scale = max(float(np.max(np.abs(exact), initial=0)), moved)
    error = float(np.max(np.abs(rounded - exact), initial=0))
    return error / scale if error else 0.0


def check(op: Op, argument: str, examples: int, seed: int) -> Check:
    """Hold one gradient against its definition on many random examples."""
    limits = {
        "value": VALUE,
        "gradient": GRADIENT,
        "difference": COMPLEX_STEP if op.smooth else DIFFERENCES,
        "single": SINGLE,
    }
    worst = dict.fromkeys(limits, 0.0)
    failure = ""
    start = time.perf_counter()
    for example in range(examples):
        try:
            errors = check_example(op, argument, np.random.default_rng([seed, example]))
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
        **worst,
        difference_method="complex step" if op.smooth else "central differences",
        seconds=time.perf_counter() - start,
        failure=failure,
    )


def verify(
    names: Iterable[str] | None = None,
    examples: int = 100,
    seed: int = 0,
    on_start: Callable[[str], None] = lambda name: None,
) -> Iterator[Check]:
    """Check every gradient of the named ops (default: of all), one `Check` an argument.

    Raises:
        KeyError: if no op has that name.
    """
    for name in registry if names is None else names:
        for argument in registry[name].gradients:
            on_start(f"{name}, {argument}")
            yield check(registry[name], argument, examples, seed)
