"""The Keras layout: images and labels as they are, and no object, bomb or broken file."""

import io
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from files import refused
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from microgrand.data.npz import load_npz
from microgrand.settings import UserError

ARRAYS: dict[str, np.ndarray] = {
    "x_train": np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5) * 4,
    "y_train": np.array([2, 0, 1]),
    "x_test": np.full((2, 4, 5), 255, np.uint8),
    "y_test": np.array([1, 2]),
}


def write(path: Path, **changes: Any) -> Path:
    np.savez_compressed(path, **(ARRAYS | changes))
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "small.npz")


def test_images_are_scaled_and_labels_are_whole_numbers(file: Path) -> None:
    found = load_npz(file)
    assert found.name == "small"
    assert found.classes == ("0", "1", "2")
    assert found.train.x.shape == (3, 4, 5, 1)
    assert (found.train.x.dtype, found.train.y.dtype) == (np.float32, np.int64)
    np.testing.assert_array_equal(found.train.x[..., 0] * 255, ARRAYS["x_train"])
    np.testing.assert_array_equal(found.test.x, 1)
    np.testing.assert_array_equal(found.test.y, [1, 2])


@given(
    x=hnp.arrays(
        st.sampled_from([np.dtype(name) for name in ("f2", "f4", "f8", ">f8")]),
        st.sampled_from([(3, 2, 2), (3, 2, 2, 1), (3, 1, 2, 3)]),
        elements=st.floats(-100, 100, width=16),
    ),
    y=hnp.arrays(
        hnp.integer_dtypes() | hnp.unsigned_integer_dtypes(),
        st.sampled_from([(3,), (3, 1)]),
        elements=st.integers(0, 99),
    ),
)
def test_floats_stay_as_they_are(
    tmp_path_factory: pytest.TempPathFactory, x: np.ndarray, y: np.ndarray
) -> None:
    path = tmp_path_factory.mktemp("npz") / "floats.npz"
    found = load_npz(write(path, x_train=x, y_train=y, x_test=x[::-1], y_test=y))
    np.testing.assert_array_equal(found.train.x.reshape(x.shape), x)
    np.testing.assert_array_equal(found.train.y, y.ravel())
    assert found.train.x.flags.c_contiguous
    assert len(found.classes) == y.max() + 1


X, Y = ARRAYS["x_train"], ARRAYS["y_train"]
WRONG = {
    "objects": ({"y_train": np.array([0, "1", None], dtype=object)}, "y_train holds object"),
    "words": ({"y_train": np.array(["a", "b", "c"])}, "y_train holds"),
    "records": ({"y_train": np.zeros(3, [("a", "i4")])}, "y_train holds"),
    "complex": ({"x_train": X.astype(complex)}, "x_train holds"),
    "dates": ({"y_train": np.zeros(3, "datetime64[s]")}, "y_train holds"),
    "no images": ({"x_train": X[:0], "y_train": Y[:0]}, "x_train is empty"),
    "images without pixels": ({"x_train": X[:, :0]}, "x_train is empty"),
    "flat images": ({"x_train": X.reshape(3, 20)}, "(3, 20)"),
    "channels first": ({"x_train": np.zeros((3, 3, 8, 8), np.uint8)}, "(3, 3, 8, 8)"),
    "two channels": ({"x_train": np.zeros((3, 8, 8, 2), np.uint8)}, "(3, 8, 8, 2)"),
    "values of 256": ({"x_train": X.astype(int) + 256}, "outside 0 to 255"),
    "values below 0": ({"x_train": X.astype(int) - 1}, "outside 0 to 255"),
    "NaN": ({"x_train": np.full((3, 4, 5), np.nan)}, "not finite"),
    "too large for float32": ({"x_train": np.full((3, 4, 5), -1e39)}, "not finite"),
    "floats and bytes": ({"x_test": np.zeros((2, 4, 5))}, "different types"),
    "other sizes": ({"x_test": np.zeros((2, 4, 4), np.uint8)}, "(4, 5, 1)"),
    "a label too few": ({"y_train": Y[1:]}, "3 images and 2 labels"),
    "labels of floats": ({"y_train": Y / 2}, "not whole numbers"),
    "one-hot labels": ({"y_train": np.eye(3, dtype=int)}, "one label an image"),
    "a number for labels": ({"y_train": np.array(1)}, "one label an image"),
    "labels below 0": ({"y_train": Y - 1}, "from -1 to 1"),
    "labels of a million": ({"y_train": Y * 1_000_000}, "below 1000"),
    "labels beyond int64": ({"y_train": Y.astype(np.uint64) + np.uint64(2**63)}, "below 1000"),
}


