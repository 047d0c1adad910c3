"""The noisy curve of the curve-fitting lesson: made, not downloaded."""

from dataclasses import dataclass

import numpy as np

from microgrand.training import Dataset


@dataclass(frozen=True)
class Curve:
    """f(x) = sin(Ax) · (1 − cos(Bx)) / exp(Cx): a wave of uneven height."""

    a: float
    b: float
    c: float

    @classmethod
    def draw(cls, seed: int) -> "Curve":
        """A, B ~ N(1, 0.5²) and C ~ N(0, 0.1²), as in the article. Seed 227 is hard near x = 11."""
        generator = np.random.default_rng(seed)
        return cls(generator.normal(1, 0.5), generator.normal(1, 0.5), generator.normal(0, 0.1))

    def __call__(self, x: np.ndarray) -> np.ndarray:
        return np.sin(self.a * x) * (1 - np.cos(self.b * x)) / np.exp(self.c * x)


@dataclass(frozen=True)
class CurveData:
    """Noisy samples of a curve, split in two, and how their values were scaled to [0, 1]."""

    curve: Curve
    train: Dataset
    test: Dataset
    lowest: float
    highest: float

    def truth(self, x: np.ndarray) -> np.ndarray:
        """The curve without noise, on the scale of the data."""
        return (self.curve(x) - self.lowest) / (self.highest - self.lowest)


def make_curve(
    curve: Curve,
    generator: np.random.Generator,
    points: int = 10_000,
    noise: float = 0.1,
    train_share: float = 0.7,
) -> CurveData:
    """Samples y = f(x) + N(0, noise²) at even steps of x on [0, 4π], shuffled and split.

    Arguments:
        curve: f.
        generator: draws the noise, then the split.
        points: how many.
        noise: standard deviation, before scaling.
        train_share: the share of the points to train on.

    Returns:
        float32 columns: x in its own units, y scaled to [0, 1].

    Raises:
        ValueError: if either half would be empty.
    """
    split = round(points * train_share)
    if not 0 < split < points:
        raise ValueError(f"{points} points cannot be split at a share of {train_share}")
    x = np.linspace(0, 4 * np.pi, points)
    y = curve(x) + generator.normal(0, noise, points)
    lowest, highest = float(y.min()), float(y.max())
    columns = np.stack([x, (y - lowest) / (highest - lowest)])[:, generator.permutation(points)]
    x_column, y_column = columns.astype(np.float32)[..., None]
    return CurveData(
        curve,
        Dataset(x_column[:split], y_column[:split]),
        Dataset(x_column[split:], y_column[split:]),
        lowest,
        highest,
    )
