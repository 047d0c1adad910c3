"""What every test finds: how hypothesis searches, an empty folder, a full disk, the command.

Hypothesis searches freely at home, the very same examples each time under CI=true. For a long
night: `pytest --hypothesis-profile=night tests/test_op*.py tests/test_kinks.py`.
"""

import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from calling import Command, Said, in_ci
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

settings.register_profile("home", max_examples=50, deadline=None)
settings.register_profile("ci", max_examples=50, deadline=None, derandomize=True, print_blob=True)
settings.register_profile("night", max_examples=10_000, deadline=None, print_blob=True)
settings.load_profile("ci" if in_ci() else "home")


class OneProcessForTheSite(LoadScopeScheduling):
    """Of several processes one takes all of a file, and one the site, which is built only once."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "site" if "/site/" in file else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneProcessForTheSite:
    return OneProcessForTheSite(config, log)


@pytest.fixture
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the test's own, in which it starts."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def fill_the_disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From its call on, no file can be written whole."""

    def full(*arguments: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    return lambda: monkeypatch.setattr(os, "fsync", full)


@pytest.fixture
def microgrand(
    empty_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Calls the command in this process, in an empty folder."""
    from microgrand import cli  # here: most tests need no command

    def call(*words: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["microgrand", *words])
        monkeypatch.setattr(sys, "path", list(sys.path))
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return Said(int(ended.value.code or 0), *capsys.readouterr())

    return call
