"""What the property tests draw: arguments for any op, from the inputs it declares.

hypothesis draws sizes, scales, hyper-parameters and a seed, all of which shrink; the numbers
in the arrays come from the seed. The simplest arguments are single numbers at scale 1, unstacked.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import microgrand.ops
import microgrand.penalties  # noqa: F401 - importing them fills the registry
from microgrand.op import Choice, Integer, Number, Op, registry

#: Every (op, argument) that has a hand-derived gradient.
DIFFERENTIABLE = [(name, argument) for name in registry for argument in registry[name].gradients]

#: Every (op, argument, value) at which an op is not differentiable.
KINKS = [
    (name, argument, kink)
    for name, argument in DIFFERENTIABLE
    for kink in getattr(registry[name].inputs[argument], "kinks", ())
]

seeds = st.integers(0, 2**32 - 1)

#: Weights for penalties. 0.0 is drawn often: it is where |θ| has its kink.
numbers = st.one_of(st.just(0.0), st.floats(-100, 100).map(lambda x: round(x, 6)))
vectors = arrays(float, st.integers(1, 6), elements=numbers)


@st.composite
def arguments_of(
    draw: st.DrawFn, op: Op, given: str | None = None, at_kinks: bool = True
) -> tuple[Any, ...]:
    """Arguments of `op` in float64; the array named `given` is there even if it is optional."""
    generator = np.random.default_rng(draw(seeds))
    axes = sorted(op.axes().items())
    sizes = {axis: draw(st.integers(*(limits or (1, 5)))) for axis, limits in axes}
    arguments: list[Any] = []
    for name, domain in op.inputs.items():
        if isinstance(domain, Number):
            share = draw(st.integers(0, 1000)) / 1000
            arguments.append(domain.low + share * (domain.high - domain.low))
        elif isinstance(domain, Integer):
            arguments.append(draw(st.integers(domain.low, domain.high)))
        elif isinstance(domain, Choice):
            arguments.append(draw(st.sampled_from(domain.options)))
        elif domain.optional and name != given and draw(st.booleans()):
            arguments.append(None)
        else:
            shape = domain.shape(sizes, stacked="..." in domain.axes and draw(st.booleans()))
            scale = 10 ** draw(st.floats(*np.log10(domain.scales)))
            array = domain.draw(generator, shape, scale)
            if at_kinks and domain.kinks and draw(st.booleans()):
                planted = generator.random(shape) < 0.25
                array = np.where(planted, generator.choice(domain.kinks, shape), array)
            arguments.append(array)
    return tuple(arguments)


def normal_like(array: Any) -> st.SearchStrategy[np.ndarray]:
    """Random numbers in the shape of `array`: a cotangent, a direction."""
    return st.builds(lambda seed: np.random.default_rng(seed).normal(size=np.shape(array)), seeds)


def competitors(best: np.ndarray, seed: int) -> Iterator[np.ndarray]:
    """Points near a proximal step and far from it, none of which may be better."""
    generator = np.random.default_rng(seed)
    for distance in (1e-6, 1e-3, 1.0, 10.0):
        yield best + generator.normal(size=best.shape, scale=distance)


def is_real_array(argument: Any) -> bool:
    """Whether an argument is an array of reals: no mask, no labels, no number, not None."""
    return isinstance(argument, np.ndarray) and argument.dtype.kind == "f"
