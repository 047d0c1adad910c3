"""What steps and measures mean: the definitions of all that has no gradient to be derived.

An op stands beside its definition. An optimiser is an algorithm of a paper, a proximal step the
lowest point of something, a measure a formula; here they are as plain as they are printed, slow
if need be, and nothing trains by them. Each entry of
[`DEFINED`][microgrand.steps_and_measures.DEFINED] ties one of them to what the library computes,
with what examples of it are drawn from, and `microgrand verify` holds one against the other.
"""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from microgrand.measures import MEASURES
from microgrand.op import Array, Choice, Domain, Number, Op, registry
from microgrand.optimizers import SGD, Adadelta, Adam, AdamW, Momentum, Optimizer, RMSprop
from microgrand.penalties import PENALTIES, Penalty
from microgrand.proximal import Projected, Proximal

COMPETITORS = 300  # of a proximal step, in each example

# -------------------------------------------------------------------------- steps of optimisers
# Each from θ, a gradient a step, to where it ends.


def sgd(theta: Any, gradients: Iterable[Any], rate: float, decay: float) -> Any:
    """Cauchy (1847): down the slope; and decay beside it."""
    for g in gradients:
        theta = theta - rate * g - rate * decay * theta
    return theta


def momentum(theta: Any, gradients: Iterable[Any], rate: float, beta: float, decay: float) -> Any:
    """Polyak (1964): a heavy ball."""
    m = 0.0
    for g in gradients:
        m = beta * m + g
        theta = theta - rate * m - rate * decay * theta
    return theta


def adam(
    theta: Any,
    gradients: Iterable[Any],
    rate: float,
    beta1: float,
    beta2: float,
    epsilon: float,
    as_published: bool,
    decay: float = 0.0,
) -> Any:
    """Kingma & Ba (2015), algorithm 1; with decay, Loshchilov & Hutter (2019), algorithm 2,
    with the decay times the rate.

    The article's program corrects by β instead of βᵗ.
    """
    m = v = 0.0
    for step, g in enumerate(gradients, start=1):
        t = 1 if as_published else step
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat = m / (1 - beta1**t)
        v_hat = v / (1 - beta2**t)
        theta = theta - rate * m_hat / (np.sqrt(v_hat) + epsilon) - rate * decay * theta
    return theta


def rmsprop(theta: Any, gradients: Iterable[Any], rate: float, rho: float, epsilon: float) -> Any:
    """Tieleman & Hinton (2012), lecture 6.5."""
    v = 0.0
    for g in gradients:
        v = rho * v + (1 - rho) * g**2
        theta = theta - rate * g / (np.sqrt(v) + epsilon)
    return theta


def adadelta(theta: Any, gradients: Iterable[Any], rate: float, rho: float, epsilon: float) -> Any:
    """Zeiler (2012), algorithm 1, with a rate."""
    of_gradient = of_step = 0.0
    for g in gradients:
        of_gradient = rho * of_gradient + (1 - rho) * g**2
        step = -np.sqrt(of_step + epsilon) / np.sqrt(of_gradient + epsilon) * g
        of_step = rho * of_step + (1 - rho) * step**2
        theta = theta + rate * step
    return theta


def ista(theta: Any, gradients: Iterable[Any], rate: float, strength: float) -> Any:
    """Daubechies, Defrise & De Mol (2004): a step, then the soft threshold."""
    for g in gradients:
        theta = theta - rate * g
        theta = np.maximum(theta - rate * strength, 0) - np.maximum(-theta - rate * strength, 0)
    return theta


def projected(theta: Any, gradients: Iterable[Any], rate: float, bound: float) -> Any:
    """Goldstein (1964): a step, then the nearest point within the bounds."""
    for g in gradients:
        theta = theta - rate * g
        theta = np.where(np.abs(theta) > bound, bound * np.sign(theta), theta)
    return theta


def walk(make: Callable[..., Optimizer]) -> Callable[..., np.ndarray]:
    """Where an optimiser, made from its settings, goes from θ."""

    def forward(theta: np.ndarray, gradients: np.ndarray, *settings: Any) -> np.ndarray:
        optimizer, vector = make(*settings), theta.copy()
        state = optimizer.init(vector)
        for gradient in gradients:
            optimizer.step(vector, gradient, state)
        return vector

    return forward


def in_order(make: Callable[..., Adam]) -> Callable[..., Adam]:
    """Adam or AdamW of its settings as `adam` takes them; `as_published` goes by name alone."""
    return lambda rate, beta1, beta2, epsilon, as_published, *decay: make(
        rate, beta1, beta2, epsilon, *decay, as_published=as_published
    )


# -------------------------------------------------------------------------------- proximal steps


def lowest(penalty: Penalty) -> Callable[..., np.ndarray]:
    """The point z with the lowest ½‖z − θ‖² + λR(z), of the proximal step and of many others.

    The others are the step with some entries moved, by any distance, or put to 0, or back to θ.
    So this is the step itself, unless one of them is better.
    """
    value, step_of = registry[penalty.name].definition, proximal_step(penalty)
    axes = (-2, -1) if penalty.of_matrix else (-1,)

    def definition(theta: np.ndarray, strength: float, exponents: tuple[float, ...]) -> Any:
        def price(z: np.ndarray) -> Any:
            return ((z - theta) ** 2).sum(axis=axes) / 2 + strength * value(z, *exponents)

        step, generator = step_of(theta, strength, exponents), np.random.default_rng(0)
        shape = COMPETITORS, *theta.shape
        distances = 10 ** generator.uniform(-6, 1, (COMPETITORS, *[1] * theta.ndim))
        moved = step + distances * generator.standard_normal(shape)
        others = np.choose(generator.integers(4, size=shape), (step, moved, 0 * step, theta))
        best = others[np.argmin(price(others))]
        rounding = 1e-12 * (1 + abs(price(step)))
        return best if price(best) < price(step) - rounding else step

    return definition


