"""The table of kinks: where an op has no gradient, which slope it takes there, and why.

At a kink the slope on the left is not the slope on the right. For a convex function every number
between the two is a *subgradient*, and as good as any other; libraries differ in their choice. Each
row of the table is a point, our choice, its reason, and what autograd, PyTorch and JAX answer when
the same function is written in their words.

Two rows are no kinks but edges: where Box-Cox ends (x = −1) a slope has one side only, and where it
would divide by its exponent (λ = 0) there is a gradient, which the formula as it stands misses.
"""

from dataclasses import dataclass
from math import inf, log, nan
from typing import Any

ASKED = {"autograd": "1.9.1", "PyTorch": "2.13.0", "JAX": "0.10.2"}
"""The versions that gave the answers."""


@dataclass(frozen=True)
class Answer:
    """What a library says: an expression of x in its words, and the gradient of its sum.

    One number stands for a gradient of equal numbers; None for no gradient at all.
    """

    expression: str
    slope: Any


@dataclass(frozen=True)
class Kink:
    """A row of the table.

    `arguments` of the op are the point, by name, arrays as lists; slopes are taken by the first.
    `slopes` are those of the definition on the left and on the right (None: that side is not in its
    domain), `chosen` is the op's gradient there for a cotangent of ones.
    """

    op: str
    where: str
    arguments: dict[str, Any]
    slopes: tuple[float | None, float | None]
    chosen: Any
    why: str
    autograd: Answer
    pytorch: Answer
    jax: Answer

    @property
    def argument(self) -> str:
        return next(iter(self.arguments))

    @property
    def answers(self) -> dict[str, Answer]:
        return {"autograd": self.autograd, "PyTorch": self.pytorch, "JAX": self.jax}


