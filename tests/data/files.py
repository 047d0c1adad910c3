"""Small files in the formats of the data sets, made by the tests."""

import gzip
import io
import struct
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from microgrand.data import cifar10, mnist, stl10
from microgrand.settings import UserError

COUNTS = {"train": 6, "t10k": 4}


def refused(call: Callable[[], object], *named: str) -> None:
    """A call ends with one clear line that holds some words."""
    with pytest.raises(UserError) as error:
        call()
    message = str(error.value)
    assert message.isprintable()  # one line, and nothing that moves a terminal's cursor
    for words in named:
        assert words in message


def idx(array: np.ndarray) -> bytes:
    """An array of bytes in the IDX format, as its page describes it."""
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def write_mnist(folder: Path, pack: bool = False) -> dict[str, np.ndarray]:
    """The four files of a small MNIST, and what is in them."""
    draw = np.random.default_rng(0)
    arrays = {}
    for name in mnist.FILES:
        count = COUNTS[name.split("-")[0]]
        if "images" in name:
            arrays[name] = draw.integers(0, 256, (count, 28, 28), np.uint8)
        else:
            arrays[name] = draw.integers(0, 10, count, np.uint8)
        content = idx(arrays[name])
        path = folder / (f"{name}.gz" if pack else name)
        path.write_bytes(gzip.compress(content) if pack else content)
    return arrays


def cifar10_content() -> dict[str, bytes]:
    """The files of a small CIFAR-10: the label, then the planes; pixel = place in the record."""
    record = (np.arange(3072) % 251).astype(np.uint8).tobytes()
    return {
        name: b"".join(bytes([(number + one) % 10]) + record for one in range(2))
        for number, name in enumerate(cifar10.FILES)
    }


def stl10_content() -> dict[str, bytes]:
    """The files of a small STL-10: random images, the labels 1 and 10."""
    images = np.random.default_rng(0).integers(0, 256, (2, 3, 96, 96), np.uint8).tobytes()
    return {name: images if "X" in name else bytes([1, 10]) for name in stl10.FILES}


def write_files(folder: Path, content: dict[str, bytes]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, part in content.items():
        (folder / name).write_bytes(part)
    return folder


def member(name: str, content: bytes = b"", **changes: object) -> tuple[tarfile.TarInfo, bytes]:
    """A member of an archive; `changes` make it hostile."""
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    for key, value in changes.items():
        setattr(entry, key, value)
    return entry, content


def write_tar(
    path: Path, content: dict[str, bytes], *more: tuple[tarfile.TarInfo, bytes], mode: str = "w:gz"
) -> Path:
    """The files in a folder of an archive, and further members after them."""
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        folder = tarfile.TarInfo("files")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, part in content.items():
            archive.addfile(*stream(member(f"files/{name}", part)))
        for one in more:
            archive.addfile(*stream(one))
    return path


def stream(one: tuple[tarfile.TarInfo, bytes]) -> tuple[tarfile.TarInfo, io.BytesIO]:
    return one[0], io.BytesIO(one[1])
