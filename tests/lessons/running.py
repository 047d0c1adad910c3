"""Runs a lesson as its reader does: an installed copy, an empty folder, nothing else in sight."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from microgrand.programs import cells

ROOT = Path(__file__).parents[2]


class Started(NamedTuple):
    """A run of a lesson: its name, the folder it was started in, and what it printed."""

    lesson: str
    folder: Path
    out: str

    @property
    def results(self) -> Path:
        return self.folder / "runs" / self.lesson / "quick"

    def state(self) -> dict[str, tuple[bytes, int]]:
        """Bytes and time of every file of the records."""
        files = (self.results / "records").iterdir()
        return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def source(lesson: str) -> str:
    """The text of a lesson."""
    return (ROOT / "lessons" / f"{lesson}.py").read_text("utf-8")


def install(place: Path) -> Path:
    """The library and the lessons as a wheel lays them out, without a checkout."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "microgrand", place / "microgrand", ignore=ignore)
    shutil.copytree(ROOT / "lessons", place / "microgrand" / "lessons", ignore=ignore)
    return place


def start(lesson: str, installed: Path, folder: Path, *flags: str) -> Started:
    """`microgrand run LESSON --preset quick`, where only the installed copy can be found."""
    done = subprocess.run(
        [sys.executable, "-m", "microgrand.cli", "run", lesson, "--preset", "quick", *flags],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(installed), "PYTHONWARNINGS": "error"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return Started(lesson, folder, done.stdout)


def program(lesson: str, out: Path, *flags: str, whole: bool = False) -> ModuleType:
    """A lesson as a module: up to its experiments, or the whole of it."""
    module, text = ModuleType(f"{lesson}_lesson"), source(lesson)
    arguments = sys.argv
    sys.argv = ["", "--preset", "quick", "--out", str(out), *flags]
    try:
        exec(text if whole else text[: text.index("results = session.sweep")], module.__dict__)
    finally:
        sys.argv = arguments
    return module


def links(lesson: str) -> list[str]:
    """Where the prose of a lesson points to on other pages of the book."""
    prose = "".join(cell.body for cell in cells(source(lesson)) if cell.is_prose)
    return re.findall(r"\]\((?!https://|#)([^)]*)\)", prose)
