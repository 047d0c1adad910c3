"""What is kept below .cache/site/ from one build to the next, and until when it may be used."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from importlib.metadata import version
from pathlib import Path

LIBRARIES = (  # what computes and draws, what brings data, what executes a lesson
    *("numpy", "autograd", "scipy", "matplotlib", "pillow", "joblib", "threadpoolctl"),
    *("scikit-image", "scikit-learn"),
    *("jupytext", "nbclient", "ipykernel"),
)


def fingerprint(root: Path, *sources: Path) -> str:
    """What a result depends on: the sources given, the package, Python and the libraries."""
    digest = hashlib.sha256(sys.version.encode())
    digest.update(" ".join(map(version, LIBRARIES)).encode())
    for path in [*sources, *sorted((root / "microgrand").rglob("*.py"))]:
        digest.update(f"\0{os.path.relpath(path, root)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def remove_earlier(folder: Path, pattern: str) -> None:
    """Remove the folders beside this one that an earlier state of the sources left."""
    for other in folder.parent.glob(pattern):
        if other != folder:
            shutil.rmtree(other, ignore_errors=True)
