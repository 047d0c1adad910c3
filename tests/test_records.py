"""Records: what was written comes back, and what is not whole is refused."""

import hashlib
import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from microgrand import records
from microgrand.records import RecordError

ARRAYS = {"losses": np.arange(6.0).reshape(2, 3), "mask": np.array([True, False])}

DTYPES = st.sampled_from([np.float32, np.float64, np.int64, np.uint8, np.bool_, np.complex128])
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


def npz(path: Path) -> Path:
    return path.with_name(f"{path.name}.npz")


def manifest(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")


@pytest.fixture
def record(tmp_path: Path) -> Path:
    path = tmp_path / "case-seed-0"
    records.save(path, ARRAYS, {"seed": 0})
    return path


# ---------------------------------------------------------------------------------- what comes back


@given(
    arrays=st.dictionaries(
        st.from_regex(r"[a-z][a-z_0-9]{0,8}", fullmatch=True),
        DTYPES.flatmap(lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, min_side=0))),
        max_size=3,
    ),
    facts=st.dictionaries(st.text().filter(lambda name: name != "arrays_sha256"), JSON),
)
def test_arrays_and_manifest_come_back_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, arrays: dict[str, np.ndarray], facts: dict[str, Any]
) -> None:
    path = tmp_path_factory.mktemp("records") / "λ = 0.5 of 1.0"  # a dot is not an ending
    records.save(path, arrays, facts)
    record = records.load(path)
    assert {k: v for k, v in record.manifest.items() if k != "arrays_sha256"} == facts
    assert set(record.arrays) == set(arrays)
    for name, array in arrays.items():
        assert record[name].dtype == array.dtype
        np.testing.assert_array_equal(record[name], array)


def test_the_manifest_is_a_readable_file_beside_the_arrays(record: Path) -> None:
    digest = hashlib.sha256(npz(record).read_bytes()).hexdigest()
    assert json.loads(manifest(record).read_text("utf-8")) == {"seed": 0, "arrays_sha256": digest}
    assert set(record.parent.iterdir()) == {npz(record), manifest(record)}
    assert {path.stat().st_mode & 0o777 for path in record.parent.iterdir()} == {0o644}


def test_a_path_in_a_manifest_need_not_be_utf_8(record: Path) -> None:
    name = os.fsdecode(b"caf\xe9.npz")
    records.save(record, ARRAYS, {"data": name})
    assert records.load(record).manifest["data"] == name


def test_a_later_record_replaces_an_earlier_one(record: Path) -> None:
    records.save(record, {"other": np.zeros(3)}, {"seed": 1})
    assert set(records.load(record).arrays) == {"other"}
    assert records.load(record).manifest["seed"] == 1


def test_the_same_arrays_give_the_same_bytes_at_any_time(
    record: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = npz(record).read_bytes()
    monkeypatch.setattr("time.time", lambda: 2e9)  # what a zip file's entries are dated by
    monkeypatch.setattr("time.localtime", lambda *seconds: (2033, 5, 18, 3, 33, 20, 2, 138, 0))
    records.save(record, ARRAYS, {"seed": 0})
    assert npz(record).read_bytes() == first


# ------------------------------------------------------------------------------- what is not whole


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("calls", [1, 2])  # at the arrays, at the manifest
def test_a_crash_while_writing_leaves_nothing_that_looks_finished(
    record: Path, monkeypatch: pytest.MonkeyPatch, step: str, calls: int
) -> None:
    real, left = getattr(os, step), iter(range(calls))

    def crash(*arguments: Any) -> None:
        if next(left) == calls - 1:
            raise KeyboardInterrupt  # not an Exception: those are the hard ones
        real(*arguments)

    monkeypatch.setattr(os, step, crash)
    with pytest.raises(KeyboardInterrupt):
        records.save(record, {"new": np.ones(2)}, {})
    monkeypatch.undo()
    assert [path for path in record.parent.iterdir() if path != npz(record)] == []
    with np.load(npz(record)) as arrays:  # the old file or the new one, but a whole one
        assert set(arrays) == (set(ARRAYS) if calls == 1 else {"new"})
    with pytest.raises(RecordError):
        records.load(record)


@pytest.mark.parametrize("step", ["fsync", "replace", "chmod"])
def test_a_crash_leaves_the_old_file_or_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    (tmp_path / "old").write_bytes(b"old")

    def crash(*arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, step, crash)
    for name in ("old", "new"):
        with pytest.raises(OSError, match="No space left"):
            records.write_atomically(tmp_path / name, b"new")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"old": b"old"}


