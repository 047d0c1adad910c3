"""STL-10: images are stored column by column, labels from 1."""

from pathlib import Path

import numpy as np
import pytest
from files import member, refused, stl10_content, write_files, write_tar

from microgrand.data.stl10 import CLASSES, load_stl10

CONTENT = stl10_content()


def test_a_pixel_is_where_the_format_says(tmp_path: Path) -> None:
    found = load_stl10(write_files(tmp_path, CONTENT))
    assert found.train.x.shape == found.test.x.shape == (2, 96, 96, 3)
    assert (found.train.x.dtype, found.train.y.dtype) == (np.float32, np.int64)
    image, row, column, colour = 1, 20, 70, 2
    byte = CONTENT["train_X.bin"][image * 27648 + colour * 9216 + column * 96 + row]
    assert found.train.x[image, row, column, colour] == np.float32(byte / 255)
    np.testing.assert_array_equal(found.train.y, [0, 9])
    assert found.classes == CLASSES
    assert (CLASSES[1], CLASSES[9], len(CLASSES)) == ("bird", "truck", 10)


def test_an_archive_is_read_as_it_is_without_its_unlabelled_images(tmp_path: Path) -> None:
    more = member("files/unlabeled_X.bin", bytes(3 << 20))
    archive = write_tar(tmp_path / "a.tar.gz", CONTENT, more, member("files/class_names.txt", b"a"))
    folder = write_files(tmp_path / "files", CONTENT)
    assert load_stl10(archive).checksum == load_stl10(folder).checksum


DAMAGE = {
    "gone": ("test_X.bin", None, "no such file"),
    "cut off": ("test_X.bin", bytes(27_647), "not whole images"),
    "labels for images": ("test_X.bin", b"\1\2", "not whole images"),
    "too large": ("test_y.bin", bytes(8_001), "more than the 8000"),
    "a label of 0": ("test_y.bin", b"\x00\x01", "from -1 to 0"),
    "a label of 11": ("test_y.bin", b"\x01\x0b", "from 0 to 10"),
    "a label too few": ("test_y.bin", b"\x01", "2 images and 1 labels"),
}


@pytest.mark.parametrize(("name", "content", "named"), DAMAGE.values(), ids=list(DAMAGE))
def test_what_is_not_stl10_is_one_line_that_names_it(
    tmp_path: Path, name: str, content: bytes | None, named: str
) -> None:
    write_files(tmp_path, CONTENT)
    (tmp_path / name).unlink()
    if content is not None:
        (tmp_path / name).write_bytes(content)
    refused(lambda: load_stl10(tmp_path), str(tmp_path), named)
