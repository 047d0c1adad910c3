"""Loading by name or path: the kind of a file is told by what is in it."""

import gzip
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from files import cifar10_content, member, refused, stl10_content, write_files, write_mnist
from files import write_tar as tar

from microgrand.data.catalog import CATALOG, load, load_once, place
from microgrand.data.mnist import FILES, load_mnist


def mnist_folder(path: Path) -> Path:
    path.mkdir()
    write_mnist(path, pack=True)
    (path / "notes.txt").write_text("mine")
    return path


def npz(path: Path) -> Path:
    path = path.with_suffix(".npz")
    x, y = np.zeros((2, 4, 4), np.uint8), np.arange(2)
    np.savez(path, x_train=x, y_train=y, x_test=x, y_test=y)
    return path


KINDS: dict[str, tuple[Any, str]] = {
    "folder of IDX files": (mnist_folder, "mnist"),
    "folder of CIFAR-10": (lambda path: write_files(path, cifar10_content()), "cifar10"),
    "archive of CIFAR-10": (lambda path: tar(path, cifar10_content()), "cifar10"),
    "unpacked archive": (lambda path: tar(path, cifar10_content(), mode="w"), "cifar10"),
    "folder of STL-10": (lambda path: write_files(path, stl10_content()), "stl10"),
    "archive of STL-10": (lambda path: tar(path, stl10_content()), "stl10"),
    "npz": (npz, "here"),
}


@pytest.mark.parametrize(("make", "name"), KINDS.values(), ids=list(KINDS))
def test_what_a_path_holds_is_told_by_what_is_in_it(tmp_path: Path, make: Any, name: str) -> None:
    assert load(str(make(tmp_path / "here"))).name == name


@pytest.mark.parametrize("name", ["digits", "patches"])
def test_offline_sets_have_their_names(name: str) -> None:
    assert load(name).name == name
    assert not CATALOG[name].files


def test_a_name_wins_over_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path / "digits", cifar10_content())
    assert load("digits").name == "digits"
    assert load("./digits").name == "cifar10"


UNKNOWN: dict[str, tuple[Any, str]] = {
    "nothing": (lambda path: None, "neither a data set (digits, patches"),
    "an empty folder": (lambda path: path.mkdir(), "holds no MNIST"),
    "a folder of something else": (lambda path: write_files(path, {"a.txt": b"a"}), "holds no"),
    "an archive of something else": (lambda path: tar(path, {"a.txt": b"a"}), "holds no"),
    "an archive of MNIST": (lambda path: tar(path, dict.fromkeys(FILES, b"")), "unpack it"),
    "an empty file": (lambda path: path.write_bytes(b""), "neither a .npz"),
    "a text": (lambda path: path.write_text("a text" * 300), "neither a .npz"),
    "one file of MNIST": (
        lambda path: path.write_bytes(gzip.compress(b"\0\0\x08\x03" + bytes(3000))),
        "give the folder",
    ),
    "a pipe": (os.mkfifo, "not a file"),
    "a link to itself": (lambda path: path.symlink_to(path), "neither"),
    "a hostile archive": (lambda path: tar(path, {}, member("/data_batch_1.bin")), "outside"),
}


@pytest.mark.parametrize(("make", "named"), UNKNOWN.values(), ids=list(UNKNOWN))
def test_what_is_no_data_set_is_one_line(tmp_path: Path, make: Any, named: str) -> None:
    make(tmp_path / "here")
    refused(lambda: load(str(tmp_path / "here")), "here", named)


def test_loaded_once_it_is_kept_and_nobody_may_change_it(tmp_path: Path) -> None:
    source = str(npz(tmp_path / "here"))
    images = load_once(source)
    assert load_once(source) is images
    with pytest.raises(ValueError, match="read-only"):
        images.train.x[0] = 1


def test_the_first_images_of_each_half(tmp_path: Path) -> None:
    images = load("digits")
    some = images.first(train=10, test=10**6)
    assert len(some.train.x) == len(some.train.y) == 10
    assert np.array_equal(some.train.x, images.train.x[:10])
    assert len(some.test.x) == len(images.test.x)
    assert some.checksum == images.checksum


def test_a_set_of_several_files_is_here_when_all_of_them_are(tmp_path: Path) -> None:
    folder = tmp_path / "mnist"
    folder.mkdir()
    write_mnist(folder, pack=True)
    assert place("mnist", tmp_path) == folder
    assert load("mnist", tmp_path).checksum == load_mnist(folder).checksum
    (folder / "t10k-labels-idx1-ubyte.gz").unlink()
    assert place("mnist", tmp_path) is None
    refused(lambda: load("mnist", tmp_path), "microgrand data fetch mnist")
