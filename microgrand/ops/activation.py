"""Activations: what a unit makes of its weighted sum, element by element."""

from typing import Any

import autograd.numpy as anp
import numpy as np

from microgrand.op import Array, Number, op

# ------------------------------------------------------------------------------------------ ReLU


def relu_definition(x: Any) -> Any:
    """y = x where x > 0, and 0 elsewhere."""
    return anp.where(x > 0, x, 0.0)


def relu_forward(x: np.ndarray) -> np.ndarray:
    """The rectified linear unit, y = max(x, 0).

    Arguments:
        x: any shape.

    Returns:
        y, shaped like x.

    Source: Nair & Hinton (2010), Rectified linear units improve restricted Boltzmann machines.
    """
    return np.clip(x, 0, np.inf)  # np.maximum with a single zero takes three times as long


def relu_gradient(cotangent: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """∂loss/∂x = ∂loss/∂y where x > 0, and 0 elsewhere; 0 at the kink x = 0."""
    return cotangent * (x > 0)


# ------------------------------------------------------------------------------------- LeakyReLU


def leaky_relu_definition(x: Any, slope: float) -> Any:
    """y = x where x > 0, and slope · x elsewhere."""
    return anp.where(x > 0, x, slope * x)


def leaky_relu_forward(x: np.ndarray, slope: float) -> np.ndarray:
    """The leaky rectified linear unit: y = x where x > 0, and slope · x elsewhere.

    Arguments:
        x: any shape.
        slope: between 0 (ReLU) and 1 (the identity).

    Returns:
        y, shaped like x.

    Raises:
        ValueError: for another slope. Above 1, max(x, slope · x) would be another function; below 0
            the unit would not be monotone.

    Source: Maas, Hannun & Ng (2013), Rectifier nonlinearities improve neural network acoustic
    models.
    """
    if not 0 <= slope <= 1:
        raise ValueError(f"the slope of LeakyReLU lies between 0 and 1, not {slope}")
    return np.maximum(x, x * float(slope))


def leaky_relu_gradient(
    cotangent: np.ndarray, y: np.ndarray, x: np.ndarray, slope: float
) -> np.ndarray:
    """∂loss/∂x = ∂loss/∂y · (1 where x > 0, slope elsewhere); slope at the kink x = 0."""
    derivative = (x > 0) * cotangent.dtype.type(1 - slope)  # arithmetic: no branch on random signs
    derivative += slope
    derivative *= cotangent
    return derivative


# ------------------------------------------------------------------------------------------ tanh


def tanh_definition(x: Any) -> Any:
    """y = (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ), as ∓d/(2 + d) with d = e^(−2|x|) − 1: nothing overflows."""
    side = anp.where(x > 0, 1.0, -1.0)
    d = anp.expm1(-2 * side * x)
    return -side * d / (2 + d)


def tanh_forward(x: np.ndarray) -> np.ndarray:
    """The hyperbolic tangent, y = (eˣ − e⁻ˣ)/(eˣ + e⁻ˣ), between −1 and 1.

    Arguments:
        x: any shape.

    Returns:
        y, shaped like x.
    """
    return np.tanh(x)


def tanh_gradient(cotangent: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """∂loss/∂x = ∂loss/∂y · (1 − y²), as 4d/(1 + d)² with d = e^(−2|x|): nothing cancels.

    1 − y² itself loses all its digits where y rounds to ±1.
    """
    decay = np.exp(-2 * np.abs(x))
    return cotangent * (4 * decay / np.square(1 + decay))


# --------------------------------------------------------------------------------------- sigmoid


def sigmoid_definition(x: Any) -> Any:
    """y = 1 / (1 + e⁻ˣ), left of zero as eˣ / (1 + eˣ): nothing overflows."""
    decay = anp.exp(anp.where(x > 0, -x, x))
    return anp.where(x > 0, 1, decay) / (1 + decay)


def sigmoid_forward(x: np.ndarray) -> np.ndarray:
    """The logistic sigmoid, y = 1/(1 + e⁻ˣ), between 0 and 1.

    Arguments:
        x: any shape.

    Returns:
        y, shaped like x.
    """
    decay = np.exp(-np.abs(x))  # at most 1: no overflow on either side
    return np.where(x >= 0, 1, decay) / (1 + decay)


def sigmoid_gradient(cotangent: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """∂loss/∂x = ∂loss/∂y · y(1 − y), with 1 − y taken as sigmoid(−x): nothing cancels."""
    return cotangent * y * sigmoid_forward(-x)


relu = op(
    "relu",
    relu_definition,
    relu_forward,
    gradients={"x": relu_gradient},
    inputs={"x": Array("batch", "units", kinks=(0.0,))},
    smooth=False,
)
leaky_relu = op(
    "leaky_relu",
    leaky_relu_definition,
    leaky_relu_forward,
    gradients={"x": leaky_relu_gradient},
    inputs={"x": Array("batch", "units", kinks=(0.0,)), "slope": Number(0.0, 1.0)},
    smooth=False,
)
tanh = op(
    "tanh",
    tanh_definition,
    tanh_forward,
    gradients={"x": tanh_gradient},
    inputs={"x": Array("batch", "units", scales=(1e-3, 10.0))},
)
sigmoid = op(
    "sigmoid",
    sigmoid_definition,
    sigmoid_forward,
    gradients={"x": sigmoid_gradient},
    inputs={"x": Array("batch", "units", scales=(1e-3, 10.0))},
)