def proximal_step(penalty: Penalty) -> Callable[..., np.ndarray]:
    """The proximal step of a row of the table, with its exponents as one argument."""
    proximal: Any = penalty.proximal
    return lambda theta, strength, exponents: proximal(theta, strength, *exponents)


# --------------------------------------------------------------------------------------- measures
# Each of sizes c = |θ|, along the last axis.


def hoyer(c: Any) -> Any:
    """Hoyer (2004)."""
    root = np.sqrt(c.shape[-1])
    return (root - c.sum(axis=-1) / np.sqrt((c**2).sum(axis=-1))) / (root - 1)


def gini(c: Any) -> Any:
    """Gini (1912): half the mean difference of two, over the mean."""
    differences = np.abs(c[..., :, None] - c[..., None, :])
    return differences.mean(axis=(-2, -1)) / (2 * c.mean(axis=-1))


def l2_over_l1(c: Any) -> Any:
    return np.sqrt((c**2).sum(axis=-1)) / c.sum(axis=-1)


def pq_mean(c: Any) -> Any:
    """Hurley & Rickard (2009), with p = ½ and q = 2."""
    return -(np.sqrt(c).mean(axis=-1) ** 2) / np.sqrt((c**2).mean(axis=-1))


def minus_tanh(c: Any) -> Any:
    return -np.tanh(c).sum(axis=-1)


def minus_log(c: Any) -> Any:
    return -np.log1p(c**2).sum(axis=-1)


def kappa4(c: Any) -> Any:
    return (c**4).sum(axis=-1) / (c**2).sum(axis=-1) ** 2


# -------------------------------------------------------------------------------------- the table


def defined(
    name: str, definition: Callable[..., Any], forward: Callable[..., Any], **inputs: Domain
) -> Op:
    """An entry of the table: an op without a gradient, which nobody differentiates."""
    return Op(name, definition, forward, {}, inputs, smooth=False, function=forward)


ROUTE: dict[str, Domain] = {"theta": Array("size"), "gradients": Array("steps", "size")}
RATE, SHARE, EPSILON = Number(1e-3, 1), Number(0, 0.99), Number(1e-8, 1e-2)
ADAM: dict[str, Domain] = {
    **ROUTE, "rate": RATE, "beta1": SHARE, "beta2": SHARE, "epsilon": EPSILON,
    "as_published": Choice(False, True),
}  # fmt: skip
RHO: dict[str, Domain] = {**ROUTE, "rate": RATE, "rho": SHARE, "epsilon": EPSILON}

STEPS = (
    defined("sgd", sgd, walk(SGD), **ROUTE, rate=RATE, decay=SHARE),
    defined("momentum", momentum, walk(Momentum), **ROUTE, rate=RATE, beta=SHARE, decay=SHARE),
    defined("adam", adam, walk(in_order(Adam)), **ADAM),
    defined("adamw", adam, walk(in_order(AdamW)), **ADAM, decay=SHARE),
    defined("rmsprop", rmsprop, walk(RMSprop), **RHO),
    defined("adadelta", adadelta, walk(Adadelta), **RHO),
    defined(
        "ista",
        ista,
        walk(lambda rate, strength: Proximal(SGD(rate), PENALTIES["l1"], strength)),
        **ROUTE,
        rate=RATE,
        strength=Number(0, 10),
    ),
    defined(
        "projected",
        projected,
        walk(lambda rate, bound: Projected(SGD(rate), -bound, bound)),
        **ROUTE,
        rate=RATE,
        bound=Number(0, 10),
    ),
)
PROXIMAL_STEPS = tuple(
    defined(
        f"{penalty.name}_proximal",
        lowest(penalty),
        proximal_step(penalty),
        theta=Array(*("rows", "columns") if penalty.of_matrix else ("size",), scales=(0.1, 10)),
        strength=Number(0, 5),
        exponents=Choice((1, 1), (2, 1), (2, 2)) if penalty.name == "lpq" else Choice(()),
    )
    for penalty in PENALTIES.values()
    if penalty.proximal is not None
)
OF_SIZES = (hoyer, gini, l2_over_l1, pq_mean, minus_tanh, minus_log, kappa4)
MEASURED = tuple(
    defined(
        measure.value.__name__,
        lambda numbers, of_sizes=of_sizes: of_sizes(np.abs(numbers)),
        measure.value,
        numbers=Array("...", "size", sizes={"size": (3, 6)}),
    )
    for measure, of_sizes in zip(MEASURES.values(), OF_SIZES, strict=True)
)

DEFINED: dict[str, Op] = {op.name: op for op in (*STEPS, *PROXIMAL_STEPS, *MEASURED)}
"""Every step and every measure, by name: definition, what is computed, what may be drawn."""
