"""Image sets in the Keras layout: a `.npz` of x_train, y_train, x_test and y_test."""

import math
import zipfile
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

from microgrand.data.image_set import MOST_VALUES, ImageSet, make_image_set, refuse
from microgrand.data.reading import opened
from microgrand.training import Dataset

ZIP = b"PK"  # what a zip archive begins with
KEYS = ("x_train", "y_train", "x_test", "y_test")
MOST_CLASSES = 1000
CHANNELS = (1, 3)
LARGEST = float(np.finfo(np.float32).max)


def load_npz(path: Path) -> ImageSet:
    """An image set in the Keras layout.

    Arguments:
        path: of a `.npz` with images x (count, height, width) or (count, height, width, 1 or 3),
            whole numbers from 0 to 255 (scaled to [0, 1]) or floats (left as they are), and
            labels y (count,) or (count, 1), whole numbers from 0.

    Raises:
        UserError: if the file is damaged, too large, or holds anything else under these names.
    """
    with opened(path) as file:
        if not zipfile.is_zipfile(file):
            file.seek(0)
            cut_off = file.read(len(ZIP)) == ZIP  # the table of its contents stands at the end
            refuse(path, "damaged or cut off" if cut_off else "not a .npz file")
        with zipfile.ZipFile(file) as archive:
            left = MOST_VALUES
            arrays = {}
            for key in KEYS:
                arrays[key] = read_member(archive, key, left, path)
                left -= arrays[key].size
    for key, array in arrays.items():
        if wrong := wrong_images(array) if key[0] == "x" else wrong_labels(array):
            refuse(path, f"{key} {wrong}")
    white = None if arrays["x_train"].dtype.kind == "f" else 255.0
    if arrays["x_train"].dtype != arrays["x_test"].dtype:
        refuse(path, "x_train and x_test are of different types")
    halves = [
        Dataset(as_nhwc(arrays[f"x_{half}"]), arrays[f"y_{half}"].reshape(-1))
        for half in ("train", "test")
    ]
    highest = max(int(half.y.max(initial=0)) for half in halves)
    if highest >= MOST_CLASSES:
        refuse(path, f"a label of {highest}: labels must be below {MOST_CLASSES}")
    classes = [str(label) for label in range(highest + 1)]
    return make_image_set(path.stem, halves[0], halves[1], classes, path, white)


def read_member(archive: zipfile.ZipFile, key: str, most: int, path: Path) -> np.ndarray:
    """An array of the archive, its size and type known to be harmless before memory is taken.

    Raises:
        UserError: if it is missing, or not an array of plain numbers.
        ValueError: if it is too large or damaged.
    """
    names = [entry for entry in archive.infolist() if entry.filename == f"{key}.npy"]
    if not names:
        refuse(path, f"has no {key}; an image set has {', '.join(KEYS)}")
    if len(names) > 1:
        raise ValueError(f"{key} is in it {len(names)} times")
    with archive.open(names[0]) as member:
        if npy.read_magic(member) != (1, 0):  # later ones allow headers of gigabytes
            raise ValueError(f"{key} is not in version 1.0 of the format")
        shape, _, dtype = npy.read_array_header_1_0(member)
        if dtype.kind not in "uif":
            refuse(path, f"{key} holds {dtype}, not plain numbers")
        size = math.prod(shape)
        if not 0 <= size <= most:
            raise ValueError(f"{key} has {size} values, more than the {most} it may have")
        if member.tell() + size * dtype.itemsize != names[0].file_size:
            raise ValueError(f"{key} is not as long as its header says")
    with archive.open(names[0]) as member:
        return npy.read_array(member, allow_pickle=False)


def wrong_images(x: np.ndarray) -> str:
    """What keeps an array from being images; empty if nothing does."""
    if x.ndim not in (3, 4) or (x.ndim == 4 and x.shape[3] not in CHANNELS):
        return f"of shape {x.shape} is not images (count, height, width, 1 or 3)"
    if not x.size:
        return "is empty"
    if x.dtype.kind == "f":
        largest = float(np.abs(x).max())
        return "" if largest <= LARGEST else "holds values that are not finite in float32"
    return "" if x.min() >= 0 and x.max() <= 255 else "holds values outside 0 to 255"


def wrong_labels(y: np.ndarray) -> str:
    """What keeps an array from being labels; empty if nothing does."""
    if y.shape not in ((y.size,), (y.size, 1)):
        return f"of shape {y.shape} is not one label an image"
    return f"holds {y.dtype}, not whole numbers" if y.dtype.kind == "f" else ""


def as_nhwc(x: np.ndarray) -> np.ndarray:
    """Images (count, height, width, channel), whether or not they came with a channel axis."""
    return x if x.ndim == 4 else x[..., None]