@pytest.mark.parametrize(("changes", "named"), WRONG.values(), ids=list(WRONG))
def test_other_arrays_are_one_line_that_names_them(
    tmp_path: Path, changes: dict[str, Any], named: str
) -> None:
    path = write(tmp_path / "wrong.npz", **changes)
    refused(lambda: load_npz(path), "wrong.npz", named)


class Trap:
    sprung = False

    def __reduce__(self) -> Any:
        return setattr, (Trap, "sprung", True)


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    path = write(tmp_path / "trap.npz", x_train=np.array([Trap()], dtype=object))
    refused(lambda: load_npz(path), "x_train holds object")
    forged = header("|u1").replace(b"'|u1'", b"'|O' ") + b"\x80\x04K\x01."
    zipped(path, {"x_train": forged})
    refused(lambda: load_npz(path), "trap.npz")
    assert not Trap.sprung


def header(dtype: str, shape: tuple[int, ...] = (1, 1, 1)) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        file, {"descr": dtype, "fortran_order": False, "shape": shape}
    )
    return file.getvalue()


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for key, content in members.items():
            archive.writestr(f"{key}.npy", content)
    return path


FORGED = {
    "a header of petabytes": (header("|u1", (1 << 17, 1 << 17, 1 << 17)), "more than"),
    "a header of negative lengths": (header("|u1", (-2, -2, 1)) + b"1234", "damaged"),
    "one length below zero": (header("|u1", (-1, 1, 1)), "more than"),
    "more than the header says": (header("|u1") + bytes(9), "not as long"),
    "less than the header says": (header("|u1", (5, 5, 5)), "not as long"),
    "a bomb": (header("|u1") + bytes(40_000_000), "not as long"),
    "another version": (header("|u1").replace(b"\x01\x00", b"\x02\x00", 1) + b"1", "version 1.0"),
    "no header": (b"", "magic"),
    "half a magic number": (b"\x93NUM", "magic"),
    "half a header": (header("|u1")[:30], "reading array header"),
    "a header that runs": (header("|u1").replace(b"False", b"1/0  "), "damaged"),
    "a header that opens": (header("|u1").replace(b"(1, 1, 1)", b"((((((((("), "damaged"),
    "a text": (b"no array" * 20, "magic"),
}


@pytest.mark.parametrize(("content", "named"), FORGED.values(), ids=list(FORGED))
def test_a_forged_member_is_refused_before_memory_is_taken(
    tmp_path: Path, content: bytes, named: str
) -> None:
    path = zipped(tmp_path / "forged.npz", {"x_train": content})
    refused(lambda: load_npz(path), "forged.npz", named)


def rewrite(path: Path, start: int, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        file.write(content)


def drop(path: Path, key: str) -> None:
    kept: Any = {name: array for name, array in ARRAYS.items() if name != key}
    np.savez(path, **kept)


def twice(path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr("x_train.npy", b"")


DAMAGE = {
    "gone": (lambda path: path.unlink(), "no such file"),
    "a folder": (lambda path: [path.unlink(), path.mkdir()], "not a file"),
    "empty": (lambda path: path.write_bytes(b""), "not a .npz"),
    "no zip": (lambda path: path.write_bytes(b"no zip" * 99), "not a .npz"),
    "one array": (lambda path: path.write_bytes(header("|u1") + b"1"), "not a .npz"),
    "cut off": (lambda path: os.truncate(path, 300), "damaged or cut off"),
    "a member damaged": (lambda path: rewrite(path, 60, b"damaged"), "damaged"),
    "nothing in it": (lambda path: zipped(path, {}), "has no x_train"),
    "an array missing": (lambda path: drop(path, "y_test"), "has no y_test"),
    "an array twice": (twice, "x_train is in it 2 times"),
}  # fmt: skip


@pytest.mark.parametrize(("damage", "named"), DAMAGE.values(), ids=list(DAMAGE))
def test_a_damaged_file_is_one_line_that_names_it(file: Path, damage: Any, named: str) -> None:
    damage(file)
    refused(lambda: load_npz(file), "small.npz", named)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(place=st.integers(0, 10_000), byte=st.integers(0, 255), cut=st.booleans())
def test_any_change_of_a_file_is_read_or_refused(
    tmp_path: Path, place: int, byte: int, cut: bool
) -> None:
    content = bytearray(write(tmp_path / "good.npz").read_bytes())
    place %= len(content)
    content[place] = byte
    path = tmp_path / "changed.npz"
    path.write_bytes(content[: place if cut else None])
    try:
        found = load_npz(path)
    except UserError:
        return
    assert found.train.x.shape[1:] == found.test.x.shape[1:]
