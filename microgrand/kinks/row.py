"""A row of the table of kinks."""

from dataclasses import dataclass
from typing import Any


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
