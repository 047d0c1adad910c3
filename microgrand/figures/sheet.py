"""A sheet of samples: a row of images for each class."""

from typing import Any

import numpy as np

from microgrand.figures.still import new_figure

MOST_CLASSES = 20
SPREAD = 2.5  # standard deviations from black to grey and from grey to white


def as_picture(images: np.ndarray, standardised: bool) -> np.ndarray:
    """Images on a scale from 0 to 1; standardised ones are shown up to ±2.5 standard deviations."""
    return np.clip((images / SPREAD + 1) / 2 if standardised else images, 0, 1)


def draw_sheet(images: np.ndarray, labels: np.ndarray, classes: tuple[str, ...], count: int) -> Any:
    """The first images of each class, one row a class.

    Arguments:
        images: (count, height, width, 1 or 3).
        labels: (count,), whole numbers from 0.
        classes: the names of the labels; of many, 20 are drawn.
        count: images a row.

    Returns:
        A matplotlib figure.
    """
    shown = classes[:MOST_CLASSES]
    _, height, width, _ = images.shape
    standardised = bool(images.size and (images.min() < 0 or images.max() > 1))
    rows = []
    for label in range(len(shown)):
        row = np.zeros((count, height + 2, width + 2, 4))  # the margin is transparent
        found = as_picture(images[np.flatnonzero(labels == label)[:count]], standardised)
        row[: len(found), 1:-1, 1:-1, :3] = found
        row[: len(found), 1:-1, 1:-1, 3] = 1
        rows.append(row.swapaxes(0, 1).reshape(height + 2, -1, 4))
    picture = np.concatenate(rows)
    inches = min(8.0, 80 * picture.shape[1] / len(picture))  # a sheet of towers is narrower
    figure, axes = new_figure(width=inches, height=inches * len(picture) / picture.shape[1] + 0.1)
    axes.imshow(picture, interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks((np.arange(len(shown)) + 0.5) * (height + 2), shown)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure
