"""Shake-shake: two branches mixed by chance, and by another chance on the way back."""

from typing import Any

import numpy as np

from microgrand.op import Array, op, unbroadcast


def shake_shake_definition(x: Any, held: Any, forward: Any, backward: Any) -> Any:
    """y = βx₁ + (1 − β)x₂ + (α − β)(h₁ − h₂), with α `forward`, β `backward` and h `held`."""
    mixed = backward * x[..., 0, :] + (1 - backward) * x[..., 1, :]
    return mixed + (forward - backward) * (held[..., 0, :] - held[..., 1, :])


def shake_shake_forward(
    x: np.ndarray, held: np.ndarray, forward: np.ndarray, backward: np.ndarray
) -> np.ndarray:
    """Two branches, mixed by α and differentiated as if by β.

        y = βx₁ + (1 − β)x₂ + (α − β)(h₁ − h₂)

    Given h = x, as the layer gives it, the value is αx₁ + (1 − α)x₂. But h is a constant: it holds
    the present values and does not move with x. So the gradient is that of βx₁ + (1 − β)x₂, and it
    is the true gradient of this function, which meets the α-mixture at h and turns away from it.

    Arguments:
        x: the branches, shape (..., batch, 2, units); images are (..., height, width, 2, channels).
        held: h, the same shape.
        forward, backward: α and β, shapes that broadcast against one branch: (..., batch, 1).

    Returns:
        y, shape (..., batch, units).

    Raises:
        ValueError: if there are not two branches.

    Source: Gastaldi (2017), Shake-shake regularization, arXiv:1705.07485, section 1.2.
    """
    if x.shape[-2] != 2:
        raise ValueError(f"shake-shake mixes two branches, not {x.shape[-2]}")
    mixed = x[..., 1, :] + backward * (x[..., 0, :] - x[..., 1, :])
    return mixed + (forward - backward) * (held[..., 0, :] - held[..., 1, :])


def shake_shake_gradient(
    cotangent: np.ndarray,
    y: np.ndarray,
    x: np.ndarray,
    held: np.ndarray,
    forward: np.ndarray,
    backward: np.ndarray,
) -> np.ndarray:
    """∂loss/∂x₁ = β · ∂loss/∂y and ∂loss/∂x₂ = (1 − β) · ∂loss/∂y; α is not in it."""
    one = backward * cotangent
    return unbroadcast(np.stack([one, cotangent - one], axis=-2), x.shape)


shake_shake = op(
    "shake_shake",
    shake_shake_definition,
    shake_shake_forward,
    gradients={"x": shake_shake_gradient},
    inputs={
        "x": Array("...", "batch", "branches", "units", sizes={"branches": (2, 2)}),
        "held": Array("batch", "branches", "units", sizes={"branches": (2, 2)}),
        "forward": Array("batch", "one", scales=(0.1, 2.0), sizes={"one": (1, 1)}),
        "backward": Array("batch", "one", scales=(0.1, 2.0), sizes={"one": (1, 1)}),
    },
)
