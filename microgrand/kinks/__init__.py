"""The table of kinks: where an op has no gradient, which slope it takes there, and why.

At a kink the slope on the left is not the slope on the right. For a convex function every number
between the two is a *subgradient*, and as good as any other; libraries differ in their choice. Each
row of the table is a point, our choice, its reason, and what autograd, PyTorch and JAX answer when
the same function is written in their words.

Some rows are no kinks. L0 and the sign jump. Where Box-Cox ends (x = −1) a slope has one side only,
and where it would divide by its exponent (λ = 0) there is a gradient, which its formula misses.
"""

from microgrand.kinks.of_ops import OF_OPS
from microgrand.kinks.of_penalties import OF_PENALTIES
from microgrand.kinks.row import Answer, Kink

__all__ = ["ASKED", "KINKS", "Answer", "Kink"]

ASKED = {"autograd": "1.9.1", "PyTorch": "2.13.0", "JAX": "0.10.2"}
"""The versions that gave the answers."""

KINKS = OF_OPS + OF_PENALTIES