KINKS = (
    Kink(
        "relu",
        "x = 0",
        {"x": [0.0]},
        slopes=(0, 1),
        chosen=0,
        why="What is off passes nothing back: the gradient is zero wherever the activation is.",
        autograd=Answer("np.maximum(x, 0)", 0.5),
        pytorch=Answer("torch.relu(x)", 0),
        jax=Answer("jax.nn.relu(x)", 0),
    ),
    Kink(
        "leaky_relu",
        "x = 0, slope 0.2",
        {"x": [0.0], "slope": 0.2},
        slopes=(0.2, 1),
        chosen=0.2,
        why="The slope of the left, so that ReLU is the case of slope 0 at the kink too.",
        autograd=Answer("np.maximum(x, 0.2 * x)", 0.6),
        pytorch=Answer("torch.nn.functional.leaky_relu(x, 0.2)", 0.2),
        jax=Answer("jax.nn.leaky_relu(x, 0.2)", 1),
    ),
    Kink(
        "max_pool",
        "two maxima in a window",
        {"x": [[[5.0], [5.0]], [[1.0], [1.0]]], "size": 2},
        slopes=(0, 1),
        chosen=[[[1], [0]], [[0], [0]]],
        why="One number left the window, and one is answerable for it: the first in reading order.",
        autograd=Answer("np.max(x)", [[[0.5], [0.5]], [[0], [0]]]),
        pytorch=Answer(
            "torch.nn.functional.max_pool2d(x[None, :, :, 0], 2)", [[[1], [0]], [[0], [0]]]
        ),
        jax=Answer(
            "jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (2, 2, 1), (2, 2, 1), 'VALID')",
            [[[1], [0]], [[0], [0]]],
        ),
    ),
    Kink(
        "clipped_mask",
        "w = 0",
        {"weight": [0.0], "x": [1.0]},
        slopes=(0, 1),
        chosen=1,
        why="The slope of the inside: a mask that has just been switched off can come back.",
        autograd=Answer("np.clip(x, 0, 1)", 0),
        pytorch=Answer("torch.clamp(x, 0, 1)", 1),
        jax=Answer("jnp.clip(x, 0, 1)", 0.5),
    ),
    Kink(
        "clipped_mask",
        "w = 1",
        {"weight": [1.0], "x": [1.0]},
        slopes=(1, 0),
        chosen=1,
        why="The slope of the inside: masks start at 1 and would never leave it.",
        autograd=Answer("np.clip(x, 0, 1)", 0),
        pytorch=Answer("torch.clamp(x, 0, 1)", 1),
        jax=Answer("jnp.clip(x, 0, 1)", 0.5),
    ),
    Kink(
        "box_cox",
        "x = −1, λ = 2",
        {"x": [-1.0], "exponent": [2.0]},
        slopes=(None, 0),
        chosen=0,
        why="The edge of the domain: the slope (1 + x)^(λ − 1) itself, 0 for every λ above 1.",
        autograd=Answer("((1 + x) ** 2 - 1) / 2", 0),
        pytorch=Answer("((1 + x) ** 2 - 1) / 2", 0),
        jax=Answer("((1 + x) ** 2 - 1) / 2", 0),
    ),
    Kink(
        "box_cox",
        "x = −1, λ = 0.5",
        {"x": [-1.0], "exponent": [0.5]},
        slopes=(None, inf),
        chosen=inf,
        why="The edge again. Below λ = 1 the curve starts upright, and no finite number is true.",
        autograd=Answer("((1 + x) ** 0.5 - 1) / 0.5", inf),
        pytorch=Answer("((1 + x) ** 0.5 - 1) / 0.5", inf),
        jax=Answer("((1 + x) ** 0.5 - 1) / 0.5", inf),
    ),
    Kink(
        "box_cox",
        "λ = 2, x = −1",
        {"exponent": [2.0], "x": [-1.0]},
        slopes=(1 / 4, 1 / 4),
        chosen=1 / 4,
        why="No kink: y = −1/λ there, with the slope 1/λ², once 0 · log 0 is taken for 0.",
        autograd=Answer("((1 - 1) ** x - 1) / x", 1 / 4),
        pytorch=Answer("((1 - 1) ** x - 1) / x", 1 / 4),
        jax=Answer("((1 - 1) ** x - 1) / x", 1 / 4),
    ),
    Kink(
        "box_cox",
        "λ = 0, x = 1",
        {"exponent": [0.0], "x": [1.0]},
        slopes=(log(2) ** 2 / 2, log(2) ** 2 / 2),
        chosen=log(2) ** 2 / 2,
        why="No kink: y passes through log(1 + x), with the slope ½ log²(1 + x). The formula has "
        "0/0.",
        autograd=Answer("((1 + 1) ** x - 1) / x", nan),
        pytorch=Answer("((1 + 1) ** x - 1) / x", nan),
        jax=Answer("((1 + 1) ** x - 1) / x", nan),
    ),
    Kink(
        "l0",
        "θ = 0",
        {"theta": [0.0]},
        slopes=(0, 0),
        chosen=0,
        why="A jump: flat on both sides, and no slope of any kind between. 0 leaves a zero alone.",
        autograd=Answer("np.sum(1.0 * (x != 0))", 0),
        pytorch=Answer("torch.count_nonzero(x)", None),
        jax=Answer("jnp.sum(1.0 * (x != 0))", 0),
    ),
    Kink(
        "l1",
        "θ = 0",
        {"theta": [0.0]},
        slopes=(-1, 1),
        chosen=0,
        why="The middle: neither side is preferred, and a weight that is zero stays zero.",
        autograd=Answer("np.abs(x)", 0),
        pytorch=Answer("torch.abs(x)", 0),
        jax=Answer("jnp.abs(x)", 1),
    ),
    Kink(
        "dead_zone_l1",
        "θ = width",
        {"theta": [0.25], "width": 0.25},
        slopes=(0, 1),
        chosen=0,
        why="The edge belongs to the zone: a weight that has been pulled there has arrived.",
        autograd=Answer("np.maximum(np.abs(x) - 0.25, 0)", 0.5),
        pytorch=Answer("torch.relu(torch.abs(x) - 0.25)", 0),
        jax=Answer("jax.nn.relu(jnp.abs(x) - 0.25)", 0),
    ),
    Kink(
        "dead_zone_l1",
        "θ = −width",
        {"theta": [-0.25], "width": 0.25},
        slopes=(-1, 0),
        chosen=0,
        why="As on the other side.",
        autograd=Answer("np.maximum(np.abs(x) - 0.25, 0)", -0.5),
        pytorch=Answer("torch.relu(torch.abs(x) - 0.25)", 0),
        jax=Answer("jax.nn.relu(jnp.abs(x) - 0.25)", 0),
    ),
    Kink(
        "group_l1",
        "a zero column",
        {"theta": [[0.0], [0.0]]},
        slopes=(-1, 1),
        chosen=0,
        why="Every direction leads up alike; 0 prefers none, and a column that is silent stays so.",
        autograd=Answer("np.sqrt(np.sum(x ** 2, axis=0))", nan),
        pytorch=Answer("torch.linalg.norm(x, dim=0)", 0),
        jax=Answer("jnp.linalg.norm(x, axis=0)", nan),
    ),
    Kink(
        "lpq",
        "a zero column, q = 1",
        {"theta": [[0.0], [0.0]], "p": 3.0, "q": 1.0},
        slopes=(-1, 1),
        chosen=0,
        why="As for group lasso, whatever p.",
        autograd=Answer("np.sum(np.abs(x) ** 3, axis=0) ** (1 / 3)", nan),
        pytorch=Answer("torch.linalg.norm(x, 3, dim=0)", 0),
        jax=Answer("jnp.linalg.norm(x, 3, axis=0)", nan),
    ),
    Kink(
        "lpq",
        "a zero entry, p = 1",
        {"theta": [[0.0], [1.0]], "p": 1.0, "q": 2.0},
        slopes=(-1, 1),
        chosen=[[0], [1]],
        why="As for L1.",
        autograd=Answer("np.sum(np.abs(x), axis=0)", [[0], [1]]),
        pytorch=Answer("torch.linalg.norm(x, 1, dim=0)", [[0], [1]]),
        jax=Answer("jnp.linalg.norm(x, 1, axis=0)", [[1], [1]]),
    ),
    Kink(
        "lpq",
        "the zero matrix",
        {"theta": [[0.0, 0.0], [0.0, 0.0]], "p": 2.0, "q": 2.0},
        slopes=(-1, 1),
        chosen=0,
        why="As for a zero column.",
        autograd=Answer("np.linalg.norm(x)", nan),
        pytorch=Answer("torch.linalg.norm(x)", 0),
        jax=Answer("jnp.linalg.norm(x)", nan),
    ),
)
