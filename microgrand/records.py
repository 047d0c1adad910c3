"""A run on disk: its arrays in `NAME.npz`, everything else in `NAME.json` beside it.

The JSON manifest is written last and holds the checksum of the arrays: a run without a manifest is
unfinished, and one whose arrays do not match it is damaged. Each file appears under its name only
when it is complete. Nothing is ever unpickled.
"""

import hashlib
import io
import json
import math
import os
import platform
import subprocess
import tempfile
import zlib
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.lib.npyio import NpzFile

import microgrand

PACKAGE = Path(microgrand.__file__).parent


class RecordError(ValueError):
    """A record that is missing, unfinished or damaged; the message says which and what to do."""


@dataclass(frozen=True)
class Record:
    """What a run left behind."""

    arrays: dict[str, np.ndarray]
    manifest: dict[str, Any]

    def __getitem__(self, name: str) -> np.ndarray:
        return self.arrays[name]


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all, even if the power fails.

    Folders above it that are missing are made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def checksum(*arrays: np.ndarray) -> str:
    """SHA-256 over the types, shapes and bytes of arrays."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def save(path: Path, arrays: dict[str, np.ndarray], manifest: dict[str, Any]) -> None:
    """Write a run as `path`.npz and `path`.json; an earlier one of that name is replaced."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    content = buffer.getvalue()
    manifest = {**manifest, "arrays_sha256": hashlib.sha256(content).hexdigest()}
    told = as_json(manifest).encode(errors="backslashreplace")  # a path need not be UTF-8
    path.with_name(f"{path.name}.json").unlink(missing_ok=True)  # not finished from here on
    write_atomically(path.with_name(f"{path.name}.npz"), content)
    write_atomically(path.with_name(f"{path.name}.json"), told)


def as_json(content: Any) -> str:
    """JSON that every reader takes: null stands for NaN and infinity, which it does not know."""

    def finite(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: finite(value) for key, value in part.items()}
        if isinstance(part, (list, tuple)):
            return [finite(value) for value in part]
        return None if isinstance(part, float) and not math.isfinite(part) else part

    return json.dumps(finite(content), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def load(path: Path) -> Record:
    """Read a run and hold its arrays against the manifest's checksum.

    Raises:
        RecordError: if the run is missing, unfinished or damaged.
    """
    file = path.with_name(f"{path.name}.json")
    try:
        manifest = json.loads(file.read_bytes())
    except FileNotFoundError:
        raise RecordError(f"{file}: no such record; run the lesson first") from None
    except (OSError, ValueError, RecursionError) as error:
        raise RecordError(f"{file}: not a readable manifest ({error}); delete it") from None
    if not isinstance(manifest, dict):
        raise RecordError(f"{file}: not a manifest; delete it")
    file = path.with_name(f"{path.name}.npz")
    try:
        content = file.read_bytes()
    except OSError as error:
        raise RecordError(f"{file}: cannot be read ({error.strerror}); run it again") from None
    if hashlib.sha256(content).hexdigest() != manifest.get("arrays_sha256"):
        raise RecordError(f"{file}: damaged (its checksum is not the manifest's); run it again")
    try:
        loaded = np.load(io.BytesIO(content), allow_pickle=False)
        if not isinstance(loaded, NpzFile):
            raise ValueError("one array alone")
        arrays: dict[str, Any] = dict(loaded)
        if not all(isinstance(array, np.ndarray) for array in arrays.values()):
            raise ValueError("something else is among them")
        return Record(arrays, manifest)
    except (ValueError, OSError, EOFError, RuntimeError, BadZipFile, zlib.error) as error:
        raise RecordError(f"{file}: not plain arrays ({error}); run it again") from None


def provenance() -> dict[str, Any]:
    """Where a result comes from: versions, machine and git commit (if this is a checkout)."""
    versions = {"python": platform.python_version(), "microgrand": microgrand.__version__}
    for name in ("numpy", "autograd", "scipy"):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "unknown"
    return {
        "versions": versions,
        "machine": f"{platform.system()} {platform.machine()}",
        "commit": git_commit(),
    }


@cache
def about_versions() -> str:
    """The versions and the commit in words: what a figure was made with."""
    known = provenance()
    versions = versions_in_words(known["versions"])
    return f"{versions}, commit {known['commit']}" if known["commit"] else versions


def versions_in_words(versions: dict[str, str]) -> str:
    """Versions by name, as in `numpy 2.4.0, scipy 1.17.0`."""
    return ", ".join(f"{name} {number}" for name, number in versions.items())


def git_commit() -> str | None:
    """The checkout's commit, with `+` behind it if files differ from it; None elsewhere."""
    root = PACKAGE.parent
    if not (root / ".git").exists():
        return None
    try:
        git = ["git", "--no-optional-locks", "-C", str(root)]
        commit, changes = (
            subprocess.run(
                [*git, *words], capture_output=True, text=True, check=True
            ).stdout.strip()
            for words in (["rev-parse", "--short=12", "HEAD"], ["status", "--porcelain", "-uno"])
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return commit + ("+" if changes else "")


def source_fingerprint(program: str) -> str:
    """SHA-256 over the library's sources and a program: all the code that results depend on.

    Lessons, which lie in the package once it is installed, are programs and no sources of it.
    """
    digest = hashlib.sha256(program.encode())
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if not name.startswith("lessons/"):
            digest.update(f"\0{name}\0".encode() + path.read_bytes())
    return digest.hexdigest()
