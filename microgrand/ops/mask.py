"""A learned mask: every number has a dimmer of its own, between off and on."""

from typing import Any

import autograd.numpy as anp
import numpy as np

from microgrand.op import Array, op, unbroadcast


def clipped_mask_definition(x: Any, weight: Any) -> Any:
    """y = x · w where w is in [0, 1], 0 below, x above."""
    return x * anp.where(weight < 0, 0.0, anp.where(weight > 1, 1.0, weight))


def clipped_mask_forward(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """An elementwise mask, y = x · clip(w, 0, 1). It is linear in x: no activation, whatever w.

    Arguments:
        x: any shape.
        weight: w, a shape that broadcasts against x: (height, width, channels) for one mask for
            all images of a batch.

    Returns:
        y, in the shape of x and w together.

    Raises:
        ValueError: if the shapes do not fit.

    Source: Seo (2019), Two weird ways to regularize your neural network; there the mask takes the
    place of ReLU and has the shape of a whole batch.
    """
    return x * np.clip(weight, 0, 1)


def clipped_mask_gradient_x(
    cotangent: np.ndarray, y: np.ndarray, x: np.ndarray, weight: np.ndarray
) -> np.ndarray:
    """∂loss/∂x = ∂loss/∂y · clip(w, 0, 1)."""
    return unbroadcast(cotangent * np.clip(weight, 0, 1), x.shape)


def clipped_mask_gradient_weight(
    cotangent: np.ndarray, y: np.ndarray, x: np.ndarray, weight: np.ndarray
) -> np.ndarray:
    """∂loss/∂w = ∂loss/∂y · x where 0 ≤ w ≤ 1, 0 elsewhere.

    At the kinks 0 and 1 the slope of the inside is chosen: masks start at 1 and would never leave.
    """
    within = (weight >= 0) & (weight <= 1)
    return unbroadcast(cotangent * x * within, weight.shape)


clipped_mask = op(
    "clipped_mask",
    clipped_mask_definition,
    clipped_mask_forward,
    gradients={"x": clipped_mask_gradient_x, "weight": clipped_mask_gradient_weight},
    inputs={
        "x": Array("...", "batch", "units"),
        "weight": Array("...", "batch", "units", kinks=(0.0, 1.0), scales=(1e-1, 10.0)),
    },
    smooth=False,
)
