"""The six signals of a layer, and what is kept of them: moments, non-zero counts, histograms.

For each layer with a kernel: its **preactivation** (the weighted sums), its **activation** (what
the next such layer receives), the **input gradient** (what it passes to the layer before), the
**weight gradient**, the optimiser's first **moment** of it, and the **weight**s themselves. They
are taken on a tape of their own: training goes on with the same bits, watched or not.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from microgrand.layers import Sequential
from microgrand.tape import Layers, Parameters, gradient_of, leaf, value_and_grad, value_of

SIGNALS = (
    "preactivation",
    "activation",
    "input gradient",
    "weight gradient",
    "moment",
    "weight",
)


@dataclass(frozen=True)
class Summary:
    """What is kept of one array of n numbers.

    mean; std, the root of the biased variance; skewness, the mean of z³ and kurtosis, the mean of
    z⁴ minus 3 (0 for a normal), with z = (x − mean)/std, both 0 where std is 0; `nonzero`, how many
    numbers are not exactly zero; `histogram`, counts between the fixed edges, with what lies
    outside counted in the first and the last bin: it sums to n. Where training has diverged and
    left NaN or ∞, the moments are NaN and the histogram counts what is a number.
    """

    mean: float
    std: float
    skewness: float
    kurtosis: float
    nonzero: int
    histogram: np.ndarray


def summarise(values: np.ndarray, edges: np.ndarray) -> Summary:
    """Moments in float64, the non-zero count and the histogram of all numbers of an array."""
    flat = np.asarray(values, np.float64).ravel()
    if not np.isfinite(flat).all():
        flat = np.where(np.isinf(flat), np.nan, flat)
    mean = flat.mean()
    centred = flat - mean
    std = np.sqrt(np.mean(centred**2))
    # A spread at the level of rounding is none (z would be noise); an unknown one stays unknown.
    z = np.zeros_like(flat) if std <= 1e-12 * max(abs(mean), 1e-300) else centred / std
    return Summary(
        mean=float(mean),
        std=float(std),
        skewness=float(np.mean(z**3)),
        kurtosis=float(np.mean(z**4) - 3) if z.any() else 0.0,
        nonzero=int(np.count_nonzero(flat)),
        histogram=np.histogram(np.clip(flat, edges[0], edges[-1]), edges)[0],
    )


def take_signals(
    network: Sequential,
    parameters: Parameters,
    x: np.ndarray,
    y: np.ndarray,
    loss: Callable[[Any, Any], Any],
    moment: np.ndarray | None = None,
    generator: np.random.Generator | None = None,
) -> dict[str, list[np.ndarray]]:
    """The six signals, each a list with an array for every layer that has a kernel.

    Arguments:
        x, y: the batch to look at. A stack of models shares it: the first layer's input gradient
            is then the sum over the models.
        loss: of (prediction, target).
        moment: the optimiser's, `optimizer.moment(state)`; without it there is no "moment".
        generator: turns dropout on, and must not be the one training draws from.
    """
    weighted = [i for i, layer in enumerate(parameters.layers) if "kernel" in layer]
    inputs: list[Any] = []  # of every layer, and the prediction last

    def watched(layers: Layers) -> Any:
        inputs.append(leaf(x, beside=layers[weighted[0]]["kernel"]))
        inputs.extend(network.outputs(layers, inputs[0], generator))
        return loss(inputs[-1], y)

    _, gradient = value_and_grad(watched)(parameters)
    following = [*weighted[1:], len(parameters.layers)]
    signals = {
        "preactivation": [value_of(inputs[i + 1]) for i in weighted],
        "activation": [value_of(inputs[i]) for i in following],
        "input gradient": [gradient_of(inputs[i]) for i in weighted],
        "weight gradient": [gradient.layers[i]["kernel"] for i in weighted],
        "weight": [parameters.layers[i]["kernel"].copy() for i in weighted],
    }
    if moment is not None:
        moments = parameters.like(moment).layers
        signals["moment"] = [moments[i]["kernel"] for i in weighted]
    return signals
