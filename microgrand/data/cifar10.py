"""CIFAR-10: small colour photographs of ten kinds of things, from its binary version."""

from pathlib import Path

import numpy as np

from microgrand.data.archives import collect
from microgrand.data.image_set import ImageSet, make_image_set, refuse
from microgrand.training import Dataset

SIDE = 32
RECORD = 1 + 3 * SIDE * SIDE  # bytes: the label, then the red, green and blue planes, row by row
TRAIN = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
TEST = ("test_batch.bin",)
FILES = {name: 10_000 * RECORD for name in TRAIN + TEST}
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def load_cifar10(path: Path) -> ImageSet:
    """CIFAR-10 from the folder of its `.bin` files or from `cifar-10-binary.tar.gz` as it is.

    Images 32×32×3, scaled to [0, 1].

    Source: A. Krizhevsky (2009), Learning multiple layers of features from tiny images.

    Raises:
        UserError: if a file is missing, damaged, too large or not what its name says.
    """
    content = collect(path, FILES)

    def half(names: tuple[str, ...]) -> Dataset:
        parts = [parse(content[name], path / name) for name in names]
        return Dataset(
            np.concatenate([part.x for part in parts]), np.concatenate([part.y for part in parts])
        )

    return make_image_set("cifar10", half(TRAIN), half(TEST), CLASSES, path)


def parse(content: bytes, place: object) -> Dataset:
    """Images and labels of one file.

    Raises:
        UserError: if it does not consist of whole records.
    """
    if not content or len(content) % RECORD:
        refuse(place, f"{len(content)} bytes are not whole records of {RECORD}: cut off?")
    records = np.frombuffer(content, np.uint8).reshape(-1, RECORD)
    planes = records[:, 1:].reshape(-1, 3, SIDE, SIDE)
    return Dataset(planes.transpose(0, 2, 3, 1), records[:, 0])
