"""MNIST: handwritten digits in four IDX files, gzipped or not."""

import math
from pathlib import Path

import numpy as np

from microgrand.data.image_set import ImageSet, make_image_set, refuse
from microgrand.data.reading import read
from microgrand.training import Dataset

SIDE = 28
MOST_IMAGES = 60_000
HEADER = 4  # bytes: two zeros, the type of the values (8: unsigned bytes), the number of axes
FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


def parse_idx(content: bytes, axes: int, place: object) -> np.ndarray:
    """An array of bytes in the IDX format: magic number, a length an axis (32 bit, big end), data.

    Raises:
        UserError: if the magic number is another or there are not as many bytes as it says.
    """
    magic = bytes([0, 0, 8, axes])
    start = HEADER + 4 * axes
    if content[:HEADER] != magic:
        found = content[:HEADER].hex()
        refuse(place, f"its magic number is {found}, not {magic.hex()}: another kind of file")
    if len(content) < start:
        refuse(place, "cut off in its header")
    shape = [int(length) for length in np.frombuffer(content, ">u4", axes, HEADER)]
    if len(content) - start != math.prod(shape):
        refuse(place, f"{len(content) - start} bytes do not make {'×'.join(map(str, shape))}")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def find(folder: Path, name: str) -> Path:
    """The file of that name: gzipped or not; some tools write `.idx` for `-idx`.

    Raises:
        UserError: if none is there.
    """
    dotted = name.replace("-idx", ".idx")
    spellings = (name, f"{name}.gz", dotted, f"{dotted}.gz")
    found = [folder / spelling for spelling in spellings if (folder / spelling).exists()]
    return found[0] if found else refuse(folder, f"{name} is missing (or {name}.gz)")


def load_mnist(folder: Path) -> ImageSet:
    """MNIST from the folder of its files: images 28×28×1, from 0 (paper) to 1 (ink).

    Source: Y. LeCun, C. Cortes, C. Burges, The MNIST database of handwritten digits (1998).

    Raises:
        UserError: if a file is missing, damaged, too large or not what its name says.
    """
    if not folder.is_dir():
        refuse(folder, "an archive: unpack it, and give the folder of the four files of MNIST")
    halves = []
    for images_name, labels_name in (FILES[:2], FILES[2:]):
        images_path, labels_path = find(folder, images_name), find(folder, labels_name)
        x = parse_idx(read(images_path, 16 + MOST_IMAGES * SIDE * SIDE), 3, images_path)
        y = parse_idx(read(labels_path, 8 + MOST_IMAGES), 1, labels_path)
        if x.shape[1:] != (SIDE, SIDE):
            refuse(images_path, f"images of {x.shape[1:]}, not {(SIDE, SIDE)}")
        halves.append(Dataset(x[..., None], y))
    return make_image_set("mnist", halves[0], halves[1], "0123456789", folder)
