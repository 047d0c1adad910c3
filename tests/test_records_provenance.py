"""Where a record comes from: checksums, the commit, the sources, the versions."""

import platform
import subprocess
from pathlib import Path

import numpy as np
import pytest
import scipy
from hypothesis import given
from hypothesis.extra import numpy as hnp

import microgrand
from microgrand import records
from microgrand.sweep import key_of


@given(array=hnp.arrays(np.int32, (2, 3)))
def test_the_checksum_tells_bytes_shapes_types_and_order_apart(array: np.ndarray) -> None:
    sums = [
        records.checksum(array),
        records.checksum(array ^ np.eye(2, 3, dtype=np.int32)),  # two bits
        records.checksum(array.reshape(3, 2)),
        records.checksum(array.view(np.uint32)),
        records.checksum(array.astype(array.dtype.newbyteorder())),
        records.checksum(array, array),
        records.checksum(),
    ]
    assert len(set(sums)) == len(sums)
    other = array + 1
    assert records.checksum(array, other) != records.checksum(other, array)
    assert records.checksum(np.asfortranarray(array)) == records.checksum(array.copy()) == sums[0]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package in a folder of its own, which the library takes for itself."""
    package = tmp_path / "package"
    (package / "inside").mkdir(parents=True)
    (package / "a.py").write_text("1")
    (package / "inside" / "b.py").write_text("2")
    monkeypatch.setattr(records, "PACKAGE", package)
    return tmp_path


def git(folder: Path, *command: str) -> str:
    who = ["-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    return subprocess.run(
        ["git", *who, "-C", str(folder), *command], check=True, capture_output=True, text=True
    ).stdout.strip()


def test_the_commit_is_the_checkouts_with_a_plus_if_files_differ(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert records.git_commit() is None  # no checkout
    git(checkout, "init", "--quiet")
    assert records.git_commit() is None  # no commit yet
    git(checkout, "add", ".")
    git(checkout, "commit", "--quiet", "--message", "first")
    commit = git(checkout, "rev-parse", "HEAD")
    assert records.git_commit() == commit[:12]
    (checkout / "package" / "a.py").write_text("changed")
    assert records.git_commit() == commit[:12] + "+"
    git(checkout, "add", ".")
    assert records.git_commit() == commit[:12] + "+"  # staged is not committed
    monkeypatch.setenv("PATH", "")
    assert records.git_commit() is None  # no git


def test_the_fingerprint_changes_with_any_source_and_nothing_else(checkout: Path) -> None:
    first = records.source_fingerprint("3")
    (checkout / "package" / "notes.txt").write_text("no source")
    (checkout / "package" / "lessons").mkdir()
    (checkout / "package" / "lessons" / "curve.py").write_text("a program, once installed")
    assert records.source_fingerprint("3") == first
    seen = {first, records.source_fingerprint("30")}
    for path in (checkout / "package" / "a.py", checkout / "package" / "inside" / "b.py"):
        path.write_text(path.read_text() + "0")
        seen.add(records.source_fingerprint("30"))
    (checkout / "package" / "c.py").touch()
    seen.add(records.source_fingerprint("30"))
    (checkout / "package" / "c.py").rename(checkout / "package" / "inside" / "c.py")
    assert len(seen | {records.source_fingerprint("30")}) == 6


def test_provenance_names_the_versions_that_are_installed() -> None:
    found = records.provenance()
    assert found["versions"]["numpy"] == np.__version__
    assert found["versions"]["scipy"] == scipy.__version__
    assert found["versions"]["microgrand"] == microgrand.__version__
    assert found["versions"]["autograd"] not in ("", "unknown")
    assert platform.machine() in found["machine"]


def test_other_versions_make_another_run_and_another_commit_does_not() -> None:
    """What a sweep finds on disk is used again if its key is the same."""
    names = ("lesson", "case", "seed", "settings", "data_sha256", "source")
    known = dict.fromkeys(names, "as it was") | records.provenance()
    for name in known:
        other = known | {name: "another"}
        assert (key_of(other) == key_of(known)) == (name in ("commit", "machine"))
