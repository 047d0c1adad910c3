"""The command `microgrand` as its user meets it: how it is called, and what it says."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple


class Said(NamedTuple):
    code: int
    out: str
    err: str


Command = Callable[..., Said]


def in_ci() -> bool:
    """Whether nobody is watching: what is missing is an error, nothing is left to chance."""
    return os.environ.get("CI", "").lower() in ("true", "1")


def in_a_process(folder: Path, *words: str) -> Said:
    """Calls the command as a shell does."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "microgrand.cli", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        env=os.environ | {"COLUMNS": "200", "TERMINAL_WIDTH": "200"},
    )
    return Said(done.returncode, done.stdout, done.stderr)


def is_one_clear_line(said: Said, *named: str) -> None:
    assert said.code == 2
    assert said.err.startswith("microgrand: ")
    assert said.err.endswith("\n")
    assert len(said.err.splitlines()) == 1
    for words in named:
        assert words in said.err
