"""CIFAR-10: planes become pixels, from a folder or an archive; hostile archives are refused."""

import gzip
import os
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from files import cifar10_content, member, refused, write_files, write_tar
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from microgrand.data.archives import SLACK
from microgrand.data.cifar10 import CLASSES, FILES, load_cifar10
from microgrand.settings import UserError

CONTENT = cifar10_content()


def test_a_pixel_is_where_the_format_says(tmp_path: Path) -> None:
    found = load_cifar10(write_files(tmp_path, CONTENT))
    assert found.train.x.shape == (10, 32, 32, 3)
    assert found.test.x.shape == (2, 32, 32, 3)
    assert (found.train.x.dtype, found.train.y.dtype) == (np.float32, np.int64)
    row, column, colour = 5, 7, 2
    byte = (colour * 1024 + row * 32 + column) % 251
    np.testing.assert_array_equal(found.train.x[:, row, column, colour], np.float32(byte / 255))
    np.testing.assert_array_equal(found.train.y, [0, 1, 1, 2, 2, 3, 3, 4, 4, 5])
    np.testing.assert_array_equal(found.test.y, [5, 6])
    assert found.classes == CLASSES
    assert (CLASSES[3], CLASSES[9], len(CLASSES)) == ("cat", "truck", 10)


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_an_archive_is_read_as_it_is(tmp_path: Path, mode: str) -> None:
    archive = write_tar(tmp_path / "a", CONTENT, member("files/readme.html", b"hello"), mode=mode)
    folder = write_files(tmp_path / "files", CONTENT)
    assert load_cifar10(archive).checksum == load_cifar10(folder).checksum
    assert {path.name for path in tmp_path.iterdir()} == {"a", "files"}


DAMAGE = {
    "gone": (lambda path: path.unlink(), "no such file"),
    "empty": (lambda path: path.write_bytes(b""), "empty"),
    "cut off": (lambda path: os.truncate(path, 5000), "not whole records"),
    "too large": (lambda path: os.truncate(path, 30_730_001), "more than the 30730000"),
    "a label of 200": (lambda path: path.write_bytes(b"\xc8" + bytes(3072)), "from 0 to 9"),
}


@pytest.mark.parametrize(("damage", "named"), DAMAGE.values(), ids=list(DAMAGE))
def test_what_is_not_cifar10_is_one_line_that_names_it(
    tmp_path: Path, damage: Any, named: str
) -> None:
    write_files(tmp_path, CONTENT)
    damage(tmp_path / "data_batch_2.bin")
    refused(lambda: load_cifar10(tmp_path), str(tmp_path), named)


HOSTILE = {
    "absolute path": member("/etc/evil", b"x"),
    "path upwards": member("../evil", b"x"),
    "path upwards inside": member("files/../../evil", b"x"),
    "path of another system": member("..\\evil", b"x"),
    "symbolic link": member("evil", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
    "hard link": member("evil", type=tarfile.LNKTYPE, linkname="files/data_batch_1.bin"),
    "character device": member("evil", type=tarfile.CHRTYPE),
    "block device": member("evil", type=tarfile.BLKTYPE),
    "pipe": member("evil", type=tarfile.FIFOTYPE),
    "the same file again": member("other/data_batch_1.bin", CONTENT["data_batch_1.bin"]),
    "a name that breaks the line": member("evil\n\x1b[31m", type=tarfile.FIFOTYPE),
    "too much": member("evil", bytes(7 * 30_730_000)),
    "a headline too long": member("evil" * SLACK, b"x"),
    "a file that is too large": member("files/more", bytes(3 * SLACK)),
}


@pytest.mark.parametrize("evil", HOSTILE.values(), ids=list(HOSTILE))
def test_a_hostile_archive_is_one_line_and_leaves_nothing(tmp_path: Path, evil: Any) -> None:
    large = {name: bytes(FILES[name]) for name in FILES} if evil[0].name == "files/more" else {}
    archive = write_tar(tmp_path / "a.tar.gz", CONTENT | large, evil)
    refused(lambda: load_cifar10(archive), "a.tar.gz")
    assert [path.name for path in tmp_path.iterdir()] == ["a.tar.gz"]


def test_a_million_members_are_a_bomb(tmp_path: Path) -> None:
    block = tarfile.TarInfo("file").tobuf()
    (tmp_path / "bomb").write_bytes(gzip.compress(block * 5000, 1))
    refused(lambda: load_cifar10(tmp_path / "bomb"), "unpacks to far more")


def test_what_comes_after_the_end_is_bounded(tmp_path: Path) -> None:
    archive = write_tar(tmp_path / "a", CONTENT, mode="w")
    archive.write_bytes(gzip.compress(archive.read_bytes() + bytes(2 * SLACK)))
    refused(lambda: load_cifar10(archive), "unpacks to far more")


def write_negative(path: Path) -> None:
    entry = tarfile.TarInfo("negative")
    entry.size = -1024
    path.write_bytes(entry.tobuf() + bytes(1024))  # what tarfile itself refuses to write


DAMAGED = {
    "no archive": lambda path: path.write_bytes(b"no archive" * 200),
    "empty": lambda path: path.write_bytes(b""),
    "a folder that is none": lambda path: path.unlink(),
    "gzip of no archive": lambda path: path.write_bytes(gzip.compress(b"nothing" * 500)),
    "cut off": lambda path: os.truncate(path, path.stat().st_size // 2),
    "without its end": lambda path: os.truncate(path, path.stat().st_size - 4),
    "its checksum is wrong": lambda path: path.write_bytes(path.read_bytes()[:-8] + b"12345678"),
    "a file is missing": lambda path: write_tar(path, {"data_batch_1.bin": bytes(3073)}),
    "a negative size": write_negative,
    "too large a file": lambda path: write_tar(
        path, CONTENT | {"data_batch_1.bin": bytes(30_730_001)}
    ),
}


@pytest.mark.parametrize("damage", DAMAGED.values(), ids=list(DAMAGED))
def test_a_damaged_archive_is_one_line(tmp_path: Path, damage: Any) -> None:
    archive = write_tar(tmp_path / "a.tar.gz", CONTENT)
    damage(archive)
    refused(lambda: load_cifar10(archive), "a.tar.gz")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(
    block=st.integers(0, 8), place=st.integers(0, 511), bytes_=st.binary(min_size=1, max_size=12)
)
def test_any_change_of_a_header_is_read_or_refused(
    tmp_path: Path, block: int, place: int, bytes_: bytes
) -> None:
    small = {name: part[: 3073 if name in FILES else None] for name, part in CONTENT.items()}
    content = bytearray(write_tar(tmp_path / "good", small, mode="w").read_bytes())
    header = tarfile.BLOCKSIZE * (0 if block == 0 else 1 + 8 * (block - 1))  # each file: 1 + 7
    changed = content[header : header + 512]
    changed[place : place + len(bytes_)] = bytes_
    changed = changed[:512]
    changed[148:156] = b"%06o\0 " % (sum(changed[:148]) + sum(changed[156:]) + 256)  # its checksum
    content[header : header + 512] = changed
    path = tmp_path / "changed"
    path.write_bytes(content)
    try:
        found = load_cifar10(path)
    except UserError:
        return
    assert len(found.train.x) == 5
