"""MNIST: what the IDX files hold comes out, and nothing else gets in."""

import gzip
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from files import idx, refused, write_mnist
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from microgrand.data.mnist import FILES, MOST_IMAGES, load_mnist, parse_idx
from microgrand.settings import UserError


@pytest.mark.parametrize("pack", [False, True])
def test_images_and_labels_are_those_of_the_files(tmp_path: Path, pack: bool) -> None:
    arrays = write_mnist(tmp_path, pack)
    found = load_mnist(tmp_path)
    for half, names in ((found.train, FILES[:2]), (found.test, FILES[2:])):
        assert (half.x.dtype, half.y.dtype) == (np.float32, np.int64)
        np.testing.assert_array_equal(half.x[..., 0] * 255, arrays[names[0]])
        np.testing.assert_array_equal(half.y, arrays[names[1]])
    assert found.train.x.shape == (6, 28, 28, 1)
    assert found.train.x.max() == 1
    assert found.classes == tuple("0123456789")


def test_packed_or_not_and_whatever_the_spelling_the_checksum_is_the_same(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in "abcd"]
    for folder in folders:
        folder.mkdir()
        write_mnist(folder, pack=folder.name in "ad")
    for path in (path for folder in folders[2:] for path in [*folder.iterdir()]):
        path.rename(path.with_name(path.name.replace("-idx", ".idx")))
    assert len({load_mnist(folder).checksum for folder in folders}) == 1
    labels = folders[1] / FILES[1]
    labels.write_bytes(labels.read_bytes()[:-1] + b"\x00")
    assert load_mnist(folders[0]).checksum != load_mnist(folders[1]).checksum


def swap(one: Path, other: Path) -> None:
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)


def make_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def flip(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 0x80
    path.write_bytes(content)


IMAGES, LABELS = FILES[:2]
DAMAGE = {
    "gone": (lambda folder: (folder / IMAGES).unlink(), "missing"),
    "empty": (lambda folder: (folder / IMAGES).write_bytes(b""), "empty"),
    "cut off": (lambda folder: os.truncate(folder / IMAGES, 5000), "4984 bytes do not make"),
    "cut off in its header": (lambda folder: os.truncate(folder / IMAGES, 9), "header"),
    "longer": (lambda folder: os.truncate(folder / IMAGES, 9000), "do not make"),
    "another magic number": (lambda folder: flip(folder / IMAGES, 0), "80000803, not 00000803"),
    "another type": (lambda folder: flip(folder / IMAGES, 2), "magic"),
    "millions of images": (lambda folder: flip(folder / IMAGES, 4), "do not make 2147483654×28×28"),
    "labels for images": (lambda folder: swap(folder / LABELS, folder / IMAGES), "magic"),
    "labels of the test set": (lambda folder: swap(folder / FILES[3], folder / LABELS),
                               "6 images and 4 labels"),
    "a label of 137": (lambda folder: flip(folder / LABELS, 10), "must be from 0 to 9"),
    "other images": (lambda folder: (folder / IMAGES).write_bytes(idx(np.zeros((6, 8, 8), "u1"))),
                     "(8, 8), not (28, 28)"),
    "no images": (lambda folder: [(folder / name).write_bytes(idx(np.zeros(shape, "u1")))
                                  for name, shape in ((IMAGES, (0, 28, 28)), (LABELS, (0,)))],
                  "0 images"),
    "too large": (lambda folder: (folder / LABELS).write_bytes(bytes(MOST_IMAGES + 9)),
                  "more than"),
    "a folder": (lambda folder: [(folder / IMAGES).unlink(), (folder / IMAGES).mkdir()], "no"),
    "a pipe": (lambda folder: make_pipe(folder / IMAGES),
               "not a file"),
    "a device": (lambda folder: [(folder / IMAGES).unlink(),
                                 (folder / IMAGES).symlink_to("/dev/zero")], "not a file"),
    "a bomb": (lambda folder: (folder / IMAGES).write_bytes(gzip.compress(bytes(50_000_000), 1)),
               "more than"),
    "gzip of nothing": (lambda folder: (folder / IMAGES).write_bytes(gzip.compress(b"")), "empty"),
    "gzip cut off": (lambda folder: (folder / IMAGES).write_bytes(
        gzip.compress(np.random.default_rng(0).bytes(9000))[:4000]), "damaged or cut off"),
    "gzip damaged": (lambda folder: (folder / IMAGES).write_bytes(
        gzip.compress(bytes(range(256)))[:-6] + b"123456"), "CRC"),
}  # fmt: skip


@pytest.mark.parametrize(("damage", "named"), DAMAGE.values(), ids=list(DAMAGE))
def test_what_is_not_mnist_is_one_line_that_names_it(
    tmp_path: Path, damage: Any, named: str
) -> None:
    write_mnist(tmp_path)
    damage(tmp_path)
    refused(lambda: load_mnist(tmp_path), str(tmp_path), named)


@given(content=st.binary(max_size=40), axes=st.sampled_from([1, 3]), magic=st.booleans())
def test_bytes_are_an_array_or_refused(content: bytes, axes: int, magic: bool) -> None:
    content = bytes([0, 0, 8, axes]) * magic + content
    try:
        array = parse_idx(content, axes, "here")
    except UserError:
        return
    assert idx(array) == content


@given(array=hnp.arrays(np.uint8, hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=5)))
def test_an_array_comes_back_from_its_bytes(array: np.ndarray) -> None:
    found = parse_idx(idx(array), array.ndim, "here")
    assert found.shape == array.shape
    np.testing.assert_array_equal(found, array)
