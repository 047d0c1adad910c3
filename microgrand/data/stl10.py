"""STL-10: colour photographs of ten kinds of things, from its binary files."""

from pathlib import Path

import numpy as np

from microgrand.data.archives import collect
from microgrand.data.image_set import ImageSet, make_image_set, refuse
from microgrand.training import Dataset

SIDE = 96
IMAGE = 3 * SIDE * SIDE  # bytes
FILES = {
    "train_X.bin": 5_000 * IMAGE,
    "train_y.bin": 5_000,
    "test_X.bin": 8_000 * IMAGE,
    "test_y.bin": 8_000,
}
UNLABELED = 100_000 * IMAGE  # bytes of unlabeled_X.bin, which is not read
CLASSES = ("airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck")


def load_stl10(path: Path) -> ImageSet:
    """STL-10 from the folder of its `.bin` files or from `stl10_binary.tar.gz` as it is.

    Images 96×96×3, scaled to [0, 1]: 1.4 GB in float32. Labels, 1 to 10 in the files, from 0.

    Source: A. Coates, H. Lee, A. Y. Ng (2011), An analysis of single-layer networks in
    unsupervised feature learning.

    Raises:
        UserError: if a file is missing, damaged, too large or not what its name says.
    """
    content = collect(path, FILES, UNLABELED)
    halves = []
    for half in ("train", "test"):
        x = parse(content[f"{half}_X.bin"], path / f"{half}_X.bin")
        y = np.frombuffer(content[f"{half}_y.bin"], np.uint8)
        halves.append(Dataset(x, y.astype(np.int64) - 1))
    return make_image_set("stl10", halves[0], halves[1], CLASSES, path)


def parse(content: bytes, place: object) -> np.ndarray:
    """Images (count, 96, 96, 3) of red, green and blue planes that are stored column by column.

    Raises:
        UserError: if it does not consist of whole images.
    """
    if not content or len(content) % IMAGE:
        refuse(place, f"{len(content)} bytes are not whole images of {IMAGE}: cut off?")
    return np.frombuffer(content, np.uint8).reshape(-1, 3, SIDE, SIDE).transpose(0, 3, 2, 1)