def flip_a_bit(path: Path) -> None:
    content = bytearray(npz(path).read_bytes())
    content[len(content) // 2] ^= 1
    npz(path).write_bytes(content)


def make_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def swap_the_arrays(path: Path) -> None:
    records.save(path.with_name("other"), {"losses": np.ones(1)}, {})
    os.replace(npz(path.with_name("other")), npz(path))


DAMAGE = {
    "a bit flipped": flip_a_bit,
    "arrays of another run": swap_the_arrays,
    "arrays cut off": lambda path: os.truncate(npz(path), 100),
    "arrays empty": lambda path: npz(path).write_bytes(b""),
    "arrays gone": lambda path: npz(path).unlink(),
    "arrays a folder": lambda path: make_a_folder(npz(path)),
    "manifest cut off": lambda path: os.truncate(manifest(path), 10),
    "manifest empty": lambda path: manifest(path).write_bytes(b""),
    "manifest not text": lambda path: manifest(path).write_bytes(b"\xff\xfe\x00"),
    "manifest a list": lambda path: manifest(path).write_bytes(b"[]"),
    "manifest without checksum": lambda path: manifest(path).write_bytes(b"{}"),
    "manifest a folder": lambda path: make_a_folder(manifest(path)),
    "manifest gone: unfinished": lambda path: manifest(path).unlink(),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=list(DAMAGE))
def test_damage_is_refused_in_one_line_that_names_the_file_and_what_to_do(
    record: Path, damage: Any
) -> None:
    damage(record)
    with pytest.raises(RecordError) as refused:
        records.load(record)
    message = str(refused.value)
    assert "\n" not in message
    assert message.startswith((f"{npz(record)}: ", f"{manifest(record)}: "))
    assert message.endswith(("run it again", "delete it", "run the lesson first"))


def test_objects_are_not_written(record: Path) -> None:
    with pytest.raises(ValueError, match=r"[Oo]bject"):
        records.save(record, {"trap": np.array([object()])}, {})
    assert set(records.load(record).arrays) == set(ARRAYS)  # the earlier record is untouched


class Trap:
    sprung = False

    def __reduce__(self) -> Any:
        return setattr, (Trap, "sprung", True)


def forge(path: Path, content: bytes) -> None:
    """Any bytes as arrays, under a manifest whose checksum is right."""
    npz(path).write_bytes(content)
    manifest(path).write_text(json.dumps({"arrays_sha256": hashlib.sha256(content).hexdigest()}))


def test_objects_are_not_unpickled_even_with_the_right_checksum(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, trap=np.array([Trap()], dtype=object))
    forge(tmp_path / "forged", buffer.getvalue())
    with pytest.raises(RecordError):
        records.load(tmp_path / "forged")
    assert not Trap.sprung


def test_what_is_no_npz_file_is_refused_even_with_the_right_checksum(tmp_path: Path) -> None:
    text_inside = io.BytesIO()
    with zipfile.ZipFile(text_inside, "w") as file:
        file.writestr("losses.npy", "no array")
    for content in (b"", b"no zip file", text_inside.getvalue()):
        forge(tmp_path / "forged", content)
        with pytest.raises(RecordError):
            records.load(tmp_path / "forged")
