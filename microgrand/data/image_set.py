"""A set of labelled images as networks take them, and the checks every set has to pass."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

import numpy as np

from microgrand.records import checksum
from microgrand.settings import UserError
from microgrand.training import Dataset

#: Values of all images together: 2 GiB as float32; STL-10, the largest set here, has 360 million.
MOST_VALUES = 1 << 29


@dataclass(frozen=True)
class ImageSet:
    """Images x, float32 (count, height, width, channel), and labels y, int64 (count,) from 0.

    `classes` names the labels. `checksum` is the SHA-256 over the images and labels as they were
    read, before they were scaled: it says which data a result comes from, on any machine.
    """

    name: str
    train: Dataset
    test: Dataset
    classes: tuple[str, ...]
    checksum: str

    def first(self, train: int, test: int) -> "ImageSet":
        """The first images of each half, at most so many."""
        return replace(
            self,
            train=Dataset(self.train.x[:train], self.train.y[:train]),
            test=Dataset(self.test.x[:test], self.test.y[:test]),
        )


def refuse(place: object, wrong: str) -> NoReturn:
    """One line that says where and what is wrong.

    Raises:
        UserError: always.
    """
    line = " ".join(f"{place}: {wrong}".split())
    raise UserError("".join(letter if letter.isprintable() else "?" for letter in line))


def make_image_set(
    name: str,
    train: Dataset,
    test: Dataset,
    classes: Sequence[str],
    place: object,
    white: float | None = 255.0,
) -> ImageSet:
    """Check images and labels as they were read, and scale the images to [0, 1].

    Arguments:
        name: of the set.
        train, test: images (count, height, width, channel) and integer labels (count,) from 0.
        classes: a name for each label.
        place: the file or folder they come from, for messages.
        white: the value that becomes 1; None leaves the images as they are.

    Raises:
        UserError: if a half is empty, images and labels do not fit, or a label has no class.
    """
    for half, (x, y) in {"train": train, "test": test}.items():
        if not len(x) or len(x) != len(y):
            refuse(place, f"{len(x)} images and {len(y)} labels to {half} with do not fit")
        if y.min() < 0 or y.max() >= len(classes):
            found = f"labels from {y.min()} to {y.max()}"
            refuse(place, f"{found} to {half} with; they must be from 0 to {len(classes) - 1}")
    if train.x.shape[1:] != test.x.shape[1:]:
        refuse(place, f"images of {train.x.shape[1:]} to train and {test.x.shape[1:]} to test with")
    halves = [
        Dataset(scaled(half.x, white), np.ascontiguousarray(half.y, np.int64))
        for half in (train, test)
    ]
    return ImageSet(name, halves[0], halves[1], tuple(classes), checksum(*train, *test))


def scaled(images: np.ndarray, white: float | None) -> np.ndarray:
    """Images divided by what is white, as contiguous float32."""
    if white is None:
        return np.ascontiguousarray(images, np.float32)
    return np.divide(images, np.float32(white), dtype=np.float32, order="C")
