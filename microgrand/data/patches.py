"""Patches: small crops of ten photographs; which photograph a crop is from is its class."""

import numpy as np

from microgrand.data.image_set import ImageSet, make_image_set
from microgrand.data.photographs import PHOTOGRAPHS, read_photograph
from microgrand.training import Dataset

SIDE = 32  # pixels of a patch
TILE = 64  # pixels of a tile; a patch lies inside one tile
STEP = 8  # pixels from one patch of a tile to the next
TRAIN, TEST = 400, 100  # patches of each photograph
JUMP = 149  # patches from one to the next; has no divisor in common with 400 and 100
FLAT = 4.0  # grey levels: a patch with less standard deviation in every channel shows nothing


def load_patches() -> ImageSet:
    """Patches 32×32×3 of ten photographs, 400 of each to train and 100 to test with; offline.

    Each photograph falls into tiles of 64×64 pixels; in each row every fourth tile, two further
    on in the next row, is a test tile. Every patch lies inside one tile, so no pixel is in both
    halves. Patches that show nothing (black margins, clear sky) are left out; of the others
    as many as are needed are taken at even distances over the photograph. Every patch is
    standardised: its mean over pixels and channels is 0, its standard deviation 1. The classes take
    turns and each jumps over its photograph, so the first part of a half is much like the whole.

    Source: `microgrand.data.photographs`.

    Raises:
        UserError: if an installed package holds other photographs.
    """
    halves: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for photograph in PHOTOGRAPHS:
        pixels = read_photograph(photograph)
        for half, is_test, count in zip(halves, (False, True), (TRAIN, TEST), strict=True):
            found = cut(pixels, is_test)
            evenly = np.linspace(0, len(found) - 1, count).round().astype(int)
            half.append(found[evenly[np.arange(count) * JUMP % count]])
    classes = [photograph.name for photograph in PHOTOGRAPHS]
    images = make_image_set(
        "patches", in_turns(halves[0]), in_turns(halves[1]), classes, "patches", white=None
    )
    standardise(images.train.x)
    standardise(images.test.x)
    return images


def corners(size: tuple[int, ...], is_test: bool) -> np.ndarray:
    """Top and left of every patch in the train or the test tiles of a photograph, (count, 2)."""
    offsets = range(0, TILE - SIDE + 1, STEP)
    return np.array(
        [
            (row * TILE + down, column * TILE + right)
            for row in range(size[0] // TILE)
            for column in range(size[1] // TILE)
            if ((column + 2 * row) % 4 == 0) == is_test
            for down in offsets
            for right in offsets
        ]
    )


def cut(pixels: np.ndarray, is_test: bool) -> np.ndarray:
    """All patches of a photograph's train or test tiles that show something."""
    windows = np.lib.stride_tricks.sliding_window_view(pixels, (SIDE, SIDE), axis=(0, 1))
    top, left = corners(pixels.shape[:2], is_test).T
    found = windows[top, left]
    channels = np.ascontiguousarray(found, np.float32).reshape(*found.shape[:2], -1)
    return found[channels.std(-1).max(1) >= FLAT].transpose(0, 2, 3, 1)


def in_turns(patches: list[np.ndarray]) -> Dataset:
    """Patches of each class, one list entry a class, as one set in which the classes take turns."""
    stacked = np.stack(patches, axis=1)
    labels = np.tile(np.arange(len(patches)), len(stacked))
    return Dataset(stacked.reshape(-1, *stacked.shape[2:]), labels)


def standardise(images: np.ndarray) -> None:
    """Make the mean of each image 0 and its standard deviation 1, in place."""
    images -= images.mean((1, 2, 3), keepdims=True)
    images /= images.std((1, 2, 3), keepdims=True)
