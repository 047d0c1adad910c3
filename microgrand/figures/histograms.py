"""Histograms of a signal in every layer, played over training."""

from collections.abc import Sequence

import numpy as np

from microgrand.figures.animation import Animation, Panel, Series


def histogram_animation(
    counts: np.ndarray,
    ranges: np.ndarray,
    frames: Sequence[str],
    *,
    title: str,
    alt: str,
    x_label: str,
    columns: int = 3,
) -> Animation:
    """A panel a layer, a frame an epoch.

    Bars are shares of all numbers of the layer, in percent. The highest bar of all epochs fills the
    panel; a spike at zero is the answer to many a question, and is not cut off.

    Arguments:
        counts: (frames, layers, bins), as `Recorder` in [`signals`][microgrand.signals] keeps them.
        ranges: (layers,): a histogram goes from −range to +range.
        frames: what stands above each frame: the epoch, the accuracy.
        title, alt, x_label: of the figure; `alt` says in words what is to be seen.
        columns: panels side by side.
    """
    totals = np.maximum(counts.sum(axis=-1, keepdims=True, dtype=np.float64), 1)
    shares = 100 * counts / totals
    panels = []
    for layer, reach in enumerate(ranges):
        edges = np.linspace(-reach, reach, counts.shape[-1] + 1)
        highest = float(shares[:, layer].max()) or 1.0
        panels.append(
            Panel(
                f"layer {layer + 1}",
                (Series("bars", x_label, edges, shares[:, layer]),),
                x_label,
                "% of numbers",
                (-float(reach), float(reach)),
                (0.0, 1.05 * highest),
            )
        )
    return Animation(title, alt, tuple(frames), tuple(panels), columns)
