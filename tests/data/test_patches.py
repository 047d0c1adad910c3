"""Patches: train and test share no pixel, and every photograph has its licence and checksum."""

import hashlib
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from files import refused

from microgrand.data.image_set import ImageSet
from microgrand.data.patches import SIDE, corners, cut, load_patches
from microgrand.data.photographs import PHOTOGRAPHS, Photograph, credits, read_photograph


@pytest.fixture(scope="module")
def patches() -> ImageSet:
    return load_patches()


def test_ten_classes_of_standardised_patches_in_turns(patches: ImageSet) -> None:
    assert patches.train.x.shape == (4000, 32, 32, 3)
    assert patches.test.x.shape == (1000, 32, 32, 3)
    assert len(patches.classes) == len(set(patches.classes)) == 10
    for half in (patches.train, patches.test):
        assert (half.x.dtype, half.y.dtype) == (np.float32, np.int64)
        np.testing.assert_allclose(half.x.mean((1, 2, 3)), 0, atol=1e-5)
        np.testing.assert_allclose(half.x.std((1, 2, 3)), 1, rtol=1e-4)
        np.testing.assert_array_equal(half.y[:20], [*range(10), *range(10)])
        np.testing.assert_array_equal(np.bincount(half.y), len(half.y) // 10)


def test_a_patch_is_a_piece_of_its_photograph(patches: ImageSet) -> None:
    label = 7
    pixels = read_photograph(PHOTOGRAPHS[label]).astype(np.float32)
    first = cut(read_photograph(PHOTOGRAPHS[label]), False)[0].astype(np.float32)
    top, left = next(
        (top, left)
        for top, left in corners(pixels.shape[:2], False)
        if np.array_equal(pixels[top : top + SIDE, left : left + SIDE], first)
    )
    assert (top, left) != (0, 0)  # a black corner is not a patch
    expected = (first - first.mean()) / first.std()
    np.testing.assert_allclose(patches.train.x[label], expected, atol=1e-4)


@pytest.mark.parametrize("size", [(300, 451), (512, 512), (427, 640), (1411, 1411)])
def test_train_and_test_share_no_pixel(size: tuple[int, int]) -> None:
    seen = np.zeros((2, *size), bool)
    for half in (0, 1):
        for top, left in corners(size, bool(half)):
            assert top + SIDE <= size[0]
            assert left + SIDE <= size[1]
            seen[half, top : top + SIDE, left : left + SIDE] = True
    assert not (seen[0] & seen[1]).any()
    assert seen[1].mean() > 0.15
    assert seen[0].mean() > 0.5


def test_no_patch_is_taken_twice(patches: ImageSet) -> None:
    both = np.concatenate([patches.train.x, patches.test.x])
    assert len({image.tobytes() for image in both}) == len(both)


def test_flat_patches_are_left_out() -> None:
    flat = np.full((128, 128, 3), (200, 30, 90), np.uint8)
    assert len(cut(flat, False)) == 0
    flat[:64, 64:] = np.arange(64)[:, None, None]
    assert len(cut(flat, False)) == 25


@pytest.mark.parametrize("photograph", PHOTOGRAPHS, ids=[one.name for one in PHOTOGRAPHS])
def test_every_photograph_is_the_one_it_was_and_is_free(photograph: Photograph) -> None:
    package = find_spec(photograph.package)
    assert package is not None
    content = (Path(str(package.origin)).parent / photograph.file).read_bytes()
    assert hashlib.sha256(content).hexdigest() == photograph.sha256
    assert photograph.licence in ("CC0", "public domain", "CC BY 2.0")
    assert photograph.credit
    assert photograph.source
    pixels = read_photograph(photograph)
    assert pixels.dtype == np.uint8
    assert pixels.shape[2] == 3


def test_credits_name_all_of_them() -> None:
    for photograph, line in zip(PHOTOGRAPHS, credits(), strict=True):
        for part in (photograph.name, photograph.licence, photograph.credit, photograph.source):
            assert part in line


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"sha256": "0" * 64}, "SHA-256"),
        ({"file": "data/nothing.png"}, "no such file"),
        ({"package": "no_such_package"}, "not installed"),
        ({"file": "data/__init__.py"}, "SHA-256"),
        ({"file": "data"}, "not a file"),
    ],
)
def test_another_photograph_is_refused(changes: dict[str, str], named: str) -> None:
    refused(lambda: read_photograph(replace(PHOTOGRAPHS[0], **changes)), named)


def test_a_photograph_that_is_no_image_is_refused() -> None:
    package = find_spec("skimage")
    assert package is not None
    digest = hashlib.sha256(Path(str(package.origin)).read_bytes()).hexdigest()
    changed = replace(PHOTOGRAPHS[0], file="__init__.py", sha256=digest)
    refused(lambda: read_photograph(changed), "cannot")
